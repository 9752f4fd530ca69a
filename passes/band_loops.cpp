#include "band_loops.hpp"

#include <croton/ir/format.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/join.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <limits>
#include <optional>

namespace croton::inline v1::detail {

namespace {

/// What no index reaches: a guard below it says nothing.
constexpr std::int64_t far = std::numeric_limits<std::int64_t>::max() / 8;

/// constant + the sum of steps[k] * symbols[k].
struct Affine {
    Extent constant = 0;
    std::vector<Extent> steps;
};

std::optional<Affine> as_affine(const Extent& e, const std::vector<const Atom*>& indices)
{
    Affine affine{0, std::vector<Extent>(indices.size(), 0)};
    for (ExtentTerm t : terms(e)) {
        Extent* to = &affine.constant;
        for (auto f = t.factors.begin(); f != t.factors.end();) {
            const auto index = std::ranges::find(indices, *f);
            if (index == indices.end()) {
                const auto inside = symbols(as_extent(*f++));
                if (std::ranges::any_of(inside, is_index_symbol)) return std::nullopt;
                continue;
            }
            if (to != &affine.constant) return std::nullopt; // a product of two
            to = &affine.steps[static_cast<std::size_t>(index - indices.begin())];
            f = t.factors.erase(f);
        }
        *to = *to + extent_of({t});
    }
    return affine;
}

bool is_zero(const Extent& e) { return e.is_known() && e.value() == 0; }

Shape joined(Shape a, const Shape& b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

Extent larger(const Extent& a, const Extent& b)
{
    if (never_more(a, b)) return b;
    return never_more(b, a) ? a : maximum(a, b);
}
Extent smaller(const Extent& a, const Extent& b)
{
    if (never_more(a, b)) return a;
    return never_more(b, a) ? b : minimum(a, b);
}

/// Indices first <= i < end of each symbol.
struct Box {
    Shape first, end;
};

std::ptrdiff_t indices_in(const Affine& a)
{
    return std::ranges::count_if(a.steps, [](const Extent& step) { return !is_zero(step); });
}

/// The part of the box where 0 <= value < bound; empty where that is no box.
std::optional<Box> within(Box box, const Affine& value, const Extent& bound)
{
    if (indices_in(value) != 1) return std::nullopt;
    const auto moved = std::ranges::find_if_not(value.steps, is_zero);
    if (!moved->is_known()) return std::nullopt;
    const auto k = static_cast<std::size_t>(moved - value.steps.begin());
    const std::int64_t step = value.steps[k].value(), size = std::abs(step);
    const bool open = bound.is_known() && bound.value() >= far;
    // The first i with size * i >= a.
    const auto up = [&](const Extent& a) { return size == 1 ? a : floor_div(a + size - 1, size); };
    const Extent& c = value.constant;
    if (step > 0) {
        box.first[k] = larger(box.first[k], up(-c));
        if (!open) box.end[k] = smaller(box.end[k], up(bound - c));
    } else {
        box.end[k] = smaller(box.end[k], up(c + 1));
        if (!open) box.first[k] = larger(box.first[k], up(c - bound + 1));
    }
    return box;
}

/// Whether 0 <= value < bound everywhere in the box.
bool holds(const Box& box, const Affine& value, const Extent& bound)
{
    Extent least = value.constant, most = value.constant;
    for (std::size_t k = 0; k < value.steps.size(); ++k) {
        const Extent& step = value.steps[k];
        if (is_zero(step)) continue;
        const Extent first = step * box.first[k], last = step * (box.end[k] - 1);
        const bool up = never_negative(step);
        if (!up && !never_negative(-step)) return false;
        least = least + (up ? first : last);
        most = most + (up ? last : first);
    }
    return never_negative(least) && never_more(most + 1, bound);
}

bool is_empty(const Box& box)
{
    for (std::size_t k = 0; k < box.first.size(); ++k)
        if (never_more(box.end[k], box.first[k])) return true;
    return false;
}

/// What is asked of one place of a band.
class Places {
public:
    Places(const Band& band, const Shape& extents, const Shape& columns, const UserError& why)
        : extents_(extents), columns_(columns), why_(why)
    {
        for (std::size_t k = 0; k < extents.size(); ++k)
            indices_.push_back(as_symbol(
                k < band.ranges.size() ? range_symbol(k) : row_symbol(k - band.ranges.size())));
    }

    Affine affine(const Extent& e) const
    {
        const std::optional<Affine> found = as_affine(e, indices_);
        if (!found) throw NoBands{why_};
        return *found;
    }

    /// A box around all places of the band.
    Box box(const Band& band) const
    {
        std::optional<Box> around;
        for (const Band::Guards& guards : band.places) {
            Box one{Shape(extents_.size(), 0), extents_};
            for (const IndexPiece::Guard& g : guards)
                one = narrowed(one, affine(g.value), g.bound);
            for (std::size_t k = 0; k < columns_.size(); ++k) {
                const Affine column = affine(band.column[k]);
                // One that no index moves was asked for as one of x: the graph requires it.
                if (indices_in(column) > 0) one = narrowed(one, column, columns_[k]);
            }
            if (is_empty(one)) continue;
            if (around)
                for (std::size_t k = 0; k < extents_.size(); ++k) {
                    one.first[k] = smaller(around->first[k], one.first[k]);
                    one.end[k] = larger(around->end[k], one.end[k]);
                }
            around = one;
        }
        if (!around) return {Shape(extents_.size(), 0), Shape(extents_.size(), 0)};
        // What bounds one index bounds it in the box around as well, what bounds a sum may not.
        for (std::size_t k = 0; k < columns_.size(); ++k) {
            const Affine column = affine(band.column[k]);
            if (indices_in(column) > 1 && !holds(*around, column, columns_[k])) throw NoBands{why_};
        }
        return *around;
    }

private:
    Box narrowed(const Box& box, const Affine& value, const Extent& bound) const
    {
        if (holds(box, value, bound)) return box;
        const std::optional<Box> part = within(box, value, bound);
        if (!part) throw NoBands{why_};
        return *part;
    }

    const Shape &extents_, &columns_;
    const UserError& why_;
    std::vector<const Atom*> indices_;
};

/// The position of an index in C order.
Extent flat(std::span<const Extent> index, const Shape& extents)
{
    Extent position = 0;
    for (std::size_t k = 0; k < extents.size(); ++k)
        position = position * extents[k] + index[k];
    return position;
}

/// A band as loops over its elements, with the values of these in C order.
struct BandLoops {
    SparseBand band;
    Variable values; ///< a vector
};

/// Extents of values that the graph has: none is less than 0.
Shape extents_of(const Variable& y, const Variable& x)
{
    Shape all = joined(y.shape(), x.shape());
    for (const Apply& a : applies_of(std::span(&y, 1)))
        for (const Variable& v : a.outputs())
            for (const Extent& e : v.shape())
                if (!e.is_known() &&
                    std::ranges::none_of(all, [&](const Extent& have) { return same(have, e); }))
                    all.push_back(e);
    return all;
}

BandLoops loops_of(const Band& band,
                   const Shape& rows,
                   const Shape& columns,
                   const Shape& counts,
                   const UserError& why)
{
    const Shape extents = joined(band.ranges, rows);
    const Places places(band, extents, columns, why);
    const Box box = places.box(band);
    std::vector<Extent> row;
    for (std::size_t i = 0; i < rows.size(); ++i)
        row.push_back(row_symbol(i));
    const Affine row_at = places.affine(flat(row, rows));
    const Affine column_at = places.affine(flat(band.column, columns));
    BandLoops loops{{row_at.constant, column_at.constant, {}, {}, {}}, {}};
    SparseBand& b = loops.band;
    SliceParams part = whole(band.d.shape());
    for (std::size_t k = 0; k < extents.size(); ++k) {
        b.row = b.row + row_at.steps[k] * box.first[k];
        b.column = b.column + column_at.steps[k] * box.first[k];
        Extent count = box.end[k] - box.first[k];
        const bool fits =
            never_negative(count) || std::ranges::any_of(counts, [&](const Extent& least) {
                return never_more(least, count);
            });
        // A matrix that is narrower than its band is wide has none of it.
        const Extent end = fits ? box.end[k] : maximum(box.end[k], 0);
        part.start[k] = fits ? box.first[k] : minimum(box.first[k], end);
        part.stop[k] = end;
        if (!fits) count = maximum(count, 0);
        if (count.is_known() && count.value() == 1) continue;
        b.extents.push_back(count);
        b.row_steps.push_back(row_at.steps[k]);
        b.column_steps.push_back(column_at.steps[k]);
    }
    loops.values = slice_of(band.d, part).reshape({element_count(b.extents)});
    return loops;
}

/// Whether all of a band is in the triangle, or none of it; nothing: neither is known.
std::optional<bool> is_in(const SparseBand& b, Triangle triangle)
{
    if (triangle == Triangle::full) return true;
    if (!same(b.row_steps, b.column_steps)) return std::nullopt;
    const Extent below = triangle == Triangle::lower ? b.row - b.column : b.column - b.row;
    if (never_negative(below)) return true;
    if (never_negative(-below - 1)) return false;
    return std::nullopt;
}

bool is_diagonal(const SparseBand& b, const Extent& count)
{
    return is_zero(b.row) && is_zero(b.column) && same(b.extents, {count}) &&
           same(b.row_steps, {1}) && same(b.column_steps, {1});
}

std::int64_t count_or_unknown(const Extent& e) { return e.is_known() ? e.value() : -1; }

} // namespace

SparseVariable as_loops(const std::vector<Band>& bands,
                        const Variable& y,
                        const Variable& x,
                        const SparseOptions& options,
                        const UserError& why,
                        const Location* place)
{
    const OriginScope origin(place);
    const Extent rows = element_count(y.shape()), columns = element_count(x.shape());
    SparseVariable all;
    all.pattern.rows = count_or_unknown(rows);
    all.pattern.columns = count_or_unknown(columns);
    all.pattern.format = Compressed::bands;
    Variables values;
    bool has_diagonal = false;
    const Extent shorter = smaller(rows, columns);
    const Shape counts = extents_of(y, x);
    for (const Band& band : bands) {
        BandLoops loops = loops_of(band, y.shape(), x.shape(), counts, why);
        const std::optional<bool> wanted = is_in(loops.band, options.triangle);
        if (!wanted)
            throw user_error(
                Code::domain, place, why.op(),
                "a band has elements on both sides of the diagonal, so that a "
                "triangle has a part of it: ask for all of it, or for rows or columns");
        if (!*wanted) continue;
        has_diagonal = has_diagonal || is_diagonal(loops.band, shorter);
        all.pattern.bands.push_back(std::move(loops.band));
        values.push_back(loops.values);
    }
    if (options.diagonal && !has_diagonal) {
        all.pattern.bands.push_back({0, 0, {shorter}, {1}, {1}});
        values.push_back(zeros(y.dtype(), {shorter}));
    }
    if (values.empty()) values.push_back(zeros(y.dtype(), {0}));
    all.values = values.size() == 1 ? values[0] : concatenate(values, 0);
    return all;
}

} // namespace croton::inline v1::detail
