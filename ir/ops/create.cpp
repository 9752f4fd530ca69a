#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/computed_dtype.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/reference.hpp>

#include <cmath>

#include "param_checks.hpp"

namespace croton::inline v1 {

namespace {

constexpr Op iota_op{
    .name = "iota",
    .doc =
        "The index along an axis at every place of a shape; the position in C order if it is -1.",
    .dtype = [](DTypeArgs& args) { args.result = params_cast<IotaParams>(args.params).dtype; },
    .shape =
        [](ShapeArgs& args) {
            const auto& p = args.params_as<IotaParams>();
            if (p.axis != -1) detail::check_axis(args, p.axis, p.shape.size());
            return p.shape;
        },
    .lowering = Iota{[](const IndexMapArgs& args) {
        const auto& p = args.params_as<IotaParams>();
        return p.axis < 0 ? flat_index(args.out, p.shape)
                          : args.out[static_cast<std::size_t>(p.axis)];
    }},
    .reference = reference::iota,
    .grad = not_differentiable("an index is an integer"),
    .arity = 0,
    .params = create_params<IotaParams>,
};

struct DiagonalParams {
    int axis1 = 0;
    int axis2 = 1;
    int offset = 0;
    static constexpr auto fields =
        std::tuple{field("axis1", &DiagonalParams::axis1), field("axis2", &DiagonalParams::axis2),
                   field("offset", &DiagonalParams::offset)};
};

Variable columns_of(const Shape& shape) { return iota(shape, static_cast<int>(shape.size()) - 1); }
Variable rows_of(const Shape& shape) { return iota(shape, static_cast<int>(shape.size()) - 2); }

void check_matrix(const Variable& x, std::string_view function, const Location* where)
{
    if (x.rank() < 2)
        throw user_error(Code::shape, where, function, "a matrix is needed: {}",
                         to_string(x.shape()));
}

} // namespace

Variable iota(const Shape& shape, int axis, DType dtype, Where where)
{
    return apply(iota_op, std::initializer_list<Variable>{},
                 make_params(IotaParams{shape, axis, dtype}), where);
}

namespace {

Variable filled(std::string_view function,
                DType dtype,
                const Shape& shape,
                const Variable& value,
                const Location* place)
{
    refuse_complex(dtype, function, place);
    refuse_negative(shape, function, place);
    if (value.rank() != 0)
        throw user_error(Code::shape, place, function, "the value must be a scalar: {}",
                         to_string(value.shape()));
    const Variable fitting = literal_as(value, dtype, function, place);
    const Variable converted = fitting.leaf() == Leaf::constant
                                   ? constant(fitting.constant().cast(dtype), place)
                                   : cast(fitting, dtype, place);
    return broadcast_to(converted, shape, place);
}

} // namespace

Variable full(DType dtype, const Shape& shape, const Variable& value, Where where)
{
    refuse_empty("full", where, {&value});
    return filled("full", dtype, shape, value, locate(where, "full"));
}
Variable zeros(DType dtype, const Shape& shape, Where where)
{
    return filled("zeros", dtype, shape, 0, locate(where, "zeros"));
}
Variable ones(DType dtype, const Shape& shape, Where where)
{
    return filled("ones", dtype, shape, 1, locate(where, "ones"));
}

Variable arange(const Extent& n, DType dtype, Where where)
{
    const Location* place = locate(where, "arange");
    const OriginScope origin(place);
    refuse_complex(dtype, "arange", place);
    refuse_negative({n}, "arange", place);
    if (is_integer(dtype)) return iota({n}, 0, dtype);
    return cast(iota({n}, 0, DType::i64), dtype);
}

Variable arange(double start, double stop, double step, DType dtype, Where where)
{
    const Location* place = locate(where, "arange");
    const OriginScope origin(place);
    const double count = std::ceil((stop - start) / step);
    if (!(step != 0) || !std::isfinite(count) || count > 9e15)
        throw user_error(Code::domain, place, "arange", "no finite number of steps: {}, {}, {}",
                         start, stop, step);
    const DType computed = computed_dtype(dtype);
    const Variable i = arange(Extent(count > 0 ? static_cast<std::int64_t>(count) : 0), computed);
    const auto literal = [&](double v) { return constant(Array::scalar(v).cast(computed), place); };
    const Variable scaled = step == 1 ? i : i * literal(step);
    return cast(start == 0 ? scaled : literal(start) + scaled, dtype);
}

Variable
linspace(const Variable& start, const Variable& stop, const Extent& count, DType dtype, Where where)
{
    refuse_empty("linspace", where, {&start, &stop});
    const Location* place = locate(where, "linspace");
    const OriginScope origin(place);
    if (!is_float(dtype))
        throw user_error(Code::dtype, place, "linspace", "a float dtype is needed: {}",
                         name(dtype));
    refuse_negative({count}, "linspace", place);
    const DType computed = computed_dtype(dtype);
    const auto converted = [&](const Variable& v) {
        return full(computed, {}, literal_as(v, dtype, "linspace", place));
    };
    const Variable i = arange(count, computed);
    const Variable last = maximum(full(computed, {}, Variable(count - 1)), 1);
    // From both ends, so that the last one is `stop` itself.
    const Variable t = i / last;
    return cast(converted(start) * (1 - t) + converted(stop) * t, dtype);
}

Variable eye(DType dtype, const Extent& rows, const Extent& columns, int offset, Where where)
{
    const Location* place = locate(where, "eye");
    const OriginScope origin(place);
    const Shape shape = {rows, columns};
    refuse_complex(dtype, "eye", place);
    refuse_negative(shape, "eye", place);
    const Variable row = rows_of(shape);
    return cast(columns_of(shape) == (offset == 0 ? row : row + offset), dtype);
}
Variable eye(DType dtype, const Extent& n, Where where) { return eye(dtype, n, n, 0, where); }

Variable tril(const Variable& x, int offset, Where where)
{
    refuse_empty("tril", where, {&x});
    const Location* place = locate(where, "tril");
    const OriginScope origin(place);
    check_matrix(x, "tril", place);
    return croton::where(columns_of(x.shape()) <= rows_of(x.shape()) + offset, x,
                         full(x.dtype(), {}, 0));
}

Variable triu(const Variable& x, int offset, Where where)
{
    refuse_empty("triu", where, {&x});
    const Location* place = locate(where, "triu");
    const OriginScope origin(place);
    check_matrix(x, "triu", place);
    return croton::where(columns_of(x.shape()) >= rows_of(x.shape()) + offset, x,
                         full(x.dtype(), {}, 0));
}

namespace {

/// First and one past the last row of the diagonal of an n by m matrix.
Extent diagonal_extent(const Extent& n, const Extent& m, int offset)
{
    if (offset >= 0) return minimum(n, m - offset);
    return minimum(n + offset, m);
}

Variables diagonal_grad(const GeneralGrad& g)
{
    const auto& p = g.params_as<DiagonalParams>();
    const Shape shape = g.x[0].shape();
    // The diagonal axis goes back to axis1; axis2 is new, and a comparison keeps one element of it.
    const Variable row = iota(shape, p.axis1);
    const Variable hit = iota(shape, p.axis2) == (p.offset == 0 ? row : row + p.offset);
    const auto a1 = static_cast<std::size_t>(p.axis1);
    const Extent extent = g.y[0].extent(-1);
    // A matrix may have fewer rows than the diagonal begins below its first.
    const Extent skipped = p.offset < 0 ? minimum(shape[a1], -p.offset) : 0;
    Variable bar = g.y_bar[0];
    if (!same(extent, shape[a1])) {
        const Extent behind = shape[a1] - extent - skipped;
        Shape before(bar.shape().size(), 0);
        Shape after = before;
        before.back() = skipped;
        after.back() = behind;
        bar = pad(bar, before, after);
    }
    const int low = p.axis1 < p.axis2 ? p.axis1 : p.axis1 - 1;
    return {where(hit, broadcast_to(expand_dims(moveaxis(bar, -1, low), p.axis2), shape),
                  full(bar.dtype(), {}, 0))};
}

constexpr Op diagonal_op{
    .name = "diagonal",
    .doc = "The elements whose index on axis2 is that on axis1 plus an offset, as the last axis.",
    .dtype = same_dtype,
    .shape =
        [](ShapeArgs& args) {
            const auto& p = args.params_as<DiagonalParams>();
            detail::check_axes(args, {p.axis1, p.axis2}, args.shape(0).size());
            Shape shape;
            for (std::size_t i = 0; i < args.shape(0).size(); ++i)
                if (static_cast<int>(i) != p.axis1 && static_cast<int>(i) != p.axis2)
                    shape.push_back(args.shape(0)[i]);
            const Extent extent =
                diagonal_extent(args.shape(0)[static_cast<std::size_t>(p.axis1)],
                                args.shape(0)[static_cast<std::size_t>(p.axis2)], p.offset);
            shape.push_back(maximum(extent, 0));
            return shape;
        },
    .lowering = IndexMap{[](const IndexMapArgs& args) {
        const auto& p = args.params_as<DiagonalParams>();
        IndexPiece piece{0, {}};
        const Extent& k = args.out.back();
        std::size_t next = 0;
        for (int i = 0; i < args.operands[0].rank(); ++i)
            if (i == p.axis1)
                piece.index.push_back(p.offset < 0 ? k - p.offset : k);
            else if (i == p.axis2)
                piece.index.push_back(p.offset > 0 ? k + p.offset : k);
            else
                piece.index.push_back(args.out[next++]);
        return std::vector<IndexPiece>{piece};
    }},
    .reference =
        [](const ReferenceArgs& args) {
            const auto& p = args.params_as<DiagonalParams>();
            const auto a1 = static_cast<std::size_t>(p.axis1);
            const auto a2 = static_cast<std::size_t>(p.axis2);
            const Array& x = args.x[0];
            std::vector<std::int64_t> shape, strides;
            for (std::size_t i = 0; i < x.shape().size(); ++i)
                if (i != a1 && i != a2) {
                    shape.push_back(x.shape()[i]);
                    strides.push_back(x.strides()[i]);
                }
            shape.push_back(args.result.shape().back().value());
            strides.push_back(x.strides()[a1] + x.strides()[a2]);
            const std::int64_t first =
                p.offset >= 0 ? p.offset * x.strides()[a2] : -p.offset * x.strides()[a1];
            const auto* data =
                static_cast<const char*>(x.data()) +
                (shape.back() == 0 ? 0 : first) * static_cast<std::int64_t>(size_bytes(x.dtype()));
            return Array::copy_strided(x.dtype(), data, shape, strides);
        },
    .grad = diagonal_grad,
    .batch =
        [](const BatchArgs& args) {
            const auto& p = args.params_as<DiagonalParams>();
            return args.with(make_params(DiagonalParams{p.axis1 + 1, p.axis2 + 1, p.offset}));
        },
    .params = create_params<DiagonalParams>,
};

} // namespace

Variable diagonal(const Variable& x, int offset, int axis1, int axis2, Where where)
{
    refuse_empty("diagonal", where, {&x});
    const Location* place = locate(where);
    if (x.type().is_pattern())
        return apply(diagonal_op, std::span(&x, 1),
                     make_params(DiagonalParams{axis1, axis2, offset}), place);
    check_matrix(x, "diagonal", place);
    const DiagonalParams p{normalize_axis(axis1, x.rank(), "diagonal", place),
                           normalize_axis(axis2, x.rank(), "diagonal", place), offset};
    if (p.axis1 == p.axis2)
        throw user_error(Code::index, place, "diagonal", "axis {} is given twice", axis2);
    return apply(diagonal_op, std::span(&x, 1), make_params(p), place);
}

Variable diag(const Variable& x, int offset, Where where)
{
    refuse_empty("diag", where, {&x});
    const Location* place = locate(where, "diag");
    const OriginScope origin(place);
    if (x.rank() == 2) return diagonal(x, offset);
    if (x.rank() != 1)
        throw user_error(Code::shape, place, "diag", "a vector or a matrix is needed: {}",
                         to_string(x.shape()));
    const Extent distance = offset < 0 ? -offset : offset;
    const Extent n = x.extent(0) + distance;
    // Rows of x, moved down where the diagonal lies below; elsewhere zero.
    const Variable rows = offset < 0 ? pad(x, {distance}, {0}) : pad(x, {0}, {distance});
    const Variable row = rows_of({n, n});
    const Variable hit = columns_of({n, n}) == (offset == 0 ? row : row + offset);
    return croton::where(hit, broadcast_to(expand_dims(rows, 1), {n, n}), full(x.dtype(), {}, 0));
}

std::span<const Op* const> create_ops()
{
    static constexpr const Op* ops[] = {&iota_op, &diagonal_op};
    return ops;
}

} // namespace croton::inline v1
