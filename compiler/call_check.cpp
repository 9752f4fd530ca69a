#include "call_check.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/scan_parts.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include "layouts.hpp"

namespace croton::inline v1::detail {

namespace {

/// Why an argument cannot be taken as it lies: `apply` of a misplaced argument's Status. Of a
/// layout the status also has the first axis, eight bits further up, and as `expected` its stride.
enum class Misplaced : std::uint32_t {
    alignment,
    extent,
    count,
    reach,  ///< its strides lead beyond any memory
    memory, ///< there is none
    repeating,
    layout,
    overlap,
    covers ///< it lies on all of an input
};
constexpr int axis_at = 8;

/// The first axis along which elements are not as far apart as the layout has them.
int wrong_axis(Layout layout, const Memory& m) noexcept
{
    std::int64_t stride = 1;
    for (int k = 0; k < m.rank; ++k) {
        const int i = layout == Layout::column_major ? k : m.rank - 1 - k;
        if (m.extents[i] != 1 && m.strides[i] != stride) return i;
        stride *= m.extents[i];
    }
    return 0;
}

std::string stride_text(int axis, std::int64_t stride)
{
    return fmt::format("its stride along axis {} is {}", axis, stride);
}

} // namespace

std::string argument_name(const FunctionData& f, std::size_t i)
{
    const bool output = i >= f.inputs.size();
    const std::size_t at = output ? i - f.inputs.size() : i;
    const std::string_view name = output ? f.output_names[at] : f.input_names[at];
    return fmt::format("{} {}{}", output ? "output" : "input", at,
                       name.empty() ? "" : fmt::format(" '{}'", name));
}

void refuse(const FunctionData& f, Code code, const std::string& why)
{
    throw user_error(code, nullptr, f.name, "{}", why);
}

void throw_in_name_of(const FunctionData& f, const BackendError& error)
{
    const std::string_view op = error.op(), message = error.message();
    if (error.code() != Code::memory || op == f.name ||
        !message.starts_with(fmt::format("{}: ", op)))
        throw; // as it is
    throw BackendError(Code::memory, fmt::format("{}{}", f.name, message.substr(op.size())),
                       nullptr, f.name);
}

void refuse_count(const FunctionData& f, std::size_t given)
{
    std::string text =
        fmt::format("takes {}, given {}; it is {}", counted(f.inputs.size(), "input"), given,
                    Function::signature_of(f));
    // One with a default in front of one without.
    const auto has_default = [](const Array& a) { return static_cast<bool>(a); };
    const auto first = std::ranges::find_if(f.defaults, has_default);
    if (given < f.inputs.size() && !std::all_of(first, f.defaults.end(), has_default))
        text += fmt::format("; the default of {} counts by name, or where all behind it are left "
                            "out as well",
                            argument_name(f, static_cast<std::size_t>(first - f.defaults.begin())));
    refuse(f, Code::shape, text);
}

void check_type(const FunctionData& f, std::size_t i, DType dtype, int rank)
{
    const ArgumentInfo& info = f.arguments[i];
    if (dtype == info.dtype && rank == info.rank) return;
    const Variable& v = f.inputs[i];
    const bool number = rank == 0 && v.rank() > 0; // no cast would help
    if (dtype != v.dtype() && !number)
        refuse(f, Code::dtype,
               fmt::format("{} is {}, given {}; Array::cast converts it", argument_name(f, i),
                           croton::name(v.dtype()), croton::name(dtype)));
    refuse(f, Code::shape,
           fmt::format("{} has rank {} {}, given rank {}{}", argument_name(f, i), v.rank(),
                       to_string(v.shape()), rank,
                       rank == 1 && v.rank() > 1
                           ? fmt::format("; a View of rank {} gives flat memory extents", v.rank())
                           : ""));
}

void check_number(const FunctionData& f, std::size_t i, const Array& number)
{
    const DType dtype = f.arguments[i].dtype;
    if (const std::string why = misfit(number, dtype); !why.empty())
        refuse(f, Code::dtype,
               fmt::format("{} is {}, {}", argument_name(f, i), croton::name(dtype), why));
}

void check_output(const FunctionData& f, std::size_t i, const Memory& array)
{
    const ArgumentInfo& info = f.arguments[f.inputs.size() + i];
    if (array.dtype == info.dtype && array.rank == info.rank &&
        is_aligned(array.data, info.dtype) &&
        lies_as(info.layout, info.rank, array.extents, array.strides))
        return;
    const int axis = wrong_axis(info.layout, array);
    const std::string is =
        array.dtype != info.dtype ? fmt::format("is {}", name(array.dtype))
        : array.rank != info.rank ? fmt::format("has rank {}", array.rank)
        : !is_aligned(array.data, info.dtype)
            ? fmt::format("is not aligned for {}", name(info.dtype))
            : fmt::format("is not {}: {}; declared as an Output of Layout::any it is taken so",
                          name(info.layout), stride_text(axis, array.strides[axis]));
    refuse(f, array.dtype != info.dtype ? Code::dtype : Code::shape,
           fmt::format("{} is {}; the array for it {}", argument_name(f, f.inputs.size() + i),
                       to_string(f.written[i].type()), is));
}

namespace {

/// Nothing where a part would have no address.
std::optional<ByteRange> reachable_range(const Memory& m) noexcept
{
    for (int i = 0; i < m.rank; ++i)
        if (m.extents[i] == 0) return ByteRange{};
    const auto bytes = static_cast<std::int64_t>(size_bytes(m.dtype));
    std::int64_t first = reinterpret_cast<std::intptr_t>(m.data);
    std::int64_t last = 0;
    if (__builtin_add_overflow(first, bytes, &last)) return {};
    for (int i = 0; i < m.rank; ++i) {
        std::int64_t reach = 0;
        if (__builtin_mul_overflow(m.extents[i] - 1, m.strides[i], &reach) ||
            __builtin_mul_overflow(reach, bytes, &reach))
            return {};
        std::int64_t& end = reach < 0 ? first : last;
        if (__builtin_add_overflow(end, reach, &end)) return {};
    }
    if (first < 0) return {};
    return ByteRange{reinterpret_cast<const char*>(first), reinterpret_cast<const char*>(last)};
}

} // namespace

ByteRange byte_range(const Memory& m) noexcept { return reachable_range(m).value_or(ByteRange{}); }

bool is_addressable(const Memory& m) noexcept { return reachable_range(m).has_value(); }

namespace {

/// Axes of more than one element, the widest stride first, and whether some step along them is 0.
class Steps {
public:
    explicit Steps(const Memory& m) noexcept
    {
        for (int i = 0; i < m.rank; ++i)
            if (m.extents[i] > 1) axes_[count_++] = {std::abs(m.strides[i]), m.extents[i] - 1, 0};
        std::sort(axes_.begin(), axes_.begin() + count_,
                  [](const Axis& a, const Axis& b) { return a.stride > b.stride; });
        std::int64_t reach = 0;
        for (int i = count_; i-- > 0;)
            axes_[at(i)].reach = reach += axes_[at(i)].most * axes_[at(i)].stride;
    }

