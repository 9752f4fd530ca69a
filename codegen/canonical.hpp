#pragma once

#include <croton/codegen/units.hpp>

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "tokens.hpp"

namespace croton::inline v1::codegen {

/// The canonical form of a text that is read piece by piece.
class Canonical {
public:
    /// The next tokens, of a text before which `lines_before` lines stand.
    void add(std::span<const Token> tokens, int lines_before);
    CanonicalText take() { return std::move(result_); }

private:
    CanonicalText result_;
    std::unordered_map<std::string_view, std::string> number_; ///< looked up only; fixed: itself
};

} // namespace croton::inline v1::codegen
