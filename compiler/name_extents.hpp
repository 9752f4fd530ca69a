#pragma once

#include <croton/ir/extent.hpp>
#include <croton/ir/variable.hpp>

#include <span>

namespace croton::inline v1 {

/// Names for the extents of a function's inputs that have none, or whose name another one has:
/// n0, n1, .. in the order of the axes. They are the same in every process and in all that tells of
/// the function: its signature, errors of calls, emitted text.
///
/// returns  a substitution by symbols of those names, which take part in no other expression of the
///          user's.
Substitution name_extents(std::span<const Variable> inputs, const Substitution& solved);

/// First `inner`, then `outer`, as one substitution.
Substitution composed(const Substitution& inner, const Substitution& outer);

} // namespace croton::inline v1
