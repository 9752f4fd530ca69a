// Fits a growth curve to NIST's data set Rat43 by Levenberg and Marquardt's method. Croton gives
// residuals and their Jacobian; the damped 4x4 system is solved here, in plain C++.
#include <croton/croton.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace ct = croton;

using Vector = std::array<double, 4>;
using Matrix = std::array<Vector, 4>;

/// Gaussian elimination with pivots.
Vector solve(Matrix a, Vector b)
{
    for (std::size_t k = 0; k < 4; ++k) {
        std::size_t pivot = k;
        for (std::size_t i = k + 1; i < 4; ++i)
            if (std::abs(a[i][k]) > std::abs(a[pivot][k])) pivot = i;
        std::swap(a[k], a[pivot]);
        std::swap(b[k], b[pivot]);
        for (std::size_t i = k + 1; i < 4; ++i) {
            const double factor = a[i][k] / a[k][k];
            for (std::size_t j = k; j < 4; ++j)
                a[i][j] -= factor * a[k][j];
            b[i] -= factor * b[k];
        }
    }
    for (std::size_t i = 4; i-- > 0;) {
        for (std::size_t j = i + 1; j < 4; ++j)
            b[i] -= a[i][j] * b[j];
        b[i] /= a[i][i];
    }
    return b;
}

int main(int argc, char** argv)
{
    const std::string folder = argc > 1 ? argv[1] : CROTON_EXAMPLES_DATA;
    std::ifstream file(folder + "/nist/Rat43.dat");
    for (int line = 0; line < 60; ++line) // NIST's files describe themselves first
        file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    std::vector<double> ys, xs;
    for (double y = 0, x = 0; file >> y >> x;) {
        ys.push_back(y);
        xs.push_back(x);
    }

    const auto x = ct::vector<double>("x"), y = ct::vector<double>("y", x.shape());
    const auto b = ct::vector<double>("b", {4});
    const auto curve = b(0) / pow(1 + exp(b(1) - b(2) * x), 1 / b(3));
    const auto residuals = y - curve;
    const auto jacobian = ct::jacobian(residuals, b); // (n, 4)
    const auto normal = ct::dot(jacobian.T(), jacobian), slope = ct::dot(jacobian.T(), residuals);
    const auto f =
        ct::function({x, y, b}, {ct::sum(square(residuals)), slope, normal}, {.name = "rat43"});
    const auto call =
        f.typed<void(ct::View<const double>, ct::View<const double>, ct::View<const double>,
                     double&, ct::View<double>, ct::View<double, 2>)>();

    Vector at{700, 5, 0.75, 1.3}, g{};
    Matrix h{};
    double squares = 0, damping = 1e-3;
    const auto evaluate = [&](const Vector& v) {
        call(xs, ys, v, squares, g, ct::View<double, 2>(h[0].data(), {4, 4}));
    };
    evaluate(at);
    std::printf("%2d  sum of squares %.10e\n", 0, squares);
    for (int i = 1; i <= 30; ++i) {
        Matrix damped = h;
        for (std::size_t k = 0; k < 4; ++k)
            damped[k][k] *= 1 + damping;
        const Vector step = solve(damped, g);
        const Vector old_at = at, old_g = g;
        const Matrix old_h = h;
        const double before = squares;
        for (std::size_t k = 0; k < 4; ++k)
            at[k] -= step[k];
        evaluate(at);
        if (!(squares <= before)) { // too bold: back, and shorter next time
            at = old_at, g = old_g, h = old_h, squares = before, damping *= 10;
            continue;
        }
        damping /= 10;
        if (i <= 5) std::printf("%2d  sum of squares %.10e\n", i, squares);
        if (before - squares < 1e-13 * squares) break;
    }

    constexpr Vector certified{6.9964151270e+02, 5.2771253025e+00, 7.5962938329e-01,
                               1.2792483859e+00};
    std::printf("    sum of squares %.10e, NIST's is 8.7864049080e+03\n\n", squares);
    for (std::size_t k = 0; k < 4; ++k) {
        const double digits = -std::log10(std::abs(at[k] / certified[k] - 1) + 1e-11);
        std::printf("b%zu %.6e  certified %.6e  %s\n", k + 1, at[k], certified[k],
                    digits >= 7 ? "7 digits and more agree" : "differs");
    }
}
