#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fuzz/generate.hpp"
#include "fuzz/judge.hpp"

namespace croton::test {

/// A program that fails, as small as it could be made.
struct Failure {
    std::uint64_t number = 0;
    std::string why;
    Recipe recipe;
};

struct FuzzReport {
    std::uint64_t programs = 0, nodes = 0;
    std::vector<Failure> failures; ///< at most `most`
};

/// Tries the programs `first` .. `first + count` of a seed, many as one compiled function.
FuzzReport fuzz(std::uint64_t seed,
                std::uint64_t first,
                std::uint64_t count,
                std::size_t most = 5,
                const GenerateOptions& options = {});

} // namespace croton::test
