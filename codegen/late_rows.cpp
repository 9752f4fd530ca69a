#include "late_rows.hpp"

#include <croton/ir/op.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/scan_parts.hpp>

#include <variant>

namespace croton::inline v1::codegen {

namespace {

bool is_loop(const Apply& a) { return a && std::holds_alternative<Scan>(a.op().lowering); }

/// Whether `reader` takes no step at a place where `loop` took none.
bool stays_within(const Apply& reader, const Apply& loop)
{
    const auto& p = loop.params_as<ScanParams>();
    const auto& q = reader.params_as<ScanParams>();
    if (!q.limited || q.at_end != p.at_end || !same(q.steps, p.steps)) return false;
    const Variable& limit = reader.inputs().back();
    const int count = scan_output(p, p.kept.size() - 1);
    return (count >= 0 && same(limit, loop.output(static_cast<std::size_t>(count)))) ||
           (!p.until && same(limit, loop.inputs().back()));
}

} // namespace

std::optional<LateRows> late_rows(const Variable& sequence)
{
    const Apply delay = sequence.owner();
    const bool reverse = detail::is_delay(delay, true);
    if (!reverse && !detail::is_delay(delay, false)) return {};
    const Variable &rows = delay.input(0), &first = delay.input(1);
    if (!is_loop(rows.owner()) || rows.type() != sequence.type()) return {};
    return LateRows{rows, first, reverse};
}

bool reads_what_ran(const Apply& reader, const Apply& loop, const Variable& rows)
{
    if (!is_loop(reader) || !stays_within(reader, loop)) return false;
    const auto& p = reader.params_as<ScanParams>();
    for (std::size_t i = 0; i < reader.inputs().size(); ++i) {
        const Variable& in = reader.input(i);
        if (i >= static_cast<std::size_t>(p.sequences)) {
            if (same(in, rows)) return false;
        } else if (const auto late = late_rows(in)) {
            // In front of the first row that ran stands `first` alone.
            if (same(late->first, rows)) return false;
            if (same(late->rows, rows) && late->reverse != p.at_end) return false;
        }
    }
    return true;
}

} // namespace croton::inline v1::codegen
