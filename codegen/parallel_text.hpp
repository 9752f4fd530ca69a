#pragma once

#include <croton/codegen/emit_cpp.hpp>

#include <string>

namespace croton::inline v1::codegen {

/// Below about 20 us a loop is not worth other threads.
constexpr std::int64_t serial_below_flops = 200'000;

/// `all_<kernel>(rt, extent, ..)`: the kernel over all iterations of its parallel loop, in blocks
/// on several threads where there is enough work. Block sizes depend on extents alone.
///
/// streams  `stream_<kernel>` is called in the kernel's place.
std::string parallel_caller(const EmittedKernel& kernel,
                            const LoopNest& nest,
                            const Extent& flops_per_iteration,
                            bool streams);

} // namespace croton::inline v1::codegen
