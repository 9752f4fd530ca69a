#include <croton/ir/bind_symbols.hpp>
#include <croton/ir/linear_extent.hpp>

#include <algorithm>

namespace croton::inline v1 {

namespace {

bool binds(const std::vector<SymbolBinding>& bindings, const detail::Atom* symbol)
{
    return std::ranges::any_of(bindings,
                               [&](const SymbolBinding& b) { return b.symbol == symbol; });
}

} // namespace

std::vector<SymbolBinding> bind_symbols(std::span<const Extent> axes)
{
    std::vector<SymbolBinding> bindings;
    for (std::size_t i = 0; i < axes.size(); ++i)
        if (const detail::Atom* s = as_symbol(axes[i]); s && !binds(bindings, s))
            bindings.push_back({s, i});
    for (bool progress = true; progress;) {
        progress = false;
        for (std::size_t i = 0; i < axes.size(); ++i) {
            if (axes[i].is_known() || as_symbol(axes[i])) continue;
            const auto linear =
                linear_extent(axes[i], [&](const detail::Atom* s) { return binds(bindings, s); });
            if (linear) bindings.push_back({linear->unknown, i, linear->rest, linear->factor});
            progress |= linear.has_value();
        }
    }
    return bindings;
}

SymbolValues solve(std::span<const SymbolBinding> bindings, std::span<const std::int64_t> extents)
{
    SymbolValues values;
    for (const SymbolBinding& b : bindings)
        values.emplace_back(b.symbol, (extents[b.axis] - evaluate(b.rest, values)) / b.factor);
    return values;
}

Substitution known_extents(std::span<const Variable> variables, std::span<const Array> arrays)
{
    Shape axes;
    std::vector<std::int64_t> extents;
    for (std::size_t i = 0; i < variables.size(); ++i) {
        const Shape shape = variables[i].shape();
        axes.insert(axes.end(), shape.begin(), shape.end());
        const auto have = arrays[i].shape();
        extents.insert(extents.end(), have.begin(), have.end());
    }
    Substitution known;
    for (const auto& [symbol, value] : solve(bind_symbols(axes), extents))
        known.emplace_back(symbol, value);
    return known;
}

} // namespace croton::inline v1
