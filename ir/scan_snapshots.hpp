#pragma once

#include "scan_parts.hpp"

namespace croton::inline v1::detail {

/// The adjoint of a loop that holds the states before a few steps alone (ScanParts::snapshots),
/// made of one whose steps use `loop.state`, the states before their step, of which it has no
/// history: they are computed from the nearest ones that are held, which are further states of the
/// adjoint.
///
/// Where states are stored on the way is the binomial schedule of Griewank and Walther, "Algorithm
/// 799: revolve", ACM TOMS 26 (2000): of L steps and s places for states, with the least r for
/// which L <= b(s, r) = (s + r)! / (s! r!), the next one is stored min(b(s, r - 1), L - b(s - 1, r
/// - 1)) steps further on.
void restore_states(ScanParts& adjoint, const ScanParts& loop);

} // namespace croton::inline v1::detail
