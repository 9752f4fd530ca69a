#include <croton/compiler/function.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>
#include <cstring>
#include <new>

#include "function_data.hpp"
#include "solve_extents.hpp"

namespace croton::inline v1 {

namespace detail {

void retain(const FunctionData* f) noexcept { f->count.fetch_add(1, std::memory_order_relaxed); }
void release(const FunctionData* f) noexcept
{
    if (f->count.fetch_sub(1, std::memory_order_acq_rel) == 1) delete f;
}

FunctionData::~FunctionData()
{
    for (auto& slot : kept)
        free_workspace(slot.load(std::memory_order_acquire));
}

// A workspace knows its size: it stands in the 64 bytes in front.
void* allocate_workspace(std::size_t bytes)
{
    char* block = static_cast<char*>(std::aligned_alloc(64, (bytes + 64 + 63) / 64 * 64));
    if (!block)
        throw BackendError(Code::memory, fmt::format("workspace: out of memory: {} bytes", bytes),
                           nullptr, "workspace");
    std::memcpy(block, &bytes, sizeof bytes);
    return block + 64;
}

void free_workspace(void* memory) noexcept
{
    if (memory) std::free(static_cast<char*>(memory) - 64);
}

std::size_t workspace_size(const void* memory) noexcept
{
    std::size_t bytes = 0;
    if (memory) std::memcpy(&bytes, static_cast<const char*>(memory) - 64, sizeof bytes);
    return bytes;
}

TakenWorkspace::TakenWorkspace(const FunctionData& f, std::size_t bytes)
    : function_(f), memory_(nullptr)
{
    for (auto& slot : f.kept) {
        memory_ = slot.exchange(nullptr, std::memory_order_acq_rel);
        if (memory_) break;
    }
    if (memory_ && workspace_size(memory_) >= bytes) return;
    free_workspace(memory_);
    memory_ = nullptr;
    memory_ = allocate_workspace(bytes);
}

TakenWorkspace::~TakenWorkspace()
{
    for (auto& slot : function_.kept) {
        void* empty = nullptr;
        if (slot.compare_exchange_strong(empty, memory_, std::memory_order_acq_rel)) return;
    }
    free_workspace(memory_);
}

namespace {

std::string argument_name(const FunctionData& f, std::size_t i)
{
    const std::string_view name = f.inputs[i].name();
    return name.empty() ? fmt::format("input {}", i) : fmt::format("input {} '{}'", i, name);
}

[[noreturn]] void refuse(const FunctionData& f, Code code, const std::string& why)
{
    throw user_error(code, f.where, f.name, "{}", why);
}

void check_count(const FunctionData& f, std::size_t given)
{
    if (given != f.inputs.size())
        refuse(f, Code::shape,
               fmt::format("takes {} inputs, {} are given; it is {}", f.inputs.size(), given,
                           Function::signature_of(f)));
}

void check_type(const FunctionData& f, std::size_t i, DType dtype, int rank)
{
    const Variable& v = f.inputs[i];
    if (dtype != v.dtype())
        refuse(f, Code::dtype,
               fmt::format("{} is {}, given {}", argument_name(f, i), croton::name(v.dtype()),
                           croton::name(dtype)));
    if (rank != v.rank())
        refuse(f, Code::shape,
               fmt::format("{} has rank {} {}, given rank {}", argument_name(f, i), v.rank(),
                           to_string(v.shape()), rank));
}

} // namespace

std::string
failure_text(const FunctionData& f, std::int32_t code, std::int64_t found, std::int64_t expected)
{
    if (code == codegen::index_out_of_range)
        return fmt::format("{}: an index is out of range", f.name);
    const codegen::Guard& g = f.program.guards.at(static_cast<std::size_t>(code) - 1);
    return fmt::format("{}: {} is {}, it must be {}{}", f.name, g.text, found, expected,
                       g.expected.is_known() ? "" : fmt::format(" ({})", to_string(g.expected)));
}

void throw_failure(const FunctionData& f, std::int32_t code, const Report& report)
{
    const std::string text = failure_text(f, code, report.values[0], report.values[1]);
    if (code == codegen::index_out_of_range)
        throw UserError(Code::index, text, f.program.checked.at(report.apply), f.name);
    throw UserError(Code::shape, text,
                    f.program.guards.at(static_cast<std::size_t>(code) - 1).where, f.name);
}

} // namespace detail

using detail::FunctionData;

std::string Status::text() const
{
    if (code == Code::ok) return "ok";
    if (function && guard != 0) return detail::failure_text(*function, guard, found, expected);
    return std::string(croton::name(code));
}

const Array& Results::operator[](std::size_t i) const&
{
    if (i >= arrays_.size())
        throw user_error(Code::index, function_->where, function_->name,
                         "result {} does not exist: there are {}", i, arrays_.size());
    return arrays_[i];
}

const Array& Results::operator[](std::string_view name) const&
{
    for (std::size_t i = 0; i < arrays_.size(); ++i)
        if (function_->output_names[i] == name) return arrays_[i];
    throw user_error(Code::index, function_->where, function_->name,
                     "no result is named '{}'; they are {}", name,
                     fmt::join(function_->output_names, ", "));
}

Workspace::Workspace(std::size_t bytes) : memory_(detail::allocate_workspace(bytes)), bytes_(bytes)
{}
Workspace::Workspace(Workspace&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), bytes_(std::exchange(other.bytes_, 0))
{}
Workspace& Workspace::operator=(Workspace&& other) noexcept
{
    std::swap(memory_, other.memory_);
    std::swap(bytes_, other.bytes_);
    return *this;
}
Workspace::~Workspace() { detail::free_workspace(memory_); }
std::size_t Workspace::size_bytes() const noexcept { return bytes_; }
void Workspace::touch() noexcept
{
    if (bytes_ > 0) std::memset(memory_, 0, bytes_);
}

namespace {

/// Arrays of one call, in the order in which `run` takes them.
struct Call {
    std::vector<const void*> in;
    std::vector<void*> out;
    std::vector<std::int64_t> extents;
};

void run_program(const FunctionData& f, const Call& call)
{
    const auto bytes = static_cast<std::size_t>(f.program.workspace_bytes >= 0
                                                    ? f.program.workspace_bytes
                                                    : f.workspace_bytes(call.extents.data()));
    const detail::TakenWorkspace workspace(f, bytes);
    Report report;
    const std::int32_t code = f.run(&f.runtime, call.in.data(), call.out.data(),
                                    call.extents.data(), workspace.memory(), &report);
    if (code != 0) detail::throw_failure(f, code, report);
}

std::vector<Array>
run_reference(const FunctionData& f, std::vector<Array> values, const std::vector<Array>& shared)
{
    std::vector<Variable> inputs = f.inputs;
    inputs.insert(inputs.end(), f.shared.begin(), f.shared.end());
    values.insert(values.end(), shared.begin(), shared.end());
    return evaluate_reference(inputs, values, f.outputs);
}

/// Calls with the outputs' memory given, or empty Arrays that are made here. Updates come last.
std::vector<Array>
run_arrays(const FunctionData& f, const std::vector<Array>& inputs, std::vector<Array> results)
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
        run_program(f, call);
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

} // namespace

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
    return Results(run_arrays(f, arrays, {}), data_);
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
    const std::vector<Array> made = run_arrays(f, arrays, std::move(results));
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

std::string Function::signature_of(const FunctionData& f)
{
    const auto list = [](const std::vector<Variable>& values, std::size_t count,
                         const std::vector<std::string>* names) {
        std::string text;
        for (std::size_t i = 0; i < count; ++i) {
            const std::string name = names ? (*names)[i] : std::string(values[i].name());
            text += fmt::format("{}{}{}", text.empty() ? "" : ", ", name.empty() ? "" : name + ": ",
                                to_string(values[i].type()));
        }
        return text;
    };
    return fmt::format("{}({}) -> ({})", f.name, list(f.inputs, f.inputs.size(), nullptr),
                       list(f.outputs, f.result_count(), &f.output_names));
}

std::string Function::signature() const { return signature_of(*data_); }
double Function::compile_ms() const { return data_->build_ms + data_->compile_ms; }
std::string_view Function::full_source() const { return data_->program.source; }

std::string_view Function::source() const
{
    const std::string& all = data_->program.source;
    const std::size_t at = all.find(codegen::end_of_prelude);
    return at == all.npos ? std::string_view(all)
                          : std::string_view(all).substr(at + codegen::end_of_prelude.size());
}

namespace {

std::vector<std::int64_t>
call_extents(const FunctionData& f,
             std::initializer_list<std::pair<std::string_view, std::int64_t>> given)
{
    // Symbols by name; axes that no symbol names must be known.
    std::vector<std::int64_t> extents;
    const auto value_of = [&](const Extent& e, const Variable& v) {
        std::vector<std::pair<const detail::Atom*, std::int64_t>> values;
        for (const detail::Atom* s : symbols(e)) {
            const auto at = std::ranges::find_if(
                given, [&](const auto& g) { return g.first == croton::name(s); });
            if (at == given.end())
                throw user_error(Code::shape, f.where, f.name,
                                 "the workspace of {} '{}' needs extent {}: give {{\"{}\", value}}",
                                 to_string(v.type()), v.name(), to_string(as_extent(s)),
                                 croton::name(s));
            values.emplace_back(s, at->second);
        }
        return evaluate(e, values);
    };
    for (const auto* list : {&f.program.inputs, &f.program.outputs})
        for (const Variable& v : *list)
            for (const Extent& e : v.shape())
                extents.push_back(value_of(e, v));
    return extents;
}

} // namespace

std::size_t Function::workspace_bytes(
    std::initializer_list<std::pair<std::string_view, std::int64_t>> extents) const
{
    const FunctionData& f = *data_;
    if (f.options.reference) return 0;
    if (f.program.workspace_bytes >= 0) return static_cast<std::size_t>(f.program.workspace_bytes);
    return static_cast<std::size_t>(f.workspace_bytes(call_extents(f, extents).data()));
}

Workspace
Function::workspace(std::initializer_list<std::pair<std::string_view, std::int64_t>> extents) const
{
    return Workspace(workspace_bytes(extents));
}

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
    if (bytes > static_cast<std::int64_t>(workspace_size_bytes)) return failed(Code::memory);
    Report report;
    status.guard = f.run(&f.runtime, in, out, extents, workspace, &report);
    if (status.guard == 0) return status;
    status.found = report.values[0];
    status.expected = report.values[1];
    return failed(status.guard == codegen::index_out_of_range ? Code::index : Code::shape);
}

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
        report.values[0] = s.found;
        report.values[1] = s.expected;
        throw_failure(f, s.guard, report);
    }
    const auto shape = [](const Memory& m) {
        return std::vector<std::int64_t>(m.extents, m.extents + m.rank);
    };
    std::vector<Array> in;
    for (std::size_t i = 0; i < inputs; ++i) {
        const Memory& m = arguments[i];
        in.push_back(
            Array::copy_strided(m.dtype, m.data, shape(m), {m.strides, m.strides + m.rank}));
    }
    const std::vector<Array> results = run_arrays(f, in, {});
    for (std::size_t i = 0; i < results.size(); ++i) {
        const Memory& m = arguments[inputs + i];
        if (!std::ranges::equal(results[i].shape(), shape(m)))
            refuse(f, Code::shape,
                   fmt::format("output {} has shape ({}), the View ({})", i,
                               fmt::join(results[i].shape(), ", "), fmt::join(shape(m), ", ")));
        Array::assign_strided(m.dtype, m.data, shape(m), {m.strides, m.strides + m.rank},
                              results[i]);
    }
}

} // namespace detail

} // namespace croton::inline v1
