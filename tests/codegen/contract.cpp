#include <croton/compiler/info.hpp>
#include <croton/croton.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/disassembly.hpp"

namespace ct = croton;
using ct::Array, ct::DType, ct::Variable, ct::slice, ct::_;

namespace {

using Shape = std::vector<std::int64_t>;

/// Whole numbers from 0 to 6: sums of them are exact in any order.
Array numbers(DType dtype, const Shape& shape, unsigned seed)
{
    Array values = Array::zeros(DType::f64, shape);
    unsigned state = seed;
    for (std::int64_t i = 0; i < values.size(); ++i) {
        state = state * 1664525u + 1013904223u;
        static_cast<double*>(values.data())[i] = static_cast<double>((state >> 16) % 7);
    }
    return values.cast(dtype);
}

Variable leaf(const char* name, DType dtype, const Shape& shape, bool known)
{
    ct::Shape extents;
    for (std::int64_t e : shape)
        extents.push_back(known ? ct::Extent(e) : ct::dim(std::string("n")));
    return ct::input(name, dtype, extents);
}

/// Number of elements that differ.
int differences(const Array& a, const Array& b)
{
    REQUIRE(a.size() == b.size());
    int count = 0;
    for (std::int64_t i = 0; i < a.size(); ++i)
        count += a.as_double(i) != b.as_double(i);
    return count;
}

Array run(const std::vector<Variable>& inputs,
          const Variable& y,
          const Array& a,
          const Array& b,
          bool reference)
{
    ct::Options options;
    options.reference = reference;
    return ct::function(inputs, y, options)(a, b)[0];
}

/// Innermost loops of as many multiply-adds, and the accesses of vectors on the stack in them.
std::pair<int, int> loops_of(int wanted, const std::string& disassembly)
{
    struct Line {
        unsigned long address;
        bool multiplies, stack;
        bool ends_loop = false;
    };
    std::vector<Line> lines;
    std::istringstream text(disassembly);
    std::string line;
    int found = 0, spilled = 0;
    bool has_frame = false; // else %rbp is a register as any
    const auto contains = [&](const char* part) { return line.find(part) != line.npos; };
    while (std::getline(text, line)) {
        const std::size_t colon = line.find(":\t");
        if (colon == line.npos) {
            lines.clear(); // another function
            has_frame = false;
            continue;
        }
        has_frame |= contains("%rsp,%rbp");
        const unsigned long address = std::strtoul(line.c_str(), nullptr, 16);
        const bool on_stack = contains("(%rsp") || (has_frame && contains("(%rbp"));
        lines.push_back({address, contains("vfmadd"), contains("mm") && on_stack});
        if (line[colon + 2] != 'j') continue;
        const std::size_t operand = line.find_first_of(" \t", colon + 2);
        const unsigned long target = std::strtoul(line.c_str() + operand, nullptr, 16);
        if (target >= address) continue;
        int multiplies = 0, stack = 0;
        bool innermost = true;
        for (auto at = lines.rbegin(); at != lines.rend() && at->address >= target; ++at) {
            multiplies += at->multiplies, stack += at->stack;
            innermost &= !at->ends_loop;
        }
        lines.back().ends_loop = true;
        if (innermost && multiplies == wanted) ++found, spilled += stack;
    }
    return {found, spilled};
}

struct Product {
    std::int64_t m, n, k;
    bool a_turned = false, b_turned = false;
};

void check(DType dtype, const Product& p, bool known)
{
    CAPTURE(name(dtype), p.m, p.n, p.k, p.a_turned, p.b_turned, known);
    const Shape as = p.a_turned ? Shape{p.k, p.m} : Shape{p.m, p.k};
    const Shape bs = p.b_turned ? Shape{p.n, p.k} : Shape{p.k, p.n};
    const Variable a = leaf("a", dtype, as, known), b = leaf("b", dtype, bs, known);
    const Variable y =
        ct::dot(p.a_turned ? ct::transpose(a) : a, p.b_turned ? ct::transpose(b) : b);
    const Array av = numbers(dtype, as, 1), bv = numbers(dtype, bs, 2);
    CHECK(differences(run({a, b}, y, av, bv, false), run({a, b}, y, av, bv, true)) == 0);
}

} // namespace

