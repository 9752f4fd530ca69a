// Strict mode: no rule that may cost a bit fires, and all others do.
#include <croton/croton.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/pipelines.hpp>
#include <croton/passes/rules.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "rules/check_rule.hpp"
#include "rules/instances.hpp"
#include "support/catch.hpp"

using namespace croton;
using namespace croton::test;

namespace {

bool keeps_every_bit(Exactness e) { return e == Exactness::bitwise; }
bool may_run_in_strict_mode(Exactness e) { return keeps_every_bit(e) || e == Exactness::sharper; }

/// By text: each set that is made has objects of its own.
std::map<std::string, Exactness> exactness_of_rules()
{
    std::map<std::string, Exactness> of;
    for (const RuleSet& set : all_rules())
        for (const auto& rule : set.rules())
            of.emplace(rule->info->text(), rule->exactness);
    return of;
}

/// Numbers of every kind, a few bools, or indices below 4.
std::vector<Array> values_for(const Variables& inputs)
{
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const double kinds[] = {0.3, -0.0, 0.0, -7.25, infinity, 1.0, -infinity, 1e-30, 3.7, NAN, -2.0};
    std::vector<Array> values;
    for (const Variable& input : inputs) {
        std::vector<std::int64_t> shape;
        for (const Extent& e : input.shape())
            shape.push_back(e.value());
        Array a = Array::zeros(DType::f64, shape);
        for (std::int64_t i = 0; i < a.size(); ++i) {
            const auto at = static_cast<std::size_t>(i) * (2 * values.size() + 1) + values.size();
            static_cast<double*>(a.data())[i] = is_float(input.dtype())
                                                    ? kinds[at % std::size(kinds)]
                                                    : static_cast<double>(at % 4);
        }
        values.push_back(a.cast(input.dtype()));
    }
    return values;
}

struct Made {
    std::vector<Firing> firings;
    Variable result;
};

/// What rules, or all passes, make of an instance.
Made make(const Instance& instance, const Rewrite& rules, bool strict)
{
    Graph graph(instance.inputs, {instance.left});
    PassOptions options;
    options.strict = strict;
    PassReport report;
    PassContext context{options, report};
    rules.run(graph, context);
    return {report.firings, graph.outputs()[0]};
}
Made make(const Instance& instance, const Pipeline& passes, bool strict)
{
    Graph graph(instance.inputs, {instance.left});
    PassOptions options;
    options.strict = strict;
    return {passes.run(graph, options).firings, graph.outputs()[0]};
}

template <class Check>
void for_each_instance(const Check& check)
{
    for (const RuleSet& set : all_rules())
        for (const auto& rule : set.rules())
            for (const DType t : {DType::f32, DType::f64, DType::i64, DType::boolean})
                for (const Instance& instance : instances(*rule, t, 2)) {
                    INFO(set.name()
                         << ": " << rule->info->text() << " as " << to_expression(instance.left));
                    check(rule, instance);
                }
}

} // namespace

TEST_CASE("in strict mode a rule fires if and only if it keeps every bit or is sharper")
{
    std::size_t kept = 0, left_out = 0;
    for_each_instance([&](const std::shared_ptr<Rule>& rule, const Instance& i) {
        const Rewrite alone(only(rule));
        CHECK(!make(i, alone, false).firings.empty());
        const bool may = may_run_in_strict_mode(rule->exactness);
        CHECK(make(i, alone, true).firings.empty() == !may);
        ++(may ? kept : left_out);
    });
    CHECK(kept > 100);
    CHECK(left_out > 100);
}

TEST_CASE("in strict mode no pass fires a rule that may cost a bit, whatever program a rule is for")
{
    const std::map<std::string, Exactness> exactness = exactness_of_rules();
    std::size_t inexact = 0;
    for_each_instance([&](const std::shared_ptr<Rule>&, const Instance& i) {
        for (const Firing& firing : make(i, cpu_pipeline(), true).firings) {
            INFO(to_string(firing));
            CHECK(may_run_in_strict_mode(exactness.at(firing.rule->text())));
        }
        for (const Firing& firing : make(i, cpu_pipeline(), false).firings)
            inexact += !may_run_in_strict_mode(exactness.at(firing.rule->text()));
    });
    CHECK(inexact > 100); // the same programs fire them otherwise
}

