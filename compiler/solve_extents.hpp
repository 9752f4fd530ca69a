#pragma once

#include <croton/ir/apply.hpp>

#include <vector>

namespace croton::inline v1 {

/// What the extents of a graph must be, solved once for the whole function.
struct SolvedExtents {
    Substitution substitution;          ///< symbols that turned out to be others, or known
    std::vector<Requirement> undecided; ///< checked when the function runs
};

/// Solves the requirements of every Apply that `outputs` need (regions included).
/// errors   UserError where two of them contradict each other: names both lines.
SolvedExtents solve_extents(std::span<const Variable> outputs);

/// Values of the symbols in `types`, from the extents that arrays of these types have.
class ExtentValues {
public:
    ExtentValues(std::span<const Type> types, std::span<const std::vector<std::int64_t>> extents);
    /// At least 0; an unbound symbol is an InternalError.
    std::int64_t operator()(const Extent& extent) const;
    std::vector<std::int64_t> operator()(const Shape& shape) const;

private:
    std::vector<std::pair<const detail::Atom*, std::int64_t>> values_;
};

} // namespace croton::inline v1
