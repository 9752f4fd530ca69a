// What vmap refuses, and where.
#include <croton/croton.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/op.hpp>

#include "errors/expect.hpp"

namespace ct = croton;
using ct::Variable;
using ct::Variables;

namespace {

const auto twice = [](const Variable& x) { return Variable(2.0 * x); };
const auto both = [](const Variable& x) { return Variables{x, 2.0 * x}; };
const auto added = [](const Variable& x, const Variable& y) { return Variable(x + y); };

/// An op that moves elements, without a rule for a batch.
constexpr ct::Op moved_op{
    .name = "moved",
    .doc = "x",
    .dtype = ct::same_dtype,
    .shape = ct::shape_of_first,
    .lowering = ct::IndexMap{[](const ct::IndexMapArgs& args) {
        return std::vector<ct::IndexPiece>{{0, {args.out.begin(), args.out.end()}, {}}};
    }},
    .reference = [](const ct::ReferenceArgs& args) { return args.x[0]; },
    .grad = ct::not_differentiable("it is a test"),
};

} // namespace

TEST_CASE("vmap: operands without members, with other numbers of them, or with axes that are not")
{
    const auto s = ct::scalar<double>("s");
    const auto v = ct::vector<double>("v", {3});
    const auto w = ct::vector<double>("w", {4});
    const auto m = ct::matrix<double>("m", {3, 4});
    CHECK_REFUSED(ct::vmap(twice)(s), shape,
                  "vmap: operand 0 is a scalar, 's': it has no axis of members");
    const std::string line = std::to_string(__LINE__ + 1);
    CHECK_REFUSED(ct::vmap(added)(v, 2.0), shape,
                  "vmap: operand 1 is a scalar, the unnamed constant (vmap.cpp:" + line +
                      "): it has no axis of members, and all are given the same with in_axes {0, "
                      "ct::no_axis}");
    CHECK_REFUSED(ct::vmap(added, {1, 0})(m, s), shape,
                  "vmap: operand 1 is a scalar, 's': it has no axis of members, and all are given "
                  "the same with in_axes {1, ct::no_axis}");
    CHECK_REFUSED(ct::vmap(added)(v, w), shape,
                  "vmap: operand 0 has 3 members and operand 1 has 4");
    CHECK_REFUSED(ct::vmap(added, {0, 0})(m, w), shape,
                  "vmap: operand 0 has 3 members and operand 1 has 4");
    CHECK_REFUSED(ct::vmap(added, {0})(v, w), domain, "vmap: 1 axis for 2 operands");
    CHECK_REFUSED(ct::vmap(twice, {2})(m), index, "vmap: axis 2 is out of range for rank 2");
    CHECK_REFUSED(ct::vmap(twice, {-3})(m), index, "vmap: axis -3 is out of range for rank 2");
    CHECK_REFUSED(ct::vmap(twice, {0}, 2)(m), index, "vmap: axis 2 is out of range for rank 2");
    CHECK_REFUSED(ct::vmap(twice, {0}, {0, 1})(m), domain, "vmap: 2 axes for 1 result");
    CHECK_REFUSED(ct::vmap(both, {0}, {1})(m), domain, "vmap: 1 axis for 2 results");
    CHECK_REFUSED(ct::vmap(both, {0}, {0, 2})(m), index, "vmap: axis 2 is out of range for rank 2");
    CHECK_REFUSED(ct::vmap(twice, {ct::no_axis})(m), domain,
                  "vmap: no operand has an axis of members, so there is no batch");
    CHECK_REFUSED(ct::vmap(twice)(v, w), domain,
                  "vmap: the function takes 1 parameter, given 2 operands");
    CHECK_REFUSED(ct::vmap(twice)(Variable()), domain,
                  "vmap: operand 0 is an empty Variable: nothing was assigned to it");
    CHECK_REFUSED(ct::vmap([](const Variable&) { return Variable(); })(v), domain,
                  "vmap: the function gives an empty Variable as value 0");
}

TEST_CASE("vmap: an op without a batching rule is named, with its line")
{
    const auto m = ct::matrix<double>("m", {3, 4});
    const auto f = [](const Variable& x) {
        return ct::apply(moved_op, {x}, {}, ct::Where::current());
    };
    const std::string line = std::to_string(__LINE__ - 2);
    CHECK_REFUSED(ct::vmap(f)(m), domain,
                  "vmap: moved (vmap.cpp:" + line +
                      ") has no batching rule: its record needs Op::batch");
}

TEST_CASE("vmap: numbers of members that differ at the call")
{
    const auto v = ct::vector<double>("v", {ct::dim("a")});
    const auto w = ct::vector<double>("w", {ct::dim("b")});
    const std::string line = std::to_string(__LINE__ + 1);
    const Variable sums = ct::vmap(added)(v, w);
    const std::vector<double> two{1, 2}, tens{10, 20}, three{1, 2, 3}, one{1};
    for (const bool reference : {false, true}) {
        const auto f = ct::function({v, w}, sums, {.name = "sums", .reference = reference});
        CHECK(f(two, tens)[0].as_double(1) == 22);
        const std::string must =
            ", it must be 2 (a) as axis 0 of input 'v' is, for vmap at vmap.cpp:" + line;
        CHECK_REFUSED(f(two, three), shape, "sums: axis 0 of input 'w' is 3" + must);
        // One member is no member for all.
        CHECK_REFUSED(f(two, one), shape, "sums: axis 0 of input 'w' is 1" + must);
    }
}

TEST_CASE("vmap: what the function itself does wrong is its own error")
{
    const auto m = ct::matrix<double>("m", {3, 4});
    const auto w = ct::matrix<double>("w", {5, 2});
    const auto f = ct::vmap([&](const Variable& x) { return ct::dot(x, w); });
    CHECK_THROWS_WITH(f(m), croton::test::contains("dot: shapes (4) and (5, 2) do not match"));
}
