#pragma once

#include <cstdint>

#include "fuzz/recipe.hpp"

namespace croton::test {

struct GenerateOptions {
    /// Makers besides the usual ones, drawn as often as all of those together.
    const std::vector<Maker>* extra = nullptr;
    /// For derivatives: floats are f64 and no special numbers, and arrays are small.
    bool differentiable = false;
};

/// The `number`-th random program of a seed: the same on every machine. Most of its values are
/// finite and small; every eighth may hold NaN and infinities.
Recipe generate(std::uint64_t seed, std::uint64_t number, const GenerateOptions& options = {});

} // namespace croton::test
