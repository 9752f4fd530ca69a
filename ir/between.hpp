#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/variable.hpp>

#include <cstdint>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace croton::inline v1::detail {

enum class MasksOfXs : std::uint8_t { ignored, wanted };

/// What lies between xs and ys. An Apply depends on xs through float values only: integers, bools
/// and what is computed from them alone carry no derivative.
class Between {
public:
    Between(std::span<const Variable> ys,
            std::span<const Variable> xs,
            MasksOfXs masks = MasksOfXs::ignored);

    /// Whether a derivative can flow through `v`: it is an x or depends on one.
    bool contains(const Variable& v) const;
    bool is_x(const Variable& v) const { return xs_.contains(v.value()); }
    /// Whether a mask of v's cotangent can change a gradient (cotangent_mask.hpp), or is asked for.
    bool wants_mask(const Variable& v) const;
    /// Inputs before users.
    const std::vector<Apply>& applies() const { return applies_; }

private:
    struct Facts {
        bool depends = false;
        bool wants_mask = false;
    };
    void walk(const Variable& root);
    Facts facts_of(const Apply& apply) const;

    MasksOfXs masks_;
    std::uint64_t oldest_ = ~std::uint64_t{0};
    std::unordered_set<const Value*> xs_;
    std::unordered_map<const Node*, Facts> facts_;
    std::vector<Apply> applies_;
};

} // namespace croton::inline v1::detail
