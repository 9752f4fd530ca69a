#include "pull_back.hpp"

#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/step_scope.hpp>

#include <algorithm>
#include <unordered_map>

#include "between.hpp"
#include "custom_parts.hpp"
#include "mask_algebra.hpp"
#include "row_cotangents.hpp"
#include "scan_parts.hpp"
#include "switch_parts.hpp"

namespace croton::inline v1 {

std::string describe(const Variable& v)
{
    if (!v.name().empty()) return fmt::format("'{}'", v.name());
    const std::string place = v.location() ? fmt::format(" ({})", to_string(*v.location())) : "";
    if (const Apply a = v.owner()) return fmt::format("the result of {}{}", written_name(a), place);
    if (std::string role = detail::role_text(v); !role.empty()) return role;
    return fmt::format("the unnamed {}{}", v.leaf() == Leaf::constant ? "constant" : "input",
                       place);
}

namespace {

/// By the op's record, for inputs `x` and outputs `ys` that may stand for those of the Apply.
Variables call_gradient(const Apply& a,
                        const Variables& x,
                        const Variables& ys,
                        const Variables& y_bars,
                        std::string_view function,
                        const Location* place)
{
    return std::visit(
        overloaded{
            [&](const NotDifferentiable& n) -> Variables {
                const std::string at =
                    a.location() ? fmt::format(" ({})", to_string(*a.location())) : "";
                throw user_error(Code::domain, place, function, "{}{} has no gradient: {}",
                                 written_name(a), at,
                                 n.reason.empty() ? "its record gives none (.grad)" : n.reason);
            },
            [&](StopsGradient) { return Variables(x.size()); },
            [&](Variable (*f)(const UnaryGrad&)) -> Variables {
                return {f({x[0], ys[0], y_bars[0]})};
            },
            [&](std::array<Variable, 2> (*f)(const BinaryGrad&)) -> Variables {
                const auto bars = f({x[0], x[1], ys[0], y_bars[0]});
                return {bars.begin(), bars.end()};
            },
            [&](Variables (*f)(const GeneralGrad&)) -> Variables {
                return f({a, x, ys, y_bars, a.params().get()});
            },
        },
        a.op().grad);
}

bool may_agree(const Shape& a, const Shape& b)
{
    return std::ranges::equal(a, b,
                              [](const Extent& x, const Extent& y) { return !never_equal(x, y); });
}

/// Gives the cotangents their inputs' shapes, and refuses others.
void check_bars(const Apply& a, Variables& bars)
{
    if (bars.size() != a.inputs().size())
        throw user_error(
            Code::domain, a.location(), a.op().name,
            "the gradient in its record gives {} of {} cotangents; one for each input is "
            "needed, empty where none flows",
            bars.size(), a.inputs().size());
    for (std::size_t i = 0; i < bars.size(); ++i) {
        if (bars[i].is_empty() || bars[i].type() == a.input(i).type()) continue;
        if (bars[i].dtype() != a.input(i).dtype() ||
            !may_agree(bars[i].shape(), a.input(i).shape()))
            throw user_error(Code::domain, a.location(), a.op().name,
                             "the gradient in its record gives {} for input {}, which is {}",
                             to_string(bars[i].type()), i, to_string(a.input(i).type()));
        // The Apply requires two symbols to be equal, and the gradient is written in the other one.
        bars[i] = broadcast_to(bars[i], a.input(i).shape(), gradient_place(a));
    }
}

} // namespace

namespace {

detail::MaskedBars body_cotangents(const Apply& a,
                                   const detail::MaskedBars& y,
                                   const std::vector<bool>& wanted,
                                   std::string_view function,
                                   const Location* place)
{
    const auto rule = std::holds_alternative<Scan>(a.op().lowering) ? detail::scan_cotangents
                      : std::holds_alternative<Switch>(a.op().lowering)
                          ? detail::switch_cotangents
                          : detail::function_cotangents;
    return rule(a, y, wanted, function, place);
}

/// Whether cotangents go through the graphs in its parameters.
bool goes_inside(const Apply& a) { return has_body(a.op().lowering) || detail::follows_its_ops(a); }

} // namespace

Variables input_cotangents(const Apply& a,
                           const Variables& y_bars,
                           std::string_view function,
                           const Location* place)
{
    const OriginScope origin(gradient_place(a));
    const Variables inputs(a.inputs().begin(), a.inputs().end());
    Variables bars = goes_inside(a) // errors in it name the caller
                         ? body_cotangents(a, {y_bars, Variables(y_bars.size())},
                                           std::vector<bool>(inputs.size(), true), function, place)
                               .bars
                         : call_gradient(a, inputs, a.outputs(), y_bars, function, place);
    check_bars(a, bars);
    return bars;
}

namespace {

/// A cotangent, and where it is known to be other than zero (cotangent_mask.hpp).
struct Cotangent {
    Variable bar; ///< without those of rows
    Variable mask;
    detail::RowCotangents rows = {};

