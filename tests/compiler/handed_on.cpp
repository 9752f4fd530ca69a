// Branches in loops hand on what they were given: by a pointer, with no element moved.
#include <croton/croton.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/compare.hpp"
#include "support/text.hpp"

namespace ct = croton;
using ct::Array;
using ct::DType;
using ct::Variable;
using ct::Variables;

namespace {

/// Copies between the first line of a loop over steps and the first one behind it.
std::size_t copies_in_loop(const ct::Function& f)
{
    const std::string text(f.source());
    const std::size_t begin = text.find("\n    for (i64 t0"), end = text.find("\n    }\n", begin);
    REQUIRE(end != text.npos);
    return croton::test::count(std::string_view(text).substr(begin, end - begin), "copy_bytes(");
}

void check_values(const ct::Inputs& inputs,
                  const Variables& outputs,
                  const std::vector<ct::Any>& at,
                  const ct::Options& options = {})
{
    ct::Options reference = options;
    reference.reference = true;
    const ct::Results got = ct::function(inputs, outputs, options).call(at);
    const ct::Results wanted = ct::function(inputs, outputs, reference).call(at);
    for (std::size_t k = 0; k < outputs.size(); ++k)
        CHECK(croton::test::first_difference(got[k], wanted[k], {1e2, 1e-13}) == "");
}

} // namespace

TEST_CASE("handed on: states that some branches leave, exchange or double")
{
    const auto n = ct::dim("n");
    for (const ct::Extent& extent : {ct::Extent(100), n}) {
        const auto a = ct::vector<double>("a", {extent}), b = ct::vector<double>("b", {extent}),
                   c = ct::vector<double>("c", {extent});
        const auto limit = ct::scalar<double>("limit");
        const Variables last = ct::while_loop(
            [&](const Variable&, const Variable&, const Variable&, const Variable& i) {
                return i < limit;
            },
            [](const Variable& x, const Variable& y, const Variable& z, const Variable& i) {
                Variables next = ct::switch_case(
                    ct::cast(i % 5.0, DType::i64),
                    {[&] { return Variables{y, z, x}; }, [&] { return Variables{x, x + y, x + y}; },
                     [&] { return Variables{y, y, 0.5 * z}; }, [&] { return Variables{x, y, z}; },
                     [&] { return Variables{z - x, y, x}; }});
                next.push_back(i + 1.0);
                return next;
            },
            {a, b, c, Variable(0.0)});
        const Variables outputs{last[0], last[1], last[2]};
        const auto f = ct::function({a, b, c, limit}, outputs);
        INFO(f.source());
        CHECK(copies_in_loop(f) == 0);
        const std::vector<Array> arrays{Array::normal(1, {100}, DType::f64),
                                        Array::normal(2, {100}, DType::f64),
                                        Array::normal(3, {100}, DType::f64)};
        for (const double steps : {0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 23.0})
            check_values({a, b, c, limit}, outputs, {arrays[0], arrays[1], arrays[2], steps});
        check_values({a, b, c, limit}, outputs, {arrays[0], arrays[1], arrays[2], 12.0},
                     {.gaps = true});
    }
}

TEST_CASE("handed on: elements of sequences, values from outside, and from a branch in a branch")
{
    const auto x = ct::matrix<double>("x", {12, 50}), w = ct::matrix<double>("w", {2, 50});
    const auto outside = ct::vector<double>("outside", {50});
    const auto run = ct::scan(
        [&](const Variable& row, const Variable& s, const Variable& u) {
            const Variable high = ct::sum(row) > 0.0, higher = ct::sum(row) > 3.0;
            const Variables next = ct::cond(
                high,
                [&] {
                    return ct::cond(
                        higher, [&] { return Variables{row, s}; },
                        [&] { return Variables{outside, u}; });
                },
                [&] { return Variables{s, 0.5 * s + u}; });
            return ct::Step{next, {ct::sum(next[0] * u)}, {}};
        },
        {.sequences = {x}, .init = {w(0), w(1)}});
    const Variables outputs{run.last[0], run.last[1], run.out[0]};
    const auto f = ct::function({x, w, outside}, outputs);
    INFO(f.source());
    CHECK(copies_in_loop(f) == 0);
    const std::vector<ct::Any> at{Array::normal(4, {12, 50}, DType::f64),
                                  Array::normal(5, {2, 50}, DType::f64),
                                  Array::normal(6, {50}, DType::f64)};
    check_values({x, w, outside}, outputs, at);
    // A history holds each state: these are copied, and gradients need them.
    check_values({x, w, outside}, {run.history[0], run.history[1]}, at);
    check_values({x, w, outside},
                 ct::grad(ct::sum(run.last[0] * run.last[1]), Variables{w, outside}), at);
}