TEST_CASE("what strict mode makes of a program has the program's bits, unless a sharper rule fired")
{
    const std::map<std::string, Exactness> exactness = exactness_of_rules();
    const Rewrite all("all", all_rules());
    std::size_t compared = 0;
    for_each_instance([&](const std::shared_ptr<Rule>&, const Instance& i) {
        const Made made = make(i, all, true);
        for (const Firing& firing : made.firings)
            if (!keeps_every_bit(exactness.at(firing.rule->text()))) return;
        const std::vector<Array> values = values_for(i.inputs);
        const auto evaluate = [&](const Variable& v) {
            return evaluate_reference(i.inputs, values, std::span(&v, 1))[0].contiguous();
        };
        INFO("made " << to_expression(made.result));
        const Array left = evaluate(i.left), right = evaluate(made.result);
        for (std::int64_t k = 0; k < left.size(); ++k)
            if (!same_bits(left, right, k)) {
                FAIL_CHECK("element " << k << ": " << left.as_double(k) << " became "
                                      << right.as_double(k));
                break;
            }
        compared += !made.firings.empty();
    });
    CHECK(compared > 100);
}

TEST_CASE("compiled in strict mode, a program has the bits that it has without any rule")
{
    std::vector<std::string> every_rule;
    for (const auto& [text, exactness] : exactness_of_rules())
        every_rule.push_back(text);
    const Rewrite all("all", all_rules());
    const std::map<std::string, Exactness> exactness = exactness_of_rules();
    Variables inputs, outputs;
    const auto compare = [&] {
        const Options strict{.name = "strict", .strict = true, .fast_start = true};
        const Options plain{.name = "plain", .fast_start = true, .rules_off = every_rule};
        const auto f = function(inputs, outputs, strict), g = function(inputs, outputs, plain);
        for (const bool zeros : {false, true}) {
            std::vector<Any> arguments;
            for (const Array& a : values_for(inputs))
                arguments.emplace_back(
                    zeros ? Array::zeros(a.dtype(), {a.shape().begin(), a.shape().end()}) : a);
            const Results got = f.call(arguments), expected = g.call(arguments);
            for (std::size_t i = 0; i < outputs.size(); ++i) {
                const Array left = expected[i].contiguous(), right = got[i].contiguous();
                INFO(to_expression(outputs[i]));
                for (std::int64_t k = 0; k < left.size(); ++k)
                    if (!same_bits(left, right, k)) {
                        FAIL_CHECK("element " << k << ": " << left.as_double(k) << " became "
                                              << right.as_double(k));
                        break;
                    }
            }
        }
        inputs.clear();
        outputs.clear();
    };
    std::size_t compared = 0;
    for (const RuleSet& set : all_rules())
        for (const auto& rule : set.rules()) {
            if (!keeps_every_bit(rule->exactness)) continue;
            for (const Instance& i : instances(*rule, DType::f32, 1)) {
                const Made made = make(i, all, true);
                if (!std::ranges::all_of(made.firings, [&](const Firing& firing) {
                        return keeps_every_bit(exactness.at(firing.rule->text()));
                    }))
                    continue;
                VariableMap own; // the names of a function's inputs differ
                for (const Variable& v : i.inputs) {
                    inputs.push_back(
                        input("x" + std::to_string(inputs.size()), v.dtype(), v.shape()));
                    own.emplace(v, inputs.back());
                }
                outputs.push_back(GraphCopy(own)(i.left));
                ++compared;
                if (outputs.size() == 16) compare();
            }
        }
    compare();
    CHECK(compared > 50);
}
