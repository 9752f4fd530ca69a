#include <croton/ir/build.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/join.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>

#include "batch.hpp"
#include "scan_parts.hpp"

namespace croton::inline v1::detail {

namespace {

/// The loop of a batch while it is made from that of one member.
class BatchScan {
public:
    BatchScan(const Apply& scan, const std::vector<Batched>& x, const Batch& batch)
        : scan_(scan), batch_(batch), from_(take_apart(scan)), to_(from_), x_(x)
    {
        inside_ = from_.x;
        inside_.insert(inside_.end(), from_.state.begin(), from_.state.end());
        inside_.insert(inside_.end(), from_.constant.begin(), from_.constant.end());
        find_own();
    }

    std::vector<Batched> build()
    {
        add_inputs();
        if (masked_)
            begin_mask();
        else if (!batch_.active.is_empty())
            active_ = add_constant(batch_.active);
        batch_body();
        if (masked_) end_mask();
        const Location* place =
            masked_ ? place_of_batch(scan_, "vmap (a loop until all members are done)", batch_)
                    : scan_.location();
        return results(build_scan(to_, place));
    }

private:
    bool own_limit() const { return !from_.limit.is_empty() && x_.back().own; }
    std::size_t sequences() const { return from_.x.size(); }
    std::size_t states() const { return from_.state.size(); }
    Variable all(const Batched& v) const { return all_members(v, batch_.members); }
    Variable of_members(DType dtype, double value) const
    {
        return full(dtype, {batch_.members}, value);
    }

    /// Which inputs of the body each member has its own of: a state where its start or its value
    /// after a step is. Where members stop apart each has all states.
    void find_own()
    {
        for (std::size_t i = 0; i < inside_.size(); ++i)
            own_.push_back(x_[i].own);
        const bool inactive = !batch_.active.is_empty();
        const bool may_stop = !from_.stop.is_empty();
        masked_ = own_limit() || (inactive && (may_stop || !from_.limit.is_empty()));
        Variables ys = from_.next;
        if (may_stop) ys.push_back(from_.stop);
        for (bool again = true; again;) {
            again = false;
            const std::vector<bool> depends = depend(ys, inside_, own_, inactive);
            masked_ = masked_ || (may_stop && depends.back());
            for (std::size_t k = 0; k < states(); ++k) {
                if (own_[sequences() + k] || !(depends[k] || masked_)) continue;
                own_[sequences() + k] = again = true;
            }
        }
    }

    /// In a sequence steps come first, then members.
    void add_inputs()
    {
        for (std::size_t i = 0; i < inside_.size(); ++i) {
            const std::size_t state = i - sequences(), constant = state - states();
            const bool in_sequences = i < sequences(),
                       in_states = !in_sequences && state < states();
            Variable& outer = in_sequences ? to_.sequences[i]
                              : in_states  ? to_.init[state]
                                           : to_.constants[constant];
            Variable& inner = in_sequences ? to_.x[i]
                              : in_states  ? to_.state[state]
                                           : to_.constant[constant];
            outer = x_[i].value;
            if (!own_[i]) continue;
            outer = in_sequences ? moveaxis(outer, 0, 1) : all(x_[i]);
            inner = placeholder_for_all(inside_[i], batch_.members);
        }
        if (from_.limit.is_empty()) return;
        to_.limit = x_.back().value;
        if (!from_.endless) to_.limit = minimum(to_.limit, cast(Variable(from_.steps), DType::i64));
        // Nothing is run for members that are not active.
        const Variable& active = batch_.active;
        if (own_limit()) {
            limits_ = active.is_empty() ? to_.limit : choose(active, to_.limit, 0);
            to_.limit = max(concatenate({limits_, zeros(DType::i64, {1})}));
        } else if (!active.is_empty()) {
            to_.limit = where(any(active), to_.limit, 0);
        }
    }

    Variable add_constant(const Variable& outer)
    {
        to_.constants.push_back(outer);
        to_.constant.push_back(placeholder_like(outer));
        return to_.constant.back();
    }
    Variable add_state(const Variable& init)
    {
        to_.init.push_back(init);
        to_.state.push_back(placeholder_like(init));
        to_.next.emplace_back(); // known at the end of the step
        return to_.state.back();
    }

