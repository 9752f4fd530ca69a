#pragma once

#include <croton/ir/array.hpp>
#include <croton/ir/variable.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace croton::inline v1 {

enum class Triangle : std::uint8_t { full, lower, upper };
/// Lists of the elements of each row or column; or loops, whose extents may be symbols.
enum class Compressed : std::uint8_t { rows, columns, bands };

/// Elements (row + sum of row_steps[k] * i[k], column + sum of column_steps[k] * i[k]) for each
/// index i within the extents, in C order: a diagonal is one loop, a dense block two.
struct SparseBand {
    Extent row, column; ///< of the first one
    Shape extents, row_steps, column_steps;
};

/// Which elements of a matrix may be other than 0, in compressed form: `starts` has the number of
/// the first element of each row (column), and how many there are; `indices` each element's column
/// (row), ascending in a row. What others take, with `values` as they are:
///
///   Eigen's SparseMatrix, RowMajor  Compressed::rows: starts, indices
///   and by columns, its default     Compressed::columns (the default): starts, indices
///   OSQP's matrix A                 Compressed::columns: starts, indices
///   OSQP's P, a Hessian             the same with Triangle::upper
///   IPOPT's Jacobian                row_indices(), column_indices(), of either format
///   IPOPT's Hessian                 the same with Triangle::lower
struct SparsePattern {
    std::vector<std::int32_t> starts;
    std::vector<std::int32_t> indices;
    std::int64_t rows = 0; ///< of bands -1 where the call says
    std::int64_t columns = 0;
    Compressed format = Compressed::columns;
    /// Of that format, one behind another, instead of the lists. An element that several have is
    /// the sum of theirs.
    std::vector<SparseBand> bands{};

    /// Elements in the lists.
    std::size_t size() const { return indices.size(); }
    /// The row of each element, and its column: triplets with the values, in their order.
    /// errors  UserError: of bands, which have no lists.
    std::vector<std::int32_t> row_indices(Where where = Where::current()) const;
    std::vector<std::int32_t> column_indices(Where where = Where::current()) const;
    /// Drawn for a terminal, at most 64 characters wide: `#` where there is an element, with what a
    /// character stands for where it is more than one. Of bands a line for each.
    std::string picture() const;
};

struct SparseOptions {
    Compressed format = Compressed::columns;
    Triangle triangle = Triangle::full;
    bool diagonal = false; ///< all of it is stored, also where it is 0
    /// Which elements there are, instead of what follows from the graph: for what follows no better
    /// from it than that all depends on all, as where indices are inputs. Of a Hessian one half
    /// will do. It is tested when the derivative is made, by the references at random values: an
    /// element that is not 0 and that it does not have is a UserError that names row and column.
    const SparsePattern* pattern = nullptr;
    /// Values of inputs for that test, of their types: of integers, which are not drawn, and of
    /// what a pattern holds for some values alone of.
    std::vector<std::pair<Variable, Array>> at{};
};

/// A derivative of which only `values` are computed, in the order of the pattern.
struct SparseVariable {
    SparsePattern pattern;
    Variable values; ///< a vector
    /// Why a given pattern was not tested; empty: it was, or none was given. There is no test where
    /// an integer has no value, an extent or the steps of a loop are known at the call only,
    /// numbers are of 16 bits, nothing finite is drawn in four attempts, or the references would
    /// compute more than 2^22 elements, which takes two tenths of a second.
    std::string untested{};
};

// The pattern follows from the graph before anything runs. Where an element of y is read from x is
// in most cases an affine expression of its index, or what a constant array names there, and so a
// band of the matrix, or a block: a derivative is carried forward band by band, so the values of a
// banded matrix are a few vector statements over whole bands, in the loops of the expression
// itself, whatever the number of rows. Of anything else, as elements that are added where constant
// indices say, loops and rules of one's own, the pattern is a list, and the values are read from
// products with few vectors, one for each colour of columns (or rows), computed as one batch. What
// an index that is an input names may be any element along the axis, unless
// `SparseOptions::pattern` says better. What a constant multiplies by 0, in a product of elements
// or of matrices, is no element of a list; a constant matrix of few diagonals is as many bands.
//
// Through loops lists go step by step. Compressed::bands takes the steps together, whatever their
// number: it has the bands of any of them, which are then states of a loop, for the last states and
// what is collected. A loop whose sequences depend on x, or whose bands become more with each step,
// has none; nor has a Hessian through a loop, as the loop of the gradient reads the states of the
// other one step by step.
//
// errors  UserError at the caller's line: as those of jacobian and hessian; a list where an extent
//         is only known at the call, as the pattern would be too; bands of what is none.
// cost    one forward sweep for each band, or for each colour, of which there are at least as many
//         as a row has elements; a look at each element.

/// dy/dx with as many rows as y has elements and as many columns as x has, both in C order.
SparseVariable sparse_jacobian(const Variable& y,
                               const Variable& x,
                               const SparseOptions& options = {},
                               Where where = Where::current());

/// Second derivatives of the scalar `f`, all or a triangle of them; no elements where f is linear
/// in x.
SparseVariable sparse_hessian(const Variable& f,
                              const Variable& x,
                              const SparseOptions& options = {},
                              Where where = Where::current());

/// Tests a derivative's pattern, lists or bands, and values against those of y by x, at these
/// values of what both need (of others: random ones, 0 for integers): the product with a random
/// vector, by the references. Of a Hessian y is the gradient, and all of it is needed.
///
/// errors  InternalError that names the row, and the column: an element that is not 0 is not in the
///         pattern; or a value is wrong. UserError: the pattern is of other extents, its lists do
///         not count from 0 up to their length, or it has an element that the matrix has not; a
///         value is not of its input's type; an extent does not follow from the given values.
void check_pattern(const SparseVariable& derivative,
                   const Variable& y,
                   const Variable& x,
                   const Variables& inputs = {},
                   const std::vector<Array>& values = {},
                   Where where = Where::current());

} // namespace croton::inline v1
