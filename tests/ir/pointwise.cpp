#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>

#include <algorithm>
#include <cmath>

#include "support/catch.hpp"

namespace ct = croton;
using enum ct::DType;

namespace {

ct::Variable of(ct::DType dtype) { return ct::input("x", dtype, {3}); }
ct::DType sum_type(ct::DType a, ct::DType b) { return (of(a) + of(b)).dtype(); }

template <class F>
std::string error_of(const F& f)
{
    try {
        f();
    } catch (const ct::UserError& e) {
        return std::string(e.message());
    }
    return "no error";
}

const ct::Op& op_of(const ct::Variable& v) { return v.owner().op(); }

/// A pricer as people write it for double: names found by ADL, std::max among them.
template <class T>
T model(const T& spot, const T& strike)
{
    using std::cos, std::erfc, std::floor, std::tanh;
    using std::exp, std::log, std::max, std::min, std::pow, std::sqrt, std::abs, std::atan2;
    const T moved = spot * exp(0.1 * sqrt(abs(spot))) + pow(spot, 2) + pow(2.0, spot);
    const T angle = atan2(spot, strike) + cos(log(spot)) + floor(tanh(erfc(spot)));
    return max(moved - strike, T(0.0)) + min(angle, strike);
}

} // namespace

TEST_CASE("arrays promote as NumPy's do")
{
    CHECK(sum_type(i32, f32) == f64);
    CHECK(sum_type(i8, u8) == i16);
    CHECK(sum_type(i64, u64) == f64);
    CHECK(sum_type(f16, f32) == f32);
    CHECK(sum_type(boolean, i8) == i8);
    CHECK((of(i8) / of(i8)).dtype() == f64);
    CHECK((of(i64) / of(i64)).dtype() == f64);
    CHECK(floor_div(of(i8), of(f32)).dtype() == f32);
    CHECK((of(i8) % of(f32)).dtype() == f32);
    CHECK((of(f32) * of(i64)).dtype() == f64);
    CHECK(pow(of(f32), of(i8)).dtype() == f32);
    CHECK(maximum(of(boolean), of(boolean)).dtype() == boolean);
    CHECK(maximum(of(u8), of(i16)).dtype() == i16);
    CHECK(where(of(boolean), of(i8), of(f32)).dtype() == f32);
    CHECK((of(i8) < of(f64)).dtype() == boolean);
    CHECK((of(i8) & of(u8)).dtype() == i16);
}

TEST_CASE("functions without an integer form compute integers in floats")
{
    for (const auto f : {ct::exp, ct::log, ct::sin, ct::tanh, ct::sqrt, ct::erf, ct::sigmoid}) {
        CHECK(f(of(i8), ct::Where::current()).dtype() == f32);
        CHECK(f(of(u16), ct::Where::current()).dtype() == f32);
        CHECK(f(of(i32), ct::Where::current()).dtype() == f64);
        CHECK(f(of(f16), ct::Where::current()).dtype() == f16);
    }
    CHECK(gelu(of(i64)).dtype() == f64);
    CHECK(isnan(of(i8)).dtype() == boolean);
}

TEST_CASE("functions with an integer form keep the dtype")
{
    for (const auto f : {ct::abs, ct::sign, ct::square, ct::relu, ct::floor, ct::ceil, ct::round})
        for (const ct::DType t : {i8, u64, f32})
            CHECK(f(of(t), ct::Where::current()).dtype() == t);
    CHECK(abs(of(boolean)).dtype() == boolean);
    CHECK(floor(of(boolean)).dtype() == boolean);
}

