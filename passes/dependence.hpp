#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/array.hpp>
#include <croton/ir/inputs_first.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/variable.hpp>

#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "constant_values.hpp"
#include "element_sets.hpp"

namespace croton::inline v1::detail {

/// Which elements of x each element of a value depends on, carried forward through the graph as
/// sets: never too few. An op of which nothing better is known depends on all that its operands do,
/// and so does a value whose extents are symbols.
///
///   lowering        what its elements depend on
///   Pointwise       where no constant makes the slope 0
///   IndexMap        where its reference takes them from: it is run on the numbers of elements
///   Gather, Scatter  the places that constant indices name, or all along the axes of others
///   Contract        terms where a constant operand is not 0
///   Scan            step by step, where they are known and few; otherwise until nothing is new
///   Switch          what any branch does
///   custom_op       what its own rule says
class Dependence {
public:
    Dependence(std::string_view function, const Location* place);

    void given(const Variable& v, Sets sets);
    /// A value that is known within a loop's step.
    void given(const Variable& v, Array value);

    /// Those of the elements of `y`.
    /// errors  UserError: an op on the way has no derivative; more than 2^27 elements.
    Sets of(const Variable& y);
    /// What `v` is, if it follows from constants; otherwise an empty one.
    Array value(const Variable& v) { return constants_.value(v); }

private:
    /// What holds in each step of a loop.
    struct Shared {
        std::unordered_map<const Node*, std::vector<std::int64_t>> moves;
        Variables kept; ///< nodes above, alive, and those of expressions that were written
    };
    /// Where a gather or scatter finds its elements in the data; -1: out of range.
    struct Places {
        std::vector<std::int64_t> at;
        std::vector<std::size_t> open; ///< axes of the data whose index is not known, and is 0 here
    };
    Dependence(const Dependence& around, std::shared_ptr<Shared> shared);

    void push(const Apply& apply);
    void push_by_lowering(const Apply& apply);
    Sets pointwise(const Apply& apply);
    Sets moved(const Apply& apply);
    Sets gathered(const Apply& apply, const Gather& gather);
    Sets scattered(const Apply& apply, const Scatter& scatter);
    Sets reduced(const Apply& apply);
    Sets accumulated_along(const Apply& apply, const Prefix& prefix);
    Sets product_of(const Apply& apply);
    Sets all_terms_of(const Apply& apply, std::size_t operand);
    Sets by_rule(const Apply& apply, std::size_t output);
    void push_scan(const Apply& apply);
    void push_steps(const Apply& apply);
    void push_any_steps(const Apply& apply);
    void push_switch(const Apply& apply);
    Places places_of(const Apply& apply,
                     std::vector<GatherAxis> (*map)(const IndexMapArgs&),
                     const Variable& elements);

    Sets sets(const Variable& v) const;
    std::vector<Sets> sets_of_inputs(const Apply& apply) const;
    bool is_known(const Apply& apply) const;

    std::string_view function_;
    const Location* place_;
    std::shared_ptr<Shared> shared_;
    std::unordered_map<const Value*, Sets> of_;
    ConstantValues constants_;
    Variables kept_; ///< values above, alive
};

/// Calls `push(apply)` for what `y` depends on and `known` (a map by Value) does not have, operands
/// first. Nothing flows through integers, nor through what is a constant to gradients.
template <class Known, class Push>
void along_derivatives(const Variable& y, const Known& known, const Push& push)
{
    std::unordered_set<const Node*> entered; // looked up only
    const auto enter = [&](const Variable& v) {
        const Apply a = v.owner();
        return a && is_float(v.dtype()) && !known.contains(v.value()) &&
               !std::holds_alternative<StopsGradient>(a.op().grad) &&
               entered.insert(a.node()).second;
    };
    inputs_first(y, enter, [&](const Node* node) { push(apply_of(node)); });
}

/// In C order.
std::vector<std::int64_t> integers(const Array& a);

/// The extents, or nothing where one is a symbol.
bool known_extents(const Variable& v, std::vector<std::int64_t>& extents);

} // namespace croton::inline v1::detail
