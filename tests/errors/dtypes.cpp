#include <croton/croton.hpp>

#include <cmath>
#include <limits>

#include "errors/expect.hpp"

namespace ct = croton;

TEST_CASE("what C++ reads differently from mathematics is refused, with what to write")
{
    const auto x = ct::vector<float>("x"), y = ct::vector<float>("y", x.shape());
    CHECK_REFUSED(x ^ 2, dtype,
                  "bitwise_xor: only integers and bool are supported, a power is pow(x, y): "
                  "operands are f32, i64");
    CHECK_REFUSED(0 < x < 1, dtype,
                  "compare: a bool from a comparison is compared again (0 < x < 1); write (0 < x) "
                  "&& (x < 1)");
    CHECK_REFUSED(x && y, dtype,
                  "logical_and: operands must be bool, compare them first: operands are f32, f32");
}

TEST_CASE("a dtype that an op does not take is named")
{
    const auto x = ct::vector<float>("x"), b = ct::vector<bool>("b", x.shape());
    CHECK_REFUSED(
        b + b, dtype,
        "add: bool is not supported, convert with .as() or use logic ops: operands are bool, bool");
    CHECK_REFUSED(ct::where(x, x, x), dtype,
                  "where: the condition must be bool: operands are f32, f32, f32");
}

TEST_CASE("a literal that its dtype cannot hold is refused")
{
    const auto u = ct::vector<std::uint8_t>("u");
    CHECK_REFUSED(u + 300, dtype, "add: literal 300 does not fit u8");
    CHECK_REFUSED(u * -1, dtype, "mul: literal -1 does not fit u8");
    CHECK_REFUSED(u.set({0}, 300), dtype, "set: literal 300 does not fit u8");
    CHECK_REFUSED(u.set({0}, 1.5), dtype, "set: literal 1.5 does not fit u8");
    CHECK_REFUSED(ct::pad(u, {1}, {1}, 1.5), dtype, "pad: literal 1.5 does not fit u8");
    CHECK(u.set({0}, 2.0).dtype() == ct::DType::u8);
    CHECK_REFUSED(ct::full(ct::DType::u8, {2}, 300), dtype, "full: literal 300 does not fit u8");
    const auto w = ct::shared("w", ct::zeros<std::uint8_t>({}));
    CHECK_THROWS_WITH(ct::function({}, {w}, {.name = "f", .updates = {{w, 300}}}),
                      "f: literal 300 does not fit u8");
}

TEST_CASE("a finite literal that would be infinite in its dtype is refused, an infinity is none")
{
    const auto x = ct::vector<float>("x", {2});
    const auto half = ct::input("half", ct::DType::f16, {2});
    CHECK_REFUSED(x * 1e300, dtype, "mul: literal 1.e+300 does not fit f32");
    CHECK_REFUSED(-1e39 < x, dtype, "less: literal -1.e+39 does not fit f32");
    CHECK_REFUSED(half + 70000, dtype, "add: literal 70000 does not fit f16");
    CHECK_REFUSED(ct::full(ct::DType::f32, {2}, 1e300), dtype,
                  "full: literal 1.e+300 does not fit f32");
    CHECK_REFUSED(ct::where(x < 0, x, 1e300), dtype, "where: literal 1.e+300 does not fit f32");
    const auto largest = std::numeric_limits<float>::max();
    const auto f =
        ct::function({x}, {x * largest, x * INFINITY, x * 1e-300, x.as(ct::DType::f64) * 1e300});
    const auto r = f(ct::Array::full<float>({2}, 1));
    CHECK(r[0].as_double(0) == largest);
    CHECK(r[1].as_double(0) == INFINITY);
    CHECK(r[2].as_double(0) == 0);
    CHECK(r[3].as_double(0) == 1e300);
}

TEST_CASE("complex numbers, which no op takes, are refused where they are asked for")
{
    const auto x = ct::vector<float>("x");
    CHECK_REFUSED(ct::zeros(ct::DType::complex64, {2}), dtype, "zeros: complex64 is not supported");
    CHECK_REFUSED(ct::full(ct::DType::complex128, {2}, 1.0), dtype,
                  "full: complex128 is not supported");
    CHECK_REFUSED(x.as(ct::DType::complex64), dtype, "cast: complex64 is not supported");
    CHECK_REFUSED(ct::arange(3, ct::DType::complex64), dtype, "arange: complex64 is not supported");
    CHECK_REFUSED(ct::eye(ct::DType::complex64, 3), dtype, "eye: complex64 is not supported");
    CHECK_REFUSED(ct::input("z", ct::DType::complex64, {2}), dtype,
                  "input: complex64 is not supported: 'z'");
}
