// Runs twice: with the machine's BLAS, if it has one, and with tests/support/fake_blas.cpp.
#include <croton/compiler/environment.hpp>
#include <croton/compiler/info.hpp>
#include <croton/croton.hpp>
#include <croton/runtime/blas.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "runtime/process.hpp"
#include "support/catch.hpp"
#include "support/compare.hpp"

namespace ct = croton;
using croton::test::contains;
using croton::test::first_difference;
using ct::Array, ct::DType, ct::Variable;

namespace {

using Shape = std::vector<std::int64_t>;

#define NEEDS_BLAS()                                                                               \
    if (const std::string why = why_no_blas(); !why.empty()) SKIP(why)

std::string why_no_blas()
{
    try {
        ct::open_blas(ct::environment().blas);
        return {};
    } catch (const ct::BackendError& e) {
        return std::string(e.message());
    }
}

Array normal(DType dtype, const Shape& shape, std::uint64_t key)
{
    return Array::normal(key, shape, dtype);
}

ct::Options by_library(std::string name = "product")
{
    ct::Options options;
    options.name = std::move(name);
    options.matmul = ct::Matmul::library;
    return options;
}

/// Compiles both ways and compares; returns how many products the library computes.
int compare(const std::vector<Variable>& inputs,
            const std::vector<Variable>& outputs,
            const std::vector<Array>& arrays)
{
    const std::vector<ct::Any> arguments(arrays.begin(), arrays.end());
    const ct::Function own = ct::function(inputs, outputs, {.name = "product"});
    const ct::Function f = ct::function(inputs, outputs, by_library());
    const ct::Results expected = own.call(arguments), got = f.call(arguments);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const double error = outputs[i].dtype() == DType::f32 ? 1e-4 : 1e-12;
        CHECK(first_difference(got[i], expected[i], {.ulp = 64, .absolute = error}) == "");
    }
    const std::string source(f.source());
    int calls = 0;
    for (std::size_t at = source.find("rt->gemm_"); at != source.npos;
         at = source.find("rt->gemm_", at + 1))
        ++calls;
    CHECK(std::string(own.source()).find("rt->gemm_") == std::string::npos);
    return calls;
}

} // namespace

TEST_CASE("products by the library agree with emitted ones: as operands lie, turned, in batches")
{
    NEEDS_BLAS();
    for (const DType t : {DType::f32, DType::f64}) {
        CAPTURE(name(t));
        const auto leaf = [&](const char* name, const ct::Shape& s) {
            return ct::input(name, t, s);
        };
        const auto a = leaf("a", {40, 30}), b = leaf("b", {30, 50}), c = leaf("c", {50, 30}),
                   d = leaf("d", {30, 40});
        const Array av = normal(t, {40, 30}, 1), bv = normal(t, {30, 50}, 2),
                    cv = normal(t, {50, 30}, 3), dv = normal(t, {30, 40}, 4);
        CHECK(compare({a, b}, {ct::dot(a, b)}, {av, bv}) == 1);
        CHECK(compare({a, c}, {ct::dot(a, transpose(c))}, {av, cv}) == 1);
        CHECK(compare({d, b}, {ct::dot(transpose(d), b)}, {dv, bv}) == 1);
        CHECK(compare({d, c}, {ct::dot(transpose(d), transpose(c))}, {dv, cv}) == 1);
        const auto x = leaf("x", {6, 20, 30}), y = leaf("y", {6, 30, 17});
        const Array xv = normal(t, {6, 20, 30}, 5), yv = normal(t, {6, 30, 17}, 6);
        CHECK(compare({x, y}, {ct::matmul(x, y)}, {xv, yv}) == 1);
        CHECK(compare({x, b}, {ct::matmul(x, b)}, {xv, bv}) == 1);
        // Columns of a wider matrix are rows that are further apart.
        CHECK(compare({a, b}, {ct::dot(a(ct::_, ct::slice(4, 24)), b(ct::slice(0, 20), ct::_))},
                      {av, bv}) == 1);
    }
}

