#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>

#include <algorithm>

#include "capture.hpp"
#include "node.hpp"
#include "param_checks.hpp"
#include "scan_parts.hpp"

namespace croton::inline v1 {

Sequence::Sequence(const Variable& v) : Sequence(v, {0}) {}
Sequence::Sequence(const Variable& v, std::vector<int> t) : x(v), taps(std::move(t)) {}
Sequence::Sequence(const Array& v, Where w) : Sequence(Variable(v, w)) {}
Sequence::Sequence(const Array& v, std::vector<int> t, Where w)
    : Sequence(Variable(v, w), std::move(t))
{}

State::State(const Variable& v) : State(v, {-1}) {}
State::State(const Variable& v, std::vector<int> t) : init(v), taps(std::move(t)) {}
State::State(const Array& v, Where w) : State(Variable(v, w)) {}
State::State(const Array& v, std::vector<int> t, Where w) : State(Variable(v, w), std::move(t)) {}

namespace detail {

Step as_step(const Variable& state) { return {{state}}; }
Step as_step(Variables states) { return {std::move(states)}; }
Step as_step(Step step) { return step; }
Variables as_list(std::span<const Variable> x) { return {x.begin(), x.end()}; }

} // namespace detail

namespace {

Shape stacked(const Extent& steps, const Shape& shape)
{
    Shape all{steps};
    all.insert(all.end(), shape.begin(), shape.end());
    return all;
}

void require_same(ShapeArgs& args,
                  const Type& a,
                  const Type& b,
                  std::string_view what,
                  std::string_view shapes = "{} and {}")
{
    const Shape &x = a.data()->shape, &y = b.data()->shape;
    if (a.dtype() != b.dtype() || x.size() != y.size())
        args.refuse(Code::shape, fmt::format("{} is {} and {}", what, to_string(a), to_string(b)));
    for (std::size_t i = 0; i < x.size(); ++i)
        if (!same(x[i], y[i]))
            args.require_equal(x[i], y[i], fmt::format("axis {} of {} {}", i, what, shapes),
                               {x, y});
}

/// Of a state after the step as the step gave it: where its extents are only known to be the
/// state's when the function runs, scan() broadcasts it to those, so that the body has one type,
/// and what that requires is told of the state.
Type given_type(const Variable& next, const Location* scan)
{
    const Apply a = next.owner();
    const bool fitted = a && &a.op() == &broadcast_to_op && a.location() == scan &&
                        a.input(0).rank() == next.rank();
    return fitted ? a.input(0).type() : next.type();
}

/// That the body fits what goes in and what is said of it: a stored graph may have any.
void check_body(ShapeArgs& args, const ScanParams& p)
{
    const std::span<const Variable> in = p.body.inputs(), out = p.body.outputs();
    detail::check_count(args, in.size(), args.operands.size());
    if (p.sequences < 0 || p.states < 0 || p.outs < 0)
        args.refuse(Code::domain, "its parameters have counts below 0");
    const auto sequences = static_cast<std::size_t>(p.sequences);
    const auto states = static_cast<std::size_t>(p.states);
    const auto outs = static_cast<std::size_t>(p.outs);
    if (sequences + states > in.size())
        args.refuse(Code::domain,
                    fmt::format("its parameters are for {} sequences and {} states of {} operands",
                                sequences, states, in.size()));
    detail::check_count(args, states + outs, out.size());
    detail::check_count(args, p.kept.size(), out.size() + states);
    if (!std::ranges::all_of(p.kept, [](int k) { return k == 0 || k == 1; }))
        args.refuse(Code::domain, "its parameters neither keep nor drop a result");
    for (std::size_t i = 0; i < in.size(); ++i) {
        const Variable& given = args.operands[i];
        if (i >= sequences) {
            require_same(args, given.type(), in[i].type(), fmt::format("input {}", i));
            continue;
        }
        const Shape& all = args.shape(i);
        if (all.empty()) args.refuse(Code::shape, fmt::format("sequence {} is a scalar", i + 1));
        require_same(args, Type(given.dtype(), Shape(all.begin() + 1, all.end())), in[i].type(),
                     fmt::format("sequence {}", i + 1));
    }
    for (std::size_t k = 0; k < states; ++k)
        require_same(args, given_type(out[k], args.where), in[sequences + k].type(),
                     fmt::format("state {},", k), "{} after a step and {} before it,");
}

std::vector<Type> scan_types(ShapeArgs& args)
{
    const auto& p = args.params_as<ScanParams>();
    check_body(args, p);
    for (int i = 0; i < p.sequences; ++i)
        args.require_equal(p.steps, args.shape(static_cast<std::size_t>(i))[0],
                           fmt::format("steps and axis 0 of sequence {}", i + 1));
    if (!never_negative(p.steps))
        args.require_at_most(0, p.steps, "over {} steps", {Shape{p.steps}});
    std::vector<Type> last;
    std::vector<Type> collected;
    for (const Variable& v : p.body.outputs()) {
        if (last.size() < static_cast<std::size_t>(p.states)) last.push_back(v.type());
        collected.emplace_back(v.dtype(), stacked(p.steps, v.shape()));
    }
    last.insert(last.end(), collected.begin(), collected.end());
    std::vector<Type> kept;
    for (std::size_t k = 0; k < last.size(); ++k)
        if (p.kept[k]) kept.push_back(last[k]);
    return kept;
}

} // namespace

constexpr Op scan_op{
    .name = "scan",
    .doc = "A loop over steps: takes slices of sequences, hands states on, collects what the steps "
           "give.",
    .types = scan_types,
    .lowering = Scan{},
    .reference = DerivedReference{},
    .grad = [](const GeneralGrad& g) -> Variables {
        const Variables none(g.y_bar.size());
        const std::vector<bool> all(g.x.size(), true);
        return detail::scan_cotangents(g.apply, {g.y_bar, none}, all, "grad",
                                       gradient_place(g.apply))
            .bars;
    },
    .arity = 0,
    .params = create_params<ScanParams>,
};

int scan_output(const ScanParams& p, std::size_t k)
{
    if (!p.kept[k]) return -1;
    return static_cast<int>(
        std::count(p.kept.begin(), p.kept.begin() + static_cast<std::ptrdiff_t>(k), 1));
}

namespace {

/// One call of scan(): checks what the user gave, runs the step, builds the Apply.
class ScanBuilder {
public:
    ScanBuilder(const detail::Body& body, const ScanArgs& args, const Location* place)
        : body_(body), args_(args), place_(place)
    {
        refuse_unsupported();
        check_given();
        parts_.reverse = args.reverse;
        parts_.steps = steps();
        for (const Sequence& s : args.sequences) {
            const Shape shape = s.x.shape();
            parts_.sequences.push_back(s.x);
            parts_.x.push_back(
                placeholder(s.x, Type(s.x.dtype(), Shape(shape.begin() + 1, shape.end()))));
        }
        for (const State& s : args.init) {
            parts_.init.push_back(s.init);
            parts_.state.push_back(placeholder(s.init, s.init.type()));
        }
    }

