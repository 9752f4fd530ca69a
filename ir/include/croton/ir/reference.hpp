#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/op.hpp>

#include <functional>
#include <span>
#include <vector>

namespace croton::inline v1 {

/// Computes one Apply by its op's reference. Extents in its types and parameters must be known.
/// Real numbers are computed in f64 and rounded to the result's dtype, integers wrap.
std::vector<Array> evaluate_reference(const Apply& apply, std::span<const Array> inputs);

/// Computes a whole graph, op by op: no compiler, no rules, nothing fused.
/// `values` gives an Array for every input leaf among `inputs`; symbols are bound from their
/// shapes.
std::vector<Array> evaluate_reference(std::span<const Variable> inputs,
                                      std::span<const Array> values,
                                      std::span<const Variable> outputs);

/// Slow and obvious: independent loops over elements, no index maps, for checking those.
namespace reference {
/// Computes a body's outputs from values of its inputs, as evaluate_reference does.
using BodyEvaluation = std::function<std::vector<Array>(std::span<const Variable> inputs,
                                                        std::span<const Array> values,
                                                        std::span<const Variable>)>;
/// The places along axis 0 that the steps of a scan take, the first step's first. A loop with
/// `until` may stop before the last.
struct StepPlaces {
    std::int64_t first;
    std::int64_t count;
    bool reverse;
    std::int64_t operator[](std::int64_t step) const
    {
        return first + (reverse ? count - 1 - step : step);
    }
};
/// `inputs` are the Apply's; its extents are known.
StepPlaces step_places(const Apply& scan, std::span<const Array> inputs);
/// Runs the body step by step.
std::vector<Array>
scan(const Apply& apply, std::span<const Array> inputs, const BodyEvaluation& evaluate);
/// Runs the branch that the first input chooses.
std::vector<Array>
switch_case(const Apply& apply, std::span<const Array> inputs, const BodyEvaluation& evaluate);
std::size_t switch_branch(const Array& number, std::size_t branches);
Array broadcast_to(const ReferenceArgs&);
Array reduce_with(Monoid monoid, const ReferenceArgs&);
template <Monoid m>
Array reduce(const ReferenceArgs& args)
{
    return reduce_with(m, args);
}
Array contract(const ReferenceArgs&);
Array transpose(const ReferenceArgs&);
Array relabel(const ReferenceArgs&); ///< the same elements in C order under the result's shape
Array flip(const ReferenceArgs&);
Array concatenate(const ReferenceArgs&);
Array slice(const ReferenceArgs&);
Array set_slice(const ReferenceArgs&);
Array iota(const ReferenceArgs&);
Array gather(const ReferenceArgs&);
Array take_along_axis(const ReferenceArgs&);
Array scatter_add(const ReferenceArgs&);
Array scatter_set(const ReferenceArgs&);
Array add_along_axis(const ReferenceArgs&);
Array cumulate(Monoid monoid, const ReferenceArgs&);
template <Monoid m>
Array prefix(const ReferenceArgs& args)
{
    return cumulate(m, args);
}
} // namespace reference

} // namespace croton::inline v1
