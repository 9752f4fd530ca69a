#pragma once

#include <croton/ir/apply.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace croton::inline v1::codegen {

/// How a cluster loops.
enum class ClusterKind : std::uint8_t {
    rows,    ///< outer axes, and inside them one or more loops over the inner axes; also plain maps
    columns, ///< reductions over axes that are not the last
    prefix,  ///< running combination along one axis
    scatter, ///< updates in C order
    contract, ///< a matrix product
    scan,     ///< a loop over steps: a program inside the program
    steps,    ///< the same in one kernel: few scalars, and its states are local variables
    branch,   ///< one of several programs inside the program
};
std::string_view name(ClusterKind kind);

/// A value that a cluster computes for others, or once for itself.
struct Root {
    Variable value;
    bool reduces = false; ///< over the cluster's inner axes (rows) or rows (columns)
    bool inner = false; ///< has an element for each inner index; otherwise one for each outer index
    bool stored = false;         ///< needed outside the cluster
    std::vector<Variable> reads; ///< roots and leaves it reads from memory or from the cluster
    int statements = 0;
    int flops = 0; ///< of one element, from what it reads
};

/// Applies that share one loop nest.
struct Cluster {
    ClusterKind kind = ClusterKind::rows;
    /// Axes without those of extent 1: outer, then inner. For columns: kept in front, reduced, kept
    /// behind.
    Shape outer;
    Shape inner;
    Shape behind; ///< columns: the kept axes behind the reduced ones
    std::vector<Root> roots;
    int statements = 0;
    std::int64_t flops = 0;  ///< of the roots
    bool by_library = false; ///< a product that a library computes
    std::string note = {};   ///< where products are a library's: whether this is, and why not
};

/// Why a value that one cluster computes is stored and read by another instead of being fused.
struct Unfused {
    Variable value;
    std::string reason;
};

struct Clusters {
    std::vector<Cluster> list; ///< in the order in which they run
    std::vector<Unfused> unfused;
};

/// The largest number of scalar statements in a kernel: compile time stays linear in the graph.
constexpr int most_statements_in_a_vector_loop = 250;
constexpr int most_scalar_statements = 1000;
/// A kernel of numbers takes no further value beyond so many: a sine, 78, is written out in it.
constexpr int most_scalar_flops = 8000;

/// Partitions what `outputs` need. Composite ops must have been expanded, reductions over separate
/// groups of axes split (split_reductions).
/// library_products   a library computes the matrix products that it can; those have no epilogue.
Clusters make_clusters(std::span<const Variable> outputs, bool library_products = false);

/// Reductions over the last axes and others become two, the last axes first. Other values are
/// shared.
Variables split_reductions(std::span<const Variable> outputs);

/// `shape` without the axes known to be 1.
Shape squeezed(const Shape& shape);

} // namespace croton::inline v1::codegen
