#pragma once

#include <croton/codegen/emit_cpp.hpp>
#include <croton/codegen/loop_nest.hpp>

#include "names.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

/// Functions that the parts of a product call, and the names that each takes; without names: there
/// is none.
struct ContractCalls {
    /// `<kernel>_values_a` and `_values_b`: a strip of an operand that is not in memory.
    std::vector<std::string> values_a, values_b;
    /// `<kernel>_finish`: what follows from the sums of a part, the epilogue.
    std::vector<std::string> finish;
};

/// The functions of a kernel that is a matrix product, the kernel's own last. Those of `calls`
/// stand in the text already.
///
/// Order of a float result: terms of k in sequence, each by one fused multiply-add, whatever the
/// size of blocks, the CPU and the threads; but products of contiguous vectors (ContractKind::dots)
/// sum in lanes, as reductions do.
void emit_contract(Writer& writer,
                   const LoopNest& nest,
                   const EmittedKernel& kernel,
                   const SymbolNames& symbols,
                   const ContractCalls& calls);

/// The names that the text of a product uses for its own variables.
void reserve_contract_names(const ContractNest& nest, Names& names);

} // namespace croton::inline v1::codegen
