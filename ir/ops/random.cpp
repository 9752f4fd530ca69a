#include <croton/ir/build.hpp>
#include <croton/ir/computed_dtype.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/random.hpp>
#include <croton/ir/ops/rounding.hpp>
#include <croton/ir/ops/structure.hpp>

#include <cmath>

#include "philox.hpp"

namespace croton::inline v1 {

namespace {

void draw_dtype(DTypeArgs& args)
{
    for (OperandDType& o : args.operands) {
        if (!is_integer(o.dtype)) args.refuse("the key must be an integer");
        o.dtype = DType::u64;
    }
    args.result = params_cast<CastParams>(args.params).to;
    if (args.result != DType::f32 && args.result != DType::f64)
        args.refuse("numbers are drawn in f32 or f64");
    args.named = true;
}

template <class T, class Draw>
Array draws_at(const ReferenceArgs& args, const Draw& draw)
{
    const auto* positions = static_cast<const std::uint64_t*>(args.x[0].data());
    const auto* keys = static_cast<const std::uint64_t*>(args.x[1].data());
    Array y = Array::empty_of(dtype_of<T>(), args.x[0].shape());
    for (std::int64_t i = 0; i < y.size(); ++i)
        draw(keys[i], positions[i], static_cast<T*>(y.data()) + i);
    return y;
}

template <bool normal_draws>
Array draw_reference(const ReferenceArgs& args)
{
    const auto draw = [](std::uint64_t key, std::uint64_t position, auto* to) {
        if constexpr (normal_draws)
            detail::philox_normal_at(key, position, to);
        else
            detail::philox_uniform_at(key, position, to);
    };
    return args.result.dtype() == DType::f32 ? draws_at<float>(args, draw)
                                             : draws_at<double>(args, draw);
}

constexpr Op philox_uniform_op{
    .name = "philox_uniform",
    .doc = "Draw number a of key b, uniform in [0, 1): Philox4x32-10.",
    .dtype = draw_dtype,
    .shape = same_shape,
    .lowering = Pointwise{.real = "philox_uniform_{r}({a}, {b})"},
    .reference = draw_reference<false>,
    .grad = not_differentiable("random numbers do not depend continuously on their key"),
    .arity = 2,
    .params = create_params<CastParams>,
};

constexpr Op philox_normal_op{
    .name = "philox_normal",
    .doc = "Draw number a of key b, normal with mean 0 and deviation 1: Philox4x32-10, Box-Muller.",
    .dtype = draw_dtype,
    .shape = same_shape,
    .lowering = Pointwise{.real = "philox_normal_{r}({a}, {b})"},
    .reference = draw_reference<true>,
    .grad = not_differentiable("random numbers do not depend continuously on their key"),
    .arity = 2,
    .params = create_params<CastParams>,
};

/// In computed_dtype(dtype). `where` is open as OriginScope.
Variable draw(const Op& op,
              std::string_view function,
              DType dtype,
              const Variable& key,
              const Shape& shape,
              const Location* where)
{
    if (!is_float(dtype))
        throw user_error(Code::dtype, where, function, "a float dtype is needed: {}", name(dtype));
    if (key.rank() != 0)
        throw user_error(Code::shape, where, function, "the key must be a scalar: {}",
                         to_string(key.shape()));
    refuse_negative(shape, function, where);
    const DType computed = computed_dtype(dtype);
    return apply(op, {iota(shape, -1, DType::u64), key}, make_params(CastParams{computed}));
}

/// Into how many steps a uniform 16-bit draw divides [0, 1): with each of their ends exact, so that
/// no draw is rounded up to 1.
double unit_steps(DType dtype) { return dtype == DType::f16 ? 0x1p11 : 0x1p8; }

} // namespace

Variable uniform(DType dtype, const Variable& key, const Shape& shape, Where where)
{
    refuse_empty("uniform", where, {&key});
    const Location* place = locate(where, "uniform");
    const OriginScope origin(place);
    const Variable y = draw(philox_uniform_op, "uniform", dtype, key, shape, place);
    if (size_bytes(dtype) > 2) return y;
    const double steps = unit_steps(dtype);
    return cast(floor(y * steps) * (1 / steps), dtype);
}

Variable normal(DType dtype, const Variable& key, const Shape& shape, Where where)
{
    refuse_empty("normal", where, {&key});
    const Location* place = locate(where, "normal");
    const OriginScope origin(place);
    return cast(draw(philox_normal_op, "normal", dtype, key, shape, place), dtype);
}

namespace {

/// Draws in f32 or f64, each turned into shift + scale * draw there, then converted.
template <class Fill>
Array array_of_draws(DType dtype,
                     const std::vector<std::int64_t>& shape,
                     double shift,
                     double scale,
                     std::string_view function,
                     const Where& where,
                     const Fill& fill)
{
    if (!is_float(dtype))
        throw user_error(Code::dtype, locate(where), function, "a float dtype is needed: {}",
                         name(dtype));
    const auto drawn = [&]<class T>(T) {
        Array a = Array::empty(dtype_of<T>(), shape, where);
        T* p = static_cast<T*>(a.data());
        fill(a.size(), p);
        for (std::int64_t i = 0; i < a.size(); ++i)
            p[i] = static_cast<T>(shift) + static_cast<T>(scale) * p[i];
        return a;
    };
    return dtype == DType::f64 ? drawn(double{}) : drawn(float{}).cast(dtype);
}

} // namespace

Array Array::normal(std::uint64_t key,
                    const std::vector<std::int64_t>& shape,
                    DType dtype,
                    double scale,
                    Where where)
{
    return array_of_draws(dtype, shape, 0, scale, "normal", where,
                          [&](auto count, auto* to) { detail::philox_normal(key, count, to); });
}

Array Array::uniform(std::uint64_t key,
                     const std::vector<std::int64_t>& shape,
                     DType dtype,
                     double low,
                     double high,
                     Where where)
{
    return array_of_draws(dtype, shape, low, high - low, "uniform", where,
                          [&]<class T>(std::int64_t count, T* to) {
                              detail::philox_uniform(key, count, to);
                              if (croton::size_bytes(dtype) > 2) return;
                              const T steps = static_cast<T>(unit_steps(dtype));
                              for (std::int64_t i = 0; i < count; ++i)
                                  to[i] = std::floor(to[i] * steps) / steps;
                          });
}

std::span<const Op* const> random_ops()
{
    static constexpr const Op* ops[] = {&philox_uniform_op, &philox_normal_op};
    return ops;
}

} // namespace croton::inline v1
