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
    bind_symbols(inputs);
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

/// Axes with one unknown symbol give it, until none gives another one.
void ResultExtents::bind_symbols(std::span<const Variable> inputs)
{
    const auto bound = [&](const Atom* symbol) {
        return std::ranges::find(symbols_, symbol, &Symbol::first) != symbols_.end();
    };
    std::size_t before = 0;
    do {
        before = symbols_.size();
        for (std::size_t i = 0; i < inputs.size(); ++i)
            for (std::size_t k = 0; k < inputs[i].shape().size(); ++k)
                if (const auto linear = linear_extent(inputs[i].shape()[k], bound))
                    bind(*linear, {Step::axis,
                                   {},
                                   static_cast<std::int64_t>(i),
                                   static_cast<std::int64_t>(k)});
    } while (symbols_.size() != before);
}

/// (axis - rest) / factor.
void ResultExtents::bind(const LinearExtent& linear, const Step& axis)
{
    std::int64_t value = add(axis);
    if (!same(linear.rest, Extent(0))) value = add({Step::sum, {}, value, add(-linear.rest)});
    if (linear.factor != 1)
        value = add({Step::atom, AtomKind::floor_div, value, add(Extent(linear.factor))});
    symbols_.emplace_back(linear.unknown, value);
}

} // namespace croton::inline v1::detail
