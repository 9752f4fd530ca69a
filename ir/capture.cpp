#include "capture.hpp"

#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <unordered_set>

#include "node.hpp"

namespace croton::inline v1::detail {

namespace {

/// Nodes older than the placeholders were made outside; inputs of others belong there whatever
/// their age. Of a loop, what was made inside but needs no placeholder is computed outside, once,
/// where its value is no longer than what it is made of.
class Frontier {
public:
    explicit Frontier(std::span<const Variable> placeholders)
    {
        for (const Variable& p : placeholders) {
            inside_.insert(p.value()->node);
            oldest_ = std::min(oldest_, p.value()->node->serial);
        }
    }

    Variables find(std::span<const Variable> outputs, Invariants invariants)
    {
        if (invariants == Invariants::outside) find_invariants(outputs);
        std::vector<Variable> stack(outputs.rbegin(), outputs.rend());
        while (!stack.empty()) {
            const Variable v = std::move(stack.back());
            stack.pop_back();
            if (inside_.contains(v.value()->node)) continue;
            if (is_outer(v)) {
                if (seen_.insert(v.value()).second) outer_.push_back(v);
                continue;
            }
            inside_.insert(v.value()->node);
            if (const Apply a = v.owner())
                stack.insert(stack.end(), a.inputs().rbegin(), a.inputs().rend());
        }
        return std::move(outer_);
    }

private:
    bool is_outer(const Variable& v) const
    {
        if (v.leaf() == Leaf::constant) return false;
        const Apply a = v.owner();
        if (!a) return true;
        double value = 0;
        if (&a.op() == &extent_value_op || uniform_value(v, value)) return false;
        return a.serial() < oldest_ || (invariant_.contains(a.node()) && !grows(a));
    }

    /// Inputs before users: those were made later.
    std::vector<Apply> made_inside(std::span<const Variable> outputs) const
    {
        std::vector<Apply> all;
        std::unordered_set<const Node*> seen;
        std::vector<Variable> stack(outputs.begin(), outputs.end());
        while (!stack.empty()) {
            const Apply a = stack.back().owner();
            stack.pop_back();
            if (!a || a.serial() < oldest_ || !seen.insert(a.node()).second) continue;
            all.push_back(a);
            stack.insert(stack.end(), a.inputs().begin(), a.inputs().end());
        }
        std::ranges::sort(all, {}, &Apply::serial);
        return all;
    }

    /// Of the applies made inside, those that reach something outside and no placeholder.
    void find_invariants(std::span<const Variable> outputs)
    {
        for (const Apply& a : made_inside(outputs)) {
            bool outer = false, varies = false;
            for (const Variable& in : a.inputs()) {
                const Node* node = in.value()->node;
                varies |= inside_.contains(node) || varying_.contains(node);
                const Apply from = in.owner();
                outer |= from ? from.serial() < oldest_ || invariant_.contains(node)
                              : in.leaf() != Leaf::constant;
            }
            if (varies)
                varying_.insert(a.node());
            else if (outer)
                invariant_.insert(a.node());
        }
    }

    /// Whether its elements are cheaper to make at each step than to load: those of another array
    /// in other places, or of operands that are all broadcast.
    static bool grows(const Apply& a)
    {
        if (std::holds_alternative<IndexMap>(a.op().lowering)) return true;
        return is_pointwise(a.op()) && a.output().rank() > 0 &&
               std::ranges::all_of(a.inputs(), [](const Variable& in) {
                   const Apply from = in.owner();
                   return in.leaf() == Leaf::constant || (from && &from.op() == &broadcast_to_op);
               });
    }

    std::unordered_set<const Node*> varying_, invariant_;
    std::uint64_t oldest_ = ~std::uint64_t{0};
    std::unordered_set<const Node*> inside_;
    std::unordered_set<const Value*> seen_;
    Variables outer_;
};

} // namespace

Captured capture(std::span<const Variable> placeholders,
                 std::span<const Variable> outputs,
                 Invariants invariants)
{
    Captured c;
    c.outer = Frontier(placeholders).find(outputs, invariants);
    Variables inputs(placeholders.begin(), placeholders.end());
    VariableMap by;
    for (const Variable& v : c.outer) {
        inputs.push_back(make_leaf(Leaf::input, v.type(), v.name(), {}, v.location()));
        by.emplace(v, inputs.back());
    }
    const Variables closed = copy_graph(outputs, by);
    c.region = Region(inputs, closed);
    return c;
}

Region substituted(const Region& region, const Substitution& by)
{
    if (!region || by.empty()) return region;
    Variables inputs;
    VariableMap map;
    bool changed = false;
    for (const Variable& in : region.inputs()) {
        Shape shape = in.shape();
        for (Extent& e : shape)
            e = substitute(e, by);
        if (same(shape, in.shape())) {
            inputs.push_back(in);
            continue;
        }
        inputs.push_back(
            make_leaf(Leaf::input, Type(in.dtype(), shape), in.name(), {}, in.location()));
        map.emplace(in, inputs.back());
        changed = true;
    }
    const Variables outputs = copy_graph(region.outputs(), map, by);
    for (std::size_t i = 0; i < outputs.size(); ++i)
        changed |= !same(outputs[i], region.outputs()[i]);
    return changed ? Region(inputs, outputs) : region;
}

} // namespace croton::inline v1::detail
