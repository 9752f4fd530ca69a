#include <croton/ir/build.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/print.hpp>
#include <croton/passes/fold_constants.hpp>
#include <croton/passes/merge_duplicates.hpp>
#include <croton/passes/rules.hpp>

#include <limits>

#include "fuzz/generate.hpp"
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

TEST_CASE("what all rules have made of a random program is not rewritten again")
{
    const Rewrite all("all", all_rules());
    const PassOptions options;
    std::size_t fired = 0;
    for (std::uint64_t number = 0; number < 800; ++number) {
        const Recipe recipe = generate(1, number);
        const Program program = build(recipe);
        Graph graph(program.inputs, program.outputs);
        PassReport first, second;
        PassContext context{options, first}, again{options, second};
        MergeDuplicates{}.run(graph, context);
        FoldConstants{}.run(graph, context);
        all.run(graph, context);
        const std::string made = to_text(graph);
        INFO("program " << number << "\n" << made);
        all.run(graph, again);
        for (const Firing& f : second.firings)
            FAIL_CHECK("fires again: " << f.rule->text());
        CHECK(to_text(graph) == made);
        fired += first.firings.size();
    }
    CHECK(fired > 300);
}

TEST_CASE("what is computed with a constant at a dtype's end settles")
{
    using Limits = std::numeric_limits<double>;
    const Rewrite all("all", all_rules());
    const PassOptions options;
    for (const DType t : {DType::f64, DType::f32, DType::f16, DType::bf16, DType::i64, DType::i32,
                          DType::i16, DType::i8, DType::u64, DType::u8}) {
        std::vector<Array> constants;
        const auto add = [&](const auto value) {
            constants.push_back(Array::scalar(value).cast(t));
        };
        if (is_float(t)) {
            for (const double c : {Limits::quiet_NaN(), -Limits::quiet_NaN(), Limits::infinity(),
                                   -Limits::infinity(), 0.0, -0.0, 2.5, -2.5})
                add(c);
        } else {
            const int bits = 8 * static_cast<int>(size_bytes(t));
            const std::int64_t least = std::numeric_limits<std::int64_t>::min() >> (64 - bits);
            for (const std::int64_t c : {least, least + 1, ~least, std::int64_t{-1},
                                         std::int64_t{0}, std::int64_t{3}, std::int64_t{-3}})
                add(c); // of unsigned ones, what these are modulo 2^bits
        }
        const Variable x = input("x", t, {4});
        for (const Array& value : constants) {
            const Variable c = constant(value, nullptr);
            for (const Variable& y : {x + c, x - c, c - x, x * c, x / c, c / x, c + x * c}) {
                INFO(name(t) << ": " << to_expression(y));
                Graph graph({x}, {y});
                PassReport report;
                PassContext context{options, report};
                std::size_t rounds = 0, fired = 1;
                for (; fired > 0 && rounds < 8; ++rounds) {
                    const std::size_t before = report.firings.size();
                    FoldConstants{}.run(graph, context);
                    all.run(graph, context);
                    fired = report.firings.size() - before;
                }
                INFO("made " << to_expression(graph.outputs()[0]));
                CHECK(fired == 0);
            }
        }
    }
}

TEST_CASE("every rule is switched off by its text")
{
    for (const RuleSet& set : all_rules())
        for (const auto& rule : set.rules()) {
            INFO(set.name() << ": " << rule->info->text());
            CHECK(is_rule(rule->info->text()));
            CHECK(rules_near(rule->info->text() + "?", 1)[0] == rule->info->text());
            std::vector<Instance> found;
            for (const DType t : {DType::f64, DType::i64, DType::boolean, DType::f32, DType::f16})
                if (found.empty()) found = instances(*rule, t, 1);
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