TEST_CASE("products of every form agree with their meaning")
{
    const Product products[] = {
        {3, 3, 3},
        {1, 1, 1},
        {0, 4, 3},
        {4, 0, 3},
        {4, 3, 0},
        {13, 37, 29},
        {50, 130, 17},
        {7, 129, 800},
        {1, 70, 300},
        {70, 1, 300},
        {1, 1, 70},
        {49, 257, 400},
        {12, 64, 40},
        {40, 41, 42, true},
        {40, 41, 42, false, true},
        {60, 33, 390, true, true},
        {1, 70, 300, false, true},
        {70, 1, 300, true, false},
        {20, 64, 40, false, true}, // whole panels whose columns lie in one piece
        {20, 96, 100, false, true},
        {20, 64, 33, false, true},
    };
    for (const Product& p : products)
        check(DType::f32, p, true);
}

TEST_CASE("products of unknown extents and of other dtypes agree with their meaning")
{
    const Product odd{13, 150, 70}, turned{50, 33, 40, true, true}, empty{3, 5, 0};
    for (const Product& p : {odd, turned, empty})
        check(DType::f32, p, false);
    const Product panels{20, 256, 48, false, true};
    for (DType t : {DType::f64, DType::i8, DType::i32, DType::u64})
        for (const Product& p : {odd, turned, panels})
            check(t, p, true);
}

TEST_CASE("long sums of f32 products keep their digits")
{
    // In sequence, so many equal terms would be off by 6e-4 to 2e-2.
    constexpr std::int64_t k = 3'000'000;
    const Array row = Array::copy(std::vector<float>(2 * k, 0.1f)), tenths = row.reshape({2, k});
    const Variable m = ct::matrix<float>("m"), v = ct::vector<float>("v");
    const auto f = ct::function({m, v},
                                {dot(m, m.T()), dot(v, v), dot(v(ct::newaxis, _), v),
                                 dot(v(slice(0, m.extent(1))), m.T()), dot(m, m(0))},
                                {.name = "tenths"});
    const double exact = static_cast<double>(0.1f) * static_cast<double>(0.1f);
    const ct::Results got = f(tenths, row);
    for (std::size_t i = 0; i < got.size(); ++i)
        for (std::int64_t j = 0; j < got[i].size(); ++j) {
            const double terms = i == 1 || i == 2 ? 2 * k : k;
            INFO("output " << i << ", element " << j);
            CHECK(std::abs(got[i].as_double(j) / (terms * exact) - 1) < 2e-4);
        }
}

TEST_CASE("products of vectors have partial sums whether their length is known or not")
{
    for (const std::int64_t k : {32, 100, 1000, 4096}) {
        CAPTURE(k);
        const Array row = Array::normal(1, {k}), rows = Array::normal(2, {1, k});
        std::vector<double> sums;
        for (const ct::Extent& n : {ct::Extent(k), ct::dim("n")}) {
            const Variable v = ct::input("v", DType::f32, {n}),
                           m = ct::input("m", DType::f32, {1, n});
            const ct::Results got = ct::function({v, m}, {dot(v, v), dot(m, v)})(row, rows);
            sums.insert(sums.end(), {got[0].as_double(0), got[1].as_double(0)});
        }
        CHECK(sums[0] == sums[2]);
        CHECK(sums[1] == sums[3]);
    }
}

TEST_CASE("batches of products agree with their meaning")
{
    const Variable a = ct::input("a", DType::f32, {5, 20, 30}),
                   b = ct::input("b", DType::f32, {5, 30, 40});
    const Array av = numbers(DType::f32, {5, 20, 30}, 1), bv = numbers(DType::f32, {5, 30, 40}, 2);
    CHECK(differences(run({a, b}, ct::matmul(a, b), av, bv, false),
                      run({a, b}, ct::matmul(a, b), av, bv, true)) == 0);
}

