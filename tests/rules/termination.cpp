#include <croton/ir/print.hpp>
#include <croton/passes/rules.hpp>

#include "rules/instances.hpp"
#include "support/catch.hpp"

using namespace croton;
using namespace croton::test;

TEST_CASE("what all rules have made of a rule's left side is not rewritten again")
{
    const Rewrite all("all", all_rules());
    for (const RuleSet& set : all_rules())
        for (const auto& rule : set.rules())
            for (const DType t : {DType::f32, DType::i64, DType::boolean})
                for (const Instance& instance : instances(*rule, t, 2)) {
                    INFO(set.name()
                         << ": " << rule->info->text() << " as " << to_expression(instance.left));
                    std::size_t firings = 0;
                    const Variable once = rewritten(instance.inputs, instance.left, all, firings);
                    CHECK(firings > 0);
                    rewritten(instance.inputs, once, all, firings);
                    INFO("made " << to_expression(once));
                    CHECK(firings == 0);
                }
}

TEST_CASE("every rule is switched off by its text")
{
    for (const RuleSet& set : all_rules())
        for (const auto& rule : set.rules()) {
            INFO(set.name() << ": " << rule->info->text());
            CHECK(is_rule(rule->info->text()));
            CHECK(rules_near(rule->info->text() + "?", 1)[0] == rule->info->text());
            std::vector<Instance> found = instances(*rule, DType::f64, 1);
            if (found.empty()) found = instances(*rule, DType::i64, 1);
            if (found.empty()) found = instances(*rule, DType::boolean, 1);
            REQUIRE(!found.empty());
            Graph graph(found[0].inputs, {found[0].left});
            PassOptions options;
            options.rules_off = {rule->info->text()};
            PassReport report;
            PassContext context{options, report};
            Rewrite(only(rule)).run(graph, context);
            CHECK(report.firings.empty());
        }
}
