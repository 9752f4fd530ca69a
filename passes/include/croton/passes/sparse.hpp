#pragma once

#include <croton/ir/variable.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace croton::inline v1 {

enum class Triangle : std::uint8_t { full, lower, upper };
enum class Compressed : std::uint8_t { rows, columns };

/// Which elements of a matrix may be other than 0, in compressed form: `starts` has the number of
/// the first element of each row (column), and how many there are; `indices` each element's column
/// (row), ascending in a row. What Eigen's SparseMatrix, OSQP and IPOPT take as it is.
struct SparsePattern {
    std::vector<std::int32_t> starts;
    std::vector<std::int32_t> indices;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    Compressed format = Compressed::columns;

    std::size_t size() const { return indices.size(); }
    /// Drawn for a terminal, at most 64 characters wide: `#` where there is an element, with what a
    /// character stands for where it is more than one.
    std::string picture() const;
};

struct SparseOptions {
    Compressed format = Compressed::columns;
    Triangle triangle = Triangle::full;
    bool diagonal = false; ///< all of it is stored, also where it is 0
    /// Which elements there are, instead of what follows from the graph: for what follows no better
    /// from it than that all depends on all, as where indices are inputs. Of a Hessian one half
    /// will do. Of an element that is not 0 and that it does not have, values of other elements
    /// are wrong: see check_pattern.
    const SparsePattern* pattern = nullptr;
};

/// A derivative of which only `values` are computed, in the order of the pattern.
struct SparseVariable {
    SparsePattern pattern;
    Variable values; ///< a vector
};

// The pattern follows from the graph before anything runs: where an element of y is read from x is
// an affine expression of its index, and so a band of the matrix, or a block. A derivative is
// carried forward band by band, so the values of a banded matrix are a few vector statements over
// whole bands, in the loops of the expression itself, whatever the number of rows.
//
// errors  UserError at the caller's line: as those of jacobian and hessian; an extent that is only
//         known at the call, as the pattern would be too; an op on the way whose elements depend on
//         others than at affine places (a loop, a sort, an index that is computed): it is named.
// cost    one forward sweep for each band, and a look at each element of each band: as many as y
//         has, times those of the axes summed over. So n numbers that were stacked, n bands, cost
//         n^2.

/// dy/dx with as many rows as y has elements and as many columns as x has, both in C order.
SparseVariable sparse_jacobian(const Variable& y,
                               const Variable& x,
                               const SparseOptions& options = {},
                               Where where = Where::current());

/// Second derivatives of the scalar `f`, all or a triangle of them.
SparseVariable sparse_hessian(const Variable& f,
                              const Variable& x,
                              const SparseOptions& options = {},
                              Where where = Where::current());

} // namespace croton::inline v1
