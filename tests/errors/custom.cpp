// What functions with a derivative of their own refuse, and where.
#include <croton/croton.hpp>

#include "errors/expect.hpp"

namespace ct = croton;
using ct::Variable;
using ct::Variables;

namespace {

const auto twice = [](const Variable& x) { return Variable(2.0 * x); };
const auto bar_alone = [](const Variable&, const Variable&, const Variable& bar) {
    return Variables{bar};
};

} // namespace

TEST_CASE("custom_vjp: rules that do not fit")
{
    const auto x = ct::vector<double>("x", {3});
    const auto w = ct::vector<double>("w", {3});
    const auto k = ct::vector<std::int64_t>("k", {3});
    CHECK_REFUSED(ct::custom_vjp(twice, bar_alone)(x, w), domain,
                  "custom_vjp: the function takes 1 parameter, given 2");
    CHECK_REFUSED(ct::custom_vjp(twice, twice)(x), domain,
                  "custom_vjp: the rule takes 1 parameter, given 3");
    CHECK_REFUSED(ct::custom_vjp([](const Variable& a, const Variable& b) { return a * b; },
                                 [](const Variable&, const Variable&, const Variable&,
                                    const Variable& bar) { return Variables{bar}; })(x, w),
                  domain, "custom_vjp: the rule gives 1 value, not 2");
    const auto uses_w = [&](const Variable& v) { return v * w; };
    CHECK_REFUSED(ct::custom_vjp(uses_w, bar_alone)(x), domain,
                  "custom_vjp: the function uses 'w', which is none of its parameters: a "
                  "derivative of its own can only be one by parameters");
    const auto sum_bar = [](const Variable&, const Variable&, const Variable& bar) {
        return Variables{ct::concatenate({bar, bar})};
    };
    CHECK_REFUSED(ct::custom_vjp(twice, sum_bar)(x), shape,
                  "custom_vjp: the rule gives f64 (6) as derivative 0, which is one of f64 (3)");
    CHECK_REFUSED(ct::custom_vjp([](const Variable& v) { return v + v; }, bar_alone)(k), dtype,
                  "custom_vjp: the value is i64: only of floats there is a gradient");
    const auto by_k = [](const Variable&, const Variable&, const Variable&, const Variable& bar) {
        return Variables{bar, bar};
    };
    CHECK_REFUSED(
        ct::custom_vjp([](const Variable& v, const Variable& i) { return ct::take(v, i); },
                       by_k)(x, k),
        dtype, "custom_vjp: the rule gives a derivative by parameter 1, which is i64");
}

TEST_CASE("clip_gradient: bounds and dtype")
{
    const auto x = ct::vector<double>("x", {3});
    CHECK_REFUSED(ct::clip_gradient(x, 1, -1), domain,
                  "clip_gradient: nothing lies within [1, -1]");
    CHECK_REFUSED(ct::clip_gradient(ct::vector<std::int64_t>("k", {3}), -1, 1), dtype,
                  "clip_gradient: x is i64: it has no gradient");
}
