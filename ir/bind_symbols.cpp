#include <croton/ir/bind_symbols.hpp>

#include <algorithm>
#include <optional>

namespace croton::inline v1 {

namespace {

bool binds(const std::vector<SymbolBinding>& bindings, const detail::Atom* symbol)
{
    return std::ranges::any_of(bindings,
                               [&](const SymbolBinding& b) { return b.symbol == symbol; });
}

/// The one symbol without a value in which `e` is linear, and what else `e` is.
std::optional<SymbolBinding>
solve_axis(std::size_t axis, const Extent& e, const std::vector<SymbolBinding>& bindings)
{
    SymbolBinding found{nullptr, axis};
    for (const ExtentTerm& t : terms(e)) {
        Extent product = t.coefficient;
        bool open = false;
        for (const detail::Atom* f : t.factors) {
            product = product * as_extent(f);
            for (const detail::Atom* s : symbols(as_extent(f)))
                open |= !binds(bindings, s);
        }
        if (!open)
            found.rest = found.rest + product;
        else if (found.symbol || t.factors.size() != 1 || kind(t.factors[0]) != AtomKind::symbol)
            return std::nullopt;
        else {
            found.symbol = t.factors[0];
            found.factor = t.coefficient;
        }
    }
    if (!found.symbol) return std::nullopt;
    return found;
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
            const auto found = solve_axis(i, axes[i], bindings);
            if (found) bindings.push_back(*found);
            progress |= found.has_value();
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
