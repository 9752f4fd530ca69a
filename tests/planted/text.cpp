// Bugs planted in emitted text: what compares programs with their references must see each.
#include <croton/codegen/program.hpp>
#include <croton/croton.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "fuzz/judge.hpp"
#include "planted/edited_program.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using namespace croton::test;

namespace {

ct::Array numbers(std::uint64_t key, std::vector<std::int64_t> shape)
{
    return ct::Array::uniform(key, std::move(shape), ct::DType::f64, 0.5, 1.5);
}

/// Three running sums after one another: two lie in the workspace, the third in the memory of the
/// first.
struct Chain {
    ct::Variable x = ct::matrix<double>("x", {5, 9}), y = ct::matrix<double>("y", {5, 9});
    std::vector<ct::Array> arguments{numbers(1, {5, 9}), numbers(2, {5, 9})};
    ct::Variable result = last();
    EditedProgram program{
        ct::function({x, y}, ct::Output("r", result), {.name = "chain", .gaps = true})};

    ct::Variable last() const
    {
        const auto first = ct::cumsum(x, 1).named("first");
        const auto second = ct::cumsum(first * y, 0).named("second");
        const auto third = ct::cumsum(second * first, 1).named("third");
        return ct::sum(third * second, ct::Axis{1});
    }

    /// What the judge of random programs says of the program as it stands now.
    std::string verdict() const
    {
        const EditedProgram::Result got = program.call(arguments);
        if (got.code != 0) return got.failure;
        const Program wanted{{x, y}, arguments, {}, {}, {result}};
        return Expectation(wanted).difference(0, got.outputs[0]);
    }
};

} // namespace

TEST_CASE("a program as it was emitted is right") { CHECK(Chain().verdict() == ""); }

TEST_CASE("the judge sees a wrong index")
{
    Chain c;
    c.program.replace("first_i += x[i * 9 + j];", "first_i += x[i * 9 + 8 - j];");
    CHECK_THAT(c.verdict(), contains("output 0, element 0 is "));
}

TEST_CASE("the judge sees a sum that forgets what it had")
{
    Chain c;
    c.program.replace("first_i += x[i * 9 + j];", "first_i = x[i * 9 + j];");
    CHECK_THAT(c.verdict(), contains("output 0, element 0 is "));
}

TEST_CASE("the judge sees a loop that ends early: what it leaves is no number")
{
    Chain c;
    c.program.replace("j < 9; ++j) {\n            first_i", "j < 8; ++j) {\n            first_i");
    CHECK_THAT(c.verdict(), contains("output 0, element 0 is -nan"));
}

TEST_CASE("the judge sees values that share memory while both are alive")
{
    Chain c;
    c.program.replace("f64* second = (f64*)(work + 512 + 64);",
                      "f64* second = (f64*)(work + 0 + 64);");
    CHECK_THAT(c.verdict(), contains("output 0, element 0 is "));
}

TEST_CASE("the judge sees a value that is read after its memory was given up")
{
    Chain c;
    const std::string last = "    fused_3(first, second, r);\n";
    c.program.remove(last).replace("    (void)rt;\n", last + "    (void)rt;\n");
    CHECK_THAT(c.verdict(), contains("output 0, element 0 is -nan"));
}

TEST_CASE("the judge sees what is wrong in a masked softmax")
{
    const auto x = ct::matrix<double>("x", {5, 9}), y = ct::matrix<double>("y", {5, 9});
    std::vector<ct::Array> arguments{numbers(1, {5, 9}), numbers(2, {5, 9})};
    // Nothing is taken of the last row.
    std::fill_n(static_cast<double*>(arguments[1].data()) + 4 * 9, 9, 0.0);
    const ct::Variable r = ct::softmax(ct::where(y > 0.75, x, -HUGE_VAL), 1);
    const auto verdict = [&](std::string_view from, std::string_view to) {
        EditedProgram program(ct::function({x, y}, ct::Output("r", r), {.name = "attention"}));
        const Program wanted{{x, y}, arguments, {}, {}, {r}};
        return Expectation(wanted).difference(0,
                                              program.replace(from, to).call(arguments).outputs[0]);
    };
    CHECK(verdict("sum0 += t2;", "sum0 += t2;") == "");
    CHECK_THAT(verdict("sum0 += t2;", "sum0 = t2;"), contains("output 0, element 0 is "));
    CHECK_THAT(verdict("-__builtin_inf()) - t0;", "0.0) - t0;"), contains("output 0, element "));
    CHECK_THAT(verdict("-__builtin_inf() < max_number0 ? max_number0 : 0.0;", "max_number0;"),
               contains("output 0, element 36 is -nan"));
}

TEST_CASE("gaps see what is written behind a value, and before it")
{
    for (const char* to : {"first[i * 9 + j + 9] =", "first[i * 9 + j - 8] ="}) {
        Chain c;
        c.program.replace("first[i * 9 + j] =", to);
        CHECK_THAT(c.verdict(), contains("chain: memory beside the result of cumsum at text.cpp:"));
    }
}

TEST_CASE("a call with extents that contradict each other tells of a check that was dropped")
{
    const auto v = ct::vector<double>("v", {ct::dim("n")});
    const auto w = ct::vector<double>("w", {ct::dim("m")});
    const auto i = ct::vector<std::int64_t>("i", {3});
    const int line = __LINE__ + 1;
    EditedProgram program(ct::function({v, w, i}, {ct::take(v + w, i)}, {.name = "taken"}));
    const std::vector<std::int64_t> inside{0, 1, 2}, outside{0, 1, 5};
    const ct::Array good = ct::Array::copy(ct::View<const std::int64_t>(inside));
    const ct::Array bad = ct::Array::copy(ct::View<const std::int64_t>(outside));
    const ct::Array five = numbers(1, {5}), four = numbers(2, {4});
    CHECK(program.call({five, five, good}).code == 0);
    CHECK(program.call({five, four, good}).failure ==
          "taken: axis 0 of input 'w' is 4, it must be 5 (n) as axis 0 of input 'v' is, for add at "
          "text.cpp:" +
              std::to_string(line));
    CHECK(program.call({five, five, bad}).code == ct::codegen::index_out_of_range);
    program.remove("    if (extents[1] != n) return guard_failed(report, 1, extents[1], n);\n");
    CHECK(program.call({five, four, good}).code == 0);
    program.replace("if (fused_0(n, i, v, w, ", "if (0 && fused_0(n, i, v, w, ");
    CHECK(program.call({five, five, bad}).code == 0);
}

TEST_CASE("the judge sees updates that take each other's places")
{
    const ct::Array start = numbers(3, {3}), given = numbers(4, {3});
    const auto w = ct::shared("w", start), u = ct::shared("u", start);
    const auto k = ct::vector<double>("k", {3});
    EditedProgram program(ct::function({k}, ct::Output("l", ct::sum(k * w)),
                                       {.name = "train", .updates = {{w, w + k}, {u, u - 2 * k}}}));
    const ct::Variable old = start;
    const Program wanted{{k}, {given}, {}, {}, {old + k, old - 2 * k}};
    Expectation expected(wanted);
    const auto first = [&] { return expected.difference(0, program.call({given}).outputs[1]); };
    CHECK(first() == "");
    program.replace("= (f64*)out[1];", "= (f64*)out[9];")
        .replace("= (f64*)out[2];", "= (f64*)out[1];")
        .replace("= (f64*)out[9];", "= (f64*)out[2];");
    CHECK_THAT(first(), contains("output 0, element 0 is "));
}
