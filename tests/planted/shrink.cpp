// Making a failing random program smaller, and printing it: neither runs unless one fails.
#include "fuzz/shrink.hpp"

#include <croton/croton.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "fuzz/derivatives.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/loops.hpp"
#include "runtime/process.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using namespace croton::test;

namespace {

bool calls(const Recipe& recipe, std::string_view maker)
{
    return std::ranges::any_of(recipe.nodes,
                               [&](const Recipe::Node& n) { return n.maker->name == maker; });
}

/// A copy of Croton's record, to be spoiled.
ct::Op record(std::string_view name)
{
    for (const ct::Op* op : ct::all_ops())
        if (op->name == name) return *op;
    throw ct::internal_error("test", "there is no op {}", name);
}

constexpr std::uint64_t plain_batch = 160; ///< its options are the plain ones

/// The first random program of some size whose outputs need a call of it.
Recipe program_with(std::string_view maker)
{
    for (std::uint64_t number = 0;; ++number) {
        const Recipe recipe = shrink(generate(1, number), [](const Recipe&) { return false; }, 0);
        if (recipe.nodes.size() >= 5 && calls(recipe, maker)) return recipe;
    }
}

/// What g++ says of a program of Croton's users; empty where it is right.
std::string complaints(const std::string& program)
{
    const TemporaryFolder folder;
    std::ofstream(folder / "program.cpp") << program;
    std::string command = "g++ -std=c++20 -fsyntax-only";
    for (const char* part : {"ir", "passes", "codegen", "runtime", "compiler"})
        command += std::string(" -I") + CROTON_SOURCE_FOLDER + "/" + part + "/include";
    command += " " + (folder / "program.cpp") + " > " + (folder / "log") + " 2>&1";
    if (std::system(command.c_str()) == 0) return "";
    std::ostringstream text;
    text << std::ifstream(folder / "log").rdbuf();
    return text.str();
}

} // namespace

TEST_CASE("a program that fails for one call shrinks to that call of plain numbers")
{
    for (const char* maker : {"softmax", "masked softmax", "cumsum", "atan2"}) {
        const auto fails = [&](const Recipe& r) { return calls(r, maker); };
        const Recipe small = shrink(program_with(maker), fails);
        const std::string text = to_program(small);
        INFO(text);
        REQUIRE(small.nodes.size() == 1);
        CHECK(small.nodes[0].maker->name == maker);
        CHECK(small.outputs == std::vector<int>{static_cast<int>(small.leaves.size())});
        CHECK(small.leaves.size() <= small.nodes[0].maker->arity);
        for (const Recipe::Leaf& leaf : small.leaves) {
            CHECK(leaf.value.size() <= 1);
            if (leaf.value.size() == 1) CHECK(leaf.value.as_double(0) == 1);
        }
        CHECK_THAT(text, contains("    const auto v0 = "));
        CHECK(complaints(text) == "");
    }
}

TEST_CASE("programs of every kind print as C++ that compiles")
{
    std::string all;
    int count = 0;
    const auto add = [&](const Recipe& recipe) {
        std::string text = to_program(recipe);
        const std::size_t at = text.find("int main()");
        REQUIRE(at != text.npos);
        if (count == 0) all = text.substr(0, at);
        text.replace(at, 10, "int main" + std::to_string(count++) + "()");
        all += text.substr(at);
    };
    for (std::uint64_t number = 0; number < 40; ++number)
        add(generate(3, number));
    // And each of the loops.
    const std::vector<Maker> loops = loop_makers();
    std::set<std::string> left;
    for (const Maker& maker : loops)
        left.insert(maker.name);
    for (std::uint64_t number = 0; number < 500 && !left.empty(); ++number) {
        const Recipe recipe = generate(4, number, {.extra = &loops});
        const std::size_t before = left.size();
        for (const Recipe::Node& node : recipe.nodes)
            left.erase(node.maker->name);
        if (left.size() < before) add(recipe);
    }
    CHECK(left == std::set<std::string>());
    CHECK(complaints(all) == "");
}

TEST_CASE("a program that compares derivatives prints as C++ that compiles")
{
    CHECK(complaints(to_derivative_program(generate(3, 1, differentiable))) == "");
}

TEST_CASE("random programs tell a wrong operand of a softmax")
{
    static ct::Op op = record("sub");
    op.lowering = ct::Pointwise{"{b} - {a}"};
    const auto make = [](const Maker& maker, const MakerArgs& a) {
        const ct::Variable difference = ct::apply(*maker.op, a.x, {}, nullptr);
        return Made{ct::softmax(difference, a.axis(0)), "ct::softmax(" + a.names[0] + ")"};
    };
    const std::vector<Maker> wrong{{"wrong", 2, make, &op}};
    const FuzzReport report = fuzz(1, plain_batch, 40, 1, {.extra = &wrong});
    REQUIRE(report.failures.size() == 1);
    CHECK(calls(report.failures[0].recipe, "wrong"));
    CHECK(report.failures[0].recipe.nodes.size() <= 2);
}

TEST_CASE("a program that calls a wrong op shrinks to it, and prints the arrays it is wrong for")
{
    static ct::Op op = record("sub");
    op.lowering = ct::Pointwise{"{b} - {a}"};
    const auto make = [](const Maker& maker, const MakerArgs& a) {
        return Made{ct::apply(*maker.op, a.x, {}, nullptr), a.names[0] + " - " + a.names[1]};
    };
    const std::vector<Maker> wrong{{"wrong", 2, make, &op}};
    const FuzzReport report = fuzz(1, plain_batch, 40, 1, {.extra = &wrong});
    REQUIRE(report.failures.size() == 1);
    const Failure& failure = report.failures[0];
    const std::string text = to_program(failure.recipe);
    INFO(text);
    CHECK_THAT(failure.why, contains("output 0, element "));
    CHECK(judge_one(failure.recipe, {}) == failure.why);
    CHECK(failure.recipe.nodes.size() <= 2);
    CHECK(calls(failure.recipe, "wrong"));
    CHECK_THAT(text, contains(" = x0 - x1;") || contains(" = x1 - x0;") ||
                         contains(" = x0 - x0;") || contains(" = v0 - x") || contains(" - v0;"));
    CHECK(complaints(text) == "");
}
