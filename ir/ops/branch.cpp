#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <unordered_set>

#include "capture.hpp"
#include "node.hpp"
#include "param_checks.hpp"
#include "switch_parts.hpp"

namespace croton::inline v1 {

namespace {

/// Of as many branches as `fits` says.
std::vector<Type> types_of_branches(ShapeArgs& args, bool fits)
{
    const std::vector<Region>& branches = args.params_as<SwitchParams>().branches;
    if (!fits || args.operands.empty())
        args.refuse(Code::domain, fmt::format("its parameters have {}",
                                              counted(branches.size(), "branch", "branches")));
    const Variable& number = args.operands[0];
    if (number.rank() != 0 || is_float(number.dtype()))
        args.refuse(Code::dtype,
                    fmt::format("what it chooses by is {}, not a scalar bool or integer",
                                to_string(number.type())));
    if (number.dtype() == DType::boolean && branches.size() > 2)
        args.refuse(Code::domain,
                    fmt::format("a bool chooses between {} branches, not two", branches.size()));
    std::vector<Type> types;
    for (std::size_t b = 0; b < branches.size(); ++b) {
        const auto in = branches[b].inputs(), out = branches[b].outputs();
        detail::check_count(args, in.size(), args.operands.size() - 1);
        for (std::size_t i = 0; i < in.size(); ++i)
            detail::require_same(args, args.operands[i + 1].type(), in[i].type(),
                                 fmt::format("operand {}", i + 1));
        if (b > 0) detail::check_count(args, out.size(), types.size());
        for (std::size_t i = 0; i < out.size(); ++i) {
            if (b == 0)
                types.push_back(out[i].type());
            else
                detail::require_same(args, types[i], out[i].type(), fmt::format("value {}", i));
        }
    }
    return types;
}

std::vector<Type> switch_types(ShapeArgs& args)
{
    return types_of_branches(args, args.params_as<SwitchParams>().branches.size() >= 2);
}

std::vector<Type> recompute_types(ShapeArgs& args)
{
    return types_of_branches(args, args.params_as<SwitchParams>().branches.size() == 1);
}

Variables switch_grad(const GeneralGrad& g)
{
    const Variables none(g.y_bar.size());
    const std::vector<bool> all(g.x.size(), true);
    return detail::switch_cotangents(g.apply, {g.y_bar, none}, all, "grad", gradient_place(g.apply))
        .bars;
}

} // namespace

constexpr Op switch_op{
    .name = "switch_case",
    .doc = "Runs one of several graphs, which a number chooses.",
    .types = switch_types,
    .lowering = Switch{},
    .reference = DerivedReference{},
    .grad = switch_grad,
    .arity = 0,
    .params = create_params<SwitchParams>,
};

constexpr Op recompute_op{
    .name = "recompute",
    .doc = "Runs a graph once its operands are there, with nothing from around it: what the "
           "gradient of a checkpoint needs is computed again in it.",
    .types = recompute_types,
    .lowering = Switch{},
    .reference = DerivedReference{},
    .grad = switch_grad,
    .arity = 0,
    .params = create_params<SwitchParams>,
};

Variables written_out(const Apply& recompute)
{
    const Region& body = recompute.params_as<SwitchParams>().branches[0];
    VariableMap by;
    for (std::size_t i = 0; i < body.inputs().size(); ++i)
        by.emplace(body.inputs()[i], recompute.input(i + 1));
    return copy_graph(body.outputs(), by);
}

std::vector<Array> reference::switch_case(const Apply& apply,
                                          std::span<const Array> inputs,
                                          const BodyEvaluation& evaluate)
{
    const std::vector<Region>& branches = apply.params_as<SwitchParams>().branches;
    const Region& taken = branches[switch_branch(inputs[0], branches.size())];
    return evaluate(taken.inputs(), inputs.subspan(1), taken.outputs());
}

std::size_t reference::switch_branch(const Array& number, std::size_t branches)
{
    const std::int64_t at = number.as_int(0);
    const bool huge = number.dtype() == DType::u64 && at < 0;
    const auto last = static_cast<std::int64_t>(branches) - 1;
    return static_cast<std::size_t>(huge ? last : std::clamp<std::int64_t>(at, 0, last));
}

Variables detail::build_switch(const Op& op,
                               const Variable& number,
                               const Variables& operands,
                               const std::vector<Variables>& inputs,
                               const std::vector<Variables>& branches,
                               const Location* where)
{
    std::unordered_set<const Value*> used; // looked up only
    for (const Variables& values : branches)
        for (const Variable& v : leaves(values))
            used.insert(v.value());
    Variables all{number};
    std::vector<Variables> kept(branches.size());
    for (std::size_t i = 0; i < operands.size(); ++i) {
        if (std::ranges::none_of(inputs,
                                 [&](const Variables& in) { return used.contains(in[i].value()); }))
            continue;
        all.push_back(operands[i]);
        for (std::size_t b = 0; b < branches.size(); ++b)
            kept[b].push_back(inputs[b][i]);
    }
    SwitchParams p;
    for (std::size_t b = 0; b < branches.size(); ++b)
        p.branches.emplace_back(kept[b], branches[b]);
    return apply_all(op, all, make_params(std::move(p)), where);
}

Variables trim_switch(const Apply& a, const std::vector<bool>& used)
{
    std::vector<Variables> inputs, values;
    for (const Region& branch : a.params_as<SwitchParams>().branches) {
        inputs.emplace_back(branch.inputs().begin(), branch.inputs().end());
        values.emplace_back();
        for (std::size_t i = 0; i < used.size(); ++i)
            if (used[i]) values.back().push_back(branch.outputs()[i]);
    }
    const Variables operands(a.inputs().begin() + 1, a.inputs().end());
    const Variables kept =
        detail::build_switch(a.op(), a.input(0), operands, inputs, values, a.location());
    const Apply trimmed = kept[0].owner();
    if (kept.size() == used.size() && trimmed.inputs().size() == a.inputs().size())
        return a.outputs();
    return detail::in_places(a, used, kept);
}

namespace {

/// One call of cond() or switch_case().
class SwitchBuilder {
public:
    SwitchBuilder(std::string_view function, const Location* place)
        : function_(function), place_(place)
    {}

