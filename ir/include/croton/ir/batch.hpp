#pragma once

#include <croton/ir/variable.hpp>

#include <span>
#include <string_view>

namespace croton::inline v1 {

// How an op is batched:
//
//   lowering                          its rule
//   Pointwise, Reduce, Prefix,        follows from the lowering
//   Contract, Scan, Switch
//   IndexMap, Gather, Scatter         Op::batch
//   Composite                         Op::batch, or its expression's
//   Iota                              none is needed: it has no operands
//
// An op without a rule is a UserError that names it: nothing becomes a loop over members.

/// `ys`, which are made from one member `xs`, for all members at once: `all[i]` has those of xs[i]
/// along a new axis 0, `members` of them, and each result has them there. What does not depend on
/// `xs` is shared. Where members take different branches all are computed, and each result is a
/// selection; where they stop a loop at different steps it goes on until all have. The new Applies
/// take the locations of those they come from. Linear in the number of Applies made after the
/// oldest x.
///
/// errors  UserError at `place` in the name of `function`: an op on the way has no batching rule.
Variables batch(std::span<const Variable> ys,
                std::span<const Variable> xs,
                std::span<const Variable> all,
                const Extent& members,
                std::string_view function,
                const Location* place);

} // namespace croton::inline v1
