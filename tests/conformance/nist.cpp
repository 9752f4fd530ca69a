// NIST's certified nonlinear regressions, read from its own files: the sum of squares at the
// certified parameters, its gradient at a start, and a fit by Levenberg and Marquardt's method.
#include <croton/croton.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "conformance/data.hpp"
#include "conformance/nist_formula.hpp"
#include "support/catch.hpp"

namespace ct = croton;
namespace fs = std::filesystem;
using ct::Variable;
using namespace croton::test;

namespace {

using Numbers = std::vector<double>;

struct Problem {
    std::string name;
    std::string left, right; ///< of the model's equation
    Numbers start, certified;
    double squares = 0;           ///< certified, of the residuals
    std::vector<Numbers> columns; ///< y, then predictors
};

std::string without(std::string text, std::string_view part)
{
    const std::size_t at = text.rfind(part);
    return at == text.npos ? text : text.substr(0, at);
}

/// The model is the lines from "y =" or "log[y] =" to the first blank one, without the error term.
void read_model(std::istream& in, std::string line, Problem& p)
{
    std::string text;
    for (; line.find_first_not_of(" \r\t") != line.npos; std::getline(in, line))
        text += line.substr(0, line.find_last_not_of(" \r\t") + 1);
    const std::size_t equals = text.find('=');
    p.left = text.substr(0, equals);
    p.right = without(text.substr(equals + 1), "+");
}

Problem read_problem(const fs::path& file)
{
    std::ifstream in(file);
    INFO(file.string());
    REQUIRE(in.is_open());
    Problem p{.name = file.stem().string(),
              .left = {},
              .right = {},
              .start = {},
              .certified = {},
              .columns = {}};
    std::string line;
    bool model = false;
    while (std::getline(in, line)) {
        const std::size_t first = line.find_first_not_of(' ');
        if (first == line.npos) continue;
        const std::string text = line.substr(first);
        model |= text.starts_with("Model:");
        if (model && p.right.empty() &&
            (text.starts_with("y =") || text.starts_with("y  =") || text.starts_with("log[y]")))
            read_model(in, text, p);
        if (text[0] == 'b' && std::isdigit(static_cast<unsigned char>(text[1]))) {
            std::istringstream row(text.substr(text.find('=') + 1));
            double one = 0, two = 0, certified = 0;
            if (row >> one >> two >> certified) {
                p.start.push_back(two);
                p.certified.push_back(certified);
            }
        }
        if (text.starts_with("Residual Sum of Squares:"))
            p.squares = std::stod(text.substr(text.find(':') + 1));
        if (!p.certified.empty() && text.starts_with("Data:")) break;
    }
    while (std::getline(in, line)) {
        std::istringstream row(line);
        std::size_t k = 0;
        for (double value = 0; row >> value; ++k) {
            if (k == p.columns.size()) p.columns.emplace_back();
            p.columns[k].push_back(value);
        }
    }
    return p;
}

/// The model at some parameters.
struct Point {
    Numbers residuals, jacobian, gradient; ///< the gradient is that of the sum of squares
    double squares = 0;
};

Numbers numbers(const ct::Array& a)
{
    const auto* p = static_cast<const double*>(a.data());
    return {p, p + a.size()};
}

/// A problem's model, compiled.
class Model {
public:
    explicit Model(const Problem& p) : problem_(p), function_(compile(p)) {}

    Point at(const Numbers& b) const
    {
        std::vector<ct::Any> arguments{ct::Any(b)};
        for (const Numbers& column : problem_.columns)
            arguments.emplace_back(column);
        const ct::Results got = function_.call(arguments);
        return {numbers(got[0]), numbers(got[1]), numbers(got[3]), got[2].item<double>()};
    }

private:
    static ct::Function compile(const Problem& p)
    {
        const auto b = ct::vector<double>("b", {static_cast<std::int64_t>(p.start.size())});
        ct::Variables inputs{b};
        std::map<std::string, Variable> names;
        names.emplace("pi", ct::Array::scalar(3.141592653589793238462643383279));
        for (std::size_t k = 0; k < p.start.size(); ++k)
            names.emplace("b" + std::to_string(k + 1), b(static_cast<std::int64_t>(k)));
        const ct::Extent n = ct::dim("n");
        for (std::size_t k = 0; k < p.columns.size(); ++k) {
            const std::string number = p.columns.size() == 2 ? "" : std::to_string(k);
            inputs.push_back(ct::vector<double>(k == 0 ? "y" : "x" + number, {n}));
            names.emplace(inputs.back().name(), inputs.back());
        }
        const auto residuals = parse_formula(p.left, names) - parse_formula(p.right, names);
        const auto squares = ct::sum(square(residuals));
        return ct::function(inputs,
                            {residuals, ct::jacobian(residuals, b), squares, ct::grad(squares, b)},
                            {.name = p.name});
    }

    const Problem& problem_;
    ct::Function function_;
};

double dot(const Numbers& a, const Numbers& b)
{
    double total = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        total += a[i] * b[i];
    return total;
}

void reflect(Numbers& x, const Numbers& v, double scale)
{
    const double along = scale * dot(x, v);
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] -= along * v[i];
}

