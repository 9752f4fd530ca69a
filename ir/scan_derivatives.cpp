#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>

#include <algorithm>

#include "mask_algebra.hpp"
#include "ops/delay.hpp"
#include "pull_back.hpp"
#include "scan_parts.hpp"
#include "scan_snapshots.hpp"

namespace croton::inline v1::detail {

namespace {

void append(Variables& to, const Variables& more) { to.insert(to.end(), more.begin(), more.end()); }

/// What the reverse of a loop needs of how it ran.
struct Trace {
    Variables before; ///< states before each step, along axis 0
    Variable limit;   ///< steps that ran; empty: all
};

/// `delayed` with `first` in the row of the first step, where that is neither the first row nor the
/// last, as the loop runs fewer steps than there are.
Variable starting_inside(const Variable& delayed, const Variable& first, const ScanParts& parts)
{
    const Variable start = parts.reverse ? parts.limit - 1 : Variable(parts.steps) - parts.limit;
    Shape rows(delayed.shape().size(), Extent(1));
    rows[0] = parts.steps;
    const Variable is_start = reshape(arange(parts.steps) == start, rows);
    const Variable one = expand_dims(first, 0);
    return where(broadcast_to(is_start, delayed.shape()), broadcast_to(one, delayed.shape()),
                 delayed);
}

/// Histories that were not kept come from the same loop made again.
Trace trace_of(const Apply& scan, const ScanParts& parts)
{
    const auto& p = scan.params_as<ScanParams>();
    const std::size_t states = parts.state.size();
    Trace trace{{}, parts.limit};
    Variables histories;
    for (std::size_t k = 0; k < states; ++k)
        if (const int at = scan_output(p, states + k); at >= 0)
            histories.push_back(scan.output(static_cast<std::size_t>(at)));
    const int count = scan_output(p, p.kept.size() - 1);
    if (count >= 0) trace.limit = scan.output(static_cast<std::size_t>(count));
    if (histories.size() < states || (p.until && count < 0)) {
        const ScanResult again = build_scan(parts, gradient_place(scan));
        histories = again.history;
        if (p.until) trace.limit = again.count;
    }
    const bool inside = !parts.limit.is_empty() && parts.reverse != parts.at_end;
    for (std::size_t k = 0; k < states; ++k) {
        const Variable delayed = delay(histories[k], parts.init[k], parts.reverse);
        trace.before.push_back(inside ? starting_inside(delayed, parts.init[k], parts) : delayed);
    }
    return trace;
}

/// What belongs to a scan's outputs, by group; empty where an output has no cotangent.
struct OutputBars {
    Variables last, history, out;
};

OutputBars by_group(const Apply& scan, const Variables& bars, const Variables& values)
{
    const auto& p = scan.params_as<ScanParams>();
    const auto states = static_cast<std::size_t>(p.states);
    OutputBars groups;
    for (std::size_t k = 0; k < p.kept.size(); ++k) {
        const int at = scan_output(p, k);
        const Variable value = at < 0 || is_zero(bars[static_cast<std::size_t>(at)])
                                   ? Variable()
                                   : values[static_cast<std::size_t>(at)];
        (k < states ? groups.last : k < 2 * states ? groups.history : groups.out).push_back(value);
    }
    return groups;
}

bool any_present(const Variables& all)
{
    return std::ranges::any_of(all, [](const Variable& v) { return !v.is_empty(); });
}

/// A step's part of something collected from each step.
Variable slice_of(const Variable& all)
{
    if (all.is_empty()) return {};
    const Shape shape = all.shape();
    return input("", all.dtype(), Shape(shape.begin() + 1, shape.end()));
}

Variables slices_of(const Variables& all)
{
    Variables slices;
    for (const Variable& v : all)
        slices.push_back(slice_of(v));
    return slices;
}

Variable nowhere(const Variable& like) { return zeros(DType::boolean, like.shape()); }
Variable everywhere(const Variable& like) { return ones(DType::boolean, like.shape()); }
Variable filled_in(const Variable& mask, const Variable& like)
{
    return mask.is_empty() ? everywhere(like) : mask;
}

/// The adjoint loop while it is made. Its states are the cotangents of the active states (those
/// that a cotangent reaches) and the sums of the constants' cotangents; and where masks come in or
/// arise in a step, masks of all of these.
class Adjoint {
public:
    Adjoint(const Apply& scan,
            const MaskedBars& y,
            const std::vector<bool>& wanted,
            std::string_view function,
            const Location* place)
        : scan_(scan), wanted_(wanted), parts_(take_apart(scan)),
          bars_(by_group(scan, y.bars, y.bars)), masks_(by_group(scan, y.bars, y.masks)),
          function_(function), place_(place), history_bar_(slices_of(bars_.history)),
          out_bar_(slices_of(bars_.out)), history_mask_(slices_of(masks_.history)),
          out_mask_(slices_of(masks_.out))
    {
        for (std::size_t k = 0; k < parts_.state.size(); ++k) {
            active_.emplace_back();
            active_mask_.emplace_back();
            if (!bars_.last[k].is_empty() || !bars_.history[k].is_empty()) activate(k);
        }
        if (any_present(masks_.last) || any_present(masks_.history) || any_present(masks_.out))
            mask_states();
    }

