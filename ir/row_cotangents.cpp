#include "row_cotangents.hpp"

#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/join.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>

#include <algorithm>

namespace croton::inline v1::detail {

namespace {

/// The axis of which a slice takes one element at a known place, and all of the others; -1: none.
int axis_of_row(const SliceParams& p, const Shape& shape)
{
    int found = -1;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const bool dropped = std::ranges::count(p.dropped, static_cast<int>(i)) > 0;
        const bool whole = same(p.start[i], 0) && same(p.stop[i], shape[i]) && p.step[i] == 1;
        if (whole && !dropped) continue;
        const bool row = p.step[i] == 1 && p.start[i].is_known() && p.start[i].value() >= 0 &&
                         same(p.stop[i], p.start[i] + Extent(1));
        if (!row || found >= 0) return -1;
        found = static_cast<int>(i);
    }
    return found;
}

} // namespace

bool RowCotangents::take(const Variable& bar)
{
    const Apply a = bar.owner();
    double rest = 1;
    if (!a || &a.op() != &set_slice_op || !uniform_value(a.input(0), rest) || rest != 0)
        return false;
    const auto& p = a.params_as<SliceParams>();
    const int axis = axis_of_row(p, bar.shape());
    if (axis < 0 || (count_ > 0 && axis != axis_)) return false;
    const Variable& value = a.input(1);
    const Variable row = p.dropped.empty() ? value : expand_dims(value, axis);
    const std::int64_t at = p.start[static_cast<std::size_t>(axis)].value();
    const auto [known, fresh] = rows_.try_emplace(at, row);
    if (!fresh) known->second = known->second + row;
    if (count_++ == 0) first_ = bar;
    axis_ = axis;
    return true;
}

Variable RowCotangents::joined() const
{
    if (count_ < 2) return first_;
    const OriginScope origin(first_.location());
    const auto axis = static_cast<std::size_t>(axis_);
    const Variable zero(Array::scalar(0).cast(first_.dtype()));
    const Shape all = first_.shape();
    Variables parts;
    std::int64_t next = 0;
    for (const auto& [at, row] : rows_) {
        if (at > next) {
            Shape gap = all;
            gap[axis] = at - next;
            parts.push_back(broadcast_to(zero, gap));
        }
        parts.push_back(row);
        next = at + 1;
    }
    if (!same(all[axis], next)) {
        // Cut from the whole: of an array with too few rows a call names the row, not the gap.
        SliceParams rest = whole(all);
        rest.start[axis] = next;
        parts.push_back(slice_of(broadcast_to(zero, all), rest));
    }
    return parts.size() == 1 ? parts[0] : concatenate(parts, axis_);
}

} // namespace croton::inline v1::detail
