#include <croton/runtime/thread_pool.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <new>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <system_error>
#include <thread>
#include <vector>

#include "float_control.hpp"

namespace croton::inline v1 {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto spin_time = std::chrono::microseconds(50);

void pause_briefly()
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

/// Waits until `value` is no longer `old`: spins first, as the next region often follows at once.
void wait_while_equal(const std::atomic<std::uint32_t>& value, std::uint32_t old)
{
    const auto start = Clock::now();
    while (value.load(std::memory_order_acquire) == old) {
        for (int i = 0; i < 32; ++i) {
            pause_briefly();
        }
        if (Clock::now() - start > spin_time) {
            value.wait(old, std::memory_order_acquire);
        }
    }
}

/// Who is in a region, in one word so that joining and closing exclude each other:
/// bit 31 open, bits 16..30 workers that have joined so far, bits 0..15 workers now inside.
constexpr std::uint32_t open_bit = 0x8000'0000;
constexpr std::uint32_t joined_one = 0x0001'0000;
constexpr std::uint32_t inside_mask = 0x0000'ffff;
constexpr int most_workers = 0x7fff;
std::uint32_t joined(std::uint32_t state) { return (state & ~open_bit) / joined_one; }

class Pool {
public:
    /// False if the pool is busy with another region.
    bool try_run(std::int64_t blocks, BlockFunction fn, void* context, int threads)
    {
        if (owned_.test_and_set(std::memory_order_acquire)) {
            return false;
        }
        const auto helpers = std::min<std::int64_t>({threads - 1, blocks - 1, most_workers});
        start_workers(static_cast<std::size_t>(helpers));
        run_region(blocks, fn, context, static_cast<std::uint32_t>(helpers));
        owned_.clear(std::memory_order_release);
        return true;
    }

    /// Ends the workers, so that the library that holds this code may be unloaded. A region that
    /// runs at this moment (exit() in another thread) keeps them.
    void stop()
    {
        if (owned_.test_and_set(std::memory_order_acquire)) {
            return;
        }
        stopping_.store(true, std::memory_order_relaxed);
        announce();
        for (std::thread& worker : workers_) {
            worker.join();
        }
        workers_.clear();
    }

    /// In the child of fork() no worker exists and a lock may be held by a thread that doesn't.
    /// The vector of threads that are not there is left behind: destroying it would end the
    /// process.
    void forget_workers() { new (this) Pool; }

private:
    void start_workers(std::size_t wanted)
    {
        if (workers_.size() >= wanted) {
            return;
        }
        sigset_t all;
        sigset_t before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        try {
            while (workers_.size() < wanted) {
                workers_.emplace_back([this, seen = regions_.load()] { work(seen); });
                pthread_setname_np(workers_.back().native_handle(), "croton");
            }
        } catch (const std::exception&) {
            // No thread or memory left: the region runs on the threads there are.
        }
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }

    void run_region(std::int64_t blocks, BlockFunction fn, void* context, std::uint32_t helpers)
    {
        fn_ = fn;
        context_ = context;
        blocks_ = blocks;
        helpers_ = helpers;
        float_control_ = float_control();
        next_.store(0, std::memory_order_relaxed);
        state_.store(open_bit, std::memory_order_release);
        announce();

        run_blocks();
        std::uint32_t state = state_.fetch_and(~open_bit, std::memory_order_acq_rel) & ~open_bit;
        while ((state & inside_mask) != 0) {
            wait_while_equal(state_, state);
            state = state_.load(std::memory_order_acquire);
        }
    }

    void announce()
    {
        regions_.fetch_add(1, std::memory_order_release);
        regions_.notify_all();
    }

    void run_blocks()
    {
        for (;;) {
            const std::int64_t block = next_.fetch_add(1, std::memory_order_relaxed);
            if (block >= blocks_) {
                return;
            }
            fn_(context_, block);
        }
    }

