#pragma once

#include <croton/ir/variable.hpp>

#include <string_view>

#include "element_sets.hpp"
#include "sparse_matrix.hpp"

namespace croton::inline v1::detail {

/// A derivative dy/dx whose elements are read from its products with few vectors: forward sweeps
/// for colours of columns, reverse ones for colours of rows or for rows of very many elements,
/// whichever are fewer. All are one batch, of vectors that are constants.
struct SparseProducts {
    const Variable& y;
    const Variable& x;
    std::int64_t rows, columns; ///< elements of y and of x
    std::string_view function;
    const Location* place;

    /// The elements that `pattern` has of each row, which has a set of its own.
    void list(const Sets& pattern, SparseMatrix& matrix) const;
    /// The same of a symmetric matrix, from fewer products.
    void list_symmetric(const Sets& pattern, SparseMatrix& matrix) const;
};

} // namespace croton::inline v1::detail
