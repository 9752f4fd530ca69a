#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/gather.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>

#include "param_checks.hpp"

namespace croton::inline v1 {

namespace {

/// An extent that counts from the end: no term of it is positive.
bool from_end(const Extent& e) { return !same(e, 0) && never_negative(-e); }

/// Position of a bound; clamped where all is known, as NumPy clamps.
Extent resolve(const Bound& bound, const Extent& n, std::int64_t low, const Extent& high)
{
    const Extent at = from_end(bound.at) ? n + bound.at : bound.at;
    if (!at.is_known() || !n.is_known()) return at;
    return std::clamp(at.value(), low, high.value());
}

/// What indices mean, axis by axis.
struct Plan {
    SliceParams slice;
    std::vector<int> array_axes; ///< axes of x that arrays address
    Variables arrays;
    std::vector<int> new_axes; ///< places in the result
    int position = 0;          ///< of the arrays' axes among the sliced ones
    bool has_array = false;    ///< an array, so that numbers beside it count as such
};

class Planner {
public:
    Planner(const Variable& x,
            std::span<const Index> indices,
            std::string_view function,
            const Location* where)
        : shape_(x.shape()), function_(function), where_(where)
    {
        expand(indices);
        plan_.slice = whole(shape_);
        for (const Index& i : all_)
            plan_.has_array |= i.kind == Index::Kind::array;
    }

    Plan plan()
    {
        std::size_t axis = 0;
        for (const Index& i : all_) {
            switch (i.kind) {
            case Index::Kind::fresh:
                add_item(Item::fresh);
                break;
            case Index::Kind::range:
                add_slice(i.range, axis++);
                add_item(Item::kept);
                break;
            case Index::Kind::position:
                add_position(i, axis++);
                add_item(plan_.has_array ? Item::array : Item::gone);
                break;
            case Index::Kind::array:
                if (i.array.is_empty())
                    throw user_error(Code::domain, where_, function_,
                                     "an index is an empty Variable: nothing was assigned to it");
                plan_.array_axes.push_back(static_cast<int>(axis++));
                plan_.arrays.push_back(i.array);
                add_item(Item::array);
                break;
            case Index::Kind::absent:
            case Index::Kind::rest:
                break;
            }
        }
        lay_out();
        return std::move(plan_);
    }

private:
    enum class Item { kept, fresh, array, gone };

    void add_item(Item item)
    {
        if (item != Item::gone) items_.push_back(item);
    }

    /// Replaces the ellipsis, given or meant at the end, by whole axes.
    void expand(std::span<const Index> indices)
    {
        std::size_t taken = 0;
        std::ptrdiff_t dots = -1;
        for (const Index& i : indices) {
            if (i.kind == Index::Kind::absent) break;
            if (i.kind == Index::Kind::rest) {
                if (dots >= 0)
                    throw user_error(Code::index, where_, function_,
                                     "only one ellipsis may be given");
                dots = static_cast<std::ptrdiff_t>(all_.size());
                continue;
            }
            taken += i.kind != Index::Kind::fresh;
            all_.push_back(i);
        }
        if (taken > shape_.size())
            throw user_error(Code::index, where_, function_, "{} for the {} of {}",
                             counted(taken, "index", "indices"),
                             counted(shape_.size(), "axis", "axes"), to_string(shape_));
        const auto at = dots < 0 ? all_.end() : all_.begin() + dots;
        all_.insert(at, shape_.size() - taken, Index(_));
    }

