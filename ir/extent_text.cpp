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

namespace {

std::string atom_text(const detail::Atom* atom)
{
    const auto call = [&](std::string_view function) {
        const auto [a, b] = operands(atom);
        return fmt::format("{}({}, {})", function, to_string(a), to_string(b));
    };
    switch (kind(atom)) {
    case AtomKind::symbol:
        return label(atom);
    case AtomKind::floor_div:
        return call("floor_div");
    case AtomKind::mod:
        return call("mod");
    case AtomKind::minimum:
        return call("min");
    case AtomKind::maximum:
        return call("max");
    }
    return {};
}

} // namespace

std::string to_string(const Extent& extent)
{
    if (extent.is_known()) return std::to_string(extent.value());
    std::string text;
    for (const ExtentTerm& t : terms(extent)) {
        const bool negative = t.coefficient < 0;
        if (text.empty())
            text = negative ? "-" : "";
        else
            text += negative ? " - " : " + ";
        const std::uint64_t magnitude = negative ? 0 - static_cast<std::uint64_t>(t.coefficient)
                                                 : static_cast<std::uint64_t>(t.coefficient);
        std::string product;
        if (magnitude != 1 || t.factors.empty()) product = std::to_string(magnitude);
        for (const detail::Atom* f : t.factors)
            product += (product.empty() ? "" : "*") + atom_text(f);
        text += product;
    }
    return text;
}

std::string to_string(const Shape& shape)
{
    std::string text = "(";
    for (std::size_t i = 0; i < shape.size(); ++i)
        text += (i ? ", " : "") + to_string(shape[i]);
    return text + ")";
}

} // namespace croton::inline v1
