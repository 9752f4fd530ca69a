#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/hash_index.hpp>
#include <croton/ir/variable.hpp>

#include <cstddef>
#include <span>
#include <unordered_map>
#include <vector>

namespace croton::inline v1 {

/// Every Apply that `outputs` need, inputs before users, in an order that depends only on the
/// graph: depth first, operands from left to right. Not into regions. No recursion.
std::vector<Apply> applies_of(std::span<const Variable> outputs);

/// Every leaf that `outputs` need, each once, in the order in which applies_of meets them.
Variables leaves(std::span<const Variable> outputs);

/// A map from Variables of one graph to Variables of another.
using VariableMap = std::unordered_map<Variable, Variable, Hash, Same>;

/// A copy of a graph, made piece by piece: pieces share what one of them has copied already. What
/// does not change is shared with the original, which lives as long as the copying goes on.
class GraphCopy {
public:
    /// As copy_graph has them.
    explicit GraphCopy(const VariableMap& by = {}, Substitution extents = {});

    Variable operator()(const Variable& v);

    /// `to` stands for `from`, of which nothing that uses it was copied yet.
    void replace(const Variable& from, const Variable& to);

private:
    bool all_mapped(const detail::Node* node) const;
    void make(const detail::Node* node);
    std::vector<Requirement> requirements_of(const detail::Node* node) const;

    Substitution extents_;
    detail::PointerMap<detail::Value, Variable> map_;
};

/// `outputs` with the Variables of `by` replaced (an intermediate one cuts what is above it), and
/// extents replaced by `extents`, in types and parameters. What does not change is shared.
Variables copy_graph(std::span<const Variable> outputs,
                     const VariableMap& by,
                     const Substitution& extents = {});

/// Equal for graphs that are equal up to identity, names and lines; inputs count by position.
std::size_t structural_hash(std::span<const Variable> inputs, std::span<const Variable> outputs);
bool structurally_equal(std::span<const Variable> a_inputs,
                        std::span<const Variable> a_outputs,
                        std::span<const Variable> b_inputs,
                        std::span<const Variable> b_outputs);

} // namespace croton::inline v1
