// Bugs planted in records, rules and passes: what sweeps over them must see each.
#include <croton/croton.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/pipeline.hpp>
#include <croton/passes/rules.hpp>

#include <string>
#include <vector>

#include "fuzz/judge.hpp"
#include "rules/check_rule.hpp"
#include "support/catch.hpp"
#include "support/finite_difference.hpp"

namespace ct = croton;
using namespace croton::test;
using ct::Variable;

namespace {

/// A copy of Croton's record, to be spoiled.
ct::Op record(std::string_view name)
{
    for (const ct::Op* op : ct::all_ops())
        if (op->name == name) return *op;
    throw ct::internal_error("test", "there is no op {}", name);
}

const Variable x = ct::vector<double>("x", {4});
const Variable y = ct::vector<double>("y", {4});
const std::vector<ct::Array> values{sample(1, {4}), sample(2, {4})};

/// What the judge says of a compiled op of x and y.
std::string verdict(const ct::Op& op)
{
    const Variable z = ct::apply(op, {x, y});
    const ct::Results got = ct::function({x, y}, z, {.cache = false})(values[0], values[1]);
    const Program wanted{{x, y}, values, {}, {}, {z}};
    return Expectation(wanted).difference(0, got[0]);
}

std::string wrong_rule(const Variable& left, const Variable& right, ct::Exactness exactness)
{
    ct::RuleSet r("planted");
    r.add(left, right, exactness).expands();
    return check_rule(*r.rules()[0]).failure;
}

/// The same of a rule that fires on one dtype alone.
std::string wrong_rule_of(ct::DType dtype, const Variable& left, const Variable& right)
{
    ct::RuleSet r("planted");
    r.add(left, right, ct::Exactness::rounding).expands().when([dtype](const ct::Match& m) {
        return m.type().dtype() == dtype;
    });
    return check_rule(*r.rules()[0]).failure;
}

template <class P>
std::string broken_pass(P pass, const ct::PassOptions& options)
{
    ct::Graph graph({x, y}, {ct::exp(x) * y});
    try {
        ct::Pipeline("planted").add(std::move(pass)).run(graph, options);
    } catch (const ct::InternalError& e) {
        return std::string(e.message());
    }
    return "";
}

} // namespace

TEST_CASE("the judge sees a lowering that says something else than its op's meaning")
{
    ct::Op op = record("sub");
    CHECK(verdict(op) == "");
    op.lowering = ct::Pointwise{"{b} - {a}"};
    CHECK_THAT(verdict(op), contains("output 0, element 0 is "));
}

TEST_CASE("the judge knows each integer that rounding may change, and no other")
{
    const Variable v = ct::vector<double>("v", {100});
    const Variable whole = cast(log(exp(v)), ct::DType::i64);
    const auto verdict = [&](double at) {
        const ct::Array given = ct::Array::full({100}, at), zeros = ct::Array::full({100}, 0);
        const Program wanted{{v}, {given}, {}, {}, {whole}};
        return Expectation(wanted).difference(0, zeros.cast(ct::DType::i64));
    };
    CHECK(verdict(1) == "");
    CHECK_THAT(verdict(1.5), contains("output 0, element 0 is 0, not 1"));
}

TEST_CASE("central differences see a wrong gradient, and one that is wrong the second time")
{
    ct::Op op = record("sin");
    const auto wrong = [&] {
        const Variable z = ct::sum(ct::apply(op, {x}));
        return wrong_derivative({x}, {values[0]}, z);
    };
    CHECK(wrong() == "");
    op.grad = [](const ct::UnaryGrad& g) { return -g.y_bar * cos(g.x); };
    CHECK_THAT(wrong(), contains("the gradient by input 0 element 0 is "));
    op.grad = [](const ct::UnaryGrad& g) { return g.y_bar * ct::stop_gradient(cos(g.x)); };
    CHECK_THAT(wrong(), contains("second derivatives by input 0 element 0 are "));
}

TEST_CASE("central differences see a gradient that goes to the wrong operand")
{
    ct::Op op = record("mul");
    op.grad = [](const ct::BinaryGrad& g) -> std::array<Variable, 2> {
        return {g.y_bar * g.a, g.y_bar * g.b};
    };
    const Variable z = ct::sum(ct::apply(op, {x, y}));
    CHECK_THAT(wrong_derivative({x, y}, values, z), contains("the gradient by input 0"));
}

