// Slopes of the activations far from 0, where factors of them are infinite and 0.
#include <croton/croton.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;

namespace {

struct Activation {
    const char* name;
    ct::Variable (*of)(const ct::Variable& x);
    double far_above; ///< the slope there; far below it is 0
};

const Activation activations[] = {
    {"sigmoid", [](const ct::Variable& x) { return sigmoid(x); }, 0},
    {"softplus", [](const ct::Variable& x) { return softplus(x); }, 1},
    {"log1mexp", [](const ct::Variable& x) { return log1mexp(-abs(x)); }, 0},
    {"relu", [](const ct::Variable& x) { return relu(x); }, 1},
    {"norm_cdf", [](const ct::Variable& x) { return norm_cdf(x); }, 0},
    {"gelu", [](const ct::Variable& x) { return gelu(x); }, 1},
    {"gelu_tanh", [](const ct::Variable& x) { return gelu_tanh(x); }, 1},
    {"silu", [](const ct::Variable& x) { return silu(x); }, 1},
};

constexpr double inf = std::numeric_limits<double>::infinity();

std::vector<double> far_numbers(ct::DType t)
{
    switch (t) {
    case ct::DType::f16:
        return {300, 2000, 65504, inf};
    case ct::DType::bf16:
        return {1000, 1e18, 1e20, 3.3895313892515355e38, inf};
    case ct::DType::f32:
        return {1000, 1e13, 1e18, 1e20, std::numeric_limits<float>::max(), inf};
    default:
        return {1000, 1e20, 1e103, 1e155, std::numeric_limits<double>::max(), inf};
    }
}

} // namespace

TEST_CASE("slopes of the activations far from 0 are 0 and 1, compiled and in the reference mode")
{
    for (const ct::DType t : {ct::DType::f16, ct::DType::bf16, ct::DType::f32, ct::DType::f64}) {
        const auto x = ct::input("x", t, {ct::dim("n")});
        ct::Variables slopes;
        for (const Activation& a : activations)
            slopes.push_back(ct::grad(ct::sum(a.of(x)), x));
        // As long as a few vectors and a rest.
        std::vector<double> points;
        while (points.size() < 75)
            for (const double far : far_numbers(t))
                points.insert(points.end(), {far, -far, 0.5});
        const ct::Array at = ct::Array::copy(ct::View<const double>(points)).cast(t);
        for (const bool reference : {false, true}) {
            const auto f = ct::function({x}, slopes, {.reference = reference});
            const auto got = f(at);
            for (std::size_t k = 0; k < got.size(); ++k)
                for (std::size_t i = 0; i < points.size(); ++i) {
                    if (points[i] == 0.5) continue;
                    INFO(activations[k].name << " of " << name(t) << " at " << points[i]
                                             << (reference ? ", reference" : ""));
                    const double wanted = points[i] > 0 ? activations[k].far_above : 0;
                    REQUIRE(got[k].as_double(static_cast<std::int64_t>(i)) == wanted);
                }
        }
    }
}

TEST_CASE("curvatures of gelu, gelu_tanh and silu far from 0 are 0; slopes of NaN are NaN")
{
    const auto x = ct::scalar<double>("x");
    for (const Activation& a : activations) {
        const std::string name = a.name;
        const auto slope = ct::grad(a.of(x), x);
        INFO(name);
        if (name != "relu")
            CHECK(std::isnan(ct::function({x}, slope)(std::nan(""))[0].item<double>()));
        if (name != "gelu" && name != "gelu_tanh" && name != "silu") continue;
        const auto curvature = ct::function({x}, ct::grad(slope, x));
        for (const double far : {1e3, 1e200, inf})
            for (const double at : {far, -far})
                CHECK(curvature(at)[0].item<double>() == 0);
    }
}
