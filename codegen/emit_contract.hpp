#pragma once

#include <croton/codegen/loop_nest.hpp>

#include "names.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

/// The body of a kernel that is a matrix product. Order of a float result: terms of k in sequence,
/// each by one fused multiply-add.
void emit_contract(Writer& writer, const LoopNest& nest, const SymbolNames& symbols);

} // namespace croton::inline v1::codegen
