#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/hash_index.hpp>
#include <croton/ir/variable.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace croton::inline v1 {

/// Numbers of the values of a graph: what is computed alike from leaves of one class has one
/// number. Classes may be refined and the graph numbered again, for a hash an Apply.
class ValueNumbers {
public:
    using Id = std::uint32_t;
    using Classes = detail::PointerMap<detail::Value, Id>;

    explicit ValueNumbers(std::span<const Variable> outputs);

    /// `classes` of leaves, below `count`. Of the others each is its own, constants are by what
    /// they hold.
    void number(const Classes& classes, Id count);

    Id of(const Variable& v) const { return numbers_[*places_.find(v.value())]; }
    const std::vector<Apply>& applies() const { return applies_; }

private:
    void add(const Variable& v);
    bool computes_alike(std::size_t a, std::size_t b) const;
    std::span<const Id> operands(std::size_t apply) const;

    Variables leaves_;
    std::vector<Id> same_constant_; ///< of leaves: the first constant that holds the same
    std::vector<Apply> applies_;
    std::vector<Id> kinds_;    ///< of applies: the first with that op, parameters and types
    std::vector<Id> operands_; ///< of applies, one after another: places
    std::vector<std::size_t> first_operand_;
    Classes places_; ///< of values in numbers_
    std::vector<Id> numbers_;
};

} // namespace croton::inline v1
