#include "fuzz/derivatives.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/grad.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace croton::test {

namespace {

/// Numbers of either sign, none of them near 0 at every place, for an array of any shape.
Variable weights(const Shape& shape, double start)
{
    Variable angle = full(DType::f64, shape, start);
    for (int axis = 0; axis < static_cast<int>(shape.size()); ++axis)
        angle = angle + (1.7 + 0.9 * axis) * iota(shape, axis, DType::f64);
    return 0.25 + cos(angle);
}

/// The scalar whose derivatives are judged, and the inputs that they are taken by.
struct Question {
    Variables xs, directions, others; ///< others: for the second derivatives
    Variable y;                       ///< sums of the outputs with weights
    Variable size;                    ///< the same of their magnitudes
};

Question question_of(const Program& p)
{
    Question q;
    for (std::size_t i = 0; i < p.inputs.size(); ++i) {
        const Variable& x = p.inputs[i];
        if (x.dtype() != DType::f64) continue;
        q.xs.push_back(x);
        q.directions.push_back(weights(x.shape(), 0.3 + static_cast<double>(i)));
        q.others.push_back(weights(x.shape(), 2.1 + static_cast<double>(i)));
    }
    for (std::size_t k = 0; k < p.outputs.size(); ++k) {
        const Variable& y = p.outputs[k];
        if (y.dtype() != DType::f64) continue;
        const Variable terms = y * weights(y.shape(), 0.7 + static_cast<double>(k));
        q.y = k == 0 || q.y.is_empty() ? sum(terms) : q.y + sum(terms);
        q.size = q.size.is_empty() ? sum(abs(terms)) : q.size + sum(abs(terms));
    }
    return q;
}

Variable inner(const Variables& a, const Variables& b)
{
    Variable total;
    for (std::size_t k = 0; k < a.size(); ++k)
        total = total.is_empty() ? sum(a[k] * b[k]) : total + sum(a[k] * b[k]);
    return total;
}

Variable size_of_inner(const Variables& a, const Variables& b)
{
    Variables terms;
    for (std::size_t k = 0; k < a.size(); ++k)
        terms.push_back(abs(a[k] * b[k]));
    return inner(terms, Variables(a.size(), Variable(1.0)));
}

bool near(double a, double b, double relative, double absolute)
{
    return std::abs(a - b) <= relative * std::max(std::abs(a), std::abs(b)) + absolute;
}

/// A scalar of the inputs along a line.
class Line {
public:
    Line(const Program& p, const Variables& xs, const Variables& directions, const Variable& y)
        : inputs_(p.inputs), arguments_(p.arguments)
    {
        const Variable t = input("how far along the line", DType::f64, {});
        VariableMap by;
        for (std::size_t k = 0; k < xs.size(); ++k)
            by.emplace(xs[k], xs[k] + t * directions[k]);
        moved_ = copy_graph(std::span(&y, 1), by);
        inputs_.push_back(t);
    }

    double at(double t) const
    {
        std::vector<Array> place = arguments_;
        place.push_back(Array::scalar(t));
        return evaluate_reference(inputs_, place, moved_)[0].as_double(0);
    }

private:
    Variables inputs_;
    std::vector<Array> arguments_;
    Variables moved_;
};

/// How a scalar changes along a line.
class Differences {
public:
    Differences(Line line, double size) : line_(std::move(line)), rounding_(1e-7 * (1 + size)) {}

    bool agree_with(double derivative)
    {
        static constexpr std::size_t likely_first[] = {2, 1, 3, 0};
        return std::ranges::any_of(likely_first, [&](std::size_t s) {
            return near(sides(s).slope, derivative, relative, rounding_);
        });
    }

    /// Empty where they do not converge.
    std::optional<double> slope()
    {
        for (std::size_t s = 0; s + 2 < std::size(steps); ++s) {
            const Sides &far = sides(s), &middle = sides(s + 1), &close = sides(s + 2);
            const bool alike = near(far.slope, middle.slope, 1e-3, 100 * rounding_) &&
                               near(middle.slope, close.slope, relative, rounding_);
            const bool meet = close.gap <= std::max(0.3 * far.gap, rounding_);
            if (alike && meet) return middle.slope;
        }
        return {};
    }

private:
    static constexpr double steps[] = {1e-3, 1e-4, 1e-5, 1e-6};
    static constexpr double relative = 1e-5;

    struct Sides {
        double slope; ///< across both
        double gap;   ///< between the slopes to either
    };

