#include "name_extents.hpp"

#include <croton/ir/format.hpp>

#include <set>
#include <string>
#include <vector>

namespace croton::inline v1 {

namespace {

constexpr std::size_t early_symbols = 64; ///< that axis_symbol has

Extent symbol_named(std::size_t number, const std::string& name)
{
    return number < early_symbols ? as_extent(axis_symbol(number)) : dim(name);
}

} // namespace

Substitution name_extents(std::span<const Variable> inputs, const Substitution& solved)
{
    std::vector<const detail::Atom*> order;
    std::set<const detail::Atom*> seen;
    for (const Variable& v : inputs)
        for (const Extent& e : v.shape())
            for (const detail::Atom* s : symbols(substitute(e, solved)))
                if (seen.insert(s).second) order.push_back(s);
    std::set<std::string, std::less<>> taken;
    std::vector<const detail::Atom*> nameless;
    for (const detail::Atom* s : order)
        if (name(s).empty() || !taken.emplace(name(s)).second) nameless.push_back(s);
    Substitution names;
    std::size_t next = 0;
    for (const detail::Atom* s : nameless) {
        while (taken.contains(fmt::format("n{}", next)))
            ++next;
        names.emplace_back(s, symbol_named(next, fmt::format("n{}", next)));
        ++next;
    }
    return names;
}

Substitution composed(const Substitution& inner, const Substitution& outer)
{
    Substitution both = inner;
    for (auto& [symbol, to] : both)
        to = substitute(to, outer);
    both.insert(both.end(), outer.begin(), outer.end());
    return both;
}

} // namespace croton::inline v1