    ScanResult build()
    {
        Step step = run();
        if (fit_weak_states(step)) step = run();
        for (std::size_t k = 0; k < step.state.size(); ++k)
            step.state[k] = fitting(step.state[k], k);
        Variables placeholders = parts_.x;
        placeholders.insert(placeholders.end(), parts_.state.begin(), parts_.state.end());
        Variables results = step.state;
        results.insert(results.end(), step.out.begin(), step.out.end());
        detail::Captured closed = detail::capture(placeholders, results);
        const auto inside = closed.region.inputs().subspan(placeholders.size());
        parts_.constant.assign(inside.begin(), inside.end());
        parts_.constants = std::move(closed.outer);
        const auto outputs = closed.region.outputs();
        const auto middle = outputs.begin() + static_cast<std::ptrdiff_t>(step.state.size());
        parts_.next.assign(outputs.begin(), middle);
        parts_.out.assign(middle, outputs.end());
        ScanResult result = detail::build_scan(parts_, place_);
        const OriginScope origin(place_);
        result.count = Variable(parts_.steps);
        return result;
    }

private:
    template <class... A>
    [[noreturn]] void refuse(Code code, fmt::format_string<A...> text, A&&... values) const
    {
        throw user_error(code, place_, "scan", text, std::forward<A>(values)...);
    }

    void refuse_unsupported() const
    {
        for (const Sequence& s : args_.sequences)
            if (s.taps != std::vector<int>{0})
                refuse(Code::domain, "taps of a sequence are not supported yet: ({})",
                       fmt::join(s.taps, ", "));
        for (const State& s : args_.init)
            if (s.taps != std::vector<int>{-1})
                refuse(Code::domain, "taps of a state are not supported yet: ({})",
                       fmt::join(s.taps, ", "));
        if (args_.unroll != 1)
            refuse(Code::domain, "unroll is not supported yet: {}", args_.unroll);
        if (args_.checkpoint != 0)
            refuse(Code::domain, "checkpoint is not supported yet: {}", args_.checkpoint);
    }

    void check_given() const
    {
        for (std::size_t i = 0; i < args_.sequences.size(); ++i) {
            const Variable& x = args_.sequences[i].x;
            if (x.is_empty()) refuse(Code::domain, "sequence {} is an empty Variable", i);
            if (x.rank() == 0)
                refuse(Code::shape, "sequence {} is a scalar, {}: it has no axis of steps", i,
                       describe(x));
        }
        for (std::size_t k = 0; k < args_.init.size(); ++k)
            if (args_.init[k].init.is_empty())
                refuse(Code::domain, "state {} starts as an empty Variable", k);
        const auto sequences = args_.sequences.size();
        const auto states = args_.init.size();
        if (body_.arity >= 0 && static_cast<std::size_t>(body_.arity) != sequences + states)
            refuse(Code::domain, "the step takes {}, given {} and {}",
                   counted(body_.arity, "parameter"), counted(sequences, "sequence"),
                   counted(states, "state"));
    }

