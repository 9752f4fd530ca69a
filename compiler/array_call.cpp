#include "array_call.hpp"

#include <croton/ir/format.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>
#include <optional>

#include "call_check.hpp"
#include "find_failure.hpp"
#include "layouts.hpp"
#include "solve_extents.hpp"

namespace croton::inline v1 {

using detail::FunctionData;

namespace {

/// Arrays of one call, in the order in which `run` takes them.
struct Call {
    explicit Call(const FunctionData& f) : extents(f.extent_count, 1) {}

    /// Extents and strides of argument `i`, which lies as its layout says.
    void describe(const detail::ArgumentInfo& info, const Array& a)
    {
        auto to = extents.begin() + info.extents_at;
        if (info.layout == Layout::column_major)
            std::reverse_copy(a.shape().begin(), a.shape().end(), to);
        else
            std::ranges::copy(a.shape(), to);
        if (info.layout == Layout::any)
            std::ranges::copy(a.strides(), extents.begin() + info.strides_at);
    }

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
run_reference(const FunctionData& f, std::span<const Array> given, const std::vector<Array>& shared)
{
    std::vector<Array> values;
    for (const Array& a : given)
        values.push_back(a.contiguous());
    values.insert(values.end(), shared.begin(), shared.end());
    std::vector<Array> results;
    try {
        results = evaluate_reference(f.leaves, values, f.outputs);
    } catch (const UserError& error) {
        if (error.code() != Code::index) throw;
        detail::throw_bad_index({f, std::move(values)}, nullptr); // knows the user's line
    }
    if (f.options.finite_checks && !std::ranges::all_of(results, detail::all_finite))
        detail::throw_not_finite({f, std::move(values)}, {});
    return results;
}

ExtentValues extent_values(const FunctionData& f, const std::vector<Array>& inputs)
{
    std::vector<Type> types;
    std::vector<std::vector<std::int64_t>> extents;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        types.push_back(f.inputs[i].type());
        extents.push_back(inputs[i].extents());
    }
    return {types, extents};
}

/// A new array for output `i`, in its layout.
Array make_result(const FunctionData& f, std::size_t i, const ExtentValues& value)
{
    const Type type = f.written[i].type();
    std::vector<std::int64_t> extents = value(type.shape());
    if (f.arguments[f.inputs.size() + i].layout != Layout::column_major)
        return Array::empty(type.dtype(), std::move(extents));
    std::ranges::reverse(extents);
    return Array::empty(type.dtype(), std::move(extents)).transposed();
}

std::vector<Array> run_compiled(const FunctionData& f,
                                const std::vector<Array>& inputs,
                                const std::vector<Array>& shared,
                                std::vector<Array> results)
{
    Call call(f);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        call.in.push_back(inputs[i].data());
        call.describe(f.arguments[i], inputs[i]);
    }
    for (std::size_t i = 0, at = f.first_shared_extent(); i < shared.size(); ++i) {
        call.in.push_back(shared[i].data());
        for (std::int64_t e : shared[i].shape())
            call.extents[at++] = e;
    }
    call.in.resize(f.leaves.size(), nullptr); // strides have extents, but no elements
    for (const Array& a : f.program.constants)
        call.in.push_back(a.data());
    std::optional<ExtentValues> value; // for outputs that the caller has no arrays for
    results.resize(f.outputs.size());
    for (std::size_t i = 0; i < f.outputs.size(); ++i) {
        const detail::ArgumentInfo& info = f.arguments[inputs.size() + i];
        if (i >= f.result_count())
            results[i] = detail::spare_of(f.targets[i - f.result_count()]);
        else if (!results[i]) {
            if (!value) value = extent_values(f, inputs);
            results[i] = make_result(f, i, *value);
        }
        call.out.push_back(results[i].data());
        call.describe(info, results[i]);
    }
    run_program(f, call, inputs, shared);
    return results;
}

} // namespace

std::vector<Array> detail::run_arrays(const FunctionData& f,
                                      const std::vector<Array>& inputs,
                                      std::vector<Array> results)
{
    const detail::UpdateLock lock(f.targets);
    const std::vector<Array> shared = detail::read_shared(f.shared);
    results = f.options.reference ? run_reference(f, inputs, shared)
                                  : run_compiled(f, inputs, shared, std::move(results));
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

Array detail::fitting(const FunctionData& f, std::size_t i, const Array& given)
{
    Array a = packed(given, f.arguments[i].layout);
    if (a.data() != given.data()) f.packed_calls[i].fetch_add(1, std::memory_order_relaxed);
    return a;
}

Results Function::call(std::span<const Any> inputs) const
{
    const FunctionData& f = *data_;
    if (inputs.size() > f.inputs.size()) detail::refuse_count(f, inputs.size());
    for (std::size_t i = inputs.size(); i < f.inputs.size(); ++i)
        if (!f.defaults[i]) detail::refuse_count(f, inputs.size());
    std::vector<Array> arrays;
    for (std::size_t i = 0; i < f.inputs.size(); ++i) {
        if (i >= inputs.size()) {
            arrays.push_back(detail::fitting(f, i, f.defaults[i]));
            continue;
        }
        Array a = inputs[i].array();
        // A number takes the dtype of a 0-d input, as a literal does in an expression.
        if (inputs[i].is_number() && f.inputs[i].rank() == 0) a = a.cast(f.inputs[i].dtype());
        detail::check_type(f, i, a.dtype(), a.rank());
        arrays.push_back(detail::fitting(f, i, a));
    }
    return Results(detail::run_arrays(f, arrays, {}), data_);
}

void Function::call_into(std::span<const Array> inputs, std::span<Array> outputs) const
{
    const FunctionData& f = *data_;
    if (inputs.size() != f.inputs.size()) detail::refuse_count(f, inputs.size());
    if (outputs.size() != f.result_count())
        throw user_error(Code::shape, f.where, f.name,
                         "gives {} outputs, {} arrays are given for them", f.result_count(),
                         outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i)
        detail::check_output(f, i, outputs[i]);
    std::vector<Array> arrays;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        detail::check_type(f, i, inputs[i].dtype(), inputs[i].rank());
        arrays.push_back(detail::fitting(f, i, inputs[i]));
    }
    detail::separate(f, arrays, outputs);
    const std::vector<Array> made = detail::run_arrays(f, arrays, {outputs.begin(), outputs.end()});
    if (!f.options.reference) return;
    for (std::size_t i = 0; i < outputs.size(); ++i)
        outputs[i] = made[i];
}

Results Function::call_named(std::initializer_list<std::pair<std::string_view, Any>> given) const
{
    const FunctionData& f = *data_;
    std::vector<Any> ordered;
    for (std::size_t i = 0; i < f.inputs.size(); ++i) {
        const Variable& v = f.inputs[i];
        const auto at =
            std::ranges::find_if(given, [&](const auto& g) { return g.first == v.name(); });
        if (at == given.end() && f.defaults[i]) {
            ordered.emplace_back(f.defaults[i]);
            continue;
        }
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
