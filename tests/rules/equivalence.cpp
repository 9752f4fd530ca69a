#include <croton/ir/print.hpp>
#include <croton/passes/rules.hpp>

#include "rules/check_rule.hpp"
#include "support/catch.hpp"

using namespace croton;
using namespace croton::test;

TEST_CASE("both sides of every rule agree at its exactness")
{
    for (const RuleSet& set : all_rules())
        for (const auto& rule : set.rules()) {
            INFO(set.name() << ": " << rule->info->text() << " (" << to_string(*rule->info->where)
                            << ")");
            const RuleOutcome outcome = check_rule(*rule, set);
            CHECK(outcome.failure == "");
            CHECK(outcome.instances > 0);
            if (rule->exactness == Exactness::sharper) CHECK(outcome.left_is_worse);
        }
}
