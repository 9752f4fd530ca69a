#pragma once

#include <croton/ir/apply.hpp>

#include <optional>

namespace croton::inline v1::codegen {

/// A sequence of a loop in `run` that is what another loop collects, one step later, with a first
/// row: a step reads the row where it lies, so that there is no second array.
struct LateRows {
    Variable rows, first;
    bool reverse = false; ///< step t has row t + 1, and the last one `first`
};
std::optional<LateRows> late_rows(const Variable& sequence);

/// Whether the loop `reader`, which is one of `run`, reads of what `loop` collects in `rows` those
/// of steps that ran alone.
bool reads_what_ran(const Apply& reader, const Apply& loop, const Variable& rows);

} // namespace croton::inline v1::codegen
