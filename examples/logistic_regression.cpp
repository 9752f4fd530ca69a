// Logistic regression by Newton's method: gradient and Hessian of a loss written as in a textbook,
// shared parameters that a compiled step updates, and the rules that keep log(sigmoid) accurate.
#include <croton/croton.hpp>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

namespace ct = croton;

constexpr int measures = 30, size = measures + 1;

/// Solves a * x = b for a symmetric positive definite a, by Cholesky's factorisation.
std::vector<double> solve(std::vector<double> a, std::vector<double> b)
{
    const auto at = [&](int i, int j) -> double& {
        return a[static_cast<std::size_t>(i * size + j)];
    };
    const auto rhs = [&](int i) -> double& { return b[static_cast<std::size_t>(i)]; };
    for (int j = 0; j < size; ++j)
        for (int i = j; i < size; ++i) {
            for (int k = 0; k < j; ++k)
                at(i, j) -= at(i, k) * at(j, k);
            at(i, j) = i == j ? std::sqrt(at(i, i)) : at(i, j) / at(j, j);
        }
    for (int i = 0; i < size; ++i) {
        for (int k = 0; k < i; ++k)
            rhs(i) -= at(i, k) * rhs(k);
        rhs(i) /= at(i, i);
    }
    for (int i = size; i-- > 0;) {
        for (int k = i + 1; k < size; ++k)
            rhs(i) -= at(k, i) * rhs(k);
        rhs(i) /= at(i, i);
    }
    return b;
}

int main(int argc, char** argv)
{
    const std::string folder = argc > 1 ? argv[1] : CROTON_EXAMPLES_DATA;
    const ct::Array data = ct::Array::load_npy(folder + "/breast_cancer.npy")
                               .cast(ct::DType::f64); // 30 measures, class

    const auto rows = ct::matrix<double>("rows", {ct::dim("n"), size});
    const auto raw = rows(ct::_, ct::slice(0, measures));
    const auto y = rows(ct::_, measures);
    const auto x = (raw - ct::mean(raw, 0)) / ct::stddev(raw, 0);

    // theta holds the weights, then the intercept.
    const auto theta = ct::shared("theta", ct::zeros<double>({size}));
    const auto weights = theta(ct::slice(0, measures));
    const auto p = sigmoid(ct::dot(x, weights) + theta(measures));
    const auto likelihood = ct::sum(y * log(p) + (1 - y) * log(1 - p));
    const auto loss = -likelihood + 0.5 * ct::sum(square(weights));
    const auto right = ct::sum((p > 0.5) == (y > 0.5));

    const auto derivatives = ct::function(
        {rows}, {loss, right, ct::grad(loss, theta), ct::hessian(loss, theta)}, {.name = "newton"});
    const auto step = ct::vector<double>("step", {size});
    const auto move =
        ct::function({step}, ct::Outputs{}, {.name = "move", .updates = {{theta, theta - step}}});

    for (int i = 0; i < 8; ++i) {
        const auto r = derivatives(data);
        std::printf("loss %10.6f  right %3d of %d\n", r[0].item<double>(),
                    static_cast<int>(r[1].item<std::int64_t>()), static_cast<int>(data.shape()[0]));
        const auto* g = static_cast<const double*>(r[2].data());
        const auto* h = static_cast<const double*>(r[3].data());
        move(solve({h, h + size * size}, {g, g + size}));
    }

    // log(sigmoid(z)) loses everything where sigmoid rounds to 0 or 1; a rule has rewritten it.
    const std::string text = derivatives.explain();
    for (std::size_t at = 0; (at = text.find("sigmoid(", at)) != text.npos; ++at) {
        const std::size_t begin = text.rfind('\n', at) + 1;
        const std::string line = text.substr(begin, text.find('\n', at) - begin);
        if (line.find("log(") == line.npos || line.find(" -> ") == line.npos) continue;
        std::printf("\n%s\n", line.c_str());
        break;
    }
}
