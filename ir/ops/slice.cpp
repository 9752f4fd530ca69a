#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>

#include "param_checks.hpp"

namespace croton::inline v1 {

namespace {

bool contains(const std::vector<int>& axes, std::size_t axis)
{
    return std::ranges::count(axes, static_cast<int>(axis)) > 0;
}

void require_at_most(ShapeArgs& args, const Extent& a, const Extent& b, std::size_t axis)
{
    if (never_negative(b - a)) return; // the text is for those that are not known
    args.require_at_most(a, b, fmt::format("on axis {} of {{}}", axis), {args.shape(0)});
}

Shape slice_shape(ShapeArgs& args)
{
    const auto& p = args.params_as<SliceParams>();
    const std::size_t rank = args.shape(0).size();
    detail::check_count(args, p.start.size(), rank);
    detail::check_count(args, p.stop.size(), rank);
    detail::check_count(args, p.step.size(), rank);
    detail::check_ascending_axes(args, p.dropped, rank);
    Shape shape;
    for (std::size_t i = 0; i < rank; ++i) {
        const Extent& n = args.shape(0)[i];
        if (p.step[i] == 0) args.refuse(Code::domain, "its parameters have step 0");
        if (p.step[i] > 0) {
            require_at_most(args, 0, p.start[i], i);
            require_at_most(args, p.start[i], p.stop[i], i);
            require_at_most(args, p.stop[i], n, i);
        } else {
            require_at_most(args, -1, p.stop[i], i);
            require_at_most(args, p.stop[i], p.start[i], i);
            require_at_most(args, p.start[i], n - 1, i);
        }
        const Extent extent = slice_extent(p, i);
        if (!contains(p.dropped, i))
            shape.push_back(extent);
        else if (!same(extent, 1))
            args.require_equal(extent, 1, fmt::format("what is taken of axis {} of {{}}", i),
                               {args.shape(0)});
    }
    return shape;
}

std::vector<IndexPiece> slice_map(const IndexMapArgs& args)
{
    const auto& p = args.params_as<SliceParams>();
    IndexPiece piece{0, {}};
    std::size_t next = 0;
    for (std::size_t i = 0; i < p.start.size(); ++i)
        piece.index.push_back(contains(p.dropped, i)
                                  ? p.start[i]
                                  : p.start[i] + args.out[next++] * Extent(p.step[i]));
    return {piece};
}

std::vector<IndexPiece> set_slice_map(const IndexMapArgs& args)
{
    const auto& p = args.params_as<SliceParams>();
    const Shape& shape = args.result.shape();
    IndexPiece value{1, {}};
    for (std::size_t i = 0; i < p.start.size(); ++i) {
        const bool forward = p.step[i] > 0;
        const Extent stride = forward ? p.step[i] : -p.step[i];
        const Extent distance = forward ? args.out[i] - p.start[i] : p.start[i] - args.out[i];
        const Extent place = floor_div(distance, stride);
        const Extent extent = slice_extent(p, i);
        const bool all = same(p.start[i], 0) && p.step[i] == 1 && same(p.stop[i], shape[i]);
        if (!all) value.guards.push_back({place, extent});
        if (!same(stride, 1)) value.guards.push_back({mod(distance, stride), 1});
        if (!contains(p.dropped, i)) value.index.push_back(place);
    }
    if (value.guards.empty()) return {value};
    return {value, IndexPiece{0, {args.out.begin(), args.out.end()}}};
}

/// Of the members all.
Variable batch_slice(const BatchArgs& args)
{
    SliceParams p = args.params_as<SliceParams>();
    p.start.insert(p.start.begin(), 0);
    p.stop.insert(p.stop.begin(), args.members);
    p.step.insert(p.step.begin(), 1);
    for (int& axis : p.dropped)
        ++axis;
    return args.with(make_params(std::move(p)));
}

} // namespace

constexpr Op slice_op{
    .name = "slice",
    .doc = "x[start], x[start + step], .. before `stop` on every axis; dropped axes are gone.",
    .dtype = same_dtype,
    .shape = slice_shape,
    .lowering = IndexMap{slice_map},
    .reference = reference::slice,
    .grad = [](const GeneralGrad& g) -> Variables {
        return {set_slice(zeros_like(g.x[0]), g.y_bar[0], g.params_as<SliceParams>())};
    },
    .batch = batch_slice,
    .params = create_params<SliceParams>,
};

constexpr Op set_slice_op{
    .name = "set_slice",
    .doc = "x with the elements that a slice names replaced by those of `value`.",
    .dtype = detail::first_dtype,
    .shape =
        [](ShapeArgs& args) {
            Shape wanted = slice_shape(args);
            const Shape& value = args.shape(1);
            if (wanted.size() != value.size())
                args.refuse(Code::shape, fmt::format("the value has shape {}, the slice {}",
                                                     to_string(value), to_string(wanted)));
            for (std::size_t i = 0; i < wanted.size(); ++i)
                args.require_equal(
                    value[i], wanted[i],
                    fmt::format("axis {} of the value {{}} and of the slice {{}}", i),
                    {value, wanted});
            return args.shape(0);
        },
    .lowering = IndexMap{set_slice_map},
    .reference = reference::set_slice,
    .grad = [](const GeneralGrad& g) -> Variables {
        const auto& p = g.params_as<SliceParams>();
        return {set_slice(g.y_bar[0], zeros_like(g.x[1]), p), slice_of(g.y_bar[0], p)};
    },
    .batch = batch_slice,
    .arity = 2,
    .params = create_params<SliceParams>,
};

SliceParams whole(const Shape& shape)
{
    return {Shape(shape.size(), 0), shape, std::vector<std::int64_t>(shape.size(), 1), {}};
}

Extent slice_extent(const SliceParams& p, std::size_t axis)
{
    const std::int64_t step = p.step[axis];
    const Extent length = step > 0 ? p.stop[axis] - p.start[axis] : p.start[axis] - p.stop[axis];
    const std::int64_t stride = step > 0 ? step : -step;
    return floor_div(length + (stride - 1), stride);
}

namespace {
bool is_whole(const Shape& shape, const SliceParams& p)
{
    bool all = p.dropped.empty();
    for (std::size_t i = 0; i < shape.size(); ++i)
        all &= same(p.start[i], 0) && same(p.stop[i], shape[i]) && p.step[i] == 1;
    return all;
}
} // namespace

Variable slice_of(const Variable& x, const SliceParams& p)
{
    if (!x.type().is_pattern() && is_whole(x.shape(), p)) return x;
    return apply(slice_op, {x}, make_params(p));
}

Variable set_slice(const Variable& x, const Variable& value, const SliceParams& p)
{
    return apply(set_slice_op, {x, value}, make_params(p));
}

Variable
pad(const Variable& x, const Shape& before, const Shape& after, const Variable& value, Where where)
{
    refuse_empty("pad", where, {&x, &value});
    const Location* place = locate(where, "pad");
    const OriginScope origin(place);
    const Shape shape = x.shape();
    if (before.size() != shape.size() || after.size() != shape.size())
        throw user_error(Code::shape, place, "pad", "{} and {} do not name each axis of {}",
                         to_string(before), to_string(after), to_string(shape));
    if (value.rank() != 0)
        throw user_error(Code::shape, place, "pad", "the value must be a scalar: {}",
                         to_string(value.shape()));
    SliceParams kept = whole(shape);
    SliceParams inside = whole(shape);
    Shape padded;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const auto negative = [](const Extent& e) { return e.is_known() && e.value() < 0; };
        if (negative(before[i])) kept.start[i] = -before[i];
        if (negative(after[i])) kept.stop[i] = shape[i] + after[i];
        inside.start[i] = negative(before[i]) ? Extent(0) : before[i];
        padded.push_back(shape[i] + before[i] + after[i]);
        inside.stop[i] = negative(after[i]) ? padded[i] : padded[i] - after[i];
        if (never_negative(kept.start[i] - kept.stop[i] - 1))
            throw user_error(Code::shape, place, "pad",
                             "widths {} and {} cut more from axis {} of {} than it has",
                             to_string(before), to_string(after), i, to_string(shape));
    }
    const Variable part = slice_of(x, kept);
    if (is_whole(padded, inside)) return part;
    const Variable filled = cast(literal_as(value, x.dtype(), "pad", place), x.dtype());
    return set_slice(broadcast_to(filled, padded), part, inside);
}

} // namespace croton::inline v1
