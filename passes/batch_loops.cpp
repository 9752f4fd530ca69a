#include <croton/ir/batch.hpp>
#include <croton/ir/error.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/scan_parts.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/batch_loops.hpp>

#include <algorithm>

#include "loop_body.hpp"

namespace croton::inline v1 {

namespace {

using detail::PointerSet;
using detail::ScanParts;
using detail::Value;

/// Whether the steps of a loop may be done at once.
class Steps {
public:
    Steps(const ScanParts& parts, const PassOptions& options) : options_(options)
    {
        for (const Variables* group : {&parts.x, &parts.state})
            for (const Variable& v : *group)
                varies_.insert(v.value());
        for (const Variable& v : parts.out) {
            most_ = most_ + bytes_of(v);
            collected_.insert(v.value());
        }
        for (const Variable& v : parts.x)
            most_ = most_ + bytes_of(v);
        for (const Variable& v : parts.next)
            if (!collected_.contains(v.value())) between_ = between_ + bytes_of(v);
        all_fit_ = std::ranges::all_of(applies_of(body_results(parts)),
                                       [&](const Apply& a) { return fits(a); });
    }

    bool are_one() const { return all_fit_ && never_negative(most_ - between_); }

private:
    /// One apply of a step. What does not vary is computed once, as before.
    bool fits(const Apply& a)
    {
        if (std::ranges::none_of(a.inputs(),
                                 [&](const Variable& in) { return varies_.contains(in.value()); }))
            return true;
        for (const Variable& y : a.outputs()) {
            varies_.insert(y.value());
            if (!never_negative(most_ - bytes_of(y))) return false;
        }
        if (computes_elements(a) || is_a<Gather>(a)) return true;
        if (options_.strict) return false;
        for (const Variable& y : a.outputs())
            if (!collected_.contains(y.value())) between_ = between_ + bytes_of(y);
        return is_a<Reduce>(a) || is_a<Prefix>(a) || is_a<Contract>(a) || fits_loop(a);
    }

    /// A loop in a step: its states and what its own steps make are there for each step.
    bool fits_loop(const Apply& a)
    {
        if (!is_a<Scan>(a)) return false;
        const ScanParts inner = detail::take_apart(a);
        if (!inner.stop.is_empty() || !inner.limit.is_empty()) return false;
        for (const Variables* group : {&inner.x, &inner.state, &inner.constant})
            for (const Variable& v : *group)
                varies_.insert(v.value());
        for (const Variable& v : inner.state)
            between_ = between_ + bytes_of(v);
        return std::ranges::all_of(applies_of(body_results(inner)),
                                   [&](const Apply& inside) { return fits(inside); });
    }

    const PassOptions& options_;
    PointerSet<Value> varies_, collected_;
    Extent most_ = 0, between_ = 0;
    bool all_fit_ = true;
};

class Map {
public:
    Map(const Apply& scan, const PassOptions& options)
        : scan_(scan), kept_(scan.params_as<ScanParams>().kept), options_(options),
          parts_(detail::take_apart(scan))
    {}

    /// One Variable for each output; none where it stays a loop.
    Variables batched()
    {
        if (!runs_all_steps()) return {};
        const bool is_kernel = !parts_.state.empty() && fits_a_kernel(scan_);
        const std::vector<std::size_t> states = in_order();
        if (is_kernel || states.size() < parts_.state.size() ||
            !Steps(parts_, options_).are_one() || loses_kernel())
            return {};
        const OriginScope origin(scan_.location());
        Variables last(states.size()), rows(states.size());
        for (const std::size_t k : states) {
            // What all steps have of the state before them.
            rows[k] = of_all_steps({parts_.next[k]})[0];
            last[k] = detail::edge(rows[k], parts_.init[k], !parts_.reverse);
            parts_.x.push_back(parts_.state[k]);
            parts_.sequences.push_back(detail::delay(rows[k], parts_.init[k], parts_.reverse));
        }
        const Variables out = of_all_steps(parts_.out);
        Variables all = last;
        all.insert(all.end(), rows.begin(), rows.end());
        all.insert(all.end(), out.begin(), out.end());
        Variables some;
        for (std::size_t k = 0; k < all.size(); ++k)
            if (kept_[k] != 0) some.push_back(all[k]);
        return some;
    }

private:
    bool fits_a_kernel(const Apply& loop) const
    {
        return options_.fits_a_kernel && options_.fits_a_kernel(loop);
    }

