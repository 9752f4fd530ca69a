// Wrong derivative rules of a loop and of a branch: random programs that call them must tell, where
// a compiled derivative and the reference of the same graph agree.
#include "fuzz/derivatives.hpp"

#include <croton/croton.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>

#include <string>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using namespace croton::test;
using ct::Variable;
using ct::Variables;

namespace {

using Function = Variable (*)(const Variable& x, const Variable& c);

Variable same(const Variable& v) { return v; }
Variable stopped(const Variable& v) { return ct::stop_gradient(v); }

/// A loop whose step sees the state as `state` gives it: for derivatives, whether it is one.
template <Variable (*state)(const Variable&)>
Variable loop(const Variable& x, const Variable& c)
{
    const auto step = [&](const Variable& v, const Variable& h) {
        return ct::tanh(0.8 * state(h) + v + c);
    };
    return ct::scan(step, {.sequences = {x}, .init = {ct::zeros_like(x(0))}}).last[0];
}

template <bool taken>
Variable branch(const Variable& x, const Variable& c)
{
    const Variable large = ct::any(x > 0.5);
    return ct::cond(
        taken ? large : !large, [&] { return ct::sin(x) * c; }, [&] { return x + 2 * c; })[0];
}

constexpr ct::GradOptions zeros_allowed{.disconnected_zero = true};

/// `f` with the derivatives of others.
Variable with_rules(Function f, Function reverse, Function forward, const Variables& xs)
{
    const auto value = [f](const Variable& x, const Variable& c) { return f(x, c); };
    const auto vjp = [reverse](const Variable& x, const Variable& c, const Variable&,
                               const Variable& bar) {
        return ct::vjp({reverse(x, c)}, {x, c}, {bar}, zeros_allowed);
    };
    const auto jvp = [forward](const Variable& x, const Variable& c, const Variable& x_dot,
                               const Variable& c_dot) {
        return ct::jvp(forward(x, c), {x, c}, {x_dot, c_dot}, zeros_allowed);
    };
    const ct::detail::Body f_body(value), vjp_body(vjp), jvp_body(jvp);
    return ct::detail::custom(f_body, &vjp_body, forward ? &jvp_body : nullptr, xs, false,
                              "custom_vjp", ct::Where::current())[0];
}

/// Of a number: what it is given is made to fit the sequence.
template <Function f, Function reverse, Function forward>
Made make(const Maker& maker, const MakerArgs& a)
{
    a.axis(0);
    if (a.x[0].dtype() != ct::DType::f64 || a.x[1].dtype() != ct::DType::f64)
        throw ct::user_error(ct::Code::dtype, nullptr, "fuzz", "no derivative");
    return {with_rules(f, reverse, forward, {a.x[0], ct::tanh(ct::sum(a.x[1]))}),
            fmt::format("{}({}, ct::tanh(ct::sum({})))", maker.name, a.names[0], a.names[1])};
}

using Make = Made (*)(const Maker&, const MakerArgs&);

/// Of programs that the maker is drawn for.
FuzzReport report_of(const std::vector<Maker>& planted, DerivativeCounts& counts)
{
    GenerateOptions options = differentiable;
    options.extra = &planted;
    return fuzz(1, 0, 120, 1, options, derivative_judges(counts));
}

/// What is told of the first program that fails; the program is the one call, or nearly.
std::string verdict(Make make)
{
    const std::vector<Maker> planted{{"planted", 2, make}};
    DerivativeCounts counts;
    const FuzzReport report = report_of(planted, counts);
    if (report.failures.empty()) return "";
    const Failure& failure = report.failures[0];
    const std::string text = to_derivative_program(failure.recipe);
    INFO(text);
    CHECK(failure.recipe.nodes.size() <= 2);
    CHECK_THAT(text, contains("planted("));
    CHECK(report_of(planted, counts).failures[0].why == failure.why); // the seed gives it again
    return failure.why;
}

constexpr Make right_loop = make<loop<same>, loop<same>, nullptr>;
constexpr Make right_branch = make<branch<true>, branch<true>, branch<true>>;

} // namespace