TEST_CASE("equivalence sees rules that are less exact than they say")
{
    using enum ct::Exactness;
    const Variable a = ct::wildcard("a"), b = ct::wildcard("b");
    CHECK(wrong_rule(-(-a), a, bitwise) == "");
    CHECK(wrong_rule((a + b) - b, a, bitwise) != "");           // rounds
    CHECK(wrong_rule(a - a, a * 0, bitwise) != "");             // the sign of 0
    CHECK(wrong_rule(ct::maximum(a, a), a + 0, bitwise) != ""); // -0
    CHECK(wrong_rule(a * a, a * abs(a), domain) != "");         // the sign
    CHECK(wrong_rule(exp(a) * exp(b), exp(a - b), rounding) != "");
    CHECK(wrong_rule(log1p(a), log(1 + a), sharper) != ""); // the wrong way round
}

TEST_CASE("equivalence sees rules that round too much, at each of the float dtypes")
{
    const Variable a = ct::wildcard("a");
    // Units in the last place of each: 16 are let pass, 64 are not.
    const std::pair<ct::DType, double> units[] = {{ct::DType::f64, 0x1p-52},
                                                  {ct::DType::f32, 0x1p-23},
                                                  {ct::DType::f16, 0x1p-10},
                                                  {ct::DType::bf16, 0x1p-7}};
    for (const auto& [dtype, unit] : units) {
        INFO(ct::name(dtype));
        CHECK(wrong_rule_of(dtype, rsqrt(a), 1 / sqrt(a) * (1 + 4 * unit)) == "");
        CHECK(wrong_rule_of(dtype, rsqrt(a), 1 / sqrt(a) * (1 + 64 * unit)) != "");
    }
    // exp(a) is infinite where the result is subnormal.
    CHECK(wrong_rule_of(ct::DType::f32, exp(-a), 1 / exp(a)) != "");
}

TEST_CASE("verify sees a pass that makes the graph need what it is not given")
{
    struct Stray {
        std::string_view name = "stray";
        ct::Changed run(ct::Graph& graph, ct::PassContext&) const
        {
            graph.replace(graph.inputs()[0], ct::vector<double>("z", {4}), "planted");
            return ct::changed_if(graph.commit());
        }
    };
    CHECK_THAT(broken_pass(Stray{}, {.verify = true}),
               contains("after 'stray': internal error in verify: the outputs need 'z', which is "
                        "no input"));
}

TEST_CASE("verify sees a pass that gives a value a type that its op's rule does not")
{
    struct Mistyped {
        std::string_view name = "mistyped";
        ct::Changed run(ct::Graph& graph, ct::PassContext&) const
        {
            static ct::Op op = record("exp");
            const ct::Apply exp = graph.order()[0];
            const Variable same = ct::apply(op, {exp.input(0)});
            op.dtype = ct::float_to_boolean; // as if the rule were another than when it was built
            graph.replace(exp.output(), same, "planted");
            return ct::changed_if(graph.commit());
        }
    };
    CHECK_THAT(broken_pass(Mistyped{}, {.verify = true}),
               contains("exp.0 is f64, its rule says bool"));
}

TEST_CASE("a pass cannot replace a value by one of another type")
{
    struct Narrow {
        std::string_view name = "narrow";
        ct::Changed run(ct::Graph& graph, ct::PassContext&) const
        {
            graph.replace(graph.inputs()[0], graph.inputs()[0].as(ct::DType::f32), "planted");
            return ct::changed_if(graph.commit());
        }
    };
    CHECK_THAT(broken_pass(Narrow{}, {}), contains("internal error in"));
}

TEST_CASE("hashes see a pass that changes the graph and says that it did not")
{
    struct Liar {
        std::string_view name = "liar";
        ct::Changed run(ct::Graph& graph, ct::PassContext&) const
        {
            graph.replace(graph.inputs()[0], graph.inputs()[1], "planted");
            (void)graph.commit();
            return ct::Changed::no;
        }
    };
    CHECK_THAT(broken_pass(Liar{}, {.check_hash = true}),
               contains("'liar' says it did not change the graph, but its hash differs"));
}
