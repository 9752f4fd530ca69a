#pragma once

#include <croton/passes/pass.hpp>
#include <croton/passes/pattern.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1 {

/// How the two sides of a rule differ; tested for every rule (tests/rules/equivalence.cpp).
enum class Exactness : std::uint8_t {
    bitwise,  ///< the same bits for every input
    sharper,  ///< the right side is at least as near to the true value
    domain,   ///< bitwise, except on the inputs that the rule's comment names
    rounding, ///< a few units in the last place apart, or the right side is nearer to the true
              ///< value
};
std::string_view name(Exactness exactness);

using Predicate = std::function<bool(const Match&)>;

/// A wildcard that only the right side of a rule has, and what it stands for.
struct ComputedValue {
    std::string name;
    std::function<Variable(const Match&)> value; ///< empty: the rule does not fire
};

/// `left -> right`, both written with the functions that users call.
struct Rule {
    std::shared_ptr<RuleInfo> info;
    Pattern left;
    Pattern right;
    Exactness exactness;
    bool expands = false; ///< the right side is not smaller: termination is the author's claim
    Predicate when;       ///< null: always
    std::function<void(Match&)> with;  ///< computes parameters that only the right side has
    std::vector<std::string> computed; ///< the names that `with` gives
    std::vector<ComputedValue> values;
};

/// Adds conditions to a rule that was just added.
class RuleBuilder {
public:
    /// Fires only where this holds; several must all hold.
    RuleBuilder& when(Predicate predicate);
    RuleBuilder& expands();
    /// Computes the right side's parameter `name` from the match.
    RuleBuilder& with(std::string_view name, std::function<ParamValue(const Match&)> value);
    /// Computes what the right side's wildcard `name` stands for: a constant that depends on the
    /// dtype, or an expression that no pattern says. Where it is empty the rule does not fire. What
    /// it gives is finished: no rule looks into it in this visit.
    RuleBuilder& let(std::string_view name, std::function<Variable(const Match&)> value);

private:
    friend class RuleSet;
    explicit RuleBuilder(Rule& rule) : rule_(rule) {}
    Rule& rule_;
};

/// Rules of one theme, tried in the order in which they are written.
class RuleSet {
public:
    explicit RuleSet(std::string name, std::vector<std::shared_ptr<Rule>> rules = {})
        : name_(std::move(name)), rules_(std::move(rules))
    {}
    RuleBuilder add(const Variable& left,
                    const Variable& right,
                    Exactness exactness,
                    Where where = Where::current());
    const std::string& name() const noexcept { return name_; }
    const std::vector<std::shared_ptr<Rule>>& rules() const noexcept { return rules_; }

    /// Refuses rules that cannot work: InternalError naming rule and place where the right side
    /// uses an unbound name, the left side is a single value or holds a constant expression (which
    /// folds before it could match) or more than 4 commutative ops, the right side is not smaller
    /// and not marked, or an earlier rule always fires first. Rewrite calls it.
    void check() const;

private:
    std::string name_;
    std::vector<std::shared_ptr<Rule>> rules_;
};

// Conditions that several rules share.
Predicate is_float(std::string_view wildcard);
Predicate is_integer(std::string_view wildcard);
Predicate is_boolean(std::string_view wildcard);
Predicate is_number(std::string_view wildcard); ///< integer or float
Predicate is_constant(std::string_view wildcard);
Predicate has_type_of_result(std::string_view wildcard);

} // namespace croton::inline v1
