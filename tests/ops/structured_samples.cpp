#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/grad.hpp>

#include <limits>

#include "ops/delay.hpp"
#include "ops/draws.hpp"
#include "ops/index_samples.hpp"
#include "ops/samples.hpp"

namespace croton::test {

namespace {

// a + b and a * b; of bools, which have neither, those of bits.
Variable plus(const Variable& a, const Variable& b)
{
    return a.dtype() == DType::boolean ? a ^ b : a + b;
}
Variable times(const Variable& a, const Variable& b)
{
    return a.dtype() == DType::boolean ? a & b : a * b;
}

Sample reduce_sample(DType t)
{
    Sample s{.name = fmt::format("reduce {}", name(t))};
    const Extent n = dim("n"), m = dim("m"), k = dim("k");
    const Variable x = input("x", t, {n, m, k}), f = input("f", t, {n, m, k});
    s.inputs = {x, f};
    const std::vector<Axis> lists = {Axis{0},    Axis{-1},   Axis{1},      Axis{0, 1},
                                     Axis{1, 2}, Axis{0, 2}, Axis{0, 1, 2}};
    for (const Axis& axes : lists) {
        const std::string at = fmt::format(" over {}", fmt::join(axes.axes, ", "));
        s.add("sum" + at, sum(x, axes), of_sum(t, 600));
        s.add("prod" + at, prod(f, axes));
        s.add("max" + at, max(x, axes));
        s.add("max_number" + at, max_number(x, axes));
        s.add("min" + at, min(x, axes, true));
        s.add("any" + at, any(x, axes));
        s.add("all" + at, croton::all(x, axes));
        s.add("mean" + at, mean(x, axes), of_sum(to_float(t), 600));
        s.add("var" + at, var(x, axes, true, 1), of_sum(to_float(t), 600, 8));
        s.add("stddev" + at, stddev(x, axes), of_sum(to_float(t), 600, 8));
    }
    unsigned seed = 1;
    for (const Sizes& shape : std::vector<Sizes>{{1, 1, 1},
                                                 {3, 31, 2},
                                                 {32, 1, 33},
                                                 {1, 100, 3},
                                                 {5, 3, 100},
                                                 {0, 3, 2},
                                                 {2, 0, 3},
                                                 {3, 4, 0}})
        s.calls.push_back({draw(t, shape, ++seed), draw_factors(t, shape, seed)});
    return s;
}

/// Reductions of a line of each length, of 0-d arrays, and positions of extremes.
Sample line_sample(DType t)
{
    Sample s{.name = fmt::format("line {}", name(t))};
    const Extent n = dim("n");
    const Variable x = input("x", t, {n}), a = input("a", t, {});
    s.inputs = {x, a};
    s.add("sum", sum(x), of_sum(t, 1e5));
    s.add("max", max(x));
    s.add("argmax", argmax(x));
    s.add("argmin", argmin(x));
    s.add("argmax of columns", argmax(stack({x, x(slice(_, _, -1))}), Axis{0}));
    s.add("argmin kept", argmin(expand_dims(x, 0), Axis{1}, true));
    s.add("sum of 0-d", sum(a));
    s.add("max of 0-d", max(a, Axis(std::vector<int>{})));
    s.add("max_number", max_number(x, Axis{0}));
    s.add("max_number of 0-d", max_number(a, Axis(std::vector<int>{})));
    s.add("sum of squares", sum(times(times(x, a), x)), of_sum(t, 1e6, 8));
    s.add("mean", mean(x), of_sum(to_float(t), 1e5));
    s.add("x - mean", x - mean(x), of_sum(to_float(t), 1e5));
    unsigned seed = 100;
    for (std::int64_t size : {1, 3, 31, 32, 33, 100, 1000, 4097, 70000})
        s.calls.push_back({draw(t, {size}, ++seed), draw(t, {}, seed)});
    return s;
}

/// NaN and infinities through the reductions that must carry them.
Sample special_line_sample(DType t)
{
    Sample s{.name = fmt::format("special line {}", name(t))};
    const Variable x = input("x", t, {dim("n"), dim("m")});
    s.inputs = {x};
    for (int axis : {0, 1}) {
        s.add("max", max(x, Axis{axis}));
        s.add("max_number", max_number(x, Axis{axis}));
        s.add("min", min(x, Axis{axis}));
        s.add("argmax", argmax(x, Axis{axis}));
        s.add("argmin", argmin(x, Axis{axis}));
        s.add("sum", sum(x, Axis{axis}), of_sum(t, 40));
        s.add("logsumexp", logsumexp(x, Axis{axis}), of_sum(t, 40));
        s.add("softmax", softmax(x, Axis{axis}), of_sum(t, 40));
        s.add("log_softmax", log_softmax(x, Axis{axis}), of_sum(t, 40, 8));
        s.add("prod", prod(x, Axis{axis}), {80});
        s.add("mean", mean(x, Axis{axis}), of_sum(t, 40));
        s.add("var", var(x, Axis{axis}), of_sum(t, 1600, 8));
        s.add("any", any(x > 1, Axis{axis}));
        s.add("all", all(x < 1, Axis{axis}));
        s.add("cumsum", cumsum(x, axis), of_sum(t, 40));
        s.add("cumprod", cumprod(x, axis), {80});
    }
    s.add("products", dot(x, x.T()), of_sum(t, 1600, 4));
    s.add("max_number of one", max_number(expand_dims(x, 0), Axis{0}));
    const double inf = std::numeric_limits<double>::infinity();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    unsigned seed = 200;
    for (const auto& [special, every] : std::vector<std::pair<double, std::int64_t>>{{nan, 35},
                                                                                     {nan, 2},
                                                                                     {inf, 35},
                                                                                     {-inf, 3},
                                                                                     {-inf, 1},
                                                                                     {nan, 1},
                                                                                     {inf, 1},
                                                                                     {1e30, 7},
                                                                                     {-0.0, 3},
                                                                                     {0.0, 2}}) {
        Array v = draw(DType::f64, {5, 35}, ++seed);
        for (std::int64_t i = 17 % every; i < v.size(); i += every)
            static_cast<double*>(v.data())[i] = special;
        s.calls.push_back({v.cast(t)});
    }
    return s;
}

Sample softmax_sample(DType t)
{
    Sample s{.name = fmt::format("softmax {}", name(t))};
    const Variable x = input("x", t, {dim("n"), dim("m"), dim("k")});
    s.inputs = {x};
    const DType f = to_float(t);
    std::vector<Axis> lists = {Axis{-1}, Axis{0}};
    if (is_float(t)) // integers become floats first
        lists.insert(lists.end(), {Axis{1}, Axis{1, 2}, Axis{0, 1, 2}});
    for (const Axis& axes : lists) {
        const std::string at = fmt::format(" over {}", fmt::join(axes.axes, ", "));
        s.add("softmax" + at, softmax(x, axes), {24, 1e-30});
        s.add("log_softmax" + at, log_softmax(x, axes), of_sum(f, 100, 8));
        s.add("logsumexp" + at, logsumexp(x, axes, true), of_sum(f, 100, 8));
    }
    unsigned seed = 300;
    for (const Sizes& shape : std::vector<Sizes>{
             {1, 1, 1}, {3, 2, 33}, {31, 1, 3}, {2, 100, 1}, {3, 4, 32}, {0, 2, 3}, {2, 3, 0}})
        s.calls.push_back({draw(t, shape, ++seed)});
    return s;
}

Sample prefix_sample(DType t)
{
    Sample s{.name = fmt::format("prefix {}", name(t))};
    const Extent n = dim("n"), m = dim("m"), k = dim("k");
    const Variable x = input("x", t, {n, m, k}), f = input("f", t, {n, m, k});
    s.inputs = {x, f};
    for (int axis : {0, 1, -1})
        for (bool reverse : {false, true}) {
            const std::string at = fmt::format(" along {}{}", axis, reverse ? " reversed" : "");
            s.add("cumsum" + at, cumsum(x, axis, reverse), of_sum(t, 100));
            s.add("cumprod" + at, cumprod(f, axis, reverse));
        }
    unsigned seed = 400;
    for (const Sizes& shape :
         std::vector<Sizes>{{1, 1, 1}, {3, 2, 33}, {31, 1, 3}, {2, 100, 1}, {0, 2, 3}, {2, 3, 0}})
        s.calls.push_back({draw(t, shape, ++seed), draw_factors(t, shape, seed)});
    return s;
}

Sample shape_sample(DType t)
{
    Sample s{.name = fmt::format("shape {}", name(t))};
    const Extent n = dim("n"), m = dim("m"), k = dim("k");
    const Variable x = input("x", t, {n, m, k}), r = input("r", t, {k}), a = input("a", t, {});
    s.inputs = {x, r, a};
    s.add("flat", x.reshape({n * m * k}));
    s.add("reshape", reshape(x, {n * m, -1}));
    s.add("reshape of another", reshape(x, {k, n * m}));
    s.add("transpose", transpose(x));
    for (const std::vector<int>& order :
         std::vector<std::vector<int>>{{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {-1, 1, 0}})
        s.add(fmt::format("transpose {}", fmt::join(order, ", ")), transpose(x, order));
    s.add("flat transpose", transpose(x, {1, 0, 2}).reshape({n * m * k}));
    s.add("expand_dims", expand_dims(x, Axis{0, -1}));
    s.add("squeeze", squeeze(expand_dims(x, Axis{1, 3})));
    s.add("squeeze named", squeeze(expand_dims(x, 2), -2));
    for (const Axis& axes : {Axis{0}, Axis{-1}, Axis{0, 1, 2}})
        s.add(fmt::format("flip {}", fmt::join(axes.axes, ", ")), flip(x, axes));
    s.add("tile", tile(x, {2, 1, 3}));
    s.add("tile with new axes", tile(r, {2, 3}));
    s.add("repeat", repeat(x, 3, 1));
    s.add("moveaxis", moveaxis(x, 0, -1));
    s.add("swapaxes", swapaxes(x, 0, 1));
    s.add("broadcast_to", broadcast_to(r, {n, m, k}));
    s.add("broadcast of 0-d", broadcast_to(a, {n, 2}));
    s.add("0-d to 1", reshape(a, {1}));
    s.add("transpose of 0-d", transpose(a));
    s.add("expand_dims of 0-d", expand_dims(a, 0));
    s.add("where of rows", where(x == r, transpose(transpose(x)), broadcast_to(a, x.shape())));
    unsigned seed = 500;
    for (const Sizes& v : std::vector<Sizes>{
             {1, 1, 1}, {3, 2, 33}, {31, 1, 3}, {2, 100, 1}, {3, 4, 32}, {0, 2, 3}, {2, 3, 0}})
        s.calls.push_back({draw(t, v, ++seed), draw(t, {v[2]}, seed), draw(t, {}, seed)});
    return s;
}

Sample join_sample(DType t)
{
    Sample s{.name = fmt::format("join {}", name(t))};
    const Extent n = dim("n"), m = dim("m"), k = dim("k");
    const Variable x = input("x", t, {n, m}), y = input("y", t, {k, m}), z = input("z", t, {n, k});
    const Variable v = input("v", t, {n * m + k});
    s.inputs = {x, y, z, v};
    s.add("concatenate", concatenate({x, y, x}));
    s.add("concatenate -1", concatenate({x, z}, -1));
    s.add("concatenate of sums", concatenate({x == x, concatenate({y, y}, 0) != 1}, 0));
    s.add("stack", stack({x, x, x}));
    s.add("stack -1", stack({x, x}, -1));
    for (const Variable& part : split(concatenate({y, y, y}), 3))
        s.add("split", part);
    for (const Variable& part : split(concatenate({x, z}, 1), Shape{m, k}, 1))
        s.add("split by extents", part);
    for (const Variable& part : unpack(v, {{n, m}, {k}}))
        s.add("unpack", part);
    unsigned seed = 600;
    for (const Sizes& e : std::vector<Sizes>{
             {1, 1, 1}, {3, 2, 33}, {31, 1, 3}, {2, 100, 1}, {3, 32, 4}, {0, 2, 3}, {2, 3, 0}}) {
        ++seed;
        s.calls.push_back({draw(t, {e[0], e[1]}, seed), draw(t, {e[2], e[1]}, seed + 50),
                           draw(t, {e[0], e[2]}, seed + 100),
                           draw(t, {e[0] * e[1] + e[2]}, seed + 150)});
    }
    return s;
}

Sample create_sample(DType t)
{
    Sample s{.name = fmt::format("create {}", name(t))};
    const Extent n = dim("n"), m = dim("m");
    const Variable x = input("x", t, {n, m}), v = input("v", t, {m}), a = input("a", t, {});
    s.inputs = {x, v, a};
    s.add("full", full(t, {n, 2}, a));
    s.add("ones", ones(t, {m}));
    s.add("eye", eye(t, n, m, 1));
    s.add("eye of 5", eye(t, 5));
    s.add("tril", tril(x, 1));
    s.add("triu", triu(x, -1));
    s.add("diag", diag(v, 1));
    s.add("diagonal", diag(x));
    s.add("lower diagonal", diag(concatenate({x, x}), -1));
    s.add("iota", iota({n, m}, 0, t));
    s.add("iota of all", iota({n, m}, -1, t));
    s.add("iota of 0-d", iota({}, -1, t));
    s.add("arange", arange(m, t));
    s.add("n * m", Variable(n * m) + arange(3));
    if (is_float(t)) {
        s.add("arange by step", arange(-1, 2, 0.25, t));
        s.add("linspace", linspace(-1, a, m, t), {4, epsilon(t)});
        s.add("x / n", x / n);
    }
    unsigned seed = 1000;
    for (const Sizes& e : std::vector<Sizes>{
             {2, 2}, {3, 33}, {31, 3}, {2, 100}, {32, 4}, {1, 1}, {1, 4}, {4, 1}, {0, 3}, {4, 0}})
        s.calls.push_back({draw(t, e, ++seed), draw(t, {e[1]}, seed), draw(t, {}, seed)});
    return s;
}

Sample linalg_sample(DType t)
{
    Sample s{.name = fmt::format("linalg {}", name(t))};
    const Extent n = dim("n"), m = dim("m"), k = dim("k");
    const Variable a = input("a", t, {n, k}), b = input("b", t, {k, m}), v = input("v", t, {k}),
                   p = input("p", t, {3, n, k}), q = input("q", t, {3, m, k});
    s.inputs = {a, b, v, p, q};
    const Tolerance tolerance = of_sum(t, 100, 4);
    s.add("dot", dot(v, v), tolerance);
    s.add("matrix vector", dot(a, v), tolerance);
    s.add("vector matrix", dot(v, b), tolerance);
    s.add("matrices", dot(a, b), tolerance);
    s.add("transposed", matmul(b.T(), a.T()), tolerance);
    s.add("batched", matmul(p, transpose(q, {0, 2, 1})), tolerance);
    s.add("batch and one", matmul(p, b), tolerance);
    s.add("outer", outer(v, v));
    s.add("tensordot", tensordot(p, q, {0, 2}, {0, 2}), of_sum(t, 300, 4));
    s.add("einsum", einsum("bnk,bmk->nmb", {p, q}), tolerance);
    s.add("einsum trace", einsum("bnk,bnk->b", {p, p}), of_sum(t, 3000, 4));
    s.add("product and bias", dot(a, b) + sum(b, Axis{0}), of_sum(t, 100, 8));
    unsigned seed = 1100;
    for (const Sizes& e : std::vector<Sizes>{{1, 1, 1},
                                             {3, 2, 33},
                                             {31, 32, 3},
                                             {2, 100, 1},
                                             {33, 17, 100},
                                             {0, 2, 3},
                                             {2, 3, 0},
                                             {3, 0, 2}}) {
        ++seed;
        s.calls.push_back({draw(t, {e[0], e[2]}, seed), draw(t, {e[2], e[1]}, seed + 20),
                           draw(t, {e[2]}, seed), draw(t, {3, e[0], e[2]}, seed + 40),
                           draw(t, {3, e[1], e[2]}, seed + 60)});
    }
    return s;
}

Sample random_sample(DType t)
{
    Sample s{.name = fmt::format("random {}", name(t))};
    const Extent n = dim("n");
    const Variable x = input("x", t, {n, 3}), key = input("key", DType::u64, {});
    s.inputs = {x, key};
    s.add("uniform", uniform(t, key, {n, 3}));
    s.add("normal", normal(t, key, {n, 3}), {6, 4 * epsilon(t)});
    s.add("noise", x + uniform(t, key + 1, {3}));
    for (const Shape& shape : {Shape{}, Shape{n}}) {
        s.add("uniform of fewer axes", uniform(t, key, shape));
        s.add("normal of fewer axes", normal(t, key, shape), {6, 4 * epsilon(t)});
    }
    for (std::int64_t size : {0, 1, 31, 100})
        s.calls.push_back({draw(t, {size, 3}, 5),
                           Array::scalar(static_cast<std::uint64_t>(123456789012345 + size))});
    return s;
}

/// What takes arrays without an axis.
Sample scalar_sample(DType t)
{
    Sample s{.name = fmt::format("scalar {}", name(t))};
    const Variable x = input("x", t, {}), line = input("line", t, {dim("n")});
    s.inputs = {x, line};
    const Tolerance tolerance = of_sum(t, 4, 8);
    for (const Variable& y : {sum(x), prod(x), max(x), min(x), argmax(x), argmin(x), mean(x),
                              var(x), stddev(x), logsumexp(x), any(x > 1), all(x > 1)})
        s.add(std::string(y.owner().op().name), y, tolerance);
    s.add("reshape", x.reshape({1, 1}));
    s.add("transpose", squeeze(transpose(expand_dims(x, 0))));
    const Axis none(std::vector<int>{});
    s.add("softmax", softmax(x, none), {24, 1e-30});
    s.add("log_softmax", log_softmax(x, none), of_sum(to_float(t), 4, 8));
    s.add("squeeze", squeeze(x));
    s.add("flip", flip(x, none));
    s.add("slice", x(ellipsis));
    s.add("set all", x.set({ellipsis}, x != x));
    s.add("x(newaxis)", x(newaxis));
    s.add("broadcast_to", broadcast_to(x, {3, line.extent(0)}));
    s.add("stack", stack({x, times(x, x), x}));
    s.add("split", split(stack({x, times(x, x)}), 2, 0)[1]);
    if (t != DType::boolean) {
        s.add("dot", dot(x, line));
        s.add("outer", outer(line, expand_dims(x, 0)));
        s.add("add", line.add({-1}, x));
    }
    s.add("set", line.set({0}, x));
    s.add("pad", pad(line, {1}, {2}, x));
    s.add("one_hot", one_hot(cast(x, DType::i64) % 4, 4));
    s.add("take", take(line, cast(x, DType::i64) % line.extent(0)));
    s.add("where", where(x > 0, line, x));
    const auto powers =
        scan([&](const Variable& h) { return times(h, x); }, {.init = {x}, .steps = 3});
    s.add("scan", powers.last[0], {8});
    s.add("scan's history", powers.history[0], {8});
    s.add("cond", cond(x > 0, [&] { return times(x, x); }, [&] { return x; })[0]);
    if (is_float(t)) {
        s.add("clip_gradient", clip_gradient(x, -1, 1));
        const auto squared = checkpoint([](const Variable& v) { return times(v, v); });
        s.add("recompute", grad(squared(x), x));
    }
    unsigned seed = 1500;
    for (std::int64_t n : {1, 2, 33})
        s.calls.push_back({draw(t, {}, ++seed), draw(t, {n}, seed)});
    return s;
}

Sample scan_sample(DType t)
{
    Sample s{.name = fmt::format("scan {}", name(t))};
    const Extent n = dim("n"), m = dim("m");
    const Variable xs = input("xs", t, {n, m}), h = input("h", t, {m}), c = input("c", t, {});
    s.inputs = {xs, h, c};
    const Tolerance tolerance = of_sum(t, 100, 8);
    const auto running =
        scan([&](const Variable& x, const Variable& y) { return plus(x, times(y, c)); },
             {.sequences = {xs}, .init = {h}});
    s.add("last", running.last[0], tolerance);
    s.add("history", running.history[0], tolerance);
    if (is_float(t)) s.add("clip_gradient", clip_gradient(xs, -1, 1));
    const auto back = scan(
        [&](const Variable& x, const Variable& a, const Variable& b) {
            return Step{{b, plus(x, times(c, a))}, {plus(a, sum(b).as(t))}};
        },
        {.sequences = {xs}, .init = {h, zeros_like(h)}, .reverse = true});
    s.add("reversed", back.out[0], of_sum(t, 1e4, 8));
    s.add("two states", back.last[1], tolerance);
    const auto steps =
        scan([&](const Variable& a) { return times(c, a); }, {.init = {h}, .steps = n});
    s.add("steps", steps.last[0], tolerance);
    const auto taps = scan([&](const Variable& x, const Variable& y,
                               const Variable& a) { return plus(plus(x, y), times(c, a)); },
                           {.sequences = {{concatenate({expand_dims(h, 0), xs}), {-1, 0}}},
                            .init = {{stack({h, h}), {-2}}}});
    s.add("taps", taps.history[0], tolerance);
    const auto until =
        scan([&](const Variable& x,
                 const Variable& a) { return Step{.state = {plus(x, a)}, .until = any(x > 0)}; },
             {.sequences = {xs}, .init = {h}});
    s.add("until", until.history[0], tolerance);
    s.add("count", until.count);
    s.add("cond", cond(c > 0, [&] { return times(c, h); }, [&] { return h; })[0]);
    if (is_float(t)) {
        const auto squared = checkpoint([&](const Variable& a) { return times(a, times(a, c)); });
        s.add("recompute", grad(sum(squared(h)).as(t), h), of_sum(t, 100, 8));
    }
    s.add("delay", detail::delay(xs, h, false));
    s.add("delay reversed", detail::delay(xs, h, true));
    s.add("edge", detail::edge(xs, h, true));
    s.add("first edge", detail::edge(xs, h, false));
    unsigned seed = 1300;
    for (const Sizes& e : std::vector<Sizes>{{1, 1}, {3, 33}, {31, 3}, {0, 3}, {4, 0}})
        s.calls.push_back({draw(t, e, ++seed), draw(t, {e[1]}, seed),
                           Array::scalar(is_float(t) ? -0.75 : -1.0).cast(t)});
    return s;
}

/// A few of the above with extents that are known: literals in the text, other loops.
Sample known_sample(DType t, std::int64_t n, std::int64_t m)
{
    Sample s{.name = fmt::format("known {} {} {}", n, m, name(t))};
    const Variable x = input("x", t, {n, m}), r = input("r", t, {m});
    s.inputs = {x, r};
    s.add("rows", sum(x, Axis{1}), of_sum(t, 100));
    s.add("columns", sum(x, Axis{0}), of_sum(t, 100));
    s.add("all", sum(x), of_sum(t, 1000));
    s.add("softmax", softmax(x), {24, 1e-30});
    s.add("layernorm", (x - mean(x, -1, true)) / sqrt(var(x, -1, true) + 1e-3), of_sum(t, 100, 64));
    s.add("bias", x + r);
    s.add("transpose", x.T() + 1);
    s.add("flat", reshape(x, {n * m}) * 2);
    s.add("cumsum", cumsum(x, 0), of_sum(t, 100));
    s.add("pad", pad(x, {1, 2}, {0, 3}));
    s.add("concatenate", concatenate({x, expand_dims(r, 0)}));
    if (n > 0 && m > 0) s.add("argmax", argmax(x, -1));
    s.add("matmul", dot(x, x.T()), of_sum(t, 100, 4));
    s.calls.push_back({draw(t, {n, m}, 1500), draw(t, {m}, 1501)});
    return s;
}

} // namespace

std::vector<Sample> structured_samples()
{
    using enum DType;
    std::vector<Sample> list;
    for (DType t : swept_dtypes()) {
        const std::size_t first = list.size();
        for (const auto make :
             {line_sample, softmax_sample, prefix_sample, shape_sample, join_sample, index_sample,
              along_sample, create_sample, scan_sample, scalar_sample})
            list.push_back(make(t));
        if (t != boolean) list.push_back(linalg_sample(t)); // products take no bool
        for (bool none : {false, true})
            list.push_back(short_slices_sample(t, none));
        // Of each width LLVM makes vectors of one integer; the others differ from it in the sign.
        const bool has_twin = t == i8 || t == u16 || t == u32 || t == u64;
        for (std::size_t i = first; i < list.size(); ++i)
            list[i].fast_start = has_twin;
        list.push_back(reduce_sample(t));
        list.push_back(gather_sample(t));
    }
    for (DType t : {f32, f64}) {
        list.push_back(special_line_sample(t));
        for (std::int64_t n : {0, 1, 8, 33})
            list.push_back(known_sample(t, n, n == 8 ? 64 : n == 33 ? 5 : n));
    }
    for (DType t : real_dtypes())
        if (is_float(t)) list.push_back(random_sample(t));
    return list;
}

} // namespace croton::test
