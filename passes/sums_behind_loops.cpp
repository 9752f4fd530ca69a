#include <croton/ir/build.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/scan_parts.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/sums_behind_loops.hpp>

#include <algorithm>
#include <map>
#include <variant>

namespace croton::inline v1 {

namespace {

using detail::ScanParts;

bool is_of_elements(const Op& op)
{
    return std::holds_alternative<Pointwise>(op.lowering) ||
           std::holds_alternative<IndexMap>(op.lowering) ||
           std::holds_alternative<Iota>(op.lowering);
}

bool is_sum(const Apply& a)
{
    const auto* reduce = a ? std::get_if<Reduce>(&a.op().lowering) : nullptr;
    return reduce && reduce->monoid == Monoid::sum;
}

class Body {
public:
    explicit Body(const ScanParts& parts) : parts_(parts)
    {
        Variables results = parts.next;
        results.insert(results.end(), parts.out.begin(), parts.out.end());
        if (!parts.stop.is_empty()) results.push_back(parts.stop);
        for (const Variable& v : results)
            ++uses_[v.value()];
        applies_ = applies_of(results);
        for (const Apply& a : applies_)
            for (const Variable& in : a.inputs())
                ++uses_[in.value()];
    }

    /// The sum that each step adds to state k and does nothing else with; none: an empty Apply.
    Apply added_sum(std::size_t k) const
    {
        const Variable& state = parts_.state[k];
        const Apply add = parts_.next[k].owner();
        if (!add || add.op().name != "add" || uses_.at(add.output(0).value()) != 1) return {};
        for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
            const Variable& sum = add.input(1 - i);
            const DType t = sum.dtype();
            if (t != state.dtype()) continue;
            if (same(add.input(i), state) && uses_.at(state.value()) == 1 && is_sum(sum.owner()) &&
                uses_.at(sum.value()) == 1 && !(is_float(t) && size_bytes(t) == 2))
                return sum.owner();
        }
        return {};
    }

    bool is_of_elements_but(const std::vector<Apply>& sums) const
    {
        return std::ranges::all_of(applies_, [&](const Apply& a) {
            return is_of_elements(a.op()) ||
                   std::ranges::any_of(sums, [&](const Apply& s) { return s.node() == a.node(); });
        });
    }

private:
    const ScanParts& parts_;
    std::vector<Apply> applies_;
    std::map<const detail::Value*, int> uses_; // looked up only
};

/// `s + sum(v)` in each step becomes `t + v`, where t begins with 0, and then s + sum(t). Only of
/// sums that nothing else reads; not of 16-bit floats, which would be rounded at each step. One
/// Variable for each output of `scan`; its own outputs if there is no such sum.
Variables sums_behind_scan(const Apply& scan)
{
    const auto& p = scan.params_as<ScanParams>();
    ScanParts parts = detail::take_apart(scan);
    const std::size_t states = parts.state.size();
    const Body body(parts);
    std::map<std::size_t, Apply> sums; // by state
    for (std::size_t k = 0; k < states; ++k)
        if (const Apply sum = body.added_sum(k); sum && scan_output(p, states + k) < 0)
            sums.emplace(k, sum);
    std::vector<Apply> all;
    for (const auto& [k, sum] : sums)
        all.push_back(sum);
    if (all.empty() || !body.is_of_elements_but(all)) return scan.outputs();
    for (const auto& [k, sum] : sums) {
        const OriginScope origin(parts.next[k].owner().location());
        const Variable v = cast(sum.input(0), sum.output(0).dtype());
        parts.init[k] = zeros(v.dtype(), v.shape());
        parts.state[k] = detail::placeholder_like(v);
        parts.next[k] = parts.state[k] + v;
    }
    Variables results = detail::build_kept(parts, p.kept, scan.location());
    for (const auto& [k, sum] : sums) {
        const int at = scan_output(p, k);
        if (at < 0) continue;
        const OriginScope origin(sum.location());
        Variable& last = results[static_cast<std::size_t>(at)];
        const Variable total =
            apply_all(sum.op(), Variables{last}, sum.params(), sum.location())[0];
        last = scan.input(static_cast<std::size_t>(p.sequences) + k) + total;
    }
    return results;
}

} // namespace

Changed SumsBehindLoops::run(Graph& graph, PassContext& context) const
{
    if (context.options.strict) return Changed::no;
    const bool any = graph.rewrite([](const Apply& apply, Variables& out) {
        if (!std::holds_alternative<Scan>(apply.op().lowering)) return false;
        out = sums_behind_scan(apply);
        return !std::ranges::equal(out, apply.outputs(), Same());
    });
    return changed_if(any);
}

} // namespace croton::inline v1
