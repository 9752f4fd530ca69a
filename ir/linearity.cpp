#include "linearity.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <unordered_set>

#include "between.hpp"
#include "scan_parts.hpp"

namespace croton::inline v1::detail {

namespace {

/// The cotangents of those inputs that depend on `us`, for any of its outputs.
Variables pulled(const Apply& a, const Between& between)
{
    Variables y_bars;
    for (const Variable& y : a.outputs())
        y_bars.push_back(is_float(y.dtype()) ? placeholder_like(y) : zeros_like(y));
    const Variables bars = input_cotangents(a, y_bars, "grad", a.location());
    Variables found;
    for (std::size_t i = 0; i < bars.size(); ++i)
        if (!bars[i].is_empty() && between.contains(a.input(i))) found.push_back(bars[i]);
    return found;
}

} // namespace

Apply first_not_linear(std::span<const Variable> values, std::span<const Variable> us)
{
    std::unordered_set<const Value*> of_us; // looked up only
    for (const Variable& u : us)
        of_us.insert(u.value());
    const Between between(values, us);
    const std::vector<Apply>& applies = between.applies();
    std::unordered_set<const Value*> reached; // by a cotangent: not what conditions are made of
    for (const Variable& v : values)
        reached.insert(v.value());
    const auto passes = [&](const Apply& a) {
        return !std::holds_alternative<NotDifferentiable>(a.op().grad) &&
               std::ranges::any_of(a.outputs(), [&](const Variable& y) {
                   return is_float(y.dtype()) && reached.contains(y.value());
               });
    };
    for (auto a = applies.rbegin(); a != applies.rend(); ++a)
        if (passes(*a))
            for (const Variable& x : a->inputs())
                reached.insert(x.value());
    for (const Apply& a : applies) {
        if (!passes(a)) continue;
        if (std::ranges::any_of(leaves(pulled(a, between)),
                                [&](const Variable& v) { return of_us.contains(v.value()); }))
            return a;
    }
    return {};
}

std::string not_seen_linear(const Apply& because, std::string_view in, std::string_view mode)
{
    std::string op;
    if (because)
        op = fmt::format(" because of {}{}", written_name(because),
                         because.location() ? fmt::format(" ({})", to_string(*because.location()))
                                            : std::string());
    return fmt::format("cannot be seen to be linear in the {}{}, so no {} mode follows from it", in,
                       op, mode);
}

std::string instead_of_loop(const Apply& because)
{
    if (!because || !std::holds_alternative<Scan>(because.op().lowering)) return {};
    return "; for a loop that solves an equation fixed_point has both modes";
}

} // namespace croton::inline v1::detail
