#include <croton/croton.hpp>

#include <array>
#include <cmath>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using croton::test::Approx;
using ct::Variable;

TEST_CASE("a function returns what its expression means")
{
    const auto x = ct::matrix<double>("x"), b = ct::vector<double>("b");
    const auto f = ct::function({x, b}, ct::Output("z", ct::sum(x * b, ct::Axis{1})));
    ct::Array xv = ct::Array::zeros<double>({3, 40});
    for (std::int64_t i = 0; i < xv.size(); ++i)
        static_cast<double*>(xv.data())[i] = static_cast<double>(i % 7);
    const ct::Array bv = ct::Array::full<double>({40}, 0.5);
    const auto z = f(xv, bv);
    for (std::int64_t i = 0; i < 3; ++i) {
        double expected = 0;
        for (std::int64_t j = 0; j < 40; ++j)
            expected += 0.5 * xv.as_double(40 * i + j);
        CHECK(z["z"].as_double(i) == expected);
    }
}

TEST_CASE("the gradients of a braced list are outputs as they are")
{
    const auto x = ct::vector<double>("x", {2}), w = ct::vector<double>("w", {2});
    const auto loss = ct::sum(x * x * w);
    const auto f = ct::function({x, w}, ct::grad(loss, {x, w}));
    const ct::Array xv = ct::Array::full<double>({2}, 3), wv = ct::Array::full<double>({2}, 5);
    const auto all = f(xv, wv);
    REQUIRE(all.size() == 2);
    CHECK(all[0].as_double(0) == 30);
    CHECK(all[1].as_double(0) == 9);
    const auto [gx, gw] = ct::grad(loss, {x, w});
    const auto same = ct::function({x, w}, {gx, gw})(xv, wv);
    CHECK(same[0].as_double(1) == 30);
    CHECK(same[1].as_double(1) == 9);
    CHECK(ct::function({x, w}, ct::grad(loss, {x}))(xv, wv).size() == 1);
}

TEST_CASE("extents that disagree at a call are refused before any work, naming both")
{
    const auto n = ct::dim("n");
    const auto x = ct::vector<float>("x", {n}), y = ct::vector<float>("y", {n});
    const auto f = ct::function({x, y}, {x + y}, {.name = "add"});
    CHECK_THROWS_WITH(f(ct::zeros<float>({3}), ct::zeros<float>({4})),
                      "add: axis 0 of input 'y' is 4, it must be 3 (n) as axis 0 of input 'x' is");
    CHECK_THROWS_WITH(
        f(ct::zeros<float>({3})),
        "add: takes 2 inputs, given 1; it is add(x: f32 (n), y: f32 (n)) -> (f32 (n))");
    CHECK_THROWS_WITH(f(ct::zeros<double>({3}), ct::zeros<float>({3})),
                      "add: input 0 'x' is f32, given f64; Array::cast converts it");
    CHECK_THROWS_WITH(f(ct::zeros<float>({3, 1}), ct::zeros<float>({3})),
                      "add: input 0 'x' has rank 1 (n), given rank 2");
}

TEST_CASE("symbols that an expression forces to be equal become one, and the call checks it")
{
    const auto x = ct::vector<float>("x", {ct::dim("n")}),
               y = ct::vector<float>("y", {ct::dim("m")});
    const int line = __LINE__ + 1;
    const auto f = ct::function({x, y}, {x * y}, {.name = "mul"});
    CHECK(f.signature() == "mul(x: f32 (n), y: f32 (n)) -> (f32 (n))");
    CHECK_THROWS_WITH(f(ct::zeros<float>({3}), ct::zeros<float>({4})),
                      "mul: axis 0 of input 'y' is 4, it must be 3 (n) as axis 0 of input 'x' is, "
                      "for mul at function.cpp:" +
                          std::to_string(line));
}

TEST_CASE("requests that have no meaning are refused with the input's name")
{
    const auto x = ct::vector<float>("x"), y = ct::vector<float>("y");
    CHECK_THROWS_WITH(ct::function({x}, {x + y}), "function: 'y' of " + to_string(y.where()) +
                                                      " is needed but not among the inputs");
    CHECK_THROWS_WITH(
        ct::function({x, y}, {x * 2}),
        "function: input 1 'y' is not needed by any output; allow_unused_inputs accepts it");
    CHECK_THROWS_WITH(ct::function({x, x}, {x * 2}), "function: input 'x' is given twice");
    CHECK_THROWS_WITH(ct::function({x}, {Variable()}), "function: an output is an empty Variable");
    const auto a = ct::vector<float>("a"), b = ct::vector<float>("b", a.shape());
    CHECK_THROWS_WITH(ct::function({a, b}, {a + b}, {.givens = {{a, b + 1}, {b, a + 1}}}),
                      "function: givens are cyclic: 'a' is replaced by something that needs it");
}

