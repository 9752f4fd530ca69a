#include <croton/ir/format.hpp>
#include <croton/ir/print.hpp>
#include <croton/passes/rule.hpp>

#include <algorithm>
#include <unordered_map>

namespace croton::inline v1 {

std::string_view name(Exactness exactness)
{
    switch (exactness) {
    case Exactness::bitwise:
        return "bitwise";
    case Exactness::sharper:
        return "sharper";
    case Exactness::domain:
        return "domain";
    case Exactness::rounding:
        return "rounding";
    }
    return "";
}

RuleBuilder& RuleBuilder::when(Predicate predicate)
{
    if (!rule_.when)
        rule_.when = std::move(predicate);
    else
        rule_.when = [first = std::move(rule_.when), second = std::move(predicate)](
                         const Match& m) { return first(m) && second(m); };
    return *this;
}

RuleBuilder& RuleBuilder::expands()
{
    rule_.expands = true;
    return *this;
}

RuleBuilder& RuleBuilder::with(std::string_view name, std::function<ParamValue(const Match&)> value)
{
    rule_.computed.emplace_back(name);
    const auto give = [name = std::string(name), value = std::move(value)](Match& m) {
        m.set_param(name, value(m));
    };
    if (!rule_.with)
        rule_.with = give;
    else
        rule_.with = [first = std::move(rule_.with), give](Match& m) {
            first(m);
            give(m);
        };
    return *this;
}

RuleBuilder& RuleBuilder::let(std::string_view name, std::function<Variable(const Match&)> value)
{
    rule_.values.push_back({std::string(name), std::move(value)});
    return *this;
}

std::string RuleInfo::text() const { return to_expression(left) + " -> " + to_expression(right); }

RuleBuilder
RuleSet::add(const Variable& left, const Variable& right, Exactness exactness, Where where)
{
    auto info = std::make_shared<RuleInfo>(RuleInfo{left, right, locate(where)});
    if (!left.owner())
        throw internal_error("rules", "rule '{}' has a single value on its left ({})", info->text(),
                             to_string(*info->where));
    rules_.push_back(std::make_shared<Rule>(Rule{std::move(info),
                                                 Pattern(left),
                                                 Pattern(right),
                                                 exactness,
                                                 false,
                                                 nullptr,
                                                 nullptr,
                                                 {},
                                                 {}}));
    return RuleBuilder(*rules_.back());
}

namespace {

template <class... A>
[[noreturn]] void refuse(const Rule& rule, fmt::format_string<A...> text, A&&... values)
{
    throw internal_error("rules", "rule '{}' {} ({})", rule.info->text(),
                         fmt::format(text, std::forward<A>(values)...),
                         to_string(*rule.info->where));
}

void check_names(const Rule& rule)
{
    const auto bound = [](const std::vector<std::string>& names, const std::string& name) {
        return std::ranges::find(names, name) != names.end();
    };
    for (const std::string& name : rule.right.wildcards())
        if (!bound(rule.left.wildcards(), name) &&
            std::ranges::find(rule.values, name, &ComputedValue::name) == rule.values.end())
            refuse(rule, "uses unbound '{}'", name);
    for (const std::string& name : rule.right.params())
        if (!bound(rule.left.params(), name) && !bound(rule.computed, name))
            refuse(rule, "uses unbound '{}'", name);
}

/// Looks for an Apply of literals alone; a rule's few nodes allow recursion.
void check_not_folded(const Rule& rule, const Variable& v)
{
    const Apply a = v.owner();
    if (!a) return;
    bool all_constant = !a.inputs().empty();
    for (const Variable& in : a.inputs()) {
        check_not_folded(rule, in);
        all_constant &= in.leaf() == Leaf::constant;
    }
    if (all_constant)
        refuse(rule, "has '{}' on its left, which is folded before it can match", to_expression(v));
}

void check_smaller(const Rule& rule)
{
    if (rule.expands) return;
    if (rule.right.size() >= rule.left.size())
        refuse(rule, "has a right side that is not smaller and is not marked .expands()");
    for (const std::string& name : rule.right.wildcards())
        if (rule.right.occurrences(name) > rule.left.occurrences(name))
            refuse(rule, "repeats '{}' more often on its right and is not marked .expands()", name);
}

bool in_strict_mode(const Rule& rule)
{
    return rule.exactness == Exactness::bitwise || rule.exactness == Exactness::sharper;
}

/// Whether `earlier`, of the same op, fires on everything that `later` could match.
void check_reached(const Rule& earlier, const Rule& later)
{
    if (earlier.when || !earlier.values.empty() ||
        (in_strict_mode(later) && !in_strict_mode(earlier)))
        return;
    Match match;
    if (earlier.left.match(later.left.expression().owner(), match))
        refuse(later, "never fires: '{}' ({}) is tried first", earlier.info->text(),
               to_string(*earlier.info->where));
}

} // namespace

void RuleSet::check() const
{
    std::unordered_map<const Op*, std::vector<const Rule*>> earlier; // looked up only
    for (const auto& rule : rules_) {
        check_names(*rule);
        if (rule->left.order_count() > 4)
            refuse(*rule, "has more than 4 commutative ops on its left");
        check_not_folded(*rule, rule->left.expression());
        check_smaller(*rule);
        auto& same_op = earlier[rule->left.root_op()];
        for (const Rule* other : same_op)
            check_reached(*other, *rule);
        same_op.push_back(rule.get());
    }
}

Predicate is_float(std::string_view w)
{
    return [w = std::string(w)](const Match& m) { return is_float(m[w].dtype()); };
}
Predicate is_integer(std::string_view w)
{
    return [w = std::string(w)](const Match& m) { return is_integer(m[w].dtype()); };
}
Predicate is_boolean(std::string_view w)
{
    return [w = std::string(w)](const Match& m) { return m[w].dtype() == DType::boolean; };
}
Predicate is_number(std::string_view w)
{
    return [w = std::string(w)](const Match& m) { return m[w].dtype() != DType::boolean; };
}
Predicate is_constant(std::string_view w)
{
    return [w = std::string(w)](const Match& m) { return constant_value(m[w]).has_value(); };
}
Predicate has_type_of_result(std::string_view w)
{
    return [w = std::string(w)](const Match& m) { return m[w].type() == m.type(); };
}

} // namespace croton::inline v1
