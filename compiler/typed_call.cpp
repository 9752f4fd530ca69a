#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>
#include <new>

#include "call_check.hpp"
#include "layouts.hpp"
#include "packed_call.hpp"
#include "run_failure.hpp"

namespace croton::inline v1::detail {

namespace {

std::string_view c_type(DType dtype)
{
    switch (dtype) {
    case DType::f32:
        return "float";
    case DType::f64:
        return "double";
    case DType::boolean:
        return "bool";
    case DType::i8:
        return "std::int8_t";
    case DType::i16:
        return "std::int16_t";
    case DType::i32:
        return "std::int32_t";
    case DType::i64:
        return "std::int64_t";
    case DType::u8:
        return "std::uint8_t";
    case DType::u16:
        return "std::uint16_t";
    case DType::u32:
        return "std::uint32_t";
    case DType::u64:
        return "std::uint64_t";
    case DType::f16:
    case DType::bf16:
    case DType::complex64:
    case DType::complex128:
        break;
    }
    return name(dtype); // no number type of C++20
}

/// "View<const float, 2>", "double&": as a typed signature has an argument of that type.
std::string written_argument(const Type& type, bool output)
{
    const std::string_view number = c_type(type.dtype());
    if (type.rank() == 0) return fmt::format("{}{}", number, output ? "&" : "");
    const std::string rank = type.rank() == 1 ? "" : fmt::format(", {}", type.rank());
    return fmt::format("View<{}{}{}>", output ? "" : "const ", number, rank);
}

void check_signature(const FunctionData& f, std::span<const TypedArgument> arguments)
{
    const std::size_t wanted = f.inputs.size() + f.result_count();
    if (arguments.size() != wanted)
        refuse(f, Code::shape,
               fmt::format("the typed signature has {}, the function {} and {}; it is {}",
                           counted(arguments.size(), "argument"), counted(f.inputs.size(), "input"),
                           counted(f.result_count(), "output"), Function::signature_of(f)));
    for (std::size_t i = 0; i < wanted; ++i) {
        const bool output = i >= f.inputs.size();
        const Type type = (output ? f.written[i - f.inputs.size()] : f.inputs[i]).type();
        const TypedArgument& a = arguments[i];
        if (a.output != output)
            refuse(f, Code::dtype,
                   fmt::format("typed argument {} is an {}, {} belongs there, as {}", i,
                               a.output ? "output" : "input", argument_name(f, i),
                               written_argument(type, output)));
        if (a.dtype != type.dtype() || a.rank != static_cast<int>(type.shape().size()))
            refuse(f, Code::dtype,
                   fmt::format("typed argument {} is {} of rank {}, {} is {}", i,
                               croton::name(a.dtype), a.rank, argument_name(f, i),
                               to_string(type)));
    }
}

} // namespace

void check_signature(const FunctionData& f,
                     std::span<const TypedArgument> arguments,
                     const Where& where)
{
    at_place(where, [&] { check_signature(f, arguments); });
}

namespace {

/// What `run` takes, in arrays on the caller's stack or in a TakenList.
struct Binding {
    const void** in;
    void** out;
    std::int64_t* extents;
    ByteRange* ranges; ///< of each argument
    void* pins;        ///< room for what a SharedTurn holds
};

/// A binding in `memory`, of f.words.ranges words.
inline Binding place_binding(const FunctionData& f, void* memory) noexcept
{
    static_assert(sizeof(void*) == 8 && sizeof(Array) == 8 && sizeof(ByteRange) == 16);
    auto* words = static_cast<char*>(memory);
    return {static_cast<const void**>(memory), reinterpret_cast<void**>(words + f.words.in * 8),
            reinterpret_cast<std::int64_t*>(words + f.words.out * 8),
            reinterpret_cast<ByteRange*>(words + f.words.pins * 8), words + f.words.extents * 8};
}

/// Whether an array lies as its layout says. Describes it to `run`.
bool bind_array(const ArgumentInfo& info,
                const Memory& m,
                const Binding& b,
                ByteRange& range) noexcept
{
    for (int i = 0; i < m.rank; ++i)
        if (m.extents[i] < 0) return false;
    if (!is_countable(m.rank, m.extents)) return false;
    std::int64_t count = 1;
    for (int i = 0; i < m.rank; ++i)
        count *= m.extents[i];
    if (!lies_as(info.layout, m.rank, m.extents, m.strides)) return false;
    if (info.layout == Layout::any && !is_addressable(m)) return false;
    const auto* data = static_cast<const char*>(m.data);
    if (count > 0 && !data) return false;
    if (info.layout == Layout::any) std::copy_n(m.strides, m.rank, b.extents + info.strides_at);
    range = count == 0                   ? ByteRange{}
            : info.layout == Layout::any ? byte_range(m)
                                         : ByteRange{data, data + count * info.bytes};
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
    if (!data) return false;
    range = {data, data + info.bytes};
    return true;
}

/// What no argument gives: constants, and the extents of shared variables, whose values come later.
void bind_rest(const FunctionData& f, const Binding& b) noexcept
{
    std::size_t at = f.inputs.size() + f.shared.size();
    for (; at < f.leaves.size(); ++at)
        b.in[at] = nullptr; // strides have extents, but no elements
    for (const Array& a : f.program.constants)
        b.in[at++] = a.data();
    std::copy_n(f.shared_extents.data(), f.shared_extents.size(), b.extents + f.shared_extents_at);
    std::copy_n(f.target_extents.data(), f.target_extents.size(), b.extents + f.target_extents_at);
}

/// Every argument in its layout and aligned, no output on top of another argument but where
/// `in_place` allows it. A few are compared in pairs, which needs no order; ranges of many are
/// sorted.
enum class Compared : bool { in_pairs, sorted };
template <Compared how>
inline bool
bind_all(const FunctionData& f, std::span<const Memory> arguments, const Binding& b) noexcept
{
    const std::size_t inputs = f.inputs.size();
    const ArgumentInfo* infos = f.arguments.data();
    for (std::size_t i = 0; i < inputs; ++i) {
        if (!bind(infos[i], arguments[i], b, b.ranges[i])) return false;
        b.in[i] = arguments[i].data;
    }
    for (std::size_t i = inputs; i < arguments.size(); ++i) {
        const Memory& m = arguments[i];
        if (!bind(infos[i], m, b, b.ranges[i])) return false;
        if (infos[i].layout == Layout::any && overlaps_itself(m)) return false;
        b.out[i - inputs] = m.data;
        if constexpr (how == Compared::in_pairs)
            for (std::size_t k = 0; k < i; ++k)
                if (b.ranges[i].overlaps(b.ranges[k]) &&
                    !is_allowed_alias(infos[i], k, m, arguments[k]))
                    return false;
    }
    if constexpr (how == Compared::sorted)
        if (!are_apart(f, arguments, {b.ranges, arguments.size()})) return false;
    if (f.words.in > inputs || f.has_shared) bind_rest(f, b);
    return true;
}

std::int64_t needed_bytes(const FunctionData& f, const std::int64_t* extents) noexcept
{
    return f.program.workspace_bytes >= 0 ? f.program.workspace_bytes : f.workspace_bytes(extents);
}

Status failed(const FunctionData& f, Code code) noexcept
{
    Status status;
    status.code = code;
    status.function = &f;
    return status;
}

Status run_bound(const FunctionData& f,
                 const Runtime& runtime,
                 const void* const* in,
                 void* const* out,
                 const std::int64_t* extents,
                 void* workspace) noexcept
{
    Report report;
    Status status;
    status.function = &f;
    if (f.options.profile) f.profile.remember({extents, f.extent_count});
    status.guard = f.run(&runtime, in, out, extents, workspace, &report);
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

/// The same within a turn of its shared variables; they change if everything went well.
/// throws   BackendError where there is no memory for their next values.
Status run_turn(const FunctionData& f,
                const Runtime& runtime,
                const Binding& b,
                void* workspace,
                SharedTurn& turn)
{
    turn.read(b.in + f.inputs.size());
    turn.next(b.out + f.result_count());
    const Status status = run_bound(f, runtime, b.in, b.out, b.extents, workspace);
    if (status)
        turn.publish();
    else
        turn.abandon();
    return status;
}

/// A function that its references compute: they say themselves what went wrong, the user's own ops
/// by any exception.
Status run_throwing(const FunctionData& f, std::span<const Memory> arguments) noexcept
{
    Status status = failed(f, Code::ok);
    try {
        run_checked(f, arguments);
    } catch (const Error& e) {
        status.code = e.code();
        status.thrown = std::current_exception();
    } catch (const std::bad_alloc&) {
        status.code = Code::memory;
    } catch (...) { // kept for Status::text()
        status.code = Code::internal;
        status.thrown = std::current_exception();
    }
    return status;
}

Status run_shared(const FunctionData& f, const Binding& b, void* workspace) noexcept
{
    try {
        SharedTurn turn(f.shared_use, b.pins);
        return run_turn(f, f.serial_runtime, b, workspace, turn);
    } catch (const Error& e) {
        return failed(f, e.code());
    } catch (const std::bad_alloc&) {
        return failed(f, Code::memory);
    }
}

/// The arguments bound, a call with `workspace`. Part of both its callers, so that the common one
/// pays nothing for the other.
[[gnu::always_inline]] inline Status run_in(const FunctionData& f,
                                            const Binding& binding,
                                            void* workspace,
                                            std::size_t workspace_size_bytes) noexcept
{
    const std::int64_t bytes = needed_bytes(f, binding.extents);
    if (bytes > static_cast<std::int64_t>(workspace_size_bytes)) {
        Status status = failed(f, Code::memory);
        status.found = bytes;
        status.expected = static_cast<std::int64_t>(workspace_size_bytes);
        return status;
    }
    if (f.has_shared) return run_shared(f, binding, workspace);
    return run_bound(f, f.serial_runtime, binding.in, binding.out, binding.extents, workspace);
}

Status run_uncommon(const FunctionData& f,
                    std::span<const Memory> arguments,
                    void* workspace,
                    std::size_t workspace_size_bytes) noexcept
{
    if (f.by_reference) return run_throwing(f, arguments);
    try {
        const TakenList list(f);
        const Binding binding =
            place_binding(f, list.memory() ? list.memory() : __builtin_alloca(f.words.ranges * 8));
        if (!bind_all<Compared::sorted>(f, arguments, binding)) return misplaced(f, arguments);
        return run_in(f, binding, workspace, workspace_size_bytes);
    } catch (const BackendError& e) { // more callers at once than ever, and no memory
        return failed(f, e.code());
    }
}

} // namespace

Status run_typed(const FunctionData& f,
                 std::span<const Memory> arguments,
                 void* workspace,
                 std::size_t workspace_size_bytes) noexcept
{
    if (f.is_uncommon) return run_uncommon(f, arguments, workspace, workspace_size_bytes);
    const Binding binding = place_binding(f, __builtin_alloca(f.words.ranges * 8));
    if (!bind_all<Compared::in_pairs>(f, arguments, binding)) return misplaced(f, arguments);
    return run_in(f, binding, workspace, workspace_size_bytes);
}

namespace {

[[noreturn]] void throw_status(const FunctionData& f,
                               const Status& status,
                               std::span<const Memory> arguments,
                               const std::vector<Array>& shared)
{
    Report report;
    report.values[0] = status.found;
    report.values[1] = status.expected;
    report.apply = status.apply;
    std::vector<Array> inputs;
    for (const Memory& m : arguments.first(f.inputs.size()))
        inputs.push_back(borrowed(m));
    throw_failure(f, status.guard, report, std::move(inputs), shared);
}

void run_shared_checked(const FunctionData& f,
                        std::span<const Memory> arguments,
                        const Binding& b,
                        void* workspace)
{
    SharedTurn turn(f.shared_use, b.pins);
    const Status status = run_turn(f, f.runtime, b, workspace, turn);
    if (!status) throw_status(f, status, arguments, turn.values());
}

/// The arguments bound, a call that throws.
[[gnu::always_inline]] inline void
run_for_caller(const FunctionData& f, std::span<const Memory> arguments, const Binding& binding)
{
    const std::int64_t bytes = needed_bytes(f, binding.extents);
    check_memory_limit(f, bytes);
    const TakenBlock workspace(f.kept, static_cast<std::size_t>(bytes), f.name);
    if (f.has_shared) return run_shared_checked(f, arguments, binding, workspace.memory());
    const Status status =
        run_bound(f, f.runtime, binding.in, binding.out, binding.extents, workspace.memory());
    if (!status) throw_status(f, status, arguments, {});
}

void run_uncommon(const FunctionData& f, std::span<const Memory> arguments)
{
    if (f.by_reference) return run_reference(f, arguments);
    const TakenList list(f);
    const Binding binding =
        place_binding(f, list.memory() ? list.memory() : __builtin_alloca(f.words.ranges * 8));
    if (!bind_all<Compared::sorted>(f, arguments, binding)) return run_packed(f, arguments);
    run_for_caller(f, arguments, binding);
}

void run_for_caller(const FunctionData& f, std::span<const Memory> arguments)
{
    if (f.is_uncommon) return run_uncommon(f, arguments);
    const Binding binding = place_binding(f, __builtin_alloca(f.words.ranges * 8));
    if (!bind_all<Compared::in_pairs>(f, arguments, binding)) return run_packed(f, arguments);
    run_for_caller(f, arguments, binding);
}

} // namespace

void run_checked(const FunctionData& f, std::span<const Memory> arguments)
{
    in_name_of(f, [&] { run_for_caller(f, arguments); });
}

namespace {

/// Whether these addresses are all that there is to check and to pass.
bool are_passed_alone(const FunctionData& f, std::span<void* const> numbers) noexcept
{
    if (!f.only_numbers) return false;
    const auto at = [&](std::size_t i) { return reinterpret_cast<std::uintptr_t>(numbers[i]); };
    for (std::size_t i = f.inputs.size(); i < numbers.size(); ++i)
        for (std::size_t k = f.inputs.size(); k < i; ++k)
            if (at(i) < at(k) + f.arguments[k].bytes && at(k) < at(i) + f.arguments[i].bytes)
                return false;
    return true;
}

Status run_numbers(const FunctionData& f,
                   const Runtime& runtime,
                   std::span<void* const> numbers,
                   void* workspace) noexcept
{
    return run_bound(f, runtime, numbers.data(), numbers.data() + f.inputs.size(), nullptr,
                     workspace);
}

/// run(the same arguments, as what has extents has them)
template <class Run>
auto with_memory(const FunctionData& f, std::span<void* const> numbers, Run run)
{
    const std::size_t count = numbers.size();
    const TakenList list(f);
    auto* memory = static_cast<Memory*>(list.memory() ? list.memory()
                                                      : __builtin_alloca(count * sizeof(Memory)));
    for (std::size_t i = 0; i < count; ++i) {
        const Variable& v = i < f.inputs.size() ? f.inputs[i] : f.written[i - f.inputs.size()];
        new (memory + i) Memory{numbers[i], v.dtype(), 0, nullptr, nullptr};
    }
    return run(std::span<const Memory>(memory, count));
}

} // namespace

Status run_typed(const FunctionData& f,
                 std::span<void* const> numbers,
                 void* workspace,
                 std::size_t workspace_bytes) noexcept
{
    const auto bytes = static_cast<std::int64_t>(workspace_bytes);
    if (f.program.workspace_bytes <= bytes && are_passed_alone(f, numbers))
        return run_numbers(f, f.serial_runtime, numbers, workspace);
    try {
        return with_memory(f, numbers, [&](std::span<const Memory> arguments) noexcept {
            return run_typed(f, arguments, workspace, workspace_bytes);
        });
    } catch (const BackendError& e) { // as in run_uncommon
        return failed(f, e.code());
    }
}

void run_checked(const FunctionData& f, std::span<void* const> numbers)
{
    Status status;
    if (f.program.workspace_bytes == 0 && are_passed_alone(f, numbers)) {
        status = run_numbers(f, f.runtime, numbers, nullptr);
        if (status) return;
    }
    with_memory(f, numbers, [&](std::span<const Memory> arguments) {
        if (!status) throw_status(f, status, arguments, {});
        run_checked(f, arguments);
    });
}

} // namespace croton::inline v1::detail
