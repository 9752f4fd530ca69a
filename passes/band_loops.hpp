#pragma once

#include <croton/passes/sparse.hpp>

#include "sparse_bands.hpp"

namespace croton::inline v1::detail {

/// A derivative of bands as loops, whose extents may be symbols. Where an element of a loop is none
/// of its band, its value is 0.
/// errors  NoBands{why}: the places of a band are no box of which each column is known to be one of
///         x; UserError at `place`: a triangle that takes a part of a band.
SparseVariable as_loops(const std::vector<Band>& bands,
                        const Variable& y,
                        const Variable& x,
                        const SparseOptions& options,
                        const UserError& why,
                        const Location* place);

} // namespace croton::inline v1::detail
