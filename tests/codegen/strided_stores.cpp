// Elements that a vector loop stores apart from each other.
#include <croton/croton.hpp>

#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/disassembly.hpp"

namespace ct = croton;
using croton::test::contains;
using croton::test::disassembly;

TEST_CASE("columns that are joined side by side are stored without scatters")
{
    if (!croton::test::can_disassemble()) SKIP("no objdump");
    std::vector<ct::Variable> columns;
    for (int i = 0; i < 12; ++i)
        columns.push_back(ct::vector<double>("x" + std::to_string(i), {1000}));
    const auto f = ct::function(columns, ct::stack(columns, 1) * 2.0);
    // For a CPU by its name it is LLVM that decides, so that the test can see a scatter.
    if (!contains("scatter").match(disassembly(f.full_source(), "znver4")))
        SKIP("this LLVM scatters nothing here");
    CHECK_THAT(disassembly(f.full_source(), ""), !contains("scatter"));
}
