#include <croton/croton.hpp>
#include <croton/runtime/thread_pool.hpp>

#include <cmath>
#include <cstring>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "errors/expect.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using croton::test::contains;
using ct::Variable;

namespace {

ct::Array values(const std::vector<double>& list)
{
    return ct::Array::copy(ct::View<const double>(list));
}

/// The error of a call, with its code, op and line.
struct Refusal {
    std::string text;
    ct::Code code = ct::Code::ok;
    std::string op;
    std::uint32_t line = 0;
};
template <class Call>
Refusal refusal(Call call)
{
    try {
        (void)call();
    } catch (const ct::UserError& e) {
        return {std::string(e.message()), e.code(), std::string(e.op()), e.where().line()};
    }
    return {};
}

} // namespace

TEST_CASE("finite checks name the op that made the first value that is not finite")
{
    const auto x = ct::vector<double>("x");
    const auto y = exp(x - 1);
    const auto l = log(y - 1);
    const std::uint32_t line = __LINE__ - 1;
    const auto w = ct::shared("w", ct::zeros<double>({}));
    const auto f = ct::function({x}, ct::sum(l * 2),
                                {.name = "f", .updates = {{w, w + 1}}, .finite_checks = true});
    CHECK(f(values({2, 3}))[0].item<double>() != 0);
    CHECK(w.value().item<double>() == 1);
    const Refusal r = refusal([&] { return f(values({2, 3, 1, 4})); });
    CHECK(r.text == "log: its result in 'f' is not finite: -inf at (2) of f64 (4), from 0");
    CHECK(r.code == ct::Code::not_finite);
    CHECK(r.op == "log");
    CHECK(r.line == line);
    CHECK(w.value().item<double>() == 1); // nothing was updated
    CHECK(refusal([&] { return f(values({2, std::nan("")})); }).text ==
          "f: 'x' is not finite: nan at (1) of f64 (2)");
    CHECK(refusal([&] { return f(values({2, -std::nan("")})); }).text ==
          "f: 'x' is not finite: nan at (1) of f64 (2)"); // what 0 / 0 is on x86
    const auto slow =
        ct::function({x}, ct::sum(l * 2), {.name = "f", .reference = true, .finite_checks = true});
    CHECK(refusal([&] { return slow(values({1})); }).text ==
          "log: its result in 'f' is not finite: -inf at (0) of f64 (1), from 0");
    const auto unchecked = ct::function({x}, ct::sum(l * 2), {.name = "f"});
    CHECK(std::isinf(unchecked(values({1}))[0].item<double>()));
}

TEST_CASE("finite checks follow a value through loops, sums and 16-bit floats; masks are no errors")
{
    const auto x = ct::vector<double>("x");
    const auto run =
        ct::scan([](const Variable& a, const Variable& s) { return s * 2 + 1 / (a - 3); },
                 {.sequences = {x}, .init = {0.0}});
    const auto f = ct::function({x}, run.last[0] + 1, {.name = "loop", .finite_checks = true});
    CHECK(f(values({1, 2}))[0].item<double>() == Approx(-1));
    CHECK(refusal([&] { return f(values({1, 2, 3, 4})); }).text ==
          "div: its result in 'loop' is not finite: inf at () of f64 (), from 1 and 0, in step 2");

    const auto narrow = ct::input("h", ct::DType::f16, {ct::dim("n")});
    const auto big = ct::function({narrow}, narrow * 60000, {.name = "big", .finite_checks = true});
    const ct::Array two = values({0.5, 2}).cast(ct::DType::f16);
    CHECK(refusal([&] { return big(two); }).code == ct::Code::not_finite);

    const auto masked = ct::sum(where(x > 0, log(x), 0));
    const auto g =
        ct::function({x}, {masked, ct::grad(masked, x)}, {.name = "masked", .finite_checks = true});
    CHECK(g(values({0, 1, -1}))[0].item<double>() == 0);
}

TEST_CASE("a typed call says by its status that a value is not finite")
{
    const auto x = ct::vector<double>("x", {3});
    const auto f = ct::function({x}, 1 / x, {.name = "inverse", .finite_checks = true});
    const auto call = f.typed<void(ct::View<const double>, ct::View<double>)>();
    auto workspace = f.workspace();
    std::vector<double> in{1, 2, 4}, out(3);
    CHECK(call(workspace, in, out).code == ct::Code::ok);
    in[1] = 0;
    const ct::Status s = call(workspace, in, out);
    CHECK(s.code == ct::Code::not_finite);
    CHECK_THAT(s.text(), contains("inverse: the result of "));
    CHECK_THAT(s.text(), contains("options.cpp:"));
    CHECK_THROWS_WITH(call(in, out), contains("is not finite: inf at (1) of f64 (3)"));
}

