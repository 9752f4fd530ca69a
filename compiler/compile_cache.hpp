#pragma once

#include <croton/runtime/kernel_cache.hpp>

namespace croton::inline v1 {

/// The process's cache of programs: the environment's folder, or memory alone.
KernelCache& kernel_cache(bool on_disk);

} // namespace croton::inline v1
