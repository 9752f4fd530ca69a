#include "layouts.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/shape.hpp>

#include <algorithm>

namespace croton::inline v1::detail {

namespace {

struct StridedParams {
    Shape strides;
    static constexpr auto fields = std::tuple{field("strides", &StridedParams::strides)};
};

/// Only function() makes it, of inputs whose strides are read at each call.
constexpr Op strided_op{
    .name = "strided",
    .doc = "The elements of x, which lie at i * strides[0] + j * strides[1] + .. in its memory.",
    .dtype = same_dtype,
    .shape = shape_of_first,
    .lowering = IndexMap{[](const IndexMapArgs& args) {
        const Shape& strides = args.params_as<StridedParams>().strides;
        // The whole offset is along the last axis, whose elements are next to one another.
        IndexPiece piece{0, std::vector<Extent>(strides.size(), Extent(0))};
        for (std::size_t i = 0; i < strides.size(); ++i)
            piece.index.back() = piece.index.back() + args.out[i] * strides[i];
        return std::vector<IndexPiece>{piece};
    }},
    .reference = [](const ReferenceArgs& args) { return args.x[0]; },
    .grad = [](const UnaryGrad& g) { return g.y_bar; },
    .params = create_params<StridedParams>,
};

Shape stride_symbols(std::string_view name, int rank)
{
    Shape strides;
    for (int i = 0; i < rank; ++i)
        strides.push_back(dim(fmt::format("{}_stride{}", name.empty() ? "x" : name, i)));
    return strides;
}

} // namespace

Layout effective(Layout layout, int rank)
{
    if (rank == 0 || (rank == 1 && layout == Layout::column_major)) return Layout::row_major;
    return layout;
}

std::string_view name(Layout layout)
{
    switch (layout) {
    case Layout::row_major:
        return "row-major";
    case Layout::column_major:
        return "column-major";
    case Layout::any:
        return "any strides";
    }
    return "";
}

bool lies_as(Layout layout,
             int rank,
             const std::int64_t* extents,
             const std::int64_t* strides) noexcept
{
    if (layout == Layout::any) return true;
    std::int64_t stride = 1;
    bool lies = true;
    for (int k = 0; k < rank; ++k) {
        const int i = layout == Layout::row_major ? rank - 1 - k : k;
        if (extents[i] == 0) return true;
        if (extents[i] != 1 && strides[i] != stride) lies = false;
        stride *= extents[i];
    }
    return lies;
}

bool is_aligned(const void* data, DType dtype) noexcept
{
    return reinterpret_cast<std::uintptr_t>(data) % size_bytes(dtype) == 0;
}

Array new_array(DType dtype, Layout layout, std::span<std::int64_t> extents)
{
    if (layout != Layout::column_major) return Array::empty_of(dtype, extents);
    std::ranges::reverse(extents);
    return Array::empty_of(dtype, extents).transposed();
}

Array packed(const Array& array, Layout layout)
{
    if (is_aligned(array.data(), array.dtype()) &&
        lies_as(layout, array.rank(), array.shape().data(), array.strides().data()))
        return array;
    return layout == Layout::column_major ? array.transposed().clone().transposed() : array.clone();
}

InputMemory memory_of_input(const Variable& v, Layout layout)
{
    const OriginScope origin(v.location());
    switch (layout) {
    case Layout::row_major:
        break;
    case Layout::column_major: {
        const Shape shape = v.shape();
        const Variable leaf = input(v.name(), v.dtype(), Shape(shape.rbegin(), shape.rend()));
        return {leaf, transpose(leaf), {}};
    }
    case Layout::any: {
        const Shape strides = stride_symbols(v.name(), v.rank());
        const Variable leaf = input(v.name(), v.dtype(), v.shape());
        return {leaf,
                apply(strided_op, std::span(&leaf, 1), make_params(StridedParams{strides}),
                      v.location()),
                input({}, DType::i64, strides)};
    }
    }
    return {v, v, {}};
}

Variable strides_of_output(std::string_view name, int rank)
{
    return input({}, DType::i64, stride_symbols(name.empty() ? "y" : name, rank));
}

} // namespace croton::inline v1::detail
