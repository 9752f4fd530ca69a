#include <croton/ir/bind_symbols.hpp>

#include <algorithm>
#include <optional>
#include <unordered_set>

namespace croton::inline v1 {

namespace {

using Known = std::unordered_set<const detail::Atom*>;

/// An extent with one unknown symbol, outside of atoms and to the first power: an axis that has it
/// tells the symbol's value, (extent - rest) / factor.
struct LinearExtent {
    const detail::Atom* unknown = nullptr;
    Extent factor = 0; ///< has known symbols only, as has the
    Extent rest = 0;
};

/// Nothing where no symbol is unknown, or the extent is not of that form.
std::optional<LinearExtent> linear_extent(const Extent& extent, const Known& known)
{
    const auto is_known = [&](const detail::Atom* s) { return known.contains(s); };
    LinearExtent linear;
    for (const ExtentTerm& t : terms(extent)) {
        Extent product = t.coefficient;
        const detail::Atom* unknown = nullptr;
        for (const detail::Atom* f : t.factors) {
            if (std::ranges::all_of(symbols(as_extent(f)), is_known)) {
                product = product * as_extent(f);
                continue;
            }
            if (unknown || kind(f) != AtomKind::symbol) return {};
            unknown = f;
        }
        if (!unknown) {
            linear.rest = linear.rest + product;
            continue;
        }
        if (linear.unknown && linear.unknown != unknown) return {};
        linear.unknown = unknown;
        linear.factor = linear.factor + product;
    }
    if (!linear.unknown) return {};
    return linear;
}

Shape axes_of(std::span<const Variable> variables)
{
    Shape axes;
    for (const Variable& v : variables) {
        const Shape shape = v.shape();
        axes.insert(axes.end(), shape.begin(), shape.end());
    }
    return axes;
}

} // namespace

std::vector<SymbolBinding> bind_symbols(std::span<const Variable> variables)
{
    const Shape axes = axes_of(variables);
    std::vector<SymbolBinding> bindings;
    Known known;
    for (std::size_t i = 0; i < axes.size(); ++i)
        if (const detail::Atom* s = as_symbol(axes[i]); s && known.insert(s).second)
            bindings.push_back({s, i});
    const auto bind = [&](std::size_t i, bool by_number) {
        if (axes[i].is_known() || as_symbol(axes[i])) return false;
        const auto linear = linear_extent(axes[i], known);
        if (!linear || linear->factor.is_known() != by_number) return false;
        bindings.push_back({linear->unknown, i, linear->rest, linear->factor});
        known.insert(linear->unknown);
        return true;
    };
    // By another symbol only where no number tells it: that may be 0 at a call.
    for (bool progress = true; progress;) {
        progress = false;
        for (std::size_t i = 0; i < axes.size(); ++i)
            progress |= bind(i, true);
        for (std::size_t i = 0; i < axes.size() && !progress; ++i)
            progress = bind(i, false);
    }
    return bindings;
}

SymbolValues solve(std::span<const SymbolBinding> bindings, std::span<const std::int64_t> extents)
{
    SymbolValues values;
    for (const SymbolBinding& b : bindings) {
        const std::int64_t factor = evaluate(b.factor, values);
        const std::int64_t product = extents[b.axis] - evaluate(b.rest, values);
        values.emplace_back(b.symbol, factor == 0 ? 0 : product / factor);
    }
    return values;
}

Substitution known_extents(std::span<const Variable> variables, std::span<const Array> arrays)
{
    std::vector<std::int64_t> extents;
    for (const Array& a : arrays)
        extents.insert(extents.end(), a.shape().begin(), a.shape().end());
    Substitution known;
    for (const auto& [symbol, value] : solve(bind_symbols(variables), extents))
        known.emplace_back(symbol, value);
    return known;
}

} // namespace croton::inline v1