TEST_CASE("literals are weak")
{
    CHECK((of(f32) * 0.1).dtype() == f32);
    CHECK((of(f32) < 0.1).dtype() == boolean);
    CHECK((of(f32) < 0.1).owner().input(1).dtype() == f32);
    CHECK(pow(of(f32), 2).dtype() == f32);
    CHECK(maximum(of(f16), 0).dtype() == f16);
    CHECK((of(i8) + 1).dtype() == i8);
    CHECK((of(i8) % 3).dtype() == i8);
    CHECK((of(i8) * 0.5).dtype() == f64);
    CHECK(clip(of(i8), 0, 1).dtype() == i8);
    CHECK(clip(of(i8), 0, 1.5).dtype() == f64);
    CHECK(where(of(boolean), of(f32), 0).dtype() == f32);
    CHECK((of(boolean) + 1).dtype() == i64);
    CHECK((of(f32) * exp(ct::Variable(0.5))).dtype() == f32); // an op of weak operands is weak
    CHECK((of(f32) * where(ct::Variable(0.5) < 1, 0.5, 2.0)).dtype() == f32);
    CHECK(where(of(f32) < 1, 0.5, 2.0).dtype() == f64); // weak too, though the condition is not
    CHECK((of(f32) * where(of(f32) < 1, 0.5, 2.0)).dtype() == f32);
    CHECK((of(f16) + where(of(f32) < 1, 1, 0)).dtype() == f16);
    CHECK((of(f32) * where(of(f32) < 1, of(f64), 0)).dtype() == f64);
}

TEST_CASE("every op of only weak operands is weak, but for those that name a dtype")
{
    const ct::Variable two = 2.0, n = ct::dim("n");
    const auto meets = [](const ct::Variable& v) { return (of(f32) * v).dtype(); };
    CHECK(meets(ct::sum(two)) == f32);
    CHECK(meets(ct::mean(n)) == f32);
    CHECK(meets(ct::transpose(two)) == f32);
    CHECK(meets(two.reshape({1})) == f32);
    CHECK(meets(ct::expand_dims(two, 0)) == f32);
    CHECK(meets(ct::broadcast_to(two, {3})) == f32);
    CHECK(meets(ct::stack({two, n}, 0)(0)) == f32);
    CHECK(meets(ct::softmax(ct::broadcast_to(two, {3}))) == f32);
    CHECK(meets(ct::dot(ct::broadcast_to(two, {3}), ct::broadcast_to(n, {3}))) == f32);
    CHECK(meets(ct::sum(two * of(f64))) == f64);
    CHECK(meets(two.as(f64)) == f64);
    CHECK(meets(n.as(f64) * two) == f64);
    CHECK(meets(ct::full(f64, {3}, two)) == f64);
    CHECK(meets(ct::zeros(f64, {3})) == f64);
    CHECK(meets(ct::arange(3, f64)) == f64);
    CHECK(meets(ct::uniform(f64, 1, {3})) == f64);
    CHECK((of(f16) * two.as(f32)).dtype() == f32);
}

TEST_CASE("operators are found for literals on either side")
{
    const ct::Variable x = of(f64);
    CHECK(&op_of(1 < x) == &op_of(x < 1));
    CHECK(&op_of(1 == x) == &op_of(x == 1));
    CHECK(&op_of(7 % x) == &op_of(x % 7));
    CHECK(&op_of(true && (x < 1)) == &op_of((x < 1) && true));
    CHECK(op_of(x != 1).name == "not_equal");
    CHECK(op_of(!(x < 1)).name == "logical_not");
    CHECK(op_of(~of(i8)).name == "invert");
    ct::Variable n = of(i32);
    n %= 3;
    n &= 1;
    n |= 2;
    n ^= 4;
    CHECK(op_of(n).name == "bitwise_xor");
    CHECK(n.dtype() == i32);
}

TEST_CASE("templates written for std::max and std::exp take Variables")
{
    const ct::Variable x = of(f32);
    CHECK(model(x, of(f32)).dtype() == f32);
    CHECK(std::isfinite(model(1.5, 1.0)));
    CHECK(op_of(max(x, 0.0)).name == "maximum");
    CHECK(op_of(min(0.5, x)).name == "minimum");
}

TEST_CASE("both namespaces open at once leave no call ambiguous")
{
    using namespace std;
    using namespace croton;
    const Variable x = of(DType::f64);
    const Variable y = max(exp(x), pow(x, 2)) + min(abs(x), sqrt(x)) + round(x) + atan2(x, 1);
    CHECK(where(isnan(x) || isinf(x), y, log2(x) + erf(x)).dtype() == DType::f64);
    CHECK(max(1.0, exp(0.0)) == 1.0);
    CHECK(floor_div(dim("n"), 2).polynomial() != nullptr); // of an Extent, still an Extent
    STATIC_REQUIRE(!is_constructible_v<bool, Variable>);   // `if (x == y)` does not compile
}

