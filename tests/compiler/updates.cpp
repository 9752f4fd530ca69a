// What updates promise: they come last and together, whatever fails and whoever reads or writes at
// the same time.
#include <croton/croton.hpp>

#include <atomic>
#include <cstring>
#include <latch>
#include <limits>
#include <thread>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using ct::Variable;

namespace {

/// All bytes of several shared variables.
std::vector<std::vector<char>> bits(const std::vector<ct::Shared>& variables)
{
    std::vector<std::vector<char>> all;
    for (const ct::Shared& v : variables) {
        const ct::Array a = v.value();
        const char* first = static_cast<const char*>(a.data());
        all.emplace_back(first, first + a.size_bytes());
    }
    return all;
}

/// Three variables that every step adds the same number to.
struct Counters {
    static constexpr std::int64_t size = 3000;
    ct::Shared a = ct::shared("a", ct::zeros<double>({size}));
    ct::Shared b = ct::shared("b", ct::zeros<float>({size, 2}));
    ct::Shared steps = ct::shared("steps", ct::zeros<std::int64_t>({}));

    ct::Function step() const
    {
        return ct::function({}, {steps},
                            {.name = "step",
                             .updates = {{a, a + 1}, {b, b + 1}, {steps, steps + 1}},
                             .threads = 1});
    }
    /// Least and largest element of each, and the number of steps: all equal.
    ct::Function read() const
    {
        return ct::function({},
                            {ct::min(a), ct::max(a), ct::min(b).as(ct::DType::f64),
                             ct::max(b).as(ct::DType::f64), steps.as(ct::DType::f64)},
                            {.name = "read", .threads = 1});
    }
};

/// Calls `read` until `done`; counts mixtures and steps back.
struct Reader {
    std::int64_t mixed = 0;
    std::int64_t went_back = 0;
    std::int64_t refused = 0;
    std::int64_t calls = 0;
    double seen = 0;

    void note(double a, double b, double c, double d, double steps)
    {
        mixed += a != b || a != c || a != d || a != steps;
        went_back += steps < seen;
        seen = steps;
        ++calls;
    }
    void run(const ct::Function& read, const std::atomic<bool>& done, bool with_arrays)
    {
        const auto typed = read.typed<void(double&, double&, double&, double&, double&)>();
        auto workspace = read.workspace();
        do {
            if (with_arrays) {
                const ct::Results r = read();
                note(r[0].item<double>(), r[1].item<double>(), r[2].item<double>(),
                     r[3].item<double>(), r[4].item<double>());
                continue;
            }
            double v[5] = {};
            if (!typed(workspace, v[0], v[1], v[2], v[3], v[4])) ++refused;
            note(v[0], v[1], v[2], v[3], v[4]);
        } while (!done);
    }
};

} // namespace

TEST_CASE("one trainer and sixteen readers: no reader sees two steps mixed, or goes back")
{
    const Counters counters;
    const ct::Function step = counters.step(), read = counters.read();
    std::vector<Reader> readers(16);
    std::atomic<bool> done = false;
    constexpr int steps = 4000;
    std::latch all_there(17);
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < readers.size(); ++i)
            threads.emplace_back([&, i] {
                all_there.arrive_and_wait();
                readers[i].run(read, done, i % 4 == 0);
            });
        all_there.arrive_and_wait();
        for (int i = 0; i < steps; ++i)
            step();
        done = true;
    }
    for (const Reader& r : readers) {
        CHECK(r.mixed == 0);
        CHECK(r.went_back == 0);
        CHECK(r.refused == 0);
        CHECK(r.calls > 0);
    }
    CHECK(read()[4].item<double>() == steps);
}

TEST_CASE("three trainers, two of them of the same variables, come one after another")
{
    const Counters counters;
    const ct::Function step = counters.step(), read = counters.read();
    const auto other = ct::function(
        {}, {counters.steps}, {.updates = {{counters.steps, counters.steps + 1}}, .threads = 1});
    constexpr int rounds = 3000;
    std::latch start(3);
    {
        std::vector<std::jthread> threads;
        for (const ct::Function& f : {step, step, other})
            threads.emplace_back([&, f] {
                start.arrive_and_wait();
                for (int i = 0; i < rounds; ++i)
                    f();
            });
    }
    CHECK(read()[0].item<double>() == 2 * rounds);
    CHECK(read()[3].item<double>() == 2 * rounds);
    CHECK(read()[4].item<double>() == 3 * rounds);
}

