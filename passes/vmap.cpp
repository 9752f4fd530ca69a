#include <croton/ir/batch.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/step_scope.hpp>
#include <croton/passes/vmap.hpp>

#include <algorithm>

namespace croton::inline v1::detail {

namespace {

/// What goes into a batch: members along axis 0 of those operands that have them.
class Members {
public:
    Members(const Variables& xs, const std::vector<int>& in_axes, const Location* place)
        : xs_(xs), in_axes_(in_axes), place_(place),
          scope_("the function", "vmap", place, "what that gives for all members")
    {
        if (!in_axes.empty() && in_axes.size() != xs.size())
            refuse(Code::domain, "{} for {}", counted(in_axes.size(), "axis", "axes"),
                   counted(xs.size(), "operand"));
        for (std::size_t i = 0; i < xs.size(); ++i)
            add(xs[i], in_axes.empty() ? 0 : in_axes[i], i);
        if (all_.empty())
            refuse(Code::domain, "no operand has an axis of members, so there is no batch");
    }

    const Variables& parameters() const { return parameters_; }
    /// Those of the parameters that members have of their own, and what they are for all.
    const Variables& of_one() const { return one_; }
    const Variables& of_all() const { return all_; }
    const Extent& count() const { return count_; }

private:
    template <class... A>
    [[noreturn]] void refuse(Code code, fmt::format_string<A...> text, A&&... values) const
    {
        throw user_error(code, place_, "vmap", text, std::forward<A>(values)...);
    }

    void add(const Variable& x, int given, std::size_t i)
    {
        if (x.is_empty())
            refuse(Code::domain, "operand {} is an empty Variable: nothing was assigned to it", i);
        if (given == no_axis) {
            parameters_.push_back(x);
            return;
        }
        if (x.rank() == 0)
            refuse(Code::shape, "operand {} is a scalar, {}: it has no axis of members{}", i,
                   describe(x), way_out());
        const OriginScope origin(place_);
        const int axis = normalize_axis(given, x.rank(), "vmap", place_);
        Variable first = moveaxis(x, axis, 0);
        Shape shape = first.shape();
        if (all_.empty()) {
            count_ = shape[0];
            first_ = i;
        } else if (never_equal(shape[0], count_)) {
            refuse(Code::shape, "operand {} has {} members and operand {} has {}", first_,
                   to_string(count_), i, to_string(shape[0]));
        }
        // A reshape carries that the numbers agree, where that is undecided.
        shape[0] = count_;
        all_.push_back(first.reshape(shape));
        const Type one(x.dtype(), Shape(shape.begin() + 1, shape.end()));
        one_.push_back(
            scope_.variable(one, x.name(), x.location(), fmt::format("parameter {}", i)));
        parameters_.push_back(one_.back());
    }

    /// How scalars are given to all members, where something else has members.
    std::string way_out() const
    {
        if (std::ranges::all_of(xs_, [](const Variable& x) { return x.is_empty() || !x.rank(); }))
            return {};
        std::vector<std::string> all;
        for (std::size_t i = 0; i < xs_.size(); ++i) {
            const int axis = in_axes_.empty() ? 0 : in_axes_[i];
            const bool none = axis == no_axis || (!xs_[i].is_empty() && xs_[i].rank() == 0);
            all.push_back(none ? "ct::no_axis" : std::to_string(axis));
        }
        return fmt::format(", and all are given the same with in_axes {{{}}}",
                           fmt::join(all, ", "));
    }

    const Variables& xs_;
    const std::vector<int>& in_axes_;
    const Location* place_;
    StepScope scope_;
    Variables parameters_, one_, all_;
    Extent count_ = 0;
    std::size_t first_ = 0;
};

} // namespace

Variables vmapped(const Body& f,
                  const Variables& xs,
                  const std::vector<int>& in_axes,
                  const OutAxes& out_axes,
                  const Where& where)
{
    const Location* place = locate(where, "vmap");
    if (f.arity >= 0 && static_cast<std::size_t>(f.arity) != xs.size())
        throw user_error(Code::domain, place, "vmap", "the function takes {}, given {}",
                         counted(f.arity, "parameter"), counted(xs.size(), "operand"));
    const Members members(xs, in_axes, place);
    const Variables ys = f.run(f.callable, members.parameters()).state;
    for (std::size_t i = 0; i < ys.size(); ++i)
        if (ys[i].is_empty())
            throw user_error(Code::domain, place, "vmap",
                             "the function gives an empty Variable as value {}", i);
    if (!out_axes.for_all && out_axes.axes.size() != ys.size())
        throw user_error(Code::domain, place, "vmap", "{} for {}",
                         counted(out_axes.axes.size(), "axis", "axes"),
                         counted(ys.size(), "result"));
    Variables results =
        batch(ys, members.of_one(), members.of_all(), members.count(), "vmap", place);
    const OriginScope origin(place);
    for (std::size_t i = 0; i < results.size(); ++i) {
        const int axis = out_axes.axes[out_axes.for_all ? 0 : i];
        results[i] =
            moveaxis(results[i], 0, normalize_axis(axis, results[i].rank(), "vmap", place));
    }
    return results;
}

} // namespace croton::inline v1::detail
