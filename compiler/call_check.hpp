#pragma once

#include <algorithm>
#include <span>
#include <string>

#include "function_data.hpp"

namespace croton::inline v1::detail {

/// A UserError of the function, about the call.
[[noreturn]] void refuse(const FunctionData& f, Code code, const std::string& why);

/// "input 1 'x'"; outputs count on behind the inputs.
std::string argument_name(const FunctionData& f, std::size_t i);

[[noreturn]] void refuse_count(const FunctionData& f, std::size_t given);

/// throws   UserError unless input `i` has this dtype and rank.
void check_type(const FunctionData& f, std::size_t i, DType dtype, int rank);
/// throws   UserError unless a C++ number that is given for a scalar keeps its value in the input's
/// dtype; a float may be rounded.
void check_number(const FunctionData& f, std::size_t i, const Array& number);

/// throws   UserError unless the array can be output `i`: its dtype, rank, layout and alignment.
void check_output(const FunctionData& f, std::size_t i, const Memory& array);

/// Bytes that strided memory spans: the first, and the one behind the last.
struct ByteRange {
    const char* first = nullptr;
    const char* last = nullptr;
    bool overlaps(const ByteRange& other) const noexcept
    {
        return first < other.last && other.first < last;
    }
};
/// Without elements it is at no place and overlaps nothing; nor does what has no addresses.
ByteRange byte_range(const Memory& memory) noexcept;
/// Whether all of it has addresses: strides may reach beyond any memory.
bool is_addressable(const Memory& memory) noexcept;

/// Whether `m`, an output, may lie on `other`, input `k`: `in_place` says so, and they are one
/// array.
inline bool is_allowed_alias(const ArgumentInfo& output,
                             std::size_t k,
                             const Memory& m,
                             const Memory& other) noexcept
{
    return output.alias >= 0 && k == static_cast<std::size_t>(output.alias) &&
           m.data == other.data && std::equal(m.extents, m.extents + m.rank, other.extents) &&
           std::equal(m.strides, m.strides + m.rank, other.strides);
}

/// Whether no output lies on another argument, but where `in_place` allows it. `ranges`: of each
/// argument; they are sorted.
bool are_apart(const FunctionData& f,
               std::span<const Memory> arguments,
               std::span<ByteRange> ranges) noexcept;

/// Whether there is memory, or no element that needs any.
inline bool has_memory(const Memory& m) noexcept
{
    return m.data || std::find(m.extents, m.extents + m.rank, 0) != m.extents + m.rank;
}

/// Whether two elements lie in one place, in memory that is addressable. Axes of any strides are
/// compared with a limit of work: what is refused is sure, what is taken nearly always right.
bool has_shared_places(const Memory& m) noexcept;
/// The same; no work to speak of where each row lies behind the one before, as nearly always.
inline bool overlaps_itself(const Memory& m) noexcept
{
    std::int64_t reach = 0; // of the axes so far: how far apart two elements are at most
    for (int i = m.rank; i-- > 0;) {
        if (m.extents[i] <= 1) continue;
        if (m.strides[i] <= reach) return has_shared_places(m);
        reach += (m.extents[i] - 1) * m.strides[i];
    }
    return false;
}

/// Of a call that may not allocate: the first argument that it cannot take as it lies. The status
/// has its number as `found`; the number of the one that it overlaps, or the stride that does not
/// fit, as `expected`, else -1; as `apply` the reason, and of a stride its axis eight bits further
/// up.
constexpr std::int32_t misplaced_argument = -1; ///< Status::guard
Status misplaced(const FunctionData& f, std::span<const Memory> arguments) noexcept;
/// "output 0 overlaps input 1 'y'", of such a status.
std::string misplaced_text(const FunctionData& f, const Status& status);

/// throws   UserError where a workspace of so many bytes exceeds Options::memory_limit_bytes.
void check_memory_limit(const FunctionData& f, std::int64_t bytes);

/// Inside a handler of `error`.
[[noreturn]] void throw_in_name_of(const FunctionData& f, const BackendError& error);

/// Runs a call of `f`, or a part of it. Where there is no memory for an array, the error is the
/// function's: its caller knows of no array.
template <class F>
decltype(auto) in_name_of(const FunctionData& f, F run)
{
    try {
        return run();
    } catch (const BackendError& error) {
        throw_in_name_of(f, error);
    }
}

} // namespace croton::inline v1::detail