    MaskedBars cotangents()
    {
        if (parts_.endless)
            throw user_error(Code::domain, place_, function_,
                             "reverse mode needs a bound on the steps of {}{}: write a while_loop "
                             "with max_steps, or use jvp",
                             written_name(scan_),
                             scan_.location() ? fmt::format(" ({})", to_string(*scan_.location()))
                                              : std::string());
        while (pull_body()) {
        }
        const bool stores = parts_.snapshots == 0;
        const Trace trace = stores ? trace_of(scan_, parts_) : Trace();
        ScanParts adjoint;
        adjoint.required = parts_.required;
        adjoint.steps = parts_.steps;
        adjoint.limit = trace.limit;
        adjoint.reverse = !parts_.reverse;
        adjoint.at_end = parts_.at_end;
        adjoint.x = parts_.x;
        adjoint.sequences = parts_.sequences;
        if (stores) append(adjoint.x, parts_.state);
        append(adjoint.sequences, trace.before);
        add_present(adjoint, history_bar_, bars_.history);
        add_present(adjoint, out_bar_, bars_.out);
        add_present(adjoint, history_mask_, masks_.history);
        add_present(adjoint, out_mask_, masks_.out);
        adjoint.constant = parts_.constant;
        adjoint.constants = parts_.constants;
        add_states(adjoint);
        add_sums(adjoint);
        add_state_masks(adjoint);
        add_unions(adjoint);
        for (const Variables* outs : {&x_.bars, &x_.masks})
            for (const Variable& v : *outs)
                if (!v.is_empty()) adjoint.out.push_back(v);
        if (adjoint.next.empty() && adjoint.out.empty()) {
            const Variables none(scan_.inputs().size());
            return {none, none};
        }
        if (!stores) restore_states(adjoint, parts_);
        drop_unused(adjoint);
        return by_input(build_scan(adjoint, gradient_place(scan_)));
    }

private:
    static void add_present(ScanParts& adjoint, const Variables& inside, const Variables& outside)
    {
        for (std::size_t i = 0; i < inside.size(); ++i) {
            if (inside[i].is_empty()) continue;
            adjoint.x.push_back(inside[i]);
            adjoint.sequences.push_back(outside[i]);
        }
    }

    void activate(std::size_t k)
    {
        active_[k] = placeholder_like(parts_.state[k]);
        if (masked_) active_mask_[k] = placeholder_like(everywhere(parts_.state[k]));
    }

    void mask_states()
    {
        masked_ = true;
        for (std::size_t k = 0; k < active_.size(); ++k)
            if (!active_[k].is_empty())
                active_mask_[k] = placeholder_like(everywhere(parts_.state[k]));
    }

