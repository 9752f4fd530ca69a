#pragma once

#include <croton/codegen/units.hpp>

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "tokens.hpp"

namespace croton::inline v1::codegen {

/// Makes canonical forms of texts that are read piece by piece, one after another.
class Canonical {
public:
    explicit Canonical(const Words& words) : words_(words) {}

    /// What stands in front as it is, in its lines.
    void begin(std::string_view head) { result_.text = head; }
    /// The next tokens, of a text before which `lines_before` lines stand.
    void add(std::span<const Token> tokens, int lines_before);
    /// The text so far; the next one begins.
    CanonicalText take();

private:
    const Words& words_;
    CanonicalText result_;
    std::vector<std::uint32_t> number_; ///< of a chosen name, 1 + its number; by word
    std::vector<std::uint32_t> chosen_; ///< words that have one
};

} // namespace croton::inline v1::codegen
