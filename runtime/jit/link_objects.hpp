#pragma once

#include <span>
#include <string>
#include <string_view>

namespace croton::jit {

struct Linked {
    bool ok = false;
    std::string bytes;
    std::string log;
};

/// Links relocatable objects into one shared object that has no undefined symbol.
/// threads  safe; calls run one after another, LLD has one state per process.
Linked link_objects(std::span<const std::string_view> objects);

} // namespace croton::jit