TEST_CASE("a value has in each function the name that it is given there, and keeps its own")
{
    const auto x = ct::vector<double>("x");
    const auto y = x * 2, z = ct::exp(y);
    const auto f = ct::function({x}, {ct::Output("first", y), ct::Output("z", z)});
    const auto g = ct::function({x}, {ct::Output("second", y), ct::Output("z2", z)});
    CHECK(y.name().empty());
    CHECK(z.name().empty());
    CHECK(f.source().find("first") != std::string::npos);
    CHECK(g.source().find("second") != std::string::npos);
    CHECK(g.source().find("first") == std::string::npos);
    CHECK(g(ct::Array::full<double>({1}, 0))["z2"].as_double(0) == 1);
    // An input that is an output too is called as it is.
    const auto nameless = ct::vector<double>("");
    const auto h = ct::function({nameless}, {ct::Output("same", nameless)});
    CHECK(nameless.name().empty());
    CHECK(h(ct::Array::full<double>({1}, 3))["same"].as_double(0) == 3);
}

TEST_CASE("givens replace an input by an expression")
{
    const auto x = ct::vector<double>("x"), s = ct::vector<double>("s", x.shape());
    const auto f = ct::function({x}, {s * s}, {.givens = {{s, x + 1}}});
    CHECK(f(ct::Array::full<double>({2}, 2.0))[0].as_double(1) == 9);
}

TEST_CASE("updates are published together, after the outputs were computed from the old values")
{
    const auto w = ct::shared("w", ct::Array::full<float>({2}, 1.0f));
    const auto v = ct::shared("v", ct::Array::full<float>({2}, 10.0f));
    const auto step = ct::function({}, {w + v}, {.updates = {{w, v}, {v, w}}});
    CHECK(step()[0].as_double(0) == 11);
    CHECK(w.value().as_double(0) == 10);
    CHECK(v.value().as_double(0) == 1);
    const ct::Array kept = w.value();
    step();
    CHECK(kept.as_double(0) == 10);
    CHECK(w.value().as_double(0) == 1);
    ct::set_all({{w, ct::zeros<float>({2})}, {v, ct::zeros<float>({2})}});
    CHECK(step()[0].as_double(1) == 0);
    CHECK_THROWS_WITH(ct::function({}, {w}, {.updates = {{w, v}, {w, v}}}),
                      "function: 'w' is updated twice");
    CHECK_THROWS_WITH(ct::Shared(w).set(ct::zeros<float>({3})),
                      "set: 'w' is f32 (2), the value is f32 (3)");
}

TEST_CASE("a call that fails changes no shared variable")
{
    const auto x = ct::vector<float>("x");
    const auto w = ct::shared("w", ct::Array::full<float>({2}, 1.0f));
    const auto step = ct::function({x}, {ct::sum(x)}, {.name = "step", .updates = {{w, w + x}}});
    CHECK_THROWS_AS(step(ct::zeros<float>({3})), ct::UserError);
    CHECK(w.value().as_double(0) == 1);
}

TEST_CASE("a typed call uses the caller's buffers")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")}), k = ct::scalar<double>("k");
    const auto f = ct::function({x, k}, {x * k, ct::sum(x)}, {.name = "scale"});
    const auto call = f.typed<void(ct::View<const double>, double, ct::View<double>, double&)>();
    std::vector<double> in{1, 2, 3}, out(3);
    double total = 0;
    call(in, 2.0, out, total);
    CHECK(out == std::vector<double>{2, 4, 6});
    CHECK(total == 6);
    auto workspace = f.workspace({{"n", 3}});
    CHECK(call(workspace, in, 3.0, out, total));
    CHECK(out == std::vector<double>{3, 6, 9});
    std::vector<double> wrong(4);
    const ct::Status s = call(workspace, in, 3.0, wrong, total);
    CHECK_FALSE(s);
    CHECK(s.text() == "scale: axis 0 of output 0 is 4, it must be 3 (n) as axis 0 of input 'x' is");
    CHECK_THROWS_WITH((f.typed<void(ct::View<const float>, double, ct::View<double>, double&)>()),
                      "scale: typed argument 0 is f32 of rank 1, input 0 'x' is f64 (n)");
}

