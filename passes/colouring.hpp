#pragma once

#include <cstdint>
#include <vector>

#include "element_sets.hpp"

namespace croton::inline v1::detail {

// Elements of one colour go into one product with the matrix. Graphs are coloured greedily in two
// orders, smallest last and by incidence degree, of which the one with fewer colours is kept.

struct Colours {
    std::vector<std::int32_t> of; ///< of each element
    std::int32_t count = 0;
};

/// Colours of the columns, of which no two in one row have the same: what a row of the product has
/// in a colour is one element of the matrix.
Colours colour_columns(const Sets& rows, std::int64_t row_count, std::int64_t columns);

/// Colours of a symmetric matrix such that two neighbours have different ones, and a path of four
/// has three (a star colouring): of each element (i, j) the colour of j is the only one of its kind
/// in row i, or that of i in row j.
Colours colour_symmetric(const Sets& rows, std::int64_t count);

/// Of each element of the matrix, row by row, whether no other one of its row has its colour.
std::vector<bool> alone_in_row(const Sets& rows, std::int64_t count, const Colours& colours);

} // namespace croton::inline v1::detail
