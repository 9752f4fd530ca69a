#include <croton/ir/convert.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/gather.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>
#include <cstring>

namespace croton::inline v1::reference {

namespace {

using Place = std::vector<std::int64_t>;

Place extents(const Array& a) { return {a.shape().begin(), a.shape().end()}; }

Place extents(const Type& type)
{
    Place shape;
    for (const Extent& e : type.shape())
        shape.push_back(e.value());
    return shape;
}

/// Calls f(place) for each place of an array, in C order.
template <class F>
void for_each_place(const Place& shape, F f)
{
    for (std::int64_t n : shape)
        if (n == 0) return;
    Place place(shape.size(), 0);
    for (;;) {
        f(place);
        std::size_t i = shape.size();
        while (i > 0 && ++place[i - 1] == shape[i - 1])
            place[--i] = 0;
        if (i == 0) return;
    }
}

std::int64_t position(const Array& a, const Place& place)
{
    std::int64_t at = 0;
    for (std::size_t i = 0; i < place.size(); ++i)
        at += place[i] * a.strides()[i];
    return at;
}

void copy(const Array& from, const Place& from_place, Array& to, const Place& to_place)
{
    const std::size_t bytes = size_bytes(to.dtype());
    std::memcpy(static_cast<char*>(to.data()) +
                    static_cast<std::size_t>(position(to, to_place)) * bytes,
                static_cast<const char*>(from.data()) +
                    static_cast<std::size_t>(position(from, from_place)) * bytes,
                bytes);
}

/// y[place] += x[other]; integers wrap.
void accumulate(const Array& x, const Place& other, Array& y, const Place& place)
{
    const std::int64_t i = position(x, other);
    const std::int64_t j = position(y, place);
    if (is_float(y.dtype())) {
        const double total = y.as_double(j) + x.as_double(i);
        convert_element(DType::f64, &total, 0, y.dtype(), y.data(), j);
        return;
    }
    const auto total = static_cast<std::int64_t>(static_cast<std::uint64_t>(y.as_int(j)) +
                                                 static_cast<std::uint64_t>(x.as_int(i)));
    convert_element(DType::i64, &total, 0, y.dtype(), y.data(), j);
}

/// An index from an array, counted from the end if negative.
std::int64_t
index_at(const Array& index, const Place& place, std::int64_t extent, int axis, std::string_view op)
{
    const std::int64_t i = index.as_int(position(index, place));
    const bool huge = index.dtype() == DType::u64 && i < 0;
    const std::int64_t at = i < 0 ? i + extent : i;
    if (huge || at < 0 || at >= extent)
        throw user_error(Code::index, nullptr, op,
                         "index {} is out of range for axis {} of extent {}", i, axis, extent);
    return at;
}

} // namespace

Array relabel(const ReferenceArgs& args) { return args.x[0].reshape(extents(args.result)); }

Array flip(const ReferenceArgs& args)
{
    const Array& x = args.x[0];
    Array y = Array::empty_of(x.dtype(), extents(x));
    for_each_place(extents(x), [&](const Place& place) {
        Place mirrored = place;
        for (int axis : args.params_as<AxesParams>().axes) {
            const auto i = static_cast<std::size_t>(axis);
            mirrored[i] = x.shape()[i] - 1 - place[i];
        }
        copy(x, place, y, mirrored);
    });
    return y;
}

Array concatenate(const ReferenceArgs& args)
{
    const auto axis = static_cast<std::size_t>(args.params_as<AxisParams>().axis);
    Array y = Array::empty_of(args.result.dtype(), extents(args.result));
    std::int64_t filled = 0;
    for (const Array& x : args.x) {
        for_each_place(extents(x), [&](const Place& place) {
            Place moved = place;
            moved[axis] += filled;
            copy(x, place, y, moved);
        });
        filled += x.shape()[axis];
    }
    return y;
}

namespace {

/// Calls f(place in the array, place in the slice) for each element that a slice names.
template <class F>
void for_each_in_slice(const SliceParams& p, F f)
{
    std::vector<Place> positions;
    Place counts;
    for (std::size_t i = 0; i < p.start.size(); ++i) {
        positions.emplace_back();
        const std::int64_t stop = p.stop[i].value();
        for (std::int64_t at = p.start[i].value(); p.step[i] > 0 ? at < stop : at > stop;
             at += p.step[i])
            positions.back().push_back(at);
        counts.push_back(static_cast<std::int64_t>(positions.back().size()));
    }
    for_each_place(counts, [&](const Place& chosen) {
        Place outside, inside;
        for (std::size_t i = 0; i < chosen.size(); ++i) {
            outside.push_back(positions[i][static_cast<std::size_t>(chosen[i])]);
            if (!std::ranges::count(p.dropped, static_cast<int>(i))) inside.push_back(chosen[i]);
        }
        f(outside, inside);
    });
}

} // namespace

Array slice(const ReferenceArgs& args)
{
    Array y = Array::empty_of(args.result.dtype(), extents(args.result));
    for_each_in_slice(
        args.params_as<SliceParams>(),
        [&](const Place& outside, const Place& inside) { copy(args.x[0], outside, y, inside); });
    return y;
}

Array set_slice(const ReferenceArgs& args)
{
    Array y = args.x[0].clone();
    for_each_in_slice(
        args.params_as<SliceParams>(),
        [&](const Place& outside, const Place& inside) { copy(args.x[1], inside, y, outside); });
    return y;
}

Array iota(const ReferenceArgs& args)
{
    const auto& p = args.params_as<IotaParams>();
    Array y = Array::empty_of(args.result.dtype(), extents(args.result));
    std::int64_t n = 0;
    for_each_place(extents(args.result), [&](const Place& place) {
        const std::int64_t value = p.axis < 0 ? n : place[static_cast<std::size_t>(p.axis)];
        convert_element(DType::i64, &value, 0, y.dtype(), y.data(), n++);
    });
    return y;
}

namespace {

/// Calls f(place in the data, place in the gathered array) for each element that indices name, in C
/// order of the latter; `indices` are the index arrays, of one shape.
template <class F>
void for_each_gathered(const Array& data,
                       std::span<const Array> indices,
                       const GatherParams& p,
                       std::string_view op,
                       F f)
{
    Place shape;
    for (std::size_t i = 0; i < data.shape().size(); ++i)
        if (!std::ranges::count(p.axes, static_cast<int>(i))) shape.push_back(data.shape()[i]);
    const Place index_shape = extents(indices[0]);
    shape.insert(shape.begin() + p.position, index_shape.begin(), index_shape.end());
    for_each_place(shape, [&](const Place& place) {
        const auto first = place.begin() + p.position;
        const auto last = first + static_cast<std::ptrdiff_t>(index_shape.size());
        const Place index_place(first, last);
        Place rest(place.begin(), first);
        rest.insert(rest.end(), last, place.end());
        Place source;
        std::size_t next = 0;
        for (std::size_t i = 0; i < data.shape().size(); ++i) {
            const auto k = static_cast<std::size_t>(std::ranges::find(p.axes, static_cast<int>(i)) -
                                                    p.axes.begin());
            if (k == p.axes.size())
                source.push_back(rest[next++]);
            else
                source.push_back(
                    index_at(indices[k], index_place, data.shape()[i], static_cast<int>(i), op));
        }
        f(source, place);
    });
}

} // namespace

Array gather(const ReferenceArgs& args)
{
    Array y = Array::empty_of(args.result.dtype(), extents(args.result));
    for_each_gathered(
        args.x[0], args.x.subspan(1), args.params_as<GatherParams>(), "gather",
        [&](const Place& source, const Place& place) { copy(args.x[0], source, y, place); });
    return y;
}

Array scatter_add(const ReferenceArgs& args)
{
    Array y = args.x[0].clone();
    for_each_gathered(
        args.x[0], args.x.subspan(2), args.params_as<GatherParams>(), "scatter_add",
        [&](const Place& source, const Place& place) { accumulate(args.x[1], place, y, source); });
    return y;
}

Array scatter_set(const ReferenceArgs& args)
{
    Array y = args.x[0].clone();
    for_each_gathered(
        args.x[0], args.x.subspan(2), args.params_as<GatherParams>(), "scatter_set",
        [&](const Place& source, const Place& place) { copy(args.x[1], place, y, source); });
    return y;
}

Array take_along_axis(const ReferenceArgs& args)
{
    const int axis = args.params_as<AxisParams>().axis;
    const auto k = static_cast<std::size_t>(axis);
    Array y = Array::empty_of(args.result.dtype(), extents(args.result));
    for_each_place(extents(args.result), [&](const Place& place) {
        Place source = place;
        source[k] = index_at(args.x[1], place, args.x[0].shape()[k], axis, "take_along_axis");
        copy(args.x[0], source, y, place);
    });
    return y;
}

Array add_along_axis(const ReferenceArgs& args)
{
    const int axis = args.params_as<AxisParams>().axis;
    const auto k = static_cast<std::size_t>(axis);
    Array y = args.x[0].clone();
    for_each_place(extents(args.x[1]), [&](const Place& place) {
        Place target = place;
        target[k] = index_at(args.x[2], place, y.shape()[k], axis, "add_along_axis");
        accumulate(args.x[1], place, y, target);
    });
    return y;
}

namespace {

template <class T>
void cumulate_line(Monoid monoid, const T* x, T* y, std::int64_t count, std::int64_t stride)
{
    using Wide = std::conditional_t<std::is_same_v<T, double>, double, std::uint64_t>;
    Wide total = monoid == Monoid::sum ? 0 : 1;
    for (std::int64_t k = 0; k < count; ++k) {
        const auto next = static_cast<Wide>(x[k * stride]);
        total = monoid == Monoid::sum ? total + next : total * next;
        y[k * stride] = static_cast<T>(total);
    }
}

template <class T>
Array cumulate_as(DType as, Monoid monoid, const ReferenceArgs& args)
{
    const auto& p = args.params_as<PrefixParams>();
    const auto axis = static_cast<std::size_t>(p.axis);
    const Array x = args.x[0].cast(as);
    Array y = Array::empty_of(as, extents(x));
    Place lines = extents(x);
    const std::int64_t count = lines[axis];
    if (count == 0) return y.cast(args.result.dtype());
    lines[axis] = 1;
    const std::int64_t stride = p.reverse ? -x.strides()[axis] : x.strides()[axis];
    for_each_place(lines, [&](const Place& place) {
        Place first = place;
        if (p.reverse) first[axis] = count - 1;
        const std::int64_t at = position(x, first);
        cumulate_line<T>(monoid, static_cast<const T*>(x.data()) + at,
                         static_cast<T*>(y.data()) + at, count, stride);
    });
    return y.cast(args.result.dtype());
}

} // namespace

Array cumulate(Monoid monoid, const ReferenceArgs& args)
{
    const DType t = args.result.dtype();
    if (is_float(t)) return cumulate_as<double>(DType::f64, monoid, args);
    if (t == DType::u64) return cumulate_as<std::uint64_t>(DType::u64, monoid, args);
    return cumulate_as<std::int64_t>(DType::i64, monoid, args);
}

} // namespace croton::inline v1::reference