    /// Two elements lie in one place where steps along the axes, not all 0, lead back to it. The
    /// first that is not 0 may be taken forwards.
    bool lead_back() noexcept
    {
        for (int i = 0; i < count_; ++i)
            for (std::int64_t n = 1; n <= axes_[at(i)].most; ++n) {
                const std::int64_t distance = n * axes_[at(i)].stride;
                if (distance > reach(i + 1)) break; // legal layouts end here at once
                if (lead(i + 1, distance)) return true;
                if (work_ <= 0) return false;
            }
        return false;
    }

private:
    struct Axis {
        std::int64_t stride, most, reach; ///< reach: of this axis and those behind it
    };
    static std::size_t at(int i) noexcept { return static_cast<std::size_t>(i); }
    std::int64_t reach(int first) const noexcept
    {
        return first < count_ ? axes_[at(first)].reach : 0;
    }

    /// Whether steps along the axes from `first` on, forwards or back, lead so far.
    bool lead(int first, std::int64_t distance) noexcept
    {
        if (distance == 0) return true;
        if (std::abs(distance) > reach(first) || --work_ <= 0) return false;
        const Axis& axis = axes_[at(first)];
        // Only as many steps as leave what the others reach.
        const std::int64_t others = reach(first + 1);
        const std::int64_t low = std::max(-axis.most, (distance - others) / axis.stride - 1);
        const std::int64_t high = std::min(axis.most, (distance + others) / axis.stride + 1);
        for (std::int64_t n = low; n <= high && work_ > 0; ++n)
            if (lead(first + 1, distance - n * axis.stride)) return true;
        return false;
    }

