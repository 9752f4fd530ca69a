#include <croton/codegen/program.hpp>
#include <croton/codegen/units.hpp>
#include <croton/croton.hpp>
#include <croton/ir/reference.hpp>
#include <croton/runtime/kernel_cache.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using ct::codegen::canonical_text;
using ct::codegen::cut_units;
using ct::codegen::SourceUnit;

namespace {

/// As many kernels as `factors`, none of which shares loops with another: each has an extent of
/// its own.
ct::Function function_of(const std::vector<double>& factors, const std::string& stem = "x")
{
    std::vector<ct::Variable> inputs, outputs;
    for (std::size_t i = 0; i < factors.size(); ++i) {
        const auto x = ct::input(stem + std::to_string(i), ct::DType::f64,
                                 {100 + static_cast<std::int64_t>(factors[i])});
        inputs.push_back(x);
        outputs.push_back(tanh(factors[i] * x) * erf(x) + exp(x) * log1p(x));
    }
    return ct::function(inputs, outputs, {.cache = false});
}

std::string program_of(const std::vector<double>& factors, const std::string& stem = "x")
{
    return std::string(function_of(factors, stem).source());
}

std::vector<double> factors(std::size_t count)
{
    std::vector<double> all;
    for (std::size_t i = 0; i < count; ++i)
        all.push_back(2 + static_cast<double>(i));
    return all;
}

class Cache {
public:
    Cache() : cache_({.folder = folder()}) {}
    ~Cache() { std::filesystem::remove_all(folder()); }
    Cache(const Cache&) = delete;
    Cache& operator=(const Cache&) = delete;

