#include "array_call.hpp"

#include <croton/ir/format.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>

#include "call_check.hpp"
#include "find_failure.hpp"
#include "solve_extents.hpp"

namespace croton::inline v1 {

using detail::FunctionData;

namespace {

/// Arrays of one call, in the order in which `run` takes them.
struct Call {
    std::vector<const void*> in;
    std::vector<void*> out;
    std::vector<std::int64_t> extents;
};

void run_program(const FunctionData& f,
                 const Call& call,
                 const std::vector<Array>& inputs,
                 const std::vector<Array>& shared)
{
    const auto bytes = static_cast<std::size_t>(f.program.workspace_bytes >= 0
                                                    ? f.program.workspace_bytes
                                                    : f.workspace_bytes(call.extents.data()));
    if (f.options.profile) f.profile.remember(call.extents);
    detail::check_memory_limit(f, static_cast<std::int64_t>(bytes));
    const detail::TakenWorkspace workspace(f, bytes);
    Report report;
    const std::int32_t code = f.run(&f.runtime, call.in.data(), call.out.data(),
                                    call.extents.data(), workspace.memory(), &report);
    if (code != 0) detail::throw_failure(f, code, report, inputs, shared);
}

std::vector<Array>
run_reference(const FunctionData& f, std::vector<Array> values, const std::vector<Array>& shared)
{
    std::vector<Variable> inputs = f.inputs;
    inputs.insert(inputs.end(), f.shared.begin(), f.shared.end());
    values.insert(values.end(), shared.begin(), shared.end());
    std::vector<Array> results;
    try {
        results = evaluate_reference(inputs, values, f.outputs);
    } catch (const UserError& error) {
        if (error.code() != Code::index) throw;
        detail::throw_bad_index({f, std::move(values)}, nullptr); // knows the user's line
    }
    if (f.options.finite_checks && !std::ranges::all_of(results, detail::all_finite))
        detail::throw_not_finite({f, std::move(values)}, {});
    return results;
}

} // namespace

std::vector<Array> detail::run_arrays(const FunctionData& f,
                                      const std::vector<Array>& inputs,
                                      std::vector<Array> results)
{
    const detail::UpdateLock lock(f.targets);
    const std::vector<Array> shared = detail::read_shared(f.shared);
    if (f.options.reference) {
        results = run_reference(f, inputs, shared);
    } else {
        Call call;
        std::vector<Type> types;
        std::vector<std::vector<std::int64_t>> extents;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            types.push_back(f.inputs[i].type());
            extents.emplace_back(inputs[i].shape().begin(), inputs[i].shape().end());
            call.in.push_back(inputs[i].data());
            call.extents.insert(call.extents.end(), extents[i].begin(), extents[i].end());
        }
        for (const Array& a : shared) {
            call.in.push_back(a.data());
            call.extents.insert(call.extents.end(), a.shape().begin(), a.shape().end());
        }
        for (const Array& a : f.program.constants)
            call.in.push_back(a.data());
        const ExtentValues value(types, extents);
        results.resize(f.outputs.size());
        for (std::size_t i = 0; i < f.outputs.size(); ++i) {
            const bool update = i >= f.result_count();
            if (update)
                results[i] = detail::spare_of(f.targets[i - f.result_count()]);
            else if (!results[i])
                results[i] = Array::empty(f.outputs[i].dtype(), value(f.outputs[i].shape()));
            call.out.push_back(results[i].data());
            call.extents.insert(call.extents.end(), results[i].shape().begin(),
                                results[i].shape().end());
        }
        run_program(f, call, inputs, shared);
    }
    if (!f.targets.empty()) {
        std::vector<Array> values(results.begin() + static_cast<std::ptrdiff_t>(f.result_count()),
                                  results.end());
        results.resize(f.result_count());
        std::vector<Array> old = detail::publish_shared(f.targets, std::move(values));
        for (std::size_t i = 0; i < old.size(); ++i)
            detail::keep_spare(f.targets[i], std::move(old[i]));
    }
    return results;
}

Results Function::call(std::span<const Any> inputs) const
{
    const FunctionData& f = *data_;
    detail::check_count(f, inputs.size());
    std::vector<Array> arrays;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        Array a = inputs[i].array();
        // A number takes the dtype of a 0-d input, as a literal does in an expression.
        if (inputs[i].is_number() && f.inputs[i].rank() == 0) a = a.cast(f.inputs[i].dtype());
        detail::check_type(f, i, a.dtype(), a.rank());
        arrays.push_back(a.contiguous());
    }
    return Results(detail::run_arrays(f, arrays, {}), data_);
}

void Function::call_into(std::span<const Array> inputs, std::span<Array> outputs) const
{
    const FunctionData& f = *data_;
    detail::check_count(f, inputs.size());
    std::vector<Array> arrays;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        detail::check_type(f, i, inputs[i].dtype(), inputs[i].rank());
        arrays.push_back(inputs[i].contiguous());
    }
    if (outputs.size() != f.result_count())
        throw user_error(Code::shape, f.where, f.name,
                         "gives {} outputs, {} arrays are given for them", f.result_count(),
                         outputs.size());
    std::vector<Array> results(outputs.begin(), outputs.end());
    for (std::size_t i = 0; i < results.size(); ++i)
        if (!results[i].is_contiguous() || results[i].dtype() != f.outputs[i].dtype() ||
            results[i].rank() != f.outputs[i].rank())
            throw user_error(
                Code::shape, f.where, f.name,
                "output {} is {}; the array for it is not a row-major one of that type", i,
                to_string(f.outputs[i].type()));
    const std::vector<Array> made = detail::run_arrays(f, arrays, std::move(results));
    if (!f.options.reference) return;
    for (std::size_t i = 0; i < outputs.size(); ++i)
        outputs[i] = made[i];
}

Results Function::call_named(std::initializer_list<std::pair<std::string_view, Any>> given) const
{
    const FunctionData& f = *data_;
    std::vector<Any> ordered;
    for (const Variable& v : f.inputs) {
        const auto at =
            std::ranges::find_if(given, [&](const auto& g) { return g.first == v.name(); });
        if (at == given.end())
            throw user_error(Code::domain, f.where, f.name, "input '{}' is not given; it is {}",
                             v.name(), signature());
        ordered.push_back(at->second);
    }
    for (const auto& g : given)
        if (std::ranges::none_of(f.inputs, [&](const Variable& v) { return v.name() == g.first; }))
            throw user_error(Code::domain, f.where, f.name, "has no input '{}'; it is {}", g.first,
                             signature());
    return call(ordered);
}

} // namespace croton::inline v1
