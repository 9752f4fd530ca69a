#pragma once

#include <croton/codegen/clusters.hpp>
#include <croton/codegen/cost.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <set>
#include <span>
#include <unordered_map>
#include <variant>
#include <vector>

#include "cluster_index.hpp"

namespace croton::inline v1::codegen {

bool is_structured(const Op& op);

/// More elements in the result than in the operand: each is read several times.
bool repeats(const Apply& apply);

/// Values that are computed once and kept, rather than inside whatever reads them.
class Roots {
public:
    explicit Roots(std::span<const Variable> outputs) : order_(applies_of(outputs))
    {
        for (const Variable& v : outputs)
            mark(v);
        for (const Apply& a : order_)
            for (const Variable& in : a.inputs())
                ++uses_[in.value()];
        for (const Apply& a : order_)
            visit(a);
    }
    const std::vector<Apply>& order() const { return order_; }
    bool contains(const Variable& v) const { return roots_.contains(v.value()); }

private:
    void mark(const Variable& v)
    {
        if (v.owner()) roots_.insert(v.value());
    }

    void visit(const Apply& a)
    {
        const Op& op = a.op();
        if (is_structured(op))
            for (const Variable& out : a.outputs())
                mark(out);
        if (std::holds_alternative<Scan>(op.lowering))
            for (const Variable& in : a.inputs())
                mark(in);
        if (std::holds_alternative<Contract>(op.lowering)) {
            const auto& p = a.params_as<ContractParams>();
            const std::size_t batch = p.a_batch.size();
            const std::size_t summed = p.a_sum.size();
            mark_base(a.input(0), {batch, static_cast<std::size_t>(a.input(0).rank()) - summed});
            mark_base(a.input(1), {batch, batch + summed});
        }
        if (std::holds_alternative<Scatter>(op.lowering)) mark(a.input(0));
        if (repeats(a) && cost_of(a.input(0)) >= flops_worth_storing) mark(a.input(0));
        const Variable y = a.output(0);
        if (roots_.contains(y.value())) return;
        int cost = is_pointwise(op) ? flops(op, y.dtype()) : 1;
        for (const Variable& in : a.inputs())
            cost += cost_of(in);
        statements_[y.value()] = 1;
        for (const Variable& in : a.inputs())
            statements_[y.value()] += statements_of(in);
        cost_[y.value()] = cost;
        const bool shared = uses_[y.value()] > 1 && cost >= flops_worth_storing;
        const bool long_chain = statements_[y.value()] >= most_statements_in_a_vector_loop / 2;
        if (shared || long_chain) mark(y);
    }

    /// The operand of a product is read where it lies: through index maps that only move axes, if
    /// the axes of each class (they end at `classes`) still have one stride together.
    void mark_base(const Variable& v, const std::vector<std::size_t>& classes)
    {
        Variable base = v;
        while (const Apply a = base.owner()) {
            if (!std::holds_alternative<IndexMap>(a.op().lowering) || a.inputs().size() != 1) break;
            base = a.input(0);
        }
        mark(is_strided(v, base, classes) ? base : v);
    }

    /// One value for the whole call, found without reading memory: from extents and literals.
    bool is_constant(const Apply& a)
    {
        const bool fixed = a.output(0).rank() == 0 && !is_structured(a.op()) &&
                           std::ranges::all_of(a.inputs(), [&](const Variable& v) {
                               return v.leaf() == Leaf::constant || constants_.contains(v.value());
                           });
        if (fixed) constants_.insert(a.output(0).value());
        return fixed;
    }

    int cost_of(const Variable& v) const
    {
        if (roots_.contains(v.value())) return 0;
        const auto at = cost_.find(v.value());
        return at == cost_.end() ? 0 : at->second;
    }
    int statements_of(const Variable& v) const
    {
        if (roots_.contains(v.value())) return 1;
        const auto at = statements_.find(v.value());
        return at == statements_.end() ? 1 : at->second;
    }

    std::vector<Apply> order_;
    std::set<const detail::Value*> roots_, constants_; // looked up only
    std::unordered_map<const detail::Value*, int> uses_, cost_, statements_;
};

} // namespace croton::inline v1::codegen
