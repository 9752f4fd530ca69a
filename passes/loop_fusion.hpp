#pragma once

#include <croton/ir/hash_index.hpp>
#include <croton/ir/scan_parts.hpp>

#include <cstddef>
#include <vector>

#include "equal_states.hpp"

namespace croton::inline v1 {

/// One loop that does in each step what several do in theirs.
class LoopFusion {
public:
    /// Loops in the order in which they need one another; of those that may stop the first says
    /// when. False, and no change, where one reads what another collects in another type.
    bool add(const Apply& loop);

    /// The loop with equal states and equal values as one.
    MergedLoop merged() const;
    /// The Apply of `merged`.
    Apply built(const MergedLoop& merged) const;
    /// What stands in it for the outputs of each loop that was added.
    std::vector<Variables> in_place_of_loops(const MergedLoop& merged, const Apply& built) const;

    /// Of loops that may stop: whether they do so alike.
    bool stop_alike() const;

private:
    struct Member {
        Apply loop;
        std::size_t first_state, states, first_out, outs;
    };
    std::vector<int> kept() const;

    std::vector<Member> loops_;
    detail::ScanParts parts_;
    std::vector<int> last_kept_, history_kept_, out_kept_;
    bool count_kept_ = false;
    Variables stops_;
    detail::PointerMap<detail::Value, Variable> x_of_, constant_of_; ///< by what is outside
    detail::PointerMap<detail::Value, Variable> collected_;          ///< what a step gives for it
};

} // namespace croton::inline v1
