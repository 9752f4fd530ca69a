#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/custom.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <unordered_map>

#include "between.hpp"
#include "custom_parts.hpp"
#include "linearity.hpp"
#include "scan_parts.hpp"
#include "switch_parts.hpp"

namespace croton::inline v1 {

namespace {

using detail::Pushed;

class Forward {
public:
    Forward(const detail::Between& between, std::string_view function, const Location* place)
        : between_(between), function_(function), place_(place)
    {}

    void add(const Variable& v, const Pushed& pushed)
    {
        if (pushed.refused) {
            refused_.emplace(v.value(), pushed.refused);
            return;
        }
        if (pushed.dot.is_empty()) return;
        Variable& have = dots_[v.value()];
        have = have.is_empty() ? pushed.dot : have + pushed.dot;
    }

    /// From the inputs' tangents to the outputs'.
    void push(const Apply& apply)
    {
        const OriginScope origin(gradient_place(apply));
        if (std::ranges::none_of(apply.inputs(), [&](const Variable& x) { return carries(x); }))
            return;
        if (std::holds_alternative<NotDifferentiable>(apply.op().grad))
            refuse(apply, apply);
        else if (has_body(apply.op().lowering) || detail::follows_its_ops(apply))
            push_body(apply);
        else if (&apply.op() == &custom_op)
            push_custom(apply);
        else
            transpose_gradient(apply);
    }

    Pushed result(const Variable& y) const
    {
        if (const auto at = refused_.find(y.value()); at != refused_.end()) return {{}, at->second};
        const auto at = dots_.find(y.value());
        return at == dots_.end() ? Pushed() : Pushed{at->second, {}};
    }

    /// Tangents must not depend on the cotangents they were derived with.
    void check_placeholders(std::span<const Pushed> results) const
    {
        Variables present;
        for (const Pushed& p : results)
            if (!p.dot.is_empty()) present.push_back(p.dot);
        for (const Variable& leaf : leaves(present))
            if (const auto at = placeholders_.find(leaf.value()); at != placeholders_.end())
                refuse_rule(at->second);
    }

private:
    bool carries(const Variable& v) const
    {
        return between_.contains(v) && (dots_.contains(v.value()) || refused_.contains(v.value()));
    }

    void refuse(const Apply& apply, const Apply& because)
    {
        for (const Variable& y : apply.outputs())
            refused_.emplace(y.value(), because);
    }

    void push_body(const Apply& apply)
    {
        std::vector<Pushed> x_dots;
        for (const Variable& x : apply.inputs())
            x_dots.push_back(carries(x) ? result(x) : Pushed());
        const Lowering& lowering = apply.op().lowering;
        const auto rule = std::holds_alternative<Scan>(lowering)     ? detail::scan_tangents
                          : std::holds_alternative<Switch>(lowering) ? detail::switch_tangents
                                                                     : detail::function_tangents;
        const auto y_dots = rule(apply, x_dots, function_, place_);
        for (std::size_t i = 0; i < y_dots.size(); ++i)
            add(apply.output(i), y_dots[i]);
    }

    /// By the rule that its user gave, if it has one for this mode.
    void push_custom(const Apply& apply)
    {
        Variables dots;
        for (const Variable& x : apply.inputs()) {
            if (!is_float(x.dtype())) continue;
            const Pushed pushed = carries(x) ? result(x) : Pushed();
            if (pushed.refused) return refuse(apply, pushed.refused);
            dots.push_back(pushed.dot.is_empty() ? zeros_like(x) : pushed.dot);
        }
        const Variables y_dots = detail::custom_tangents(apply, dots);
        if (y_dots.empty()) return transpose_gradient(apply);
        std::size_t next = 0;
        for (const Variable& y : apply.outputs())
            if (is_float(y.dtype())) add(y, {y_dots[next++], {}});
    }

