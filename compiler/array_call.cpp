// Calls with Arrays: what is missing is made, then they are calls with memory as typed ones are.
#include <croton/ir/counted.hpp>
#include <croton/ir/edit_distance.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>
#include <cctype>

#include "call_check.hpp"
#include "layouts.hpp"
#include "packed_call.hpp"

namespace croton::inline v1 {

using detail::FunctionData;
using detail::Memory;

namespace {

/// Room for the arguments of a call.
std::size_t argument_bytes(const FunctionData& f) noexcept
{
    return (f.inputs.size() + f.result_count()) * sizeof(Memory);
}

std::vector<Array> arrays_of(const FunctionData& f, const Memory* inputs)
{
    std::vector<Array> arrays;
    for (std::size_t i = 0; i < f.inputs.size(); ++i)
        arrays.push_back(detail::borrowed(inputs[i]));
    return arrays;
}

std::vector<Array> run(const FunctionData& f, Memory* arguments)
{
    detail::check_memory(f, {arguments, f.inputs.size()});
    if (f.options.reference) return detail::reference_results(f, arrays_of(f, arguments), {});
    std::vector<Array> results;
    results.reserve(f.result_count());
    const detail::TakenList list(f);
    auto* extents = static_cast<std::int64_t*>(
        list.memory() ? list.memory()
                      : __builtin_alloca(f.result_extents.room() * sizeof(std::int64_t)));
    f.result_extents.evaluate(arguments, extents);
    Memory* next = arguments + f.inputs.size();
    for (std::size_t i = 0; i < f.result_count(); ++i) {
        const detail::ArgumentInfo& result = f.arguments[f.inputs.size() + i];
        const auto rank = static_cast<std::size_t>(result.rank);
        if (!detail::is_countable(result.rank, extents))
            detail::refuse(f, Code::memory,
                           fmt::format("{} would have more elements than any memory holds: ({})",
                                       detail::argument_name(f, f.inputs.size() + i),
                                       fmt::join(std::span(extents, rank), ", ")));
        results.push_back(detail::new_array(result.dtype, result.layout, {extents, rank}));
        extents += rank;
        *next++ = detail::memory_of(results.back());
    }
    detail::run_checked(f, {arguments, next});
    return results;
}

/// The last inputs may be left out, as far as they have defaults.
void check_count(const FunctionData& f, std::size_t given)
{
    if (given > f.inputs.size()) detail::refuse_count(f, given);
    for (std::size_t i = given; i < f.inputs.size(); ++i)
        if (!f.defaults[i]) detail::refuse_count(f, given);
}

/// Of argument `i`.
Memory memory_of(const FunctionData& f, std::size_t i, const Array& a)
{
    if (!a)
        detail::refuse(f, Code::domain,
                       detail::argument_name(f, i) + ": the Array holds nothing, as Array() does");
    return detail::memory_of(a);
}

std::vector<Array> call(const FunctionData& f, std::span<const Any> inputs)
{
    check_count(f, inputs.size());
    const detail::TakenList list(f);
    auto* arguments =
        static_cast<Memory*>(list.memory() ? list.memory() : __builtin_alloca(argument_bytes(f)));
    std::vector<Array> converted;
    for (std::size_t i = 0; i < f.inputs.size(); ++i) {
        const Array& a = i < inputs.size() ? inputs[i].array() : f.defaults[i];
        const detail::ArgumentInfo& info = f.arguments[i];
        // A number takes the dtype of a 0-d input, as a literal does in an expression.
        if (i < inputs.size() && inputs[i].is_number() && info.rank == 0 &&
            a.dtype() != info.dtype) {
            detail::check_number(f, i, a);
            converted.push_back(a.cast(info.dtype));
            arguments[i] = detail::memory_of(converted.back());
            continue;
        }
        arguments[i] = memory_of(f, i, a);
        detail::check_type(f, i, arguments[i].dtype, arguments[i].rank);
    }
    return detail::in_name_of(f, [&] { return run(f, arguments); });
}

void call_into(const FunctionData& f, std::span<const Array> inputs, std::span<Array> outputs)
{
    check_count(f, inputs.size());
    if (outputs.size() != f.result_count())
        detail::refuse(f, Code::shape,
                       fmt::format("gives {}, given {} for them",
                                   counted(f.result_count(), "output"),
                                   counted(outputs.size(), "array")));
    const detail::TakenList list(f);
    auto* arguments =
        static_cast<Memory*>(list.memory() ? list.memory() : __builtin_alloca(argument_bytes(f)));
    Memory* next = arguments;
    for (std::size_t i = 0; i < f.inputs.size(); ++i) {
        *next = memory_of(f, i, i < inputs.size() ? inputs[i] : f.defaults[i]);
        detail::check_type(f, i, next->dtype, next->rank);
        ++next;
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        *next = memory_of(f, f.inputs.size() + i, outputs[i]);
        detail::check_output(f, i, *next);
        ++next;
    }
    detail::run_checked(f, {arguments, next});
}

std::string lower(std::string_view text)
{
    std::string low(text);
    std::ranges::transform(low, low.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return low;
}

/// The input that `name` was meant to be; empty where none is called much like it.
std::string_view input_near(const FunctionData& f, std::string_view name)
{
    std::string_view nearest;
    std::size_t least = name.size();
    for (const std::string& input : f.input_names) {
        const std::size_t distance = edit_distance(lower(name), lower(input));
        if (distance >= least || !is_near(distance, name, input)) continue;
        least = distance;
        nearest = input;
    }
    return nearest;
}

using Named = std::pair<std::string_view, Any>;

void check_names(const FunctionData& f, std::initializer_list<Named> given)
{
    for (const auto& [name, value] : given) {
        if (name.empty() || std::ranges::count(f.input_names, name) == 0) {
            const std::string_view near = input_near(f, name);
            detail::refuse(
                f, Code::domain,
                fmt::format("has no input '{}'{}; it is {}", name,
                            near.empty() ? "" : fmt::format(", did you mean '{}'?", near),
                            Function::signature_of(f)));
        }
        if (std::ranges::count(given, name, &Named::first) > 1)
            detail::refuse(f, Code::domain, fmt::format("input '{}' is given twice", name));
    }
}

/// The arguments in the order of the inputs.
std::vector<Any> ordered(const FunctionData& f, std::initializer_list<Named> given)
{
    check_names(f, given);
    std::vector<Any> list;
    for (std::size_t i = 0; i < f.inputs.size(); ++i) {
        const std::string_view name = f.input_names[i];
        const auto at = std::ranges::find(given, name, &Named::first);
        if (at == given.end() && !f.defaults[i])
            detail::refuse(f, Code::domain,
                           fmt::format("{} is not given; it is {}",
                                       name.empty() ? fmt::format("input {}, which has no name,", i)
                                                    : fmt::format("input '{}'", name),
                                       Function::signature_of(f)));
        list.push_back(at == given.end() ? Any(f.defaults[i]) : at->second);
    }
    return list;
}

} // namespace

Results Function::call(std::span<const Any> inputs, Where where) const
{
    return detail::at_place(where,
                            [&] { return Results(croton::call(*data_, inputs), data_, where); });
}

void Function::call_into(std::span<const Array> inputs, std::span<Array> outputs, Where where) const
{
    detail::at_place(where, [&] { croton::call_into(*data_, inputs, outputs); });
}

Results Function::call_named(std::initializer_list<Named> given, Where where) const
{
    return detail::at_place(
        where, [&] { return Results(croton::call(*data_, ordered(*data_, given)), data_, where); });
}

} // namespace croton::inline v1
