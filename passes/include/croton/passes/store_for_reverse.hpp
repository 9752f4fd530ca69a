#pragma once

#include <croton/passes/pass.hpp>

namespace croton::inline v1 {

/// Decides what a reverse loop reads of the loop that it is the adjoint of. As it is made it has
/// the states before each step, and computes from them again what its steps need; where less is
/// stored and computed so, the loop gives other values of its steps instead: sines of an angle and
/// not the angle, the gates of a cell and not the products that they come from.
///
/// What is stored and what is computed again are the two sides of a minimum cut, as in "Min-cut
/// optimal(*) recomputation (i.e. activation checkpointing) with AOTAutograd"
/// (dev-discuss.pytorch.org, 467), here with the work of computing a value again as its cost, and
/// not only its bytes: a stored element costs PassOptions::flops_worth_storing operations, one that
/// is computed as many as PassOptions::flops says. Symbols of extents count as 64. What a step with
/// a loop or a branch inside needs is computed again: chunks between checkpoints are such loops,
/// and a loop inside another one's step stores no more bytes than its states.
///
/// When: once composites are written out and equal values merged, so that both loops are written
/// alike, and before products leave loops, as it would store what follows from them. What is then
/// not read any more is for TrimLoops. Keeps: values, bit for bit. Cost: a maximum flow over each
/// reverse loop's body.
struct StoreForReverse {
    static constexpr std::string_view name = "store for reverse";
    Changed run(Graph& graph, PassContext& context) const;
};

} // namespace croton::inline v1
