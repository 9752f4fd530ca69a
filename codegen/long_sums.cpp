#include "long_sums.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace croton::inline v1::codegen {

namespace {

constexpr std::size_t fewest_terms = 4;

bool has_index(const detail::Atom* atom)
{
    return std::ranges::any_of(symbols(as_extent(atom)), is_index_symbol);
}

/// Terms that have all factors but one in common.
struct Group {
    std::vector<const detail::Atom*> common;
    std::vector<ExtentTerm> others; ///< of each term, the coefficient and the factor
    std::vector<std::size_t> terms;
};

LongSum sum_of(Group& group)
{
    std::int64_t divisor = 0;
    for (const ExtentTerm& t : group.others)
        divisor = std::gcd(divisor, t.coefficient);
    if (group.others[0].coefficient < 0) divisor = -divisor;
    for (ExtentTerm& t : group.others)
        t.coefficient /= divisor;
    return {{divisor, std::move(group.common)},
            extent_of(std::move(group.others)),
            std::move(group.terms)};
}

} // namespace

std::vector<LongSum> long_sums(const Extent& extent, bool inside)
{
    std::vector<LongSum> sums;
    const std::vector<ExtentTerm> all = terms(extent);
    if (inside)
        for (const ExtentTerm& t : all)
            for (const detail::Atom* f : t.factors) {
                if (kind(f) == AtomKind::symbol) continue;
                const auto [a, b] = operands(f);
                for (const Extent& e : {a, b})
                    std::ranges::move(long_sums(e, true), std::back_inserter(sums));
            }
    if (all.size() < fewest_terms) return sums;
    std::vector<Group> groups;
    std::map<std::vector<const detail::Atom*>, std::size_t> group_of; // looked up only
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t k = 0; k < all[i].factors.size(); ++k) {
            const detail::Atom* one = all[i].factors[k];
            if ((k > 0 && all[i].factors[k - 1] == one) || has_index(one)) continue;
            std::vector<const detail::Atom*> common = all[i].factors;
            common.erase(common.begin() + static_cast<std::ptrdiff_t>(k));
            const auto [at, fresh] = group_of.emplace(common, groups.size());
            if (fresh) groups.push_back({std::move(common), {}, {}});
            Group& group = groups[at->second];
            group.others.push_back({all[i].coefficient, {one}});
            group.terms.push_back(i);
        }
    for (Group& group : groups)
        if (group.others.size() >= fewest_terms) sums.push_back(sum_of(group));
    return sums;
}

std::vector<NamedProduct> named_products(const Extent& extent, const SymbolNames& names)
{
    std::vector<NamedProduct> products;
    for (ExtentTerm& t : terms(extent))
        products.push_back({std::move(t), nullptr});
    if (names.sums.empty()) return products;
    std::vector<bool> gone(products.size());
    const auto is_gone = [&](std::size_t i) { return gone[i] || products[i].sum; };
    for (LongSum& s : long_sums(extent)) {
        if (!names.sums.contains(s.sum.polynomial())) continue;
        if (std::ranges::any_of(s.terms, is_gone)) continue; // a product of two such sums
        for (std::size_t i : s.terms)
            gone[i] = true;
        gone[s.terms[0]] = false;
        products[s.terms[0]] = {std::move(s.outer), s.sum.polynomial()};
    }
    std::vector<NamedProduct> left;
    for (std::size_t i = 0; i < products.size(); ++i)
        if (!gone[i]) left.push_back(std::move(products[i]));
    return left;
}

} // namespace croton::inline v1::codegen
