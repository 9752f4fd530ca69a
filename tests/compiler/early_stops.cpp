// Loops that stop early do the work of the steps that ran, and so does their reverse: counted, and
// with what may not be read behind the last step.
#include <croton/croton.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using croton::test::Approx;
using croton::test::contains;
using ct::Array;
using ct::DType;
using ct::Variable;
using ct::Variables;
using List = std::vector<double>;

namespace {

/// How often each kernel of a profiled function ran.
std::vector<long> calls_of(const ct::Function& f)
{
    const std::string text = f.explain(), before = " us a call of ";
    std::vector<long> all;
    for (std::size_t at = text.find(before); at != text.npos; at = text.find(before, at + 1))
        all.push_back(std::stol(text.substr(at + before.size())));
    return all;
}

/// `given` for a loop from the last to the first step: the other way round.
template <class T>
std::vector<T> ordered(std::vector<T> given, bool reverse)
{
    if (reverse) std::ranges::reverse(given);
    return given;
}

} // namespace

TEST_CASE("a loop that stops early: kernels of its steps and of the reverse run so many times")
{
    constexpr std::int64_t rows = 1000;
    const auto x = ct::vector<double>("x", {100}), table = ct::vector<double>("table", {8});
    const auto limit = ct::scalar<double>("limit");
    const auto place = ct::vector<std::int64_t>("place", {ct::dim("n")});
    for (const bool reverse : {false, true}) {
        INFO("reverse " << reverse);
        const auto step = [&](const Variable& i, const Variable& s) {
            const Variable next = s + sin(ct::take(table, i) * s) * ct::mean(s);
            return ct::Step{{next}, {square(next)}, ct::sum(next) > limit};
        };
        const auto r = ct::scan(step, {.sequences = {place}, .init = {x}, .reverse = reverse});
        const Variable y = ct::sum(r.last[0]) + ct::sum(r.out[0]);
        const Variables outputs{y, r.count, r.out[0], ct::grad(y, x), ct::grad(y, table)};
        const auto f = ct::function({x, table, limit, place}, outputs, {.profile = true});
        // There is no element 1000000: a step that reads it fails the call.
        std::vector<std::int64_t> list(rows, 1000000);
        const Array start = Array::full<double>({100}, 0.5);
        const Array values = Array::uniform(3, {8}, DType::f64, 0.1, 0.5);
        for (std::int64_t i = 0; i < 20; ++i)
            list[static_cast<std::size_t>(i)] = i % 8;
        const ct::Results got = f(start, values, 200.0, ordered(list, reverse));
        const auto ran = got[1].item<std::int64_t>();
        REQUIRE(ran > 2);
        REQUIRE(ran < 20);
        const std::vector<long> calls = calls_of(f);
        INFO(f.explain());
        CHECK(std::ranges::all_of(calls, [&](long n) { return n == 1 || n == ran; }));
        // One kernel of a step at least, and of its reverse two: the state's and the table's.
        CHECK(std::ranges::count(calls, ran) >= 3);
        // All of it is what a loop gives that has no more steps.
        list.resize(static_cast<std::size_t>(ran));
        const ct::Results same = f(start, values, 1e300, ordered(list, reverse));
        CHECK(same[1].item<std::int64_t>() == ran);
        for (const std::size_t k : {0, 3, 4})
            for (std::int64_t i = 0; i < same[k].size(); ++i)
                CHECK(got[k].as_double(i) == Approx(same[k].as_double(i)).epsilon(1e-12));
        // Rows of steps that did not run are 0.
        const std::int64_t first = reverse ? 0 : ran * 100;
        double rest = 0;
        for (std::int64_t i = first; i < first + (rows - ran) * 100; ++i)
            rest += std::abs(got[2].as_double(i));
        CHECK(rest == 0);
        // Where it goes on, it does come to the row that is not there.
        list.resize(rows, 1000000);
        CHECK_THROWS_WITH(f(start, values, 1e300, ordered(list, reverse)),
                          contains("take: index 1000000 is out of range"));
    }
}

TEST_CASE("a loop that stops early in one kernel reads nothing behind its last step")
{
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const auto start = ct::scalar<double>("start"), limit = ct::scalar<double>("limit");
    for (const bool reverse : {false, true}) {
        const auto step = [&](const Variable& v, const Variable& s) {
            const Variable next = s + exp(v) * sin(s);
            return ct::Step{{next}, {next * v}, next > limit};
        };
        const auto r = ct::scan(step, {.sequences = {x}, .init = {start}, .reverse = reverse});
        const Variable y = r.last[0] + ct::sum(r.out[0]) + ct::sum(r.history[0]);
        const auto f =
            ct::function({x, start, limit}, {y, r.count, ct::grad(y, x)}, {.finite_checks = true});
        List list{-1, -0.5, -0.8, -0.3, -0.7};
        list.resize(50, nan);
        const ct::Results got = f(ordered(list, reverse), 0.5, 0.9);
        const auto ran = got[1].item<std::int64_t>();
        REQUIRE((ran > 1 && ran < 5));
        list.resize(static_cast<std::size_t>(ran));
        const ct::Results same = f(ordered(list, reverse), 0.5, 100.0);
        CHECK(got[0].item<double>() == Approx(same[0].item<double>()).epsilon(1e-14));
        for (std::int64_t i = 0; i < 50; ++i) {
            const std::int64_t nth = reverse ? 49 - i : i; // the step that reads it
            const std::int64_t at = reverse ? ran - 1 - nth : nth;
            CHECK(got[2].as_double(i) ==
                  (nth < ran ? Approx(same[2].as_double(at)).epsilon(1e-14) : Approx(0)));
        }
    }
}

TEST_CASE("a loop of more steps than could ever run, and its reverse, end where it stops")
{
    constexpr std::int64_t most = 1000000000000;
    const auto start = ct::scalar<double>("start"), h = ct::scalar<double>("h");
    const auto run = [&](const ct::Checkpoints& checkpoint) {
        const auto step = [&](const Variable& s) {
            const Variable next = s / (1.0 + h * s);
            return ct::Step{{next}, {}, next < 0.09};
        };
        return ct::scan(step, {.init = {start}, .steps = most, .checkpoint = checkpoint});
    };
    // 0.5 / (1 + n / 2000) is below 0.09 from n = 9112 on.
    const double shrink = 1 + 9112 * 1e-3 * 0.5;
    const auto plain = run(0);
    const auto f = ct::function({start, h}, {plain.last[0], plain.count});
    CHECK(f.workspace_bytes() < 1000);
    const ct::Results end = f(0.5, 1e-3);
    CHECK(end[0].item<double>() == Approx(0.5 / shrink));
    CHECK(end[1].item<std::int64_t>() == 9112);
    const auto chunks = run(1000000);
    const Variables bars = ct::vjp({chunks.last[0]}, {start, h}, {Variable(1.0)});
    const auto g = ct::function({start, h}, {chunks.count, bars[0], bars[1]});
    const ct::Results slopes = g(0.5, 1e-3);
    CHECK(slopes[0].item<std::int64_t>() == 9112);
    CHECK(slopes[1].item<double>() == Approx(1 / (shrink * shrink)));
    CHECK(slopes[2].item<double>() == Approx(-9112 * 0.25 / (shrink * shrink)));
}
