#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/step_scope.hpp>

#include <algorithm>

#include "capture.hpp"
#include "node.hpp"
#include "param_checks.hpp"
#include "scan_chunks.hpp"
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

/// Whether a state after the step may have the shape before it: one of 1 is not broadcast.
bool may_fit(const Shape& after, const Shape& before)
{
    return std::ranges::equal(after, before, [](const Extent& from, const Extent& to) {
        return same(from, to) ||
               (!never_equal(from, to) && !(from.is_known() && from.value() == 1));
    });
}

/// Of a state after the step as the step gave it: where its extents are only known to be the
/// state's when the function runs, scan() broadcasts it to those, so that the body has one type,
/// and what that requires is told of the state.
Type given_type(const Variable& next, const Location* scan)
{
    const Apply a = next.owner();
    const bool fitted = a && &a.op() == &broadcast_to_op && a.location() == scan &&
                        may_fit(a.input(0).shape(), next.shape());
    return fitted ? a.input(0).type() : next.type();
}

void check_scalar(ShapeArgs& args, const Variable& v, DType dtype, std::string_view what)
{
    if (v.dtype() != dtype || v.rank() != 0)
        args.refuse(Code::domain, fmt::format("{} is {}, not a scalar {}", what,
                                              to_string(v.type()), name(dtype)));
}

