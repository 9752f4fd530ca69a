#include <croton/ir/ops/params.hpp>
#include <croton/ir/scan_parts.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/split_loops.hpp>

#include <algorithm>
#include <variant>

namespace croton::inline v1 {

namespace {

using detail::ScanParts;

bool contains(const Variables& list, const Variable& v)
{
    return std::ranges::any_of(list, [&](const Variable& x) { return same(x, v); });
}

class Split {
public:
    Split(const Apply& scan, const PassOptions& options)
        : scan_(scan), options_(options), params_(scan.params_as<ScanParams>()),
          parts_(detail::take_apart(scan)), states_(parts_.state.size())
    {}

    /// One Variable for each output of the loop; its own outputs where nothing changes.
    Variables rewritten()
    {
        if (!parts_.stop.is_empty() || !parts_.limit.is_empty() || parts_.endless ||
            params_.kept.back() != 0)
            return scan_.outputs();
        find_first();
        const auto count = std::ranges::count(is_first_, true);
        if (count == 0 || count == std::ssize(is_first_) || options_.fits_a_kernel(scan_))
            return scan_.outputs();
        for (const Variable& out : parts_.out)
            out_is_first_.push_back(is_made_of_first(out));
        build_first();
        if (!build_rest()) return scan_.outputs();
        Variables all;
        for (std::size_t i = 0; i < params_.kept.size(); ++i)
            if (params_.kept[i] != 0) all.push_back(outputs_[i]);
        return all;
    }

private:
    bool is_small(const Variable& v) const
    {
        const Extent n = element_count(v.shape());
        return n.is_known() && n.value() <= options_.elements_in_registers;
    }

    /// The small states that need no others than such.
    void find_first()
    {
        for (const Variable& s : parts_.state)
            is_first_.push_back(is_small(s));
        bool any = std::ranges::count(is_first_, false) > 0;
        if (!any) is_first_.assign(states_, false);
        while (any) {
            any = false;
            for (std::size_t k = 0; k < states_; ++k)
                if (is_first_[k] && !is_made_of_first(parts_.next[k])) {
                    is_first_[k] = false;
                    any = true;
                }
        }
    }

    /// Whether all that `v` is made of is small, and of states only what runs first.
    bool is_made_of_first(const Variable& v) const
    {
        if (!is_small(v)) return false;
        const auto small = [&](const Variable& x) { return is_small(x); };
        Variables leaves{v};
        for (const Apply& a : applies_of(Variables{v})) {
            if (!std::ranges::all_of(a.outputs(), small)) return false;
            leaves.insert(leaves.end(), a.inputs().begin(), a.inputs().end());
        }
        return std::ranges::all_of(leaves, [&](const Variable& leaf) {
            for (std::size_t k = 0; k < states_; ++k)
                if (same(leaf, parts_.state[k])) return static_cast<bool>(is_first_[k]);
            return is_small(leaf);
        });
    }

    /// A loop of those states for which `first` is as asked, and of the outs of that kind.
    ScanParts part(bool first) const
    {
        ScanParts p = parts_;
        for (Variables* group : {&p.init, &p.state, &p.next, &p.out})
            group->clear();
        for (std::size_t k = 0; k < states_; ++k) {
            if (is_first_[k] != first) continue;
            p.init.push_back(parts_.init[k]);
            p.state.push_back(parts_.state[k]);
            p.next.push_back(parts_.next[k]);
        }
        for (std::size_t j = 0; j < parts_.out.size(); ++j)
            if (out_is_first_[j] == first) p.out.push_back(parts_.out[j]);
        return p;
    }

    /// Builds a part with the outputs that the loop has of it, and histories of `also`.
    void build(ScanParts p, bool first, const std::vector<bool>& also)
    {
        std::vector<std::size_t> places; // in the loop's flags
        for (const std::size_t group : {std::size_t{0}, states_})
            for (std::size_t k = 0; k < states_; ++k)
                if (is_first_[k] == first) places.push_back(group + k);
        for (std::size_t j = 0; j < parts_.out.size(); ++j)
            if (out_is_first_[j] == first) places.push_back(2 * states_ + j);
        std::vector<int> flags;
        for (const std::size_t at : places) {
            const bool history = at >= states_ && at < 2 * states_;
            flags.push_back(params_.kept[at] != 0 || (history && also[at - states_]) ? 1 : 0);
        }
        flags.push_back(0);
        if (std::ranges::count(flags, 1) == 0) return;
        detail::drop_unused(p);
        const Variables results = detail::build_kept(p, flags, scan_.location());
        std::size_t next = 0;
        for (std::size_t i = 0; i < places.size(); ++i)
            if (flags[i] != 0) outputs_[places[i]] = results[next++];
    }

    void build_first()
    {
        outputs_.resize(params_.kept.size());
        const ScanParts rest = part(false);
        Variables results = rest.next;
        results.insert(results.end(), rest.out.begin(), rest.out.end());
        Variables read = results;
        for (const Apply& a : applies_of(results))
            read.insert(read.end(), a.inputs().begin(), a.inputs().end());
        for (const Variable& s : parts_.state)
            is_read_.push_back(contains(read, s));
        build(part(true), true, is_read_);
    }

    /// Whether it fits a kernel then.
    bool build_rest()
    {
        const OriginScope origin(scan_.location());
        ScanParts p = part(false);
        for (std::size_t k = 0; k < states_; ++k) {
            if (!is_first_[k] || !is_read_[k]) continue;
            p.x.push_back(parts_.state[k]);
            p.sequences.push_back(
                detail::delay(outputs_[states_ + k], parts_.init[k], parts_.reverse));
        }
        const Variables first = outputs_;
        build(std::move(p), false, std::vector<bool>(states_, false));
        for (std::size_t i = 0; i < outputs_.size(); ++i)
            if (first[i].is_empty() && !outputs_[i].is_empty())
                return options_.fits_a_kernel(outputs_[i].owner());
        return false;
    }

    const Apply& scan_;
    const PassOptions& options_;
    const ScanParams& params_;
    ScanParts parts_;
    std::size_t states_;
    std::vector<bool> is_first_, out_is_first_;
    std::vector<bool> is_read_; ///< of the states, by what runs after the first ones
    Variables outputs_;         ///< by the loop's flags
};

} // namespace

Changed SplitLoops::run(Graph& graph, PassContext& context) const
{
    if (!context.options.fits_a_kernel) return Changed::no;
    return changed_if(graph.rewrite([&](const Apply& apply, Variables& out) {
        if (!std::holds_alternative<Scan>(apply.op().lowering)) return false;
        out = Split(apply, context.options).rewritten();
        return !std::ranges::equal(out, apply.outputs(), Same());
    }));
}

} // namespace croton::inline v1
