#pragma once

#include <croton/codegen/loop_nest.hpp>

namespace croton::inline v1::codegen {

/// Whether a kernel may write `to` into the memory of `from`, element by element: each element of
/// `from` is read at the place at which `to` is stored, before it, and nowhere else.
bool can_overwrite(const LoopNest& nest, const Variable& from, const Variable& to);

/// The kernel gets one pointer for both. Loops that would then store what they load are left out;
/// false where nothing else is in the kernel, which then has nothing to do.
bool merge_buffers(LoopNest& nest, const Variable& from, const Variable& to);

} // namespace croton::inline v1::codegen
