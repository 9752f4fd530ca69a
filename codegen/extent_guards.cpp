#include "extent_guards.hpp"

#include <croton/ir/format.hpp>
#include <croton/ir/linear_extent.hpp>

namespace croton::inline v1::codegen {

void ExtentGuards::write(std::span<const Requirement> requirements, const ProgramOptions& options)
{
    bind_extents();
    add_guards(requirements, options);
}

/// An axis that is a symbol, or linear in one that is not known yet, gives the symbol its value.
void ExtentGuards::bind_extents()
{
    std::size_t slot = 0;
    std::vector<std::pair<std::size_t, Extent>> later;
    for (const Variable& v : program_.inputs)
        for (const Extent& e : v.shape()) {
            if (const detail::Atom* s = as_symbol(e); s && !symbols_.contains(s)) {
                const std::string name = symbols_[s] = names_.fresh(croton::name(s), "n");
                text_.line("const i64 {} = extents[{}];", name, slot);
            } else
                later.emplace_back(slot, e);
            ++slot;
        }
    bool progress = true;
    while (progress) {
        progress = false;
        for (auto& [at, e] : later)
            progress |= solve(at, e);
    }
    for (const Variable& v : program_.outputs)
        for (const Extent& e : v.shape())
            require_bound(e, v);
}

bool ExtentGuards::solve(std::size_t slot, const Extent& e)
{
    const auto linear =
        linear_extent(e, [&](const detail::Atom* s) { return symbols_.contains(s); });
    if (!linear) return false;
    const std::string name = symbols_[linear->unknown] =
        names_.fresh(croton::name(linear->unknown), "n");
    text_.line("const i64 {} = (extents[{}] - ({})) / {};", name, slot,
               c_text(linear->rest, symbols_), linear->factor);
    return true;
}

void ExtentGuards::require_bound(const Extent& e, const Variable& v) const
{
    for (const detail::Atom* s : symbols(e))
        if (!symbols_.contains(s))
            throw user_error(Code::shape, v.location(), "function",
                             "extent {} of {} follows from no input", to_string(as_extent(s)),
                             to_string(v.type()));
}

void ExtentGuards::add_guards(std::span<const Requirement> requirements,
                              const ProgramOptions& options)
{
    guard_axes(program_.inputs, options.inputs, "input");
    for (const Requirement& r : requirements)
        guard(c_factor(r.a, symbols_), r.b, r.text, nullptr);
    guard_axes(program_.outputs, options.outputs, "output");
}

void ExtentGuards::guard_axes(const std::vector<Variable>& values,
                              const std::vector<ArgumentPlace>& places,
                              std::string_view what)
{
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Shape shape = values[i].shape();
        for (std::size_t a = 0; a < shape.size(); ++a, ++slot_) {
            if (binds(slot_, shape[a])) continue;
            const std::string name(values[i].name());
            const bool reversed = i < places.size() && places[i].reversed;
            const std::size_t axis = reversed ? shape.size() - 1 - a : a;
            guard(fmt::format("extents[{}]", slot_), shape[a],
                  name.empty() ? fmt::format("axis {} of {} {}", axis, what, i)
                               : fmt::format("axis {} of {} '{}'", axis, what, name),
                  values[i].location());
        }
    }
}

void ExtentGuards::guard(const std::string& found,
                         const Extent& expected,
                         std::string what,
                         const Location* where)
{
    program_.guards.push_back({std::move(what), expected, where});
    const std::size_t code = program_.guards.size();
    text_.line("if ({} != {}) return guard_failed(report, {}, {}, {});", found,
               c_factor(expected, symbols_), code, found, c_text(expected, symbols_));
}

/// Whether slot `slot` is where the symbol got its value.
bool ExtentGuards::binds(std::size_t slot, const Extent& e)
{
    const detail::Atom* s = as_symbol(e);
    return s && bound_.emplace(s, slot).second;
}

} // namespace croton::inline v1::codegen