    std::array<Axis, most_axes> axes_;
    int count_ = 0;
    int work_ = 1000;
};

} // namespace

bool has_shared_places(const Memory& m) noexcept
{
    if (std::find(m.extents, m.extents + m.rank, 0) != m.extents + m.rank) return false;
    return Steps(m).lead_back();
}

bool are_apart(const FunctionData& f,
               std::span<const Memory> arguments,
               std::span<ByteRange> ranges) noexcept
{
    const std::size_t inputs = f.inputs.size();
    // An output that may lie on an input has its range: whatever overlaps the one overlaps the
    // other, and of the two only the output is left.
    for (std::size_t i = inputs; i < arguments.size(); ++i)
        if (const int alias = f.arguments[i].alias; alias >= 0) {
            const auto k = static_cast<std::size_t>(alias);
            if (is_allowed_alias(f.arguments[i], k, arguments[i], arguments[k])) ranges[k] = {};
        }
    const auto without_empty = [](std::span<ByteRange> some) {
        const auto end = std::remove_if(some.begin(), some.end(),
                                        [](const ByteRange& r) { return r.first == r.last; });
        return some.first(static_cast<std::size_t>(end - some.begin()));
    };
    const std::span<ByteRange> read = without_empty(ranges.first(inputs));
    const std::span<ByteRange> written = without_empty(ranges.subspan(inputs));
    std::ranges::sort(written, {}, &ByteRange::first);
    for (std::size_t i = 1; i < written.size(); ++i)
        if (written[i].overlaps(written[i - 1])) return false;
    return std::ranges::none_of(read, [&](const ByteRange& r) {
        const auto at = std::ranges::upper_bound(written, r.first, {}, &ByteRange::last);
        return at != written.end() && at->overlaps(r);
    });
}

Status misplaced(const FunctionData& f, std::span<const Memory> arguments) noexcept
{
    Status status;
    status.guard = misplaced_argument;
    status.function = &f;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const Memory& m = arguments[i];
        const ArgumentInfo& info = f.arguments[i];
        const bool output = i >= f.inputs.size();
        status.found = static_cast<std::int64_t>(i);
        status.expected = -1;
        const auto is_negative = [](std::int64_t e) { return e < 0; };
        const Misplaced why =
            !is_aligned(m.data, info.dtype)                           ? Misplaced::alignment
            : std::any_of(m.extents, m.extents + m.rank, is_negative) ? Misplaced::extent
            : !is_countable(m.rank, m.extents)                        ? Misplaced::count
            : !is_addressable(m)                                      ? Misplaced::reach
            : !has_memory(m)                                          ? Misplaced::memory
            : output && overlaps_itself(m)                            ? Misplaced::repeating
            : !lies_as(info.layout, m.rank, m.extents, m.strides)     ? Misplaced::layout
                                                                      : Misplaced::overlap;
        status.apply = static_cast<std::uint32_t>(why);
        status.code = why == Misplaced::memory ? Code::domain : Code::shape;
        if (why == Misplaced::layout) {
            const int axis = wrong_axis(info.layout, m);
            status.apply |= static_cast<std::uint32_t>(axis) << axis_at;
            status.expected = m.strides[axis];
        }
        if (why != Misplaced::overlap) return status;
        for (std::size_t k = 0; output && k < i; ++k) {
            const Memory& other = arguments[k];
            status.expected = static_cast<std::int64_t>(k);
            if (!byte_range(m).overlaps(byte_range(other)) || is_allowed_alias(info, k, m, other))
                continue;
            ArgumentInfo aliased = info;
            aliased.alias = static_cast<std::int32_t>(k);
            if (k < f.inputs.size() && m.rank == other.rank &&
                is_allowed_alias(aliased, k, m, other))
                status.apply = static_cast<std::uint32_t>(Misplaced::covers);
            return status;
        }
    }
    return status;
}

