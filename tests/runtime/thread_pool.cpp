#include <croton/runtime/thread_pool.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <set>
#include <thread>
#include <time.h>
#include <vector>

#include "float_control.hpp"
#include "process.hpp"
#include "support/catch.hpp"

using namespace croton;
using namespace croton::test;

namespace {

/// Counts how often each block ran, and which threads ran any.
struct Coverage {
    explicit Coverage(std::int64_t blocks) : runs(static_cast<std::size_t>(blocks)) {}

    static void block(void* context, std::int64_t index)
    {
        auto& self = *static_cast<Coverage*>(context);
        self.runs[static_cast<std::size_t>(index)].fetch_add(1);
        const std::lock_guard lock(self.mutex);
        self.threads.insert(std::this_thread::get_id());
    }

    bool each_once() const
    {
        for (const auto& count : runs) {
            if (count.load() != 1) {
                return false;
            }
        }
        return true;
    }

    std::vector<std::atomic<int>> runs;
    std::mutex mutex;
    std::set<std::thread::id> threads;
};

/// CPU time, to which only a thread's own work adds, however many others the machine runs.
std::int64_t used_ns(clockid_t clock)
{
    timespec used = {};
    ::clock_gettime(clock, &used);
    return used.tv_sec * std::int64_t{1'000'000'000} + used.tv_nsec;
}

} // namespace

TEST_CASE("every block runs exactly once, for any number of blocks and threads")
{
    for (const std::int64_t blocks : {0, 1, 2, 3, 7, 64, 1000}) {
        for (const int threads : {0, 1, 2, 3, 7, 16}) {
            Coverage coverage(blocks);
            parallel_for(blocks, Coverage::block, &coverage, threads);
            INFO(blocks << " blocks, " << threads << " threads");
            REQUIRE(coverage.each_once());
            REQUIRE(coverage.threads.size() <=
                    static_cast<std::size_t>(threads == 0 ? available_cpus() : threads));
        }
    }
}

TEST_CASE("regions in a row cover their blocks, after pauses too")
{
    for (int i = 0; i < 3000; ++i) {
        Coverage coverage(5);
        parallel_for(5, Coverage::block, &coverage, 3);
        REQUIRE(coverage.each_once());
        if (i % 300 == 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1)); // workers go to sleep
        }
    }
}

TEST_CASE("blocks run on several threads at once")
{
    // Each block waits for the other: in one thread this would not end.
    std::atomic<int> arrived = 0;
    parallel_for(
        2,
        [](void* context, std::int64_t) {
            auto& count = *static_cast<std::atomic<int>*>(context);
            ++count;
            while (count.load() < 2) {
                std::this_thread::yield();
            }
        },
        &arrived, 2);
    CHECK(arrived.load() == 2);
}

TEST_CASE("a region inside a block runs in that block's thread")
{
    struct Outer {
        std::atomic<int> blocks = 0;
        std::atomic<bool> moved = false;
    } outer;
    parallel_for(
        8,
        [](void* context, std::int64_t) {
            struct Inner {
                Outer* outer;
                std::thread::id thread;
            } inner = {static_cast<Outer*>(context), std::this_thread::get_id()};
            parallel_for(
                10,
                [](void* inner_context, std::int64_t) {
                    auto& self = *static_cast<Inner*>(inner_context);
                    ++self.outer->blocks;
                    if (self.thread != std::this_thread::get_id()) {
                        self.outer->moved = true;
                    }
                },
                &inner, 4);
        },
        &outer, 4);
    CHECK(outer.blocks.load() == 80);
    CHECK_FALSE(outer.moved.load());
}

TEST_CASE("callers at once each get all their blocks")
{
    std::atomic<int> wrong = 0;
    {
        std::vector<std::jthread> callers;
        for (int c = 0; c < 4; ++c) {
            callers.emplace_back([&] {
                for (int i = 0; i < 500; ++i) {
                    Coverage coverage(9);
                    parallel_for(9, Coverage::block, &coverage, 3);
                    wrong += !coverage.each_once();
                }
            });
        }
    }
    CHECK(wrong.load() == 0);
}

TEST_CASE("while a region has the workers, another caller's blocks run in its own thread")
{
    struct Held {
        std::atomic<int> arrived = 0;
        std::atomic<bool> released = false;
        std::chrono::steady_clock::time_point end =
            std::chrono::steady_clock::now() + std::chrono::seconds(10);
        std::atomic<bool> ended = false; ///< nobody released it: the other caller waits
    } held;
    std::jthread first([&] {
        parallel_for(
            2,
            [](void* context, std::int64_t) {
                auto& self = *static_cast<Held*>(context);
                ++self.arrived;
                while (!self.released && !self.ended) {
                    std::this_thread::yield();
                    self.ended = std::chrono::steady_clock::now() > self.end;
                }
            },
            &held, 2);
    });
    while (held.arrived < 2) {
        std::this_thread::yield();
    }
    Coverage coverage(9);
    parallel_for(9, Coverage::block, &coverage, 3);
    held.released = true;
    CHECK_FALSE(held.ended);
    CHECK(coverage.each_once());
    CHECK(coverage.threads == std::set{std::this_thread::get_id()});
}

