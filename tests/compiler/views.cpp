// Parts of inputs that loops read whole are not copied: they lie there.
#include <croton/croton.hpp>

#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/compare.hpp"
#include "support/text.hpp"

namespace ct = croton;
using croton::test::count;
using ct::_;
using ct::Array;
using ct::DType;
using ct::slice;
using ct::Variable;
using ct::Variables;

namespace {

std::size_t kernels(const ct::Function& f) { return count(f.source(), "\nCT_KERNEL "); }

void check(const ct::Function& f, const ct::Function& reference, const std::vector<ct::Any>& at)
{
    const ct::Results got = f.call(at), wanted = reference.call(at);
    for (std::size_t k = 0; k < got.size(); ++k)
        CHECK(croton::test::first_difference(got[k], wanted[k], {1e2, 1e-12}) == "");
}

/// A loop that no kernel holds: its states are rows of 100, each mixed by its sum.
Variable mixed(const std::vector<ct::Sequence>& sequences, const Variable& init)
{
    return ct::scan(
               [](const Variables& v) {
                   Variable next = 0.9 * v.back() + 0.001 * ct::sum(v.back());
                   for (std::size_t i = 0; i + 1 < v.size(); ++i)
                       next = next + (1.0 + static_cast<double>(i)) * v[i];
                   return Variables{next};
               },
               {.sequences = sequences, .init = {init}})
        .last[0];
}

} // namespace

TEST_CASE("views: taps, rows and other shapes of an input are read where they lie")
{
    const auto n = ct::dim("n");
    for (const ct::Extent& rows : {ct::Extent(24), n}) {
        const auto x = ct::input("x", DType::f64, {rows, 100});
        const auto start = ct::vector<double>("start", {100});
        const Variables values{
            mixed({{x, {-1, 0, 1}}}, start),
            mixed({x(slice(2, _)), x(slice(_, -2))}, start),
            mixed({x(slice(3, 20)).reshape({17, 2, 50}).reshape({17, 100})}, x(2)),
        };
        for (const Variable& y : values) {
            const auto f = ct::function({x, start}, y, {.allow_unused_inputs = true});
            INFO(f.source());
            CHECK(kernels(f) == 1);
            for (const bool gaps : {false, true})
                check(
                    ct::function({x, start}, y, {.gaps = gaps, .allow_unused_inputs = true}),
                    ct::function({x, start}, y, {.reference = true, .allow_unused_inputs = true}),
                    {Array::normal(1, {24, 100}, DType::f64), Array::normal(2, {100}, DType::f64)});
        }
    }
}

TEST_CASE("views: steps in a step, whose sequences are parts of an outer one's")
{
    const auto x = ct::input("x", DType::f64, {6, 10, 100});
    const auto start = ct::vector<double>("start", {100});
    const auto run = ct::scan(
        [](const Variable& block, const Variable& s) {
            return mixed({block(slice(1, _)), block(slice(_, -1))}, s + block(4));
        },
        {.sequences = {x}, .init = {start}});
    const Variables outputs{run.last[0], ct::grad(ct::sum(square(run.last[0])), x)};
    const std::vector<ct::Any> at{Array::normal(3, {6, 10, 100}, DType::f64),
                                  Array::normal(4, {100}, DType::f64)};
    check(ct::function({x, start}, outputs), ct::function({x, start}, outputs, {.reference = true}),
          at);
}

TEST_CASE("views: not of what is written over, nor of an input in another layout")
{
    const auto start = ct::vector<double>("start", {100});
    const Array rows = Array::normal(5, {24, 100}, DType::f64),
                first = Array::normal(6, {100}, DType::f64);
    // A shared variable that the function updates after, or while, the loop reads it.
    const ct::Shared kept = ct::shared("kept", rows.clone());
    const Variable y = mixed({kept(slice(1, _))}, start);
    const auto update = ct::function({start}, y, {.updates = {{kept, 2.0 * kept + y}}});
    const auto x = ct::input("x", DType::f64, {24, 100});
    const Variable same_y = mixed({x(slice(1, _))}, start);
    const Array wanted = ct::function({x, start}, same_y, {.reference = true})(rows, first)[0];
    CHECK(croton::test::first_difference(update(first)[0], wanted, {1e2, 1e-12}) == "");
    // An output in the memory of the input.
    const Variable over = 3.0 * x + same_y;
    const auto f = ct::function({x, start}, {over, same_y}, {.in_place = {{0, 0}}});
    const ct::Results r = f(rows, first);
    CHECK(croton::test::first_difference(r[1], wanted, {1e2, 1e-12}) == "");
    std::vector<double> memory(24 * 100), out(100);
    const auto call = f.typed<void(ct::View<const double, 2>, ct::View<const double, 1>,
                                   ct::View<double, 2>, ct::View<double, 1>)>();
    std::copy_n(static_cast<const double*>(rows.data()), memory.size(), memory.begin());
    const ct::View<double, 2> here(memory.data(), {24, 100});
    call(ct::View<const double, 2>(memory.data(), {24, 100}), first.view<double, 1>(), here,
         ct::View<double, 1>(out.data(), {100}));
    for (std::int64_t i = 0; i < 100; ++i)
        CHECK(out[static_cast<std::size_t>(i)] == r[1].as_double(i));
    for (const ct::Layout layout : {ct::Layout::column_major, ct::Layout::any}) {
        const auto g = ct::function({{x, layout}, start}, same_y);
        CHECK(croton::test::first_difference(g(rows, first)[0], wanted, {1e2, 1e-12}) == "");
        // Each second row and column of a larger one.
        const Array large = Array::normal(7, {48, 200}, DType::f64);
        const Array part =
            Array::borrow_strided(DType::f64, const_cast<void*>(large.data()), {24, 100}, {400, 2});
        CHECK(croton::test::first_difference(g(part, first)[0],
                                             ct::function({x, start}, same_y, {.reference = true})(
                                                 part.contiguous(), first)[0],
                                             {1e2, 1e-12}) == "");
    }
}
