#pragma once

#include <croton/codegen/emit_cpp.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace croton::inline v1::codegen {

/// Outputs of this many bytes are written past the caches.
constexpr std::int64_t streamed_bytes = std::int64_t{32} << 20;

/// A buffer that may be written past the caches.
struct StreamedBuffer {
    BufferId buffer = -1;
    std::int64_t bytes = 0; ///< that an iteration of the parallel loop writes
};

/// The buffers of a kernel that each iteration of its parallel loop writes a piece of, never
/// reading what another wrote or what was there before, and that may be large; none of a kernel
/// that computes more than it moves.
///
/// is_output  whether a value is an output of the program: others are read again soon.
std::vector<StreamedBuffer> streamed_buffers(const EmittedKernel& kernel,
                                             const LoopNest& nest,
                                             const std::function<bool(const Variable&)>& is_output);

/// `stream_<kernel>(begin, end, extent, ..)`: calls the kernel, and where the outputs are large
/// lets it write blocks on the stack that are then copied past the caches. The results are the
/// same.
std::string streaming_caller(const EmittedKernel& kernel,
                             const LoopNest& nest,
                             const std::vector<StreamedBuffer>& streamed);

} // namespace croton::inline v1::codegen
