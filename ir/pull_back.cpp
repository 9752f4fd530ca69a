#include <croton/ir/pull_back.hpp>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/overloaded.hpp>

namespace croton::inline v1 {

std::string describe(const Variable& v)
{
    if (!v.name().empty()) return fmt::format("'{}'", v.name());
    const std::string place = v.location() ? fmt::format(" ({})", to_string(*v.location())) : "";
    if (const Apply a = v.owner()) return fmt::format("the result of {}{}", a.op().name, place);
    return fmt::format("the unnamed {}{}", v.leaf() == Leaf::constant ? "constant" : "input", place);
}

namespace {

Variables call_gradient(const Apply& a, const Variables& y_bars, std::string_view function, const Location* place)
{
    const Variables ys = a.outputs();
    return std::visit(
        overloaded{
            [&](const NotDifferentiable& n) -> Variables {
                const std::string at = a.location() ? fmt::format(" ({})", to_string(*a.location())) : "";
                throw user_error(Code::domain, place, function, "{}{} has no gradient: {}",
                                 a.op().name, at, n.reason);
            },
            [&](Variable (*f)(const UnaryGrad&)) -> Variables {
                return {f({a.input(0), ys[0], y_bars[0]})};
            },
            [&](std::array<Variable, 2> (*f)(const BinaryGrad&)) -> Variables {
                const auto bars = f({a.input(0), a.input(1), ys[0], y_bars[0]});
                return {bars.begin(), bars.end()};
            },
            [&](Variables (*f)(const GeneralGrad&)) -> Variables {
                return f({a, a.inputs(), ys, y_bars, a.params().get()});
            },
        },
        a.op().grad);
}

} // namespace

Variables input_cotangents(const Apply& a,
                           const Variables& y_bars,
                           std::string_view function,
                           const Location* place)
{
    const OriginScope origin(a.location());
    Variables bars = call_gradient(a, y_bars, function, place);
    if (bars.size() != a.inputs().size())
        throw internal_error(a.op().name, "its gradient gives {} cotangents for {} inputs", bars.size(),
                             a.inputs().size());
    for (std::size_t i = 0; i < bars.size(); ++i)
        if (!bars[i].is_empty() && bars[i].type() != a.input(i).type())
            throw internal_error(a.op().name, "its gradient gives {} for input {}, which is {}",
                                 to_string(bars[i].type()), i + 1, to_string(a.input(i).type()));
    return bars;
}

namespace {

/// What lies between xs and ys. An Apply depends on xs through float values only: integers, bools and
/// what is computed from them alone carry no gradient.
class Between {
public:
    Between(std::span<const Variable> ys, std::span<const Variable> xs)
    {
        for (const Variable& x : xs) {
            targets_.insert(x.value());
            oldest_ = std::min(oldest_, x.value()->node->serial);
        }
        for (const Variable& y : ys) walk(y);
    }

    bool contains(const Variable& v) const
    {
        if (!is_float(v.dtype())) return false;
        if (targets_.contains(v.value())) return true;
        const auto at = depends_.find(v.value()->node);
        return at != depends_.end() && at->second;
    }
    bool is_target(const Variable& v) const { return targets_.contains(v.value()); }
    /// Inputs before users.
    const std::vector<Apply>& applies() const { return applies_; }

private:
    struct Frame {
        Apply apply;
        std::size_t next;
    };

    void walk(const Variable& root)
    {
        std::vector<Frame> stack;
        // A node is younger than its inputs: at the oldest x the walk can turn back.
        const auto enter = [&](const Variable& v) {
            const detail::Node* node = v.value()->node;
            if (!node->op || node->serial <= oldest_) return;
            if (depends_.emplace(node, false).second) stack.push_back({v.owner(), 0});
        };
        enter(root);
        while (!stack.empty()) {
            Frame& top = stack.back();
            if (top.next < top.apply.inputs().size()) {
                enter(top.apply.input(top.next++)); // may move `stack`: `top` is not used again
                continue;
            }
            const Apply apply = std::move(top.apply);
            stack.pop_back();
            const bool on_the_way = std::ranges::any_of(
                apply.inputs(), [&](const Variable& in) { return contains(in); });
            depends_[apply.node()] = on_the_way;
            if (on_the_way) applies_.push_back(apply);
        }
    }

    std::uint64_t oldest_ = ~std::uint64_t{0};
    std::unordered_set<const detail::Value*> targets_;
    std::unordered_map<const detail::Node*, bool> depends_;
    std::vector<Apply> applies_;
};

class Sweep {
public:
    Sweep(const Between& between, std::string_view function, const Location* place)
        : between_(between), function_(function), place_(place)
    {
    }

    void add(const Variable& v, const Variable& bar)
    {
        Variable& have = bars_[v.value()];
        have = have.is_empty() ? bar : have + bar;
    }

    /// From the outputs' cotangents to the inputs'.
    void pull(const Apply& apply)
    {
        const OriginScope origin(apply.location());
        Variables y_bars;
        bool reached = false;
        for (const Variable& y : apply.outputs()) {
            y_bars.push_back(take(y));
            reached |= !y_bars.back().is_empty();
        }
        if (!reached) return;
        for (std::size_t i = 0; i < y_bars.size(); ++i)
            if (y_bars[i].is_empty()) y_bars[i] = zeros_like(apply.output(i));
        const Variables x_bars = input_cotangents(apply, y_bars, function_, place_);
        for (std::size_t i = 0; i < x_bars.size(); ++i)
            if (!x_bars[i].is_empty() && between_.contains(apply.input(i)))
                add(apply.input(i), x_bars[i]);
    }

    Variable result(const Variable& x) const
    {
        const auto at = bars_.find(x.value());
        return at == bars_.end() ? Variable() : at->second;
    }

private:
    /// The cotangent of a value whose users have all been visited. Only xs are asked for again: the
    /// others' are let go, so that they live no longer than the graph that uses them.
    Variable take(const Variable& y)
    {
        const auto at = bars_.find(y.value());
        if (at == bars_.end()) return {};
        const Variable bar = at->second;
        if (!between_.is_target(y)) bars_.erase(at);
        return bar;
    }

    const Between& between_;
    std::string_view function_;
    const Location* place_;
    std::unordered_map<const detail::Value*, Variable> bars_;
};

} // namespace

Variables pull_back(std::span<const Variable> ys,
                    std::span<const Variable> y_bars,
                    std::span<const Variable> xs,
                    std::string_view function,
                    const Location* place)
{
    const Between between(ys, xs);
    Sweep sweep(between, function, place);
    for (std::size_t i = 0; i < ys.size(); ++i)
        if (!y_bars[i].is_empty() && between.contains(ys[i])) sweep.add(ys[i], y_bars[i]);
    const std::vector<Apply>& applies = between.applies();
    for (auto a = applies.rbegin(); a != applies.rend(); ++a) sweep.pull(*a);
    Variables bars;
    for (const Variable& x : xs) bars.push_back(sweep.result(x));
    return bars;
}

} // namespace croton::inline v1