TEST_CASE("what follows from a product element by element is in its kernel")
{
    for (const Shape& s :
         {Shape{13, 40, 800}, Shape{4, 8, 8}, Shape{1, 90, 400}, Shape{90, 1, 400}}) {
        CAPTURE(s[0], s[1], s[2]);
        const Variable a = ct::input("a", DType::f32, {s[0], s[2]}),
                       b = ct::input("b", DType::f32, {s[2], s[1]});
        const Variable x = ct::dot(a, b);
        const Variable y = ct::maximum(x - 30, 0) * 2 + ct::sum(b, ct::Axis{0});
        const Array av = numbers(DType::f32, {s[0], s[2]}, 1),
                    bv = numbers(DType::f32, {s[2], s[1]}, 2);
        CHECK(differences(run({a, b}, y, av, bv, false), run({a, b}, y, av, bv, true)) == 0);
        const std::string source(ct::function({a, b}, {ct::relu(x)}).source());
        CHECK(source.find("fused_") == std::string::npos);
    }
}

TEST_CASE("a residual, a scale and an activation follow products of every kind in one kernel")
{
    const auto check = [](const Variable& a, const Variable& b, const Variable& x) {
        const Variable r = ct::input("r", x.dtype(), x.shape());
        const Variable y = ct::relu(x * 3) - r * 2;
        const auto known = [](const Variable& v) {
            std::vector<std::int64_t> extents;
            for (const ct::Extent& e : v.shape())
                extents.push_back(e.value());
            return extents;
        };
        const std::vector<ct::Any> arguments{numbers(x.dtype(), known(a), 1),
                                             numbers(x.dtype(), known(b), 2),
                                             numbers(x.dtype(), known(r), 3)};
        ct::Options options;
        const auto f = ct::function({a, b, r}, y, options);
        options.reference = true;
        const auto wanted = ct::function({a, b, r}, y, options).call(arguments);
        CHECK(differences(f.call(arguments)[0], wanted[0]) == 0);
        CHECK(std::string(f.source()).find("fused_") == std::string::npos);
    };
    for (const DType t : {DType::f32, DType::f64}) {
        CAPTURE(name(t));
        const auto matrix = [&](const char* name, int rows, int columns) {
            return ct::input(name, t, {rows, columns});
        };
        const Variable a = matrix("a", 90, 70), b = matrix("b", 70, 50);
        check(a, b, ct::dot(a, b));
        const Variable at = matrix("a", 70, 90), bt = matrix("b", 50, 70);
        check(at, b, ct::dot(ct::transpose(at), b));
        check(a, bt, ct::dot(a, ct::transpose(bt)));
        check(at, bt, ct::dot(ct::transpose(at), ct::transpose(bt)));
        const Variable many = ct::input("a", t, {3, 20, 30}), more = ct::input("b", t, {3, 30, 40});
        check(many, more, ct::matmul(many, more));
        const Variable few = matrix("a", 4, 8), eight = matrix("b", 8, 8);
        check(few, eight, ct::dot(few, eight));
    }
}

TEST_CASE("operands that only a product reads are computed by its kernel")
{
    using Made = std::function<Variable(const Variable&)>;
    const Made same = [](const Variable& v) { return v; };
    const Made squared = [](const Variable& v) { return v * v + 1; };
    const Made turned = [](const Variable& v) { return ct::transpose(v * 2); };
    const Made late = [](const Variable& v) { return v(ct::slice(1, ct::_)); };
    const Made backwards = [](const Variable& v) { return ct::flip(v, ct::Axis{1}) - 3; };
    const Made padded = [](const Variable& v) { return ct::pad(v, {2, 0}, {0, 3}); };
    const Made wide = [](const Variable& v) { return ct::cast(ct::cast(v, DType::i8), v.dtype()); };
    const Made by_row = [](const Variable& v) {
        return v * ct::sum(v, ct::Axis{1}, true) - ct::max(v, ct::Axis{0});
    };
    const auto check = [](const Shape& as, const Shape& bs, const Made& f, const Made& g,
                          DType dtype, bool known) {
        CAPTURE(name(dtype), as[0], as[1], bs[0], bs[1], known);
        const auto matrix = [&](const char* name, const Shape& s) {
            const std::string n = name;
            return ct::input(n, dtype,
                             {known ? ct::Extent(s[0]) : ct::dim(n + "_rows"),
                              known ? ct::Extent(s[1]) : ct::dim(n + "_columns")});
        };
        const Variable a = matrix("a", as), b = matrix("b", bs);
        const Array av = numbers(dtype, as, 1), bv = numbers(dtype, bs, 2);
        for (const bool follows : {false, true}) {
            const Variable x = ct::dot(f(a), g(b));
            const Variable y = follows ? ct::relu(x - 7) : x;
            CHECK(differences(run({a, b}, y, av, bv, false), run({a, b}, y, av, bv, true)) == 0);
        }
    };
    for (const DType t : {DType::f32, DType::f64, DType::i32})
        for (const bool known : {true, false}) {
            check({50, 33}, {33, 70}, squared, same, t, known);
            check({50, 33}, {33, 70}, same, squared, t, known);
            check({33, 50}, {70, 33}, turned, turned, t, known);
            check({51, 450}, {450, 70}, squared, backwards, t, known);
            check({5, 800}, {800, 1100}, squared, wide, t, known);
            check({100, 40}, {41, 64}, backwards, late, t, known);
            check({101, 40}, {41, 61}, padded, padded, t, known);
            check({101, 40}, {40, 61}, by_row, by_row, t, known);
            check({50, 0}, {0, 70}, squared, squared, t, known);
        }
}

