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
/// their age.
class Frontier {
public:
    explicit Frontier(std::span<const Variable> placeholders)
    {
        for (const Variable& p : placeholders) {
            inside_.insert(p.value()->node);
            oldest_ = std::min(oldest_, p.value()->node->serial);
        }
    }

    Variables find(std::span<const Variable> outputs)
    {
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
        return a.serial() < oldest_;
    }

    std::uint64_t oldest_ = ~std::uint64_t{0};
    std::unordered_set<const Node*> inside_;
    std::unordered_set<const Value*> seen_;
    Variables outer_;
};

} // namespace

Captured capture(std::span<const Variable> placeholders, std::span<const Variable> outputs)
{
    Captured c;
    c.outer = Frontier(placeholders).find(outputs);
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
