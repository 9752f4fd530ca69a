// What a record of a user's own lacks is said when it is applied or compiled.
#include <croton/croton.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/op.hpp>

#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "errors/expect.hpp"

namespace ct = croton;

namespace {

constexpr auto same_value = ct::reference_of<1>([](std::floating_point auto x) { return x; });

/// A record of one operand that lacks nothing, with the text of its lowering.
constexpr ct::Op record(std::string_view name, ct::Pointwise text)
{
    return {.name = name,
            .doc = "x",
            .dtype = ct::promote_to_float,
            .shape = ct::same_shape,
            .lowering = text,
            .reference = same_value,
            .grad = ct::not_differentiable("it is a test")};
}
/// The same record, changed. (Not constexpr: clang refuses libstdc++ 12's assignment of variants.)
template <class Change>
ct::Op changed(ct::Op op, Change change)
{
    change(op);
    return op;
}

const ct::Op no_dtype =
    changed(record("no_dtype", {"{a}"}), [](ct::Op& op) { op.dtype = nullptr; });
const ct::Op no_shape =
    changed(record("no_shape", {"{a}"}), [](ct::Op& op) { op.shape = nullptr; });
constexpr ct::Op names_another = record("names_another", {"pow_{t}({a}, {c})"});
constexpr ct::Op names_a_second = record("names_a_second", {"{a} + {b}"});
constexpr ct::Op does_not_compile = record("does_not_compile", {"wrong_{t}({a}) + 1"});
constexpr ct::Op compiles = record("compiles", {"sqrt_{t}({a} + 1 + 1)"});
constexpr ct::Op fine = record("fine", {"({a} * 2.0 + 1.0)"});
constexpr ct::Op is_a_string = record("is_a_string", {"\"text\""});
constexpr ct::Op closes_the_function = record("closes_the_function", {"{a}; }"});
constexpr ct::Op is_a_statement = record("is_a_statement", {"{a};"});
const ct::Op right_for_integers =
    changed(record("right_for_integers", {.real = "wrong({a} + 1)", .integer = "({a} + 1)"}),
            [](ct::Op& op) { op.dtype = ct::promote_operands; });
const ct::Op integers_misspelt =
    changed(record("integers_misspelt", {.real = "{a} + 0", .integer = "{a} + {q}"}),
            [](ct::Op& op) { op.dtype = ct::promote_operands; });
const ct::Op derived =
    changed(record("derived", {"{a}"}), [](ct::Op& op) { op.reference = ct::DerivedReference{}; });
const ct::Op reals_only =
    changed(record("reals_only", {"{a}"}), [](ct::Op& op) { op.dtype = ct::promote_operands; });

struct ScaleParams {
    double by = 2;
    static constexpr auto fields = std::tuple{ct::field("by", &ScaleParams::by)};
};
const ct::Op misspells = changed(record("misspells", {"{a} * {p:buy}"}),
                                 [](ct::Op& op) { op.params = ct::create_params<ScaleParams>; });
constexpr ct::Op unknown_word = record("unknown_word", {"{a} + {q}"});
constexpr ct::Op not_closed = record("not_closed", {"sqrt_{t}({a"});
constexpr ct::Op no_name = record("", {"{a}"});
constexpr ct::Op no_lowering = record("no_lowering", {});
constexpr ct::Op two_lines = record("two_lines", {"{a}\n+ 1"});
constexpr ct::Op a_directive = record("a_directive", {"{a} + 1 #define f32 f64"});
const ct::Op no_reference = changed(record("no_reference", {"{a}"}),
                                    [](ct::Op& op) { op.reference = ct::ScalarReference{}; });
const ct::Op refers_to_two = changed(record("refers_to_two", {"{a}"}), [](ct::Op& op) {
    op.reference = ct::reference_of<2>([](auto a, auto b) { return a + b; });
});
const ct::Op refers_to_one =
    changed(record("refers_to_one", {"{a} + {b}"}), [](ct::Op& op) { op.arity = 2; });
const ct::Op no_gradient =
    changed(record("no_gradient", {"{a}"}), [](ct::Op& op) { op.grad = {}; });
const ct::Op gives_nothing = changed(record("gives_nothing", {"{a}"}), [](ct::Op& op) {
    op.grad = [](const ct::UnaryGrad&) { return ct::Variable(); };
});
const ct::Op too_few = changed(record("too_few", {"{a}"}), [](ct::Op& op) {
    op.grad = [](const ct::GeneralGrad&) { return ct::Variables{}; };
});
const ct::Op wrong_type = changed(record("wrong_type", {"{a}"}), [](ct::Op& op) {
    op.grad = [](const ct::GeneralGrad& g) -> ct::Variables {
        return {g.y_bar[0].as(ct::DType::f32)};
    };
});

} // namespace