    void add_slice(const Slice& s, std::size_t axis)
    {
        if (!s.step.open && !s.step.at.is_known())
            throw user_error(Code::index, where_, function_, "a step must be a number: {}",
                             to_string(s.step.at));
        // No array is longer: a larger step takes one element as well, and its sums fit 64 bits.
        constexpr std::int64_t longest = std::int64_t{1} << 48;
        const std::int64_t step =
            s.step.open ? 1 : std::clamp(s.step.at.value(), -longest, longest);
        if (step == 0)
            throw user_error(Code::index, where_, function_, "a step of 0 leads nowhere");
        const Extent& n = shape_[axis];
        Extent start = 0;
        Extent stop = 0;
        if (step > 0) {
            start = s.first.open ? Extent(0) : resolve(s.first, n, 0, n);
            stop = s.last.open ? n : resolve(s.last, n, 0, n);
            if ((stop - start).is_known() && (stop - start).value() < 0) stop = start;
        } else {
            start = s.first.open ? n - 1 : resolve(s.first, n, -1, n - 1);
            stop = s.last.open ? Extent(-1) : resolve(s.last, n, -1, n - 1);
            if ((start - stop).is_known() && (start - stop).value() < 0) stop = start;
        }
        plan_.slice.start[axis] = start;
        plan_.slice.stop[axis] = stop;
        plan_.slice.step[axis] = step;
    }

    void add_position(const Index& i, std::size_t axis)
    {
        const Extent& n = shape_[axis];
        const Extent at = from_end(i.position) ? n + i.position : i.position;
        const bool below = at.is_known() && at.value() < 0;
        const Extent room = n - 1 - at;
        if (below || (room.is_known() && room.value() < 0))
            throw user_error(Code::index, where_, function_,
                             "index {} is out of range for axis {} of {}", to_string(i.position),
                             axis, to_string(shape_));
        if (plan_.has_array) {
            plan_.array_axes.push_back(static_cast<int>(axis));
            plan_.arrays.push_back(cast(Variable(at, i.where), DType::i64));
            return;
        }
        plan_.slice.start[axis] = at;
        plan_.slice.stop[axis] = at + 1;
        plan_.slice.dropped.push_back(static_cast<int>(axis));
    }

    /// Arrays side by side put their axes where the first stands, others in front: as NumPy has it.
    void lay_out()
    {
        const auto first = std::ranges::find(items_, Item::array);
        auto last = first;
        while (last != items_.end() && *last == Item::array)
            ++last;
        const bool adjacent = std::find(last, items_.end(), Item::array) == items_.end();
        const auto block = !plan_.has_array ? items_.end() : adjacent ? first : items_.begin();
        int index_rank = 0;
        for (const Variable& v : plan_.arrays)
            index_rank = std::max(index_rank, v.rank());
        int place = 0;
        for (auto item = items_.begin(); item != items_.end(); ++item) {
            if (item == block) place += index_rank;
            if (*item == Item::kept) {
                if (plan_.has_array && item < block) ++plan_.position;
                ++place;
            } else if (*item == Item::fresh)
                plan_.new_axes.push_back(place++);
        }
    }

