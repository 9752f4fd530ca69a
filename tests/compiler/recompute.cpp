// checkpoint(f): a gradient keeps nothing of f, and is bit for bit the one that keeps it.
#include <croton/croton.hpp>

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/compiled.hpp"

namespace ct = croton;
using croton::test::Approx;
using croton::test::compiled_values;
using ct::Array;
using ct::Variable;
using ct::Variables;
using List = std::vector<double>;

namespace {

const auto layer = [](const Variable& h, const Variable& w) {
    const Variable a = tanh(ct::dot(h, w));
    return Variable(a * sigmoid(ct::dot(sin(a), w.T())));
};

Array draw(std::uint64_t key, std::vector<std::int64_t> shape, double scale = 1)
{
    return Array::normal(key, shape, ct::DType::f64, scale);
}

void check_same(const ct::Results& a, const ct::Results& b)
{
    REQUIRE(a.size() == b.size());
    for (std::size_t k = 0; k < a.size(); ++k)
        for (std::int64_t i = 0; i < a[k].size(); ++i)
            CHECK(a[k].as_double(i) == b[k].as_double(i));
}

} // namespace

TEST_CASE("layers with checkpoint: the same bits of gradients with the memory of one layer")
{
    const int layers = 8;
    const std::int64_t rows = 64, width = 32;
    const auto x = ct::matrix<double>("x", {rows, width});
    Variables ws;
    for (int i = 0; i < layers; ++i)
        ws.push_back(ct::matrix<double>(fmt::format("w{}", i), {width, width}));
    const auto train = [&](bool checkpoints, const ct::Options& options) {
        Variable h = x;
        for (const Variable& w : ws)
            h = checkpoints ? ct::checkpoint(layer)(h, w) : layer(h, w);
        Variables inputs = ws;
        inputs.push_back(x);
        return ct::function(inputs, ct::grad(ct::sum(square(h)), ws), options);
    };
    const auto call = [&](const ct::Function& f) {
        const auto w = [&](std::uint64_t k) { return draw(k, {width, width}, 0.3); };
        return f(w(0), w(1), w(2), w(3), w(4), w(5), w(6), w(7), draw(8, {rows, width}));
    };
    const ct::Function stored = train(false, {}), again = train(true, {});
    check_same(call(stored), call(again));
    const ct::Results slow = call(train(true, {.reference = true})), fast = call(again);
    for (std::int64_t i = 0; i < slow[0].size(); ++i)
        CHECK(slow[0].as_double(i) == Approx(fast[0].as_double(i)).margin(1e-12));
    // A layer's input is kept of each; six arrays of its inside, and what products pack, of one.
    const std::size_t array = static_cast<std::size_t>(rows * width) * sizeof(double);
    CHECK(stored.workspace_bytes() > 4 * layers * array);
    CHECK(again.workspace_bytes() < (layers + 8) * array);
    CHECK(again.source().find("// again") != std::string::npos);
    // Nothing of it is done again where no gradient is taken.
    Variable h = x;
    for (const Variable& w : ws)
        h = ct::checkpoint(layer)(h, w);
    Variables inputs = ws;
    inputs.push_back(x);
    CHECK(ct::function(inputs, h).source().find("// again") == std::string::npos);
}

TEST_CASE("checkpoint: both modes of derivatives, of any order")
{
    const auto x = ct::vector<double>("x", {3}), v = ct::vector<double>("v", {3});
    const auto f = [](const Variable& a) { return Variable(sin(a) * ct::sum(exp(a))); };
    const auto outputs = [&](const auto& g) {
        const Variable y = ct::sum(square(g(g(x))));
        return Variables{y,
                         ct::grad(y, x),
                         ct::jvp(y, {x}, {v}),
                         ct::hessian(y, x),
                         ct::hvp(y, x, v),
                         ct::grad(ct::jvp(y, {x}, {v}), x),
                         ct::grad(ct::sum(ct::grad(y, x) * v), x),
                         ct::grad(ct::sum(ct::hvp(y, x, v)), x)};
    };
    const Variables plain = outputs(f), again = outputs(ct::checkpoint(f));
    for (std::size_t k = 0; k < plain.size(); ++k) {
        const List a = compiled_values(plain[k], {x, v}, {List{0.2, -1, 0.5}, List{1, 2, 3}});
        const List b = compiled_values(again[k], {x, v}, {List{0.2, -1, 0.5}, List{1, 2, 3}});
        INFO("output " << k);
        for (std::size_t i = 0; i < a.size(); ++i)
            CHECK(a[i] == Approx(b[i]).epsilon(1e-12));
    }
}

