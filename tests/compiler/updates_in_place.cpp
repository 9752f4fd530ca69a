// Updates that are written over the old values where these lie: what allows it, what forbids it,
// and that nobody sees a difference but in memory.
#include <croton/croton.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using croton::test::contains;
using ct::Variable;

namespace {

constexpr const char* in_place = ": in place, unless somebody reads it";
/// More calls than those that go beside a reader's values.
constexpr int quiet_calls = 20;

bool same_bits(const ct::Array& a, const ct::Array& b)
{
    return a.size_bytes() == b.size_bytes() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

/// Two layers trained with momentum.
struct Network {
    ct::Shared w, c, vw, vc;
    ct::Function step;

    Network(ct::DType t, std::int64_t batch, std::int64_t in, std::int64_t out, ct::Options options)
        : w(ct::shared("w", ct::Array::normal(1, {in, out}, t))),
          c(ct::shared("c", ct::Array::normal(2, {out}, t))),
          vw(ct::shared("vw", ct::Array::zeros(t, {in, out}))),
          vc(ct::shared("vc", ct::Array::zeros(t, {out}))), step(make(t, batch, in, options))
    {}

    ct::Function make(ct::DType t, std::int64_t batch, std::int64_t in, ct::Options options)
    {
        const auto x = ct::input("x", t, {batch, in});
        const Variable y = tanh(matmul(x, w) + c);
        const Variable loss = ct::mean(y * y);
        auto [gw, gc] = ct::grad(loss, {w, c});
        const Variable next_vw = 0.9 * vw - 0.1 * gw, next_vc = 0.9 * vc - 0.1 * gc;
        options.name = "step";
        options.updates = {{vw, next_vw}, {vc, next_vc}, {w, w + next_vw}, {c, c + next_vc}};
        return ct::function({x}, loss, options);
    }
};

void check_same_training(ct::DType t, std::int64_t batch, std::int64_t in, std::int64_t out)
{
    CAPTURE(ct::name(t), batch, in, out);
    const ct::Array x = ct::Array::normal(3, {batch, in}, t);
    for (const int threads : {1, 2}) {
        const Network over(t, batch, in, out, {.threads = threads});
        const Network beside(t, batch, in, out, {.threads = threads, .publish = ct::Publish::swap});
        CHECK_THAT(over.step.explain(), contains("  w" + std::string(in_place)));
        CHECK_THAT(beside.step.explain(), !contains(in_place));
        for (int i = 0; i < quiet_calls; ++i)
            CHECK(same_bits(over.step(x)[0], beside.step(x)[0]));
        CHECK(same_bits(over.w.value(), beside.w.value()));
        CHECK(same_bits(over.c.value(), beside.c.value()));
        // Now somebody has read them: computed beside the old ones, by the same text.
        for (int i = 0; i < 2 * quiet_calls; ++i)
            CHECK(same_bits(over.step(x)[0], beside.step(x)[0]));
        CHECK(same_bits(over.vw.value(), beside.vw.value()));
        CHECK(same_bits(over.vc.value(), beside.vc.value()));
    }
}

std::string updates_of(const ct::Function& f)
{
    const std::string text = f.explain();
    const std::size_t at = text.find("\nupdates\n");
    REQUIRE(at != text.npos);
    return text.substr(at + 9, text.find("\n\n", at) - at - 8);
}

} // namespace

TEST_CASE("training in place and beside the old values gives the same bits")
{
    check_same_training(ct::DType::f32, 33, 70, 37);
    check_same_training(ct::DType::f32, 128, 200, 64);
    check_same_training(ct::DType::f64, 60, 65, 48);
    // More terms than one visit of a block adds: the sums need an array, which the old value is
    // not.
    check_same_training(ct::DType::f32, 500, 40, 70);
    check_same_training(ct::DType::f64, 1, 3, 2);
}

TEST_CASE("explain() says which updates go in place, and why others do not")
{
    const auto w = ct::shared("w", ct::Array::normal(1, {300}, ct::DType::f64));
    const auto b = ct::shared("b", ct::Array::normal(2, {300}, ct::DType::f64));
    const auto x = ct::vector<double>("x", {300});
    const auto i = ct::vector<std::int64_t>("i", {4});
    const auto text = [&](const Variable& y, const std::vector<ct::Update>& updates,
                          ct::Options options = {}) {
        options.updates = updates;
        options.allow_unused_inputs = true;
        return updates_of(ct::function({x, i}, y, options));
    };
    CHECK(text(ct::sum(w), {{w, w + x}, {b, b * 2}}) ==
          "  w: in place, unless somebody reads it\n  b: in place, unless somebody reads it\n");
    CHECK(text(ct::sum(w), {{w, w + x}}, {.publish = ct::Publish::swap}) ==
          "  w: beside the old value: Options::publish says so\n");
    CHECK(text(ct::sum(w), {{w, w + x}}, {.finite_checks = true}) ==
          "  w: beside the old value: something can fail after the value is stored\n");
    CHECK(text(ct::sum(w), {{w, ct::flip(w, 0) + x}}) ==
          "  w: beside the old value: 'w' is read elsewhere than at the element that is written\n");
    CHECK(text(ct::sum(w), {{w, x * 2}}) == "  w: in place, unless somebody reads it\n");
    CHECK(text(ct::sum(x), {{w, x * 2}}) ==
          "  w: beside the old value: the function does not read that one\n");
    // Exchanged: what is written first is needed for the other.
    CHECK(text(ct::sum(x), {{w, b}, {b, w + 1}}) ==
          "  w: beside the old value: no op computes the value\n"
          "  b: beside the old value: 'b' is an output too\n");
    CHECK(text(w + 1, {{w, w + 1}}) == "  w: beside the old value: the value is an output too\n");
    // Of a product with many terms, or nobody knows how many, the sums need an array.
    const auto m = ct::shared("m", ct::Array::normal(4, {30, 40}, ct::DType::f64));
    const auto a = ct::input("a", ct::DType::f64, {ct::dim("k"), 30});
    const auto c = ct::input("c", ct::DType::f64, {ct::dim("k"), 40});
    const auto f =
        ct::function({a, c}, ct::sum(m), {.updates = {{m, m + ct::matmul(ct::transpose(a), c)}}});
    CHECK(updates_of(f) ==
          "  m: beside the old value: the sums of a product lie there before the value does\n");
    // An index that a call gives may be wrong, which is seen when it is used.
    CHECK(text(ct::sum(x), {{w, w + ct::sum(ct::take(x, i, 0))}}) ==
          "  w: in place, unless somebody reads it\n");
    CHECK_THAT(text(ct::sum(x), {{w, ct::scatter_add(w, {i}, ct::take(x, i, 0))}}),
               contains("w: beside the old value: "));
}

TEST_CASE("two variables that are exchanged")
{
    const auto a = ct::shared("a", ct::Array::full<double>({500}, 1));
    const auto b = ct::shared("b", ct::Array::full<double>({500}, 2));
    const auto f = ct::function({}, {}, {.updates = {{a, b}, {b, a + 2}}});
    double x = 1, y = 2;
    for (int i = 0; i < 3 * quiet_calls; ++i) {
        f();
        x = std::exchange(y, x + 2);
        if (i % quiet_calls != quiet_calls - 1) continue;
        CHECK(a.value().as_double(499) == x);
        CHECK(b.value().as_double(0) == y);
    }
}

TEST_CASE("what somebody holds stays as it is, after many calls that nobody looked at")
{
    const auto a = ct::shared("a", ct::zeros<double>({1000}));
    const auto step = ct::function({}, {}, {.updates = {{a, a + 1}}});
    std::vector<ct::Array> held;
    for (int i = 0; i < 5; ++i) {
        for (int k = 0; k < quiet_calls; ++k)
            step();
        held.push_back(a.value());
    }
    for (int k = 0; k < quiet_calls; ++k)
        step();
    for (std::size_t i = 0; i < held.size(); ++i)
        CHECK(held[i].as_double(999) == static_cast<double>(quiet_calls * (i + 1)));
}

TEST_CASE("calls that fail leave all bits, after many calls that nobody looked at")
{
    const auto i = ct::vector<std::int64_t>("i", {2});
    const auto w = ct::shared("w", ct::Array::normal(1, {700}, ct::DType::f64));
    const auto v = ct::shared("v", ct::Array::normal(2, {700}));
    // One update needs what is picked; the other does not, and could be written before.
    const Variable picked = ct::sum(ct::take(w, i, 0));
    const auto f = ct::function({i}, picked, {.updates = {{v, v * 2 + 1}, {w, w * 1.5 + picked}}});
    const std::vector<std::int64_t> good{1, 699}, bad{1, 700};
    for (int k = 0; k < quiet_calls; ++k)
        f(good);
    const ct::Array before_w = w.value().clone(), before_v = v.value().clone();
    const auto typed = f.typed<void(ct::View<const std::int64_t>, double&)>();
    auto workspace = f.workspace();
    double out = 0;
    for (int k = 0; k < 2 * quiet_calls; ++k) {
        CHECK_THROWS_AS(f(bad), ct::UserError);
        CHECK(typed(workspace, bad, out).code == ct::Code::index);
    }
    CHECK(same_bits(w.value(), before_w));
    CHECK(same_bits(v.value(), before_v));
}

TEST_CASE("readers that seldom come wait for a step that writes over what they want")
{
    const auto a = ct::shared("a", ct::zeros<double>({20'000}));
    const auto b = ct::shared("b", ct::zeros<float>({300, 20}));
    const auto step = ct::function({}, {}, {.updates = {{a, a + 1}, {b, b + 1}}, .threads = 1});
    const auto read = ct::function(
        {}, {ct::min(a), ct::max(a), ct::min(b).as(ct::DType::f64), ct::max(b).as(ct::DType::f64)},
        {.threads = 1});
    CHECK(updates_of(step) == "  a" + std::string(in_place) + "\n  b" + in_place + "\n");
    std::atomic<bool> done = false;
    std::atomic<int> mixed = 0, calls = 0;
    const auto note = [&](double w, double x, double y, double z) {
        mixed += w != x || w != y || w != z;
        ++calls;
    };
    constexpr int steps = 3000;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&, i] {
                do {
                    std::this_thread::sleep_for(std::chrono::milliseconds(1 + i));
                    if (i % 2 == 0) {
                        const ct::Results r = read();
                        note(r[0].item<double>(), r[1].item<double>(), r[2].item<double>(),
                             r[3].item<double>());
                    } else {
                        const ct::Array one = a.value();
                        note(one.as_double(0), one.as_double(19'999), one.as_double(7),
                             one.as_double(10'000));
                    }
                } while (!done);
            });
        for (int i = 0; i < steps; ++i)
            step();
        done = true;
    }
    CHECK(mixed == 0);
    CHECK(calls >= 4);
    CHECK(a.value().as_double(0) == steps);
    CHECK(b.value().as_double(5999) == steps);
}

TEST_CASE("two variables of one next value, and two outputs of one value in place")
{
    const auto w = ct::shared("w", ct::Array::full<double>({40}, 1));
    const auto copy = ct::shared("copy", ct::Array::full<double>({40}, 5));
    const Variable next = w * 2;
    const auto f = ct::function({}, {}, {.updates = {{w, next}, {copy, next}}});
    for (int i = 1; i <= quiet_calls; ++i)
        f();
    CHECK(w.value().as_double(39) == std::exp2(quiet_calls));
    CHECK(copy.value().as_double(39) == std::exp2(quiet_calls));

    const auto x = ct::vector<double>("x", {3});
    const Variable y = x + 1;
    const auto g = ct::function({x}, {y, y}, {.in_place = {{0, 0}}});
    const ct::Results r = g(std::vector<double>{1, 2, 3});
    for (std::size_t k = 0; k < 2; ++k)
        CHECK(r[k].as_double(2) == 4);
}

TEST_CASE("a stored function keeps where its updates go")
{
    const auto w = ct::shared("w", ct::Array::full<double>({40}, 1));
    for (const ct::Publish publish : {ct::Publish::in_place, ct::Publish::swap}) {
        const auto f = ct::function({}, {}, {.updates = {{w, w * 2}}, .publish = publish});
        const std::string path = "updates_in_place.croton";
        f.save(path);
        const auto loaded = ct::Function::load(path);
        CHECK(updates_of(loaded) == updates_of(f));
        loaded();
        CHECK(loaded.shared("w").value().as_double(3) == 2);
        std::remove(path.c_str());
    }
}
