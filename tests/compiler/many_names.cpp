// Names that the emitted text uses itself, and more indices than a kernel commonly has.
#include <croton/croton.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/op.hpp>

#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using ct::Array;
using ct::Variable;

TEST_CASE("variables may be called as kernels, their callers and their locals are")
{
    const auto n = ct::dim("n");
    std::vector<Variable> inputs;
    Variable sum = 0.0;
    for (const char* name : {"fused_0", "fused_1", "all_fused_0", "stream_fused_0", "strided_1",
                             "strided_0", "z_block", "z_memory", "run_part_0", "end1", "s0"}) {
        inputs.push_back(ct::matrix<double>(name, {n, 4}));
        sum = sum * 2.0 + inputs.back();
    }
    std::vector<Array> values;
    double expected = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        values.push_back(Array::full<double>({300'000, 4}, static_cast<double>(i)));
        expected = expected * 2 + static_cast<double>(i);
    }
    for (const ct::Layout layout : {ct::Layout::row_major, ct::Layout::column_major}) {
        const auto f =
            ct::function(inputs, ct::Output("z", sum, layout), {.name = "f", .threads = 2});
        const Array z = f.call(std::vector<ct::Any>(values.begin(), values.end()))[0];
        CHECK(z.as_double(0) == expected);
        CHECK(z.as_double(z.size() - 1) == expected);
    }
}

TEST_CASE("inputs, outputs, shared variables and extents may be called as macros of the text are")
{
    // The prelude's, a product's own, and one that the text does not have.
    for (const std::string name : {"CT_KERNEL", "CT_TABLE", "CT_ALIGNED", "CT_ROLLED", "CT_LANES",
                                   "CT_BLOCK_ROWS", "CT_FMA_ROW", "CT_"}) {
        CAPTURE(name);
        const auto n = ct::dim(name);
        const auto v = ct::vector<double>(name, {n});
        const auto m = ct::matrix<double>("m", {n, n});
        const auto w = ct::shared(name, Array::full<double>({}, 2.0));
        const auto z = (exp(v) * w).named(name);
        const auto run = ct::scan(
            [&](const Variable& x, const Variable& h) { return (x * h + 1.0).named(name); },
            {.sequences = {v}, .init = {1.0}});
        const auto f = ct::function({v, m}, {{name, ct::dot(m, z)}, {"last", run.last[0]}},
                                    {.name = name, .updates = {{w, w * 2.0}}, .cache = false});
        const auto results = f(Array::full<double>({3}, 0.0), Array::full<double>({3, 3}, 1.0));
        CHECK(results[0].as_double(2) == 6);
        CHECK(results[1].as_double(0) == 1);
        CHECK(w.value().as_double(0) == 4);
        // A product, whose kernel is cut from run.
        const auto square = ct::function({m}, ct::dot(m, m), {.cache = false});
        CHECK(square(Array::full<double>({3, 3}, 1.0))[0].as_double(8) == 3);
    }
}

TEST_CASE("a kernel reads at more places that it looks up than it has early symbols for")
{
    constexpr int lookups = 320;
    const auto n = ct::dim("n");
    const auto x = ct::vector<float>("x", {n});
    const auto i = ct::vector<std::int64_t>("i", {lookups});
    Variable sum = 0.0F;
    for (int k = 0; k < lookups; ++k)
        sum = sum + ct::take(x, i(k)) * ct::take(x, lookups - 1 - i(k));
    const auto f = ct::function({x, i}, sum, {.name = "f"});
    std::vector<float> xs(lookups);
    std::vector<std::int64_t> at(lookups);
    float expected = 0;
    for (int k = 0; k < lookups; ++k) {
        xs[static_cast<std::size_t>(k)] = static_cast<float>(k % 7);
        at[static_cast<std::size_t>(k)] = k * 11 % lookups;
    }
    for (const std::int64_t k : at)
        expected += xs[static_cast<std::size_t>(k)] * xs[static_cast<std::size_t>(lookups - 1 - k)];
    CHECK(f(xs, at)[0].item<float>() == expected);
}

TEST_CASE("an array has an axis for each symbol")
{
    ct::Shape shape;
    for (int k = 0; k < 40; ++k)
        shape.push_back(ct::dim("n" + std::to_string(k)));
    const auto x = ct::tensor<double>("x", shape);
    const auto f = ct::function({x}, x.T() * 2.0 + 1.0, {.name = "f"});
    std::vector<std::int64_t> extents(40, 1);
    extents[3] = 2;
    extents[30] = 3;
    const Array y = f(Array::copy(std::vector<double>{0, 1, 2, 3, 4, 5}).reshape(extents))[0];
    CHECK(y.contiguous().as_double(1) == 7); // of x[1, 0], which is 3
    CHECK(y.contiguous().as_double(4) == 5);
}

TEST_CASE("an op of three integers is emitted by its text for integers, whatever it gives")
{
    static constexpr auto between = ct::reference_of<3>(
        [](auto a, auto low, auto high) { return bool(low <= a && a <= high); });
    static const ct::Op is_between = {.name = "is_between",
                                      .doc = "low <= a <= high",
                                      .dtype = ct::promote_compare,
                                      .shape = ct::same_shape,
                                      .lowering =
                                          ct::Pointwise{.real = "wrong({a})",
                                                        .integer = "({b} <= {a} && {a} <= {c})",
                                                        .boolean = "wrong({a})"},
                                      .reference = between,
                                      .grad = ct::not_differentiable("it is a test"),
                                      .arity = 3};
    const auto x = ct::vector<std::int64_t>("x"), low = ct::scalar<std::int64_t>("low"),
               high = ct::scalar<std::int64_t>("high");
    const auto y = ct::apply(is_between, {x, low, high});
    const auto f = ct::function({x, low, high}, y, {.name = "f"});
    const Array inside = f(std::vector<std::int64_t>{1, 2, 3, 4}, 2, 3)[0];
    CHECK(inside.as_int(0) == 0);
    CHECK(inside.as_int(1) == 1);
    CHECK(inside.as_int(2) == 1);
    CHECK(inside.as_int(3) == 0);
}
