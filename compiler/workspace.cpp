#include <croton/ir/allocate.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>
#include <cstring>
#include <new>

#include "call_check.hpp"
#include "function_data.hpp"
#include "run_failure.hpp"

namespace croton::inline v1 {

namespace detail {

FunctionData::~FunctionData()
{
    for (KeptBlocks* const blocks : {&kept, &kept_lists})
        for (auto& slot : *blocks)
            free_workspace(slot.load(std::memory_order_acquire));
}

// A workspace knows its size: it stands in the 64 bytes in front.
void* allocate_workspace(std::size_t bytes, std::string_view function)
{
    char* block = static_cast<char*>(allocate_elements(bytes));
    if (!block)
        throw BackendError(Code::memory,
                           fmt::format("{}: out of memory: {} bytes", function, bytes), nullptr,
                           function);
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

TakenBlock::TakenBlock(KeptBlocks& kept, std::size_t bytes, std::string_view function)
    : kept_(kept), memory_(nullptr)
{
    if (bytes == 0) return;
    for (auto& slot : kept) {
        memory_ = slot.exchange(nullptr, std::memory_order_acq_rel);
        if (memory_) break;
    }
    if (memory_ && workspace_size(memory_) >= bytes) return;
    free_workspace(memory_);
    memory_ = nullptr;
    memory_ = allocate_workspace(bytes, function);
}

TakenBlock::~TakenBlock()
{
    if (!memory_) return;
    for (auto& slot : kept_) {
        void* empty = nullptr;
        if (slot.compare_exchange_strong(empty, memory_, std::memory_order_acq_rel)) return;
    }
    free_workspace(memory_);
}

void plan_calls(FunctionData& f)
{
    f.words.in = static_cast<std::uint32_t>(f.leaves.size() + f.program.constants.size());
    f.words.out = f.words.in + static_cast<std::uint32_t>(f.outputs.size());
    f.words.extents = f.words.out + static_cast<std::uint32_t>(f.extent_count);
    f.words.pins = f.words.extents + static_cast<std::uint32_t>(f.shared_use.pin_count());
    f.words.ranges = f.words.pins + static_cast<std::uint32_t>(2 * f.arguments.size());
    f.only_numbers = !f.by_reference && f.extent_count == 0 && !f.has_shared &&
                     f.program.constants.empty() && f.options.in_place.empty() &&
                     !f.options.profile && f.result_count() <= most_compared_in_pairs;
    const std::size_t bytes =
        std::max({f.words.ranges * std::size_t{8}, f.arguments.size() * sizeof(Memory),
                  f.result_extents.room() * sizeof(std::int64_t)});
    f.list_bytes = bytes > most_list_bytes_on_stack ? bytes : 0;
    f.is_uncommon = f.by_reference || f.list_bytes > 0 ||
                    f.inputs.size() + f.result_count() > most_compared_in_pairs;
    // A typed call holds two and allocates nothing, from the first one on.
    for (std::size_t i = 0; f.list_bytes > 0 && i < 2; ++i)
        f.kept_lists[i] = allocate_workspace(f.list_bytes, f.name);
}

} // namespace detail

using detail::FunctionData;

Workspace::Workspace(std::size_t bytes, std::string_view function)
    : memory_(detail::allocate_workspace(bytes, function)), bytes_(bytes)
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

void check_extents(const FunctionData& f, NamedExtents given)
{
    for (const auto& [name, value] : given) {
        const auto same_name = [&](const auto& g) { return g.first == name; };
        if (std::ranges::find(f.extent_names, name) == f.extent_names.end())
            detail::refuse(
                f, Code::shape,
                fmt::format("no input has an extent '{}'{}", name,
                            f.extent_names.empty()
                                ? ""
                                : fmt::format("; they have {}", fmt::join(f.extent_names, ", "))));
        if (value < 0)
            detail::refuse(f, Code::shape, fmt::format("extent {} is negative: {}", name, value));
        if (std::ranges::count_if(given, same_name) > 1)
            detail::refuse(f, Code::shape, fmt::format("extent {} is given twice", name));
    }
}

std::vector<std::int64_t> call_extents(const FunctionData& f, NamedExtents given)
{
    // Symbols by name; axes that no symbol names must be known.
    std::vector<std::int64_t> extents;
    const auto value_of = [&](const Extent& e, const Variable& v) {
        std::vector<std::pair<const detail::Atom*, std::int64_t>> values;
        for (const detail::Atom* s : symbols(e)) {
            const auto at = std::ranges::find_if(
                given, [&](const auto& g) { return g.first == croton::name(s); });
            if (at == given.end())
                detail::refuse(
                    f, Code::shape,
                    fmt::format("the workspace of {} '{}' needs extent {}: give {{\"{}\", value}}",
                                to_string(v.type()), v.name(), to_string(as_extent(s)),
                                croton::name(s)));
            values.emplace_back(s, at->second);
        }
        return evaluate(e, values);
    };
    const std::size_t with_elements = f.inputs.size() + f.shared.size();
    for (std::size_t i = 0; i < f.leaves.size(); ++i)
        for (const Extent& e : f.leaves[i].shape()) // no size depends on strides
            extents.push_back(i < with_elements ? value_of(e, f.leaves[i]) : 1);
    for (const Variable& v : f.program.outputs)
        for (const Extent& e : v.shape())
            extents.push_back(value_of(e, v));
    check_guards(f, extents);
    return extents;
}

std::size_t workspace_bytes(const FunctionData& f, NamedExtents extents)
{
    check_extents(f, extents);
    if (f.options.reference) return 0;
    if (f.program.workspace_bytes >= 0) return static_cast<std::size_t>(f.program.workspace_bytes);
    return static_cast<std::size_t>(f.workspace_bytes(call_extents(f, extents).data()));
}

} // namespace

std::size_t Function::workspace_bytes(NamedExtents extents, Where where) const
{
    return detail::at_place(where, [&] { return croton::workspace_bytes(*data_, extents); });
}

Workspace Function::workspace(NamedExtents extents, Where where) const
{
    return detail::at_place(where, [&] {
        const std::size_t bytes = croton::workspace_bytes(*data_, extents);
        detail::check_memory_limit(*data_, static_cast<std::int64_t>(bytes));
        return Workspace(bytes, data_->name);
    });
}

} // namespace croton::inline v1