    bool runs_all_steps() const
    {
        return parts_.stop.is_empty() && parts_.limit.is_empty() && !parts_.endless &&
               std::ranges::all_of(parts_.sequences, [&](const Variable& s) {
                   return same(s.shape()[0], parts_.steps);
               });
    }

    /// The states that follow from what is given and from those before them in the list.
    std::vector<std::size_t> in_order() const
    {
        constexpr std::size_t most = 8; // each costs a walk over the body
        if (parts_.state.size() > most) return {};
        std::vector<std::size_t> order;
        PointerSet<Value> open;
        for (const Variable& s : parts_.state)
            open.insert(s.value());
        std::vector<Variables> needs;
        for (const Variable& next : parts_.next)
            needs.push_back(leaves({&next, 1}));
        PointerSet<Value> placed;
        for (std::size_t before = most; before != order.size();) {
            before = order.size();
            for (std::size_t k = 0; k < needs.size(); ++k) {
                const bool ready = std::ranges::none_of(needs[k], [&](const Variable& v) {
                    return open.contains(v.value()) && !placed.contains(v.value());
                });
                if (ready && placed.insert(parts_.state[k].value())) order.push_back(k);
            }
        }
        return order;
    }

    /// `ys` of the body, along a new first axis; with a placeholder for each sequence while they
    /// are made, so that only the body is walked.
    Variables of_all_steps(const Variables& ys) const
    {
        VariableMap outside;
        Variables all;
        for (const Variable& s : parts_.sequences) {
            all.push_back(detail::placeholder_like(s));
            outside.emplace(all.back(), s);
        }
        for (std::size_t i = 0; i < parts_.constant.size(); ++i)
            outside.emplace(parts_.constant[i], parts_.constants[i]);
        return copy_graph(batch(ys, parts_.x, all, parts_.steps, scan_.op().name, scan_.location()),
                          outside);
    }

    /// Whether a step has a loop that is one kernel, and the loop of all steps is none.
    bool loses_kernel() const
    {
        Variables results = parts_.out;
        results.insert(results.end(), parts_.next.begin(), parts_.next.end());
        const auto loops = [](const Variables& ys) {
            std::vector<Apply> all = applies_of(ys);
            std::erase_if(all, [](const Apply& a) { return !is_a<Scan>(a); });
            return all;
        };
        const auto fits = [&](const Apply& a) { return fits_a_kernel(a); };
        if (std::ranges::none_of(loops(results), fits)) return false;
        Variables all = parts_.x;
        all.insert(all.end(), parts_.state.begin(), parts_.state.end());
        Variables of_steps;
        for (const Variable& v : all) {
            Shape shape = v.shape();
            shape.insert(shape.begin(), parts_.steps);
            of_steps.push_back(input("", v.dtype(), shape));
        }
        return !std::ranges::all_of(
            loops(batch(results, all, of_steps, parts_.steps, scan_.op().name, scan_.location())),
            fits);
    }

    const Apply& scan_;
    const std::vector<int>& kept_;
    const PassOptions& options_;
    ScanParts parts_;
};

} // namespace

Changed BatchLoops::run(Graph& graph, PassContext& context) const
{
    return changed_if(graph.rewrite([&](const Apply& apply, Variables& out) {
        if (!is_a<Scan>(apply)) return false;
        try {
            out = Map(apply, context.options).batched();
        } catch (const UserError&) { // an op without a rule for batches
            return false;
        }
        // Extents that are only known to be equal when the function runs make other types.
        return !out.empty() &&
               std::ranges::equal(out, apply.outputs(), [](const Variable& a, const Variable& b) {
                   return a.type() == b.type();
               });
    }));
}

} // namespace croton::inline v1
