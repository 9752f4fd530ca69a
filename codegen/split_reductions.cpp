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

} // namespace

Variables split_reductions(std::span<const Variable> outputs)
{
    GraphCopy copy;
    bool splits = false;
    for (const Apply& a : applies_of(outputs)) {
        if (!std::holds_alternative<Reduce>(a.op().lowering)) continue;
        const ReducedAxes reduced = reduced_axes(a);
        if (!reduced.separate && !reduced.inner.empty()) continue;
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
        for (std::size_t i = axes.size(); i-- > 0;) {
            const bool joined = last.empty() || axes[i] == expected;
            if (joined && rest.empty())
                last.insert(last.begin(), axes[i]);
            else
                rest.insert(rest.begin(), axes[i]);
            expected = axes[i] - 1;
        }
        // 16 bits are for the result: what is reduced twice would be rounded twice, or be infinite.
        const DType result = a.output(0).dtype();
        const Variable wide = x.dtype() == result ? cast(x, computed_dtype(result)) : x;
        const Variable first =
            apply(a.op(), std::span(&wide, 1), make_params(ReduceParams{last}), a.location());
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