TEST_CASE("a comparison of a comparison is refused")
{
    const ct::Variable x = of(f64);
    const std::string text =
        "compare: a bool from a comparison is compared again (0 < x < 1); write "
        "(0 < x) && (x < 1)";
    CHECK(error_of([&] { (void)(0 < x < 1); }) == text);
    CHECK(error_of([&] { (void)((x == x) == 1); }) == text);
    CHECK(error_of([&] { (void)(1 > (x >= 0)); }) == text);
    CHECK(error_of([&] { (void)((0 < x) < (x < 1)); }) == text);
    CHECK(error_of([&] { (void)((0 < x) == (x < 1)); }) == "no error");
    CHECK(error_of([&] { (void)(of(boolean) < of(boolean)); }) == "no error");
}

TEST_CASE("a dtype without meaning is refused with what to do instead")
{
    const ct::Variable x = of(f32), n = of(i32), b = of(boolean);
    CHECK(error_of([&] { (void)(x ^ 2); }) == "bitwise_xor: only integers and bool are supported, "
                                              "a power is pow(x, y): operands are f32, i64");
    CHECK(error_of([&] { (void)(x & x); }) ==
          "bitwise_and: only integers and bool are supported: operands are f32, f32");
    CHECK(error_of([&] { (void)(n & of(ct::DType::u64)); }) ==
          "bitwise_and: no integer dtype holds both operands, convert one with .as(): operands are "
          "i32, u64");
    CHECK(error_of([&] { (void)(n && b); }) ==
          "logical_and: operands must be bool, compare them first: operands are i32, bool");
    CHECK(error_of([&] { (void)!x; }) ==
          "logical_not: operands must be bool, compare them first: operands are f32");
    CHECK(error_of([&] { (void)-b; }) ==
          "neg: bool is not supported, convert with .as() or use logic ops: operands are bool");
    CHECK(error_of([&] { (void)left_shift(b, b); }) ==
          "left_shift: only integers are supported: operands are bool, bool");
    CHECK(error_of([&] { (void)where(n, x, x); }) ==
          "where: the condition must be bool: operands are i32, f32, f32");
    CHECK(error_of([&] { (void)pow(n, -1); }) ==
          "pow: an integer to a negative integer power, convert with .as(): i32 and -1");
    CHECK(error_of([&] { (void)(of(u8) + 300); }) == "add: literal 300 does not fit u8");
}

TEST_CASE("an error is at the user's line")
{
    const ct::Variable x = of(f32);
    unsigned line = 0;
    try {
        line = __LINE__ + 1;
        (void)(x ^ 2);
    } catch (const ct::UserError& e) {
        CHECK(e.where().line() == line);
        CHECK(e.op() == "bitwise_xor");
    }
    CHECK(clip(x, 0, 1).where().line() == __LINE__);
    CHECK(std::string_view(x.where().file_name()).ends_with("pointwise.cpp"));
}

TEST_CASE("pointwise ops take wildcards, whose dtype and shape nobody knows")
{
    const ct::Variable w = ct::wildcard("w"), v = ct::wildcard("v");
    for (const ct::Variable& y : {w < v, (w < v) == w, where(w < v, w, 0), pow(w, -1), w ^ 2,
                                  clip(w, v, 1), norm_cdf(w), left_shift(w, v), w % v, gelu(w)})
        CHECK(y.type().is_pattern());
}

TEST_CASE("every pointwise record is complete")
{
    std::vector<std::string_view> names;
    for (const ct::Op* op : ct::all_ops()) {
        CAPTURE(op->name);
        CHECK(std::ranges::count(names, op->name) == 0);
        names.push_back(op->name);
        CHECK(!op->doc.empty());
        CHECK(op->domain.lo < op->domain.hi);
        if (!ct::is_pointwise(*op)) continue;
        const auto* reference = std::get_if<ct::ScalarReference>(&op->reference);
        if (reference) CHECK((reference->real || (reference->integer && reference->natural)));
        const auto& text = std::get<ct::Pointwise>(op->lowering).real;
        CHECK((text.find("{b}") != std::string_view::npos) == (op->arity > 1));
        CHECK((text.find("{c}") != std::string_view::npos) == (op->arity > 2));
    }
}
