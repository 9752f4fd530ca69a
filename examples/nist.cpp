// NIST's 27 nonlinear regressions by Levenberg and Marquardt's method, from their second starts to
// at least six digits. Croton gives residuals and their Jacobian, Eigen solves each damped step.
#include <croton/croton.hpp>

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <numbers>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace ct = croton;
using ct::Variable;

namespace {

using P = const ct::Variables&;
using X = const Variable&;
/// What y should be, from the parameters and the predictor; Nelson's has two, one a row.
using Model = std::function<Variable(P b, X x)>;
const std::vector<std::pair<std::vector<std::string>, Model>> models = {
    {{"Misra1a", "BoxBOD"}, [](P b, X x) { return b[0] * (1 - exp(-b[1] * x)); }},
    {{"Misra1b"}, [](P b, X x) { return b[0] * (1 - pow(1 + b[1] * x / 2, -2.0)); }},
    {{"Misra1c"}, [](P b, X x) { return b[0] * (1 - pow(1 + 2 * b[1] * x, -0.5)); }},
    {{"Misra1d"}, [](P b, X x) { return b[0] * b[1] * x / (1 + b[1] * x); }},
    {{"Chwirut1", "Chwirut2"}, [](P b, X x) { return exp(-b[0] * x) / (b[1] + b[2] * x); }},
    {{"DanWood"}, [](P b, X x) { return b[0] * pow(x, b[1]); }},
    {{"Bennett5"}, [](P b, X x) { return b[0] * pow(b[1] + x, -1 / b[2]); }},
    {{"Eckerle4"}, [](P b, X x) { return b[0] / b[1] * exp(-0.5 * square((x - b[2]) / b[1])); }},
    {{"MGH09"}, [](P b, X x) { return b[0] * x * (x + b[1]) / (x * (x + b[2]) + b[3]); }},
    {{"MGH10"}, [](P b, X x) { return b[0] * exp(b[1] / (x + b[2])); }},
    {{"MGH17"}, [](P b, X x) { return b[0] + b[1] * exp(-x * b[3]) + b[2] * exp(-x * b[4]); }},
    {{"Nelson"}, [](P b, X x) { return b[0] - b[1] * x(0) * exp(-b[2] * x(1)); }}, // log(y)
    {{"Rat42"}, [](P b, X x) { return b[0] / (1 + exp(b[1] - b[2] * x)); }},
    {{"Rat43"}, [](P b, X x) { return b[0] / pow(1 + exp(b[1] - b[2] * x), 1 / b[3]); }},
    {{"Roszman1"},
     [](P b, X x) { return b[0] - b[1] * x - atan(b[2] / (x - b[3])) / std::numbers::pi; }},
    {{"Kirby2"},
     [](P b, X x) { return (b[0] + x * (b[1] + x * b[2])) / (1 + x * (b[3] + x * b[4])); }},
    {{"Hahn1", "Thurber"},
     [](P b, X x) {
         const Variable under = 1 + x * (b[4] + x * (b[5] + x * b[6]));
         return (b[0] + x * (b[1] + x * (b[2] + x * b[3]))) / under;
     }},
    {{"Lanczos1", "Lanczos2", "Lanczos3"},
     [](P b, X x) {
         return b[0] * exp(-b[1] * x) + b[2] * exp(-b[3] * x) + b[4] * exp(-b[5] * x);
     }},
    {{"Gauss1", "Gauss2", "Gauss3"},
     [](P b, X x) {
         const Variable one = square((x - b[3]) / b[4]), two = square((x - b[6]) / b[7]);
         return b[0] * exp(-b[1] * x) + b[2] * exp(-one) + b[5] * exp(-two);
     }},
    {{"ENSO"},
     [](P b, X x) {
         const Variable t = 2 * std::numbers::pi * x, one = t / b[3], two = t / b[6];
         return b[0] + b[1] * cos(t / 12) + b[2] * sin(t / 12) + b[4] * cos(one) + b[5] * sin(one) +
                b[7] * cos(two) + b[8] * sin(two);
     }},
};

using Numbers = std::vector<double>;
using Vector = Eigen::Map<const Eigen::VectorXd>;
using Matrix = Eigen::Map<const Eigen::Matrix<double, -1, -1, Eigen::RowMajor>>;

struct Data {
    Numbers start, certified, table; ///< in a row of the table y, then predictors
    Eigen::Index rows = 0;
};
/// NIST's files describe themselves in 60 lines: "b1 = start, other start, certified value, .."
Data read(const std::string& file)
{
    std::ifstream in(file);
    Data data;
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        std::istringstream words(number > 60 ? line : line.substr(line.find('=') + 1));
        const Numbers row(std::istream_iterator<double>(words), {});
        if (number > 60)
            data.table.insert(data.table.end(), row.begin(), row.end()), ++data.rows;
        else if (line.find(" b") != line.npos && row.size() > 2)
            data.start.push_back(row[1]), data.certified.push_back(row[2]);
    }
    return data;
}

