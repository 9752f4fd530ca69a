#include "packed_call.hpp"

#include <croton/ir/format.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>

#include "call_check.hpp"
#include "find_failure.hpp"
#include "layouts.hpp"
#include "run_failure.hpp"

namespace croton::inline v1::detail {

namespace {

std::span<const std::int64_t> extents_of(const Memory& m)
{
    return {m.extents, static_cast<std::size_t>(m.rank)};
}

void assign(const Memory& to, const Array& from)
{
    Array::assign_strided(to.dtype, to.data, {to.extents, to.extents + to.rank},
                          {to.strides, to.strides + to.rank}, from);
}

} // namespace

Array borrowed(const Memory& m)
{
    return Array::borrow_strided(m.dtype, m.data, {m.extents, m.extents + m.rank},
                                 {m.strides, m.strides + m.rank});
}

Memory memory_of(const Array& a)
{
    const auto shape = a.shape();
    return {const_cast<void*>(a.data()), a.dtype(), static_cast<int>(shape.size()), shape.data(),
            a.strides().data()};
}

namespace {

bool lies_well(const ArgumentInfo& info, const Memory& m) noexcept
{
    return is_aligned(m.data, m.dtype) && lies_as(info.layout, m.rank, m.extents, m.strides);
}

} // namespace

void check_memory(const FunctionData& f, std::span<const Memory> arguments)
{
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::span<const std::int64_t> extents = extents_of(arguments[i]);
        const auto refuse_as = [&](Code code, std::string_view why) {
            refuse(f, code,
                   fmt::format("{} {} ({})", argument_name(f, i), why, fmt::join(extents, ", ")));
        };
        if (std::ranges::any_of(extents, [](std::int64_t e) { return e < 0; }))
            refuse_as(Code::shape, "has a negative extent:");
        if (!is_countable(arguments[i].rank, arguments[i].extents))
            refuse_as(Code::shape, "has more elements than any memory holds:");
        if (!is_addressable(arguments[i]))
            refuse_as(Code::shape, "has strides that reach beyond any memory; its shape is");
        if (!has_memory(arguments[i]))
            refuse_as(Code::domain, "has no memory: its pointer is null, its shape");
    }
}

namespace {

void check_outputs_apart(const FunctionData& f, std::span<const Memory> outputs)
{
    for (std::size_t i = 0; i < outputs.size(); ++i)
        for (std::size_t k = 0; k < i; ++k)
            if (byte_range(outputs[i]).overlaps(byte_range(outputs[k])))
                refuse(f, Code::shape,
                       fmt::format("{} and {} overlap in memory",
                                   argument_name(f, f.inputs.size() + k),
                                   argument_name(f, f.inputs.size() + i)));
}

/// Elements of an output that lie in one place would overwrite one another.
void check_outputs_spread(const FunctionData& f, std::span<const Memory> outputs)
{
    for (std::size_t i = 0; i < outputs.size(); ++i)
        if (const Memory& m = outputs[i]; overlaps_itself(m))
            refuse(f, Code::shape,
                   fmt::format("elements of {} would lie in one place: its strides are ({}), its "
                               "extents ({})",
                               argument_name(f, f.inputs.size() + i),
                               fmt::join(m.strides, m.strides + m.rank, ", "),
                               fmt::join(m.extents, m.extents + m.rank, ", ")));
}

/// Of the extents that `m` has.
Array array_like(const Memory& m, Layout layout)
{
    std::vector<std::int64_t> extents(m.extents, m.extents + m.rank);
    return new_array(m.dtype, layout, extents);
}

/// What a compiled program checks before any work. `outputs`: none where the results are new
/// arrays, which have the extents that they must have.
void check_reference_extents(const FunctionData& f,
                             std::span<const Array> values,
                             std::span<const Memory> outputs)
{
    std::vector<std::int64_t> extents;
    const auto add = [&](std::span<const std::int64_t> more) {
        extents.insert(extents.end(), more.begin(), more.end());
    };
    for (const Array& a : values)
        add(a.shape());
    const SymbolValues symbols = solve(f.program.bindings, extents);
    for (std::size_t i = 0; i < f.result_count(); ++i) {
        if (!outputs.empty())
            add(extents_of(outputs[i]));
        else
            for (const Extent& e : f.outputs[i].shape())
                extents.push_back(evaluate(e, symbols));
    }
    add(f.target_extents);
    check_guards(f, extents);
}

bool is_written_over(const FunctionData& f, std::span<const Memory> arguments, std::size_t input)
{
    const Memory& in = arguments[input];
    for (std::size_t i = f.inputs.size(); i < arguments.size(); ++i)
        if (byte_range(in).overlaps(byte_range(arguments[i])) &&
            !is_allowed_alias(f.arguments[i], input, arguments[i], in))
            return true;
    return false;
}

} // namespace

