#pragma once

#include <cstdint>

#include "scan_parts.hpp"

namespace croton::inline v1::detail {

/// The loop as one over chunks of steps, and one over the steps that are left over. Its results are
/// those of build_scan.
///
/// checkpoint  steps of a chunk that is a loop of its own; 0: none is. A gradient stores where each
///             chunk begins, and runs it again when it comes to it.
/// unroll      steps that are written out, one after the other, in each of the innermost loop; 1:
///             none.
ScanResult build_in_chunks(const ScanParts& parts,
                           std::int64_t checkpoint,
                           std::int64_t unroll,
                           const Location* where);

} // namespace croton::inline v1::detail