namespace {

/// Whether `in_place` may name them.
bool can_alias(const FunctionData& f, std::size_t input, std::size_t output)
{
    const auto named = [&](const Alias& a) {
        return a.input == static_cast<int>(input) || a.output == static_cast<int>(output);
    };
    return f.inputs[input].type() == f.written[output].type() &&
           f.arguments[input].layout == f.arguments[f.inputs.size() + output].layout &&
           std::ranges::none_of(f.options.in_place, named);
}

} // namespace

std::string misplaced_text(const FunctionData& f, const Status& status)
{
    const auto at = static_cast<std::size_t>(status.found);
    const ArgumentInfo& info = f.arguments[at];
    const std::string which = argument_name(f, at);
    const auto why = static_cast<Misplaced>(status.apply & ((1U << axis_at) - 1));
    const auto axis = static_cast<int>(status.apply >> axis_at);
    switch (why) {
    case Misplaced::alignment:
        return fmt::format("{} is not aligned for {}; a call without a Workspace copies it", which,
                           croton::name(info.dtype));
    case Misplaced::extent:
        return which + " has a negative extent";
    case Misplaced::count:
        return which + " has more elements than any memory holds";
    case Misplaced::reach:
        return which + " has strides that reach beyond any memory";
    case Misplaced::memory:
        return which + " has no memory: its pointer is null";
    case Misplaced::repeating:
        return fmt::format("elements of {} would lie in one place", which);
    case Misplaced::layout:
        return fmt::format("{} does not lie as declared: {}; {}; declared as Layout::any it is "
                           "taken so, and a call without a Workspace copies it",
                           which, name(info.layout), stride_text(axis, status.expected));
    case Misplaced::overlap:
    case Misplaced::covers:
        break;
    }
    const auto other = static_cast<std::size_t>(status.expected);
    const std::string text = fmt::format("{} overlaps {}", which, argument_name(f, other));
    if (other >= f.inputs.size()) return text;
    const std::size_t output = at - f.inputs.size();
    if (why == Misplaced::covers && can_alias(f, other, output))
        return fmt::format("{}; {{{}, {}}} in Options::in_place allows that", text, other, output);
    return text + "; a call without a Workspace copies that first";
}

namespace {

/// Of a loop, and of what has another one's rows, which is no loop that says so.
bool may_stop_early(const Apply& loop)
{
    if (!loop || !std::holds_alternative<Scan>(loop.op().lowering)) return false;
    const auto& p = loop.params_as<ScanParams>();
    return p.until || p.limited;
}

/// What the user of a function with a gradient of loops that holds states may do. Where sizes are
/// known at the call alone, no loop holds less unless its user says so.
std::string_view way_to_hold_less(const FunctionData& f)
{
    bool holds_states = false, knows_steps = false;
    for (const Apply& a : applies_of(f.written)) {
        if (!is_delay(a, false) && !is_delay(a, true)) continue;
        holds_states = true;
        knows_steps |= a.output(0).shape()[0].is_known() && !may_stop_early(a.input(0).owner());
    }
    if (knows_steps)
        return "; gradients of loops hold less with ScanArgs::checkpoint = ct::binomial(s)";
    return holds_states && f.program.workspace_bytes < 0
               ? "; gradients of loops hold less with ScanArgs::checkpoint"
               : "";
}

} // namespace

void check_memory_limit(const FunctionData& f, std::int64_t bytes)
{
    const std::size_t limit = f.options.memory_limit_bytes;
    if (limit == 0 || bytes <= 0 || static_cast<std::size_t>(bytes) <= limit) return;
    throw user_error(
        Code::memory, nullptr, f.name,
        "its intermediate values exceed memory_limit_bytes: they need {}, allowed are {}{}",
        counted(bytes, "byte"), limit, way_to_hold_less(f));
}

} // namespace croton::inline v1::detail