    /// What is younger than this was made inside a branch.
    void run(std::span<const detail::Body> cases)
    {
        beginning_ = detail::make_leaf(Leaf::input, Type(DType::boolean, {}), {}, {}, place_);
        for (std::size_t b = 0; b < cases.size(); ++b) {
            const detail::Body& body = cases[b];
            if (body.arity > 0)
                refuse(Code::domain, "{} takes {}, none are given", called(b),
                       counted(body.arity, "parameter"));
            Step given = body.run(body.callable, {});
            if (!given.out.empty() || !given.until.is_empty())
                refuse(Code::domain, "{} returns a Step: a Variable or Variables are values",
                       called(b));
            for (std::size_t i = 0; i < given.state.size(); ++i)
                if (given.state[i].is_empty())
                    refuse(Code::domain, "{} gives an empty Variable as value {}", called(b), i);
            if (b > 0 && given.state.size() != values_[0].size())
                refuse(Code::domain, "{} gives {}, {} {}", called(0),
                       counted(values_[0].size(), "value"), called(b), given.state.size());
            values_.push_back(std::move(given.state));
        }
        if (values_[0].empty()) refuse(Code::domain, "there is no value to choose");
        fit_weak_values();
        check_values();
    }

    Variables build(const Variable& number) const
    {
        Variables results;
        for (const Variables& values : values_)
            results.insert(results.end(), values.begin(), values.end());
        const detail::Captured closed =
            detail::capture(std::span(&beginning_, 1), results, detail::Invariants::inside);
        const auto inside = closed.region.inputs().subspan(1);
        std::vector<Variables> inputs, branches;
        for (std::size_t b = 0; b < values_.size(); ++b) {
            const auto part =
                closed.region.outputs().subspan(b * values_[0].size(), values_[0].size());
            inputs.emplace_back(inside.begin(), inside.end());
            branches.emplace_back(part.begin(), part.end());
        }
        return detail::build_switch(switch_op, number, closed.outer, inputs, branches, place_);
    }