TEST_CASE(
    "a typed call of a function with shared variables uses the caller's workspace and tells all")
{
    const auto x = ct::vector<float>("x", {ct::dim("n")}), y = ct::vector<float>("y", x.shape());
    const auto w = ct::shared("w", ct::Array::full<float>({}, 1.0f));
    const auto centred = x - ct::mean(x);
    const auto f = ct::function({x, y}, {ct::sum(ct::exp(centred) * y)},
                                {.name = "step", .updates = {{w, w + ct::sum(y)}}});
    using In = ct::View<const float>;
    const auto call = f.typed<void(In, In, float&)>();
    auto workspace = f.workspace({{"n", 3}});
    const std::vector<float> three{1, 2, 3}, four{1, 2, 3, 4};
    float out = 0;
    CHECK(call(workspace, three, three, out));
    CHECK(w.value().item<float>() == 7);
    const ct::Status s = call(workspace, three, four, out);
    CHECK(s.code == ct::Code::shape);
    CHECK(s.text() == "step: axis 0 of input 'y' is 4, it must be 3 (n) as axis 0 of input 'x' is");
    CHECK(w.value().item<float>() == 7);
}

TEST_CASE("typed calls of numbers alone: apart, on top of one another, failing, in every mode")
{
    const auto x = ct::scalar<double>("x"), y = ct::scalar<double>("y");
    using Two = void(double, double, double&, double&);
    for (const bool reference : {false, true}) {
        const auto f = ct::function({x, y}, {x + y, x * y}, {.name = "f", .reference = reference});
        const auto call = f.typed<Two>();
        ct::Workspace workspace = f.workspace();
        double sum = 0, product = 0;
        call(2, 3, sum, product);
        CHECK((sum == 5 && product == 6));
        REQUIRE(call(workspace, 4, 5, sum, product));
        CHECK((sum == 9 && product == 20));
        CHECK_THROWS_WITH(call(2, 3, sum, sum), "f: output 0 and output 1 overlap in memory");
        CHECK_FALSE(call(workspace, 2, 3, sum, sum));
        CHECK(sum == 9);
    }
    const auto i = ct::scalar<std::int64_t>("i");
    const ct::Array values = ct::Array::copy(std::vector{1.5f, 2.5f});
    const auto g = ct::function({i}, ct::take(ct::Variable(values), i), {.name = "g"});
    const auto pick = g.typed<void(std::int64_t, float&)>();
    float picked = 0;
    pick(1, picked); // a constant is passed too
    CHECK(picked == 2.5f);
    const auto h = ct::function({i}, ct::arange(4)(i), {.name = "h"});
    std::int64_t at = 0;
    h.typed<void(std::int64_t, std::int64_t&)>()(3, at);
    CHECK(at == 3);
    const ct::Function checked =
        ct::function({x}, ct::log(x), {.name = "checked", .finite_checks = true});
    double result = 0;
    CHECK_THROWS_AS(checked.typed<void(double, double&)>()(0, result), ct::UserError);
}

TEST_CASE("a softmax and a row of it, both stored: what carries the exponentials is read once more")
{
    for (const ct::DType dtype : {ct::DType::u32, ct::DType::f64}) {
        const auto x = ct::input("x", dtype, {1, 2});
        const auto whole = ct::softmax(x, 1);
        const auto f = ct::function({x}, {whole, whole(-1)});
        const auto r = f(ct::Array::copy(std::vector{1.0, 2.0}).reshape({1, 2}).cast(dtype));
        for (const std::int64_t i : {0, 1})
            CHECK(r[1].as_double(i) == r[0].as_double(i));
    }
}

TEST_CASE("reference mode refuses an update of another shape, and changes nothing")
{
    const auto x = ct::vector<float>("x");
    const auto w = ct::shared("w", ct::zeros<float>({2}));
    for (const bool reference : {false, true}) {
        const auto f = ct::function({x}, {ct::sum(x)},
                                    {.name = "f", .updates = {{w, x * 2}}, .reference = reference});
        CHECK_THROWS_AS(f(ct::zeros<float>({3})), ct::UserError);
        CHECK(w.value().size() == 2);
    }
}

TEST_CASE("arguments that are not row-major are packed; views of vectors are taken as they are")
{
    const auto x = ct::matrix<double>("x");
    const auto f = ct::function({x}, {ct::sum(x, ct::Axis{0})});
    std::vector<double> memory{1, 2, 3, 4, 5, 6};
    ct::View<const double, 2> columns(memory.data(), {3, 2});
    columns.strides = {1, 3};
    const auto y = f(columns);
    CHECK(y[0].as_double(0) == 6);
    CHECK(y[0].as_double(1) == 15);
}