    /// False if the region is closed or has its number of helpers.
    bool join()
    {
        std::uint32_t state = state_.load(std::memory_order_acquire);
        for (;;) {
            if ((state & open_bit) == 0 ||
                joined(state) >= helpers_.load(std::memory_order_relaxed)) {
                return false;
            }
            if (state_.compare_exchange_weak(state, state + joined_one + 1,
                                             std::memory_order_acq_rel,
                                             std::memory_order_acquire)) {
                return true;
            }
        }
    }

    void work(std::uint32_t seen)
    {
        for (;;) {
            wait_while_equal(regions_, seen);
            seen = regions_.load(std::memory_order_acquire);
            if (stopping_.load(std::memory_order_relaxed)) {
                return;
            }
            if (!join()) {
                continue;
            }
            set_float_control(float_control_);
            run_blocks();
            const std::uint32_t after = state_.fetch_sub(1, std::memory_order_acq_rel) - 1;
            if ((after & (open_bit | inside_mask)) == 0) {
                state_.notify_one();
            }
        }
    }

    std::atomic_flag owned_ = ATOMIC_FLAG_INIT;
    std::vector<std::thread> workers_; // touched by the owner alone
    std::atomic<bool> stopping_ = false;

    // The region, written by the owner before the open bit is set. A worker reads it only while it
    // is inside; helpers_ it reads before, when it may be another region's.
    BlockFunction fn_ = nullptr;
    void* context_ = nullptr;
    std::int64_t blocks_ = 0;
    FloatControl float_control_ = {};
    std::atomic<std::uint32_t> helpers_ = 0;

    alignas(64) std::atomic<std::int64_t> next_ = 0;
    alignas(64) std::atomic<std::uint32_t> state_ = 0;
    alignas(64) std::atomic<std::uint32_t> regions_ = 0;
};

Pool& pool()
{
    static Pool* const only = [] {
        auto* const made = new Pool; // outlives static destructors, which may still compute
        pthread_atfork(nullptr, nullptr, [] { pool().forget_workers(); });
        return made;
    }();
    return *only;
}

const struct StopAtExit {
    ~StopAtExit() { pool().stop(); }
} stop_at_exit;

std::atomic<const ParallelForHook*> parallel_for_hook = nullptr;

int affinity_cpus()
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) == 0) {
        return CPU_COUNT(&set);
    }
    return static_cast<int>(
        std::thread::hardware_concurrency()); // more CPUs than a cpu_set_t holds
}

/// The cgroup's quota in CPUs, rounded up; 0: none.
int quota_cpus()
{
    std::FILE* const file = std::fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!file) {
        return 0;
    }
    long long quota_us = 0;
    long long period_us = 0;
    const int found = std::fscanf(file, "%lld %lld", &quota_us, &period_us); // "max" is no number
    std::fclose(file);
    if (found != 2 || quota_us <= 0 || period_us <= 0) {
        return 0;
    }
    return static_cast<int>((quota_us + period_us - 1) / period_us);
}

} // namespace

int available_cpus() noexcept
{
    static const int count = [] {
        const int quota = quota_cpus();
        const int cpus = affinity_cpus();
        return std::max(1, quota > 0 ? std::min(quota, cpus) : cpus);
    }();
    return count;
}

void set_parallel_for(const ParallelForHook* hook) noexcept
{
    parallel_for_hook.store(hook, std::memory_order_release);
}

void parallel_for(std::int64_t blocks, BlockFunction fn, void* context, int threads) noexcept
{
    if (const auto* const hook = parallel_for_hook.load(std::memory_order_acquire)) {
        hook->run(hook->user, blocks, fn, context, threads);
        return;
    }
    const int allowed = threads > 0 ? threads : available_cpus();
    if (blocks > 1 && allowed > 1 && pool().try_run(blocks, fn, context, allowed)) {
        return;
    }
    for (std::int64_t block = 0; block < blocks; ++block) {
        fn(context, block);
    }
}

} // namespace croton::inline v1
