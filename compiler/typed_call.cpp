#include <croton/ir/format.hpp>

#include <algorithm>
#include <new>

#include "array_call.hpp"
#include "call_check.hpp"

namespace croton::inline v1 {

namespace detail {

void check_signature(const FunctionData& f, std::span<const TypedArgument> arguments)
{
    const std::size_t wanted = f.inputs.size() + f.result_count();
    if (arguments.size() != wanted)
        refuse(f, Code::shape,
               fmt::format(
                   "the typed signature has {} arguments, the function {} inputs and {} outputs",
                   arguments.size(), f.inputs.size(), f.result_count()));
    for (std::size_t i = 0; i < wanted; ++i) {
        const bool output = i >= f.inputs.size();
        const Variable& v = output ? f.outputs[i - f.inputs.size()] : f.inputs[i];
        const TypedArgument& a = arguments[i];
        if (a.output != output)
            refuse(f, Code::dtype,
                   fmt::format("typed argument {} is an {}, the function has an {} there", i,
                               a.output ? "output" : "input", output ? "output" : "input"));
        if (a.dtype != v.dtype() || a.rank != v.rank())
            refuse(f, Code::dtype,
                   fmt::format("typed argument {} is {} of rank {}, the function has {}", i,
                               croton::name(a.dtype), a.rank, to_string(v.type())));
    }
}

namespace {

bool is_row_major(const Memory& m) noexcept
{
    std::int64_t stride = 1;
    for (int i = m.rank; i-- > 0;) {
        if (m.extents[i] == 0) return true;
        if (m.extents[i] != 1 && m.strides[i] != stride) return false;
        stride *= m.extents[i];
    }
    return true;
}

std::int64_t element_count(const Memory& m) noexcept
{
    std::int64_t n = 1;
    for (int i = 0; i < m.rank; ++i)
        n *= m.extents[i];
    return n;
}

bool overlap(const Memory& a, const Memory& b) noexcept
{
    const auto* p = static_cast<const char*>(a.data);
    const auto* q = static_cast<const char*>(b.data);
    return p < q + element_count(b) * static_cast<std::int64_t>(size_bytes(b.dtype)) &&
           q < p + element_count(a) * static_cast<std::int64_t>(size_bytes(a.dtype));
}

/// Row-major, aligned, and no output on top of another argument.
bool is_usable(std::span<const Memory> arguments, std::size_t inputs) noexcept
{
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const Memory& m = arguments[i];
        if (!is_row_major(m) || reinterpret_cast<std::uintptr_t>(m.data) % size_bytes(m.dtype) != 0)
            return false;
        if (i >= inputs)
            for (std::size_t k = 0; k < i; ++k)
                if (overlap(m, arguments[k])) return false;
    }
    return true;
}

} // namespace

Status run_typed(const FunctionData& f,
                 std::span<const Memory> arguments,
                 void* workspace,
                 std::size_t workspace_size_bytes) noexcept
{
    Status status;
    status.function = &f;
    const auto failed = [&](Code code) {
        status.code = code;
        return status;
    };
    if (!is_usable(arguments, f.inputs.size())) return failed(Code::shape);
    if (f.options.reference || !f.shared.empty() || !f.targets.empty()) {
        try {
            run_checked(f, arguments);
            return status;
        } catch (const Error& e) {
            return failed(e.code());
        } catch (const std::bad_alloc&) {
            return failed(Code::memory);
        }
    }
    const std::size_t inputs = f.inputs.size();
    const std::size_t constants = f.program.constants.size();
    std::size_t axes = 0;
    for (const Memory& m : arguments)
        axes += static_cast<std::size_t>(m.rank);
    auto** in =
        static_cast<const void**>(__builtin_alloca((inputs + constants + 1) * sizeof(void*)));
    auto** out =
        static_cast<void**>(__builtin_alloca((arguments.size() - inputs + 1) * sizeof(void*)));
    auto* extents = static_cast<std::int64_t*>(__builtin_alloca((axes + 1) * sizeof(std::int64_t)));
    std::size_t axis = 0;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (i < inputs)
            in[i] = arguments[i].data;
        else
            out[i - inputs] = arguments[i].data;
        for (int k = 0; k < arguments[i].rank; ++k)
            extents[axis++] = arguments[i].extents[k];
    }
    for (std::size_t i = 0; i < constants; ++i)
        in[inputs + i] = f.program.constants[i].data();
    const std::int64_t bytes =
        f.program.workspace_bytes >= 0 ? f.program.workspace_bytes : f.workspace_bytes(extents);
    status.found = bytes;
    status.expected = static_cast<std::int64_t>(workspace_size_bytes);
    if (bytes > status.expected) return failed(Code::memory);
    Report report;
    if (f.options.profile) f.profile.remember({extents, axes});
    status.guard = f.run(&f.runtime, in, out, extents, workspace, &report);
    if (status.guard == 0) return status;
    status.apply = report.apply;
    status.found = report.values[0];
    status.expected = report.values[1];
    return failed(status.guard == codegen::index_out_of_range ? Code::index
                  : status.guard == codegen::not_finite       ? Code::not_finite
                                                              : Code::shape);
}

namespace {

/// Copies that are row-major.
std::vector<Array> packed(std::span<const Memory> arguments)
{
    std::vector<Array> arrays;
    for (const Memory& m : arguments)
        arrays.push_back(Array::copy_strided(m.dtype, m.data, {m.extents, m.extents + m.rank},
                                             {m.strides, m.strides + m.rank}));
    return arrays;
}

} // namespace

void run_checked(const FunctionData& f, std::span<const Memory> arguments)
{
    const std::size_t inputs = f.inputs.size();
    const bool plain = f.shared.empty() && f.targets.empty() && !f.options.reference;
    if (plain && is_usable(arguments, inputs) && f.program.workspace_bytes >= 0) {
        const TakenWorkspace workspace(f, static_cast<std::size_t>(f.program.workspace_bytes));
        const Status s =
            run_typed(f, arguments, workspace.memory(), workspace_size(workspace.memory()));
        if (s) return;
        Report report;
        report.apply = s.apply;
        report.values[0] = s.found;
        report.values[1] = s.expected;
        throw_failure(f, s.guard, report, packed(arguments.first(inputs)), {});
    }
    const std::vector<Array> in = packed(arguments.first(inputs));
    const std::vector<Array> results = run_arrays(f, in, {});
    for (std::size_t i = 0; i < results.size(); ++i) {
        const Memory& m = arguments[inputs + i];
        const std::vector<std::int64_t> shape(m.extents, m.extents + m.rank);
        if (!std::ranges::equal(results[i].shape(), shape))
            refuse(f, Code::shape,
                   fmt::format("output {} has shape ({}), the View ({})", i,
                               fmt::join(results[i].shape(), ", "), fmt::join(shape, ", ")));
        Array::assign_strided(m.dtype, m.data, shape, {m.strides, m.strides + m.rank}, results[i]);
    }
}

} // namespace detail

} // namespace croton::inline v1
