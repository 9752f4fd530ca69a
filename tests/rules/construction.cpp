#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/rewrite.hpp>
#include <croton/passes/rules.hpp>

#include "support/catch.hpp"

using namespace croton;

namespace {

/// What the table says about a rule, without its place.
std::string refusal(const Variable& left, const Variable& right)
{
    RuleSet r("test");
    try {
        r.add(left, right, Exactness::bitwise);
        r.check();
    } catch (const InternalError& error) {
        const std::string text = std::string(error.message());
        return text.substr(0, text.find(" (construction.cpp:"));
    }
    return "accepted";
}

const Variable x = wildcard("x");
const Variable y = wildcard("y");

} // namespace

TEST_CASE("all rules can work")
{
    std::size_t count = 0;
    for (const RuleSet& set : all_rules()) {
        CHECK_NOTHROW(set.check());
        count += set.rules().size();
    }
    CHECK(count >= 80);
}

TEST_CASE("a right side that uses an unbound name is refused")
{
    CHECK(refusal(log(x), y) == "internal error in rules: rule 'log(x) -> y' uses unbound 'y'");
}

TEST_CASE("an unbound parameter is refused")
{
    CHECK(refusal(exp(x), sum(x, ParamWildcard("axes"))) ==
          "internal error in rules: rule 'exp(x) -> sum(x, axes)' uses unbound 'axes'");
}

TEST_CASE("a left side that is a single value is refused")
{
    CHECK(refusal(x, exp(x)) ==
          "internal error in rules: rule 'x -> exp(x)' has a single value on its left");
}

TEST_CASE("a left side that is folded before it can match is refused")
{
    CHECK(
        refusal(x + log(Variable(2.0)), x) ==
        "internal error in rules: rule 'x + log(2) -> x' has 'log(2)' on its left, which is folded "
        "before it can match");
}

TEST_CASE("a left side that matches in too many orders is refused")
{
    CHECK(refusal(1 + exp(1 + exp(1 + exp(1 + exp(1 + x)))), x) ==
          "internal error in rules: rule '1 + exp(1 + exp(1 + exp(1 + exp(1 + x)))) -> x' has more "
          "than 4 commutative ops on its left");
}

TEST_CASE("a right side that is not smaller must say so")
{
    CHECK(refusal(sin(x), cos(x)) == "internal error in rules: rule 'sin(x) -> cos(x)' has a right "
                                     "side that is not smaller and is not marked .expands()");
    CHECK(refusal(exp(exp(exp(x))), x * x) ==
          "internal error in rules: rule 'exp(exp(exp(x))) -> x * x' repeats 'x' more often on its "
          "right and is not marked .expands()");
}

TEST_CASE("a rule behind one that always fires first is refused")
{
    RuleSet r("test");
    r.add(log(exp(x)), x, Exactness::bitwise);
    r.add(log(exp(x + y)), x, Exactness::bitwise);
    CHECK_THROWS_WITH(
        r.check(), test::contains("rule 'log(exp(x + y)) -> x' never fires: 'log(exp(x)) -> x'"));
}
