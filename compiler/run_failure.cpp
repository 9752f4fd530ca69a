#include "run_failure.hpp"

#include <croton/ir/format.hpp>
#include <croton/ir/print.hpp>

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

#include "find_failure.hpp"

namespace croton::inline v1::detail {

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

/// Where the values of a guard's extents come from: " as axis 0 of input 'x' is", or ", where n is
/// axis 0 of input 'x' and m is axis 1 of input 'y'".
std::string givers(const FunctionData& f, const codegen::Guard& g)
{
    std::vector<const Atom*> all;
    if (!g.of_argument) all = symbols(g.must.a); // an argument's own axis is what is told of
    for (const Atom* symbol : symbols(g.must.b))
        if (std::ranges::find(all, symbol) == all.end()) all.push_back(symbol);
    std::string text;
    for (const Atom* symbol : all) {
        const SymbolBinding* binding = binding_of(f, symbol);
        if (!binding || is_of_slot(*binding, g.slot)) continue;
        const std::string giver = axis_giving(f, *binding);
        if (giver.empty()) continue;
        if (g.of_argument && as_symbol(g.must.b) && binding->is_plain())
            return fmt::format(" as {} is", giver);
        text += fmt::format("{} {} {} {}", text.empty() ? ", where" : " and",
                            to_string(as_extent(symbol)),
                            binding->is_plain() ? "is" : "follows from", giver);
    }
    return text;
}

/// Why extents must be what a guard wants: " (n) as axis 0 of input 'x' is, for add at ..", or
/// " (n - 1), where n is axis 0 of input 'x', for add at ..".
std::string why_extent(const FunctionData& f, const codegen::Guard& g)
{
    if (g.of_argument && g.must.kind != Requirement::Kind::equal) return {};
    std::string why = givers(f, g);
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
        const Variable written = as_written(f, v);
        return fmt::format("{}: {} is not finite: {}", f.name, described_result(written),
                           element_text(written, report, !same(written, v)));
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

Variable as_written(const FunctionData& f, const Variable& v)
{
    for (std::size_t i = 0; i < f.result_count(); ++i)
        if (same(f.outputs[i], v) && f.layouts[f.inputs.size() + i] == Layout::column_major &&
            f.written[i].owner())
            return f.written[i];
    return v;
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