    const Sides& sides(std::size_t s)
    {
        if (!sides_[s]) {
            if (!here_) here_ = line_.at(0);
            const double h = steps[s], right = line_.at(h), left = line_.at(-h);
            sides_[s] = {(right - left) / (2 * h), std::abs(right - 2 * *here_ + left) / h};
        }
        return *sides_[s];
    }

    Line line_;
    double rounding_;
    std::optional<double> here_;
    std::array<std::optional<Sides>, std::size(steps)> sides_;
};

/// One derivative along a line in two modes, and what it is the derivative of.
struct Derivative {
    std::string_view name, one_name, other_name;
    Variable of, size, one, other, terms;
};

class Judge {
public:
    Judge(const Program& program, DerivativeCounts& counts)
        : p_(program), q_(question_of(program)), counts_(counts)
    {}

    std::string run()
    {
        if (q_.xs.empty() || q_.y.is_empty()) {
            ++counts_.constant;
            return "";
        }
        Variables bars;
        try {
            bars = grad(q_.y, q_.xs, zeros_allowed);
            const Derivative first{"the derivative",
                                   "forward mode",
                                   "reverse mode",
                                   q_.y,
                                   q_.size,
                                   jvp(q_.y, q_.xs, q_.directions, zeros_allowed),
                                   inner(bars, q_.directions),
                                   size_of_inner(bars, q_.directions)};
            std::string wrong = check(first, counts_.first);
            if (!wrong.empty() || !depends_) return wrong;
            const Variable along = inner(bars, q_.others);
            const Variables twice = grad(along, q_.xs, zeros_allowed);
            return check({"the second derivative", "forward over reverse", "reverse over reverse",
                          along, size_of_inner(bars, q_.others),
                          jvp(along, q_.xs, q_.directions, zeros_allowed),
                          inner(twice, q_.directions), size_of_inner(twice, q_.directions)},
                         counts_.second);
        } catch (const UserError& e) {
            if (e.code() != Code::domain) throw;
            ++counts_.none;
            return "";
        }
    }

private:
    static constexpr GradOptions zeros_allowed{.disconnected_zero = true};

    std::vector<double> values(const Variables& ys) const
    {
        std::vector<double> all;
        for (const Array& a : evaluate_reference(p_.inputs, p_.arguments, ys))
            all.push_back(a.as_double(0));
        return all;
    }

    std::string check(const Derivative& d, std::size_t& compared)
    {
        const std::vector<double> at = values({d.one, d.other, d.size, d.terms});
        const double one = at[0], other = at[1];
        depends_ = one != 0 || other != 0;
        if (!near(one, other, 1e-9, 1e-11 * (1 + at[3])) && !may_be(d.one, other) &&
            !may_be(d.other, one))
            return fmt::format("{} is {} by {} and {} by {}", d.name, one, d.one_name, other,
                               d.other_name);
        Differences differences(along(d.of), at[2]);
        if (differences.agree_with(other)) {
            ++(depends_ ? compared : counts_.constant);
            return "";
        }
        const std::optional<double> slope = differences.slope();
        if (!slope || is_right_beside(d.other, other, *slope)) {
            ++counts_.kinks;
            return "";
        }
        if (may_be(d.other, *slope)) {
            ++counts_.rounded;
            return "";
        }
        return fmt::format("{} is {} by {}, and by differences {}", d.name, other, d.other_name,
                           *slope);
    }

    Line along(const Variable& y) const { return Line(p_, q_.xs, q_.directions, y); }

    /// Whether a derivative is nearly the slope to either side, and another one here alone: where
    /// `where(x * x > 0, x * x, x)` takes what it is at one point.
    bool is_right_beside(const Variable& derivative, double here, double slope) const
    {
        const Line line = along(derivative);
        return std::ranges::all_of(std::array{-1e-4, 1e-4}, [&](double t) {
            return std::abs(line.at(t) - slope) < 0.1 * std::abs(here - slope);
        });
    }

    /// Whether rounding may make it this number.
    bool may_be(const Variable& y, double number) const
    {
        const Program wanted{p_.inputs, p_.arguments, {}, {}, {y}};
        return Expectation(wanted).difference(0, Array::scalar(number)).empty();
    }

