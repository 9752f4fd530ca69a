#include "index_range.hpp"

#include <algorithm>

#include "known_extent.hpp"

namespace croton::inline v1::codegen {

namespace {

/// A value as `scale * symbol + offset`, or as an offset alone.
struct Affine {
    const detail::Atom* symbol = nullptr;
    Extent offset;
    std::int64_t scale = 1; ///< more than 0
    bool is_one = true;     ///< else it is neither
};

Affine affine(const Extent& value)
{
    Affine a{nullptr, value};
    for (const detail::Atom* s : symbols(value)) {
        if (!is_index_symbol(s) || s == a.symbol) continue;
        if (a.symbol) return {nullptr, 0, 1, false};
        a.symbol = s;
    }
    if (!a.symbol) return a;
    for (const ExtentTerm& t : terms(value))
        if (t.factors.size() == 1 && t.factors[0] == a.symbol) a.scale = t.coefficient;
    a.offset = value - as_extent(a.symbol) * a.scale;
    a.is_one = a.scale > 0 && std::ranges::none_of(symbols(a.offset), is_index_symbol);
    return a;
}

/// One behind the largest value of such an index, where the symbol stays below `count`.
Extent end_below(const Affine& a, const Extent& count)
{
    return a.offset + (count - 1) * a.scale + 1;
}

} // namespace

Extent end_of(const Extent& index, const IndexRanges& ranges, const Extent& otherwise)
{
    const Affine value = affine(index);
    if (!value.is_one) return otherwise;
    if (!value.symbol) return value.offset + Extent(1);
    const auto range = ranges.find(value.symbol);
    return range == ranges.end() ? otherwise : end_below(value, range->second);
}

std::vector<Extent>
ends_of(std::span<const Extent> index, const IndexRanges& ranges, std::span<const Extent> shape)
{
    std::vector<Extent> ends;
    for (std::size_t i = 0; i < index.size(); ++i)
        ends.push_back(end_of(index[i], ranges, shape[i]));
    return ends;
}

Holds holds(const IndexPiece::Guard& guard, const IndexRanges& ranges)
{
    const Affine value = affine(guard.value);
    if (!value.is_one) return Holds::sometimes;
    Extent count = 1;
    if (value.symbol) {
        const auto range = ranges.find(value.symbol);
        if (range == ranges.end()) return Holds::sometimes;
        count = range->second;
    }
    const auto end = [&] { return end_below(value, count); };
    if (!never_negative(value.offset))
        return never_negative(-end()) ? Holds::never : Holds::sometimes;
    // First what most of many pieces are.
    if (never_more(guard.bound, value.offset)) return Holds::never;
    return never_more(end(), guard.bound) ? Holds::always : Holds::sometimes;
}

std::vector<Extent> cuts_along(const detail::Atom* symbol,
                               const std::vector<IndexPiece::Guard>& guards,
                               const IndexRanges& ranges)
{
    const Extent& end = ranges.at(symbol);
    std::vector<Extent> cuts;
    const auto add = [&](const Extent& cut) {
        if (!never_negative(cut) || is_known_as(cut, 0)) return;
        if (!never_more(cut, end) || same(cut, end)) return;
        auto at = cuts.end();
        while (at != cuts.begin() && !never_more(*(at - 1), cut))
            --at;
        if (at != cuts.begin() && same(*(at - 1), cut)) return;
        if (at == cuts.end() || never_more(cut, *at)) cuts.insert(at, cut);
    };
    for (const auto& guard : guards) {
        const Affine value = affine(guard.value);
        if (!value.is_one || value.symbol != symbol) continue;
        add(-floor_div(value.offset, value.scale));
        add(-floor_div(value.offset - guard.bound, value.scale));
    }
    return cuts;
}

} // namespace croton::inline v1::codegen