    ct::CompileReport load(const std::string& source)
    {
        std::vector<ct::ProgramUnit> units;
        for (const SourceUnit& u : cut_units(source))
            units.push_back({u.text, u.canonical.text, u.canonical.names, u.canonical.lines});
        ct::CompileReport report;
        const ct::ProgramLibrary library = cache_.load(units, "p", {}, &report);
        CHECK(library.symbol("run") != nullptr);
        return report;
    }

private:
    static std::string folder()
    {
        return std::filesystem::temp_directory_path() /
               ("croton_units_" + std::to_string(::getpid()));
    }
    ct::KernelCache cache_;
};

std::string replaced(std::string text, const std::string& from, const std::string& to)
{
    for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

} // namespace

TEST_CASE("texts that differ in names, comments and lines have one canonical text")
{
    const std::string text = "CT_KERNEL void fused_0(i64 n, const f32* price)\n{\n"
                             "    price[n] = exp_f32(price[n]); // model.cpp:12\n}\n";
    const auto canonical = canonical_text(text);
    CHECK(canonical.text == "CT_KERNEL void $0 ( i64 $1 , const f32 * $2 ) { $2 [ $1 ] = exp_f32 ( "
                            "$2 [ $1 ] ) ; } ");
    CHECK(canonical.names == std::vector<std::string>{"fused_0", "n", "price"});
    CHECK(canonical.lines.front() == 1);
    CHECK(canonical.lines.back() == 4);
    const std::string other = replaced(replaced(text, "price", "a_longer_name"), ", const",
                                       ",\n                       /* wrapped */ const");
    CHECK(canonical_text(other).text == canonical.text);
    CHECK(canonical_text(replaced(text, "exp", "log")).text != canonical.text);
}

TEST_CASE("what means something else has another canonical text")
{
    const auto differ = [](const char* a, const char* b) {
        return canonical_text(a).text != canonical_text(b).text;
    };
    CHECK(differ("x = a - -b;", "x = a-- b;"));
    CHECK(differ("x = a + b;", "x = a + a;"));
    CHECK(differ("x = 1.5f;", "x = 1.5;"));
    CHECK(differ("x = 0x1p-3;", "x = 0x1p - 3;"));
    CHECK(differ("rt->threads;", "rt->reserved;"));
    CHECK(differ("struct sincos_result_f64 t; x = t.sin; y = t.cos;",
                 "struct sincos_result_f64 t; x = t.cos; y = t.sin;"));
    CHECK(differ("f32 x;", "f64 x;"));
    CHECK(differ("if (x) y();", "while (x) y();"));
    CHECK(differ("__builtin_fma(x)", "__builtin_fmaf(x)"));
}

TEST_CASE("a small program is one unit, its source")
{
    const ct::Function f = function_of({2});
    const std::vector<SourceUnit> units = cut_units(f.source());
    REQUIRE(units.size() == 1);
    CHECK(units[0].text == f.full_source());
}

TEST_CASE("a large program is several units that together are its text")
{
    const std::string source = program_of(factors(24));
    const std::vector<SourceUnit> units = cut_units(source);
    REQUIRE(units.size() >= 4);
    std::vector<std::string> lines;
    for (std::size_t end, at = 0; at < source.size(); at = end + 1) {
        end = source.find('\n', at);
        lines.push_back(source.substr(at, end - at));
    }
    // Every line of a unit's own kernels is the line of the source that it says it is.
    std::size_t found = 0;
    for (const SourceUnit& u : units) {
        std::size_t own = u.text.find(ct::codegen::end_of_prelude);
        REQUIRE(own != u.text.npos);
        own += ct::codegen::end_of_prelude.size();
        if (u.text.compare(own, 26, "// Kernels of other units.") == 0)
            own = u.text.find("\n\n", own) + 2;
        auto number = std::ranges::count(u.text.substr(0, own), '\n') + 1;
        for (int before = 1; before < number; ++before) // the prelude is no part of it
            REQUIRE(u.line_of_program(before) == 0);
        for (std::size_t end, at = own; at < u.text.size(); at = end + 1, ++number) {
            end = u.text.find('\n', at);
            const auto at_line =
                static_cast<std::size_t>(u.line_of_program(static_cast<int>(number)) - 1);
            REQUIRE(at_line < lines.size());
            CHECK(lines[at_line] == u.text.substr(at, end - at));
            ++found;
        }
    }
    CHECK(found == lines.size());
}

TEST_CASE("an edit of one kernel of many compiles one unit, and the program is linked anew")
{
    Cache cache;
    std::vector<double> values = factors(24);
    const ct::CompileReport first = cache.load(program_of(values));
    REQUIRE(first.units >= 4);
    CHECK(first.units_compiled == first.units);
    values[7] += 0.25; // of the same extent
    const ct::CompileReport edited = cache.load(program_of(values));
    CHECK(edited.units_compiled == 1);
    CHECK(edited.link_ms > 0);
    CHECK(cache.load(program_of(values)).units_compiled == 0);
}

TEST_CASE("other names of variables, as long as lines break where they did, compile nothing")
{
    Cache cache;
    CHECK(cache.load(program_of(factors(24))).units_compiled >= 4);
    const ct::CompileReport renamed = cache.load(program_of(factors(24), "y"));
    CHECK(renamed.units_compiled == 0);
    CHECK(renamed.link_ms == 0);
}

TEST_CASE("a kernel more in front of others compiles it, and the others serve under new names")
{
    Cache cache;
    std::vector<double> values = factors(40);
    const ct::CompileReport first = cache.load(program_of(values));
    values.insert(values.begin() + 1, 0.375);
    const ct::CompileReport more = cache.load(program_of(values));
    CHECK(more.units_compiled < more.units);
    CHECK(first.units_compiled == first.units);
}

TEST_CASE("kernels that are equal up to names stand in a program once")
{
    const auto a = ct::vector<double>("a", {100}), b = ct::vector<double>("b", {100});
    const auto f = ct::function({a, b}, {tanh(a) * 2, tanh(b) * 2}, {.cache = false});
    const std::string source(f.source());
    const std::size_t first = source.find("CT_KERNEL");
    REQUIRE(first != source.npos);
    CHECK(source.find("CT_KERNEL", first + 1) == source.npos);
    const std::vector<double> x(100, 0.5), y(100, -1.0);
    const auto results = f(x, y);
    CHECK(results[0].as_double(3) == Approx(2 * std::tanh(0.5)));
    CHECK(results[1].as_double(99) == Approx(2 * std::tanh(-1.0)));
}

TEST_CASE("a loop that is written out is compiled like a few of its iterations")
{
    const auto x = ct::input("x", ct::DType::f64, {8});
    const auto chain = [&](int length) {
        ct::Variable y = x;
        for (int i = 0; i < length; ++i)
            y = tanh(sin(y) * (1 + i * 1e-4)) + (0.25 + i * 1e-5);
        return y;
    };
    const std::vector<ct::Array> at{ct::Array::uniform(3, {8}, ct::DType::f64)};
    for (const int length : {300, 1250}) {
        const ct::Variable y = chain(length);
        const ct::Variable x_bar = ct::grad(ct::sum(y), x);
        const auto f = ct::function({x}, {y, x_bar}, {.cache = false});
        const std::string source(f.source());
        int kernels = 0;
        for (const std::string head : {"CT_KERNEL void ", "CT_KERNEL CT_APART void "})
            for (std::size_t i = source.find(head); i != source.npos; i = source.find(head, i + 1))
                ++kernels;
        CHECK(kernels >= 1);
        CHECK(kernels <= 8);
        const auto got = f(at[0]);
        const auto wanted = ct::evaluate_reference(std::span(&x, 1), at, std::vector{y, x_bar});
        for (std::size_t k = 0; k < 2; ++k)
            for (std::int64_t i = 0; i < 8; ++i)
                CHECK(got[k].as_double(i) ==
                      croton::test::Approx(wanted[k].as_double(i)).epsilon(1e-9));
    }
}

TEST_CASE("a long run is cut into parts, and a failure in one stops those behind it")
{
    const ct::Extent n = ct::dim("n");
    const auto x = ct::input("failed", ct::DType::f64, {n}); // as the text calls a local
    const auto first = ct::input("run_part_1", ct::DType::i64, {n});
    const auto at = ct::input("at", ct::DType::i64, {n});
    ct::Variable y = x;
    for (int i = 0; i < 1200; ++i)
        y = ct::cumsum(ct::take(y, i > 0 ? at : first, 0), 0) * 0.5;
    const std::vector<ct::Variable> inputs{x, first, at};
    const auto indices = [](std::vector<std::int64_t> values) {
        return ct::Array::copy(ct::View<const std::int64_t, 1>(values));
    };
    const std::vector<ct::Array> good{ct::Array::uniform(5, {4}, ct::DType::f64),
                                      indices({3, 0, 2, 1}), indices({0, 1, 2, 3})};
    const ct::Array wanted = ct::evaluate_reference(inputs, good, std::span(&y, 1))[0];
    for (const int kind : {0, 1, 2}) {
        const auto f = ct::function(
            inputs, {y}, {.finite_checks = kind == 1, .gaps = kind == 2, .cache = false});
        const std::string source(f.source());
        CHECK(source.find("CT_KERNEL CT_APART i32 run_part_1(") != source.npos);
        CHECK(identical(f(good[0], good[1], good[2])[0], wanted));
        CHECK_THROWS_WITH(
            f(good[0], indices({0, 1, 4, 3}), good[2]),
            "take: index 4 is out of range for axis 0 of extent 4: element (2) of i64 (4)");
    }
}

TEST_CASE("text that does not say where a function begins is refused when it is cut")
{
    CHECK_THROWS_AS(cut_units("CT_KERNEL void\n}\n"), ct::InternalError);
}
