#pragma once

#include <string>

#include "names.hpp"

namespace croton::inline v1::codegen {

/// "2 * n + 1", with the names of `symbols` and for others their own.
std::string extent_text(const Extent& extent, const SymbolNames& symbols);
/// "4 n m + 8": of flops and bytes.
std::string quantity_text(const Extent& extent, const SymbolNames& symbols);
/// "(n, 3)".
std::string extents_text(const Shape& shape, const SymbolNames& symbols);

} // namespace croton::inline v1::codegen