/// The step s of damped least squares: |J s - r|^2 + damping |D s|^2 is least, D being the lengths
/// of J's columns; by Householder reflections of both parts, as J's square would lose digits.
Numbers damped_step(const Point& p, double damping)
{
    const std::size_t n = p.residuals.size(), count = p.gradient.size(), rows = n + count;
    std::vector<Numbers> a(count, Numbers(rows, 0.0)); // by columns
    Numbers r(rows, 0.0);
    std::ranges::copy(p.residuals, r.begin());
    for (std::size_t k = 0; k < count; ++k) {
        for (std::size_t i = 0; i < n; ++i)
            a[k][i] = p.jacobian[i * count + k];
        a[k][n + k] = std::sqrt(damping * dot(a[k], a[k]));
    }
    for (std::size_t k = 0; k < count; ++k) {
        Numbers v = a[k];
        std::fill_n(v.begin(), k, 0.0);
        v[k] += std::copysign(std::sqrt(dot(v, v)), v[k]);
        const double scale = 2 / dot(v, v);
        for (std::size_t j = k; j < count; ++j)
            reflect(a[j], v, scale);
        reflect(r, v, scale);
    }
    Numbers s(count, 0.0);
    for (std::size_t k = count; k-- > 0;) {
        s[k] = r[k];
        for (std::size_t j = k + 1; j < count; ++j)
            s[k] -= a[j][k] * s[j];
        s[k] /= a[k][k];
    }
    return s;
}

/// Parameters where the sum of squares is least, from NIST's second start.
Numbers fitted(const Model& model, const Problem& problem)
{
    Numbers b = problem.start;
    Point here = model.at(b);
    double damping = 1e-3;
    for (int i = 0; i < 2000 && damping < 1e15; ++i) {
        const Numbers s = damped_step(here, damping);
        Numbers next = b;
        double moved = 0;
        for (std::size_t k = 0; k < s.size(); ++k) {
            next[k] -= s[k];
            moved = std::max(moved, std::abs(s[k] / next[k]));
        }
        Point there = model.at(next);
        if (!(there.squares <= here.squares)) {
            damping *= 10;
            continue;
        }
        b = next;
        here = std::move(there);
        damping = std::max(damping / 10, 1e-20);
        if (moved < 1e-13) break;
    }
    return b;
}

/// How far `got` is from `expected`, in parts of it.
double off(double got, double expected) { return std::abs(got - expected) / std::abs(expected); }

/// The gradients at the second start, by complex steps.
std::map<std::string, Numbers> gradients(const fs::path& folder)
{
    std::map<std::string, Numbers> all;
    for (const Row& row : read_table(folder / "CHECK.tsv")) {
        if (row[0] == "dataset") continue;
        std::string list = row.at(6);
        std::erase_if(list, [](char c) { return c == '[' || c == ']'; });
        std::istringstream in(list);
        for (double g = 0; in >> g;)
            all[row[0]].push_back(g);
    }
    return all;
}

std::vector<Problem> problems(const fs::path& folder)
{
    std::vector<Problem> all;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".dat") all.push_back(read_problem(entry.path()));
    std::ranges::sort(all, {}, &Problem::name);
    return all;
}

void note(Tally& tally, const std::string& name, double worst, double allowed)
{
    if (worst <= allowed) return tally.pass(name);
    std::ostringstream why;
    why << "off by " << worst << " of its value, " << allowed << " is allowed";
    tally.fail(name, why.str());
}

} // namespace

TEST_CASE("NIST's regressions: certified sums of squares, gradients, and fits")
{
    const auto folder = conformance_data("nist_strd");
    if (!folder) SKIP(absent("nist_strd"));
    Tally residuals("NIST, sum of squares"), slopes("NIST, gradient"), fits("NIST, fit");
    const auto known = gradients(*folder);
    const std::vector<Problem> all = problems(*folder);
    CHECK(all.size() == known.size());
    for (const Problem& p : all) {
        const Model model(p);
        // Certified parameters have 11 digits, which is all that is left of Lanczos1's residuals.
        const double floor = 1e-12 * dot(p.columns[0], p.columns[0]);
        note(residuals, p.name,
             std::abs(model.at(p.certified).squares - p.squares) / std::max(p.squares, floor),
             1e-8);
        const Numbers gradient = model.at(p.start).gradient;
        const Numbers& expected = known.at(p.name);
        REQUIRE(expected.size() == gradient.size());
        double worst = 0;
        for (std::size_t k = 0; k < expected.size(); ++k)
            worst = std::max(worst, off(gradient[k], expected[k]));
        note(slopes, p.name, worst, 1e-9);
        const Numbers b = fitted(model, p);
        worst = 0;
        for (std::size_t k = 0; k < b.size(); ++k)
            worst = std::max(worst, off(b[k], p.certified[k]));
        note(fits, p.name, worst, 1e-6);
    }
}
