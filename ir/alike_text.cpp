#include <croton/ir/extent.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>

namespace croton::inline v1 {

std::string alike_text(const Shape& extents)
{
    std::vector<const detail::Atom*> all;
    for (const Extent& e : extents)
        for (const detail::Atom* s : symbols(e))
            if (location(s) && !name(s).empty() && std::ranges::count(all, s) == 0)
                all.push_back(s);
    std::ranges::sort(all, {}, [](const detail::Atom* s) { return id(s); });
    std::string text;
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t k = 0; k < i; ++k)
            if (name(all[k]) == name(all[i])) {
                text += fmt::format("{} {} is declared at {} and another {} at {}",
                                    text.empty() ? ", where" : " and", name(all[k]),
                                    to_string(*location(all[k])), name(all[i]),
                                    to_string(*location(all[i])));
                break;
            }
    return text;
}

} // namespace croton::inline v1
