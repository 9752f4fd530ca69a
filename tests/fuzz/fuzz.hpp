#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "fuzz/generate.hpp"
#include "fuzz/judge.hpp"

namespace croton::test {

/// A program that fails, as small as it could be made.
struct Failure {
    std::uint64_t number = 0;
    std::string why;
    Recipe recipe;
};

/// Programs that fail together, as one compiled function, and none by itself.
struct BatchFailure {
    std::uint64_t first = 0, count = 0;
    std::string why;
};

struct FuzzReport {
    std::uint64_t programs = 0, nodes = 0;
    std::vector<Failure> failures; ///< at most `most`
    std::vector<BatchFailure> batches;
};

/// Who says what is wrong: with each of many programs, and with one.
struct Judges {
    std::function<std::vector<std::string>(std::span<const Recipe>, const JudgeOptions&)> many =
        judge;
    std::function<std::string(const Recipe&, const JudgeOptions&)> one = judge_one;
};

/// Tries the programs `first` .. `first + count` of a seed, many as one compiled function.
FuzzReport fuzz(std::uint64_t seed,
                std::uint64_t first,
                std::uint64_t count,
                std::size_t most = 5,
                const GenerateOptions& options = {},
                const Judges& judges = {});

} // namespace croton::test
