#pragma once

#include <cstdint>

#include "scan_parts.hpp"

namespace croton::inline v1::detail {

/// The loop as one over chunks of steps, and one over the steps that are left over. Its results are
/// those of build_scan.
///
/// checkpoint  steps of a chunk that is a loop of its own; 0: none is. A gradient stores where each
///             chunk begins, and runs it again when it comes to it. Of a loop that may stop early
///             as many chunks run as have a step that does.
/// unroll      steps that are written out, one after the other, in each of the innermost loop; 1:
///             none.
ScanResult build_in_chunks(const ScanParts& parts,
                           const Extent& checkpoint,
                           std::int64_t unroll,
                           const Location* where);

/// Chunks of as many steps as `snapshots`, of which a gradient holds the states before so many.
ScanResult build_with_snapshots(const ScanParts& parts,
                                int snapshots,
                                std::int64_t unroll,
                                const Location* where);

/// About the square root of a number of steps, at least 1; an expression of its symbols.
Extent root_of(const Extent& steps);

} // namespace croton::inline v1::detail
