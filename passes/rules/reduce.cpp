#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/rules.hpp>

#include <algorithm>
#include <cmath>

namespace croton::inline v1 {

namespace {

/// The axes of x that are gone after its axes `first`, and then axes `second` of what is left.
std::vector<int> both(const std::vector<int>& first, const std::vector<int>& second)
{
    std::vector<int> axes = first;
    for (int axis : second) { // count over the axes that `first` took
        int at = axis;
        for (int gone : first)
            if (gone <= at) ++at;
        axes.push_back(at);
    }
    std::ranges::sort(axes);
    return axes;
}

ParamValue both_axes(const Match& m) { return both(m.ints("axes"), m.ints("more")); }
bool no_axes(const Match& m) { return m.ints("axes").empty() && m["x"].type() == m.type(); }
enum class Factor : bool { multiplies, divides };

/// Whether x's own sum goes no further than that of the scaled elements: where c takes them nearer
/// to 0, sum(x) can overflow though sum(x * c) does not, in every dtype. So a float's factor is a
/// constant that takes no element nearer to 0; nothing is lost to subnormals then, as sums of them
/// are exact. A sum of no elements is 0, as is 0 * c for a finite c. Integers wrap either way.
Predicate scales(Factor factor)
{
    return [factor](const Match& m) {
        if (m["c"].rank() != 0) return false;
        if (!is_float(m["x"].dtype())) return true;
        const auto c = constant_value(m["c"]);
        if (!c || !std::isfinite(*c)) return false;
        return factor == Factor::multiplies ? std::abs(*c) >= 1 : *c != 0 && std::abs(*c) <= 1;
    };
}

} // namespace

RuleSet reduce_rules()
{
    using enum Exactness;
    RuleSet r("reduce");
    const Variable x = wildcard("x");
    const Variable c = wildcard("c");
    const ParamWildcard axes("axes");
    const ParamWildcard more("more");
    const ParamWildcard both("both");
    const ParamWildcard s("s");

    r.add(sum(x, axes), x, bitwise).when(no_axes);
    r.add(sum(sum(x, axes), more), sum(x, both), rounding).with("both", both_axes);
    r.add(sum(-x, axes), -sum(x, axes), domain).expands(); // a sum of zeros, or of nothing, is +0

    r.add(prod(prod(x, axes), more), prod(x, both), rounding).with("both", both_axes);
    r.add(max(max(x, axes), more), max(x, both), bitwise).with("both", both_axes);
    r.add(max_number(max_number(x, axes), more), max_number(x, both), bitwise)
        .with("both", both_axes);
    r.add(min(min(x, axes), more), min(x, both), bitwise).with("both", both_axes);
    r.add(any(any(x, axes), more), any(x, both), bitwise).with("both", both_axes);
    r.add(croton::all(croton::all(x, axes), more), croton::all(x, both), bitwise)
        .with("both", both_axes);

    // A common factor is multiplied once.
    r.add(sum(x * broadcast_to(c, s), axes), sum(x, axes) * c, rounding)
        .when(scales(Factor::multiplies));
    r.add(sum(x / broadcast_to(c, s), axes), sum(x, axes) / c, rounding)
        .when(scales(Factor::divides));

    return r;
}

} // namespace croton::inline v1
