// Random numbers of each step of a loop over members are drawn where they are used, in the loop's
// kernel and once more in its reverse, and are never an array.
#include <croton/croton.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/text.hpp"

namespace ct = croton;
using croton::test::Approx;
using ct::Array;
using ct::DType;
using ct::Extent;
using ct::Variable;
using ct::Variables;

namespace {

/// Paths with so many draws in each step, and the sum of where they end.
Variable ends(const Variable& draws, int count, const Variable& start, const Variable& vol)
{
    const auto step = [&](const Variable& z, const Variable& s) {
        Variable next = s + vol * sin(s) * z(0);
        for (int k = 1; k < count; ++k)
            next = next + 0.1 * z(k);
        return next;
    };
    return ct::sum(ct::scan(step, {.sequences = {draws}, .init = {start}}).last[0]);
}

/// How many times a program draws; -1 where a kernel does that is no loop.
int draws_in(const ct::Function& f, std::string_view called)
{
    const std::string text = "\n\n" + std::string(f.source()), head = "\n\n// ";
    int count = 0;
    for (std::size_t at = text.find(called); at != text.npos; at = text.find(called, at + 1)) {
        // Of the kernel: a comment behind an empty line begins with its name.
        const std::size_t name = text.rfind(head, at) + head.size();
        if (text.compare(name, 6, "steps_") != 0) return -1;
        ++count;
    }
    return count;
}

std::size_t kernels_in(const ct::Function& f)
{
    return croton::test::count(f.source(), "\nCT_KERNEL void steps_");
}

} // namespace

TEST_CASE("draws of a known number of steps: one kernel with its reverse, and no memory")
{
    const auto key = ct::scalar<std::uint64_t>("key");
    const auto vol = ct::scalar<double>("vol");
    const auto n = ct::dim("n");
    const auto start = ct::vector<double>("start", {n});
    for (const bool normals : {true, false}) {
        const ct::Shape shape{50, 2, n};
        const Variable z =
            normals ? ct::normal(DType::f64, key, shape) : ct::uniform(DType::f64, key, shape);
        const Variable y = ends(z, 2, start, vol);
        const Variables outputs{y, ct::grad(y, vol), ct::grad(y, start)};
        const auto price = ct::function({start, vol, key}, y);
        const auto greeks = ct::function({start, vol, key}, outputs);
        for (const ct::Function* f : {&price, &greeks}) {
            CHECK(kernels_in(*f) == 1);
            CHECK(draws_in(*f, normals ? "philox_normal_f64(" : "philox_uniform_f64(") >= 2);
            // The draws would be 80 MB; of each block of 256 members its sums are stored.
            CHECK(f->workspace_bytes({{"n", 100000}}) < 20000);
        }
        // They are those of the same key in an array.
        const auto given = ct::tensor<double>("given", shape);
        const Variable of_array = ends(given, 2, start, vol);
        const auto stored = ct::function(
            {start, vol, given}, {of_array, ct::grad(of_array, vol), ct::grad(of_array, start)});
        const Array at = Array::uniform(1, {300}, DType::f64);
        const Array drawn = normals ? Array::normal(7, {50, 2, 300}, DType::f64)
                                    : Array::uniform(7, {50, 2, 300}, DType::f64);
        const ct::Results a = greeks(at, 0.2, std::uint64_t{7}), b = stored(at, 0.2, drawn);
        for (std::size_t k = 0; k < 3; ++k)
            for (std::int64_t i = 0; i < a[k].size(); ++i)
                CHECK(a[k].as_double(i) == Approx(b[k].as_double(i)).epsilon(1e-11));
    }
}

TEST_CASE("draws of a number of steps that the call gives: what a gradient stores are states")
{
    const auto key = ct::scalar<std::uint64_t>("key");
    const auto vol = ct::scalar<double>("vol");
    const auto n = ct::dim("n"), t = ct::dim("t");
    const auto start = ct::vector<double>("start", {n}), dates = ct::vector<double>("dates", {t});
    const auto made = [&](int count, bool slope) {
        const Variable z = ct::normal(DType::f64, key, {t, count, n});
        const Variable y = ends(z, count, start, vol) + ct::sum(dates);
        return ct::function({start, vol, dates, key},
                            slope ? Variables{y, ct::grad(y, vol)} : Variables{y});
    };
    const auto bytes = [](const ct::Function& f) {
        return f.workspace_bytes({{"n", 100000}, {"t", 50}});
    };
    const auto price = made(2, false);
    CHECK(draws_in(price, "philox_normal_f64(") >= 2);
    CHECK(bytes(price) < 20000);
    CHECK(bytes(price) == price.workspace_bytes({{"n", 100000}, {"t", 5000}}));
    const auto two = made(2, true), six = made(6, true);
    for (const ct::Function* f : {&two, &six}) {
        CHECK(kernels_in(*f) == 1);
        CHECK(draws_in(*f, "philox_normal_f64(") >= 2);
    }
    // Six draws a step take no more than two: sine and cosine of each state, for the reverse.
    CHECK(bytes(six) == bytes(two));
    CHECK(bytes(two) < 2 * 50 * 100000 * sizeof(double) + 20000);
}