    const Variables& first_values() const { return values_[0]; }

    template <class... A>
    [[noreturn]] void refuse(Code code, fmt::format_string<A...> text, A&&... values) const
    {
        throw user_error(code, place_, function_, text, std::forward<A>(values)...);
    }

private:
    /// A branch as its user knows it.
    std::string called(std::size_t b) const
    {
        if (function_ == "cond") return b == 0 ? "otherwise" : "then";
        return fmt::format("case {}", b);
    }

    /// A weak value takes the type of the first branch's that is none.
    void fit_weak_values()
    {
        for (std::size_t i = 0; i < values_[0].size(); ++i) {
            const auto typed =
                std::ranges::find_if(values_, [&](const Variables& v) { return !v[i].is_weak(); });
            if (typed == values_.end()) continue;
            const Type to = (*typed)[i].type();
            for (Variables& v : values_)
                if (v[i].is_weak() && v[i].rank() == 0 && detail::can_become(v[i], to.dtype()))
                    v[i] = broadcast_to(
                        cast(literal_as(v[i], to.dtype(), function_, place_), to.dtype(), place_),
                        to.shape(), place_);
        }
    }

    void check_values() const
    {
        for (std::size_t b = 1; b < values_.size(); ++b)
            for (std::size_t i = 0; i < values_[0].size(); ++i) {
                const Variable &x = values_[0][i], &y = values_[b][i];
                const Shape s = x.shape(), t = y.shape();
                const bool alike = s.size() == t.size() &&
                                   std::ranges::equal(s, t, [](const Extent& p, const Extent& q) {
                                       return !never_equal(p, q);
                                   });
                if (x.dtype() != y.dtype() || !alike)
                    refuse(x.dtype() != y.dtype() ? Code::dtype : Code::shape,
                           "value {} is {} of {} and {} of {}: {} and {}", i, to_string(x.type()),
                           called(0), to_string(y.type()), called(b), describe(x), describe(y));
            }
    }

    std::string_view function_;
    const Location* place_;
    Variable beginning_;
    std::vector<Variables> values_;
};

} // namespace

Variables cond(const Variable& condition,
               const detail::Body& then,
               const detail::Body& otherwise,
               Where where)
{
    SwitchBuilder builder("cond", locate(where, "cond"));
    if (condition.is_empty()) builder.refuse(Code::domain, "the condition is an empty Variable");
    if (condition.dtype() != DType::boolean || condition.rank() != 0)
        builder.refuse(Code::dtype, "the condition is {}, not a bool scalar{}: {}",
                       to_string(condition.type()),
                       condition.rank() > 0 ? " (where() chooses element by element)" : "",
                       describe(condition));
    const detail::Body cases[] = {otherwise, then};
    builder.run(cases);
    return builder.build(condition);
}

Variables
switch_case(const Variable& number, std::initializer_list<detail::Body> cases, Where where)
{
    SwitchBuilder builder("switch_case", locate(where, "switch_case"));
    if (number.is_empty()) builder.refuse(Code::domain, "the number is an empty Variable");
    if (!is_integer(number.dtype()) || number.rank() != 0)
        builder.refuse(Code::dtype, "the number is {}, not an integer scalar: {}",
                       to_string(number.type()), describe(number));
    if (cases.size() == 0) builder.refuse(Code::domain, "there are no cases");
    builder.run({cases.begin(), cases.size()});
    return cases.size() == 1 ? builder.first_values() : builder.build(number);
}

} // namespace croton::inline v1
