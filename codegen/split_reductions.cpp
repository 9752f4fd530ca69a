#include <croton/codegen/clusters.hpp>
#include <croton/codegen/cost.hpp>
#include <croton/codegen/loop_nest.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>

#include "cluster_index.hpp"
#include "cluster_roots.hpp"
#include "lower_contract.hpp"
#include "puller.hpp"

namespace croton::inline v1::codegen {

namespace {

/// A reduction over axes of extent 1 combines nothing: the elements under another shape.
Variable single_elements(const Apply& reduce, const Variable& x)
{
    const Type type = reduce.output(0).type();
    const Monoid monoid = std::get<Reduce>(reduce.op().lowering).monoid;
    if (is_position(monoid)) return zeros(type.dtype(), type.shape());
    if (monoid == Monoid::max_number)
        return reshape(where(isnan(x), -std::numeric_limits<double>::infinity(), x), type.shape());
    return reshape(x, type.shape());
}

/// Pairs whose rows are reduced: what is computed for all elements of an array and made of values
/// that have fewer. A reduction of all that needs any of it is then one of rows first, and shares
/// their kernel. (Of arrays in memory it stays as it is, in an order that depends on nothing else.)
class RowsOfPairs {
public:
    explicit RowsOfPairs(std::span<const Apply> applies)
    {
        for (const Apply& a : applies) {
            if (!std::holds_alternative<Reduce>(a.op().lowering)) continue;
            const ReducedAxes axes = reduced_axes(a);
            const bool along_rows = !axes.outer.empty() && !axes.inner.empty();
            if (axes.separate || !along_rows || !axes.behind.empty()) continue;
            const Variables pairs = pairs_behind(a);
            if (pairs.empty()) continue;
            reductions_.push_back(a);
            for (const Variable& v : pairs)
                rows_.emplace(v.value(), a.params_as<ReduceParams>().axes);
        }
    }

    /// The axes of those rows; empty if there are none.
    std::vector<int> axes_of(const Apply& reduction) const
    {
        if (rows_.empty() || !reduced_axes(reduction).outer.empty() ||
            is_position(monoid_of(reduction)))
            return {};
        for (const Variable& v : pairs_behind(reduction)) {
            const auto at = rows_.find(v.value());
            if (at == rows_.end()) continue;
            const auto& all = reduction.params_as<ReduceParams>().axes;
            const bool are_some =
                at->second.size() < all.size() && std::ranges::includes(all, at->second);
            return are_some ? at->second : std::vector<int>();
        }
        return {};
    }

    /// What `like` would give of those rows, where there is a reduction that does.
    Variable same_of_rows(const Apply& like, const std::vector<int>& axes) const
    {
        for (const Apply& a : reductions_)
            if (&a.op() == &like.op() && same(a.input(0), like.input(0)) &&
                a.output(0).dtype() == computed_dtype(a.output(0).dtype()) &&
                a.params_as<ReduceParams>().axes == axes)
                return a.output(0);
        return {};
    }

private:
    static Variables pairs_behind(const Apply& reduction)
    {
        constexpr std::size_t most = 1000;
        Variables found;
        std::set<const detail::Value*> seen; // looked up only
        Variables open{reduction.input(0)};
        while (!open.empty()) {
            const Variable v = open.back();
            open.pop_back();
            if (v.rank() == 0 || !seen.insert(v.value()).second) continue;
            if (!v.owner() || seen.size() > most) return {};
            if (repeats(v.owner())) continue;
            if (!is_pointwise(v.owner().op())) return {};
            found.push_back(v);
            for (const Variable& in : v.owner().inputs())
                open.push_back(in);
        }
        return found;
    }

    std::map<const detail::Value*, std::vector<int>> rows_; // looked up only
    std::vector<Apply> reductions_;
};

} // namespace

Variables split_reductions(std::span<const Variable> outputs)
{
    GraphCopy copy;
    bool splits = false;
    const std::vector<Apply> applies = applies_of(outputs);
    const RowsOfPairs shared(applies);
    for (const Apply& a : applies) {
        if (!std::holds_alternative<Reduce>(a.op().lowering)) continue;
        const ReducedAxes reduced = reduced_axes(a);
        const std::vector<int> rows = shared.axes_of(a);
        if (!reduced.separate && !reduced.inner.empty() && rows.empty()) continue;
        splits = true;
        const OriginScope origin(a.location());
        const Variable x = copy(a.input(0));
        if (reduced.inner.empty()) {
            copy.replace(a.output(0), single_elements(a, x));
            continue;
        }
        // Axes from the last group first; the others keep their numbers, as they stand in front.
        const auto& axes = a.params_as<ReduceParams>().axes;
        std::vector<int> last;
        std::vector<int> rest;
        int expected = a.input(0).rank() - 1;
        const auto in_rows = [&](int axis) {
            return rows.empty() || std::ranges::count(rows, axis) > 0;
        };
        for (std::size_t i = axes.size(); i-- > 0;) {
            const bool joined = last.empty() || (axes[i] == expected && in_rows(axes[i]));
            if (joined && rest.empty())
                last.insert(last.begin(), axes[i]);
            else
                rest.insert(rest.begin(), axes[i]);
            expected = axes[i] - 1;
        }
        // 16 bits are for the result: what is reduced twice would be rounded twice, or be infinite.
        const DType result = a.output(0).dtype();
        const Variable wide = x.dtype() == result ? cast(x, computed_dtype(result)) : x;
        const Variable known = shared.same_of_rows(a, last);
        const Variable first =
            known.is_empty()
                ? apply(a.op(), std::span(&wide, 1), make_params(ReduceParams{last}), a.location())
                : copy(known);
        const Variable second =
            apply(a.op(), std::span(&first, 1), make_params(ReduceParams{rest}), a.location());
        copy.replace(a.output(0), cast(second, result));
    }
    if (!splits) return {outputs.begin(), outputs.end()};
    Variables split;
    for (const Variable& v : outputs)
        split.push_back(copy(v));
    return split_reductions(split); // three groups need two rounds
}

} // namespace croton::inline v1::codegen