    /// The cotangent of state k after a step: from the next step, and of the history's element.
    void add_state_bar(std::size_t k, Variables& y_bars, Variables& y_masks) const
    {
        if (history_bar_[k].is_empty()) {
            y_bars.push_back(active_[k]);
            y_masks.push_back(active_mask_[k]);
        } else {
            y_bars.push_back(active_[k] + history_bar_[k]);
            y_masks.push_back(either_mask(active_mask_[k], history_mask_[k]));
        }
    }

    /// Pulls back through one step; true if it is to be done again, as that made another state
    /// active or gave the first mask.
    bool pull_body()
    {
        Variables ys, y_bars, y_masks;
        for (std::size_t k = 0; k < active_.size(); ++k) {
            if (active_[k].is_empty()) continue;
            ys.push_back(parts_.next[k]);
            add_state_bar(k, y_bars, y_masks);
        }
        for (std::size_t j = 0; j < out_bar_.size(); ++j) {
            if (out_bar_[j].is_empty()) continue;
            ys.push_back(parts_.out[j]);
            y_bars.push_back(out_bar_[j]);
            y_masks.push_back(out_mask_[j]);
        }
        Variables xs = parts_.x;
        append(xs, parts_.state);
        append(xs, parts_.constant);
        const MaskedBars all = pull_back_masked(ys, y_bars, y_masks, xs, function_, place_);
        const auto part = [&](std::size_t from, std::size_t count) {
            MaskedBars bars;
            for (std::size_t i = from; i < from + count; ++i) {
                bars.bars.push_back(wanted(i) ? all.bars[i] : Variable());
                bars.masks.push_back(wanted(i) ? all.masks[i] : Variable());
            }
            return bars;
        };
        x_ = part(0, parts_.x.size());
        state_ = part(parts_.x.size(), parts_.state.size());
        constant_ = part(parts_.x.size() + parts_.state.size(), parts_.constant.size());
        bool again = false;
        if (!masked_ && any_present(state_.masks)) {
            mask_states();
            again = true;
        }
        for (std::size_t k = 0; k < active_.size(); ++k) {
            if (!active_[k].is_empty() || state_.bars[k].is_empty()) continue;
            activate(k);
            again = true;
        }
        return again;
    }

    /// States' cotangents are always needed: by those of other steps.
    bool wanted(std::size_t input) const
    {
        const bool is_state =
            input >= parts_.x.size() && input < parts_.x.size() + parts_.state.size();
        return is_state || wanted_[input];
    }

    void add_states(ScanParts& adjoint) const
    {
        for (std::size_t k = 0; k < active_.size(); ++k) {
            if (active_[k].is_empty()) continue;
            adjoint.state.push_back(active_[k]);
            adjoint.init.push_back(bars_.last[k].is_empty() ? zeros_like(parts_.init[k])
                                                            : bars_.last[k]);
            adjoint.next.push_back(state_.bars[k].is_empty() ? zeros_like(active_[k])
                                                             : state_.bars[k]);
        }
    }

    void add_sums(ScanParts& adjoint) const
    {
        for (std::size_t i = 0; i < constant_.bars.size(); ++i) {
            if (constant_.bars[i].is_empty()) continue;
            const Variable sum = placeholder_like(parts_.constant[i]);
            adjoint.state.push_back(sum);
            adjoint.init.push_back(zeros_like(parts_.constants[i]));
            adjoint.next.push_back(sum + constant_.bars[i]);
        }
    }

    void add_state_masks(ScanParts& adjoint) const
    {
        for (std::size_t k = 0; k < active_.size(); ++k) {
            if (active_mask_[k].is_empty()) continue;
            const Variable& init = parts_.init[k];
            adjoint.state.push_back(active_mask_[k]);
            adjoint.init.push_back(bars_.last[k].is_empty() ? nowhere(init)
                                                            : filled_in(masks_.last[k], init));
            adjoint.next.push_back(state_.bars[k].is_empty()
                                       ? nowhere(active_[k])
                                       : filled_in(state_.masks[k], active_[k]));
        }
    }

