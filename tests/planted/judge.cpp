// What a run of random programs reports that no single one explains.
#include <croton/croton.hpp>
#include <croton/ir/format.hpp>

#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using namespace croton::test;

TEST_CASE("a run tells of an error that programs have together and none has by itself")
{
    Judges judges;
    judges.many = [](const auto&, const JudgeOptions&) -> std::vector<std::string> {
        throw ct::internal_error("planted", "too many");
    };
    judges.one = [](const Recipe&, const JudgeOptions&) { return std::string(); };
    const FuzzReport report = fuzz(1, 40, 60, 5, {}, judges);
    CHECK(report.failures.empty());
    REQUIRE(report.batches.size() == 2);
    CHECK(report.batches[1].first == 80);
    CHECK(report.batches[1].count == 20);
    CHECK_THAT(report.batches[1].why, contains("too many"));
    // Where one has it, that one is told of instead.
    judges.one = [](const Recipe&, const JudgeOptions&) { return std::string("wrong"); };
    CHECK(fuzz(1, 40, 40, 1, {}, judges).batches.empty());
}