TEST_CASE("values that are set together are read together")
{
    const Counters counters;
    const ct::Function read = counters.read();
    std::vector<Reader> readers(4);
    std::atomic<bool> done = false;
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < readers.size(); ++i)
            threads.emplace_back([&, i] { readers[i].run(read, done, i % 2 == 0); });
        for (int i = 1; i <= 500; ++i)
            ct::set_all(
                {{counters.a, ct::Array::full<double>({Counters::size}, i)},
                 {counters.b, ct::Array::full<float>({Counters::size, 2}, static_cast<float>(i))},
                 {counters.steps, ct::Array::scalar<std::int64_t>(i)}});
        done = true;
    }
    for (const Reader& r : readers) {
        CHECK(r.mixed == 0);
        CHECK(r.went_back == 0);
    }
    CHECK(counters.steps.value().item<std::int64_t>() == 500);
}

TEST_CASE("values that somebody holds stay as they are while training goes on")
{
    const Counters counters;
    const ct::Function step = counters.step();
    std::vector<ct::Array> held;
    for (int i = 0; i < 20; ++i) {
        held.push_back(counters.a.value());
        step();
    }
    for (std::size_t i = 0; i < held.size(); ++i) {
        CHECK(held[i].as_double(0) == static_cast<double>(i));
        CHECK(held[i].as_double(Counters::size - 1) == static_cast<double>(i));
    }
}

TEST_CASE("a call that fails at any of its steps leaves all bits of all shared variables")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const auto i = ct::vector<std::int64_t>("i", {ct::dim("k")});
    const auto w = ct::shared("w", ct::Array::normal(1, {500}, ct::DType::f64));
    const auto v = ct::shared("v", ct::Array::normal(2, {500, 3}));
    const auto n = ct::shared("n", ct::Array::scalar<std::int64_t>(3));
    const std::vector<ct::Shared> all{w, v, n};
    // The updates need kernels before, between and after what can fail.
    const Variable picked = ct::sum(ct::take(w, i, 0));
    const Variable next = ct::cumsum(w + x, 0) * 1e-3 + ct::log(picked * picked);
    const std::vector<ct::Update> updates = {
        {n, n + 1}, {w, next}, {v, v * ct::mean(next).as(ct::DType::f32)}};
    const ct::Array fits = ct::Array::full<double>({500}, 0.5);
    const std::vector<std::int64_t> good{1, 499}, high{1, 500}, low{-501, 3};

    const auto f = ct::function({x, i}, picked, {.name = "f", .updates = updates});
    auto before = bits(all);
    CHECK_THROWS_AS(f(ct::zeros<double>({499}), good), ct::UserError);
    CHECK(bits(all) == before);
    for (const auto& bad : {high, low}) {
        CHECK_THROWS_WITH(f(fits, bad), croton::test::contains("is out of range"));
        CHECK(bits(all) == before);
    }
    const auto call =
        f.typed<void(ct::View<const double>, ct::View<const std::int64_t>, double&)>();
    auto workspace = f.workspace({{"n", 500}, {"k", 2}});
    double out = 0;
    CHECK(call(workspace, fits.view<double>(), high, out).code == ct::Code::index);
    CHECK(bits(all) == before);

    const auto finite =
        ct::function({x, i}, picked, {.name = "f", .updates = updates, .finite_checks = true});
    ct::Array inf = fits.clone();
    static_cast<double*>(inf.data())[499] = std::numeric_limits<double>::infinity();
    CHECK_THROWS_WITH(finite(inf, good), croton::test::contains("not finite"));
    CHECK(bits(all) == before);

    const auto slow =
        ct::function({x, i}, picked, {.name = "f", .updates = updates, .reference = true});
    CHECK_THROWS_AS(slow(fits, high), ct::UserError);
    CHECK(bits(all) == before);

    // And one that does not fail changes all of them.
    f(fits, good);
    const auto after = bits(all);
    for (std::size_t k = 0; k < all.size(); ++k)
        CHECK(after[k] != before[k]);
}

TEST_CASE("a shared variable is indexed as every other, and its value is set without an index")
{
    const auto w = ct::shared("w", ct::Array::full<double>({3}, 1));
    const auto v = ct::scalar<double>("v");
    const ct::Variable changed = w.set({0}, v), added = w.add({-1}, 5);
    const auto f = ct::function({v}, {changed, added, w.set({ct::slice(1, ct::_)}, 7.0)});
    const auto y = f(4.0);
    CHECK(y[0].as_double(0) == 4);
    CHECK(y[0].as_double(1) == 1);
    CHECK(y[1].as_double(2) == 6);
    CHECK(y[2].as_double(2) == 7);
    CHECK(w.value().as_double(0) == 1);
    w.set({ct::Array::full<double>({3}, 2)});
    CHECK(w.value().as_double(0) == 2);
    w.set(ct::zeros<double>({3}));
    CHECK(f(4.0)[0].as_double(1) == 0);
}
