// What a typed call that throws nothing says of what went wrong.
#include <croton/croton.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/op.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include "errors/expect.hpp"

namespace ct = croton;

namespace {

ct::Array refuses(const ct::ReferenceArgs& args)
{
    if (args.x[0].as_double(0) > 1) throw std::runtime_error("no more than 1, please");
    return args.x[0];
}

constexpr ct::Op refusing{.name = "refusing",
                          .doc = "Its operand, unless that is above 1.",
                          .dtype = ct::promote_to_float,
                          .shape = ct::same_shape,
                          .lowering = ct::Pointwise{"{a}"},
                          .reference = refuses,
                          .grad = ct::not_differentiable("it is a test")};

} // namespace

TEST_CASE("the status of a call that may not throw has the op's line, or the call's")
{
    const auto x = ct::vector<float>("x"), w = ct::vector<float>("w", {2});
    const auto i = ct::vector<std::int64_t>("i");
    const auto y = ct::take(x, i, 0);
    const auto cut = x(ct::slice(1, ct::_));
    const auto f = ct::function({x, i}, y, {.name = "f"});
    const auto call =
        f.typed<void(ct::View<const float>, ct::View<const std::int64_t>, ct::View<float>)>();
    auto workspace = f.workspace();
    std::vector<float> values{1, 2}, out(2), shorter(1);
    std::vector<std::int64_t> good{0, 1}, bad{0, 7};
    CHECK(call(workspace, values, good, out).where().line() == __LINE__);
    const ct::Status index = call(workspace, values, bad, out);
    CHECK(index.code == ct::Code::index);
    CHECK(index.where().line() == y.where().line());
    CHECK(index.text() == "f: an index of take is out of range at statuses.cpp:" +
                              std::to_string(y.where().line()));
    const ct::Status extent = call(workspace, values, good, shorter);
    CHECK(extent.code == ct::Code::shape);
    CHECK(extent.where().line() == __LINE__ - 2);
    CHECK(to_string(extent.where()) == "statuses.cpp:" + std::to_string(__LINE__ - 3));
    const ct::Status overlap = call(workspace, values, good, values);
    CHECK(overlap.text() ==
          "f: output 0 overlaps input 0 'x'; a call without a Workspace copies that first");
    CHECK(overlap.where().line() == __LINE__ - 3);
    const auto g = ct::function({x}, cut, {.name = "g"});
    const auto cutting = g.typed<void(ct::View<const float>, ct::View<float>)>();
    const ct::Status none = cutting(workspace, ct::View<const float>(values.data(), {0}), out);
    CHECK(none.code == ct::Code::shape);
    CHECK(none.where().line() == cut.where().line());
    ct::Options finite{.name = "h"};
    finite.finite_checks = true;
    const auto inverse = 1 / x;
    const auto h = ct::function({x}, inverse, finite);
    const auto inverting = h.typed<void(ct::View<const float>, ct::View<float>)>();
    values[1] = 0;
    const ct::Status infinite = inverting(workspace, values, out);
    CHECK(infinite.code == ct::Code::not_finite);
    CHECK(infinite.where().line() == inverse.where().line());
    CHECK(infinite.text() ==
          "h: the result of div at statuses.cpp:" + std::to_string(inverse.where().line()) +
              " is not finite: inf at (1) of f32 (n0)");
}

TEST_CASE("a status of a function that the references compute says what is wrong and where")
{
    const auto x = ct::vector<float>("x");
    const auto i = ct::vector<std::int64_t>("i");
    const auto y = ct::take(x, i, 0);
    const auto inverse = 1 / x;
    ct::Options options{.name = "f", .reference = true};
    options.finite_checks = true;
    using In = ct::View<const float>;
    const auto call = ct::function({x, i}, y, options)
                          .typed<void(In, ct::View<const std::int64_t>, ct::View<float>)>();
    auto workspace = ct::function({x, i}, y, options).workspace();
    std::vector<float> values{1, 0}, out(2), shorter(1);
    const std::vector<std::int64_t> good{0, 1}, bad{0, 7};
    CHECK(call(workspace, values, good, out).text() == "ok");
    const ct::Status index = call(workspace, values, bad, out);
    CHECK(index.code == ct::Code::index);
    CHECK(index.where().line() == y.where().line());
    CHECK(index.text() == "take: index 7 is out of range for axis 0 of extent 2: element (1) of "
                          "i64 (2) [statuses.cpp:" +
                              std::to_string(y.where().line()) + "]");
    const ct::Status extent = call(workspace, values, good, shorter);
    CHECK(extent.code == ct::Code::shape);
    CHECK(extent.where().line() == __LINE__ - 2);
    CHECK(extent.text() ==
          "f: axis 0 of output 0 is 1, it must be 2 (n1) as axis 0 of input 'i' is");
    const auto inverting = ct::function({x}, inverse, options).typed<void(In, ct::View<float>)>();
    const ct::Status infinite = inverting(workspace, values, out);
    CHECK(infinite.code == ct::Code::not_finite);
    CHECK(infinite.where().line() == inverse.where().line());
    CHECK(infinite.text() == "div: its result in 'f' is not finite: inf at (1) of f32 (2), from 1 "
                             "and 0 [statuses.cpp:" +
                                 std::to_string(inverse.where().line()) + "]");
    const auto own = ct::apply(refusing, {x});
    const auto refuse = ct::function({x}, own, options).typed<void(In, ct::View<float>)>();
    const std::vector<float> above{2, 0};
    const ct::Status refused = refuse(workspace, above, out);
    CHECK(refused.code == ct::Code::internal);
    CHECK(refused.text() == "no more than 1, please");
    const ct::Status nowhere = inverting(workspace, In(nullptr, {2}), out);
    CHECK(nowhere.code == ct::Code::domain);
    CHECK(nowhere.text() == "f: input 0 'x' has no memory: its pointer is null, its shape (2)");
}

TEST_CASE("a status names the function that the user called, and the element that is not finite")
{
    const auto a = ct::matrix<double>("a", {2, 3}), b = ct::matrix<double>("b", {3, 2});
    const auto check = [&](const ct::Variable& y, const std::string& word) {
        ct::Options options{.name = "f"};
        options.finite_checks = true;
        const auto f = ct::function({a, b}, y, options);
        const auto call = f.typed<void(ct::View<const double, 2>, ct::View<const double, 2>,
                                       ct::View<double, 2>)>();
        auto workspace = f.workspace();
        std::vector<double> av{1, 1, 1, 1, -1e300, 1}, bv{1, 1, 1, 1e300, 1, 1}, out(4);
        const ct::Status status =
            call(workspace, {av.data(), {2, 3}}, {bv.data(), {3, 2}}, {out.data(), {2, 2}});
        CHECK(status.text() == "f: the result of " + word +
                                   " at statuses.cpp:" + std::to_string(y.where().line()) +
                                   " is not finite: -inf at (1, 1) of f64 (2, 2)");
        try {
            f(ct::View<const double, 2>(av.data(), {2, 3}),
              ct::View<const double, 2>(bv.data(), {3, 2}));
            FAIL("nothing was refused");
        } catch (const ct::UserError& e) {
            CHECK(e.op() == word);
        }
    };
    check(ct::dot(a, b), "dot");
    check(ct::matmul(a, b), "matmul");
    check(ct::einsum("ij,jk->ik", {a, b}), "einsum");
}
