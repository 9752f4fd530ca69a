#include "call_check.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/print.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <optional>

#include "find_failure.hpp"
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
    if (!number_fits(number, dtype))
        refuse(f, Code::dtype,
               fmt::format("{} is {}, {} does not fit", argument_name(f, i), croton::name(dtype),
                           to_string(number)));
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

void check_memory_limit(const FunctionData& f, std::int64_t bytes)
{
    const std::size_t limit = f.options.memory_limit_bytes;
    if (limit == 0 || bytes <= 0 || static_cast<std::size_t>(bytes) <= limit) return;
    throw user_error(
        Code::memory, nullptr, f.name,
        "its intermediate values exceed memory_limit_bytes: they need {}, allowed are {}",
        counted(bytes, "byte"), limit);
}

namespace {

/// How the call's extents give a symbol its value; null where none does.
const SymbolBinding* binding_of(const FunctionData& f, const Atom* symbol)
{
    const auto at = std::ranges::find(f.program.bindings, symbol, &SymbolBinding::symbol);
    return at == f.program.bindings.end() ? nullptr : &*at;
}

bool is_of_slot(const SymbolBinding& b, int slot)
{
    return slot >= 0 && b.axis == static_cast<std::size_t>(slot);
}

/// "axis 0 of input 'x'", of the axis that gives a symbol its value; else empty.
std::string axis_giving(const FunctionData& f, const SymbolBinding& binding)
{
    std::size_t axis = binding.axis;
    for (std::size_t i = 0; i < f.inputs.size(); ++i) {
        const auto rank = static_cast<std::size_t>(f.inputs[i].rank());
        if (axis >= rank) {
            axis -= rank;
            continue;
        }
        if (!f.by_reference && f.arguments[i].layout == Layout::column_major)
            axis = rank - 1 - axis;
        const std::string_view input = f.input_names[i];
        return input.empty() ? fmt::format("axis {} of input {}", axis, i)
                             : fmt::format("axis {} of input '{}'", axis, input);
    }
    return {};
}

/// Why an argument's axis must have its extent: " (n) as axis 0 of input 'x' is, for add at ..", or
/// " (n - 1), where n is axis 0 of input 'x', for add at ..".
std::string why_extent(const FunctionData& f, const codegen::Guard& g)
{
    if (!g.of_argument || g.must.kind != Requirement::Kind::equal) return {};
    std::string why;
    for (const Atom* symbol : symbols(g.must.b)) {
        const SymbolBinding* binding = binding_of(f, symbol);
        if (!binding || is_of_slot(*binding, g.slot)) continue;
        const std::string giver = axis_giving(f, *binding);
        if (giver.empty()) continue;
        if (as_symbol(g.must.b))
            why = fmt::format(" as {} is", giver);
        else
            why += fmt::format("{} {} {} {}", why.empty() ? ", where" : " and",
                               to_string(as_extent(symbol)),
                               binding->is_plain() ? "is" : "follows from", giver);
    }
    if (g.input < 0 || static_cast<std::size_t>(g.input) >= f.inputs.size()) return why;
    std::size_t at = static_cast<std::size_t>(g.axis);
    for (int i = 0; i < g.input; ++i)
        at += static_cast<std::size_t>(f.inputs[static_cast<std::size_t>(i)].rank());
    if (const std::string reason = f.axis_reasons.of(at); !reason.empty())
        why += fmt::format("{} for {}", why.empty() ? "" : ",", reason);
    return why;
}

/// What a guard found. An axis that gives a symbol its value, as one of extent 2*n does, must be
/// that for some n; there is no number that it must be.
std::string guard_text(const FunctionData& f, const codegen::Guard& g, const Report& report)
{
    const auto own = std::ranges::find_if(
        f.program.bindings, [&](const SymbolBinding& b) { return is_of_slot(b, g.slot); });
    const std::string failed =
        g.must.kind == Requirement::Kind::equal && own != f.program.bindings.end()
            ? fmt::format("{} is {}, it must be {} for some {}", words(g.must), report.values[0],
                          to_string(g.must.b), to_string(as_extent(own->symbol)))
            : failure_text(g.must, report.values[0], report.values[1]);
    return failed + why_extent(f, g);
}

/// "an index of take is out of range at model.cpp:3", of a kernel that checks those of `ops`: they
/// have one flag, so all are named.
std::string bad_index_text(std::span<const Apply> ops)
{
    struct Line {
        std::string place;
        std::vector<std::string_view> names;
    };
    std::vector<Line> lines;
    for (const Apply& a : ops) {
        const Location* where = a.location();
        std::string place;
        if (where) place = where->of_gradient ? gradient_text(where) : " at " + to_string(*where);
        auto line = std::ranges::find(lines, place, &Line::place);
        if (line == lines.end()) line = lines.insert(line, {place, {}});
        if (std::ranges::find(line->names, written_name(a)) == line->names.end())
            line->names.push_back(written_name(a));
    }
    if (lines.size() == 1)
        return fmt::format("an index of {} is out of range{}", fmt::join(lines[0].names, " or "),
                           lines[0].place);
    std::string text;
    for (const Line& line : lines)
        text +=
            fmt::format("{} of {}{}{}", text.empty() ? "" : " or", fmt::join(line.names, " or "),
                        line.place, line.place.starts_with(',') ? "," : "");
    return fmt::format("an index{} is out of range", text);
}

/// "the result of log at model.cpp:3", or "the result of div, in the gradient of log at ..".
std::string described_result(const Variable& v)
{
    const Location* where = v.location();
    const std::string text = fmt::format("the result of {}", written_name(v.owner()));
    if (!where) return text;
    return text + (where->of_gradient ? gradient_text(where) + "," : " at " + to_string(*where));
}

/// "-inf at (2) of f64 (4)", of what a program's finite check found.
/// `reversed`: it counted along the axes in the opposite order.
std::string element_text(const Variable& v, const Report& report, bool reversed)
{
    const std::int64_t sign = report.values[1];
    const std::string_view value = sign > 0 ? "inf" : sign < 0 ? "-inf" : "nan";
    Shape shape = v.shape();
    if (reversed) std::ranges::reverse(shape);
    std::vector<std::int64_t> extents;
    for (const Extent& e : shape) {
        const bool outermost = extents.empty(); // needs no extent
        if (!outermost && !e.is_known())
            return fmt::format("{} at position {} of {}", value, report.values[0],
                               to_string(v.type()));
        extents.push_back(outermost ? std::numeric_limits<std::int64_t>::max() : e.value());
    }
    std::vector<std::int64_t> index = index_at(report.values[0], extents);
    if (reversed) std::ranges::reverse(index);
    return fmt::format("{} at ({}) of {}", value, fmt::join(index, ", "), to_string(v.type()));
}

} // namespace

