#include "forward_gradient.hpp"

#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/graph_text.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/join.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <unordered_set>

namespace croton::inline v1::detail {

namespace {

/// Elements of all xs; beyond these the tangents take longer than what a step waits for.
constexpr std::int64_t most_elements = 4;
/// Of a state, or of what a step computes.
constexpr std::int64_t few_elements = 16;
/// Applies of a step.
constexpr std::size_t small_step = 128;
constexpr std::int64_t many_steps = 32;

bool has_few_elements(const Variable& v)
{
    const Extent n = element_count(v.shape());
    return n.is_known() && n.value() <= few_elements;
}

bool has_few_elements(const Apply& a)
{
    const Variables all = a.outputs();
    return std::ranges::all_of(all, [](const Variable& v) { return has_few_elements(v); });
}

/// Elementwise on few numbers, so that tangents of 0 stay 0: a gradient that reverse mode would not
/// let through is not NaN either. An op of the user's own need not be linear in its cotangent.
bool is_narrow(const Apply& a)
{
    const auto* const f = std::get_if<Pointwise>(&a.op().lowering);
    return is_of_elements(a.op()) && has_few_elements(a) &&
           (!f || f->finite_slopes || !is_float(a.output(0).dtype()));
}

/// Whether a step divides by what its states tell. Where such a divisor starts as a constant 0, the
/// quotient is infinite, and what is made of it need not be: 1 / (1 / x + 1 / s).
bool divides_by_state(const ScanParams& p, const std::vector<Apply>& step)
{
    static const Op* const quotient = &(wildcard("x") / wildcard("y")).owner().op();
    std::unordered_set<Variable, Hash, Same> told;
    for (const Variable& s : p.body.inputs().subspan(static_cast<std::size_t>(p.sequences),
                                                     static_cast<std::size_t>(p.states)))
        if (is_float(s.dtype())) told.insert(s);
    for (const Apply& a : step) {
        const auto in = a.inputs();
        if (&a.op() == quotient && told.contains(a.input(1))) return true;
        if (std::ranges::none_of(in, [&](const Variable& v) { return told.contains(v); })) continue;
        for (const Variable& out : a.outputs())
            if (is_float(out.dtype())) told.insert(out);
    }
    return false;
}

/// A loop of fixed length whose steps are elementwise and small.
bool is_long_and_narrow(const Apply& a)
{
    if (!std::holds_alternative<Scan>(a.op().lowering)) return false;
    const auto& p = a.params_as<ScanParams>();
    if (p.until || p.limited || p.endless || p.snapshots > 0) return false;
    if (p.steps.is_known() && p.steps.value() < many_steps) return false;
    const std::vector<Apply> step = applies_of(p.body.outputs());
    return step.size() <= small_step && std::ranges::all_of(step, is_narrow) &&
           !divides_by_state(p, step);
}

} // namespace

bool forward_takes_less(const Variable& y, const Variables& xs)
{
    std::int64_t elements = 0;
    for (const Variable& x : xs) {
        const Extent n = element_count(x.shape());
        if (!n.is_known() || x.is_weak()) return false;
        elements += n.value();
    }
    if (elements == 0 || elements > most_elements) return false;

    bool loops = false;
    std::unordered_set<Variable, Hash, Same> reached(xs.begin(), xs.end());
    for (const Apply& a : applies_of(std::span(&y, 1))) {
        const auto in = a.inputs();
        if (std::ranges::none_of(in, [&](const Variable& v) { return reached.contains(v); }))
            continue;
        const bool loop = is_long_and_narrow(a);
        // Anything else is done for each element of xs, or has rules of its own for each mode.
        if (!loop && !is_narrow(a)) return false;
        loops |= loop;
        for (const Variable& out : a.outputs())
            reached.insert(out);
    }
    return loops;
}

Variables
forward_gradients(const Variable& y, const Variables& xs, Variables bars, const Location* place)
{
    const OriginScope origin(place);
    for (std::size_t i = 0; i < xs.size(); ++i) {
        const Shape shape = xs[i].shape();
        std::vector<std::int64_t> extents;
        for (const Extent& e : shape)
            extents.push_back(e.value());
        const std::int64_t n = element_count(shape).value();
        if (n == 0) continue;
        Variables elements;
        for (std::int64_t k = 0; k < n; ++k) {
            Array unit = Array::zeros(DType::f64, {n});
            static_cast<double*>(unit.data())[k] = 1;
            const Variable x_dot =
                constant(unit.reshape(extents).cast(xs[i].dtype()), y.location());
            elements.push_back(push_forward(std::span(&y, 1), std::span(&xs[i], 1),
                                            std::span(&x_dot, 1), "grad", place)[0]);
        }
        if (std::ranges::any_of(elements, &Variable::is_empty)) continue;
        const Variable bar = shape.empty() ? elements[0] : stack(elements).reshape(shape);
        bars[i] = cast(bar, xs[i].dtype(), place);
    }
    return bars;
}

} // namespace croton::inline v1::detail
