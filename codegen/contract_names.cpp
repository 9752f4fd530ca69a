#include "emit_contract.hpp"
#include "names.hpp"

namespace croton::inline v1::codegen {

void reserve_contract_names(Names& names)
{
    for (std::string_view word :
         {"a",  "b",  "c",  "h",  "i",  "j",   "p",   "r",    "s",    "t",      "x",
          "i0", "i1", "j0", "j1", "rt", "acc", "out", "rows", "cost", "context"})
        names.reserve(word);
}

} // namespace croton::inline v1::codegen