TEST_CASE("reference mode gives the same results without a compiler")
{
    const auto x = ct::vector<double>("x");
    const auto y = tanh(x) * 2 + 1;
    const auto f = ct::function({x}, {y}), g = ct::function({x}, {y}, {.reference = true});
    const ct::Array at = ct::Array::full<double>({5}, 0.3);
    CHECK(f(at)[0].as_double(4) == Approx(g(at)[0].as_double(4)).epsilon(1e-15));
}

TEST_CASE("explain() names what goes from one kernel to the next, and a unit's time once")
{
    const auto x = ct::matrix<float>("x");
    const auto f = ct::function({x}, ct::Output("total", ct::sum(exp(x))), {.cache = false});
    const std::string text = f.explain();
    CHECK_THAT(
        text,
        croton::test::contains(
            "stored instead of fused\n  sum(exp(x), axes=(0, 1)): a long reduction: each block "
            "of it leaves a partial result, and these are reduced after that"));
    CHECK_THAT(text, croton::test::contains("\nrules that fired\n  none\n\n"));
    const std::size_t unit = text.find("unit 0, ");
    REQUIRE(unit != std::string::npos);
    CHECK(text.find("unit 0\n", unit) != std::string::npos);
    CHECK(text.find("unit 0, ", unit + 1) == std::string::npos);
    CHECK_THAT(ct::function({x}, exp(x)).explain(),
               croton::test::contains("stored instead of fused\n  nothing\n"));
}

TEST_CASE("explain shows the graph, the rules that fired, the kernels and the source")
{
    const auto x = ct::vector<float>("x");
    const auto f = ct::function({x}, {log(1 + x)}, {.name = "stable"});
    const std::string text = f.explain();
    for (const char* part :
         {"log(1 + x) -> log1p(x)", "fused_0", "graph as compiled", "CT_EXPORT i32 run"})
        CHECK_THAT(text, croton::test::contains(part));
}

TEST_CASE("arrays of a known extent 0 come out of any op")
{
    for (const ct::Extent& n : {ct::Extent(2), ct::dim("n")}) {
        const auto x = ct::input("x", ct::DType::f32, {n, 0, 2});
        const auto f = ct::function({x}, {ct::softmax(x, 2), ct::cumsum(x, 0), ct::sum(x, {0})});
        const auto y = f(ct::Array::zeros<float>({2, 0, 2}));
        CHECK(y[0].extents() == std::vector<std::int64_t>{2, 0, 2});
        CHECK(y[1].extents() == std::vector<std::int64_t>{2, 0, 2});
        CHECK(y[2].extents() == std::vector<std::int64_t>{0, 2});
    }
}

TEST_CASE("extents of results that are formulas of the inputs' extents")
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto x = ct::vector<double>("x", {n}), y = ct::vector<double>("y", {m}),
               pairs = ct::vector<double>("pairs", {2 * ct::dim("k") + 1}),
               rest = ct::vector<double>("rest", {n + ct::dim("r") * 2});
    const auto blocks = ct::reshape(ct::outer(x, y), {n * m});
    const std::vector<ct::Variable> outputs{ct::concatenate({x, y, x}),
                                            x(ct::slice(1, ct::_)),
                                            x(ct::slice(0, ct::_, 3)),
                                            blocks,
                                            ct::arange(ct::minimum(n, m) + ct::maximum(n, 3)),
                                            ct::pad(x, {2}, {3}),
                                            pairs(ct::slice(0, ct::_, 2)),
                                            ct::concatenate({pairs, x}),
                                            ct::arange(ct::floor_div(rest.shape()[0] - n, 2)),
                                            rest * 2,
                                            ct::concatenate({blocks, blocks})};
    const auto f = ct::function({x, y, pairs, rest}, outputs, {.name = "f"});
    const auto slow = ct::function({x, y, pairs, rest}, outputs, {.name = "f", .reference = true});
    for (const std::int64_t i : {1, 2, 3, 7})
        for (const std::int64_t j : {0, 1, 5}) {
            CAPTURE(i, j);
            const ct::Array xv = ct::Array::uniform(1, {i}, ct::DType::f64),
                            yv = ct::Array::uniform(2, {j}, ct::DType::f64),
                            pv = ct::Array::uniform(3, {2 * i + 1}, ct::DType::f64),
                            rv = ct::Array::uniform(4, {i + 2 * j}, ct::DType::f64);
            const ct::Results got = f(xv, yv, pv, rv), expected = slow(xv, yv, pv, rv);
            for (std::size_t k = 0; k < outputs.size(); ++k) {
                CAPTURE(k);
                REQUIRE(std::ranges::equal(got[k].shape(), expected[k].shape()));
                for (std::int64_t e = 0; e < got[k].size(); ++e)
                    CHECK(got[k].as_double(e) == expected[k].as_double(e));
            }
        }
}