    Shape shape_;
    std::string_view function_;
    const Location* where_;
    std::vector<Index> all_;
    std::vector<Item> items_;
    Plan plan_;
};

void check_indexed(const Variable& x, std::string_view function, const Location* where)
{
    if (x.type().is_pattern())
        throw user_error(Code::domain, where, function, "a wildcard has no axes to index");
}

/// The user's line: that of the first index, as operator() has no place for a default argument.
Where place_of(std::span<const Index> indices)
{
    return indices.empty() ? Where{} : indices[0].where;
}

bool slices_all(const Shape& shape, const SliceParams& p)
{
    const SliceParams all = whole(shape);
    return same(p.start, all.start) && same(p.stop, all.stop) && p.step == all.step &&
           p.dropped.empty();
}

Variable update(const Variable& x,
                std::initializer_list<Index> indices,
                const Variable& value,
                bool accumulate,
                const char* function)
{
    const std::span<const Index> all(indices.begin(), indices.size());
    refuse_empty(function, place_of(all), {&x, &value});
    const Location* where = locate(place_of(all), function);
    const OriginScope origin(where);
    check_indexed(x, function, where);
    for (const Index& i : all)
        if (i.kind == Index::Kind::fresh)
            throw user_error(Code::index, where, function, "newaxis names no elements to change");
    const Plan p = Planner(x, all, function, where).plan();
    const bool sliced = !slices_all(x.shape(), p.slice);
    if (p.has_array) {
        const Variable part = slice_of(x, p.slice);
        const Variable changed =
            scatter_axes(part, value, p.arrays, {p.array_axes, p.position}, accumulate, function);
        return sliced ? set_slice(x, changed, p.slice) : changed;
    }
    const Variable part = slice_of(x, p.slice);
    detail::check_broadcast(value.shape(), part.shape(), function, where);
    const Variable ready = literal_as(value, x.dtype(), function, where);
    if (!accumulate) return set_slice(x, broadcast_to(ready, part.shape()), p.slice);
    return set_slice(x, part + ready, p.slice);
}

bool is_constant(const Variable& v) { return v.leaf() == Leaf::constant; }

} // namespace

Slice slice(const Bound& first, const Bound& last, const Bound& step)
{
    for (const Bound* b : {&first, &last, &step})
        if (b->computed) {
            refuse_empty("slice", b->where, {&b->data});
            if (std::ranges::all_of(leaves({&b->data, 1}), is_constant))
                throw user_error(Code::index, b->data.location(), "slice",
                                 "a bound is a whole number or an Extent, this is {}: half of an "
                                 "Extent n is floor_div(n, 2)",
                                 to_string(b->data.type()));
            throw user_error(
                Code::index, b->data.location(), "slice",
                "a bound may not depend on data: take(x, i + arange(k)) reads k elements from i");
        }
    return {first, last, step};
}

Variable index(const Variable& x, std::span<const Index> indices, Where where)
{
    refuse_empty("index", where, {&x});
    const Location* place = locate(where, "index");
    const OriginScope origin(place);
    check_indexed(x, "index", place);
    const Plan p = Planner(x, indices, "index", place).plan();
    Variable y = slice_of(x, p.slice);
    if (p.has_array) y = gather_axes(y, p.arrays, {p.array_axes, p.position}, "index");
    return p.new_axes.empty() ? y : expand_dims(y, Axis(p.new_axes));
}

namespace {
Variable index_from_list(const Variable& x, std::initializer_list<Index> indices)
{
    const std::span<const Index> all(indices.begin(), indices.size());
    return index(x, all, place_of(all));
}
} // namespace

Variable Variable::operator()(const Index& i0) const { return index_from_list(*this, {i0}); }
Variable Variable::operator()(const Index& i0, const Index& i1) const
{
    return index_from_list(*this, {i0, i1});
}
Variable Variable::operator()(const Index& i0, const Index& i1, const Index& i2) const
{
    return index_from_list(*this, {i0, i1, i2});
}
Variable
Variable::operator()(const Index& i0, const Index& i1, const Index& i2, const Index& i3) const
{
    return index_from_list(*this, {i0, i1, i2, i3});
}
Variable Variable::operator()(const Index& i0,
                              const Index& i1,
                              const Index& i2,
                              const Index& i3,
                              const Index& i4) const
{
    return index_from_list(*this, {i0, i1, i2, i3, i4});
}
Variable Variable::operator()(const Index& i0,
                              const Index& i1,
                              const Index& i2,
                              const Index& i3,
                              const Index& i4,
                              const Index& i5) const
{
    return index_from_list(*this, {i0, i1, i2, i3, i4, i5});
}
Variable Variable::operator[](const Index& i) const { return index_from_list(*this, {i}); }

Variable Variable::set(std::initializer_list<Index> indices, const Variable& value) const
{
    return update(*this, indices, value, false, "set");
}
Variable Variable::add(std::initializer_list<Index> indices, const Variable& value) const
{
    return update(*this, indices, value, true, "add");
}

std::span<const Op* const> index_ops()
{
    static constexpr const Op* ops[] = {&slice_op, &set_slice_op};
    return ops;
}

} // namespace croton::inline v1
