#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/grad.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "ops/delay.hpp"
#include "support/catch.hpp"
#include "support/finite_difference.hpp"

// Every op has right derivatives, first and second, in both modes, or none at all.

using namespace croton;
using namespace croton::test;

namespace {

/// Ops without a derivative: constant wherever they are continuous, true or false, of integers, or
/// without operands.
const std::set<std::string_view> without_gradient = {
    "all",         "any",           "argmax",        "argmin",         "bitwise_and", "bitwise_or",
    "bitwise_xor", "ceil",          "equal",         "extent_value",   "floor",       "floor_div",
    "greater",     "greater_equal", "invert",        "iota",           "isfinite",    "isinf",
    "isnan",       "left_shift",    "less",          "less_equal",     "logical_and", "logical_not",
    "logical_or",  "not_equal",     "philox_normal", "philox_uniform", "right_shift", "round",
    "sign",        "trunc"};

using Make = Variable (*)(const Variable& x);

Variable positions()
{
    static const std::vector<std::int64_t> values{0, 2, 0};
    return Array::copy(View<const std::int64_t>(values));
}

/// What makes an op that takes parameters or other operands of a (3, 3).
const std::map<std::string_view, Make> structured = {
    {"where", [](const Variable& x) { return where(x > 1, x * x, sin(x)); }},
    {"broadcast_to", [](const Variable& x) { return broadcast_to(x, {2, 3, 3}); }},
    {"reshape", [](const Variable& x) { return reshape(x, {9}); }},
    {"transpose", [](const Variable& x) { return transpose(x); }},
    {"expand_dims", [](const Variable& x) { return expand_dims(x, 1); }},
    {"squeeze", [](const Variable& x) { return squeeze(x(_, slice(0, 1))); }},
    {"flip", [](const Variable& x) { return flip(x, Axis{0, 1}); }},
    {"concatenate", [](const Variable& x) { return concatenate({x, x * x, x}, 1); }},
    {"slice", [](const Variable& x) { return x(slice(1, _), slice(_, _, -2)); }},
    {"set_slice", [](const Variable& x) { return x.set({0}, x(1) * x(2)); }},
    {"diagonal", [](const Variable& x) { return diagonal(x, 1); }},
    {"gather", [](const Variable& x) { return take(x, positions(), 0); }},
    {"scatter_add", [](const Variable& x) { return scatter_add(x, {positions()}, x * x); }},
    {"scatter_set", [](const Variable& x) { return scatter_set(x, {positions()}, x * x); }},
    {"take_along_axis",
     [](const Variable& x) { return take_along_axis(x, expand_dims(positions(), 1), 1); }},
    {"add_along_axis",
     [](const Variable& x) {
         const Variable read = take_along_axis(x, expand_dims(positions(), 1), 1);
         return vjp({read}, {x}, {read * read})[0];
     }},
    {"contract", [](const Variable& x) { return dot(x, x * x); }},
    {"softmax", [](const Variable& x) { return softmax(x * 3); }},
    {"log_softmax", [](const Variable& x) { return log_softmax(x * 3, Axis{0}); }},
    {"logsumexp", [](const Variable& x) { return logsumexp(x * 2, Axis{1}); }},
    {"mean", [](const Variable& x) { return mean(x, Axis{1}); }},
    {"stddev", [](const Variable& x) { return stddev(x, Axis{1}); }},
    {"var", [](const Variable& x) { return var(x, Axis{1}, true, 1); }},
    {"delay", [](const Variable& x) { return detail::delay(x, x(0) * x(1), false); }},
    {"edge", [](const Variable& x) { return detail::edge(x, x(0) * x(1), true); }},
    {"scan",
     [](const Variable& x) {
         return scan([](const Variable& row, const Variable& h) { return sin(row) * h; },
                     {.sequences = {x}, .init = {x(0)}})
             .history[0];
     }},
    {"custom",
     [](const Variable& x) {
         const auto wave =
             custom_vjp([](const Variable& v) { return sin(v) * v; },
                        [](const Variable& v, const Variable& y, const Variable& y_bar) {
                            return Variables{y_bar * (v * cos(v) + y / v)};
                        });
         return wave(x);
     }},
    {"recompute",
     [](const Variable& x) {
         const Variable y = sum(square(checkpoint([](const Variable& v) { return exp(v); })(x)));
         return grad(y, x);
     }},
    {"switch_case",
     [](const Variable& x) {
         const Variable s = sum(x);
         return cond(s == s, [&] { return sin(x) * s; }, [&] { return x; })[0];
     }},
};

/// Ops whose derivative is not that of their values, which go in steps.
const std::map<std::string_view, double> given_slopes = {{"cast", 1},
                                                         {"round_through", 1},
                                                         {"stop_gradient", 0}};

/// Operands of a pointwise op, of a reduction or of a running one: f64 vectors.
Variable apply_to(const Op& op, Variables& inputs)
{
    Params params;
    if (std::holds_alternative<Reduce>(op.lowering))
        params = make_params(ReduceParams{{0}});
    else if (std::holds_alternative<Prefix>(op.lowering))
        params = make_params(PrefixParams{});
    for (std::size_t i = 0; i < op.arity; ++i)
        inputs.push_back(vector<double>(std::string(1, static_cast<char>('a' + i)), {3}));
    return apply(op, inputs, std::move(params), inputs[0].location());
}

void check_structured(const Op& op, Make make)
{
    const Variable x = tensor<double>("x", {3, 3});
    const Variable y = make(x);
    const auto applies = applies_of(Variables{y});
    CHECK(std::ranges::any_of(applies, [&](const Apply& a) { return &a.op() == &op; }));
    // Every element counts, each in its own way, to second order.
    const Variable weights = iota(y.shape(), -1).as(DType::f64) + 1;
    check_derivatives({x}, {sample(3, {3, 3})}, sum(sin(y) * weights));
}

void check_slope(const Op& op, double slope)
{
    const Variable x = vector<double>("x", {3});
    const Variable y =
        op.name == "cast" ? cast(x, DType::f32) : apply(op, Variables{x}, Params{}, x.location());
    const Variable x_bar = grad(sum(y * 2 + x), x);
    for (std::int64_t i = 0; i < 3; ++i)
        CHECK(value_at({x}, {sample(3, {3})}, x_bar, i) == 2 * slope + 1);
}

} // namespace

TEST_CASE("every op has right derivatives on its domain, or is one that has none")
{
    for (const Op* op : all_ops()) {
        INFO("op " << op->name);
        const bool none = std::holds_alternative<NotDifferentiable>(op->grad);
        CHECK(none == without_gradient.contains(op->name));
        if (none) continue;
        if (const auto known = given_slopes.find(op->name); known != given_slopes.end()) {
            check_slope(*op, known->second);
            continue;
        }
        if (const auto known = structured.find(op->name); known != structured.end()) {
            check_structured(*op, known->second);
            continue;
        }
        Variables inputs;
        const Variable y = apply_to(*op, inputs);
        std::vector<Array> values;
        for (std::size_t i = 0; i < inputs.size(); ++i)
            values.push_back(sample(5 * i + 3, {3}, op->domain.lo + 0.01, op->domain.hi - 0.01));
        const Variable weights = Array(sample(9, {3}));
        check_derivatives(inputs, values, y.rank() == 1 ? sum(y * weights) : y * 1.5);
    }
}