TEST_CASE("a child of fork has workers of its own, and so has its parent still")
{
    const auto run = [] {
        Coverage coverage(50);
        parallel_for(50, Coverage::block, &coverage, 3);
        std::atomic<int> arrived = 0;
        parallel_for(
            2,
            [](void* context, std::int64_t) {
                auto& count = *static_cast<std::atomic<int>*>(context);
                ++count;
                while (count.load() < 2) {
                    std::this_thread::yield();
                }
            },
            &arrived, 2);
        return coverage.each_once() ? 0 : 1;
    };
    CHECK(run() == 0);
    CHECK(wait_for(start_child(run)) == 0);
    CHECK(run() == 0);
}

TEST_CASE("a fork while another thread is in a region leaves the child free to compute")
{
    std::atomic<bool> stop = false;
    std::jthread busy([&] {
        while (!stop) {
            Coverage coverage(4);
            parallel_for(4, Coverage::block, &coverage, 2);
        }
    });
    int failed = 0;
    for (int i = 0; i < 20; ++i) {
        failed += wait_for(start_child([] {
                      Coverage coverage(20);
                      parallel_for(20, Coverage::block, &coverage, 2);
                      return coverage.each_once() ? 0 : 1;
                  })) != 0;
    }
    stop = true;
    CHECK(failed == 0);
}

TEST_CASE("workers round as the caller does")
{
#if defined(__x86_64__)
    const FloatControl before = float_control();
    set_float_control(before | 0x8040); // flush to zero, denormals are zero
    struct Seen {
        std::atomic<int> arrived = 0;
        std::atomic<int> different = 0;
        FloatControl expected = float_control();
    } seen;
    parallel_for(
        2,
        [](void* context, std::int64_t) {
            auto& self = *static_cast<Seen*>(context);
            self.different += float_control() != self.expected;
            ++self.arrived;
            while (self.arrived.load() < 2) {
                std::this_thread::yield();
            }
        },
        &seen, 2);
    set_float_control(before);
    CHECK(seen.different.load() == 0);
#else
    SKIP("the control word has other bits here");
#endif
}

TEST_CASE("another scheduler can take over, and be taken away")
{
    struct Calls {
        int regions = 0;
        int threads = 0;
    } calls;
    const ParallelForHook hook = {
        .run =
            [](void* user, std::int64_t blocks, BlockFunction fn, void* context, int threads) {
                ++static_cast<Calls*>(user)->regions;
                static_cast<Calls*>(user)->threads = threads;
                for (std::int64_t i = blocks; i-- > 0;) {
                    fn(context, i);
                }
            },
        .user = &calls,
    };
    set_parallel_for(&hook);
    Coverage coverage(10);
    parallel_for(10, Coverage::block, &coverage, 5);
    set_parallel_for(nullptr);
    CHECK(coverage.each_once());
    CHECK(calls.regions == 1);
    CHECK(calls.threads == 5);

    Coverage after(10);
    parallel_for(10, Coverage::block, &after, 2);
    CHECK(calls.regions == 1);
    CHECK(after.each_once());
}

TEST_CASE("workers spin for about 50 us after a region, and then use no time at all")
{
    struct Left {
        clockid_t clock; ///< a thread's
        std::int64_t ns; ///< its time at the end of its block; -1 of the caller
    };
    std::vector<std::int64_t> spins, sleeps;
    for (int i = 0; i < 20; ++i) {
        struct Region {
            std::atomic<int> arrived = 0;
            std::array<Left, 3> left;
            std::thread::id caller = std::this_thread::get_id();
        } region;
        const auto block = [](void* context, std::int64_t index) {
            auto& self = *static_cast<Region*>(context);
            ++self.arrived;
            while (self.arrived.load() < 3) { // so that each thread runs one
                std::this_thread::yield();
            }
            Left& left = self.left[static_cast<std::size_t>(index)];
            ::pthread_getcpuclockid(::pthread_self(), &left.clock);
            const bool is_caller = self.caller == std::this_thread::get_id();
            left.ns = is_caller ? -1 : used_ns(left.clock);
        };
        parallel_for(3, block, &region, 3);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        std::array<std::int64_t, 3> asleep{};
        for (std::size_t k = 0; k < 3; ++k) {
            asleep[k] = used_ns(region.left[k].clock);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        for (std::size_t k = 0; k < 3; ++k) {
            if (region.left[k].ns >= 0) {
                spins.push_back((asleep[k] - region.left[k].ns) / 1000);
                sleeps.push_back(used_ns(region.left[k].clock) - asleep[k]);
            }
        }
    }
    REQUIRE(spins.size() == 40);
    std::ranges::sort(spins);
    std::ranges::sort(sleeps);
    CHECK(spins[20] <= 100);
    CHECK(spins[39] >= 20);
    CHECK(sleeps[20] < 100'000); // of 5 ms; a busy machine wakes threads for other reasons
}

TEST_CASE("there is at least one CPU, and no more than the affinity mask has")
{
    CHECK(available_cpus() >= 1);
    CHECK(available_cpus() <= static_cast<int>(std::thread::hardware_concurrency()));
}
