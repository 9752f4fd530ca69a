#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/rules.hpp>

#include <cmath>
#include <functional>

namespace croton::inline v1 {

namespace {

/// Whether a constant is below 0, and above 0 once it is negated.
bool is_negative(const Variable& v)
{
    const auto value = constant_value(v);
    if (!value || !(*value < 0)) return false; // nor is NaN
    return is_float(v.dtype()) ||
           *value > -std::ldexp(1.0, 8 * static_cast<int>(size_bytes(v.dtype())) - 1);
}

} // namespace

RuleSet canonical_rules()
{
    using enum Exactness;
    RuleSet r("canonical");
    const Variable x = wildcard("x");
    const Variable y = wildcard("y");
    const Variable c = wildcard("c");

    // Comparisons read from the smaller side.
    r.add(x > y, y < x, bitwise).expands();
    r.add(x >= y, y <= x, bitwise).expands();

    // Signs move out of products and into sums.
    r.add(-(-x), x, bitwise);
    const auto folds = [](const Match& m) { return constant_value(m["y"]).has_value(); };
    r.add(x + -y, x - y, bitwise).when(std::not_fn(folds));
    r.add(x - -y, x + y, bitwise).when(std::not_fn(folds));
    r.add(-x * -y, x * y, bitwise);
    r.add(-x / -y, x / y, bitwise);
    r.add(-(x - y), y - x, domain); // x == y gives -0 and +0
    r.add(x * -1, -x, bitwise);
    r.add(x / -1, -x, bitwise);
    r.add(0 - x, -x, domain); // x == 0 gives +0 and -0

    // A constant's sign goes where a constant above 0 has none.
    const auto below_zero = [](const Match& m) { return is_negative(m["c"]); };
    r.add(x + c, x - -c, bitwise).when(below_zero).expands();
    r.add(x - c, x + -c, bitwise).when(below_zero).expands();

    // Odd and even functions: a sign moves out, or goes away.
    r.add(abs(-x), abs(x), bitwise).when([](const Match& m) {
        return !is_unsigned(m["x"].dtype());
    });
    r.add(square(-x), square(x), bitwise);
    r.add(cos(-x), cos(x), bitwise);
    r.add(cosh(-x), cosh(x), bitwise);
    r.add(sin(-x), -sin(x), bitwise).expands();
    r.add(tan(-x), -tan(x), bitwise).expands();
    r.add(tanh(-x), -tanh(x), bitwise).expands();
    r.add(erf(-x), -erf(x), bitwise).expands();

    const auto scaled = [](const Match& m) {
        return constant_value(m["c"]) && !constant_value(m["x"]);
    };

    // A constant takes the sign of its product, and meets the other constants.
    r.add(-(x * c), x * -c, bitwise).when(scaled).expands();
    r.add(-(x / c), x / -c, bitwise).when(scaled).expands();
    r.add(-(c / x), -c / x, bitwise).when(scaled).expands();

    return r;
}

} // namespace croton::inline v1
