#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "between.hpp"
#include "scan_parts.hpp"

namespace croton::inline v1 {

namespace {

class Forward {
public:
    Forward(const detail::Between& between, std::string_view function, const Location* place)
        : between_(between), function_(function), place_(place)
    {}

    void add(const Variable& v, const Variable& dot)
    {
        Variable& have = dots_[v.value()];
        have = have.is_empty() ? dot : have + dot;
    }

    /// From the inputs' tangents to the outputs'.
    void push(const Apply& apply)
    {
        const OriginScope origin(gradient_place(apply));
        if (std::ranges::none_of(apply.inputs(), [&](const Variable& x) { return carries(x); }))
            return;
        if (std::holds_alternative<NotDifferentiable>(apply.op().grad)) {
            refused_.insert(apply.node());
            return;
        }
        if (std::holds_alternative<Scan>(apply.op().lowering))
            push_scan(apply);
        else
            transpose_gradient(apply);
    }

    Variable result(const Variable& y) const
    {
        check_refused(y);
        const auto at = dots_.find(y.value());
        return at == dots_.end() ? Variable() : at->second;
    }

    /// Tangents must not depend on the cotangents they were derived with.
    void check_placeholders(const Variables& results) const
    {
        Variables present;
        for (const Variable& v : results)
            if (!v.is_empty()) present.push_back(v);
        for (const Variable& leaf : leaves(present))
            if (const auto at = placeholders_.find(leaf.value()); at != placeholders_.end())
                throw internal_error(at->second->name,
                                     "its gradient is not linear in the cotangent");
    }

private:
    bool carries(const Variable& v) const
    {
        return between_.contains(v) &&
               (dots_.contains(v.value()) || refused_.contains(v.value()->node));
    }

    /// An op without a gradient is an error only once its tangent is asked for, as in reverse mode.
    void check_refused(const Variable& v) const
    {
        if (!refused_.contains(v.value()->node)) return;
        const Apply a = v.owner();
        input_cotangents(a, Variables(a.output_count()), function_,
                         place_); // throws the same error
    }

    void push_scan(const Apply& apply)
    {
        Variables x_dots;
        for (const Variable& x : apply.inputs()) {
            if (carries(x)) check_refused(x);
            x_dots.push_back(carries(x) ? dots_.at(x.value()) : Variable());
        }
        const Variables y_dots = detail::scan_tangents(apply, x_dots, function_, place_);
        for (std::size_t i = 0; i < y_dots.size(); ++i)
            if (!y_dots[i].is_empty()) add(apply.output(i), y_dots[i]);
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
            check_refused(x);
            reached.push_back(x_bars[i]);
            dots.push_back(dots_.at(x.value()));
        }
        const Variables u_dots = pull_back(reached, dots, us, function_, place_);
        std::size_t k = 0;
        for (const Variable& y : apply.outputs()) {
            if (!is_float(y.dtype())) continue;
            placeholders_.emplace(us[k].value(), &apply.op());
            kept_.push_back(us[k]);
            if (!u_dots[k].is_empty()) add(y, u_dots[k]);
            ++k;
        }
    }

    const detail::Between& between_;
    std::string_view function_;
    const Location* place_;
    std::unordered_map<const detail::Value*, Variable> dots_;
    std::unordered_set<const detail::Node*> refused_;
    std::unordered_map<const detail::Value*, const Op*> placeholders_;
    Variables kept_; ///< alive, so that no other Variable takes a placeholder's address
};

} // namespace

Variables push_forward(std::span<const Variable> ys,
                       std::span<const Variable> xs,
                       std::span<const Variable> x_dots,
                       std::string_view function,
                       const Location* place)
{
    const detail::Between between(ys, xs);
    Forward forward(between, function, place);
    for (std::size_t i = 0; i < xs.size(); ++i)
        if (!x_dots[i].is_empty()) forward.add(xs[i], x_dots[i]);
    for (const Apply& a : between.applies())
        forward.push(a);
    Variables dots;
    for (const Variable& y : ys)
        dots.push_back(forward.result(y));
    forward.check_placeholders(dots);
    return dots;
}

} // namespace croton::inline v1