    /// A constant's element counts if it does in any step.
    void add_unions(ScanParts& adjoint) const
    {
        for (std::size_t i = 0; i < constant_.masks.size(); ++i) {
            if (constant_.masks[i].is_empty()) continue;
            const Variable any = placeholder_like(constant_.masks[i]);
            adjoint.state.push_back(any);
            adjoint.init.push_back(nowhere(parts_.constants[i]));
            adjoint.next.push_back(any || constant_.masks[i]);
        }
    }

    MaskedBars by_input(const ScanResult& run) const
    {
        std::size_t out = 0;
        std::size_t state = 0;
        const auto collect = [&](const Variables& x, const Variables& states,
                                 const Variables& constants) {
            Variables all;
            for (const Variable& v : x)
                all.push_back(v.is_empty() ? Variable() : run.out[out++]);
            for (const Variables* group : {&states, &constants})
                for (const Variable& v : *group)
                    all.push_back(v.is_empty() ? Variable() : run.last[state++]);
            if (!parts_.limit.is_empty()) all.emplace_back();
            return all;
        };
        Variables bars = collect(x_.bars, active_, constant_.bars);
        return {std::move(bars), collect(x_.masks, active_mask_, constant_.masks)};
    }

    const Apply& scan_;
    const std::vector<bool>& wanted_;
    ScanParts parts_;
    OutputBars bars_, masks_;
    std::string_view function_;
    const Location* place_;
    bool masked_ = false;
    Variables active_, active_mask_;    ///< of each state after a step, or empty
    Variables history_bar_, out_bar_;   ///< a step's part of each, or empty
    Variables history_mask_, out_mask_; ///< the same
    MaskedBars x_, state_, constant_;   ///< what one step gives
};

using Tangents = std::vector<Pushed>;

/// The tangent loop while it is made: the loop's own states, and the tangents of those that have
/// one, so that nothing is stored for it.
class Tangent {
public:
    Tangent(const Apply& scan,
            std::span<const Pushed> x_dots,
            std::string_view function,
            const Location* place)
        : scan_(scan), parts_(take_apart(scan)), function_(function), place_(place)
    {
        std::size_t at = 0;
        const auto fill = [&](const Variables& inside, Variables& given, Tangents& inner) {
            for (const Variable& v : inside) {
                const Pushed& x = x_dots[at++];
                given.push_back(x.dot);
                inner.push_back({x.dot.is_empty() ? Variable() : placeholder_like(v), x.refused});
            }
        };
        fill(parts_.x, sequence_dots_, x_dots_);
        fill(parts_.state, init_dots_, state_dots_);
        fill(parts_.constant, constant_dots_, inner_constant_dots_);
    }

    Tangents tangents()
    {
        while (push_body()) {
        }
        ScanParts tangent;
        tangent.required = parts_.required;
        tangent.steps = parts_.steps;
        tangent.reverse = parts_.reverse;
        tangent.at_end = parts_.at_end;
        tangent.endless = parts_.endless;
        tangent.snapshots = parts_.snapshots;
        tangent.stop = parts_.stop;
        tangent.limit = parts_.limit;
        tangent.x = parts_.x;
        tangent.sequences = parts_.sequences;
        add_present(tangent.x, tangent.sequences, x_dots_, sequence_dots_);
        tangent.constant = parts_.constant;
        tangent.constants = parts_.constants;
        tangent.state = parts_.state;
        tangent.init = parts_.init;
        tangent.next = parts_.next;
        add_present(tangent.constant, tangent.constants, inner_constant_dots_, constant_dots_);
        for (std::size_t k = 0; k < state_dots_.size(); ++k) {
            const Variable& state = state_dots_[k].dot;
            if (state.is_empty()) continue;
            tangent.state.push_back(state);
            tangent.init.push_back(init_dots_[k].is_empty() ? zeros_like(parts_.init[k])
                                                            : init_dots_[k]);
            tangent.next.push_back(next_dots_[k].dot.is_empty() ? zeros_like(state)
                                                                : next_dots_[k].dot);
        }
        for (const Pushed& out : out_dots_)
            if (!out.dot.is_empty()) tangent.out.push_back(out.dot);
        if (tangent.next.size() == parts_.next.size() && tangent.out.empty()) return by_output({});
        drop_unused(tangent);
        return by_output(build_scan(tangent, gradient_place(scan_)));
    }

private:
    static void add_present(Variables& inside,
                            Variables& outside,
                            const Tangents& inner,
                            const Variables& given)
    {
        for (std::size_t i = 0; i < inner.size(); ++i) {
            if (inner[i].dot.is_empty()) continue;
            inside.push_back(inner[i].dot);
            outside.push_back(given[i]);
        }
    }

