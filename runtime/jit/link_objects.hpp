#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace croton::jit {

struct Linked {
    bool ok = false;
    std::string bytes;
    std::string log;
};

/// What a symbol is that no object defines.
enum class Undefined : std::uint8_t {
    error,
    from_process, ///< the loader finds it in the process that opens the shared object
};

/// Links relocatable objects into one shared object.
/// threads  safe; calls run one after another, LLD has one state per process.
Linked link_objects(std::span<const std::string_view> objects, Undefined undefined);

} // namespace croton::jit
