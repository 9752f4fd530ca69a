#include <croton/ir/format.hpp>

#include <algorithm>
#include <new>

#include "array_call.hpp"
#include "call_check.hpp"
#include "layouts.hpp"

namespace croton::inline v1::detail {

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
        const Type type = (output ? f.written[i - f.inputs.size()] : f.inputs[i]).type();
        const TypedArgument& a = arguments[i];
        if (a.output != output)
            refuse(f, Code::dtype,
                   fmt::format("typed argument {} is an {}, the function has an {} there", i,
                               a.output ? "output" : "input", output ? "output" : "input"));
        if (a.dtype != type.dtype() || a.rank != static_cast<int>(type.shape().size()))
            refuse(f, Code::dtype,
                   fmt::format("typed argument {} is {} of rank {}, the function has {}", i,
                               croton::name(a.dtype), a.rank, to_string(type)));
    }
}

namespace {

/// What `run` takes, in arrays on the caller's stack.
struct Binding {
    const void** in;
    void** out;
    std::int64_t* extents;
    ByteRange* ranges; ///< of each argument
};

bool is_same_memory(const Memory& a, const Memory& b) noexcept
{
    return a.data == b.data && std::equal(a.extents, a.extents + a.rank, b.extents) &&
           std::equal(a.strides, a.strides + a.rank, b.strides);
}

/// Whether an array lies as its layout says. Describes it to `run`.
bool bind_array(const ArgumentInfo& info,
                const Memory& m,
                const Binding& b,
                ByteRange& range) noexcept
{
    std::int64_t count = 1;
    for (int i = 0; i < m.rank; ++i) {
        if (m.extents[i] < 0) return false;
        count *= m.extents[i];
    }
    if (!lies_as(info.layout, m.rank, m.extents, m.strides)) return false;
    const auto* data = static_cast<const char*>(m.data);
    if (info.layout == Layout::any) {
        std::copy_n(m.strides, m.rank, b.extents + info.strides_at);
        range = byte_range(m);
    } else
        range = {data, data + count * info.bytes};
    std::int64_t* extents = b.extents + info.extents_at;
    if (info.layout == Layout::column_major)
        std::reverse_copy(m.extents, m.extents + m.rank, extents);
    else
        std::copy_n(m.extents, m.rank, extents);
    return true;
}

/// The same for any argument; numbers, most of all, cost nothing to speak of.
inline bool
bind(const ArgumentInfo& info, const Memory& m, const Binding& b, ByteRange& range) noexcept
{
    const auto* data = static_cast<const char*>(m.data);
    if ((reinterpret_cast<std::uintptr_t>(data) & (info.bytes - 1)) != 0) return false;
    if (m.rank != 0) return bind_array(info, m, b, range);
    range = {data, data + info.bytes};
    return true;
}

/// All arguments are 0-d: pointers are all there is to check and to pass.
inline bool
bind_numbers(const FunctionData& f, std::span<const Memory> arguments, const Binding& b) noexcept
{
    const std::size_t inputs = f.inputs.size();
    const ArgumentInfo* infos = f.arguments.data();
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        void* data = arguments[i].data;
        const auto at = reinterpret_cast<std::uintptr_t>(data);
        if ((at & (infos[i].bytes - 1)) != 0) return false;
        if (i < inputs) {
            b.in[i] = data;
            continue;
        }
        b.out[i - inputs] = data;
        for (std::size_t k = 0; k < i; ++k) {
            const auto other = reinterpret_cast<std::uintptr_t>(arguments[k].data);
            if (at < other + infos[k].bytes && other < at + infos[i].bytes) return false;
        }
    }
    return true;
}

bool is_allowed_alias(const ArgumentInfo& info,
                      std::size_t k,
                      const Memory& m,
                      const Memory& other) noexcept
{
    return info.alias >= 0 && k == static_cast<std::size_t>(info.alias) && is_same_memory(m, other);
}

/// Every argument in its layout and aligned, no output on top of another argument but where
/// `in_place` allows it.
inline bool
bind_all(const FunctionData& f, std::span<const Memory> arguments, const Binding& b) noexcept
{
    if (f.only_numbers) return bind_numbers(f, arguments, b);
    const std::size_t inputs = f.inputs.size();
    const ArgumentInfo* infos = f.arguments.data();
    for (std::size_t i = 0; i < inputs; ++i) {
        if (!bind(infos[i], arguments[i], b, b.ranges[i])) return false;
        b.in[i] = arguments[i].data;
    }
    for (std::size_t i = inputs; i < arguments.size(); ++i) {
        const Memory& m = arguments[i];
        if (!bind(infos[i], m, b, b.ranges[i])) return false;
        b.out[i - inputs] = m.data;
        for (std::size_t k = 0; k < i; ++k)
            if (b.ranges[i].overlaps(b.ranges[k]) &&
                !is_allowed_alias(infos[i], k, m, arguments[k]))
                return false;
    }
    if (f.leaves.size() + f.program.constants.size() > inputs) {
        std::size_t at = inputs;
        for (; at < f.leaves.size(); ++at)
            b.in[at] = nullptr; // strides have extents, but no elements
        for (const Array& a : f.program.constants)
            b.in[at++] = a.data();
    }
    return true;
}

std::int64_t needed_bytes(const FunctionData& f, const std::int64_t* extents) noexcept
{
    return f.program.workspace_bytes >= 0 ? f.program.workspace_bytes : f.workspace_bytes(extents);
}