    /// Pushes through one step; true if that gave another state a tangent, or took it one, and it
    /// is to be done again.
    bool push_body()
    {
        Variables xs = parts_.x;
        append(xs, parts_.state);
        append(xs, parts_.constant);
        Tangents dots = x_dots_;
        dots.insert(dots.end(), state_dots_.begin(), state_dots_.end());
        dots.insert(dots.end(), inner_constant_dots_.begin(), inner_constant_dots_.end());
        Variables ys = parts_.next;
        append(ys, parts_.out);
        const Tangents y_dots = push_lazily(ys, xs, dots, function_, place_);
        const auto middle = y_dots.begin() + static_cast<std::ptrdiff_t>(parts_.next.size());
        next_dots_.assign(y_dots.begin(), middle);
        out_dots_.assign(middle, y_dots.end());
        bool again = false;
        for (std::size_t k = 0; k < state_dots_.size(); ++k) {
            Pushed& state = state_dots_[k];
            if (state.refused) continue;
            if (next_dots_[k].refused)
                state = {{}, next_dots_[k].refused};
            else if (state.dot.is_empty() && !next_dots_[k].dot.is_empty())
                state.dot = placeholder_like(parts_.state[k]);
            else
                continue;
            again = true;
        }
        return again;
    }

    Tangents by_output(const ScanResult& run) const
    {
        const auto& p = scan_.params_as<ScanParams>();
        Tangents all;
        // Tangents of states come behind the states.
        const auto spread = [&](const Tangents& which, const Variables& values, std::size_t next) {
            for (const Pushed& w : which)
                all.push_back(
                    {w.dot.is_empty() || values.empty() ? Variable() : values[next++], w.refused});
        };
        spread(state_dots_, run.last, parts_.state.size());
        spread(state_dots_, run.history, parts_.state.size());
        spread(out_dots_, run.out, 0);
        all.emplace_back(); // the number of steps
        Tangents kept;
        for (std::size_t k = 0; k < all.size(); ++k)
            if (scan_output(p, k) >= 0) kept.push_back(all[k]);
        return kept;
    }

    const Apply& scan_;
    ScanParts parts_;
    std::string_view function_;
    const Location* place_;
    Variables sequence_dots_, init_dots_, constant_dots_; ///< given, or empty
    Tangents x_dots_, state_dots_, inner_constant_dots_;  ///< what the body calls them
    Tangents next_dots_, out_dots_;                       ///< what one step gives
};

} // namespace

MaskedBars scan_cotangents(const Apply& scan,
                           const MaskedBars& y,
                           const std::vector<bool>& wanted,
                           std::string_view function,
                           const Location* place)
{
    return Adjoint(scan, y, wanted, function, place).cotangents();
}

std::vector<Pushed> scan_tangents(const Apply& scan,
                                  std::span<const Pushed> x_dots,
                                  std::string_view function,
                                  const Location* place)
{
    return Tangent(scan, x_dots, function, place).tangents();
}

} // namespace croton::inline v1::detail
