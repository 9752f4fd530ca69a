#pragma once

#include <croton/codegen/clusters.hpp>
#include <croton/codegen/cost.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "product_operands.hpp"

namespace croton::inline v1::codegen {

bool is_structured(const Op& op);

/// More elements in the result than in the operand: each is read several times.
bool repeats(const Apply& apply);

/// Values that are computed once and kept, rather than inside whatever reads them.
class Roots {
public:
    /// `prologues`: products may compute their operands.
    Roots(std::span<const Variable> outputs, bool prologues)
        : order_(applies_of(outputs)), prologues_(prologues)
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
    /// Leaves and roots have memory.
    Kept kept() const
    {
        return [this](const Variable& v) { return !v.owner() || contains(v); };
    }
    /// Why an operand of a product is stored; empty for what is a root for another reason.
    std::string why_stored(const Variable& v) const
    {
        const auto at = why_stored_.find(v.value());
        return at == why_stored_.end() ? std::string() : at->second;
    }

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
        if (std::holds_alternative<Contract>(op.lowering))
            for (const std::size_t operand : {0, 1})
                mark_operand(a, operand);
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

    /// The operand of a product is read where it lies, or computed by its prologue.
    void mark_operand(const Apply& product, std::size_t operand)
    {
        const Variable& v = product.input(operand);
        const Kept kept = this->kept();
        if (!operand_in_memory(product, operand, kept).is_empty()) return;
        const Variable base = behind_maps(v, kept);
        bool once = true;
        for (Variable x = v;; x = x.owner().input(0)) {
            if (kept(x)) break;
            once &= uses_[x.value()] == 1;
            if (same(x, base)) break;
        }
        std::string why = prologues_ ? why_no_prologue(product, operand, kept, once)
                                     : "products are a library's: they read whole arrays";
        if (why.empty()) return;
        const Kept with_base = [&](const Variable& x) { return kept(x) || same(x, base); };
        const Variable& stored =
            operand_in_memory(product, operand, with_base).is_empty() ? v : base;
        mark(stored);
        why_stored_.emplace(stored.value(), std::move(why));
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
    bool prologues_;
    std::set<const detail::Value*> roots_; // looked up only
    std::unordered_map<const detail::Value*, int> uses_, cost_, statements_;
    std::unordered_map<const detail::Value*, std::string> why_stored_;
};

} // namespace croton::inline v1::codegen