/// Arrays for a binding, on the stack of the function that uses this.
#define CROTON_BINDING(name, f, arguments)                                                         \
    const std::size_t name##_in = (f).leaves.size() + (f).program.constants.size() + 1;            \
    const Binding name                                                                             \
    {                                                                                              \
        static_cast<const void**>(__builtin_alloca(name##_in * sizeof(void*))),                    \
            static_cast<void**>(__builtin_alloca(((arguments).size() + 1) * sizeof(void*))),       \
            static_cast<std::int64_t*>(__builtin_alloca(((f).extent_count + 1) * 8)),              \
            static_cast<ByteRange*>(__builtin_alloca((arguments).size() * sizeof(ByteRange)))      \
    }

Status failed(const FunctionData& f, Code code) noexcept
{
    Status status;
    status.code = code;
    status.function = &f;
    return status;
}

Status
run_bound(const FunctionData& f, const Runtime& runtime, const Binding& b, void* workspace) noexcept
{
    Report report;
    Status status;
    status.function = &f;
    if (f.options.profile) f.profile.remember({b.extents, f.extent_count});
    status.guard = f.run(&runtime, b.in, b.out, b.extents, workspace, &report);
    if (status.guard == 0) return status;
    status.found = report.values[0];
    status.expected = report.values[1];
    status.apply = report.apply;
    status.code = status.guard == codegen::index_out_of_range ? Code::index
                  : status.guard == codegen::not_finite       ? Code::not_finite
                  : status.guard == codegen::gap_overwritten  ? Code::internal
                                                              : Code::shape;
    return status;
}

Status run_with_shared(const FunctionData& f, std::span<const Memory> arguments) noexcept
{
    try {
        run_checked(f, arguments);
        return failed(f, Code::ok);
    } catch (const Error& e) {
        return failed(f, e.code());
    } catch (const std::bad_alloc&) {
        return failed(f, Code::memory);
    }
}

} // namespace

Status run_typed(const FunctionData& f,
                 std::span<const Memory> arguments,
                 void* workspace,
                 std::size_t workspace_size_bytes) noexcept
{
    CROTON_BINDING(binding, f, arguments);
    if (!bind_all(f, arguments, binding)) return failed(f, Code::shape);
    if (!f.is_pure()) return run_with_shared(f, arguments);
    const std::int64_t bytes = needed_bytes(f, binding.extents);
    if (bytes > static_cast<std::int64_t>(workspace_size_bytes)) {
        Status status = failed(f, Code::memory);
        status.found = bytes;
        status.expected = static_cast<std::int64_t>(workspace_size_bytes);
        return status;
    }
    return run_bound(f, f.serial_runtime, binding, workspace);
}

namespace {

Array borrowed(const Memory& m)
{
    return Array::borrow_strided(m.dtype, m.data, {m.extents, m.extents + m.rank},
                                 {m.strides, m.strides + m.rank});
}

void throw_status(const FunctionData& f, const Status& status, std::span<const Memory> arguments)
{
    Report report;
    report.values[0] = status.found;
    report.values[1] = status.expected;
    report.apply = status.apply;
    std::vector<Array> inputs;
    for (const Memory& m : arguments.first(f.inputs.size()))
        inputs.push_back(borrowed(m));
    throw_failure(f, status.guard, report, std::move(inputs), {});
}

/// Where something does not lie as it should: inputs are packed, outputs made and copied.
void run_packed(const FunctionData& f, std::span<const Memory> arguments)
{
    const std::size_t inputs = f.inputs.size();
    for (std::size_t i = inputs; i < arguments.size(); ++i)
        for (std::size_t k = inputs; k < i; ++k)
            if (byte_range(arguments[i]).overlaps(byte_range(arguments[k])))
                refuse(f, Code::shape,
                       fmt::format("outputs {} and {} overlap in memory", k - inputs, i - inputs));
    std::vector<Array> in;
    for (std::size_t i = 0; i < inputs; ++i)
        in.push_back(fitting(f, i, borrowed(arguments[i])));
    const std::vector<Array> results = run_arrays(f, in, {});
    for (std::size_t i = 0; i < results.size(); ++i) {
        const Memory& m = arguments[inputs + i];
        const std::vector<std::int64_t> extents(m.extents, m.extents + m.rank);
        if (!std::ranges::equal(results[i].shape(), extents))
            refuse(f, Code::shape,
                   fmt::format("output {} has shape ({}), the View ({})", i,
                               fmt::join(results[i].shape(), ", "), fmt::join(extents, ", ")));
        Array::assign_strided(m.dtype, m.data, extents, {m.strides, m.strides + m.rank},
                              results[i]);
    }
}

} // namespace

void run_checked(const FunctionData& f, std::span<const Memory> arguments)
{
    CROTON_BINDING(binding, f, arguments);
    const bool lie_well = bind_all(f, arguments, binding);
    if (!lie_well) return run_packed(f, arguments);
    if (!f.is_pure()) {
        std::vector<Array> in;
        for (std::size_t i = 0; i < f.inputs.size(); ++i)
            in.push_back(borrowed(arguments[i]));
        std::vector<Array> out;
        for (std::size_t i = 0; i < f.result_count(); ++i)
            out.push_back(borrowed(arguments[f.inputs.size() + i]));
        if (f.options.reference) return run_packed(f, arguments);
        run_arrays(f, in, out);
        return;
    }
    const std::int64_t bytes = needed_bytes(f, binding.extents);
    check_memory_limit(f, bytes);
    const TakenWorkspace workspace(f, static_cast<std::size_t>(bytes));
    const Status status = run_bound(f, f.runtime, binding, workspace.memory());
    if (!status) throw_status(f, status, arguments);
}

#undef CROTON_BINDING

} // namespace croton::inline v1::detail
