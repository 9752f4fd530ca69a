#pragma once

// ADBench's four objectives and their derivatives, as a user of Croton writes them. The tests
// compare them with ADBench's golden values, the benchmarks time them.

#include <croton/croton.hpp>

#include <vector>

#include "adbench_data.hpp"

namespace bench {

/// What is compiled, and the arrays that it is called with: one for each input.
struct Problem {
    std::vector<croton::Array> arrays;
    croton::Variables inputs;
    croton::Variables values;
    croton::Variables derivatives;
};

/// ADBench's prior has the wrong sign and its own pi; GradBench mended both.
enum class Prior { adbench, gradbench };

/// The log of a mixture's posterior; its gradients by alphas, means, q and l.
Problem mixture(const MixtureData& data, Prior prior);

/// Errors of reprojection (p, 2) and of weights (p); the Jacobian of the former, a block of 2 x 15
/// for each observation in the order of compressed rows, and the derivative of the latter.
struct BundleProblem : Problem {
    croton::SparsePattern pattern; ///< columns are those of observations: 15 each
};
BundleProblem bundle(const BundleData& data);
/// Where column `k` of observation i's block lies among all cameras, points and weights.
std::int64_t bundle_column(const BundleData& data, std::int64_t i, std::int64_t k);

/// The mean loss of predictions; its gradients by the main and the other weights.
Problem recurrent(const RecurrentData& data);

/// Distances (points, 3) of points from a posed hand; the Jacobian by its pose (points, 3, 26), and
/// before it, where points lie on triangles, that by their places (points, 3, 2).
Problem hand(const HandData& data);

} // namespace bench
