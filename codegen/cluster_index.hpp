#pragma once

#include <croton/codegen/clusters.hpp>

#include "puller.hpp"

namespace croton::inline v1::codegen {

/// The axes of a reduction's operand, those of extent 1 left out.
struct ReducedAxes {
    Shape outer;           ///< kept, in front of the reduced ones
    Shape inner;           ///< reduced
    Shape behind;          ///< kept, behind them
    bool separate = false; ///< reduced axes on both sides of a kept one
};
ReducedAxes reduced_axes(const Apply& reduce);

inline Monoid monoid_of(const Apply& reduce)
{
    return std::get<Reduce>(reduce.op().lowering).monoid;
}

/// The index symbols of a cluster's outer axes, and of its inner axes and those behind if `inner`.
At symbols_of(const Cluster& cluster, bool inner);

/// What other kernels left in memory, or a caller: all that the roots read but one another.
void read_others(Puller& puller, const Cluster& cluster);

/// Coefficient of each axis's index symbol in an offset that is linear in them.
std::vector<Extent> strides_of(const Extent& offset, std::size_t rank);

/// Whether every element of `v` lies in `base`'s memory at an offset that is linear in its index,
/// with one stride for the axes between two numbers of `classes`.
bool is_strided(const Variable& v, const Variable& base, const std::vector<std::size_t>& classes);

} // namespace croton::inline v1::codegen
