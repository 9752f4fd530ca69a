#include "extent_guards.hpp"

#include <croton/ir/format.hpp>

#include <algorithm>

namespace croton::inline v1::codegen {

void ExtentGuards::write(std::span<const Requirement> requirements, const ProgramOptions& options)
{
    bind_extents();
    add_guards(requirements, options);
}

void ExtentGuards::bind_extents()
{
    program_.bindings = bind_symbols(program_.inputs);
    for (const SymbolBinding& b : program_.bindings) {
        const std::string name = symbols_[b.symbol] = names_.fresh(croton::name(b.symbol), "n");
        const std::string axis = fmt::format("extents[{}]", b.axis);
        if (b.is_plain()) {
            values_.line("const i64 {} = {};", name, axis);
            continue;
        }
        const bool whole = same(b.rest, 0);
        const std::string part =
            whole ? axis : fmt::format("{} - ({})", axis, c_text(b.rest, symbols_));
        if (b.factor.is_known())
            values_.line("const i64 {} = {} / {};", name, whole ? part : "(" + part + ")",
                         b.factor.value());
        else
            values_.line("const i64 {} = floor_div_i64({}, {});", name, part,
                         c_text(b.factor, symbols_));
    }
}

void ExtentGuards::add_guards(std::span<const Requirement> requirements,
                              const ProgramOptions& options)
{
    guard_axes(program_.inputs, options.inputs, "input");
    for (const Requirement& r : requirements)
        guard({r});
    guard_axes(program_.outputs, options.outputs, "output");
}

void ExtentGuards::guard_axes(const std::vector<Variable>& values,
                              const std::vector<ArgumentPlace>& places,
                              std::string_view what)
{
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Shape shape = values[i].shape();
        for (std::size_t a = 0; a < shape.size(); ++a, ++slot_) {
            const SymbolBinding* bound = binding_of_slot();
            if (bound && bound->is_plain()) continue;
            const std::string name(values[i].name());
            const bool reversed = i < places.size() && places[i].reversed;
            const std::size_t axis = reversed ? shape.size() - 1 - a : a;
            const std::string text = name.empty()
                                         ? fmt::format("axis {} of {} {}", axis, what, i)
                                         : fmt::format("axis {} of {} '{}'", axis, what, name);
            const Location* where = values[i].location();
            guard({{Requirement::Kind::equal, shape[a], shape[a], text, where},
                   slot_,
                   true,
                   what == "input" ? static_cast<int>(i) : -1,
                   static_cast<int>(axis)});
            if (bound)
                guard({{Requirement::Kind::at_most, 0, as_extent(bound->symbol),
                        fmt::format("{}, {},", text, to_string(shape[a])), where},
                       -1,
                       true});
        }
    }
}

void ExtentGuards::guard(Guard g)
{
    const std::size_t code = program_.guards.size() + 1;
    const std::string a =
        g.slot < 0 ? c_text(g.must.a, symbols_) : fmt::format("extents[{}]", g.slot);
    const std::string b = c_text(g.must.b, symbols_);
    const std::string failed = fmt::format("return guard_failed(report, {}, {}, {});", code, a, b);
    if (g.must.kind == Requirement::Kind::equal)
        text_.if_line(fmt::format("{} != {}", g.slot < 0 ? c_factor(g.must.a, symbols_) : a,
                                  c_factor(g.must.b, symbols_)),
                      failed);
    else {
        text_.if_line(fmt::format("{} < {}", b, a), failed);
        limits_.line("if ({} < {}) return 0;", b, a);
    }
    program_.guards.push_back(std::move(g));
}

/// Of the slot that is guarded now: the symbol that got its value there.
const SymbolBinding* ExtentGuards::binding_of_slot() const
{
    const auto at = std::ranges::find_if(program_.bindings, [&](const SymbolBinding& b) {
        return b.axis == static_cast<std::size_t>(slot_);
    });
    return at == program_.bindings.end() ? nullptr : &*at;
}

} // namespace croton::inline v1::codegen
