#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/hash_index.hpp>
#include <croton/ir/variable.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1 {

/// The passes' view of an expression: inputs, outputs, and everything that the outputs need. The
/// Applies behind it stay immutable; a change makes new ones, and only what reads them is rebuilt.
/// What no output needs is not in the graph. Regions in parameters are graphs of their own.
///
/// errors   InternalError where a replacement has another type than what it replaces.
/// cost     order and uses are found once a change, O(applies + edges); no recursion.
/// threads  one at a time; other graphs may share its Applies.
class Graph {
public:
    Graph(Variables inputs, Variables outputs);

    const Variables& inputs() const noexcept { return inputs_; }
    const Variables& outputs() const noexcept { return outputs_; }
    /// Every Apply, inputs before users, in an order that depends only on the graph.
    const std::vector<Apply>& order() const;
    std::size_t size() const { return order().size(); }
    /// Place of an Apply in order(); InternalError if it is not in the graph.
    std::size_t position(const Apply& apply) const;
    bool contains(const Apply& apply) const;

    /// One place where a value is read.
    struct Use {
        std::uint32_t apply; ///< position in order()
        std::uint32_t input;
    };
    /// The Applies that read an Apply's outputs (which of them: look at the input), in order.
    std::span<const Use> uses(const Apply& apply) const;
    /// How often `v` is read, as an output of the graph too.
    std::size_t use_count(const Variable& v) const;

    /// Stages: every reader of `old`, outputs too, will read `by`. `by` must not need `old`.
    void replace(const Variable& old, const Variable& by, std::string_view reason);
    /// What stands for `v` after the replacements staged so far.
    Variable resolve(const Variable& v) const;
    /// Carries out what is staged. Whether anything changed.
    bool commit();

    /// Visits each Apply, inputs before users, as it stands after the visits before it. A visitor
    /// that returns true has put what now stands for the Apply's outputs in its second argument,
    /// made of inputs it was shown or of new Applies. Whether anything changed.
    using Visitor = std::function<bool(const Apply&, Variables&)>;
    bool rewrite(const Visitor& visitor);

    /// Structural: equal for graphs that differ only in identity, names and lines. Computing an
    /// equal value twice is another graph than computing it once.
    std::size_t hash() const;

private:
    struct Uses {
        std::vector<std::uint32_t> first; ///< by position, with an end
        std::vector<Use> uses;
    };
    void build_order() const;
    void build_uses() const;
    void forget();
    std::uint32_t find(const detail::Node* node) const;

    Variables inputs_;
    Variables outputs_;
    mutable std::vector<Apply> order_;
    mutable bool ordered_ = false;
    mutable detail::HashIndex positions_;
    mutable bool indexed_ = false;
    mutable Uses uses_;
    mutable bool counted_ = false;
    struct Staged {
        Variable old;
        Variable by;
    };
    mutable std::vector<Staged> staged_;
    detail::HashIndex staged_index_;
};

/// The regions among an Apply's parameters, in the order of its fields.
std::vector<Region> regions_of(const Apply& apply);
/// Whether applies of `op` hold regions.
bool has_regions(const Op& op);
/// The Apply with other regions of the same signature in its parameters.
Variables with_regions(const Apply& apply, std::span<const Region> regions);
/// The Apply reading other inputs of the same types; names and line stay.
Variables with_inputs(const Apply& apply, std::span<const Variable> inputs);

} // namespace croton::inline v1
