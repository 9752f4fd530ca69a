#include "solve_extents.hpp"

#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/linear_extent.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>

namespace croton::inline v1 {

namespace {

struct Located {
    Requirement requirement;
    const Location* where;
};

void collect(std::span<const Variable> outputs, std::vector<Located>& found)
{
    for (const Apply& a : applies_of(outputs)) {
        for (const Requirement& r : a.requirements())
            found.push_back({r, a.location()});
        for (const Region& region : regions_of(a))
            collect(region.outputs(), found);
    }
}

bool contains(const Extent& e, const detail::Atom* symbol)
{
    const auto all = symbols(e);
    return std::ranges::find(all, symbol) != all.end();
}

/// The symbol to replace: of two the one without a name or the newer one; else the one that the
/// other side does not contain.
const detail::Atom* choose(const Extent& a, const Extent& b, Extent& by)
{
    const detail::Atom* x = as_symbol(a);
    const detail::Atom* y = as_symbol(b);
    if (x && y) {
        const bool alike = name(x).empty() == name(y).empty();
        const bool keep_x = alike ? id(x) < id(y) : !name(x).empty();
        by = keep_x ? a : b;
        return keep_x ? y : x;
    }
    if (x && !contains(b, x)) {
        by = b;
        return x;
    }
    if (y && !contains(a, y)) {
        by = a;
        return y;
    }
    return nullptr;
}

} // namespace

SolvedExtents solve_extents(std::span<const Variable> outputs)
{
    std::vector<Located> all;
    collect(outputs, all);
    SolvedExtents solved;
    std::vector<const Location*> reasons; // of each substitution
    std::vector<Located> later;
    for (const Located& l : all) {
        const Extent a = substitute(l.requirement.a, solved.substitution);
        const Extent b = substitute(l.requirement.b, solved.substitution);
        if (same(a, b)) continue;
        if (never_equal(a, b)) {
            std::string others;
            for (std::size_t i = 0; i < reasons.size(); ++i)
                if (reasons[i] && reasons[i] != l.where &&
                    (contains(l.requirement.a, solved.substitution[i].first) ||
                     contains(l.requirement.b, solved.substitution[i].first)))
                    others = fmt::format(", as {} requires", to_string(*reasons[i]));
            throw user_error(Code::shape, l.where, "function",
                             "extents contradict each other: {} at {}: {} and {}{}",
                             l.requirement.text, l.where ? to_string(*l.where) : "", to_string(a),
                             to_string(b), others);
        }
        Extent by = 0;
        if (const detail::Atom* symbol = choose(a, b, by)) {
            for (auto& [from, to] : solved.substitution)
                to = substitute(to, {{symbol, by}});
            solved.substitution.emplace_back(symbol, by);
            reasons.push_back(l.where);
        } else
            later.push_back(l);
    }
    for (const Located& l : later) {
        const Extent a = substitute(l.requirement.a, solved.substitution);
        const Extent b = substitute(l.requirement.b, solved.substitution);
        const bool known = std::ranges::any_of(
            solved.undecided, [&](const Requirement& u) { return same(u.a, a) && same(u.b, b); });
        if (known || same(a, b)) continue;
        const std::string place = l.where ? " at " + to_string(*l.where) : "";
        solved.undecided.push_back({a, b, l.requirement.text + place});
    }
    return solved;
}

ExtentValues::ExtentValues(std::span<const Type> types,
                           std::span<const std::vector<std::int64_t>> extents)
{
    const auto bound = [&](const detail::Atom* s) {
        return std::ranges::any_of(values_, [&](const auto& v) { return v.first == s; });
    };
    std::size_t before = 0;
    do {
        before = values_.size();
        for (std::size_t i = 0; i < types.size(); ++i)
            for (std::size_t k = 0; k < extents[i].size(); ++k)
                if (const auto linear = linear_extent(types[i].shape()[k], bound))
                    values_.emplace_back(linear->unknown,
                                         (extents[i][k] - evaluate(linear->rest, values_)) /
                                             linear->factor);
    } while (values_.size() != before);
}

std::int64_t ExtentValues::operator()(const Extent& extent) const
{
    return std::max<std::int64_t>(0, evaluate(extent, values_));
}

std::vector<std::int64_t> ExtentValues::operator()(const Shape& shape) const
{
    std::vector<std::int64_t> result;
    for (const Extent& e : shape)
        result.push_back((*this)(e));
    return result;
}

} // namespace croton::inline v1
