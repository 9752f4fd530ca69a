#pragma once

#include <croton/ir/apply.hpp>

#include <cstddef>
#include <functional>
#include <string>

#include "puller.hpp"

namespace croton::inline v1::codegen {

/// Whether a value has memory of its own.
using Kept = std::function<bool(const Variable&)>;

/// Values with memory that are met first on every path up from `v`, itself included; constants of
/// one element, which stand in the text, only where `numbers` says so.
Variables in_memory_behind(const Variable& v, const Kept& kept, bool numbers = false);

/// The value in whose memory an operand (0: a, 1: b) of a product is read where it lies: through
/// maps that only move axes, if batch, rows or columns, and terms each have one stride together.
/// Empty: it has to be stored, or computed by a prologue.
Variable operand_in_memory(const Apply& product, std::size_t operand, const Kept& kept);

/// What `v` is behind maps of one operand, up to what `kept` says has memory.
Variable behind_maps(const Variable& v, const Kept& kept);

/// The element of an operand that a prologue computes.
At strip_at(const Apply& product, std::size_t operand);

/// Why no prologue computes an operand that operand_in_memory() does not find, for explain();
/// empty: one does. `read_once`: nothing else reads it.
std::string
why_no_prologue(const Apply& product, std::size_t operand, const Kept& kept, bool read_once);

} // namespace croton::inline v1::codegen
