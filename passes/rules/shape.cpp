#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/passes/rules.hpp>

#include <algorithm>
#include <cstdint>
#include <string_view>

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

using Steps = std::vector<std::int64_t>;

/// Whether slices by `name` take neighbours, one way or the other.
bool takes_neighbours(const Match& m, std::string_view name)
{
    return std::ranges::all_of(std::get<Steps>(m.param(name)),
                               [](std::int64_t step) { return step == 1 || step == -1; });
}

/// Where the second of two slices starts in what the first is of.
Shape start_of_both(const Match& m)
{
    const Steps& step = std::get<Steps>(m.param("step"));
    Shape start = m.shape("start");
    for (std::size_t i = 0; i < start.size(); ++i)
        start[i] = start[i] + m.shape("start2")[i] * step[i];
    return start;
}

Steps step_of_both(const Match& m)
{
    Steps step = std::get<Steps>(m.param("step"));
    for (std::size_t i = 0; i < step.size(); ++i)
        step[i] *= std::get<Steps>(m.param("step2"))[i];
    return step;
}

Shape stop_of_both(const Match& m)
{
    const Steps step = step_of_both(m);
    const Steps& second = std::get<Steps>(m.param("step2"));
    Shape stop = start_of_both(m);
    for (std::size_t i = 0; i < stop.size(); ++i)
        stop[i] = stop[i] + (m.shape("stop2")[i] - m.shape("start2")[i]) * second[i] * step[i];
    return stop;
}

/// Nor may the one slice need of the extents what the two did not.
bool are_mergeable(const Match& m)
{
    if (!m.ints("dropped").empty() || !takes_neighbours(m, "step") || !takes_neighbours(m, "step2"))
        return false;
    const Shape start = start_of_both(m), stop = stop_of_both(m);
    const Steps step = step_of_both(m);
    for (std::size_t i = 0; i < step.size(); ++i) {
        const Extent n = m["x"].shape()[i];
        const bool forwards = step[i] > 0;
        const Extent low = forwards ? start[i] : stop[i] + 1;
        const Extent high = forwards ? stop[i] : start[i] + 1;
        if (!never_negative(low) || !never_negative(high - low) || !never_negative(n - high))
            return false;
    }
    return true;
}

/// Whether a slice is all of x, forwards.
bool is_all(const Match& m)
{
    return m["x"].type() == m.type() &&
           std::ranges::all_of(std::get<Steps>(m.param("step")),
                               [](std::int64_t step) { return step == 1; });
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

    const SliceParams first{ParamWildcard("start"), ParamWildcard("stop"), ParamWildcard("step"),
                            ParamWildcard("dropped")};
    const SliceParams second{ParamWildcard("start2"), ParamWildcard("stop2"),
                             ParamWildcard("step2"), ParamWildcard("dropped2")};
    const SliceParams both{ParamWildcard("start12"), ParamWildcard("stop12"),
                           ParamWildcard("step12"), ParamWildcard("dropped2")};
    const Variable value = wildcard("value");
    r.add(slice_of(x, first), x, bitwise).when(is_all);
    r.add(slice_of(slice_of(x, first), second), slice_of(x, both), bitwise)
        .when(are_mergeable)
        .with("start12", start_of_both)
        .with("stop12", stop_of_both)
        .with("step12", step_of_both);
    // What was written is what is read.
    r.add(slice_of(set_slice(x, value, first), first), value, bitwise);

    // A scalar repeated everywhere is the same however its axes are arranged.
    r.add(reshape(broadcast_to(x, s), t), x, bitwise).when(is_scalar);
    r.add(transpose(broadcast_to(x, s), p), x, bitwise).when(is_scalar);

    return r;
}

} // namespace croton::inline v1
