#include "ops/index_samples.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/grad.hpp>

#include "ops/draws.hpp"

namespace croton::test {

Sample index_sample(DType t)
{
    Sample s{.name = fmt::format("index {}", name(t))};
    const Extent n = dim("n"), m = dim("m");
    const Variable x = input("x", t, {n, m}), r = input("r", t, {m});
    s.inputs = {x, r};
    s.add("x(0)", x(0));
    s.add("x(_, -1)", x(_, -1));
    s.add("x(1:)", x(slice(1, _)));
    s.add("x(:-1, 1:)", x(slice(_, -1), slice(1, _)));
    s.add("x(::2)", x(slice(_, _, 2)));
    s.add("x(::far)", x(slice(_, _, INT64_MAX)));
    s.add("x(:, ::-1)", x(_, slice(_, _, -1)));
    s.add("x(::-3, ::2)", x(slice(_, _, -3), slice(_, _, 2)));
    s.add("x(-1, 1)", x(-1, 1));
    s.add("x(newaxis, .., 0)", x(newaxis, ellipsis, 0));
    s.add("set row", x.set({0}, r));
    s.add("set column", x.set({_, -1}, Variable(1)));
    s.add("set every other", x.set({_, slice(_, _, 2)}, Variable(0)));
    if (t != DType::boolean) {
        s.add("add row", x.add({1}, r));
        s.add("add block", x.add({slice(1, _), slice(_, -1)}, Variable(3)));
    }
    s.add("pad", pad(x, {1, 2}, {0, 3}));
    s.add("pad with 1", pad(x, {0, 1}, {2, 0}, Variable(1)));
    s.add("crop", pad(x, {-1, 0}, {1, -1}));
    s.add("pad of pad", pad(pad(x, {1, 1}, {1, 1}), {1, 0}, {0, 2}, Variable(1)));
    unsigned seed = 700;
    for (const Sizes& v : std::vector<Sizes>{{2, 2}, {3, 33}, {31, 3}, {2, 100}, {32, 4}})
        s.calls.push_back({draw(t, v, ++seed), draw(t, {v[1]}, seed)});
    return s;
}

Sample short_slices_sample(DType t, bool none)
{
    Sample s{.name = fmt::format("{} slices {}", none ? "empty" : "short", name(t))};
    const Extent n = dim("n"), m = dim("m");
    const Variable x = input("x", t, {n, m}), r = input("r", t, {m});
    s.inputs = {x, r};
    s.add("x(::2)", x(slice(_, _, 2)));
    s.add("x(::far)", x(slice(_, _, INT64_MAX)));
    s.add("x(:, ::-1)", x(_, slice(_, _, -1)));
    s.add("x(::-3, ::2)", x(slice(_, _, -3), slice(_, _, 2)));
    s.add("x(newaxis, ..)", x(newaxis, ellipsis));
    s.add("set every other", x.set({_, slice(_, _, 2)}, Variable(0)));
    s.add("set all", x.set({_}, r));
    s.add("pad", pad(x, {1, 2}, {0, 3}));
    s.add("pad of pad", pad(pad(x, {1, 1}, {1, 1}), {1, 0}, {0, 2}, Variable(1)));
    if (!none) {
        s.add("x(1:)", x(slice(1, _)));
        s.add("x(:-1, 1:)", x(slice(_, -1), slice(1, _)));
        s.add("set rows", x.set({slice(1, _)}, r));
        s.add("crop", pad(x, {-1, 0}, {0, -1}));
    }
    const std::vector<Sizes> ones{{1, 1}, {1, 5}, {5, 1}}, nothing{{0, 1}, {0, 3}, {4, 0}, {0, 0}};
    unsigned seed = 750;
    for (const Sizes& v : none ? nothing : ones)
        s.calls.push_back({draw(t, v, ++seed), draw(t, {v[1]}, seed)});
    return s;
}

Sample gather_sample(DType t)
{
    Sample s{.name = fmt::format("gather {}", name(t))};
    const Extent n = dim("n"), m = dim("m"), c = dim("c");
    const Variable x = input("x", t, {n, m}), i = input("i", DType::i64, {c}),
                   j = input("j", DType::i64, {c}), u = input("u", t, {c, m}),
                   w = input("w", t, {c}), grid = input("grid", DType::i64, {c, 2});
    s.inputs = {x, i, j, u, w, grid};
    s.add("take 0", take(x, i, 0));
    s.add("take -1", take(x, j, -1));
    s.add("take of a grid", take(x, grid, 0));
    s.add("take of all", take(x, i));
    s.add("x(i)", x(i));
    s.add("x(i, j)", x(i, j));
    s.add("x(i, ::-1)", x(i, slice(_, _, -1)));
    s.add("take_along_axis", take_along_axis(x, expand_dims(i, 1), 0));
    s.add("gather", gather(x, {i, j}));
    s.add("one_hot", one_hot(j, m, t));
    s.add("scatter_set", scatter_set(x, {i}, u));
    s.add("scatter_set two", scatter_set(x, {i, j}, w));
    s.add("set", x.set({i}, u));
    if (t != DType::boolean) {
        s.add("scatter_add", scatter_add(x, {i}, u), of_sum(t, 40));
        s.add("scatter_add two", scatter_add(x, {i, j}, w), of_sum(t, 40));
        s.add("add", x.add({i, j}, w), of_sum(t, 40));
    }
    unsigned seed = 800;
    for (const Sizes& v : std::vector<Sizes>{
             {1, 1, 1}, {3, 33, 5}, {31, 3, 33}, {2, 100, 1}, {4, 4, 0}, {0, 3, 0}, {3, 0, 0}}) {
        ++seed;
        s.calls.push_back({draw(t, {v[0], v[1]}, seed), draw_indices({v[2]}, v[0], seed),
                           draw_indices({v[2]}, v[1], seed + 50), draw(t, {v[2], v[1]}, seed),
                           draw(t, {v[2]}, seed), draw_indices({v[2], 2}, v[0], seed + 9)});
    }
    return s;
}

Sample along_sample(DType t)
{
    Sample s{.name = fmt::format("along axis {}", name(t))};
    const Extent n = dim("n"), m = dim("m"), c = dim("c");
    const Variable x = input("x", t, {n, m}), i = input("i", DType::i64, {n, c});
    s.inputs = {x, i};
    const Variable y = take_along_axis(x, i, 1);
    s.add("take_along_axis", y);
    s.add("argmax", argmax(x, Axis{1})); // with no rows in it, but never of an empty one
    s.add("argmin", argmin(x, Axis{1}));
    if (is_float(t)) s.add("gradient of it", grad(sum(y * y), x), of_sum(t, 40, 8));
    s.add("of softmax", log(take_along_axis(softmax(x), i, 1)), of_sum(to_float(t), 40, 8));
    unsigned seed = 900;
    for (const Sizes& v :
         std::vector<Sizes>{{1, 1, 1}, {3, 33, 5}, {31, 3, 33}, {0, 2, 3}, {2, 3, 0}})
        s.calls.push_back({draw(t, {v[0], v[1]}, ++seed), draw_indices({v[0], v[2]}, v[1], seed)});
    return s;
}

} // namespace croton::test