    void transpose_gradient(const Apply& apply)
    {
        Variables y_bars;
        Variables us;
        for (const Variable& y : apply.outputs()) {
            y_bars.push_back(is_float(y.dtype()) ? input("", y.dtype(), y.shape()) : zeros_like(y));
            if (is_float(y.dtype())) us.push_back(y_bars.back());
        }
        const Variables x_bars = input_cotangents(apply, y_bars, function_, place_);
        Variables reached;
        Variables dots;
        for (std::size_t i = 0; i < x_bars.size(); ++i) {
            const Variable& x = apply.input(i);
            if (x_bars[i].is_empty() || !carries(x)) continue;
            if (const auto at = refused_.find(x.value()); at != refused_.end())
                return refuse(apply, at->second);
            reached.push_back(x_bars[i]);
            dots.push_back(dots_.at(x.value()));
        }
        const Variables u_dots = pull_back(reached, dots, us, function_, place_);
        std::size_t k = 0;
        for (const Variable& y : apply.outputs()) {
            if (!is_float(y.dtype())) continue;
            placeholders_.emplace(us[k].value(), apply);
            kept_.push_back(us[k]);
            add(y, {u_dots[k], {}});
            ++k;
        }
    }

    [[noreturn]] void refuse_rule(const Apply& apply) const
    {
        if (&apply.op() != &custom_op)
            throw internal_error(apply.op().name, "its gradient is not linear in the cotangent");
        Variables y_bars, us, given;
        for (const Variable& y : apply.outputs()) {
            y_bars.push_back(is_float(y.dtype()) ? detail::placeholder_like(y) : zeros_like(y));
            if (is_float(y.dtype())) us.push_back(y_bars.back());
        }
        for (const Variable& x_bar : input_cotangents(apply, y_bars, function_, place_))
            if (!x_bar.is_empty()) given.push_back(x_bar);
        const Apply because = detail::first_not_linear(given, us);
        throw user_error(Code::domain, place_, function_,
                         "the rule of {}{} {}: custom_jvp gives one{}{}", written_name(apply),
                         apply.location() ? fmt::format(" ({})", to_string(*apply.location()))
                                          : std::string(),
                         detail::not_seen_linear(because, "cotangents", "forward"), by_reverse(),
                         detail::instead_of_loop(because));
    }

    /// How a caller goes without forward mode.
    std::string_view by_reverse() const
    {
        if (function_ == "hvp" || function_ == "hessian" || function_ == "sparse_hessian")
            return "; grad(dot(grad(f, x), v), x) needs none";
        return function_ == "jacobian" ? "; vjp needs none" : "";
    }

    const detail::Between& between_;
    std::string_view function_;
    const Location* place_;
    std::unordered_map<const detail::Value*, Variable> dots_;
    std::unordered_map<const detail::Value*, Apply> refused_;
    std::unordered_map<const detail::Value*, Apply> placeholders_;
    Variables kept_; ///< alive, so that no other Variable takes a placeholder's address
};

} // namespace

Variables push_forward(std::span<const Variable> ys,
                       std::span<const Variable> xs,
                       std::span<const Variable> x_dots,
                       std::string_view function,
                       const Location* place)
{
    std::vector<Pushed> seeds;
    for (const Variable& dot : x_dots)
        seeds.push_back({dot, {}});
    Variables dots;
    for (const Pushed& p : detail::push_lazily(ys, xs, seeds, function, place)) {
        if (p.refused) // throws the error of reverse mode
            input_cotangents(p.refused, Variables(p.refused.output_count()), function, place);
        dots.push_back(p.dot);
    }
    return dots;
}

std::vector<Pushed> detail::push_lazily(std::span<const Variable> ys,
                                        std::span<const Variable> xs,
                                        std::span<const Pushed> x_dots,
                                        std::string_view function,
                                        const Location* place)
{
    const Between between(ys, xs);
    Forward forward(between, function, place);
    for (std::size_t i = 0; i < xs.size(); ++i)
        forward.add(xs[i], x_dots[i]);
    for (const Apply& a : between.applies())
        forward.push(a);
    std::vector<Pushed> results;
    for (const Variable& y : ys)
        results.push_back(forward.result(y));
    forward.check_placeholders(results);
    return results;
}

} // namespace croton::inline v1
