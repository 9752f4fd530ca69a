#include <croton/ir/apply.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/step_scope.hpp>
#include <croton/ir/traverse.hpp>

#include <atomic>
#include <string>
#include <unordered_set>

#include "node.hpp"

namespace croton::inline v1::detail {

struct StepScope::Facts {
    std::string inside, called, instead;
    const Location* place;
    /// Older nodes are of the scope or from before it; 0 while it goes on.
    std::atomic<std::uint64_t> end = 0;
};

namespace {

/// What a variable of a scope has for parameters: they are no part of its meaning.
class OfScope final : public ParamsBase {
public:
    OfScope(std::shared_ptr<const StepScope::Facts> f, std::string_view r)
        : facts(std::move(f)), role(r)
    {}
    std::vector<FieldRef> fields() override { return {}; }
    ParamsBase* fresh() const override { return new OfScope(facts, role); }

    std::shared_ptr<const StepScope::Facts> facts;
    std::string role;
};

/// What a leaf that a scope was given has of it.
const OfScope* of_scope(const Variable& leaf)
{
    if (leaf.leaf() != Leaf::input) return nullptr;
    return dynamic_cast<const OfScope*>(leaf.value()->node->params.get());
}

/// The scope that a leaf was given in, if it has ended.
const StepScope::Facts* ended_scope(const Variable& leaf)
{
    const OfScope* of = of_scope(leaf);
    return of && of->facts->end != 0 ? of->facts.get() : nullptr;
}

/// The value of a scope's leaf that is used outside: the last one that was made inside.
Variable kept(std::span<const Variable> values, const Variable& leaf, std::uint64_t end)
{
    std::unordered_set<const Node*> inside{leaf.value()->node};
    const auto is_inside = [&](const Variable& v) { return inside.contains(v.value()->node); };
    for (const Apply& a : applies_of(values))
        for (const Variable& in : a.inputs()) {
            if (!is_inside(in)) continue;
            if (a.serial() > end) return in;
            inside.insert(a.node());
        }
    for (const Variable& v : values)
        if (is_inside(v)) return v;
    return leaf;
}

std::string at(const Location* place)
{
    return place ? fmt::format(" ({})", to_string(*place)) : std::string();
}

} // namespace

StepScope::StepScope(std::string_view inside,
                     std::string_view called,
                     const Location* place,
                     std::string_view instead)
    : facts_(new Facts{std::string(inside), std::string(called), std::string(instead), place})
{}

StepScope::~StepScope()
{
    // Its number is higher than those of all that was made before.
    facts_->end =
        make_leaf(Leaf::input, Type(DType::boolean, {}), {}, {}, nullptr).value()->node->serial;
}

Variable StepScope::variable(const Type& type,
                             std::string_view name,
                             const Location* where,
                             std::string_view role) const
{
    return make_leaf(Leaf::input, type, name, Params::adopt(new OfScope(facts_, role)), where);
}

std::string role_text(const Variable& v)
{
    const OfScope* of = of_scope(v);
    if (!of || of->role.empty()) return {};
    return fmt::format("{} of {}{}", of->role, of->facts->called, at(of->facts->place));
}

void refuse_kept(std::span<const Variable> values, std::string_view function, const Location* place)
{
    for (const Variable& leaf : leaves(values)) {
        const StepScope::Facts* scope = ended_scope(leaf);
        if (!scope) continue;
        const Variable v = kept(values, leaf, scope->end);
        const std::string named =
            v.name().empty() ? describe(v) : describe(v) + (v.owner() ? at(v.location()) : "");
        const std::string where =
            fmt::format("{} of {}{}", scope->inside, scope->called, at(scope->place));
        throw user_error(Code::domain, place, function,
                         "{} {} {} and means nothing outside of it: return it from there, and take "
                         "it from {}",
                         named, v.owner() ? "was made inside" : "is a variable of", where,
                         scope->instead);
    }
}

} // namespace croton::inline v1::detail
