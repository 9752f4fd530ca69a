// What the judge of random programs asks of values that are not finite, and what a run reports that
// no single program explains.
#include <croton/croton.hpp>
#include <croton/ir/format.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using namespace croton::test;
using ct::Variable;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
const double nan_value = std::nan("");
const Variable x = ct::vector<double>("x", {3});

ct::Array array(const std::vector<double>& values) { return ct::Array::copy(values); }

/// What the judge says where y of these values is `got`.
std::string verdict(const Variable& y, const std::vector<double>& values, const ct::Array& got)
{
    const Program wanted{{x}, {array(values)}, {}, {}, {y}};
    return Expectation(wanted).difference(0, got);
}

} // namespace

TEST_CASE("what is given and only moved or selected is compared, whatever it is")
{
    const std::vector<double> given{nan_value, inf, 2};
    const Variable moved = ct::flip(x, 0);
    CHECK(verdict(moved, given, array({2, inf, nan_value})) == "");
    CHECK_THAT(verdict(moved, given, array({2, -inf, nan_value})), contains("element 1 is -inf"));
    CHECK_THAT(verdict(moved, given, array({2, inf, 0})), contains("element 2 is 0, not nan"));
    const Variable chosen = ct::where(array({0, 1, 1}).cast(ct::DType::boolean), x, moved);
    CHECK(verdict(chosen, given, array({2, inf, 2})) == "");
    CHECK_THAT(verdict(chosen, given, array({3, inf, 2})), contains("element 0 is 3, not 2"));
    CHECK_THAT(verdict(chosen, given, array({2, 1, 2})), contains("element 1 is 1, not inf"));
}

TEST_CASE("nothing is asked of what is computed from a NaN or an overflow, and all of the rest")
{
    const std::vector<double> given{nan_value, 1000, 2};
    const Variable y = 1 / (1 + ct::exp(x));
    const double right = 1 / (1 + std::exp(2.0));
    CHECK(verdict(y, given, array({5, 5, right})) == "");
    CHECK_THAT(verdict(y, given, array({5, 5, 0.5})), contains("element 2 is 0.5"));
    CHECK(verdict(ct::sum(y), given, ct::Array::scalar(5.0)) == "");
    const Variable whole = ct::cast(x * 0, ct::DType::i64);
    const auto integers = [](const std::vector<double>& v) {
        return array(v).cast(ct::DType::i64);
    };
    CHECK(verdict(whole, {nan_value, 1, 2}, integers({7, 0, 0})) == "");
    CHECK_THAT(verdict(whole, {nan_value, 1, 2}, integers({7, 0, 1})),
               contains("element 2 is 1, not 0"));
}

TEST_CASE("what is computed of a mask's infinity is compared")
{
    const Variable weights = ct::softmax(ct::where(x > 0, x, -inf), 0);
    const std::vector<double> some{-1, 1, 1}, none{-1, -1, -1};
    CHECK(verdict(weights, some, array({0, 0.5, 0.5})) == "");
    CHECK_THAT(verdict(weights, some, array({0.2, 0.4, 0.4})), contains("element 0 is 0.2, not 0"));
    CHECK(verdict(weights, none, array({0, 0, 0})) == "");
    CHECK_THAT(verdict(weights, none, array({0, 0, nan_value})),
               contains("element 2 is nan, not 0"));
}

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