/// That the body fits what goes in and what is said of it: a stored graph may have any.
void check_body(ShapeArgs& args, const ScanParams& p)
{
    const std::span<const Variable> in = p.body.inputs(), out = p.body.outputs();
    detail::check_count(args, in.size() + (p.limited ? 1 : 0), args.operands.size());
    if (p.sequences < 0 || p.states < 0 || p.outs < 0)
        args.refuse(Code::domain, "its parameters have counts below 0");
    const auto sequences = static_cast<std::size_t>(p.sequences);
    const auto states = static_cast<std::size_t>(p.states);
    const auto outs = static_cast<std::size_t>(p.outs);
    if (sequences + states > in.size())
        args.refuse(Code::domain,
                    fmt::format("its parameters are for {} sequences and {} states of {} operands",
                                sequences, states, in.size()));
    detail::check_count(args, states + outs + (p.until ? 1 : 0), out.size());
    detail::check_count(args, p.kept.size(), 2 * states + outs + 1);
    if (!std::ranges::all_of(p.kept, [](int k) { return k == 0 || k == 1; }))
        args.refuse(Code::domain, "its parameters neither keep nor drop a result");
    if (p.kept.back() != 0 && !p.until)
        args.refuse(Code::domain, "its parameters keep a number of steps that is known");
    if (p.endless &&
        (sequences > 0 || std::count(p.kept.begin() + p.states, p.kept.end() - 1, 1) > 0))
        args.refuse(Code::domain, "it has no end, and collects something of each step");
    if (p.until && !p.limited && p.at_end != p.reverse)
        args.refuse(Code::domain, "it may stop early, and does not begin where its steps lie");
    if (p.endless && ((!p.until && !p.limited) || p.reverse || p.at_end || !same(p.steps, 0)))
        args.refuse(Code::domain, "it has no end, and nothing that stops it or a place to begin");
    if (p.snapshots < 0 || (p.snapshots > 0 && (p.until || p.limited || !p.steps.is_known())))
        args.refuse(Code::domain, "its parameters have snapshots of steps that are not known");
    if (p.until) check_scalar(args, out.back(), DType::boolean, "what stops it");
    if (p.limited) check_scalar(args, args.operands.back(), DType::i64, "its limit");
    for (std::size_t i = 0; i < in.size(); ++i) {
        const Variable& given = args.operands[i];
        if (i >= sequences) {
            detail::require_same(args, given.type(), in[i].type(), fmt::format("input {}", i));
            continue;
        }
        const Shape& all = args.shape(i);
        if (all.empty()) args.refuse(Code::shape, fmt::format("sequence {} is a scalar", i + 1));
        detail::require_same(args, Type(given.dtype(), Shape(all.begin() + 1, all.end())),
                             in[i].type(), fmt::format("sequence {}", i + 1));
    }
    for (std::size_t k = 0; k < states; ++k)
        detail::require_same(args, given_type(out[k], args.where), in[sequences + k].type(),
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
    const auto results = p.body.outputs();
    for (const Variable& v : results.first(static_cast<std::size_t>(p.states + p.outs))) {
        if (last.size() < static_cast<std::size_t>(p.states)) last.push_back(v.type());
        collected.emplace_back(v.dtype(), stacked(p.steps, v.shape()));
    }
    last.insert(last.end(), collected.begin(), collected.end());
    last.emplace_back(DType::i64, Shape{});
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

/// Of a step that reaches further back or ahead, each step between would be a state.
constexpr int most_taps = 1000;
/// Each of them is text.
constexpr int most_unrolled = 256;

/// One call of scan(): checks what the user gave, runs the step, builds the Apply.
class ScanBuilder {
public:
    ScanBuilder(const detail::Body& body,
                const ScanArgs& args,
                const Location* place,
                const Variable& limit,
                std::string_view function)
        : body_(body), args_(args), place_(place), function_(function),
          scope_("a step",
                 place && *place->called ? std::string_view(place->called) : function,
                 place,
                 function == "scan" ? "its last, history or out" : "what that gives")
    {
        refuse_unsupported();
        check_given();
        parts_.reverse = args.reverse;
        parts_.limit = limit;
        parts_.endless = !limit.is_empty() && args.steps.is_empty();
        if (!parts_.endless) parts_.steps = steps();
        for (std::size_t i = 0; i < args.sequences.size(); ++i)
            add_sequence(args.sequences[i], i);
        for (const State& s : args.init)
            add_state(s);
    }

    ScanResult build()
    {
        Step step = run();
        if (fit_weak_states(step)) step = run();
        for (std::size_t k = 0; k < step.state.size(); ++k)
            step.state[k] = fitting(step.state[k], k);
        const Variables next = with_lags(step.state);
        Variables placeholders = parts_.x;
        placeholders.insert(placeholders.end(), parts_.state.begin(), parts_.state.end());
        Variables results = next;
        results.insert(results.end(), step.out.begin(), step.out.end());
        if (!step.until.is_empty()) results.push_back(step.until);
        detail::Captured closed = detail::capture(placeholders, results);
        const auto inside = closed.region.inputs().subspan(placeholders.size());
        parts_.constant.assign(inside.begin(), inside.end());
        parts_.constants = std::move(closed.outer);
        const auto outputs = closed.region.outputs();
        const auto middle = outputs.begin() + static_cast<std::ptrdiff_t>(next.size());
        parts_.next.assign(outputs.begin(), middle);
        parts_.out.assign(middle, middle + static_cast<std::ptrdiff_t>(step.out.size()));
        if (!step.until.is_empty()) {
            parts_.stop = outputs.back();
            parts_.at_end = args_.reverse;
        }
        const ScanResult all = build_parts();
        ScanResult result{{}, {}, all.out, all.count};
        for (const Lags& s : states_) {
            result.last.push_back(all.last[s.newest]);
            if (!parts_.endless) result.history.push_back(all.history[s.newest]);
        }
        if (result.count.is_empty()) {
            const OriginScope origin(place_);
            result.count = parts_.limit.is_empty() ? Variable(parts_.steps) : parts_.limit;
        }
        return result;
    }

private:
    template <class... A>
    [[noreturn]] void refuse(Code code, fmt::format_string<A...> text, A&&... values) const
    {
        throw user_error(code, place_, function_, text, std::forward<A>(values)...);
    }

    /// A state as its user gave it: the loop's states from `newest` on, which hold the values of
    /// the last step, the one before, .., as far back as a tap goes.
    struct Lags {
        std::size_t newest;
        std::vector<int> taps;
    };

    // What errors call the variables of a step; a fori_loop's number goes as one of them.
    static constexpr std::string_view step_number = "the step's number";
    bool counts() const { return function_ == "fori_loop"; }
    std::string slice_role(std::size_t i) const
    {
        return counts() ? std::string(step_number) : fmt::format("a slice of sequence {}", i);
    }
    std::string state_role(std::size_t k) const
    {
        return counts() && parts_.endless && k + 1 == args_.init.size()
                   ? std::string(step_number)
                   : fmt::format("state {}", k);
    }

    static int reach(const std::vector<int>& taps) { return -*std::ranges::min_element(taps); }

    /// Rows that a sequence has besides those of the steps, in front and behind.
    static std::pair<int, int> margins(const std::vector<int>& taps)
    {
        return {-std::min(0, *std::ranges::min_element(taps)),
                std::max(0, *std::ranges::max_element(taps))};
    }

    /// The rows that taps of a sequence leave for steps.
    static Extent length(const Sequence& s)
    {
        const auto [before, behind] = margins(s.taps);
        return s.x.extent(0) - Extent(before + behind);
    }

    /// Slices along axis 0.
    Variable
    rows(const Variable& x, const Extent& first, const Extent& last, std::vector<int> dropped) const
    {
        const OriginScope origin(place_);
        SliceParams p = whole(x.shape());
        p.start[0] = first;
        p.stop[0] = last;
        p.dropped = std::move(dropped);
        return slice_of(x, p);
    }

    void add_sequence(const Sequence& s, std::size_t i)
    {
        const Shape shape = s.x.shape();
        const Type row(s.x.dtype(), Shape(shape.begin() + 1, shape.end()));
        const auto [before, behind] = margins(s.taps);
        for (int tap : s.taps) {
            const Extent first(before + tap);
            parts_.sequences.push_back(
                before + behind == 0 ? s.x : rows(s.x, first, length(s) + first, {}));
            parts_.x.push_back(placeholder(s.x, row, slice_role(i)));
        }
    }

    void add_state(const State& s)
    {
        states_.push_back({parts_.state.size(), s.taps});
        const int count = reach(s.taps);
        const bool plain = s.taps == std::vector<int>{-1};
        for (int lag = 1; lag <= count; ++lag) {
            const bool shared = plain || (s.init.is_weak() && s.init.rank() == 0);
            const Extent at(count - lag);
            const Variable init =
                shared ? s.init : rows(with_rows(s.init, count), at, at + Extent(1), {0});
            parts_.init.push_back(init);
            parts_.state.push_back(
                placeholder(s.init, init.type(), state_role(states_.size() - 1)));
        }
    }

    /// The start of a state with taps: that it has so many rows may only show at the call.
    Variable with_rows(const Variable& init, int count) const
    {
        Shape shape = init.shape();
        shape[0] = count;
        return broadcast_to(init, shape, place_);
    }

    /// What the loop's states are after a step: each lag is the one before it.
    Variables with_lags(const Variables& newest) const
    {
        Variables next;
        for (std::size_t k = 0; k < states_.size(); ++k)
            for (int lag = 0; lag < reach(states_[k].taps); ++lag)
                next.push_back(
                    lag == 0 ? newest[k]
                             : parts_.state[states_[k].newest + static_cast<std::size_t>(lag - 1)]);
        return next;
    }

    ScanResult build_parts() const
    {
        const Extent& every = args_.checkpoint.every();
        const int snapshots = args_.checkpoint.snapshots();
        if (args_.unroll == 1 && same(every, 0) && snapshots == 0)
            return detail::build_scan(parts_, place_);
        if (args_.unroll != 1 && !parts_.stop.is_empty())
            refuse(Code::domain, "a loop that may stop early is not unrolled");
        if (snapshots > 0) return build_with_snapshots(snapshots);
        const bool root = same(every, square_root);
        return detail::build_in_chunks(parts_, root ? detail::root_of(parts_.steps) : every,
                                       args_.unroll, place_);
    }

    ScanResult build_with_snapshots(int snapshots) const
    {
        if (!parts_.stop.is_empty())
            refuse(Code::domain,
                   "binomial checkpoints need a loop that runs all its steps, without until: "
                   ".checkpoint = k (the states of every k-th step) or square_root take any loop");
        if (!parts_.steps.is_known())
            refuse(Code::domain,
                   "binomial checkpoints need a number of steps that is known before the call, not "
                   "{}: .checkpoint = k (the states of every k-th step) or square_root take any "
                   "loop",
                   to_string(parts_.steps));
        return detail::build_with_snapshots(parts_, snapshots, args_.unroll, place_);
    }

    void refuse_unsupported() const
    {
        if (args_.unroll < 1 || args_.unroll > most_unrolled)
            refuse(Code::domain, "unroll is {}, not from 1 to {}", args_.unroll, most_unrolled);
        const Extent& every = args_.checkpoint.every();
        if (never_more(every, -1) && !same(every, square_root))
            refuse(Code::domain, "checkpoint is {}: a number of steps, or square_root",
                   to_string(every));
    }

    void check_given() const
    {
        std::size_t sequences = 0, states = 0; // parameters of the step
        for (std::size_t i = 0; i < args_.sequences.size(); ++i) {
            const Variable& x = args_.sequences[i].x;
            if (x.is_empty()) refuse(Code::domain, "sequence {} is an empty Variable", i);
            if (x.rank() == 0)
                refuse(Code::shape, "sequence {} is a scalar, {}: it has no axis of steps", i,
                       describe(x));
            check_taps("sequence", i, args_.sequences[i].taps);
            sequences += args_.sequences[i].taps.size();
        }
        for (std::size_t k = 0; k < args_.init.size(); ++k) {
            check_init(args_.init[k], k);
            states += args_.init[k].taps.size();
        }
        if (body_.arity < 0 || static_cast<std::size_t>(body_.arity) == sequences + states) return;
        const auto given = [](std::size_t values, std::size_t of, std::string_view thing) {
            return values == of
                       ? counted(of, thing)
                       : fmt::format("{} of {}", counted(values, "tap"), counted(of, thing));
        };
        refuse(Code::domain, "the step takes {}, given {} and {}",
               counted(body_.arity, "parameter"),
               given(sequences, args_.sequences.size(), "sequence"),
               given(states, args_.init.size(), "state"));
    }

    void check_taps(std::string_view what, std::size_t i, const std::vector<int>& taps) const
    {
        if (taps.empty()) refuse(Code::domain, "{} {} has no taps", what, i);
        for (int tap : taps)
            if (tap < -most_taps || tap > most_taps)
                refuse(Code::domain, "tap {} of {} {}: at most {} steps away", tap, what, i,
                       most_taps);
        for (std::size_t a = 0; a < taps.size(); ++a)
            if (std::count(taps.begin(), taps.end(), taps[a]) > 1)
                refuse(Code::domain, "{} {} has tap {} twice: ({})", what, i, taps[a],
                       fmt::join(taps, ", "));
    }

    void check_init(const State& s, std::size_t k) const
    {
        if (s.init.is_empty()) refuse(Code::domain, "state {} starts as an empty Variable", k);
        check_taps("state", k, s.taps);
        for (int tap : s.taps)
            if (tap >= 0)
                refuse(Code::domain, "tap {} of state {}: only values of steps before are there",
                       tap, k);
        if (s.taps == std::vector<int>{-1} || (s.init.is_weak() && s.init.rank() == 0)) return;
        const int rows = reach(s.taps);
        if (s.init.rank() == 0)
            refuse(Code::shape, "state {} has taps ({}), so its start needs {}: {}", k,
                   fmt::join(s.taps, ", "), counted(rows, "row"), describe(s.init));
        if (never_equal(s.init.extent(0), rows))
            refuse(Code::shape, "state {} has taps ({}), so its start needs {}, not {}: {}", k,
                   fmt::join(s.taps, ", "), counted(rows, "row"), to_string(s.init.extent(0)),
                   describe(s.init));
    }

    /// Given, or the length of the sequences; all of these must agree.
    Extent steps() const
    {
        if (args_.steps.is_empty() && args_.sequences.empty())
            refuse(Code::domain, "without sequences the number of steps is needed: .steps = n");
        const Extent steps = args_.steps.is_empty()
                                 ? length(args_.sequences[0])
                                 : detail::known_steps(args_.steps, function_, place_);
        for (std::size_t i = 0; i < args_.sequences.size(); ++i) {
            const Extent rows = length(args_.sequences[i]);
            if (rows.is_known() && rows.value() < 0)
                refuse(Code::shape, "taps ({}) need {} of sequence {}, which has {}: {}",
                       fmt::join(args_.sequences[i].taps, ", "),
                       counted(args_.sequences[i].x.extent(0).value() - rows.value(), "row"), i,
                       to_string(args_.sequences[i].x.extent(0)), describe(args_.sequences[i].x));
            if (!never_equal(rows, steps)) continue;
            if (args_.steps.is_empty())
                refuse(Code::shape, "sequences have different lengths: {} of {} and {} of {}",
                       to_string(steps), describe(args_.sequences[0].x), to_string(rows),
                       describe(args_.sequences[i].x));
            refuse(Code::shape, "{} for a sequence of length {}: {}",
                   counted(to_string(steps), "step"), to_string(rows),
                   describe(args_.sequences[i].x));
        }
        if (steps.is_known() && steps.value() < 0) refuse(Code::domain, "{} steps", steps.value());
        return steps;
    }

    Variable placeholder(const Variable& of, const Type& type, const std::string& role) const
    {
        const Variable v = scope_.variable(type, of.name(), of.location(), role);
        v.value()->node->weak = of.is_weak();
        return v;
    }

    Step run() const
    {
        Variables x = parts_.x;
        for (const Lags& s : states_)
            for (int tap : s.taps)
                x.push_back(parts_.state[s.newest + static_cast<std::size_t>(-tap - 1)]);
        Step step = body_.run(body_.callable, x);
        if (!step.until.is_empty() &&
            (step.until.dtype() != DType::boolean || step.until.rank() != 0))
            refuse(Code::dtype, "until is {}, not a bool scalar: {}", to_string(step.until.type()),
                   describe(step.until));
        if (step.state.size() != states_.size())
            refuse(Code::domain, "the step returns {} states, {} were given", step.state.size(),
                   states_.size());
        if (step.state.empty() && step.out.empty() && step.until.is_empty())
            refuse(Code::domain, "the step returns nothing");
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
        for (std::size_t s = 0; s < states_.size(); ++s) {
            const Type to = step.state[s].type();
            for (int lag = 0; lag < reach(states_[s].taps); ++lag) {
                const std::size_t k = states_[s].newest + static_cast<std::size_t>(lag);
                Variable& init = parts_.init[k];
                if (!init.is_weak()) continue;
                init = broadcast_to(cast(init, to.dtype(), place_), to.shape(), place_);
                parts_.state[k] = scope_.variable(to, init.name(), place_, state_role(s));
                any = true;
            }
        }
        return any;
    }

    /// A state after the step, of the type that it has before.
    Variable fitting(const Variable& next, std::size_t k) const
    {
        const Type before = parts_.state[states_[k].newest].type();
        if (next.type() == before) return next;
        const bool fits = next.is_weak() && detail::can_become(next, before.dtype());
        if (fits && next.rank() == 0)
            return broadcast_to(
                cast(literal_as(next, before.dtype(), function_, place_), before.dtype(), place_),
                before.shape(), place_);
        if (fits && next.dtype() != before.dtype())
            return fitting(cast(next, before.dtype(), place_), k);
        if (next.dtype() != before.dtype())
            refuse(Code::dtype, "state {} is {} before the step and {} after it: {}", k,
                   name(before.dtype()), name(next.dtype()), describe(next));
        const Shape from = next.shape();
        const Shape& to = before.shape();
        if (!may_fit(from, to))
            refuse(Code::shape, "state {} has shape {} before the step and {} after it: {}", k,
                   to_string(to), to_string(from), describe(next));
        return broadcast_to(next, to, place_); // keeps the undecided equality
    }

    const detail::Body& body_;
    const ScanArgs& args_;
    const Location* place_;
    std::string_view function_; ///< the user's, for errors
    detail::StepScope scope_;
    std::vector<Lags> states_;
    detail::ScanParts parts_;
};

} // namespace

ScanResult scan(const detail::Body& step, const ScanArgs& args, Where where)
{
    return ScanBuilder(step, args, locate(where, "scan"), {}, "scan").build();
}

Extent detail::known_steps(const Variable& steps, std::string_view function, const Location* place)
{
    if (const Apply a = steps.owner(); a && &a.op() == &extent_value_op)
        return a.params_as<ExtentParams>().extent;
    const bool constant = steps.leaf() == Leaf::constant;
    if (!constant || steps.rank() != 0 || !is_integer(steps.dtype()))
        throw user_error(
            Code::domain, place, function,
            "steps must be a whole number or an Extent, fori_loop takes computed ones: "
            "{}",
            constant ? to_string(steps.constant()) : describe(steps));
    return steps.constant().as_int(0);
}

ScanResult detail::limited_scan(const Body& step,
                                const ScanArgs& args,
                                const Variable& limit,
                                std::string_view function,
                                const Location* place)
{
    return ScanBuilder(step, args, place, limit, function).build();
}

std::span<const Op* const> control_ops()
{
    static constexpr const Op* ops[] = {&scan_op, &switch_op, &recompute_op};
    return ops;
}

} // namespace croton::inline v1