TEST_CASE("handed on: a state that lies in a shared variable which is updated")
{
    ct::Shared a = ct::shared("a", Array::normal(7, {64}, DType::f64)),
               b = ct::shared("b", Array::normal(8, {64}, DType::f64));
    const auto steps = ct::scalar<double>("steps");
    const Variables last = ct::while_loop(
        [&](const Variable&, const Variable&, const Variable& i) { return i < steps; },
        [](const Variable& x, const Variable& y, const Variable& i) {
            Variables next = ct::cond(
                i % 2.0 < 1.0, [&] { return Variables{y, x}; },
                [&] { return Variables{x + y, x}; });
            next.push_back(i + 1.0);
            return next;
        },
        {a, b, Variable(0.0)});
    const auto f =
        ct::function({steps}, {ct::sum(last[0])}, {.updates = {{a, last[0]}, {b, last[1]}}});
    Array x = Array::normal(7, {64}, DType::f64), y = Array::normal(8, {64}, DType::f64);
    for (const int count : {1, 2, 3, 0, 5}) {
        (void)f(static_cast<double>(count));
        for (int i = 0; i < count; ++i)
            for (std::int64_t k = 0; k < 64; ++k) {
                auto* const p = static_cast<double*>(x.data());
                auto* const q = static_cast<double*>(y.data());
                const double before = p[k];
                p[k] = i % 2 < 1 ? q[k] : p[k] + q[k];
                q[k] = before;
            }
        CHECK(croton::test::first_difference(a.value(), x, {0, 0}) == "");
        CHECK(croton::test::first_difference(b.value(), y, {0, 0}) == "");
    }
}

TEST_CASE("handed on: the first part of a state to a smaller one, whose buffers are others")
{
    const auto a = ct::vector<double>("a", {100}), b = ct::vector<double>("b", {50});
    const auto run = ct::scan(
        [](const Variable& x, const Variable& y, const Variable& i) {
            const Variable head = x(ct::slice(ct::_, 50));
            const Variables next = ct::cond(
                i % 3.0 < 1.0, [&] { return Variables{head}; },
                [&] { return Variables{y + 0.5 * head}; });
            return ct::Step{{x + 0.01 * ct::sum(y), next[0], i + 1.0}, {}, {}};
        },
        {.init = {a, b, Variable(0.0)}, .steps = 12});
    check_values({a, b}, {run.last[0], run.last[1]},
                 {Array::normal(1, {100}, DType::f64), Array::normal(2, {50}, DType::f64)});
}

TEST_CASE("handed on: states without elements")
{
    const auto n = ct::dim("n");
    const auto a = ct::vector<double>("a", {n}), b = ct::vector<double>("b", {n});
    const auto run = ct::scan(
        [](const Variable& x, const Variable& y, const Variable& i) {
            Variables next = ct::switch_case(ct::cast(i % 3.0, DType::i64),
                                             {[&] { return Variables{y, x}; },
                                              [&] { return Variables{x + y, x + y}; },
                                              [&] { return Variables{x - y, x}; }});
            next.push_back(i + 1.0);
            return next;
        },
        {.init = {a, b, Variable(0.0)}, .steps = 7});
    CHECK(croton::test::count(ct::function({a, b}, run.last).source(), "= (f64*)free_buffer(") ==
          2);
    for (const std::int64_t extent : {0, 1, 30})
        check_values(
            {a, b}, {run.last[0], run.last[1], run.last[2]},
            {Array::normal(1, {extent}, DType::f64), Array::normal(2, {extent}, DType::f64)});
}
