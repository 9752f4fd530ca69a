#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/rules.hpp>

namespace croton::inline v1 {

namespace {

void add_comparisons(RuleSet& r)
{
    using enum Exactness;
    const Variable x = wildcard("x");
    const Variable y = wildcard("y");
    const auto not_float = [](const Match& m) { return !is_float(m["x"].dtype()); };

    r.add(x < x, false, bitwise);
    r.add(x == x, true, bitwise).when(not_float); // a NaN is not equal to itself
    r.add(x != x, false, bitwise).when(not_float);
    r.add(x <= x, true, bitwise).when(not_float);
    r.add(x != x, isnan(x), bitwise).when(is_float("x"));
    r.add(!(x == y), x != y, bitwise);
    r.add(!(x != y), x == y, bitwise);
    r.add(!(x < y), y <= x, bitwise).when(not_float);
    r.add(!(x <= y), y < x, bitwise).when(not_float);
    r.add(abs(x) < 0, false, bitwise).when(is_float("x"));
    r.add(square(x) < 0, false, bitwise).when(is_float("x"));
    r.add(exp(x) < 0, false, bitwise);
}

void add_logic(RuleSet& r)
{
    using enum Exactness;
    const Variable c = wildcard("c");
    const Variable d = wildcard("d");

    r.add(!!c, c, bitwise);
    r.add(c && c, c, bitwise);
    r.add(c || c, c, bitwise);
    r.add(c && true, c, bitwise);
    r.add(c || false, c, bitwise);
    r.add(c && false, false, bitwise);
    r.add(c || true, true, bitwise);
    r.add(c && !c, false, bitwise);
    r.add(c || !c, true, bitwise);
    r.add(c && (c || d), c, bitwise);
    r.add(c || (c && d), c, bitwise);
    r.add(!c && !d, !(c || d), bitwise);
    r.add(!c || !d, !(c && d), bitwise);
}

void add_bits(RuleSet& r)
{
    using enum Exactness;
    const Variable x = wildcard("x");
    const Variable y = wildcard("y");

    r.add(~~x, x, bitwise);
    r.add(x & x, x, bitwise);
    r.add(x | x, x, bitwise);
    r.add(x ^ x, 0, bitwise);
    r.add(x & 0, 0, bitwise);
    r.add(x | 0, x, bitwise);
    r.add(x ^ 0, x, bitwise);
    r.add((x ^ y) ^ y, x, bitwise);
}

void add_where(RuleSet& r)
{
    using enum Exactness;
    const Variable c = wildcard("c");
    const Variable x = wildcard("x");
    const Variable y = wildcard("y");
    const Variable z = wildcard("z");

    r.add(where(c, x, x), x, bitwise);
    r.add(where(true, x, y), x, bitwise);
    r.add(where(false, x, y), y, bitwise);
    r.add(where(c, true, false), c, bitwise);
    r.add(where(c, false, true), !c, bitwise);
    r.add(where(!c, x, y), where(c, y, x), bitwise);
    r.add(where(c, where(c, x, y), z), where(c, x, z), bitwise);
    r.add(where(c, x, where(c, y, z)), where(c, x, z), bitwise);
    r.add(clip(clip(x, y, z), y, z), clip(x, y, z), bitwise);
}

} // namespace

RuleSet compare_rules()
{
    RuleSet r("compare");
    add_comparisons(r);
    add_logic(r);
    add_bits(r);
    add_where(r);
    return r;
}

} // namespace croton::inline v1
