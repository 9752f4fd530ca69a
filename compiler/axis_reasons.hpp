#pragma once

#include <croton/ir/bind_symbols.hpp>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "solve_extents.hpp"

namespace croton::inline v1 {

/// The ops that require the extent of an input's axis to be a number or to follow from other axes,
/// "add at model.cpp:3". Axes of all inputs count on, one behind the other. Looked for when it is
/// asked for: few calls fail.
class AxisReasons {
public:
    AxisReasons() = default;
    /// `written` are the inputs as the user made them, `solved` with the extents that follow from
    /// `equalities`.
    AxisReasons(std::span<const Variable> written,
                std::span<const Variable> solved,
                std::vector<Equality> equalities);

    std::size_t size() const noexcept { return axes_.empty() ? stored_.size() : axes_.size(); }
    /// Empty where the user wrote it so.
    std::string of(std::size_t axis) const;
    /// Of a function that was read from a file.
    void set(std::size_t axis, std::string reason);

private:
    Extent in_written_symbols(const Extent& solved, std::size_t axis) const;

    std::vector<std::pair<Extent, Extent>> axes_; ///< as written, and solved
    std::vector<SymbolBinding> bindings_;         ///< of the solved ones
    std::vector<Equality> equalities_;
    std::vector<std::string> stored_;
};

} // namespace croton::inline v1