TEST_CASE("checkpoint: several values, what it uses from around it, and what is not selected")
{
    const auto x = ct::vector<double>("x", {3}), w = ct::vector<double>("w", {3});
    const auto both = ct::checkpoint([&](const Variable& a) {
        const Variable r = sqrt(a);
        return Variables{r * w, ct::sum(r), ct::argmax(a)};
    });
    const Variables y = both(x);
    REQUIRE(y.size() == 3);
    CHECK(compiled_values(y[0], {x, w}, {List{1, 4, 9}, List{1, 2, 3}}) == List{1, 4, 9});
    CHECK(y[2].dtype() == ct::DType::i64);
    const Variable loss = ct::sum(where(x > 0, y[0], 0.0)) + 2.0 * y[1];
    CHECK(compiled_values(ct::grad(loss, w), {x, w}, {List{1, 4, 9}, List{1, 2, 3}}) ==
          List{1, 2, 3});
    // As without: an element of which nothing was selected counts for 0.
    const Variable selected = ct::sum(where(x > 0, both(x)[0], 0.0));
    CHECK(compiled_values(ct::grad(selected, x), {x, w}, {List{1, 0, 4}, List{1, 2, 3}}) ==
          List{0.5, 0, 0.75});
    // A literal stays one.
    const auto h = ct::vector<float>("h", {2});
    const Variable scaled =
        ct::checkpoint([](const Variable& a, const Variable& b) { return a * b; })(h, 2.0);
    CHECK(scaled.dtype() == ct::DType::f32);
}

TEST_CASE("checkpoint: derivatives are those of the stable form, as without")
{
    const auto x = ct::vector<double>("x", {3});
    const auto f = [](const Variable& v) { return ct::sum(log(ct::softmax(v))); };
    const List at{0, 1000, -1000};
    CHECK(compiled_values(ct::grad(ct::checkpoint(f)(x), x), {x}, {at}) ==
          compiled_values(ct::grad(f(x), x), {x}, {at}));
    CHECK(compiled_values(ct::grad(ct::checkpoint(f)(x), x), {x}, {at}) == List{1, -2, 1});
}

TEST_CASE("checkpoint in loops, branches and batches, and of loops")
{
    const auto x = ct::vector<double>("x", {4});
    const auto w = ct::matrix<double>("w", {4, 4});
    const Array wv = draw(1, {4, 4}, 0.5);
    const List xv{0.3, -0.2, 0.8, 1};
    const auto compare = [&](const auto& made) {
        const auto plain = [](auto f) { return f; };
        const auto again = [](auto f) { return ct::checkpoint(f); };
        const Variable a = ct::sum(square(made(plain))), b = ct::sum(square(made(again)));
        for (const Variable& of : {x, w}) {
            const List p = compiled_values(ct::grad(a, of), {x, w}, {xv, wv});
            const List q = compiled_values(ct::grad(b, of), {x, w}, {xv, wv});
            for (std::size_t i = 0; i < p.size(); ++i)
                CHECK(p[i] == Approx(q[i]).epsilon(1e-13));
        }
    };
    const auto step = [&](const Variable& h) { return Variable(tanh(ct::dot(w, h)) + h * h); };
    compare([&](const auto& kind) {
        const auto f = kind(step);
        return ct::scan([&](const Variable& h) { return f(h); }, {.init = {x}, .steps = 5}).last[0];
    });
    compare([&](const auto& kind) {
        return kind([&](const Variable& h) {
            return ct::scan(step, {.init = {h}, .steps = 5}).last[0];
        })(x);
    });
    compare([&](const auto& kind) {
        const auto f = kind(step);
        return ct::cond(ct::sum(x) > 0.0, [&] { return f(x); }, [&] { return x; })[0];
    });
    compare([&](const auto& kind) {
        const auto f = kind(step);
        return ct::vmap(f)(ct::stack({x, 2.0 * x, x - 1.0}));
    });
    compare([&](const auto& kind) {
        const auto inner = kind(step);
        const auto outer = kind([&](const Variable& h) { return Variable(inner(inner(h)) - h); });
        return outer(outer(x));
    });
}

TEST_CASE("checkpoint: a step of a loop keeps its states alone, and few scalars stay one kernel")
{
    const auto q = ct::scalar<double>("q");
    const auto step = [](const Variable& s) { return Variable(s + 0.01 * sin(s) * exp(-s)); };
    const auto gradient = [&](const auto& f) {
        const auto r =
            ct::scan([&](const Variable& s) { return f(s); }, {.init = {q}, .steps = 1000});
        // Not grad, which would store nothing either way: forward mode.
        return ct::function({q}, ct::vjp({r.last[0]}, {q}, {Variable(1.0)}));
    };
    const ct::Function plain = gradient(step), again = gradient(ct::checkpoint(step));
    CHECK(plain(0.3)[0].item<double>() == again(0.3)[0].item<double>());
    CHECK(again.workspace_bytes() < 1010 * sizeof(double));
    CHECK(again.source().find("// loop over steps") == std::string::npos);
}
