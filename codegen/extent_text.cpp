#include "extent_text.hpp"

#include <croton/ir/format.hpp>

#include <cstdlib>

#include "c_precedence.hpp"

namespace croton::inline v1::codegen {

namespace {

/// A symbol's name, or a rounded quotient, remainder, smaller or larger one as people write it.
std::string atom_text(const detail::Atom* atom, const SymbolNames& names)
{
    if (kind(atom) == AtomKind::symbol) {
        const auto found = names.find(atom);
        return found != names.end() ? found->second : to_string(as_extent(atom));
    }
    const auto [a, b] = operands(atom);
    const auto quotient = [&](const Extent& x) {
        const std::string text = extent_text(x, names);
        return fmt::format("{} / {}", left_operand(text, "/"), extent_text(b, names));
    };
    switch (kind(atom)) {
    case AtomKind::symbol:
        break;
    case AtomKind::floor_div:
        // (n + 15) / 16 rounded down is n / 16 rounded up.
        if (b.is_known())
            for (const ExtentTerm& t : terms(a))
                if (t.factors.empty() && t.coefficient == b.value() - 1)
                    return fmt::format("ceil({})", quotient(a - Extent(t.coefficient)));
        return fmt::format("floor({})", quotient(a));
    case AtomKind::mod:
        return fmt::format("mod({}, {})", extent_text(a, names), extent_text(b, names));
    case AtomKind::minimum:
        return fmt::format("min({}, {})", extent_text(a, names), extent_text(b, names));
    case AtomKind::maximum:
        return fmt::format("max({}, {})", extent_text(a, names), extent_text(b, names));
    }
    return {};
}

/// The terms, positive ones first; `product` writes a magnitude and its factors.
template <class Product>
std::string sum_of_terms(const Extent& extent, Product product)
{
    if (extent.is_known()) return std::to_string(extent.value());
    std::string text;
    for (const bool negative : {false, true})
        for (const ExtentTerm& t : terms(extent))
            if ((t.coefficient < 0) == negative)
                append_signed(text, negative, product(std::abs(t.coefficient), t.factors));
    return text;
}

} // namespace

std::string extent_text(const Extent& extent, const SymbolNames& names)
{
    return sum_of_terms(extent, [&](std::int64_t magnitude, const auto& factors) {
        std::string product;
        if (magnitude != 1 || factors.empty()) product = std::to_string(magnitude);
        for (const detail::Atom* f : factors)
            product += (product.empty() ? "" : " * ") + atom_text(f, names);
        return product;
    });
}

std::string quantity_text(const Extent& extent, const SymbolNames& names)
{
    return sum_of_terms(extent, [&](std::int64_t magnitude, const auto& factors) {
        std::string product;
        if (magnitude != 1 || factors.empty()) product = std::to_string(magnitude);
        for (const detail::Atom* f : factors)
            product += (product.empty() ? "" : " ") + atom_text(f, names);
        return product;
    });
}

std::string extents_text(const Shape& shape, const SymbolNames& names)
{
    std::string text;
    for (const Extent& e : shape)
        text += (text.empty() ? "" : ", ") + extent_text(e, names);
    return "(" + text + ")";
}

} // namespace croton::inline v1::codegen
