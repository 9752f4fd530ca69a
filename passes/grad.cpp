#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/custom.hpp>
#include <croton/ir/ops/linalg.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/step_scope.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/grad.hpp>
#include <croton/passes/merge_duplicates.hpp>
#include <croton/passes/pipeline.hpp>
#include <croton/passes/pipelines.hpp>
#include <croton/passes/rewrite.hpp>

#include <algorithm>
#include <unordered_set>

#include "derivative_checks.hpp"
#include "forward_gradient.hpp"

namespace croton::inline v1 {

namespace detail {

void check_differentiable(const Variable& v,
                          std::string_view role,
                          std::string_view function,
                          const Location* place)
{
    if (v.is_empty())
        throw user_error(Code::domain, place, function,
                         "{} is an empty Variable: nothing was assigned to it", role);
    if (!is_float(v.dtype()))
        throw user_error(Code::dtype, place, function, "{} must be floating point: {} is {}", role,
                         describe(v), name(v.dtype()));
}

void check_scopes(const Variables& ys,
                  const Variables& xs,
                  std::string_view function,
                  const Location* place)
{
    Variables all = ys;
    all.insert(all.end(), xs.begin(), xs.end());
    refuse_kept(all, function, place);
}

void check_count(std::size_t given,
                 std::string_view given_name,
                 std::size_t of,
                 std::string_view of_name,
                 std::string_view function,
                 const Location* place)
{
    if (given != of)
        throw user_error(Code::domain, place, function, "{} for {}: each {} needs one",
                         counted(given, given_name), counted(of, of_name), of_name);
}

Variable as_direction(const Variable& direction,
                      const Variable& of,
                      std::string_view function,
                      const Location* place)
{
    check_differentiable(direction, "a direction", function, place);
    const OriginScope origin(place);
    const auto fits = [&] {
        if (direction.rank() > of.rank()) return false;
        const Shape from = direction.shape();
        const Shape to = of.shape();
        for (std::size_t i = 1; i <= from.size(); ++i) {
            const Extent& e = from[from.size() - i];
            if ((!e.is_known() || e.value() != 1) && never_equal(e, to[to.size() - i]))
                return false;
        }
        return true;
    };
    if (!fits())
        throw user_error(Code::shape, place, function,
                         "a direction of shape {} does not fit {}: its shape is {}",
                         to_string(direction.shape()), describe(of), to_string(of.shape()));
    return broadcast_to(cast(direction, of.dtype(), place), of.shape(), place);
}

bool is_endless(const Apply& a)
{
    if (std::holds_alternative<Scan>(a.op().lowering) && a.params_as<ScanParams>().endless)
        return true;
    if (has_own_derivative(a)) return false;
    return std::ranges::any_of(regions_of(a), [](const Region& region) {
        return std::ranges::any_of(applies_of(region.outputs()), is_endless);
    });
}

} // namespace detail

namespace {

using detail::is_endless;
using VariableSet = std::unordered_set<Variable, Hash, Same>;

bool reads(const Apply& a, const VariableSet& any)
{
    return std::ranges::any_of(a.inputs(), [&](const Variable& v) { return any.contains(v); });
}

/// Whether output `o` of `a` needs one of `any`: of a loop's states each needs what it is made of.
bool needs(const Apply& a, std::size_t o, const VariableSet& any)
{
    if (!std::holds_alternative<Scan>(a.op().lowering)) return reads(a, any);
    std::vector<bool> used(a.output_count(), false);
    used[o] = true;
    return reads(trim_scan(a, used)[o].owner(), any);
}

/// Whether a gradient of output `o` of `a` gives one of `any` something.
bool passes(const Apply& a,
            std::size_t o,
            const VariableSet& any,
            std::string_view function,
            const Location* place)
{
    const Variable y = a.output(o);
    if (!is_float(y.dtype()) || std::holds_alternative<NotDifferentiable>(a.op().grad))
        return false;
    if (is_endless(a)) return true; // reverse mode cannot tell
    Variables y_bars;
    for (const Variable& other : a.outputs())
        y_bars.push_back(zeros_like(other));
    y_bars[o] = input("", y.dtype(), y.shape()); // of what is 0 a loop gives nothing
    const Variables bars = input_cotangents(a, y_bars, function, place);
    for (std::size_t i = 0; i < bars.size(); ++i)
        if (!bars[i].is_empty() && any.contains(a.input(i))) return true;
    return false;
}

/// The ops at which every gradient from `ys` to `x` stops: "greater (model.cpp:3)". None: `ys` do
/// not need x.
std::vector<std::string>
stops(const Variables& ys, const Variable& x, std::string_view function, const Location* place)
{
    const std::vector<Apply> applies = applies_of(ys);
    VariableSet needed(ys.begin(), ys.end()), reached{x};
    for (const Apply& a : applies)
        needed.insert(a.inputs().begin(), a.inputs().end());
    std::vector<std::string> found;
    for (const Apply& a : applies) {
        if (!reads(a, reached)) continue;
        bool stopped = false;
        for (std::size_t o = 0; o < a.output_count(); ++o) {
            if (!needed.contains(a.output(o)) || !needs(a, o, reached)) continue;
            if (passes(a, o, reached, function, place))
                reached.insert(a.output(o));
            else
                stopped = true;
        }
        if (!stopped) continue;
        const Location* at = a.location();
        std::string text =
            fmt::format("{}{}", written_name(a), at ? fmt::format(" ({})", to_string(*at)) : "");
        if (std::ranges::count(found, text) == 0) found.push_back(std::move(text));
    }
    return found;
}

/// Fills in zeros, or says why there is no gradient.
Variables connected(Variables bars,
                    const Variables& ys,
                    const Variables& xs,
                    GradOptions options,
                    std::string_view function,
                    const Location* place)
{
    for (std::size_t i = 0; i < xs.size(); ++i) {
        if (!bars[i].is_empty()) continue;
        if (!options.disconnected_zero) {
            const std::string_view y = function == "jacobian" || function == "gauss_newton" ||
                                               function == "vjp" || function == "jvp"
                                           ? "the result"
                                           : "the loss";
            const auto through = stops(ys, xs[i], function, place);
            if (!through.empty())
                throw user_error(Code::domain, place, function,
                                 "{} depends on {} only through {}, where no gradient passes", y,
                                 describe(xs[i]), fmt::join(through, " and "));
            throw user_error(Code::domain, place, function, "{} does not depend on {}", y,
                             describe(xs[i]));
        }
        const OriginScope origin(place);
        bars[i] = zeros_like(xs[i]);
    }
    return bars;
}

} // namespace

namespace {

/// `ys` as the compiler would write them to keep them exact, inside loops and functions too: the
/// derivative of log(softmax(x)) by itself divides by what may be 0, that of log_softmax(x) does
/// not. Where an x is computed, `ys`
/// stay what they are: a rule may take away the x.
Variables stable_forms(const Variables& ys, const Variables& xs)
{
    if (std::ranges::any_of(xs, [](const Variable& x) { return static_cast<bool>(x.owner()); }))
        return ys;
    static const auto* const stable = [] { // ends with the process
        auto* p = new Pipeline("stable");
        p->add(MergeDuplicates{}).add(stabilize());
        return p;
    }();
    Graph graph(leaves(ys), ys);
    const PassReport report = stable->run(graph);
    return report.stages.back().changed == Changed::yes ? graph.outputs() : ys;
}

} // namespace

Variables detail::gradient(const Variable& y,
                           const Variables& xs,
                           GradOptions options,
                           std::string_view function,
                           const Location* place)
{
    detail::check_differentiable(y, "the loss", function, place);
    if (y.rank() != 0)
        throw user_error(
            Code::shape, place, function,
            "the loss must be a scalar, it has shape {}; sum it, or use jacobian or vjp",
            to_string(y.shape()));
    for (const Variable& x : xs)
        detail::check_differentiable(x, "x", function, place);
    check_scopes({y}, xs, function, place);
    const Variable one = constant(Array::scalar(1.0).cast(y.dtype()), y.location());
    Variables bars = pull_back(stable_forms({y}, xs), std::span(&one, 1), xs, function, place);
    return connected(std::move(bars), {y}, xs, options, function, place);
}

Variables grad(const Variable& y, const Variables& xs, GradOptions options, Where where)
{
    const Location* place = locate(where);
    Variables bars = detail::gradient(y, xs, options, "grad", place);
    if (!detail::forward_takes_less(y, xs)) return bars;
    return detail::forward_gradients(stable_forms({y}, xs)[0], xs, std::move(bars), place);
}

Variables vjp(const Variables& ys,
              const Variables& xs,
              const Variables& y_bars,
              GradOptions options,
              Where where)
{
    const Location* place = locate(where);
    detail::check_count(y_bars.size(), "cotangent", ys.size(), "result", "vjp", place);
    for (const Variable& x : xs)
        detail::check_differentiable(x, "x", "vjp", place);
    Variables directions;
    for (std::size_t i = 0; i < ys.size(); ++i) {
        detail::check_differentiable(ys[i], "a result", "vjp", place);
        directions.push_back(detail::as_direction(y_bars[i], ys[i], "vjp", place));
    }
    detail::check_scopes(ys, xs, "vjp", place);
    Variables bars = pull_back(stable_forms(ys, xs), directions, xs, "vjp", place);
    return connected(std::move(bars), ys, xs, options, "vjp", place);
}

Variable jvp(const Variable& y,
             const Variables& xs,
             const Variables& x_dots,
             GradOptions options,
             Where where)
{
    const Location* place = locate(where);
    detail::check_count(x_dots.size(), "tangent", xs.size(), "x", "jvp", place);
    detail::check_differentiable(y, "the result", "jvp", place);
    Variables directions;
    for (std::size_t i = 0; i < xs.size(); ++i) {
        detail::check_differentiable(xs[i], "x", "jvp", place);
        directions.push_back(detail::as_direction(x_dots[i], xs[i], "jvp", place));
    }
    detail::check_scopes({y}, xs, "jvp", place);
    const Variables stable = stable_forms({y}, xs);
    if (!options.disconnected_zero) {
        Variables reached;
        if (std::ranges::any_of(applies_of(stable), is_endless)) {
            for (std::size_t i = 0; i < xs.size(); ++i)
                reached.push_back(push_forward(stable, std::span(&xs[i], 1),
                                               std::span(&directions[i], 1), "jvp", place)[0]);
        } else {
            // The other mode finds which xs reach y, all at once: so both refuse the same.
            const Variable one =
                broadcast_to(constant(Array::scalar(1.0).cast(y.dtype()), place), y.shape(), place);
            reached = pull_back(stable, std::span(&one, 1), xs, "jvp", place);
        }
        (void)connected(std::move(reached), {y}, xs, options, "jvp", place);
    }
    const Variable y_dot = push_forward(stable, xs, directions, "jvp", place)[0];
    const OriginScope origin(place);
    return y_dot.is_empty() ? zeros_like(y) : y_dot;
}

Variable
hvp(const Variable& y, const Variable& x, const Variable& v, GradOptions options, Where where)
{
    const Location* place = locate(where);
    const Variable x_bar = detail::gradient(y, {x}, options, "hvp", place)[0];
    const Variable direction = detail::as_direction(v, x, "hvp", place);
    const Variable x_dot = push_forward(std::span(&x_bar, 1), std::span(&x, 1),
                                        std::span(&direction, 1), "hvp", place)[0];
    const OriginScope origin(place);
    return x_dot.is_empty() ? zeros_like(x) : x_dot;
}

namespace {

Shape joined(const Shape& a, const Shape& b)
{
    Shape all = a;
    all.insert(all.end(), b.begin(), b.end());
    return all;
}

bool known_smaller(const Variable& x, const Variable& y)
{
    const Extent a = element_count(x.shape());
    const Extent b = element_count(y.shape());
    return a.is_known() && b.is_known() && a.value() < b.value();
}

Variable jacobian_of(const Variable& y,
                     const Variable& x,
                     GradOptions options,
                     std::string_view function,
                     const Location* place)
{
    detail::check_differentiable(y, "the result", function, place);
    detail::check_differentiable(x, "x", function, place);
    detail::check_scopes({y}, {x}, function, place);
    const bool forward = known_smaller(x, y);
    const Variable rows = jacobian_rows(y, x, forward, function, place);
    const OriginScope origin(place);
    const Shape shape = joined(y.shape(), x.shape());
    if (rows.is_empty())
        return broadcast_to(connected({rows}, {y}, {x}, options, function, place)[0], shape);
    if (!forward) return rows.reshape(shape);
    return rows.reshape({element_count(x.shape()), element_count(y.shape())}).T().reshape(shape);
}

} // namespace

Variable jacobian(const Variable& y, const Variable& x, GradOptions options, Where where)
{
    return jacobian_of(y, x, options, "jacobian", locate(where));
}

Variable hessian(const Variable& y, const Variable& x, GradOptions options, Where where)
{
    const Location* place = locate(where);
    const Variable x_bar = detail::gradient(y, {x}, options, "hessian", place)[0];
    const Variable rows =
        jacobian_rows(x_bar, x, true, "hessian", place); // symmetric: rows are columns
    const OriginScope origin(place);
    const Shape shape = joined(x.shape(), x.shape());
    return rows.is_empty() ? broadcast_to(zeros_like(x), shape) : rows.reshape(shape);
}

Variable gauss_newton(const Variable& r, const Variable& x, GradOptions options, Where where)
{
    const Location* place = locate(where, "gauss_newton");
    const OriginScope origin(place);
    const Variable j = jacobian_of(r, x, options, "gauss_newton", place)
                           .reshape({element_count(r.shape()), element_count(x.shape())});
    return dot(j.T(), j).reshape(joined(x.shape(), x.shape()));
}

} // namespace croton::inline v1