    Variable whole() const
    {
        const Variable joined = rows.joined();
        const OriginScope origin(joined.is_empty() ? nullptr : joined.location());
        return bar.is_empty() ? joined : joined.is_empty() ? bar : bar + joined;
    }
};

class Sweep {
public:
    Sweep(const detail::Between& between, std::string_view function, const Location* place)
        : between_(between), function_(function), place_(place)
    {}

    void add(const Variable& v, const Variable& bar, const Variable& mask)
    {
        const auto [at, fresh] = cotangents_.try_emplace(v.value());
        Cotangent& all = at->second;
        all.mask = fresh ? mask : detail::either_mask(all.mask, mask);
        if (!all.rows.take(bar)) all.bar = all.bar.is_empty() ? bar : all.bar + bar;
    }

    /// From the outputs' cotangents to the inputs'.
    void pull(const Apply& apply)
    {
        const OriginScope origin(gradient_place(apply));
        detail::MaskedBars y;
        for (std::size_t i = 0; i < apply.output_count(); ++i) {
            Cotangent c = take(apply.output(i));
            y.bars.push_back(c.whole());
            y.masks.push_back(std::move(c.mask));
        }
        if (std::ranges::all_of(y.bars, [](const Variable& bar) { return bar.is_empty(); })) return;
        for (std::size_t i = 0; i < y.bars.size(); ++i)
            if (y.bars[i].is_empty()) y.bars[i] = zeros_like(apply.output(i));
        const detail::MaskedBars x =
            goes_inside(apply) ? body_bars(apply, y) : masked_bars(apply, y);
        for (std::size_t i = 0; i < x.bars.size(); ++i)
            if (!x.bars[i].is_empty() && between_.contains(apply.input(i)))
                add(apply.input(i), x.bars[i], x.masks[i]);
    }

    detail::MaskedBars result(std::span<const Variable> xs) const
    {
        detail::MaskedBars found;
        for (const Variable& x : xs) {
            const auto at = cotangents_.find(x.value());
            const Cotangent c = at == cotangents_.end() ? Cotangent{} : at->second;
            found.bars.push_back(c.whole());
            found.masks.push_back(c.mask);
        }
        return found;
    }

private:
    detail::MaskedBars masked_bars(const Apply& apply, const detail::MaskedBars& y) const
    {
        // An op of several outputs without a mask of its own is taken to depend on all of them.
        const Variable y_mask = y.masks.size() == 1 ? y.masks[0] : Variable();
        detail::InputMasks masks(apply, y_mask, function_, place_);
        detail::MaskedBars x;
        x.bars = call_gradient(apply, masks.inputs(), masks.outputs(), y.bars, function_, place_);
        check_bars(apply, x.bars);
        for (std::size_t i = 0; i < x.bars.size(); ++i) {
            const bool flows = !x.bars[i].is_empty() && between_.contains(apply.input(i));
            if (flows) x.bars[i] = masks.cut(i, x.bars[i], y.bars[0]);
            x.masks.push_back(flows && between_.wants_mask(apply.input(i)) ? masks.of(i)
                                                                           : Variable());
        }
        return x;
    }

    detail::MaskedBars body_bars(const Apply& a, const detail::MaskedBars& y) const
    {
        std::vector<bool> wanted;
        for (const Variable& v : a.inputs())
            wanted.push_back(between_.contains(v));
        detail::MaskedBars x = body_cotangents(a, y, wanted, function_, place_);
        check_bars(a, x.bars);
        for (std::size_t i = 0; i < x.masks.size(); ++i)
            if (!x.masks[i].is_empty())
                x.masks[i] = broadcast_to(x.masks[i], a.input(i).shape(), gradient_place(a));
        return x;
    }

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

Sweep sweep(const detail::Between& between,
            std::span<const Variable> ys,
            std::span<const Variable> y_bars,
            std::span<const Variable> y_masks,
            std::string_view function,
            const Location* place)
{
    Sweep down(between, function, place);
    for (std::size_t i = 0; i < ys.size(); ++i)
        if (!y_bars[i].is_empty() && between.contains(ys[i]))
            down.add(ys[i], y_bars[i], y_masks.empty() ? Variable() : y_masks[i]);
    const std::vector<Apply>& applies = between.applies();
    for (auto a = applies.rbegin(); a != applies.rend(); ++a)
        down.pull(*a);
    return down;
}

} // namespace

detail::MaskedBars detail::pull_back_masked(std::span<const Variable> ys,
                                            std::span<const Variable> y_bars,
                                            std::span<const Variable> y_masks,
                                            std::span<const Variable> xs,
                                            std::string_view function,
                                            const Location* place)
{
    const Between between(ys, xs, MasksOfXs::wanted);
    return sweep(between, ys, y_bars, y_masks, function, place).result(xs);
}

Variables pull_back(std::span<const Variable> ys,
                    std::span<const Variable> y_bars,
                    std::span<const Variable> xs,
                    std::string_view function,
                    const Location* place)
{
    const detail::Between between(ys, xs);
    return sweep(between, ys, y_bars, {}, function, place).result(xs).bars;
}

} // namespace croton::inline v1