TEST_CASE("the emitted kernel is the call of the library, in C11 and C++20")
{
    NEEDS_BLAS();
    const auto n = ct::dim("n");
    const auto a = ct::input("a", DType::f32, {16, n, 64}),
               b = ct::input("b", DType::f32, {50, 64});
    ct::Options options = by_library();
    options.threads = 1; // the library is reached through the runtime all the same
    const ct::Function f =
        ct::function({a, b}, {ct::Output("c", ct::matmul(a, transpose(b)))}, options);
    const std::string source(f.source());
    CHECK_THAT(source, contains(R"(
CT_KERNEL void matmul_0(const struct ct_runtime* rt, i64 n, const f32* a, const f32* b, f32* c)
{
    const struct ct_matrix left = {a, 0, 64, 1};
    const struct ct_matrix right = {b, 0, 1, 64};
    rt->gemm_f32(rt, 1, n * 16, 50, 64, &left, &right, c);
}
)"));
    CHECK_THAT(source, contains("\n    matmul_0(rt, n, a, b, c);\n"));
    const croton::test::TemporaryFolder folder;
    std::ofstream(folder / "f.c") << f.full_source();
    for (const char* compiler : {"gcc -std=c11", "g++ -std=c++20 -x c++"})
        CHECK(std::system((std::string(compiler) +
                           " -march=x86-64-v3 -Wall -Wextra -Werror -fsyntax-only " +
                           (folder / "f.c"))
                              .c_str()) == 0);
}

TEST_CASE("extents that the call gives, none of them too, and batches of none")
{
    NEEDS_BLAS();
    const auto n = ct::dim("n"), m = ct::dim("m"), k = ct::dim("k"), h = ct::dim("heads");
    const auto a = ct::input("a", DType::f32, {h, m, k}), b = ct::input("b", DType::f32, {h, k, n});
    const ct::Function f = ct::function({a, b}, {ct::matmul(a, b)}, by_library());
    const ct::Function own = ct::function({a, b}, {ct::matmul(a, b)});
    CHECK_THAT(std::string(f.source()),
               contains("rt->gemm_f32(rt, heads, m, n, k, &left, &right, "));
    for (const Shape& s :
         {Shape{2, 9, 8, 7}, Shape{1, 1, 1, 1}, Shape{2, 3, 4, 0}, Shape{0, 3, 4, 5},
          Shape{2, 0, 4, 5}, Shape{2, 3, 0, 5}, Shape{1, 300, 600, 40}}) {
        CAPTURE(s[0], s[1], s[2], s[3]);
        const Array av = normal(DType::f32, {s[0], s[1], s[3]}, 1),
                    bv = normal(DType::f32, {s[0], s[3], s[2]}, 2);
        CHECK(first_difference(f(av, bv)[0], own(av, bv)[0], {.ulp = 64, .absolute = 1e-4}) == "");
    }
}

TEST_CASE("gradients, and what is computed from a product, which is a kernel of its own")
{
    NEEDS_BLAS();
    const auto x = ct::input("x", DType::f64, {30, 20}), w = ct::input("w", DType::f64, {20, 10}),
               bias = ct::input("bias", DType::f64, {10});
    const auto y = ct::tanh(ct::dot(x, w) + bias);
    const auto loss = ct::sum(ct::square(y));
    const auto g = ct::grad(loss, {x, w, bias});
    const Array xv = normal(DType::f64, {30, 20}, 1), wv = normal(DType::f64, {20, 10}, 2),
                bv = normal(DType::f64, {10}, 3);
    CHECK(compare({x, w, bias}, {loss, g[0], g[1], g[2]}, {xv, wv, bv}) == 3);
    const std::string text = ct::function({x, w, bias}, {y}, by_library()).explain();
    CHECK_THAT(text, contains("\n  matmul_0       product   12000 flops, 8800 bytes\n"));
    CHECK_THAT(text, contains("\n                           by the library\n"));
    CHECK_THAT(text, contains("  dot(x, w): the product is a library's\n"));
    CHECK_THAT(text, contains("\n  fused_1 "));
}

TEST_CASE("explain() says why a product is not the library's")
{
    NEEDS_BLAS();
    const auto n = ct::dim("n");
    const auto note = [](const Variable& y, const std::vector<Variable>& inputs) {
        const std::string text = ct::function(inputs, y, by_library()).explain();
        const std::size_t at = text.find("by the library");
        if (at == text.npos) return std::string();
        const std::size_t line = text.rfind('\n', at) + 1;
        const std::size_t first = text.find_first_not_of(' ', line);
        return text.substr(first, text.find('\n', at) - first);
    };
    const auto a = ct::input("a", DType::f32, {8, 8}), b = ct::input("b", DType::f32, {8, 8});
    CHECK(note(ct::dot(a, b), {a, b}) == "not by the library: the product sums few terms");
    const auto i = ct::input("i", DType::i32, {n, 64}), j = ct::input("j", DType::i32, {64, n});
    CHECK(note(ct::dot(i, j), {i, j}) == "not by the library: the product is of i32");
    const auto x = ct::input("x", DType::f64, {n, 64}), v = ct::input("v", DType::f64, {64});
    CHECK(note(ct::dot(x, v), {x, v}) ==
          "not by the library: an operand of the product is a vector");
    const auto c = ct::input("c", DType::f64, {64, n, 5});
    const auto y = ct::input("y", DType::f64, {5, n, 64});
    CHECK(note(ct::einsum("bik,knb->bin", {y, c}), {y, c}) ==
          "not by the library: 'c' has a stride along its rows and its columns");
    const auto r = ct::input("r", DType::f64, {64});
    const auto many = ct::broadcast_to(r, {n, 64});
    CHECK(note(ct::dot(many, transpose(x)), {r, x}) ==
          "not by the library: the rows of 'r' are 0 elements apart and 64 long");
}

TEST_CASE("a product by the library has the same bits for any number of threads")
{
    NEEDS_BLAS();
    const auto a = ct::input("a", DType::f32, {700, 90}), b = ct::input("b", DType::f32, {90, 700});
    const Array av = normal(DType::f32, {700, 90}, 1), bv = normal(DType::f32, {90, 700}, 2);
    ct::Options options = by_library();
    options.threads = 1;
    const ct::Blas& blas = ct::open_blas(ct::environment().blas);
    const int setting = blas.threads ? blas.threads() : 0;
    const ct::Function one = ct::function({a, b}, {ct::dot(a, b)}, options);
    const Array expected = one(av, bv)[0];
    for (const int threads : {0, 2, 3, 7}) {
        CAPTURE(threads);
        options.threads = threads;
        const ct::Function f = ct::function({a, b}, {ct::dot(a, b)}, options);
        CHECK(first_difference(f(av, bv)[0], expected, {}) == "");
    }
    using Matrix = ct::View<const float, 2>;
    const auto typed = one.typed<void(Matrix, Matrix, ct::View<float, 2>)>();
    ct::Workspace workspace = one.workspace();
    Array out = Array::zeros(DType::f32, {700, 700});
    REQUIRE(typed(workspace, av.view<float, 2>(), bv.view<float, 2>(), out.view<float, 2>()).code ==
            ct::Code::ok);
    CHECK(first_difference(out, expected, {}) == "");
    CHECK((blas.threads ? blas.threads() : 0) == setting);
}

TEST_CASE("products in a loop over steps, measured and checked for numbers that are not finite")
{
    NEEDS_BLAS();
    const auto w = ct::input("w", DType::f64, {40, 40}), s = ct::input("s", DType::f64, {40, 40});
    const auto run =
        ct::scan([&](const Variable& x) { return ct::dot(x, w) / 8; }, {.init = {s}, .steps = 5});
    const Array wv = normal(DType::f64, {40, 40}, 1), sv = normal(DType::f64, {40, 40}, 2);
    CHECK(compare({w, s}, {run.last[0]}, {wv, sv}) == 1);
    ct::Options options = by_library("checked");
    options.finite_checks = true;
    options.profile = true;
    const ct::Function f = ct::function({w, s}, {ct::dot(w, s)}, options);
    (void)f(wv, sv);
    CHECK_THAT(f.explain(), contains(" us a call of 1, "));
    Array bad = sv.clone();
    static_cast<double*>(bad.data())[7] = 1e308;
    static_cast<double*>(bad.data())[47] = 1e308;
    CHECK_THROWS_WITH(f(Array::full<double>({40, 40}, 1e10), bad), contains("is not finite: inf"));
}

TEST_CASE("a stored function keeps who computes its products; exported text calls nothing")
{
    NEEDS_BLAS();
    const auto a = ct::input("a", DType::f32, {40, 30}), b = ct::input("b", DType::f32, {30, 50});
    const ct::Function f = ct::function({a, b}, {ct::dot(a, b)}, by_library("kept"));
    const croton::test::TemporaryFolder folder;
    f.save(folder / "kept.croton");
    const ct::Function loaded = ct::Function::load(folder / "kept.croton");
    CHECK(loaded.source() == f.source());
    const Array av = normal(DType::f32, {40, 30}, 1), bv = normal(DType::f32, {30, 50}, 2);
    CHECK(first_difference(loaded(av, bv)[0], f(av, bv)[0], {}) == "");
    CHECK_THROWS_WITH(f.export_source(folder / "out"),
                      "export_source: 'kept' has products that a library computes, and exported "
                      "text calls nothing; make it with Matmul::own");
    const auto c = ct::input("c", DType::f32, {4, 4});
    ct::function({c}, {ct::dot(c, c)}, by_library("few")).export_source(folder / "out");
    CHECK(std::filesystem::exists(folder / "out/few.c"));
}

TEST_CASE("info() names the library")
{
    NEEDS_BLAS();
    CHECK_THAT(ct::info(), contains("           for Matmul::library: " +
                                    ct::open_blas(ct::environment().blas).name));
}
