#pragma once

#include <llvm/IR/PassManager.h>

namespace croton::jit {

/// Lets the loop vectoriser call functions that are not inlined.
///
/// Long kernels call the prelude's mathematical functions (CT_CALLED) instead of taking a copy of
/// each: compile time then grows with the calls and not with the size of what is called. Each such
/// function of floats gets variants that take as many lanes as a register or half of one has, and
/// each call says so; unless it did, a loop with a call in it would stay scalar.
///
/// Begins at the start of LLVM's pipeline.
struct AddLaneVariants : llvm::PassInfoMixin<AddLaneVariants> {
    unsigned register_bits = 256;
    explicit AddLaneVariants(unsigned bits) : register_bits(bits) {}
    llvm::PreservedAnalyses run(llvm::Module& module, llvm::ModuleAnalysisManager&);
};

/// At the pipeline's end: variants that no loop calls go.
struct DropUnusedLaneVariants : llvm::PassInfoMixin<DropUnusedLaneVariants> {
    llvm::PreservedAnalyses run(llvm::Module& module, llvm::ModuleAnalysisManager&);
};

} // namespace croton::jit