TEST_CASE("a text of a user's own that does not compile names its op, the error and the line")
{
    const auto x = ct::vector<double>("x", {3});
    const auto y = ct::apply(compiles, {ct::apply(does_not_compile, {x})});
    try {
        (void)ct::function({x}, y, {.name = "f"});
        FAIL("not refused");
    } catch (const ct::UserError& e) {
        CHECK(std::string(e.message()) ==
              "does_not_compile: its text 'wrong_{t}({a}) + 1' does not compile: use of undeclared "
              "identifier 'wrong_f64': v0[i] = wrong_f64(a[i]) + 1; "
              "CROTON_DUMP=FOLDER in "
              "the environment writes the whole program there");
        CHECK(e.code() == ct::Code::domain);
        CHECK(e.op() == "does_not_compile");
        CHECK(e.where().line() == y.where().line());
    }
}

TEST_CASE("an op whose own text compiles is not blamed for another's in the same expression")
{
    const auto x = ct::vector<double>("x", {3});
    const std::string dump =
        "; CROTON_DUMP=FOLDER in the environment writes the whole program there";
    std::string why = "assigning to 'f64' (aka 'double') from incompatible type 'const char[5]': "
                      "v0[i] = \"text\"";
    CHECK_REFUSED(ct::function({x}, ct::apply(fine, {ct::apply(is_a_string, {x})})), domain,
                  "is_a_string: its text '\"text\"' does not compile: " + why + dump);
    CHECK_REFUSED(ct::function({x}, ct::apply(is_a_string, {ct::apply(fine, {x})})), domain,
                  "is_a_string: its text '\"text\"' does not compile: " + why + dump);
    why = "extraneous closing brace ('}'): }";
    CHECK_REFUSED(ct::function({x}, ct::apply(fine, {ct::apply(closes_the_function, {x})})), domain,
                  "closes_the_function: its text '{a}; }' does not compile: " + why + dump);
    CHECK_REFUSED(ct::function({x}, ct::apply(closes_the_function, {x})), domain,
                  "closes_the_function: its text '{a}; }' does not compile: " + why + dump);
    why = "expected expression: v0[i] = a[i]; == other[i]";
    CHECK_REFUSED(ct::function({x}, ct::apply(fine, {ct::apply(is_a_statement, {x})})), domain,
                  "is_a_statement: its text '{a};' does not compile: " + why + dump);
}

TEST_CASE("an op with a text that compiles and one that does not is refused where that is used")
{
    const auto x = ct::vector<double>("x", {3}), i = ct::vector<std::int64_t>("i", {3});
    const auto right = ct::apply(right_for_integers, {i});
    const auto wrong = ct::apply(right_for_integers, {x});
    const std::uint32_t line = __LINE__ - 1;
    try {
        (void)ct::function({x, i}, {right, wrong, right + wrong});
        FAIL("not refused");
    } catch (const ct::UserError& e) {
        CHECK(std::string(e.message()) ==
              "right_for_integers: its text 'wrong({a} + 1)' does not compile: use of undeclared "
              "identifier 'wrong': v0[i] = wrong(a[i] + 1); CROTON_DUMP=FOLDER in the "
              "environment writes the whole program there");
        CHECK(e.where().line() == line);
    }
    CHECK(ct::function({i}, right)(std::vector<std::int64_t>{1, 2, 3})[0].as_int(2) == 4);
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
        CHECK(std::string(e.message()) ==
              "reals_only: its record's reference has no form for i64: reference_of<N>(..) takes "
              "one from a lambda of 64-bit integers");
        CHECK(e.where().line() == y.where().line());
    }
}

