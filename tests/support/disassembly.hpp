#pragma once

#include <string>
#include <string_view>

namespace croton::test {

/// Whether the machine has objdump.
bool can_disassemble();

/// What the JIT makes of a program for a CPU ("": this machine's), as objdump prints it.
std::string disassembly(std::string_view full_source, std::string_view cpu);

} // namespace croton::test
