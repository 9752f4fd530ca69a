#pragma once

// ADBench's data sets: text files of numbers, as its repository has them.

#include <croton/croton.hpp>

#include <cstdint>
#include <filesystem>
#include <vector>

namespace bench {

/// A mixture of `k` Gaussians over `n` points of dimension `d`. `q` and `l` are the logarithms of
/// the diagonals and the strict lower parts, column by column, of the factors of inverse
/// covariances.
struct MixtureData {
    croton::Array alphas, means, q, l, x; ///< (k), (k, d), (k, d), (k, d (d - 1) / 2), (n, d)
    double gamma = 1;                     ///< of the Wishart prior
    int m = 0;                            ///< of the same
};

/// Cameras that see points: observation i is that of camera `camera_of[i]` and point `point_of[i]`.
struct BundleData {
    croton::Array cameras, points, weights, features; ///< (n, 11), (m, 3), (p), (p, 2)
    croton::Array camera_of, point_of;                ///< (p), i64
};

/// A network of `layers` cells whose weights are diagonal, and a text of one-hot characters.
struct RecurrentData {
    croton::Array main, extra, state, sequence; ///< (l, 2, 4, b), (3, b), (l, 2, b), (c, b)
};

/// A hand of bones and a skin, and points that lie on it.
struct HandData {
    std::vector<int> parents;               ///< of each bone, one that comes before it, or -1
    croton::Array relatives, inverse_bases; ///< (bones, 4, 4)
    croton::Array skin, weights;            ///< (vertices, 4), homogeneous; (vertices, bones)
    croton::Array corners;                  ///< (points, 1 or 3), i64: vertices each point lies on
    croton::Array points;                   ///< (points, 3)
    croton::Array theta;                    ///< (26)
    croton::Array us;                       ///< (points, 2) where each has three corners
};

MixtureData read_mixture(const std::filesystem::path& file);
BundleData read_bundle(const std::filesystem::path& file);
RecurrentData read_recurrent(const std::filesystem::path& file);
/// `file` lies beside a folder `model`.
HandData read_hand(const std::filesystem::path& file, bool complicated);

} // namespace bench
