#include "solve_extents.hpp"

#include <croton/ir/bind_symbols.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <functional>
#include <set>
#include <unordered_map>

namespace croton::inline v1 {

namespace {

struct Required {
    Requirement what;
    const Op* op;
};

void collect(std::span<const Variable> outputs, std::vector<Required>& found)
{
    for (const Apply& a : applies_of(outputs)) {
        for (const Region& region : regions_of(a)) // what a step does itself, it is told of first
            collect(region.outputs(), found);
        for (const Requirement& r : a.requirements()) {
            found.push_back({r, &a.op()});
            if (!r.where) found.back().what.where = a.location();
        }
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

/// Requirements solved one by one.
class Solver {
public:
    void add(const Requirement& given, std::string_view op)
    {
        const Requirement r = resolved(given);
        if (always_holds(r)) return;
        if (never_holds(r)) refuse(given, r);
        Extent by = 0;
        const detail::Atom* symbol =
            r.kind == Requirement::Kind::equal ? choose(r.a, r.b, by) : nullptr;
        if (!symbol) {
            later_.push_back(given);
            return;
        }
        place_.emplace(symbol, solved.substitution.size());
        solved.substitution.emplace_back(symbol, by);
        solved.equalities.push_back({given.a, given.b, std::string(op), given.where});
    }

    void finish()
    {
        for (std::size_t i = solved.substitution.size(); i-- > 0;)
            replace_in_place(i);
        for (const Requirement& given : later_) {
            const Requirement r = resolved(given);
            if (never_holds(r)) refuse(given, r);
            const bool known = std::ranges::any_of(
                solved.undecided, [&](const Requirement& u) { return same(u, r); });
            if (!known && !always_holds(r))
                solved.undecided.push_back(r.kind == Requirement::Kind::at_most ? balanced(r) : r);
        }
    }

    SolvedExtents solved;

private:
    // Symbols are replaced as in union-find: what one was found to be holds symbols that were
    // replaced by nothing then, so by one that was found later, if by any. It is brought up to date
    // when it is asked for.

    Requirement resolved(const Requirement& given)
    {
        Requirement r = given;
        r.a = resolved(r.a);
        r.b = resolved(r.b);
        for (Shape& shape : r.shapes)
            for (Extent& e : shape)
                e = resolved(e);
        return r;
    }

    Extent resolved(const Extent& e)
    {
        std::set<std::size_t, std::greater<>> needed; // the last found first
        std::vector<Extent> open{e};
        while (!open.empty()) {
            const Extent next = open.back();
            open.pop_back();
            for (const detail::Atom* s : symbols(next))
                if (const auto at = place_.find(s); at != place_.end())
                    if (needed.insert(at->second).second)
                        open.push_back(solved.substitution[at->second].second);
        }
        for (const std::size_t i : needed)
            replace_in_place(i);
        return replaced(e);
    }

    void replace_in_place(std::size_t i)
    {
        Extent& to = solved.substitution[i].second;
        to = replaced(to);
    }

    Extent replaced(const Extent& e) const
    {
        Substitution by;
        for (const detail::Atom* s : symbols(e))
            if (const auto at = place_.find(s); at != place_.end())
                by.push_back(solved.substitution[at->second]);
        return substitute(e, by);
    }

    [[noreturn]] void refuse(const Requirement& given, const Requirement& r) const
    {
        const std::string place = given.where ? to_string(*given.where) : "";
        std::string others;
        for (std::size_t i = 0; i < solved.equalities.size(); ++i) {
            const Location* other = solved.equalities[i].where;
            if (other && to_string(*other) != place && // one line has several Locations
                (contains(given.a, solved.substitution[i].first) ||
                 contains(given.b, solved.substitution[i].first)))
                others = fmt::format(", as {} requires", to_string(*other));
        }
        if (r.kind == Requirement::Kind::equal)
            throw user_error(Code::shape, given.where, "function",
                             "extents contradict each other: {} at {}: {} and {}{}{}", words(given),
                             place, to_string(r.a), to_string(r.b), others, alike(given, r));
        throw user_error(Code::shape, given.where, "function",
                         "extents contradict each other: {} at {} needs {}, which is {}{}{}",
                         words(given), place, order_text(given), order_text(r), others,
                         alike(given, r));
    }

    static std::string alike(const Requirement& given, const Requirement& r)
    {
        Shape shown{given.a, given.b, r.a, r.b};
        for (const Shape& shape : given.shapes)
            shown.insert(shown.end(), shape.begin(), shape.end());
        return alike_text(shown);
    }

    std::unordered_map<const detail::Atom*, std::size_t> place_; // in the substitution; looked up
    std::vector<Requirement> later_;
};

} // namespace

SolvedExtents solve_extents(std::span<const Variable> outputs, std::span<const AskedEquality> asked)
{
    std::vector<Required> all;
    collect(outputs, all);
    Solver solver;
    // What the broadcast of an operand requires, the op that it is made for does, and what a
    // gradient requires, mostly the op that it belongs to: those are told.
    const auto is_derived = [](const Required& r) {
        return r.op == &broadcast_to_op || (r.what.where && r.what.where->of_gradient);
    };
    for (const bool derived : {false, true})
        for (const Required& r : all)
            if (is_derived(r) == derived) solver.add(r.what, name_at(*r.op, r.what.where));
    for (const AskedEquality& a : asked)
        solver.add(a.what, a.by);
    solver.finish();
    return std::move(solver.solved);
}

std::string reason_for(const Extent& a, const Extent& b, std::span<const Equality> equalities)
{
    // From a, each extent that is equal by some equality is reached by one of them: in place of the
    // whole, or of a symbol in it. Of long sums that makes many, all of which nobody waits for.
    constexpr std::size_t most_with_parts = 256;
    struct Reached {
        Extent extent;
        const Equality* by;
        std::size_t from;
    };
    std::vector<Reached> reached{{a, nullptr, 0}};
    const auto reach = [&](const Extent& e, const Equality& by, std::size_t from) {
        const auto is_e = [&](const Reached& r) { return same(r.extent, e); };
        if (std::ranges::none_of(reached, is_e)) reached.push_back({e, &by, from});
    };
    for (std::size_t i = 0; i < reached.size(); ++i) {
        const Extent here = reached[i].extent;
        if (same(here, b)) {
            std::vector<std::string> steps;
            for (; reached[i].by; i = reached[i].from) {
                const Equality& e = *reached[i].by;
                steps.push_back(e.where ? fmt::format("{} at {}", e.op, to_string(*e.where))
                                        : e.op);
            }
            std::ranges::reverse(steps);
            return fmt::format("{}", fmt::join(steps, " and "));
        }
        for (const Equality& e : equalities) {
            for (const auto& [from, to] : {std::pair(e.a, e.b), std::pair(e.b, e.a)}) {
                const detail::Atom* symbol = as_symbol(from);
                if (same(from, here))
                    reach(to, e, i);
                else if (symbol && contains(here, symbol) && reached.size() < most_with_parts)
                    reach(substitute(here, {{symbol, to}}), e, i);
            }
        }
    }
    return {};
}

namespace {

/// Every extent that an Apply is made of: of its results, and among its parameters.
template <class Visit>
void for_each_extent(const Apply& a, Visit visit)
{
    for (const Variable& v : a.outputs())
        for (const Extent& e : v.type().data()->shape)
            visit(e);
    if (!a.params()) return;
    for (const FieldRef& f : a.params()->fields()) {
        if (const auto* extent = std::get_if<Extent*>(&f.value)) visit(**extent);
        if (const auto* shape = std::get_if<Shape*>(&f.value))
            for (const Extent& e : **shape)
                visit(e);
    }
}

std::string how_to_bind(const detail::Atom* symbol)
{
    return fmt::format("an input with an axis of extent {} gives it", to_string(as_extent(symbol)));
}

void require_bound(const std::set<const detail::Atom*>& bound, std::span<const Variable> outputs)
{
    for (const Apply& a : applies_of(outputs)) {
        for_each_extent(a, [&](const Extent& e) {
            if (e.is_known()) return;
            for (const detail::Atom* s : symbols(e))
                if (!bound.contains(s))
                    throw user_error(Code::shape, a.location(), "function",
                                     "extent {} of {} follows from no input; {}",
                                     to_string(as_extent(s)), written_name(a), how_to_bind(s));
        });
        for (const Region& region : regions_of(a))
            require_bound(bound, region.outputs());
    }
}

} // namespace

void require_bound(std::span<const Variable> inputs, std::span<const Variable> outputs)
{
    std::set<const detail::Atom*> bound;
    for (const SymbolBinding& b : bind_symbols(inputs))
        bound.insert(b.symbol);
    for (const Variable& v : inputs)
        for (const Extent& e : v.shape())
            for (const detail::Atom* s : symbols(e))
                if (!bound.contains(s))
                    throw user_error(Code::shape, v.location(), "function",
                                     "extent {} of '{}' {} follows from no input; {}",
                                     to_string(as_extent(s)), v.name(), to_string(v.shape()),
                                     how_to_bind(s));
    require_bound(bound, outputs);
}

} // namespace croton::inline v1
