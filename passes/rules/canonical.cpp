#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/rules.hpp>

namespace croton::inline v1 {

RuleSet canonical_rules()
{
    using enum Exactness;
    RuleSet r("canonical");
    const Variable x = wildcard("x");
    const Variable y = wildcard("y");
    const Variable z = wildcard("z");

    // Comparisons read from the smaller side.
    r.add(x > y, y < x, bitwise).expands();
    r.add(x >= y, y <= x, bitwise).expands();

    // Signs move out of products and into sums.
    r.add(-(-x), x, bitwise);
    r.add(x + -y, x - y, bitwise);
    r.add(x - -y, x + y, bitwise);
    r.add(-x * -y, x * y, bitwise);
    r.add(-x / -y, x / y, bitwise);
    r.add(-(x - y), y - x, domain); // x == y gives -0 and +0
    r.add(x * -1, -x, bitwise);
    r.add(x / -1, -x, bitwise);
    r.add(0 - x, -x, domain); // x == 0 gives +0 and -0

    return r;
}

} // namespace croton::inline v1