TEST_CASE("what a product computes is not in memory, but what others read is")
{
    const Variable a = ct::input("a", DType::f32, {200, 300}),
                   b = ct::input("b", DType::f32, {300, 100});
    const auto kernels_and_bytes = [&](const std::vector<Variable>& outputs) {
        const auto f = ct::function({a, b}, outputs);
        std::size_t kernels = 0;
        const std::string text(f.source());
        for (std::size_t at = 0; (at = text.find("CT_KERNEL void", at)) != text.npos; ++at)
            ++kernels;
        return std::pair(kernels, f.workspace_bytes());
    };
    const auto plain = kernels_and_bytes({ct::dot(a, b)});
    CHECK(kernels_and_bytes({ct::dot(ct::exp(a), b)}) == plain);
    CHECK(kernels_and_bytes({ct::dot(ct::exp(a), ct::tanh(b))}) == plain);
    const Variable e = ct::exp(a);
    CHECK(kernels_and_bytes({ct::dot(e, b), ct::sum(e)}).second >=
          plain.second + 200 * 300 * sizeof(float));
    // Sums that follow one product are its epilogue, not the next one's prologue.
    const Variable h = ct::relu(ct::dot(a, b));
    const Variable c = ct::input("c", DType::f32, {100, 90});
    const std::string text(ct::function({a, b, c}, ct::dot(h, c)).source());
    CHECK(text.find("matmul_0_finish") != text.npos);
    CHECK(text.find("_values_") == text.npos);
}

TEST_CASE("batches of products compute their operands, one for all or each its own")
{
    const Variable a = ct::input("a", DType::f32, {5, 20, 30}),
                   b = ct::input("b", DType::f32, {5, 30, 40}),
                   c = ct::input("b", DType::f32, {30, 40});
    const Array av = numbers(DType::f32, {5, 20, 30}, 1), bv = numbers(DType::f32, {5, 30, 40}, 2),
                cv = numbers(DType::f32, {30, 40}, 3);
    for (const Variable& y : {ct::matmul(a * 2, b), ct::matmul(a, b * b), ct::matmul(a - 1, b - 2)})
        CHECK(differences(run({a, b}, y, av, bv, false), run({a, b}, y, av, bv, true)) == 0);
    const Variable one = ct::matmul(a * a, c * 3);
    CHECK(differences(run({a, c}, one, av, cv, false), run({a, c}, one, av, cv, true)) == 0);
}

