#pragma once

#include <croton/codegen/emit_cpp.hpp>
#include <croton/ir/format.hpp>

#include <string>
#include <vector>

#include "names.hpp"

namespace croton::inline v1::codegen {

/// A parameter of a kernel as those that call it name it too.
struct CallerParameter {
    std::string type;
    std::string name;
};

/// Extents, then buffers; `symbols` learns the extents' names.
inline std::vector<CallerParameter>
caller_parameters(const EmittedKernel& kernel, const LoopNest& nest, SymbolNames& symbols)
{
    std::vector<CallerParameter> list;
    for (std::size_t i = 0; i < kernel.extents.size(); ++i) {
        if (const detail::Atom* symbol = as_symbol(kernel.extents[i]))
            symbols.emplace(symbol, kernel.extent_names[i]);
        else
            symbols.sums.emplace(kernel.extents[i].polynomial(), kernel.extent_names[i]);
        list.push_back({"i64", kernel.extent_names[i]});
    }
    for (const Buffer& b : nest.buffers) {
        const std::string_view constant = b.access == Buffer::Access::read ? "const " : "";
        list.push_back({fmt::format("{}{}*", constant, memory_type(b.dtype())), b.name});
    }
    return list;
}

} // namespace croton::inline v1::codegen
