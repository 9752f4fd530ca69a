#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/rules.hpp>

namespace croton::inline v1 {

namespace {

bool is_identity(const std::vector<int>& order)
{
    for (std::size_t i = 0; i < order.size(); ++i)
        if (order[i] != static_cast<int>(i)) return false;
    return true;
}

/// The order that takes axes as `inner` and then `outer` do.
std::vector<int> composed(const std::vector<int>& inner, const std::vector<int>& outer)
{
    std::vector<int> order;
    for (int axis : outer)
        order.push_back(inner[static_cast<std::size_t>(axis)]);
    return order;
}

bool is_scalar(const Match& m) { return m["x"].rank() == 0; }

} // namespace

RuleSet shape_rules()
{
    using enum Exactness;
    RuleSet r("shape");
    const Variable x = wildcard("x");
    const ParamWildcard s("s");
    const ParamWildcard t("t");
    const ParamWildcard p("p");
    const ParamWildcard q("q");
    const ParamWildcard pq("pq");

    r.add(reshape(x, s), x, bitwise).when(has_type_of_result("x"));
    r.add(reshape(reshape(x, s), t), reshape(x, t), bitwise);
    r.add(broadcast_to(x, s), x, bitwise).when(has_type_of_result("x"));
    r.add(broadcast_to(broadcast_to(x, s), t), broadcast_to(x, t), bitwise);
    r.add(transpose(x, p), x, bitwise).when([](const Match& m) {
        return is_identity(m.ints("p"));
    });
    r.add(transpose(transpose(x, p), q), transpose(x, pq), bitwise).with("pq", [](const Match& m) {
        return composed(m.ints("p"), m.ints("q"));
    });

    // A scalar repeated everywhere is the same however its axes are arranged.
    r.add(reshape(broadcast_to(x, s), t), x, bitwise).when(is_scalar);
    r.add(transpose(broadcast_to(x, s), p), x, bitwise).when(is_scalar);

    return r;
}

} // namespace croton::inline v1
