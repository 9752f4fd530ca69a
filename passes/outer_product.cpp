#include "outer_product.hpp"

#include <croton/ir/extent.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/ops/linalg.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>

#include <algorithm>
#include <set>

namespace croton::inline v1 {

namespace {

constexpr int no_axis = -1; ///< of an axis of extent 1

/// Which axes of an array of `rank` the indices into one of this shape are, each another one; none
/// where they are not.
std::optional<std::vector<int>>
axes_of(const std::vector<Extent>& index, const Shape& shape, int rank)
{
    std::vector<int> axes;
    for (std::size_t i = 0; i < index.size(); ++i) {
        const Extent& e = index[i];
        if (same(e, 0) && same(shape[i], 1)) {
            axes.push_back(no_axis);
            continue;
        }
        const detail::Atom* const symbol = as_symbol(e);
        int axis = 0;
        while (axis < rank && index_symbol(static_cast<std::size_t>(axis)) != symbol)
            ++axis;
        if (!symbol || axis == rank || std::ranges::find(axes, axis) != axes.end()) return {};
        axes.push_back(axis);
    }
    return axes;
}

struct Source {
    Variable value;
    std::vector<int> axes;
};

/// What `v` has in other places, some of it several times: the array furthest back whose axes are
/// axes of `v`.
Source source_of(Variable v)
{
    const int rank = v.rank();
    std::vector<Extent> index;
    for (int i = 0; i < rank; ++i)
        index.push_back(as_extent(index_symbol(static_cast<std::size_t>(i))));
    Source source{v, *axes_of(index, v.shape(), rank)};
    for (Apply a = v.owner(); a && a.inputs().size() == 1; a = v.owner()) {
        const auto* const moves = std::get_if<IndexMap>(&a.op().lowering);
        if (!moves) break;
        const Type from[] = {a.input(0).type()}, to = v.type();
        const std::vector<IndexPiece> pieces = moves->map({a.params().get(), from, to, index});
        if (pieces.size() != 1 || !pieces[0].guards.empty()) break;
        index = pieces[0].index;
        v = a.input(0);
        if (const auto axes = axes_of(index, v.shape(), rank)) source = {v, *axes};
    }
    return source;
}

bool has(const std::vector<int>& axes, int axis)
{
    return std::ranges::find(axes, axis) != axes.end();
}

/// Without the axes of extent 1, of an array with a first axis more.
Variable squeezed(const Variable& all, std::vector<int>& axes)
{
    std::vector<int> ones;
    for (std::size_t i = 0; i < axes.size(); ++i)
        if (axes[i] == no_axis) ones.push_back(static_cast<int>(i) + 1);
    std::erase(axes, no_axis);
    return ones.empty() ? all : squeeze(all, Axis(ones));
}

/// Of an array with a first axis more.
int place_of(const std::vector<int>& axes, int axis)
{
    return static_cast<int>(std::ranges::find(axes, axis) - axes.begin()) + 1;
}

} // namespace

std::optional<OuterProduct> outer_product(const Apply& product)
{
    Source a = source_of(product.input(0)), b = source_of(product.input(1));
    const Shape shape = product.output(0).shape();
    bool own_a = false, own_b = false;
    for (int axis = 0; axis < static_cast<int>(shape.size()); ++axis) {
        const bool of_a = has(a.axes, axis), of_b = has(b.axes, axis);
        const Extent extent = shape[static_cast<std::size_t>(axis)];
        if (!of_a && !of_b && !same(extent, 1)) return {};
        own_a |= of_a && !of_b;
        own_b |= of_b && !of_a;
    }
    if (!own_a || !own_b) return {};
    return OuterProduct{a.value, b.value, std::move(a.axes), std::move(b.axes)};
}

Variable
OuterProduct::summed(const Variable& a_all, const Variable& b_all, const Apply& product) const
{
    std::vector<int> of_a = a_axes, of_b = b_axes;
    const Variable a_rows = squeezed(a_all, of_a), b_rows = squeezed(b_all, of_b);
    // Axes of the contraction's result: what both have, then a's own, then b's.
    ContractParams p{{}, {}, {0}, {0}};
    std::vector<int> axes;
    for (const int axis : std::set<int>(of_a.begin(), of_a.end()))
        if (has(of_b, axis)) {
            p.a_batch.push_back(place_of(of_a, axis));
            p.b_batch.push_back(place_of(of_b, axis));
            axes.push_back(axis);
        }
    for (const int axis : of_a)
        if (!has(of_b, axis)) axes.push_back(axis);
    for (const int axis : of_b)
        if (!has(of_a, axis)) axes.push_back(axis);
    const Variable sum = contract(a_rows, b_rows, p, product.op().name, product.location());
    std::vector<int> sorted = axes, order;
    std::ranges::sort(sorted);
    for (const int axis : sorted)
        order.push_back(static_cast<int>(std::ranges::find(axes, axis) - axes.begin()));
    const Variable in_order = std::ranges::is_sorted(order) ? sum : transpose(sum, order);
    std::vector<int> ones;
    for (int axis = 0; axis < product.output(0).rank(); ++axis)
        if (!has(axes, axis)) ones.push_back(axis);
    return ones.empty() ? in_order : expand_dims(in_order, Axis(ones));
}

} // namespace croton::inline v1
