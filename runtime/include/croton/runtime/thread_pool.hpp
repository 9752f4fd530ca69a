#pragma once

#include <cstdint>

namespace croton::inline v1 {

/// One block of a parallel loop. It may not throw.
using BlockFunction = void (*)(void* context, std::int64_t block);

/// Runs fn(context, block) once for each block in [0, blocks) and returns when all are done.
///
/// blocks    independent of one another; which thread runs which one is not fixed.
/// threads   at most this many, the caller's included; 0: available_cpus().
/// cost      nothing is allocated. Workers start with the first call that needs them and stay:
///           they spin for up to 50 us after a region, then sleep. So a region costs about a
///           microsecond in a row of regions, and about 10 us when workers have to be woken.
/// threads   safe from several threads at once: one region owns the workers, any other (a second
///           caller's, or one inside a block) runs in the thread that asked for it. A child of
///           fork() starts workers of its own. Workers run with the caller's floating-point
///           control word and all signals blocked.
void parallel_for(std::int64_t blocks, BlockFunction fn, void* context, int threads = 0) noexcept;

/// CPUs that this process may use: its affinity mask, cut to its cgroup's quota. At least 1; read
/// once.
int available_cpus() noexcept;

/// Another scheduler for parallel_for, such as the application's own pool. `run` has
/// parallel_for's contract, with `user` before the rest.
struct ParallelForHook {
    void (*run)(void* user, std::int64_t blocks, BlockFunction fn, void* context, int threads) =
        nullptr;
    void* user = nullptr;
};

/// Sends every later parallel_for to `hook`; null: back to the pool above. The hook is borrowed
/// and must outlive all use.
void set_parallel_for(const ParallelForHook* hook) noexcept;

} // namespace croton::inline v1
