// Every f32 argument of the prelude's functions of one argument against their f64 forms, whose own
// error against MPFR, a few units of 2^-53, does not matter here. Usage: math_exhaustive [NAME ..]
// prints a line for each function: the largest error in ULP and where it is.
#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <string_view>
#include <thread>
#include <vector>

#include "math_cases.hpp"

namespace {

struct Worst {
    double ulp = 0;
    float x = 0;
};

constexpr std::uint32_t block = 4096;

/// |y - exact| in ULP of f32 at `exact`; as ulp_error() of math_cases.hpp.
double error_of(float y, double exact)
{
    constexpr double wrong = std::numeric_limits<double>::infinity();
    if (std::isnan(y) || std::isnan(exact)) return std::isnan(y) && std::isnan(exact) ? 0 : wrong;
    if (std::signbit(y) != std::signbit(exact)) return wrong;
    double size = std::abs(exact);
    if (std::isinf(y)) return size >= 0x1p128 ? 0 : (0x1p128 - size) * 0x1p-104;
    if (size == 0) return y == 0 ? 0 : wrong;
    std::int64_t bits;
    std::memcpy(&bits, &size, sizeof bits);
    std::int64_t exponent = std::clamp<std::int64_t>(bits >> 52, 1023 - 126, 1023 + 127);
    std::int64_t scale_bits = (2046 + 23 - exponent) << 52;
    double scale;
    std::memcpy(&scale, &scale_bits, sizeof scale);
    return std::abs(static_cast<double>(y) - exact) * scale;
}

Worst scan(const MathCase& function, std::uint32_t first, std::uint32_t last)
{
    std::vector<float> x(block), y(block);
    std::vector<double> wide(block), exact(block);
    Worst worst;
    for (std::uint32_t base = first;; base += block) {
        for (std::uint32_t i = 0; i < block; ++i) {
            std::uint32_t bits = base + i;
            std::memcpy(&x[i], &bits, sizeof bits);
            wide[i] = static_cast<double>(x[i]);
        }
        function.f32s(x.data(), y.data(), block);
        function.f64s(wide.data(), exact.data(), block);
        for (std::uint32_t i = 0; i < block; ++i) {
            double ulp = error_of(y[i], exact[i]);
            if (ulp > worst.ulp) worst = {ulp, x[i]};
        }
        if (base == last) return worst;
    }
}

Worst scan_all(const MathCase& function)
{
    unsigned count = std::max(1u, std::thread::hardware_concurrency());
    std::vector<Worst> found(count);
    std::vector<std::thread> threads;
    std::uint64_t blocks = (std::uint64_t(1) << 32) / block;
    for (unsigned t = 0; t < count; ++t) {
        auto first = static_cast<std::uint32_t>(blocks * t / count * block);
        auto last = static_cast<std::uint32_t>((blocks * (t + 1) / count - 1) * block);
        threads.emplace_back([&, t, first, last] { found[t] = scan(function, first, last); });
    }
    for (auto& thread : threads)
        thread.join();
    return *std::ranges::max_element(found, {}, &Worst::ulp);
}

} // namespace

int main(int argc, char** argv)
{
    bool good = true;
    for (const MathCase& function : math_cases()) {
        bool wanted = argc == 1 || std::any_of(argv + 1, argv + argc, [&](std::string_view name) {
                          return name == function.name;
                      });
        if (!wanted) continue;
        Worst worst = scan_all(function);
        std::printf("%-10s %.4f ULP at %a\n", function.name, worst.ulp,
                    static_cast<double>(worst.x));
        std::fflush(stdout);
        good = good && worst.ulp <= function.bound;
    }
    return good ? 0 : 1;
}
