#include "mask_algebra.hpp"

#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>

#include <span>
#include <unordered_set>

namespace croton::inline v1::detail {

namespace {

constexpr std::size_t small_graph = 16;                     // nodes
constexpr std::int64_t small_array = std::int64_t{1} << 18; // elements

bool is_of(const Variable& v, const Op& op) { return v.owner() && &v.owner().op() == &op; }

/// Few nodes over constants alone, with every extent known.
bool is_cheap_constant(const Variable& v)
{
    std::vector<Variable> open{v};
    std::unordered_set<const Value*> met;
    while (!open.empty()) {
        const Variable at = open.back();
        open.pop_back();
        if (!met.insert(at.value()).second) continue;
        const Extent count = element_count(at.shape());
        if (met.size() > small_graph || !count.is_known() || count.value() > small_array)
            return false;
        if (const Apply a = at.owner())
            open.insert(open.end(), a.inputs().begin(), a.inputs().end());
        else if (at.leaf() != Leaf::constant)
            return false;
    }
    return true;
}

bool is_always_true(const Variable& mask)
{
    if (!is_cheap_constant(mask)) return false;
    const Array value = evaluate_reference({}, {}, std::span(&mask, 1))[0];
    for (std::int64_t i = 0; i < value.size(); ++i)
        if (value.as_double(i) == 0) return false;
    return true;
}

bool are_opposite(const Variable& a, const Variable& b)
{
    const Variable x = unbroadcast(a);
    const Variable y = unbroadcast(b);
    const auto negates = [](const Variable& v, const Variable& of) {
        return is_of(v, logical_not_op) && same(unbroadcast(v.owner().input(0)), of);
    };
    return negates(x, y) || negates(y, x);
}

} // namespace

Variable unbroadcast(Variable v)
{
    while (is_of(v, broadcast_to_op))
        v = v.owner().input(0);
    return v;
}

Variable either_mask(const Variable& a, const Variable& b)
{
    if (a.is_empty() || b.is_empty() || are_opposite(a, b)) return {};
    if (same(a, b)) return a;
    // Both sides of a `where` whose own cotangent has a mask.
    if (is_of(a, logical_and_op) && is_of(b, logical_and_op) &&
        same(a.owner().input(0), b.owner().input(0)) &&
        are_opposite(a.owner().input(1), b.owner().input(1)))
        return a.owner().input(0);
    return a || b;
}

Variable any_along(const Variable& mask, const std::vector<int>& axes)
{
    const Variable small = unbroadcast(mask);
    const int in_front = mask.rank() - small.rank();
    std::vector<int> own;
    for (int axis : axes)
        if (axis >= in_front) own.push_back(axis - in_front);
    const Variable some = own.empty() ? small : any(small, Axis(own));
    if (is_always_true(some)) return {};
    return broadcast_to(some, without_axes(mask.shape(), axes));
}

Variable opposite_mask(const Variable& mask)
{
    return broadcast_to(!unbroadcast(mask), mask.shape());
}

} // namespace croton::inline v1::detail
