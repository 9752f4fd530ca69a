#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace croton::inline v1 {

/// Gives symbols of a relocatable object other names: `from[i]` becomes `to[i]`. So an object that
/// was compiled for one program serves another in which its kernels are called otherwise.
/// returns  false, with the object as it was, if it is no 64-bit ELF object that is whole, or the
///          lists differ in length.
bool rename_symbols(std::vector<std::byte>& object,
                    std::span<const std::string> from,
                    std::span<const std::string> to);

} // namespace croton::inline v1
