#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/rules.hpp>

#include <cmath>

namespace croton::inline v1 {

namespace {

/// The smallest number of a float dtype that has all of its digits.
double smallest_normal(DType t)
{
    switch (t) {
    case DType::f16:
        return 0x1p-14;
    case DType::bf16:
    case DType::f32:
        return 0x1p-126;
    default:
        return 0x1p-1022;
    }
}

using Merge = double (*)(double a, double b);

/// Whether a and b are constants that make a constant of the result's dtype, by `merge`, which is
/// finite and has all of its digits: x * 1e20 * 1e20 is not x * inf. Integers wrap. A third
/// constant is for folding, not for moving.
Predicate meet(Merge merge)
{
    return [merge](const Match& m) {
        const auto a = constant_value(m["a"]), b = constant_value(m["b"]);
        if (!a || !b || constant_value(m["x"])) return false;
        const DType t = m.type().dtype();
        if (!is_float(t)) return true;
        const double both = Array::scalar(merge(*a, *b)).cast(t).as_double(0);
        return std::isfinite(both) && std::abs(both) >= smallest_normal(t);
    };
}

void add_identities(RuleSet& r)
{
    using enum Exactness;
    const Variable x = wildcard("x");
    const Variable y = wildcard("y");
    const Variable z = wildcard("z");

    r.add(x * 1, x, bitwise);
    r.add(x / 1, x, bitwise);
    r.add(x - 0, x, bitwise);
    r.add(x + 0, x, domain); // -0 + 0 is +0
    r.add(x * 0, 0, bitwise).when(is_integer("x"));
    r.add(x * 0, 0, domain).when(is_float("x")); // NaN and infinities give NaN, negatives -0
    r.add(0 / x, 0, domain);                     // 0 / 0 is NaN, 0 / -1 is -0
    r.add(x - x, 0, bitwise).when(is_integer("x"));
    r.add(x - x, 0, domain).when(is_float("x")); // NaN and infinities give NaN
    r.add(x / x, 1, domain);                     // 0, NaN and infinities give NaN
    r.add(x * x, square(x), bitwise);
    r.add(floor_div(x, 1), x, bitwise).when(is_integer("x"));
    r.add(x % 1, 0, bitwise).when(is_integer("x"));

    // Integers wrap, so their sums cancel exactly.
    r.add((x + y) - y, x, bitwise).when(is_integer("x"));
    r.add((x - y) + y, x, bitwise).when(is_integer("x"));
    r.add(x - (x - y), y, bitwise).when(is_integer("x"));
    r.add((x - y) - x, -y, bitwise).when(is_integer("x"));
    r.add(x * y + x * z, x * (y + z), bitwise).when(is_integer("x"));
    r.add(x * y - x * z, x * (y - z), bitwise).when(is_integer("x"));
}

void add_constants(RuleSet& r)
{
    using enum Exactness;
    const Variable x = wildcard("x");
    const Variable a = wildcard("a");
    const Variable b = wildcard("b");
    const Predicate constants = meet([](double p, double q) { return p + q; }); // of integers
    const Predicate multiply = meet([](double p, double q) { return p * q; });
    const Predicate divide = meet([](double p, double q) { return p / q; });
    const Predicate divide_by = meet([](double p, double q) { return q / p; });

    // Two constants meet, and are folded into one.
    r.add((x + a) + b, x + (a + b), bitwise).when(is_integer("x")).when(constants).expands();
    r.add((x + a) - b, x + (a - b), bitwise).when(is_integer("x")).when(constants).expands();
    r.add((x - a) - b, x - (a + b), bitwise).when(is_integer("x")).when(constants).expands();
    r.add((x * a) * b, x * (a * b), rounding).when(multiply).expands();
    r.add((x * a) / b, x * (a / b), rounding).when(divide).expands();
    r.add((x / a) * b, x * (b / a), rounding).when(divide_by).expands();
    r.add((x / a) / b, x / (a * b), rounding).when(multiply).expands();
    r.add(a / (x * b), (a / b) / x, rounding).when(divide).expands();
    r.add(a / (b / x), (a / b) * x, rounding).when(divide).expands();
}

void add_powers(RuleSet& r)
{
    using enum Exactness;
    const Variable x = wildcard("x"), y = wildcard("y");
    const ParamWildcard s("s");

    r.add(pow(x, 0), 1, bitwise);
    r.add(pow(x, 1), x, bitwise);
    r.add(pow(x, 2), square(x), rounding);
    r.add(pow(x, 3), x * square(x), rounding).expands();
    r.add(pow(x, 4), square(square(x)), rounding).expands();
    r.add(pow(x, 0.5), sqrt(x), rounding).when(is_float("x"));
    r.add(pow(x, -1), 1 / x, rounding).when(is_float("x")).expands();
    // Not 1 / square(x), which is 0 where the result is subnormal.
    r.add(pow(x, -2), square(1 / x), rounding).when(is_float("x")).expands();
    r.add(pow(x, -0.5), rsqrt(x), rounding).when(is_float("x"));
    r.add(1 / sqrt(x), rsqrt(x), rounding);
    r.add(1 / rsqrt(x), sqrt(x), rounding);
    r.add(sqrt(1 / x), rsqrt(x), rounding);
    // One division a line instead of one an element; a root and its inverse are never subnormal.
    r.add(x / broadcast_to(sqrt(y), s), x * broadcast_to(rsqrt(y), s), rounding).expands();
    r.add(1 / (1 / x), x, rounding);
    r.add(square(abs(x)), square(x), bitwise);
}

void add_functions(RuleSet& r)
{
    using enum Exactness;
    const Variable x = wildcard("x");

    r.add(abs(abs(x)), abs(x), bitwise);
    r.add(abs(square(x)), square(x), bitwise).when(is_float("x"));
    r.add(abs(exp(x)), exp(x), bitwise);
    r.add(abs(sigmoid(x)), sigmoid(x), bitwise);
    r.add(relu(relu(x)), relu(x), bitwise);
    r.add(relu(exp(x)), exp(x), bitwise);
    r.add(relu(sigmoid(x)), sigmoid(x), bitwise);
    r.add(relu(abs(x)), abs(x), bitwise).when(is_float("x"));
    r.add(maximum(x, 0), relu(x), bitwise).when(is_number("x"));
    r.add(maximum(x, x), x, bitwise);
    r.add(minimum(x, x), x, bitwise);
    r.add(floor(floor(x)), floor(x), bitwise);
    r.add(ceil(ceil(x)), ceil(x), bitwise);
    r.add(trunc(trunc(x)), trunc(x), bitwise);
    r.add(round(round(x)), round(x), bitwise);
    r.add(sin(x) / cos(x), tan(x), rounding);
    r.add(square(sin(x)) + square(cos(x)), 1, rounding);
}

} // namespace

RuleSet arith_rules()
{
    RuleSet r("arith");
    add_identities(r);
    add_constants(r);
    add_powers(r);
    add_functions(r);
    return r;
}

} // namespace croton::inline v1
