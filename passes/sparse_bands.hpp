#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/error.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/variable.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "constant_values.hpp"
#include "sparse_tables.hpp"

namespace croton::inline v1::detail {

class SparseMatrix;

/// The index of an element of a value along axis i, and along axis k of a band's ranges: symbols
/// that places and columns are made of.
Extent row_symbol(std::size_t axis);
Extent range_symbol(std::size_t axis);

/// Part of the derivative of a value by x: its element at (r0, r1, ..) depends on the element of x
/// at `column` by d[t0.., r0..], for each t within `ranges`.
struct Band {
    using Guards = std::vector<IndexPiece::Guard>;
    std::vector<Extent> column; ///< an index into x
    Shape ranges;
    /// It is 0 but where all guards of one of these hold, and where the column is one of x.
    std::vector<Guards> places;
    Variable d;                                ///< of shape ranges, then the value's
    std::shared_ptr<const Tables> tables = {}; ///< that symbols above may be of

    /// Everything that symbols are in.
    std::vector<Extent> expressions() const;
};

/// Where either holds.
std::vector<Band::Guards> either(std::vector<Band::Guards> a, const std::vector<Band::Guards>& b);

/// Thrown where a derivative is none of bands, with what to say where it has to be.
struct NoBands {
    UserError why;
};

/// Derivatives by x, carried forward through the graph as bands.
class Bands {
public:
    /// With `loops` also through these, whose steps are taken together: bands of any step.
    Bands(const Variable& x, std::string_view function, const Location* place, bool loops = false);

    /// Those of `y`.
    /// errors  NoBands; UserError where an op on the way has no derivative.
    const std::vector<Band>& of(const Variable& y);
    /// Whether there was a constant with elements that are 0, so that sets may have fewer elements.
    bool met_zeros() const { return met_zeros_; }

private:
    /// For a step of a loop.
    explicit Bands(const Bands& around);
    struct Group;
    void push(const Apply& apply);
    void push_pointwise(const Apply& apply);
    void push_moved(const Apply& apply, const IndexMap& map);
    void push_gathered(const Apply& apply, const Gather& gather);
    void push_pieces(const Apply& apply, const std::vector<IndexPiece>& pieces);
    void push_reduced(const Apply& apply);
    void push_product(const Apply& apply);
    void push_scan(const Apply& apply);
    Band along_steps(Band band, const Variable& collected);
    void push_values(const Apply& apply, const Variables& values);
    void add(const Apply& apply, Band band);
    bool depends_on(const Band& band, const Extent& symbol) const;
    void sum_unused_ranges(Band& band);
    /// `f`, which is linear, of values with `ranges` in front: of each within them. Empty ones are
    /// 0.
    template <class F>
    Variable over_ranges(const Variables& ds, std::span<const Extent> ranges, const F& f) const;
    [[noreturn]] void refuse_many(const Apply& apply) const;
    [[noreturn]] void refuse(const Apply& apply, std::string_view why) const;

    std::unordered_map<const Value*, std::vector<Band>> of_;
    Variables kept_; ///< values above, alive
    std::string_view function_;
    const Location* place_;
    std::shared_ptr<Tables> tables_ = std::make_shared<Tables>();
    ConstantValues constants_; ///< for values of indices and factors
    bool met_zeros_ = false;
    bool loops_ = false;
};

/// Goes through a band's elements in C order: those of a y and an x of these extents.
void list_band(const Band& band,
               std::span<const std::int64_t> rows,
               std::span<const std::int64_t> columns,
               SparseMatrix& matrix);

} // namespace croton::inline v1::detail
