// What a record of a user's own lacks is said when it is applied or compiled.
#include <croton/croton.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/op.hpp>

#include <limits>
#include <string>

#include "errors/expect.hpp"

namespace ct = croton;

namespace {

constexpr auto same_value = ct::reference_of<1>([](std::floating_point auto x) { return x; });

constexpr ct::Op no_dtype{.name = "no_dtype",
                          .doc = "x",
                          .shape = ct::same_shape,
                          .lowering = ct::Pointwise{"{a}"},
                          .reference = same_value,
                          .grad = ct::not_differentiable("it is a test")};
constexpr ct::Op no_shape{.name = "no_shape",
                          .doc = "x",
                          .dtype = ct::promote_to_float,
                          .lowering = ct::Pointwise{"{a}"},
                          .reference = same_value,
                          .grad = ct::not_differentiable("it is a test")};
constexpr ct::Op names_another{.name = "names_another",
                               .doc = "x",
                               .dtype = ct::promote_to_float,
                               .shape = ct::same_shape,
                               .lowering = ct::Pointwise{"{a} + {c}"},
                               .reference = same_value,
                               .grad = ct::not_differentiable("it is a test")};

} // namespace

TEST_CASE("a record without a rule, or with fewer operands than are given or than its text names")
{
    const auto x = ct::vector<double>("x", {3});
    CHECK_REFUSED(ct::apply(no_dtype, {x}), domain,
                  "no_dtype: its record has no dtype rule; promote_to_float is a usual one");
    CHECK_REFUSED(ct::apply(no_shape, {x}), domain,
                  "no_shape: its record has no shape rule; same_shape is a usual one");
    CHECK_REFUSED(ct::apply(names_another, {x, x}), domain,
                  "names_another: its record takes 1 operand (.arity), given 2");
    CHECK_REFUSED(ct::function({x}, ct::apply(names_another, {x})), domain,
                  "names_another: its text '{a} + {c}' names {c}, it has 1 operand");
}

TEST_CASE("an argument that is not finite has the place of the call, a shared variable its own")
{
    const auto x = ct::vector<double>("x", {2});
    const auto s = ct::shared("s", ct::Array::full<double>({2}, 1));
    const std::uint32_t made = __LINE__ - 1;
    const auto f = ct::function({x}, x * s, {.name = "f", .finite_checks = true});
    ct::Array nan = ct::Array::full<double>({2}, 0);
    static_cast<double*>(nan.data())[1] = std::numeric_limits<double>::quiet_NaN();
    CHECK_REFUSED(f(nan), not_finite, "f: 'x' is not finite: nan at (1) of f64 (2)");
    s.set(nan);
    try {
        f(ct::Array::full<double>({2}, 1));
        FAIL("not refused");
    } catch (const ct::UserError& e) {
        CHECK(std::string(e.what()) == "f: 's' is not finite: nan at (1) of f64 (2)");
        CHECK(e.where().line == made);
        CHECK(std::string(e.where().file_name()) == __FILE__);
    }
}
