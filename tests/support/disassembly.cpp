#include "support/disassembly.hpp"

#include <croton/runtime/clang_jit.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <unistd.h>

namespace croton::test {

bool can_disassemble() { return std::system("objdump --version > /dev/null 2>&1") == 0; }

std::string disassembly(std::string_view full_source, std::string_view cpu)
{
    CompileOptions options; // the JIT's, and its compiler
    options.cpu = cpu;
    const auto object = compile_object(full_source, "p.cpp", options);
    const auto folder = std::filesystem::temp_directory_path() /
                        ("croton_disassembly_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "p.o", std::ios::binary)
        .write(reinterpret_cast<const char*>(object.data()),
               static_cast<std::streamsize>(object.size()));
    const std::string command =
        "cd " + folder.string() + " && objdump -d --no-show-raw-insn p.o > p.s";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("objdump failed");
    std::ifstream in(folder / "p.s");
    std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    std::filesystem::remove_all(folder);
    return text;
}

} // namespace croton::test
