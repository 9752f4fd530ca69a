// Integers divided by a number that stands in the text: what the op means, and without a division.
#include <croton/croton.hpp>
#include <croton/ir/build.hpp>

#include <cstdint>
#include <limits>
#include <random>
#include <regex>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/disassembly.hpp"

namespace ct = croton;
using ct::Array, ct::DType, ct::Variable;

namespace {

template <class T>
std::vector<T> dividends()
{
    using L = std::numeric_limits<T>;
    std::vector<T> v{L::min(), T(L::min() + 1), T(-8),   T(-7), T(-1), 0, 1, 6, 7,
                     8,        T(L::max() - 1), L::max()};
    std::mt19937 random(7);
    for (int i = 0; i < 100; ++i)
        v.push_back(static_cast<T>(random()));
    return v;
}

} // namespace

TEMPLATE_TEST_CASE("integers divided by a number in the text are rounded down",
                   "",
                   std::int8_t,
                   std::int16_t,
                   std::int32_t,
                   std::int64_t)
{
    using L = std::numeric_limits<TestType>;
    const std::vector<TestType> numbers = dividends<TestType>();
    const Variable x =
        ct::input("x", Array::scalar(TestType{}).dtype(), {static_cast<int>(numbers.size())});
    const std::vector<TestType> divisors{L::min(), -100, -7, -3, -2, -1, 0, 1, 2, 7, L::max()};
    std::vector<Variable> results;
    for (const TestType d : divisors)
        for (const auto& y : {ct::floor_div(x, Array::scalar(d)), x % Array::scalar(d)})
            results.push_back(y);
    const auto got = ct::function({x}, results)(Array::copy(numbers));
    for (std::size_t k = 0; k < divisors.size(); ++k)
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            const std::int64_t a = numbers[i], b = divisors[k];
            CAPTURE(a, b);
            const bool wraps = b == -1 && a == std::numeric_limits<std::int64_t>::min();
            std::int64_t quotient = b == 0 ? 0 : wraps ? a : a / b;
            if (b != 0 && !wraps && a % b != 0 && (a < 0) != (b < 0)) --quotient;
            const std::uint64_t multiple =
                static_cast<std::uint64_t>(quotient) * static_cast<std::uint64_t>(b);
            const auto rest = static_cast<std::int64_t>(
                b == 0 || b == -1 ? 0 : static_cast<std::uint64_t>(a) - multiple); // -1 * min wraps
            const auto at = static_cast<std::int64_t>(i);
            CHECK(got[2 * k].as_int(at) == static_cast<TestType>(quotient));
            CHECK(got[2 * k + 1].as_int(at) == rest);
        }
}

TEST_CASE("narrow integers are divided by a number in the text without a division")
{
    if (!croton::test::can_disassemble()) SKIP("objdump is not installed");
    for (const DType t : {DType::i8, DType::i16, DType::i32}) {
        const Variable x = ct::input("x", t, {ct::dim("n")});
        for (const int d : {-100, -7, 7, 100}) {
            CAPTURE(name(t), d);
            const ct::Function f = ct::function({x}, {ct::floor_div(x, d), x % d});
            const std::string code = croton::test::disassembly(f.full_source(), "x86-64-v3");
            CHECK_FALSE(std::regex_search(code, std::regex("\\t(v?div|idiv|vcvt)")));
            CHECK(std::regex_search(code, std::regex("\\tv?p?i?mul")));
        }
    }
}