/// Parameters where the sum of squares is least.
Eigen::VectorXd fit(const std::string& name, const Model& model, const Data& data)
{
    const auto n = data.rows, count = std::ssize(data.start), width = std::ssize(data.table) / n;
    const Matrix table(data.table.data(), n, width);
    Eigen::VectorXd ys = table.col(0);
    if (name == "Nelson") ys = ys.array().log();
    const Eigen::MatrixXd xs = table.rightCols(width - 1);
    const auto b = ct::vector<double>("b", {count}), y = ct::vector<double>("y", {n});
    const auto x = ct::tensor<double>("x", {n, width - 1});
    ct::Variables parameters;
    for (std::int64_t k = 0; k < count; ++k)
        parameters.push_back(b(k));
    const Variable residuals = y - model(parameters, width == 2 ? x(ct::_, 0) : x.T());
    const auto f = ct::function({b, x, y}, {residuals, ct::jacobian(residuals, b)}, {.name = name});

    Eigen::VectorXd at = Vector(data.start.data(), count), best;
    Eigen::MatrixXd system(n + count, count);
    Eigen::VectorXd right = Eigen::VectorXd::Zero(n + count);
    double damping = 1e-3, squares = INFINITY;
    for (int i = 0; i < 2000 && damping < 1e15; ++i) {
        const ct::Results got = f(at, xs, ys);
        const Vector r(static_cast<const double*>(got[0].data()), n);
        const bool better = r.squaredNorm() <= squares; // not where it is NaN
        if (better) {
            best = at, squares = r.squaredNorm();
            system.topRows(n) = Matrix(static_cast<const double*>(got[1].data()), n, count);
            right.head(n) = r;
        }
        damping = better ? std::max(damping / 10, 1e-20) : damping * 10;
        // |J s - r|^2 + |D s|^2 is least: by reflections, as J's square loses digits.
        const Eigen::VectorXd d = std::sqrt(damping) * system.topRows(n).colwise().norm();
        system.bottomRows(count) = d.asDiagonal();
        const Eigen::VectorXd step = system.householderQr().solve(right);
        if (better && (step.array() / best.array()).abs().maxCoeff() < 1e-13) break;
        at = best - step;
    }
    return best;
}

} // namespace

int main(int argc, char** argv)
{
    const std::string folder = argc > 1 ? argv[1] : CROTON_EXAMPLES_DATA;
    for (const auto& [names, model] : models)
        for (const std::string& name : names) {
            const Data data = read(folder + "/nist/" + name + ".dat");
            const Eigen::VectorXd b = fit(name, model, data);
            const Vector certified(data.certified.data(), b.size());
            const double worst = (b.array() / certified.array() - 1).abs().maxCoeff();
            std::printf("%-9s %td parameters, %3td points: %s\n", name.c_str(), b.size(), data.rows,
                        worst < 1e-6 ? "six digits and more" : "differs");
        }
}
