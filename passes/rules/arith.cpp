#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/rules.hpp>

namespace croton::inline v1 {

RuleSet arith_rules()
{
    using enum Exactness;
    RuleSet r("arith");
    const Variable x = wildcard("x");
    const Variable y = wildcard("y");

    r.add(x * 1, x, bitwise);
    r.add(x / 1, x, bitwise);
    r.add(x + 0, x, domain); // -0 + 0 is +0
    r.add(x - 0, x, bitwise);
    r.add(x * 0, 0, bitwise).when(is_integer("x"));
    r.add(x - x, 0, bitwise).when(is_integer("x"));
    r.add(x * x, square(x), bitwise);

    return r;
}

} // namespace croton::inline v1
