#include "expressions.hpp"

namespace ct = croton;
using ct::Variable;

namespace bench {

namespace {

Variable rows_of(std::int64_t rows, std::int64_t n)
{
    return ct::input("x", ct::DType::f32, {rows, n});
}

Variable centred(const Variable& x) { return x - ct::mean(x, ct::Axis{-1}, true); }

} // namespace

ModelGraph larger_and_root(ct::DType t)
{
    const auto x = ct::input("x", t, {ct::dim("n")}), y = ct::input("y", t, x.shape());
    return {{x, y}, {0.5 * sqrt(x * x + y * y) + where(x > y, x, y)}};
}

ModelGraph exp_tanh(ct::DType t)
{
    const auto x = ct::input("x", t, {ct::dim("n")}), y = ct::input("y", t, x.shape());
    return {{x, y}, {exp(-x) * tanh(y) + log1p(x * x)}};
}

ModelGraph sin_erf(ct::DType t)
{
    const auto x = ct::input("x", t, {ct::dim("n")}), y = ct::input("y", t, x.shape());
    return {{x, y}, {sin(x) * erf(y)}};
}

ModelGraph softmax_rows(std::int64_t rows, std::int64_t n)
{
    const auto x = rows_of(rows, n);
    return {{x}, {ct::softmax(x, -1)}};
}

ModelGraph logsumexp_rows(std::int64_t rows, std::int64_t n)
{
    const auto x = rows_of(rows, n);
    return {{x}, {ct::logsumexp(x, ct::Axis{-1})}};
}

ModelGraph layernorm_rows(std::int64_t rows, std::int64_t n)
{
    const auto x = rows_of(rows, n);
    const auto gain = ct::input("gain", x.dtype(), {n}), bias = ct::input("bias", x.dtype(), {n});
    const auto c = centred(x);
    const auto variance = ct::mean(square(c), ct::Axis{-1}, true);
    return {{x, gain, bias}, {c / sqrt(variance + 1e-5) * gain + bias}};
}

ModelGraph variance_rows(std::int64_t rows, std::int64_t n)
{
    const auto x = rows_of(rows, n);
    return {{x}, {ct::mean(square(centred(x)), ct::Axis{-1})}};
}

ModelGraph sum_exp_axis(int axis)
{
    const auto x = rows_of(2048, 2048);
    return {{x}, {ct::sum(exp(x), ct::Axis{axis})}};
}

ModelGraph sum_exp_all()
{
    const auto x = rows_of(2048, 2048);
    return {{x}, {ct::sum(exp(x))}};
}

ModelGraph dense_gelu(std::int64_t n, ct::DType t)
{
    const auto x = ct::input("x", t, {n, n}), w = ct::input("w", t, {n, n});
    const auto b = ct::input("b", t, {n});
    return {{x, w, b}, {gelu_tanh(ct::dot(x, w) + b)}};
}

ModelGraph batched_product()
{
    const auto x = ct::input("x", ct::DType::f32, {64, 128, 64});
    const auto w = ct::input("w", ct::DType::f32, {64, 64, 128});
    return {{x, w}, {ct::matmul(x, w)}};
}

} // namespace bench
