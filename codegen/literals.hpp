#pragma once

#include <croton/ir/array.hpp>

#include <string>

namespace croton::inline v1::codegen {

/// A number as a literal that reads back to the same bits. `narrow`: an f32.
std::string float_literal(double value, bool narrow);
/// Element 0 of a 0-d Array; 16-bit floats as f32.
std::string literal(const Array& scalar);

} // namespace croton::inline v1::codegen
