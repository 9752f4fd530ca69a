#pragma once

#include <croton/codegen/clusters.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/hash_index.hpp>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "late_rows.hpp"
#include "product_operands.hpp"

namespace croton::inline v1::codegen {

bool is_structured(const Op& op);

/// More elements in the result than in the operand: each is read several times.
bool repeats(const Apply& apply);

/// Whether so many arrays are joined that each gets a loop of its own in a map, where a reduction
/// would test each element for all of them.
bool joins_many(const Apply& apply);

/// Values that are computed once and kept, rather than inside whatever reads them.
class Roots {
public:
    /// `prologues`: products may compute their operands.
    Roots(std::span<const Variable> outputs, bool prologues);
    const std::vector<Apply>& order() const { return order_; }
    bool contains(const Variable& v) const
    {
        const Known* const known = known_.find(v.value());
        return known && known->is_root;
    }
    /// Leaves and roots have memory.
    Kept kept() const
    {
        return [this](const Variable& v) { return !v.value()->node->op || contains(v); };
    }
    /// Of a loop whether it is one kernel, and the axes of its members, if it is.
    struct Loop {
        bool is_kernel = false;
        Shape members = {};
    };
    const Loop& loop(const Apply& scan) const;
    /// What is read of an input: itself, or what a loop in `run` reads row by row where it lies.
    Variables read_for(const Apply& a, std::size_t input) const;
    /// Why an operand of a product is stored; empty for what is a root for another reason.
    std::string why_stored(const Variable& v) const;

private:
    void mark(const Variable& v)
    {
        if (v.value()->node->op) known_[v.value()].is_root = true;
    }
    void visit(const Apply& a);
    /// The function that an op is a part of, or null.
    static const Op* whole_of(const Apply& a);
    /// How often its value is read; of a part of a function, that part which is read most often:
    /// where one is kept, so are those that were computed with it.
    int uses_of(const Apply& a) const;
    std::size_t computed_in_strips(const Apply& a) const;
    bool gathers(const Variable& v) const;
    void mark_inputs(const Apply& a);
    void mark_late_rows(const Apply& loop);
    std::optional<LateRows> late_rows_of(const Apply& a, std::size_t input) const;
    /// The operand of a product is read where it lies, or computed by its prologue.
    void mark_operand(const Apply& product, std::size_t operand);
    /// What it takes to compute an element of a value from the roots behind it.
    struct Effort {
        int flops = 0;
        int statements = 1;
    };
    struct Known {
        bool is_root = false;
        int uses = 0;
        Effort effort;
    };
    Effort effort_of(const Variable& v) const;

    std::vector<Apply> order_;
    bool prologues_;
    detail::PointerMap<detail::Value, Known> known_;
    std::map<std::pair<const Op*, const detail::Value*>, int> whole_uses_; ///< looked up only
    std::unordered_map<const detail::Value*, std::string> why_stored_;
    mutable std::unordered_map<const detail::Node*, Loop> loops_; ///< those asked for: a trial each
};

} // namespace croton::inline v1::codegen
