#include "result_extents.hpp"

#include <croton/ir/format.hpp>

#include <algorithm>

namespace croton::inline v1::detail {

namespace {

std::int64_t value(AtomKind kind, std::int64_t a, std::int64_t b)
{
    switch (kind) {
    case AtomKind::symbol:
        break;
    case AtomKind::floor_div:
        return floor_div(a, b).value();
    case AtomKind::mod:
        return mod(a, b).value();
    case AtomKind::minimum:
        return std::min(a, b);
    case AtomKind::maximum:
        return std::max(a, b);
    }
    return 0;
}

} // namespace

ResultExtents::ResultExtents(std::span<const Variable> inputs, std::span<const Variable> results)
{
    std::vector<Step> axes;
    for (std::size_t i = 0; i < inputs.size(); ++i)
        for (int k = 0; k < inputs[i].rank(); ++k)
            axes.push_back({Step::axis, {}, static_cast<std::int64_t>(i), k});
    for (const SymbolBinding& b : bind_symbols(inputs))
        bind(b, axes[b.axis]);
    for (const Variable& v : results)
        for (const Extent& e : v.shape())
            axes_.push_back(add(e));
}

void ResultExtents::evaluate(const Memory* inputs, std::int64_t* numbers) const noexcept
{
    std::int64_t* const values = numbers + axes_.size();
    std::int64_t* next = values;
    for (const Step& s : steps_)
        switch (s.kind) {
        case Step::constant:
            *next++ = s.a;
            break;
        case Step::axis:
            *next++ = inputs[s.a].extents[s.b];
            break;
        case Step::sum:
            *next++ = (Extent(values[s.a]) + Extent(values[s.b])).value();
            break;
        case Step::product:
            *next++ = (Extent(values[s.a]) * Extent(values[s.b])).value();
            break;
        case Step::atom:
            *next++ = value(s.of, values[s.a], values[s.b]);
            break;
        }
    for (const std::int64_t step : axes_)
        *numbers++ = std::max<std::int64_t>(0, values[step]);
}

/// The number of a step; equal ones are one.
std::int64_t ResultExtents::add(const Step& step)
{
    const auto at = std::ranges::find(steps_, step);
    const std::int64_t number = at - steps_.begin();
    if (at == steps_.end()) steps_.push_back(step);
    return number;
}

std::int64_t ResultExtents::add(const Extent& extent)
{
    if (extent.is_known()) return add({Step::constant, {}, extent.value()});
    std::int64_t sum = -1;
    for (const ExtentTerm& t : terms(extent)) {
        std::int64_t product = -1;
        const auto times = [&](std::int64_t factor) {
            product = product < 0 ? factor : add({Step::product, {}, product, factor});
        };
        if (t.coefficient != 1 || t.factors.empty()) times(add(Extent(t.coefficient)));
        for (const Atom* f : t.factors)
            times(value_of(f));
        sum = sum < 0 ? product : add({Step::sum, {}, sum, product});
    }
    return sum;
}

std::int64_t ResultExtents::value_of(const Atom* atom)
{
    if (kind(atom) == AtomKind::symbol) {
        const auto at = std::ranges::find(symbols_, atom, &Symbol::first);
        if (at == symbols_.end())
            throw internal_error("extents", "no input gives {}", to_string(as_extent(atom)));
        return at->second;
    }
    const auto [a, b] = operands(atom);
    const std::int64_t left = add(a);
    return add({Step::atom, kind(atom), left, add(b)});
}

/// (axis - rest) / factor.
void ResultExtents::bind(const SymbolBinding& b, const Step& axis)
{
    std::int64_t value = add(axis);
    if (!same(b.rest, Extent(0))) value = add({Step::sum, {}, value, add(-b.rest)});
    if (!same(b.factor, Extent(1)))
        value = add({Step::atom, AtomKind::floor_div, value, add(b.factor)});
    symbols_.emplace_back(b.symbol, value);
}

} // namespace croton::inline v1::detail