    const Program& p_;
    Question q_;
    DerivativeCounts& counts_;
    bool depends_ = false;
};

/// What question_of and Judge do, as a user writes it.
constexpr std::string_view compares = R"(
    const auto weights = [](const ct::Shape& shape, double start) {
        ct::Variable angle = ct::full(ct::DType::f64, shape, start);
        for (int k = 0; k < static_cast<int>(shape.size()); ++k)
            angle = angle + (1.7 + 0.9 * k) * ct::iota(shape, k, ct::DType::f64);
        return 0.25 + ct::cos(angle);
    };
    const auto inner = [](const ct::Variables& a, const ct::Variables& b) {
        ct::Variable total = 0.0;
        for (std::size_t k = 0; k < a.size(); ++k)
            total = total + ct::sum(a[k] * b[k]);
        return total;
    };
    ct::Variables xs, directions, others, ys, y_weights;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i].dtype() != ct::DType::f64) continue;
        xs.push_back(inputs[i]);
        directions.push_back(weights(inputs[i].shape(), 0.3 + i));
        others.push_back(weights(inputs[i].shape(), 2.1 + i));
    }
    for (std::size_t k = 0; k < outputs.size(); ++k) {
        if (outputs[k].dtype() != ct::DType::f64) continue;
        ys.push_back(outputs[k]);
        y_weights.push_back(weights(outputs[k].shape(), 0.7 + k));
    }
    ct::Options options{.allow_unused_inputs = true};
    options.reference = true;
    const ct::Variable t = ct::scalar<double>("t");
    std::vector<ct::Variable> with_t = inputs;
    with_t.push_back(t);
    const auto at = [&](const ct::Variable& value, double h) {
        ct::Variables moved;
        for (const ct::Variable& x : inputs)
            moved.push_back(x);
        for (std::size_t i = 0, k = 0; i < inputs.size(); ++i)
            if (inputs[i].dtype() == ct::DType::f64) moved[i] = inputs[i] + t * directions[k++];
        std::vector<ct::Any> there = arguments;
        there.push_back(ct::Array::scalar(h));
        const ct::Results line = ct::function(with_t, moved, options).call(there);
        std::vector<ct::Any> place;
        for (std::size_t i = 0; i < inputs.size(); ++i)
            place.push_back(line[i]);
        return ct::function(inputs, value, options).call(place)[0].as_double(0);
    };
    ct::Variable value = inner(ys, y_weights);
    for (const char* name : {"derivative", "second derivative"}) {
        const ct::Variables bars = ct::grad(value, xs, {.disconnected_zero = true});
        const ct::Variable forward = ct::jvp(value, xs, directions, {.disconnected_zero = true});
        std::printf("%s forward %.12g, reverse %.12g, differences", name, at(forward, 0),
                    at(inner(bars, directions), 0));
        for (const double h : {1e-3, 1e-4, 1e-5, 1e-6})
            std::printf(" %.12g", (at(value, h) - at(value, -h)) / (2 * h));
        std::printf("\n");
        value = inner(bars, others);
    }
)";

std::string judge_derivatives(const Recipe& recipe, DerivativeCounts& counts)
{
    const Program program = build(recipe);
    if (!meets_requirements(program)) return "";
    try {
        return wrong_derivatives(program, counts);
    } catch (const Error& e) {
        return may_throw(recipe, e.code()) ? "" : std::string(e.message());
    }
}

} // namespace

std::string wrong_derivatives(const Program& program, DerivativeCounts& counts)
{
    return Judge(program, counts).run();
}

std::string to_string(const DerivativeCounts& c)
{
    return fmt::format(
        "{} first and {} second derivatives compared; {} of constants; not compared: "
        "{} near a kink, {} that rounding changes, {} that are not there",
        c.first, c.second, c.constant, c.kinks, c.rounded, c.none);
}

std::string too_little(const DerivativeCounts& c, std::size_t programs)
{
    if (4 * c.first < programs || 6 * c.second < programs)
        return fmt::format("too few derivatives of {} programs were compared", programs);
    return 4 * c.excused() > c.compared() ? "too many derivatives were excused" : "";
}

std::string to_derivative_program(const Recipe& recipe) { return to_program(recipe, compares); }

Judges derivative_judges(DerivativeCounts& counts)
{
    Judges judges;
    judges.many = [&counts](std::span<const Recipe> recipes, const JudgeOptions&) {
        std::vector<std::string> wrong;
        for (const Recipe& r : recipes)
            wrong.push_back(judge_derivatives(r, counts));
        return wrong;
    };
    judges.one = [](const Recipe& recipe, const JudgeOptions&) {
        DerivativeCounts shrinking;
        return judge_derivatives(recipe, shrinking);
    };
    return judges;
}

} // namespace croton::test
