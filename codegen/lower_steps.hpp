#pragma once

#include <croton/codegen/lower.hpp>

namespace croton::inline v1::codegen {

/// The long axes of a loop's states, the same of all that have any, first to last: the members.
Shape members_of(const Apply& scan);

/// Whether a loop of the same members, a map over them or a reduction of all of them may follow the
/// loops of a cluster in its kernel: it reads what they give at its own member's place alone.
///
/// reads   what `apply` reads from memory, or of the cluster
bool may_join_steps(const Cluster& cluster, const Apply& apply, const Variables& reads);

/// What loops of a cluster collect and only its own later ones read lies in arrays of a strip of
/// members, if there is room: such roots are not stored.
void keep_in_strips(Cluster& cluster);

/// That kernel: for each step all elements of the states and outs, written out. Members are the
/// outermost loops, those of the last axis in lanes. Where members are reduced, blocks of them
/// leave partial results, and a second nest combines those.
Lowered lower_steps(const Cluster& cluster);

} // namespace croton::inline v1::codegen