TEST_CASE("an array is not written over while a product still computes an operand from it")
{
    const Variable a = ct::input("a", DType::f32, {100, 100}),
                   b = ct::input("b", DType::f32, {100, 100});
    const ct::Shared s = ct::shared("s", numbers(DType::f32, {100, 100}, 1));
    const Array bv = numbers(DType::f32, {100, 100}, 2);
    const auto check = [&](const Variable& changed, const Variable& meant) {
        s.set(numbers(DType::f32, {100, 100}, 1));
        const auto step = ct::function({b}, ct::sum(s), {.updates = {{s, changed}}});
        const Array wanted = run({a, b}, meant, numbers(DType::f32, {100, 100}, 1), bv, true);
        step(bv);
        CHECK(differences(s.value(), wanted) == 0);
    };
    check(ct::dot(s * 2 - 1, b), ct::dot(a * 2 - 1, b));
    check(ct::dot(b, s * 2 - 1), ct::dot(b, a * 2 - 1));
    // The place of a value that ends here, for one that begins.
    const Variable ends = ct::cumsum(a % 3, 0);
    const Variable begins = ct::relu(ct::dot(ct::flip(ends, ct::Axis{0}), b) - 1);
    const Array av = numbers(DType::f32, {100, 100}, 3);
    CHECK(differences(run({a, b}, begins, av, bv, false), run({a, b}, begins, av, bv, true)) == 0);
    check(ct::relu(ct::dot(s * 2, s - 1)) + 0 * b, ct::relu(ct::dot(a * 2, a - 1)) + 0 * b);
}

TEST_CASE("batches of unknown extents compute their operands in strips of any length")
{
    const ct::Extent batch = ct::dim("batch"), m = ct::dim("m"), k = ct::dim("k"), n = ct::dim("n");
    const Variable a = ct::input("a", DType::f32, {batch, m, k}),
                   b = ct::input("b", DType::f32, {batch, k, n});
    const Variable y = ct::matmul(a * a, ct::flip(b, ct::Axis{1}) - 1);
    ct::Options options;
    const auto f = ct::function({a, b}, y, options);
    options.reference = true;
    const auto meaning = ct::function({a, b}, y, options);
    const std::array<std::int64_t, 4> extents[] = {
        {3, 49, 400, 70}, {2, 97, 1, 1030}, {2, 1, 20, 9}, {1, 50, 33, 1},
        {0, 5, 6, 7},     {2, 0, 6, 7},     {2, 5, 0, 7},  {2, 5, 6, 0}};
    for (const auto& [h, i, p, j] : extents) {
        CAPTURE(h, i, p, j);
        const Array av = numbers(DType::f32, {h, i, p}, 1), bv = numbers(DType::f32, {h, p, j}, 2);
        CHECK(differences(f(av, bv)[0], meaning(av, bv)[0]) == 0);
    }
}

TEST_CASE("what is dear is stored where parts of a product would compute it again")
{
    const auto holds_values = [](int columns, int powers) {
        const Variable a = ct::input("a", DType::f64, {256, 512}),
                       b = ct::input("b", DType::f64, {512, columns});
        Variable x = a;
        for (int i = 0; i < powers; ++i)
            x = ct::pow(x, 1.5);
        const auto f = ct::function({a, b}, ct::dot(x, b));
        return f.source().find("_values_a") != std::string::npos;
    };
    CHECK(holds_values(512, 12)); // one part across: each element is computed once
    CHECK(!holds_values(1024, 12));
    const Variable a = ct::input("a", DType::f64, {256, 512});
    const Variable b = ct::input("b", DType::f64, {512, ct::dim("n")});
    const auto f = ct::function({a, b}, ct::dot(ct::pow(a, 1.5), b));
    CHECK(f.source().find("_values_a") == std::string::npos);
}

TEST_CASE("a product's work for threads is that of its operands as well")
{
    const Variable a = ct::input("a", DType::f32, {96, 300}),
                   b = ct::input("b", DType::f32, {300, 2});
    Variable x = a;
    for (int i = 0; i < 8; ++i)
        x = ct::pow(x, 1.5);
    const std::string text(ct::function({a, b}, ct::dot(x, b)).source());
    const std::size_t at = text.find("const i64 cost = ");
    REQUIRE(at != text.npos);
    CHECK(std::stoll(text.substr(at + 17)) > 96 * 300 * (2 * 2 + 8 * 40));
}