TEST_CASE("differences see a loop whose gradient forgets the state")
{
    CHECK_THAT((verdict(make<loop<same>, loop<stopped>, nullptr>)),
               contains("the derivative is ") && contains(", and by differences "));
}

TEST_CASE("reverse mode sees a loop whose tangents forget the state")
{
    CHECK_THAT((verdict(make<loop<same>, loop<same>, loop<stopped>>)),
               contains("the derivative is ") && contains(" by forward mode and "));
}

TEST_CASE("differences see a gradient of the branch that is not taken")
{
    CHECK_THAT((verdict(make<branch<true>, branch<false>, nullptr>)),
               contains("the derivative is ") && contains(", and by differences "));
    CHECK_THAT((verdict(make<branch<true>, branch<true>, branch<false>>)),
               contains("the derivative is ") && contains(" by forward mode and "));
}

namespace {

/// Its own gradient, of which it says that nothing changes it.
Made make_stiff(const Maker&, const MakerArgs& a)
{
    a.axis(0);
    const auto f = ct::custom_vjp([](const Variable& x) { return ct::sum(loop<same>(x, 0.1)); },
                                  [](const Variable& x, const Variable&, const Variable& bar) {
                                      const Variable y = ct::sum(loop<same>(x, 0.1));
                                      return ct::stop_gradient(ct::grad(y, x)) * bar;
                                  });
    return {f(a.x[0]), "planted(" + a.names[0] + ")"};
}

} // namespace

TEST_CASE("differences see a loop's gradient that is wrong the second time")
{
    CHECK_THAT(verdict(make_stiff), contains("the second derivative is "));
}

TEST_CASE("the same loop and branch with their own derivatives are right, and nearly all compared")
{
    for (const Make make : {right_loop, right_branch}) {
        const std::vector<Maker> planted{{"planted", 2, make}};
        DerivativeCounts counts;
        const FuzzReport report = report_of(planted, counts);
        INFO(to_string(counts));
        CHECK(report.failures.empty());
        CHECK(too_little(counts, report.programs) == "");
        CHECK(counts.first > 60);
    }
}

TEST_CASE("a kink, a jump and an overflow are excused, and do not count as compared")
{
    const Variable x = ct::vector<double>("x", {3});
    const auto counts_of = [&](const Variable& y, const std::vector<double>& at) {
        DerivativeCounts counts;
        const Program program{{x}, {ct::Array::copy(at)}, {}, {}, {y}};
        CHECK(wrong_derivatives(program, counts) == "");
        return counts;
    };
    const std::vector<double> kinked{0, 0.5, -0.7}, smooth{1e-3, 0.5, -0.7};
    CHECK(counts_of(ct::abs(x), kinked).kinks == 1);
    CHECK(counts_of(ct::abs(x), smooth).kinks == 0);
    const Variable jumps = ct::cast(ct::cast(x + 2, ct::DType::i64), ct::DType::f64);
    CHECK(counts_of(jumps + x, kinked).kinks == 1);
    CHECK(counts_of(jumps + x, smooth).first == 1);
    // Of x * x / 2 but at 0, where the second derivative of the other case is taken.
    const Variable point = ct::where(ct::square(x) > 0, x * x / 2, x * x);
    CHECK(counts_of(point, kinked).kinks == 1);
    CHECK(counts_of(point, smooth).compared() == 2);
    CHECK(counts_of(ct::maximum(x, 0) * x, smooth).compared() == 2);
    CHECK(counts_of(ct::exp(2000 * x), smooth).compared() == 0);
    const DerivativeCounts excused{.first = 10, .second = 10, .kinks = 9};
    CHECK(too_little({.first = 10, .second = 10}, 20) == "");
    CHECK(too_little(excused, 20) == "too many derivatives were excused");
    CHECK(too_little({.first = 10, .second = 3}, 20) ==
          "too few derivatives of 20 programs were compared");
}
