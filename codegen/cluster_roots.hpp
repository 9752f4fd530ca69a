#pragma once

#include <croton/codegen/clusters.hpp>
#include <croton/ir/apply.hpp>

#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
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
    Roots(std::span<const Variable> outputs, bool prologues);
    const std::vector<Apply>& order() const { return order_; }
    bool contains(const Variable& v) const { return roots_.contains(v.value()); }
    /// Leaves and roots have memory.
    Kept kept() const
    {
        return [this](const Variable& v) { return !v.owner() || contains(v); };
    }
    /// Why an operand of a product is stored; empty for what is a root for another reason.
    std::string why_stored(const Variable& v) const;

private:
    void mark(const Variable& v)
    {
        if (v.owner()) roots_.insert(v.value());
    }
    void visit(const Apply& a);
    /// The operand of a product is read where it lies, or computed by its prologue.
    void mark_operand(const Apply& product, std::size_t operand);
    int cost_of(const Variable& v) const;
    int statements_of(const Variable& v) const;

    std::vector<Apply> order_;
    bool prologues_;
    std::unordered_set<const detail::Value*> roots_; // looked up only
    std::unordered_map<const detail::Value*, int> uses_, cost_, statements_;
    std::unordered_map<const detail::Value*, std::string> why_stored_;
};

} // namespace croton::inline v1::codegen