std::string failure_text(const FunctionData& f, std::int32_t code, const Report& report)
{
    if (code == codegen::index_out_of_range)
        return fmt::format("{}: {}", f.name, bad_index_text(f.program.checked.at(report.apply)));
    if (code == codegen::not_finite) {
        const Variable& v = f.program.finite.at(report.apply);
        // What a column-major output holds is what was written, its axes in the opposite order.
        for (std::size_t i = 0; i < f.result_count(); ++i)
            if (same(f.outputs[i], v) && f.layouts[f.inputs.size() + i] == Layout::column_major &&
                f.written[i].owner())
                return fmt::format("{}: {} is not finite: {}", f.name,
                                   described_result(f.written[i]),
                                   element_text(f.written[i], report, true));
        return fmt::format("{}: {} is not finite: {}", f.name, described_result(v),
                           element_text(v, report, false));
    }
    if (code == codegen::gap_overwritten) {
        const Variable& v = f.program.gapped.at(report.apply);
        return fmt::format("{}: memory beside {} was written to", f.name,
                           v.owner() ? described_result(v) : "a kernel's own array");
    }
    const codegen::Guard& g = f.program.guards.at(static_cast<std::size_t>(code) - 1);
    return fmt::format(
        "{}: {}{}", f.name, guard_text(f, g, report),
        g.of_argument || !g.must.where ? "" : fmt::format(", at {}", to_string(*g.must.where)));
}

const Location*
failure_place(const FunctionData& f, std::int32_t code, std::uint32_t apply) noexcept
{
    const auto value_at = [&](const std::vector<Variable>& list) {
        return apply < list.size() ? list[apply].location() : nullptr;
    };
    if (code == codegen::index_out_of_range)
        return apply < f.program.checked.size() ? f.program.checked[apply].front().location()
                                                : nullptr;
    if (code == codegen::not_finite) return value_at(f.program.finite);
    if (code == codegen::gap_overwritten) return value_at(f.program.gapped);
    const auto guard = static_cast<std::size_t>(code) - 1;
    if (guard >= f.program.guards.size() || f.program.guards[guard].of_argument) return nullptr;
    return f.program.guards[guard].must.where;
}

void check_guards(const FunctionData& f, std::span<const std::int64_t> extents)
{
    const SymbolValues symbols = solve(f.program.bindings, extents);
    for (std::size_t i = 0; i < f.program.guards.size(); ++i) {
        const Requirement& must = f.program.guards[i].must;
        const int slot = f.program.guards[i].slot;
        Report report;
        report.values[0] =
            slot < 0 ? evaluate(must.a, symbols) : extents[static_cast<std::size_t>(slot)];
        report.values[1] = evaluate(must.b, symbols);
        const bool holds = must.kind == Requirement::Kind::equal
                               ? report.values[0] == report.values[1]
                               : report.values[0] <= report.values[1];
        if (!holds) throw_failure(f, static_cast<std::int32_t>(i) + 1, report, {}, {});
    }
}

void throw_failure(const FunctionData& f,
                   std::int32_t code,
                   const Report& report,
                   std::vector<Array> inputs,
                   const std::vector<Array>& shared)
{
    if (code == codegen::gap_overwritten)
        throw internal_error("memory", "{}", failure_text(f, code, report));
    // What the program reads: the axes of column-major inputs in the opposite order.
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (f.arguments[i].layout == Layout::column_major) inputs[i] = inputs[i].transposed();
        inputs[i] = inputs[i].contiguous();
    }
    inputs.insert(inputs.end(), shared.begin(), shared.end());
    const bool guarded = code != codegen::index_out_of_range && code != codegen::not_finite;
    if (!guarded && !f.options.in_place.empty()) // the inputs may be written over
        throw UserError(code == codegen::not_finite ? Code::not_finite : Code::index,
                        failure_text(f, code, report), failure_place(f, code, report.apply),
                        f.name);
    if (code == codegen::index_out_of_range)
        throw_bad_index({f, std::move(inputs)}, f.program.checked.at(report.apply));
    if (code == codegen::not_finite)
        throw_not_finite({f, std::move(inputs)}, f.program.finite.at(report.apply));
    const codegen::Guard& guard = f.program.guards.at(static_cast<std::size_t>(code) - 1);
    throw UserError(Code::shape, failure_text(f, code, report),
                    guard.of_argument ? nullptr : guard.must.where, f.name);
}

} // namespace croton::inline v1::detail
