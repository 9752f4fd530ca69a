#include <croton/ir/ops.hpp>
#include <croton/ir/print.hpp>
#include <croton/passes/grad.hpp>
#include <croton/passes/pipelines.hpp>

#include <malloc.h>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thread_stack.hpp"

using namespace croton;
using croton::test::run_with_stack;

namespace {

/// Bytes that live on the heap.
std::size_t heap_bytes()
{
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/// Bytes that each of so many chained applies takes.
double bytes_an_apply(std::size_t applies, Variable (*step)(const Variable&))
{
    const Variable x = scalar<double>("x");
    const std::size_t before = heap_bytes();
    Variable y = x;
    for (std::size_t i = 0; i < applies; ++i)
        y = step(y);
    const std::size_t after = heap_bytes();
    return static_cast<double>(after - before) / static_cast<double>(applies);
}

/// Applies that are left of a chain of so many.
std::size_t left_of(std::size_t applies)
{
    const Variable x = vector<float>("x");
    Variable y = x;
    for (std::size_t i = 0; i < applies / 4; ++i)
        y = log(1 + exp(y + x)) + 0;
    Graph graph({x}, {y});
    const PassReport report = cpu_pipeline().run(graph);
    INFO(to_string(report));
    CHECK(to_text(graph, {.max_lines = 10}).size() < 2000);
    return graph.size();
}

} // namespace

TEST_CASE("a million chained applies pass all passes without recursion")
{
    CHECK(left_of(100'000) == 50'000);
    CHECK(left_of(1'000'000) == 500'000);
}

TEST_CASE("an apply of a chain takes at most 300 bytes, however long the chain is")
{
#ifdef CROTON_INSTRUMENTED
    SKIP("a sanitizer has its own heap, which is not counted");
#endif
    struct Chain {
        const char* name;
        Variable (*step)(const Variable&);
        double limit;
    };
    // A number is a leaf beside the apply that it belongs to, with an Array of its own.
    const Chain chains[] = {
        {"sin(y)", [](const Variable& y) { return sin(y); }, 300},
        {"y * y", [](const Variable& y) { return y * y; }, 300},
        {"y * 0.5", [](const Variable& y) { return y * 0.5; }, 300},
    };
    for (const Chain& chain : chains) {
        bytes_an_apply(1000, chain.step); // what is interned once
        const double quarter = bytes_an_apply(250'000, chain.step);
        const double whole = bytes_an_apply(1'000'000, chain.step);
        CAPTURE(chain.name, quarter, whole);
        CHECK(whole <= chain.limit);
        CHECK(whole >= 16); // something was counted
        CHECK(whole < quarter * 1.01);
        CHECK(whole > quarter * 0.99);
    }
}

TEST_CASE("a million chained applies and their gradient are built, simplified, printed and "
          "destroyed in a thread whose stack has 8 MiB")
{
    std::size_t built = 0, differentiated = 0, left = 0, printed = 0;
    run_with_stack(8 << 20, [&] {
        const Variable x = scalar<double>("x");
        Variable y = x;
        for (int i = 0; i < 500'000; ++i)
            y = sin(y * x);
        built = Graph({x}, {y}).size();
        Graph graph({x}, {y, grad(y, x)});
        differentiated = graph.size();
        cpu_pipeline().run(graph);
        left = graph.size();
        printed = to_text(graph, {.max_lines = 10}).size();
    });
    CHECK(built == 1'000'000);
    CHECK(differentiated > 3'000'000); // a cosine and three products a step, and a sum
    CHECK(left > 3'000'000);
    CHECK(left <= differentiated);
    CHECK(printed > 0);
    CHECK(printed < 2000);
}
