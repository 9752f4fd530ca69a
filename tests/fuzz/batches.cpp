// vmap against a loop: random programs, with many loops, branches and derivatives of them, are
// batched, and each member's values are those of the program by itself.
#include <croton/ir/format.hpp>

#include "fuzz/generate.hpp"
#include "fuzz/judge.hpp"
#include "fuzz/loops.hpp"
#include "support/catch.hpp"

using namespace croton::test;

TEST_CASE("members of a batch of random programs are what they are by themselves")
{
    constexpr std::uint64_t programs = 500;
    std::vector<Maker> makers = loop_makers();
    makers.push_back(derivative_makers()[0]);
    const GenerateOptions options{.extra = &makers};
    for (std::uint64_t n = 0; n < programs; ++n) {
        const Recipe recipe = generate(2026, n, options);
        const Program program = build(recipe);
        if (!meets_requirements(program)) continue;
        const std::string wrong = check_batch(program);
        INFO("program " << n << "\n" << to_program(recipe));
        CHECK(wrong == "");
    }
}