    /// In the step `active_` are the members that run it.
    void begin_mask()
    {
        if (!from_.stop.is_empty() || !active_.is_empty()) {
            stopped_ =
                add_state(active_.is_empty() ? of_members(DType::boolean, 0) : !batch_.active);
            active_ = !stopped_;
        }
        if (own_limit()) {
            number_ = add_state(zeros(DType::i64, {}));
            limit_ = add_constant(limits_);
            // All that begin with the first step, or all that end with the last.
            const Variable runs = from_.reverse == from_.at_end
                                      ? number_ < limit_
                                      : number_ >= add_constant(to_.limit) - limit_;
            active_ = both(active_, runs);
        }
        if (!from_.stop.is_empty()) count_ = add_state(of_members(DType::i64, 0));
    }

    void batch_body()
    {
        Batch body = batch_;
        body.active = active_;
        Batcher batcher(body, 0);
        for (std::size_t i = 0; i < inside_.size(); ++i)
            if (own_[i])
                batcher.add(inside_[i], i < sequences() ? to_.x[i]
                                        : i < sequences() + states()
                                            ? to_.state[i - sequences()]
                                            : to_.constant[i - sequences() - states()]);
        for (std::size_t k = 0; k < states(); ++k) {
            const Batched next = batcher(from_.next[k]);
            to_.next[k] = own_[sequences() + k] ? all(next) : next.value;
        }
        for (std::size_t j = 0; j < from_.out.size(); ++j) {
            const Batched out = batcher(from_.out[j]);
            own_out_.push_back(masked_ || out.own);
            to_.out[j] = masked_ ? all(out) : out.value;
        }
        if (!from_.stop.is_empty()) {
            const Batched stop = batcher(from_.stop);
            to_.stop = masked_ ? all(stop) : stop.value;
        }
    }

    /// Members that do not run the step keep their states and collect 0.
    void end_mask()
    {
        const auto& p = scan_.params_as<ScanParams>();
        for (Variable& out : to_.out)
            out = choose(active_, out, zeros(out.dtype(), {}));
        for (std::size_t k = 0; k < states(); ++k) {
            if (p.kept[states() + k])
                to_.out.push_back(choose(active_, to_.next[k], zeros(to_.next[k].dtype(), {})));
            to_.next[k] = choose(active_, to_.next[k], to_.state[k]);
        }
        std::size_t next = states();
        Variable runs_on; // members that run the next step too
        if (!stopped_.is_empty()) {
            const Variable stopped =
                from_.stop.is_empty() ? stopped_ : stopped_ || (active_ && to_.stop);
            to_.next[next++] = stopped;
            runs_on = !stopped;
        }
        if (!number_.is_empty()) {
            to_.next[next++] = number_ + 1;
            if (from_.reverse == from_.at_end) runs_on = both(runs_on, number_ + 1 < limit_);
        }
        if (!count_.is_empty()) {
            to_.next[next++] = count_ + cast(active_, DType::i64);
            to_.stop = !any(runs_on);
        }
    }

    /// The outputs that the member's loop has.
    std::vector<Batched> results(const ScanResult& r) const
    {
        const auto members_first = [](const Variable& v, bool own) {
            return Batched{own ? moveaxis(v, 1, 0) : v, own};
        };
        const auto& p = scan_.params_as<ScanParams>();
        std::vector<Batched> kept;
        std::size_t masked_history = from_.out.size();
        for (std::size_t k = 0; k < p.kept.size(); ++k) {
            if (!p.kept[k]) continue;
            const std::size_t state = k % std::max<std::size_t>(states(), 1);
            if (k < states())
                kept.push_back({r.last[k], own_[sequences() + k]});
            else if (k < 2 * states() && masked_)
                kept.push_back(members_first(r.out[masked_history++], true));
            else if (k < 2 * states())
                kept.push_back(members_first(r.history[state], own_[sequences() + state]));
            else if (k + 1 < p.kept.size())
                kept.push_back(members_first(r.out[k - 2 * states()], own_out_[k - 2 * states()]));
            else
                kept.push_back(masked_ ? Batched{r.last.back(), true} : Batched{r.count, false});
        }
        return kept;
    }

    const Apply& scan_;
    const Batch& batch_;
    ScanParts from_, to_;
    const std::vector<Batched>& x_;
    Variables inside_;      ///< inputs of the member's body
    std::vector<bool> own_; ///< of these
    std::vector<bool> own_out_;
    bool masked_ = false;  ///< members stop apart
    Variable active_ = {}; ///< in the step: the members that run it
    Variable limits_ = {}; ///< outside: of each member
    Variable stopped_ = {}, number_ = {}, limit_ = {}, count_ = {};
};

} // namespace

std::vector<Batched>
batch_scan(const Apply& scan, const std::vector<Batched>& x, const Batch& batch)
{
    return BatchScan(scan, x, batch).build();
}

} // namespace croton::inline v1::detail