    /// Given, or the length of the sequences; all of these must agree.
    Extent steps() const
    {
        if (args_.steps.is_empty() && args_.sequences.empty())
            refuse(Code::domain, "without sequences the number of steps is needed: .steps = n");
        const Extent steps =
            args_.steps.is_empty() ? args_.sequences[0].x.extent(0) : given_steps();
        for (std::size_t i = 0; i < args_.sequences.size(); ++i) {
            const Extent length = args_.sequences[i].x.extent(0);
            if (!never_equal(length, steps)) continue;
            if (args_.steps.is_empty())
                refuse(Code::shape, "sequences have different lengths: {} of {} and {} of {}",
                       to_string(steps), describe(args_.sequences[0].x), to_string(length),
                       describe(args_.sequences[i].x));
            refuse(Code::shape, "{} for a sequence of length {}: {}",
                   counted(to_string(steps), "step"), to_string(length),
                   describe(args_.sequences[i].x));
        }
        if (steps.is_known() && steps.value() < 0) refuse(Code::domain, "{} steps", steps.value());
        return steps;
    }

    Extent given_steps() const
    {
        const Variable& v = args_.steps;
        if (const Apply a = v.owner(); a && &a.op() == &extent_value_op)
            return a.params_as<ExtentParams>().extent;
        if (v.leaf() != Leaf::constant || v.rank() != 0 || !is_integer(v.dtype()))
            refuse(
                Code::domain,
                "steps must be a whole number or an Extent, computed ones are not supported yet: "
                "{}",
                v.leaf() == Leaf::constant ? to_string(v.constant()) : describe(v));
        return v.constant().as_int(0);
    }

    static Variable placeholder(const Variable& of, const Type& type)
    {
        const Variable v = detail::make_leaf(Leaf::input, type, of.name(), {}, of.location());
        v.value()->node->weak = of.is_weak();
        return v;
    }

    Step run() const
    {
        Variables x = parts_.x;
        x.insert(x.end(), parts_.state.begin(), parts_.state.end());
        Step step = body_.run(body_.callable, x);
        if (!step.until.is_empty()) refuse(Code::domain, "until is not supported yet");
        if (step.state.size() != parts_.state.size())
            refuse(Code::domain, "the step returns {} states, {} were given", step.state.size(),
                   parts_.state.size());
        for (std::size_t k = 0; k < step.state.size(); ++k)
            if (step.state[k].is_empty())
                refuse(Code::domain, "the step returns an empty Variable as state {}", k);
        for (std::size_t j = 0; j < step.out.size(); ++j)
            if (step.out[j].is_empty())
                refuse(Code::domain, "the step returns an empty Variable as out {}", j + 1);
        return step;
    }

    /// Gives weak start values the types that the step gave them; true if any changed.
    bool fit_weak_states(const Step& step)
    {
        bool any = false;
        for (std::size_t k = 0; k < parts_.state.size(); ++k) {
            Variable& init = parts_.init[k];
            if (!init.is_weak()) continue;
            const Type to = step.state[k].type();
            init = broadcast_to(cast(init, to.dtype(), place_), to.shape(), place_);
            parts_.state[k] = detail::make_leaf(Leaf::input, to, init.name(), {}, place_);
            any = true;
        }
        return any;
    }

    /// A state after the step, of the type that it has before.
    Variable fitting(const Variable& next, std::size_t k) const
    {
        const Type before = parts_.state[k].type();
        if (next.type() == before) return next;
        if (next.is_weak() && next.rank() == 0)
            return broadcast_to(cast(next, before.dtype(), place_), before.shape(), place_);
        if (next.is_weak() && next.dtype() != before.dtype())
            return fitting(cast(next, before.dtype(), place_), k);
        if (next.dtype() != before.dtype())
            refuse(Code::dtype, "state {} is {} before the step and {} after it: {}", k,
                   name(before.dtype()), name(next.dtype()), describe(next));
        const Shape from = next.shape();
        const Shape& to = before.shape();
        bool equal = from.size() == to.size();
        for (std::size_t i = 0; equal && i < from.size(); ++i)
            equal = same(from[i], to[i]) ||
                    (!never_equal(from[i], to[i]) && !(from[i].is_known() && from[i].value() == 1));
        if (!equal)
            refuse(Code::shape, "state {} has shape {} before the step and {} after it: {}", k,
                   to_string(to), to_string(from), describe(next));
        return broadcast_to(next, to, place_); // keeps the undecided equality
    }

    const detail::Body& body_;
    const ScanArgs& args_;
    const Location* place_;
    detail::ScanParts parts_;
};

} // namespace

ScanResult scan(const detail::Body& step, const ScanArgs& args, Where where)
{
    return ScanBuilder(step, args, locate(where, "scan")).build();
}

std::span<const Op* const> control_ops()
{
    static constexpr const Op* ops[] = {&scan_op};
    return ops;
}

} // namespace croton::inline v1
