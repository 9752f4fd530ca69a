#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/overloaded.hpp>

#include <algorithm>
#include <unordered_map>

#include "between.hpp"
#include "cotangent_mask.hpp"
#include "scan_parts.hpp"

namespace croton::inline v1 {

std::string describe(const Variable& v)
{
    if (!v.name().empty()) return fmt::format("'{}'", v.name());
    const std::string place = v.location() ? fmt::format(" ({})", to_string(*v.location())) : "";
    if (const Apply a = v.owner()) return fmt::format("the result of {}{}", a.op().name, place);
    return fmt::format("the unnamed {}{}", v.leaf() == Leaf::constant ? "constant" : "input",
                       place);
}

namespace {

Variables call_gradient(const Apply& a,
                        const Variables& y_bars,
                        std::string_view function,
                        const Location* place)
{
    const Variables ys = a.outputs();
    return std::visit(
        overloaded{
            [&](const NotDifferentiable& n) -> Variables {
                const std::string at =
                    a.location() ? fmt::format(" ({})", to_string(*a.location())) : "";
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

bool may_agree(const Shape& a, const Shape& b)
{
    return std::ranges::equal(a, b,
                              [](const Extent& x, const Extent& y) { return !never_equal(x, y); });
}

} // namespace

Variables input_cotangents(const Apply& a,
                           const Variables& y_bars,
                           std::string_view function,
                           const Location* place)
{
    const OriginScope origin(a.location());
    Variables bars =
        std::holds_alternative<Scan>(a.op().lowering) // errors in its body name the caller
            ? detail::scan_cotangents(a, y_bars, function, place)
            : call_gradient(a, y_bars, function, place);
    if (bars.size() != a.inputs().size())
        throw internal_error(a.op().name, "its gradient gives {} cotangents for {} inputs",
                             bars.size(), a.inputs().size());
    for (std::size_t i = 0; i < bars.size(); ++i) {
        if (bars[i].is_empty() || bars[i].type() == a.input(i).type()) continue;
        if (bars[i].dtype() != a.input(i).dtype() ||
            !may_agree(bars[i].shape(), a.input(i).shape()))
            throw internal_error(a.op().name, "its gradient gives {} for input {}, which is {}",
                                 to_string(bars[i].type()), i + 1, to_string(a.input(i).type()));
        // The Apply requires two symbols to be equal, and the gradient is written in the other one.
        bars[i] = broadcast_to(bars[i], a.input(i).shape(), a.location());
    }
    return bars;
}

namespace {

/// A cotangent, and where it is known to be other than zero (cotangent_mask.hpp).
struct Cotangent {
    Variable bar;
    Variable mask;
};

class Sweep {
public:
    Sweep(const detail::Between& between, std::string_view function, const Location* place)
        : between_(between), function_(function), place_(place)
    {}

    void add(const Variable& v, const Variable& bar, const Variable& mask)
    {
        const auto [at, fresh] = cotangents_.try_emplace(v.value(), Cotangent{bar, mask});
        if (fresh) return;
        at->second = {at->second.bar + bar, detail::either_mask(at->second.mask, mask)};
    }

    /// From the outputs' cotangents to the inputs'.
    void pull(const Apply& apply)
    {
        const OriginScope origin(apply.location());
        const Cotangent first = take(apply.output());
        Variables y_bars{first.bar};
        for (std::size_t i = 1; i < apply.output_count(); ++i)
            y_bars.push_back(take(apply.output(i)).bar);
        if (std::ranges::all_of(y_bars, [](const Variable& bar) { return bar.is_empty(); })) return;
        for (std::size_t i = 0; i < y_bars.size(); ++i)
            if (y_bars[i].is_empty()) y_bars[i] = zeros_like(apply.output(i));
        const Variable y_mask = y_bars.size() == 1 ? first.mask : Variable();
        const Variables x_bars = input_cotangents(apply, y_bars, function_, place_);
        detail::InputMasks masks(apply, y_mask, function_, place_);
        for (std::size_t i = 0; i < x_bars.size(); ++i) {
            const Variable& x = apply.input(i);
            if (x_bars[i].is_empty() || !between_.contains(x)) continue;
            add(x, detail::cut_to_mask(apply, x_bars[i], y_bars[0], y_mask),
                between_.wants_mask(x) ? masks.of(i) : Variable());
        }
    }

    Variable result(const Variable& x) const
    {
        const auto at = cotangents_.find(x.value());
        return at == cotangents_.end() ? Variable() : at->second.bar;
    }

private:
    /// The cotangent of a value whose users have all been visited. Only xs are asked for again: the
    /// others' are let go, so that they live no longer than the graph that uses them.
    Cotangent take(const Variable& y)
    {
        const auto at = cotangents_.find(y.value());
        if (at == cotangents_.end()) return {};
        if (between_.is_x(y)) return at->second;
        Cotangent c = std::move(at->second);
        cotangents_.erase(at);
        return c;
    }

    const detail::Between& between_;
    std::string_view function_;
    const Location* place_;
    std::unordered_map<const detail::Value*, Cotangent> cotangents_;
};

} // namespace

Variables pull_back(std::span<const Variable> ys,
                    std::span<const Variable> y_bars,
                    std::span<const Variable> xs,
                    std::string_view function,
                    const Location* place)
{
    const detail::Between between(ys, xs);
    Sweep sweep(between, function, place);
    for (std::size_t i = 0; i < ys.size(); ++i)
        if (!y_bars[i].is_empty() && between.contains(ys[i])) sweep.add(ys[i], y_bars[i], {});
    const std::vector<Apply>& applies = between.applies();
    for (auto a = applies.rbegin(); a != applies.rend(); ++a)
        sweep.pull(*a);
    Variables bars;
    for (const Variable& x : xs)
        bars.push_back(sweep.result(x));
    return bars;
}

} // namespace croton::inline v1