TEST_CASE("a gradient of a user's own that gives too few cotangents, or others, is refused by name")
{
    const auto x = ct::vector<double>("x", {3});
    CHECK_REFUSED(ct::grad(sum(ct::apply(too_few, {x})), x), domain,
                  "too_few: the gradient in its record gives 0 of 1 cotangents; one for each "
                  "input is needed, empty where none flows");
    CHECK_REFUSED(ct::grad(sum(ct::apply(wrong_type, {x})), x), domain,
                  "wrong_type: the gradient in its record gives f32 (3) for input 0, which is f64 "
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
    const auto i = ct::vector<std::int64_t>("i", {3});
    CHECK_REFUSED(ct::function({i}, ct::apply(integers_misspelt, {i})), domain,
                  "integers_misspelt: its text '{a} + {q}' names {q}; {a} {b} {c}, {t}, {r} and "
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
    CHECK_REFUSED(ct::function({x}, ct::apply(names_a_second, {x})), domain,
                  "names_a_second: its text '{a} + {b}' names {b}, it has 1 operand");
    CHECK_REFUSED(ct::function({x}, ct::apply(names_another, {x})), domain,
                  "names_another: its text 'pow_{t}({a}, {c})' names {c}, it has 1 operand");
}

TEST_CASE(
    "a record without a name, a lowering, a reference or a gradient is refused by what it lacks")
{
    const auto x = ct::vector<double>("x", {3});
    CHECK_REFUSED(ct::apply(no_name, {x}), domain, ": a record without a name (.name)");
    CHECK_REFUSED(ct::apply(no_lowering, {x}), domain,
                  "no_lowering: its record has no lowering (.lowering), as Pointwise{\"..\"} is");
    CHECK_REFUSED(ct::apply(no_reference, {x}), domain,
                  "no_reference: its record has no reference (.reference); a pointwise op's is "
                  "reference_of<N>(..), another's a function of ReferenceArgs");
    CHECK_REFUSED(ct::apply(refers_to_two, {x}), domain,
                  "refers_to_two: its reference takes 2 operands (reference_of<2>), given 1");
    CHECK_REFUSED(ct::apply(refers_to_one, {x, x}), domain,
                  "refers_to_one: its reference takes 1 operand (reference_of<1>), given 2");
    CHECK_REFUSED(ct::function({x}, ct::apply(two_lines, {x})), domain,
                  "two_lines: its text '{a}\n+ 1' is no expression: it has a line end or a #");
    CHECK_REFUSED(ct::function({x}, ct::apply(a_directive, {x})), domain,
                  "a_directive: its text '{a} + 1 #define f32 f64' is no expression: it has a line "
                  "end or a #");
    const auto stops = ct::apply(gives_nothing, {x});
    CHECK_REFUSED(ct::grad(sum(stops), x), domain,
                  "grad: the loss depends on 'x' only through gives_nothing (" +
                      to_string(stops.where()) + "), where no gradient passes");
    const auto y = ct::apply(no_gradient, {x});
    CHECK_REFUSED(ct::grad(sum(y), x), domain,
                  "grad: no_gradient (" + to_string(y.where()) +
                      ") has no gradient: its record gives none (.grad)");
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
        CHECK(std::string(e.message()) == "f: 's' is not finite: nan at (1) of f64 (2)");
        CHECK(e.where().line() == made);
        CHECK(std::string(e.where().file_name()) == __FILE__);
    }
}