TEST_CASE("a memory limit is checked before any work")
{
    const auto n = ct::dim("n");
    const auto x = ct::matrix<double>("x", {n, n});
    const auto y = ct::dot(ct::dot(x, x), x);
    const auto f = ct::function({x}, y, {.name = "cube", .memory_limit_bytes = 200'000});
    CHECK(f(ct::zeros<double>({8, 8}))[0].size() == 64);
    const Refusal r = refusal([&] { return f(ct::zeros<double>({500, 500})); });
    CHECK_THAT(r.text, contains("cube: its intermediate values exceed memory_limit_bytes: "));
    CHECK_THAT(r.text, contains(" bytes, allowed are 200000"));
    CHECK(r.code == ct::Code::memory);
    CHECK_THROWS_WITH(f.workspace({{"n", 500}}), contains("allowed are 200000"));
    const auto known = ct::matrix<double>("x", {500, 500});
    CHECK_THROWS_WITH(ct::function({known}, ct::dot(ct::dot(known, known), known),
                                   {.name = "cube", .memory_limit_bytes = 200'000}),
                      contains("allowed are 200000"));
    const auto typed = f.typed<void(ct::View<const double, 2>, ct::View<double, 2>)>();
    auto small = f.workspace({{"n", 8}});
    std::vector<double> in(100 * 100), out(100 * 100);
    const ct::Status s = typed(small, ct::View<const double, 2>(in.data(), {100, 100}),
                               ct::View<double, 2>(out.data(), {100, 100}));
    CHECK(s.code == ct::Code::memory);
    CHECK_THAT(s.text(), contains("cube: its intermediate values need "));
}

TEST_CASE("an index out of range is named with its op, line, axis, value and extent")
{
    const auto x = ct::matrix<float>("x", {ct::dim("n"), 4});
    const auto i = ct::vector<std::int64_t>("i", {ct::dim("k")});
    const auto taken = ct::take(x, i - 1, 1);
    const std::uint32_t line = __LINE__ - 1;
    const auto f = ct::function({x, i}, ct::sum(taken), {.name = "pick"});
    const std::vector<std::int64_t> good{1, 4, -3}, bad{1, 2, 5, 9};
    CHECK(f(ct::zeros<float>({2, 4}), good)[0].size() == 1);
    const Refusal r = refusal([&] { return f(ct::zeros<float>({2, 4}), bad); });
    CHECK(r.text == "take: index 4 is out of range for axis 1 of extent 4: element (2) of i64 (4)");
    CHECK(r.code == ct::Code::index);
    CHECK(r.op == "take");
    CHECK(r.line == line);
    const auto slow = ct::function({x, i}, ct::sum(taken), {.name = "pick", .reference = true});
    CHECK(refusal([&] { return slow(ct::zeros<float>({2, 4}), bad); }).text == r.text);
    const auto call =
        f.typed<void(ct::View<const float, 2>, ct::View<const std::int64_t>, float&)>();
    const std::vector<float> xv(8);
    float out = 0;
    CHECK_THROWS_WITH(call(ct::View<const float, 2>(xv.data(), {2, 4}), bad, out), r.text);
    auto workspace = f.workspace({{"n", 2}, {"k", 4}});
    const ct::Status s = call(workspace, ct::View<const float, 2>(xv.data(), {2, 4}), bad, out);
    CHECK(s.code == ct::Code::index);
    CHECK(s.text() ==
          "pick: an index of take is out of range at options.cpp:" + std::to_string(line));
}

TEST_CASE("an index out of range inside a loop is named with its step")
{
    const auto x = ct::vector<double>("x", {5});
    const auto i = ct::vector<std::int64_t>("i");
    const auto run = ct::scan(
        [&](const Variable& k, const Variable& s) {
            return s + ct::sum(ct::take(x, ct::expand_dims(k, 0), 0));
        },
        {.sequences = {i}, .init = {0.0}});
    const auto f = ct::function({x, i}, run.last[0], {.name = "walk"});
    const std::vector<std::int64_t> bad{0, 4, -6};
    CHECK(refusal([&] { return f(ct::zeros<double>({5}), bad); }).text ==
          "take: index -6 is out of range for axis 0 of extent 5: element (0) of i64 (1), in "
          "step 2");
}

TEST_CASE("a profiled function tells each kernel's time and what that is of its cost")
{
    const auto n = ct::dim("n");
    const auto x = ct::matrix<double>("x", {n, 64});
    const auto w = ct::Array::normal(1, {64, 64}, ct::DType::f64);
    const auto y = ct::sum(tanh(ct::dot(x, Variable(w))), 0);
    const auto f = ct::function({x}, y, {.name = "layer", .profile = true});
    CHECK_THAT(f.explain(), !contains(" us a call of "));
    (void)f(ct::Array::normal(2, {50, 64}, ct::DType::f64));
    (void)f(ct::Array::normal(2, {50, 64}, ct::DType::f64));
    CHECK_THAT(f.explain(), contains(" us a call of 2, "));
    CHECK_THAT(f.explain(), contains(" GF/s, "));
    const auto plain = ct::function({x}, y, {.name = "layer"});
    CHECK(plain.source().find("begin_kernel") == std::string_view::npos);
    CHECK_THAT(plain.explain(), contains("not measured: Options::profile does that"));
}

TEST_CASE("info says which library, compiler, CPU, cache, libraries and threads")
{
    const auto x = ct::vector<double>("x", {3});
    (void)ct::function({x}, {x + 1}, {.cache = false}); // opens the compiler
    (void)ct::function({x}, {x + 2});                   // counts
    const std::string text = ct::info();
    CAPTURE(text);
    const auto says = [&](const std::string& line) {
        return std::regex_search(text, std::regex("(^|\n)" + line + "\n"));
    };
    CHECK(says(R"(croton     \d+\.\d+\.\d+)"));
    CHECK(says(R"(compiler   clang \d+\.\d+\S*, in use)"));
    CHECK(says(R"(cpu        (\S.*, )?(128|256|512)-bit vectors)"));
    CHECK(says(R"(cache      (disk cache /\S+|no disk cache: \S.*))"));
    CHECK(says(R"( +(?!0 programs from it, 0 linked)\d+ programs from it, \d+ linked, \d+ units )"
               "compiled, 0 entries refused in this process"));
    CHECK(says(R"(libraries  none is needed: \S.*)"));
    CHECK(says(R"( +for Matmul::library(, not opened yet)?: \S.*)"));
    CHECK(says("threads    " + std::to_string(ct::available_cpus()) + " of " +
               std::to_string(std::thread::hardware_concurrency())));
}

TEST_CASE("fast_start compiles with -O1, is another entry of the cache, and changes no bit")
{
    const auto x = ct::vector<double>("x");
    const auto y = exp(x) * 2, sine = sin(x); // whose loop asks for hard arguments
    const std::string not_vectorised =
        "did not vectorise\n  fused_0 line "; // LLVM 19 gives no reason
    // What is in the cache under one key has no remark of the other's.
    ct::Array results[2];
    for (int round = 0; round < 2; ++round)
        for (const bool fast : {false, true}) {
            const auto f = ct::function({x}, {y}, {.name = "quick", .fast_start = fast});
            CAPTURE(fast, f.explain());
#ifndef CROTON_INSTRUMENTED // no loop is vectorised then
            CHECK((f.explain().find(not_vectorised) != std::string::npos) == fast);
            const auto g = ct::function({x}, {sine}, {.name = "sine", .fast_start = fast});
            CHECK((g.explain().find(not_vectorised) != std::string::npos) == fast);
#endif
            results[fast] = f(ct::Array::normal(1, {101}, ct::DType::f64))[0];
        }
    CHECK(std::memcmp(results[0].data(), results[1].data(), results[0].size_bytes()) == 0);
}

TEST_CASE("a sanitizer that the process does not have, or that is none, is refused")
{
    const auto x = ct::vector<double>("x", {4});
    const auto text = [&](const std::string& list) {
        try {
            (void)ct::function({x}, {x + 1}, {.sanitize = list});
        } catch (const ct::Error& e) {
            return std::string(e.message());
        }
        return std::string();
    };
    CHECK(text("adress") ==
          "sanitize: there is no sanitizer 'adress': address, undefined or thread");
    // No program has both.
    CHECK_THAT(text("address,thread"), contains("sanitize: this process has no "));
}

TEST_CASE("a rule is switched off by the text that explain prints")
{
    const auto x = ct::vector<double>("x", {3});
    const auto y = log(exp(x)) * 2;
    const std::string rule = "log(exp(x)) -> x";
    const auto on = ct::function({x}, {y});
    CHECK_THAT(on.explain(), contains("  " + rule + "  at options.cpp:"));
    CHECK(on(values({1000, 0, 1}))[0].as_double(0) == 2000);
    const auto off = ct::function({x}, {y}, {.rules_off = {rule}});
    CHECK_THAT(off.explain(), !contains("  " + rule + "  at "));
    CHECK(std::isinf(off(values({1000, 0, 1}))[0].as_double(0)));
}

TEST_CASE("rules_off refuses what is no rule, and names the nearest")
{
    const auto x = ct::vector<double>("x", {3});
    const Refusal r = refusal([&] {
        return ct::function({x}, {x + 1}, {.name = "f", .rules_off = {"log(exp x) -> x"}});
    });
    CHECK_THAT(r.text, contains("f: rules_off names no rule: 'log(exp x) -> x', did you mean "
                                "'log(exp(x)) -> x' or '"));
    CHECK(r.code == ct::Code::domain);
    CHECK(r.op == "f");
    for (const char* none : {"", "fast", "unroll the inner loops of all reductions twice"})
        CHECK(refusal([&] { return ct::function({x}, {x + 1}, {.rules_off = {none}}); }).text ==
              "function: rules_off names no rule: '" + std::string(none) +
                  "'; docs/rules.md lists them");
}
