#include "emit_contract.hpp"
#include "names.hpp"

namespace croton::inline v1::codegen {

void reserve_contract_names(const ContractNest& nest, Names& names)
{
    // Of the kernel: the runtime, what its parts share, the cost, operands for a library; of the
    // epilogue: a part's bounds.
    for (std::string_view word : {"rt", "s", "cost", "left", "right", "h", "i0", "i1", "j0", "j1",
                                  "sums", "tall", "down", "packs_a", "packs_b", "first_step"})
        names.reserve(word);
    if (nest.prologue_a || nest.prologue_b) // of a strip
        for (std::string_view word :
             {"i", "j", "p", "p0", "rows", "columns", "terms", "values", "pieces", "t"})
            names.reserve(word);
}

} // namespace croton::inline v1::codegen
