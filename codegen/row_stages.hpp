#pragma once

#include <croton/codegen/clusters.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace croton::inline v1::codegen {

/// Passes over the inner axes of a cluster of kind rows, and what is kept from one to the next.
///
/// Each pass is a stage: what needs a reduction's result comes after it. Roots have the numbers
/// that they have in the cluster.
class RowStages {
public:
    explicit RowStages(const Cluster& cluster);

    int of(std::size_t root) const { return stage_[root]; }
    int last() const { return last_; }
    /// For inner values that a later stage reads: the stored root in whose array they lie, their
    /// own or that of an output written over them later. The others are computed again.
    const std::map<std::size_t, std::size_t>& carriers() const { return carrier_; }
    /// By root: operations of an element that are done again because its value lies nowhere.
    std::vector<std::int64_t> flops_again() const;

private:
    /// The last root that reads a value, in the order in which elements are written.
    struct LastUse {
        int stage;
        std::size_t reader;
        auto operator<=>(const LastUse&) const = default;
    };

    bool is_computed_again(std::size_t root) const;
    void choose_carrier(std::size_t root);
    bool is_read(std::size_t root) const;
    bool is_free(std::size_t array, const LastUse& until) const;

    const std::vector<Root>& roots_;
    std::vector<std::vector<std::size_t>> reads_; ///< of the cluster's own roots
    std::vector<int> stage_;
    int last_ = 0;
    std::vector<LastUse> last_use_;
    std::map<std::size_t, std::size_t> carrier_;
};

} // namespace croton::inline v1::codegen
