#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace croton::jit {

struct Remark {
    std::string file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::string message;
};

struct Unit {
    std::string_view text;
    std::string_view file;
    std::string_view folder;
    std::string_view cpu;
    std::string_view sanitize; ///< "address,undefined"
    int opt_level = 2;
    bool debug_info = false;
    bool remarks = false;
};

struct Object {
    bool ok = false;
    std::string bytes;
    std::string log;
    std::vector<Remark> remarks;
    double frontend_ms = 0;
    double backend_ms = 0;
};

/// Compiles one C++ text into one relocatable object, from memory to memory.
/// threads  safe from several threads at once: each call has its own LLVM context.
Object compile_unit(const Unit& unit);

} // namespace croton::jit