void run_packed(const FunctionData& f, std::span<const Memory> given)
{
    const std::size_t inputs = f.inputs.size();
    check_memory(f, given);
    check_outputs_spread(f, given.subspan(inputs));
    std::vector<ByteRange> ranges(given.size());
    std::ranges::transform(given, ranges.begin(), byte_range);
    const bool apart = are_apart(f, given, ranges); // else it is worth the time to find out which
    if (!apart) check_outputs_apart(f, given.subspan(inputs));
    std::vector<Memory> arguments(given.begin(), given.end());
    std::vector<Array> copies;
    std::vector<std::size_t> made; // outputs; their arrays are the first of `copies`
    const auto replace = [&](std::size_t i, Array a) {
        copies.push_back(std::move(a));
        arguments[i] = memory_of(copies.back());
    };
    for (std::size_t i = inputs; i < given.size(); ++i) {
        if (lies_well(f.arguments[i], given[i])) continue;
        made.push_back(i);
        replace(i, array_like(given[i], f.arguments[i].layout));
    }
    for (std::size_t i = 0; i < inputs; ++i) {
        const Layout layout = f.arguments[i].layout;
        if (!lies_well(f.arguments[i], given[i])) {
            f.packed_calls[i].fetch_add(1, std::memory_order_relaxed);
            replace(i, packed(borrowed(given[i]), layout));
        } else if (!apart && is_written_over(f, arguments, i)) {
            Array copy = array_like(given[i], layout);
            assign(memory_of(copy), borrowed(given[i]));
            replace(i, std::move(copy));
        }
    }
    run_checked(f, arguments);
    for (std::size_t k = 0; k < made.size(); ++k)
        assign(given[made[k]], copies[k]);
}

std::vector<Array>
reference_results(const FunctionData& f, std::vector<Array> values, std::span<const Memory> outputs)
{
    std::vector<void*> room(f.shared_use.pin_count());
    SharedTurn turn(f.shared_use, room.data());
    for (Array& a : values)
        a = a.contiguous();
    for (Array& a : turn.values())
        values.push_back(std::move(a));
    check_reference_extents(f, values, outputs);
    std::vector<Array> results;
    try {
        results = evaluate_reference(f.leaves, values, f.outputs);
    } catch (const UserError& error) {
        if (error.code() != Code::index) throw;
        throw_bad_index({f, std::move(values)}, {}); // knows the user's line
    }
    if (f.options.finite_checks && !std::ranges::all_of(results, all_finite))
        throw_not_finite({f, std::move(values)}, {});
    for (Array& a : results) // a result that is an input, or another result
        if (!a.is_unique()) a = a.clone();
    turn.publish(std::span(results).subspan(f.result_count()));
    results.resize(f.result_count());
    return results;
}

void run_reference(const FunctionData& f, std::span<const Memory> arguments)
{
    const std::size_t inputs = f.inputs.size();
    check_memory(f, arguments);
    check_outputs_spread(f, arguments.subspan(inputs));
    check_outputs_apart(f, arguments.subspan(inputs));
    std::vector<Array> values;
    for (const Memory& m : arguments.first(inputs))
        values.push_back(borrowed(m));
    const std::span<const Memory> outputs = arguments.subspan(inputs);
    const std::vector<Array> results = reference_results(f, std::move(values), outputs);
    for (std::size_t i = 0; i < results.size(); ++i)
        assign(outputs[i], results[i]);
}

} // namespace croton::inline v1::detail
