// What a record of a user's own lacks is said when it is applied or compiled.
#include <croton/croton.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/op.hpp>

#include <limits>
#include <string>
#include <tuple>
#include <vector>

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

constexpr ct::Op does_not_compile{.name = "does_not_compile",
                                  .doc = "x",
                                  .dtype = ct::promote_to_float,
                                  .shape = ct::same_shape,
                                  .lowering = ct::Pointwise{"wrong_{t}({a}) + 1"},
                                  .reference = same_value,
                                  .grad = ct::not_differentiable("it is a test")};
constexpr ct::Op compiles{.name = "compiles",
                          .doc = "sqrt(x + 1 + 1)",
                          .dtype = ct::promote_to_float,
                          .shape = ct::same_shape,
                          .lowering = ct::Pointwise{"sqrt_{t}({a} + 1 + 1)"},
                          .reference = same_value,
                          .grad = ct::not_differentiable("it is a test")};
constexpr ct::Op derived{.name = "derived",
                         .doc = "x",
                         .dtype = ct::promote_to_float,
                         .shape = ct::same_shape,
                         .lowering = ct::Pointwise{"{a}"},
                         .reference = ct::DerivedReference{},
                         .grad = ct::not_differentiable("it is a test")};
constexpr ct::Op reals_only{.name = "reals_only",
                            .doc = "x",
                            .dtype = ct::promote_operands,
                            .shape = ct::same_shape,
                            .lowering = ct::Pointwise{"{a}"},
                            .reference = same_value,
                            .grad = ct::not_differentiable("it is a test")};

struct ScaleParams {
    double by = 2;
    static constexpr auto fields = std::tuple{ct::field("by", &ScaleParams::by)};
};
constexpr ct::Op misspells{.name = "misspells",
                           .doc = "x * by",
                           .dtype = ct::promote_to_float,
                           .shape = ct::same_shape,
                           .lowering = ct::Pointwise{"{a} * {p:buy}"},
                           .reference = same_value,
                           .grad = ct::not_differentiable("it is a test"),
                           .params = ct::create_params<ScaleParams>};
constexpr ct::Op unknown_word{.name = "unknown_word",
                              .doc = "x",
                              .dtype = ct::promote_to_float,
                              .shape = ct::same_shape,
                              .lowering = ct::Pointwise{"{a} + {q}"},
                              .reference = same_value,
                              .grad = ct::not_differentiable("it is a test")};
constexpr ct::Op not_closed{.name = "not_closed",
                            .doc = "x",
                            .dtype = ct::promote_to_float,
                            .shape = ct::same_shape,
                            .lowering = ct::Pointwise{"sqrt_{t}({a"},
                            .reference = same_value,
                            .grad = ct::not_differentiable("it is a test")};

constexpr ct::Op too_few{.name = "too_few",
                         .doc = "x",
                         .dtype = ct::promote_to_float,
                         .shape = ct::same_shape,
                         .lowering = ct::Pointwise{"{a}"},
                         .reference = same_value,
                         .grad = [](const ct::GeneralGrad&) { return ct::Variables{}; }};
constexpr ct::Op wrong_type{.name = "wrong_type",
                            .doc = "x",
                            .dtype = ct::promote_to_float,
                            .shape = ct::same_shape,
                            .lowering = ct::Pointwise{"{a}"},
                            .reference = same_value,
                            .grad = [](const ct::GeneralGrad& g) -> ct::Variables {
                                return {g.y_bar[0].as(ct::DType::f32)};
                            }};

} // namespace

TEST_CASE("a text of a user's own that does not compile names its op, the error and the line")
{
    const auto x = ct::vector<double>("x", {3});
    const auto y = ct::apply(compiles, {ct::apply(does_not_compile, {x})});
    try {
        (void)ct::function({x}, y, {.name = "f"});
        FAIL("not refused");
    } catch (const ct::UserError& e) {
        CHECK(std::string(e.what()) ==
              "does_not_compile: its text 'wrong_{t}({a}) + 1' does not compile: use of undeclared "
              "identifier 'wrong_f64': v0[i] = sqrt_f64((wrong_f64(x[i]) + 1) + 1 + 1); "
              "CROTON_DUMP=FOLDER in "
              "the environment writes the whole program there");
        CHECK(e.code() == ct::Code::domain);
        CHECK(e.op() == "does_not_compile");
        CHECK(e.where().line == y.where().line);
    }
}

TEST_CASE("a reference that a record cannot have, or that lacks a form, is refused by name")
{
    const auto x = ct::vector<double>("x", {3}), i = ct::vector<std::int64_t>("i", {3});
    CHECK_REFUSED(ct::apply(derived, {x}), domain,
                  "derived: its record has a DerivedReference, which only the expression of a "
                  "Composite gives; a pointwise op's is reference_of<N>(..), another's a function "
                  "of ReferenceArgs");
    const auto y = ct::apply(reals_only, {i});
    CHECK(ct::function({i}, y)(std::vector<std::int64_t>{1, 2, 3})[0].as_int(2) == 3);
    const auto meant = ct::function({i}, y, {.name = "f", .reference = true});
    try {
        (void)meant(std::vector<std::int64_t>{1, 2, 3});
        FAIL("not refused");
    } catch (const ct::UserError& e) {
        CHECK(std::string(e.what()) ==
              "reals_only: its record's reference has no form for i64: reference_of<N>(..) takes "
              "one from a lambda of 64-bit integers");
        CHECK(e.where().line == y.where().line);
    }
}

TEST_CASE("a gradient of a user's own that gives too few cotangents, or others, is refused by name")
{
    const auto x = ct::vector<double>("x", {3});
    CHECK_REFUSED(ct::grad(sum(ct::apply(too_few, {x})), x), domain,
                  "too_few: the gradient in its record gives 0 of 1 cotangents; one for each "
                  "input is needed, empty where none flows");
    CHECK_REFUSED(ct::grad(sum(ct::apply(wrong_type, {x})), x), domain,
                  "wrong_type: the gradient in its record gives f32 (3) for input 1, which is f64 "
                  "(3)");
}

TEST_CASE("a placeholder that a text's op does not have is refused by name")
{
    const auto x = ct::vector<double>("x", {3});
    const std::string why = "its text '{a} * {p:buy}' names {p:buy}, which is no number among its "
                            "parameters";
    CHECK_REFUSED(ct::function({x}, ct::apply(misspells, {x}, ct::make_params(ScaleParams{}))),
                  domain, "misspells: " + why);
    CHECK_REFUSED(ct::function({x}, ct::apply(misspells, {x})), domain, "misspells: " + why);
    CHECK_REFUSED(ct::function({x}, ct::apply(not_closed, {x})), domain,
                  "not_closed: its text 'sqrt_{t}({a' has a { that is not closed");
    CHECK_REFUSED(ct::function({x}, ct::apply(unknown_word, {x})), domain,
                  "unknown_word: its text '{a} + {q}' names {q}; {a} {b} {c}, {t}, {r} and "
                  "{p:NAME} are known");
}

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