TEST_CASE("names of users' values are free, also those that the text of a product uses")
{
    std::set<std::string> names;
    const std::regex declared(
        R"((?:i64|f32|b8|ct_matrix|_parts)\*? (?:CT_RESTRICT )?(\w+)(?: = |;|\[|,|\)))");
    for (const char* golden :
         {"blocks", "prologue", "batched", "epilogue", "row", "dots", "small"}) {
        std::ifstream file(std::string("codegen/golden/matmul_") + golden + ".cpp");
        const std::string text((std::istreambuf_iterator<char>(file)), {});
        REQUIRE(text.size() > 1000);
        for (std::sregex_iterator m(text.begin(), text.end(), declared), end; m != end; ++m)
            names.insert((*m)[1]);
    }
    REQUIRE(names.contains("tall"));
    REQUIRE(names.size() > 30);
    for (const std::string& name : names) {
        CAPTURE(name);
        const ct::Extent rows = ct::dim(name);
        const Variable a = ct::input(name, DType::f32, {rows, 40});
        const Variable b = ct::input("other", DType::f32, {40, ct::dim(name)});
        ct::Options options;
        options.fast_start = true;
        CHECK_NOTHROW(
            ct::function({a, b}, {ct::relu(ct::dot(ct::exp(a), b)), ct::dot(a.T(), a)}, options));
    }
}

TEST_CASE("a product that is read in two shapes is read before an output is written over it")
{
    // A few terms, a vector, columns of unknown extent; broadcasting gives it a shape of its own.
    for (const Shape& s : {Shape{1, 1, 1}, Shape{1, 1, 30}, Shape{5, 7, 3}, Shape{3, 40, 800}})
        for (const bool known : {true, false}) {
            CAPTURE(s[0], s[1], s[2], known);
            const auto extent = [&](std::size_t i, const char* name) {
                return known ? ct::Extent(s[i]) : ct::dim(name);
            };
            const ct::Extent m = extent(0, "m"), n = extent(1, "n"), k = extent(2, "k");
            const Variable a = ct::input("a", DType::i32, {2, m, k});
            const Variable b = ct::input("b", DType::i32, {k, n});
            const Variable x = ct::einsum("amk,kn->amn", {a, b});
            const Variable wide = ct::zeros(DType::i32, {1, 2, m, n}) + 5;
            const std::vector<Variable> outputs{x * 2, x - wide, ct::expand_dims(x, 0) % wide};
            const Array av = numbers(DType::i32, {2, s[0], s[2]}, 1);
            const Array bv = numbers(DType::i32, {s[2], s[1]}, 2);
            ct::Options options;
            const auto got = ct::function({a, b}, outputs, options)(av, bv);
            options.reference = true;
            const auto wanted = ct::function({a, b}, outputs, options)(av, bv);
            for (std::size_t o = 0; o < outputs.size(); ++o)
                CHECK(differences(got[o], wanted[o]) == 0);
        }
}

TEST_CASE("a gradient that sums over nothing is no product")
{
    const Variable a = ct::input("a", DType::f64, {ct::dim("n")});
    const Variable b = ct::input("b", DType::f64, {a.shape()[0]});
    const auto f = ct::function({a, b}, {ct::grad(ct::square(ct::dot(a, b)), a)});
    const std::string source(f.source());
    CHECK(source.find("matmul_0") != source.npos); // the dot product itself
    CHECK(source.find("matmul_1") == source.npos);
    CHECK(source.find("void fused_1(") != source.npos);
    const ct::Array x = ct::Array::uniform(1, {5}, DType::f64);
    const ct::Array y = ct::Array::uniform(2, {5}, DType::f64);
    double dot = 0;
    for (std::int64_t i = 0; i < 5; ++i)
        dot += x.as_double(i) * y.as_double(i);
    const ct::Array got = f(x, y)[0];
    for (std::int64_t i = 0; i < 5; ++i)
        CHECK(got.as_double(i) == Approx(2 * dot * y.as_double(i)));
}

TEST_CASE("the sums of a register block never leave the registers inside its loop")
{
    if (!croton::test::can_disassemble()) SKIP("objdump is not installed");
    const bool wide = ct::info().find("512-bit vectors") != std::string::npos;
    for (DType t : {DType::f32, DType::f64})
        for (const char* cpu : {"x86-64-v3", ""}) { // and this machine's
            CAPTURE(name(t), cpu);
            const Variable a = ct::input("a", t, {512, 512}), b = ct::input("b", t, {512, 512});
            const auto f = ct::function({a, b}, {ct::dot(a, b)});
            const int vectors = *cpu == 0 && wide ? 24 : 12;
            const auto [found, spilled] =
                loops_of(vectors, croton::test::disassembly(f.full_source(), cpu));
            CHECK(found == 1);
            CHECK(spilled == 0);
        }
}
