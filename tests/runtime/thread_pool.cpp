#include <croton/runtime/thread_pool.hpp>

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
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

TEST_CASE("workers that have nothing to do sleep")
{
    Coverage coverage(4);
    parallel_for(4, Coverage::block, &coverage, 4);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const auto used_us = [] {
        rusage usage = {};
        ::getrusage(RUSAGE_SELF, &usage);
        return usage.ru_utime.tv_sec * 1'000'000 + usage.ru_utime.tv_usec +
               usage.ru_stime.tv_sec * 1'000'000 + usage.ru_stime.tv_usec;
    };
    const long before = used_us();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    CHECK(used_us() - before < 20'000); // three spinning workers would use 300,000 between them
}

TEST_CASE("there is at least one CPU, and no more than the affinity mask has")
{
    CHECK(available_cpus() >= 1);
    CHECK(available_cpus() <= static_cast<int>(std::thread::hardware_concurrency()));
}
