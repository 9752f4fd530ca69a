#pragma once

#include <croton/codegen/emit_cpp.hpp>
#include <croton/codegen/loop_nest.hpp>

#include "names.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

/// The functions of a kernel that is a matrix product, the kernel's own last. An epilogue, if the
/// nest has one, is `<kernel>_finish(i0, i1, j0, j1, ..)` and stands in the text already;
/// `epilogue` are the names it takes: h, the batch, first if it is one of them.
///
/// Order of a float result: terms of k in sequence, each by one fused multiply-add, whatever the
/// size of blocks, the CPU and the threads; but products of contiguous vectors (ContractKind::dots)
/// sum in lanes, as reductions do.
void emit_contract(Writer& writer,
                   const LoopNest& nest,
                   const EmittedKernel& kernel,
                   const SymbolNames& symbols,
                   const std::vector<std::string>& epilogue);

/// The names that such a text uses for its own variables.
void reserve_contract_names(Names& names);

} // namespace croton::inline v1::codegen
