// GradBench's small programs, values and derivatives, against the outputs of its golden tools.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "benchmarks/adbench.hpp"
#include "conformance/data.hpp"
#include "conformance/json.hpp"
#include "conformance/rho.hpp"
#include "support/catch.hpp"

namespace ct = croton;
namespace fs = std::filesystem;
using ct::_;
using ct::slice;
using ct::Variable;
using ct::Variables;
using namespace croton::test;

namespace {

Json read(const fs::path& file)
{
    std::ifstream in(file);
    INFO(file.string());
    REQUIRE(in.is_open());
    std::stringstream text;
    // The parser wants an object or a list; some files hold one number.
    text << "{\"all\": " << in.rdbuf() << "}";
    return child(parse_json(text.str()), "all");
}

/// All numbers of a value, in order.
void flatten(const Json& json, Numbers& numbers)
{
    // Not stod, which throws at a denormal number.
    if (json.empty() && !json.data().empty())
        numbers.push_back(std::strtod(json.data().c_str(), nullptr));
    for (const auto& [name, inner] : json)
        flatten(inner, numbers);
}

Numbers flat(const Json& json)
{
    Numbers all;
    flatten(json, all);
    return all;
}

/// The value of that name, with its lists' lengths as extents.
ct::Array array(const Json& json, const std::string& name)
{
    std::vector<std::int64_t> extents;
    for (const Json* at = &child(json, name); !at->empty(); at = &at->front().second)
        extents.push_back(static_cast<std::int64_t>(at->size()));
    const Numbers all = flat(child(json, name));
    ct::Array a = ct::Array::empty(ct::DType::f64, extents);
    REQUIRE(static_cast<std::size_t>(a.size()) == all.size());
    std::ranges::copy(all, static_cast<double*>(a.data()));
    return a;
}

/// What a program gives for the arrays of an input: the value, then what is differentiated.
using Program = std::function<Variables(const Json& input, const Variables& arrays)>;

/// Runs a program on all its cases: arrays are named as in the input, outputs as the files.
void check(const std::string& name,
           const std::vector<std::string>& inputs,
           const std::vector<std::string>& outputs,
           const Program& program)
{
    const auto folder = conformance_data("gradbench");
    if (!folder) SKIP(absent("gradbench"));
    Tally tally("GradBench, " + name);
    for (const auto& entry : fs::directory_iterator(*folder / name)) {
        const Json input = read(entry.path() / "input.json");
        Variables variables;
        std::vector<ct::Any> arrays;
        for (const std::string& one : inputs) {
            const ct::Array a = array(input, one);
            const std::vector<std::int64_t> extents = a.extents();
            variables.push_back(ct::tensor<double>(one, ct::Shape(extents.begin(), extents.end())));
            arrays.emplace_back(a);
        }
        const ct::Results got =
            ct::function(variables, program(input, variables), {.name = name}).call(arrays);
        REQUIRE(got.size() == outputs.size());
        for (std::size_t k = 0; k < outputs.size(); ++k)
            compare_rho(tally, entry.path().filename().string() + " " + outputs[k], numbers(got[k]),
                        flat(read(entry.path() / ("expected_" + outputs[k] + ".json"))));
    }
}

std::int64_t integer(const Json& input, const std::string& name)
{
    return std::stoll(child(input, name).data());
}

ct::Array indices(const std::vector<std::int64_t>& numbers, std::int64_t columns)
{
    const auto count = static_cast<std::int64_t>(numbers.size());
    ct::Array a = ct::Array::empty(ct::DType::i64, {count / columns, columns});
    std::ranges::copy(numbers, static_cast<std::int64_t*>(a.data()));
    return a;
}

/// The determinant by expansion of minors: of the last m rows, for each choice of m columns, from
/// those of one row less.
Variable determinant(const Variable& a, std::int64_t n)
{
    std::map<unsigned, std::int64_t> before{{0U, 0}}; // where a choice's minor lies
    Variable minors = ct::ones(a.dtype(), {1});
    for (std::int64_t m = 1; m <= n; ++m) {
        std::map<unsigned, std::int64_t> now;
        std::vector<std::int64_t> columns, minor_of;
        ct::Array signs = ct::Array::empty(ct::DType::f64, {m});
        for (std::int64_t k = 0; k < m; ++k)
            static_cast<double*>(signs.data())[k] = k % 2 == 0 ? 1 : -1;
        for (unsigned choice = 0; choice < 1U << n; ++choice) {
            if (__builtin_popcount(choice) != m) continue;
            now.emplace(choice, static_cast<std::int64_t>(now.size()));
            for (unsigned column = 0; column < n; ++column)
                if ((choice >> column & 1U) != 0) {
                    columns.push_back(column);
                    minor_of.push_back(before.at(choice & ~(1U << column)));
                }
        }
        const Variable row = ct::take(a(n - m), indices(columns, m), 0);
        minors = ct::sum(signs * row * ct::take(minors, indices(minor_of, m), 0), 1);
        before = std::move(now);
    }
    return minors(0);
}

} // namespace

TEST_CASE("GradBench's det: expansion of minors")
{
    check("det", {"A"}, {"primal", "gradient"}, [](const Json& input, const Variables& v) {
        const std::int64_t n = integer(input, "ell");
        const Variable y = determinant(v[0].reshape({n, n}), n);
        return Variables{y, ct::grad(y, v[0])};
    });
}

TEST_CASE("GradBench's kmeans: a step of Newton's method with a diagonal Hessian")
{
    check("kmeans", {"points", "centroids"}, {"cost", "dir"}, [](const Json&, const Variables& v) {
        const Variable apart = ct::expand_dims(v[0], 1) - v[1];
        const Variable cost = ct::sum(ct::min(ct::sum(square(apart), 2), ct::Axis{1}));
        const Variable diagonal = ct::hvp(cost, v[1], 1.0);
        return Variables{cost, ct::grad(cost, v[1]) / diagonal};
    });
}

TEST_CASE("GradBench's llsq: least squares of a polynomial, by Horner's scheme")
{
    check("llsq", {"x"}, {"primal", "gradient"}, [](const Json& input, const Variables& v) {
        const std::int64_t n = integer(input, "n");
        const Variable t = ct::linspace(-1.0, 1.0, n);
        const auto step = [&](const Variable& coefficient, const Variable& value) {
            return value * t + coefficient;
        };
        const Variable fitted =
            ct::reduce(step, {ct::flip(v[0], 0)}, {ct::zeros(ct::DType::f64, {n})})[0];
        const Variable y = 0.5 * ct::sum(square(ct::sign(t) - fitted));
        return Variables{y, ct::grad(y, v[0])};
    });
}

TEST_CASE("GradBench's lse: logarithm of a sum of exponentials")
{
    check("lse", {"x"}, {"primal", "gradient"}, [](const Json&, const Variables& v) {
        const Variable y = ct::logsumexp(v[0], 0);
        return Variables{y, ct::grad(y, v[0])};
    });
}

TEST_CASE("GradBench's ode: Runge and Kutta's method, gradient of the last component")
{
    check("ode", {"x"}, {"primal", "gradient"}, [](const Json& input, const Variables& v) {
        const std::int64_t steps = integer(input, "s");
        const double h = 2.0 / static_cast<double>(steps);
        const Variable x = v[0], one = ct::ones(x.dtype(), {1});
        const auto rate = [&](const Variable& y) {
            return x * ct::concatenate({one, y(slice(_, -1))});
        };
        const auto step = [&](const Variable& y) {
            const Variable k1 = rate(y), k2 = rate(y + h / 2 * k1), k3 = rate(y + h / 2 * k2);
            return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + rate(y + h * k3));
        };
        const Variable y =
            ct::scan(step, {.init = {ct::zeros(x.dtype(), x.shape())}, .steps = steps}).last[0];
        return Variables{y, ct::grad(y(-1), x)};
    });
}

TEST_CASE("GradBench's gmm: ADBench's with its prior mended")
{
    const auto folder = conformance_data("gradbench");
    if (!folder) SKIP(absent("gradbench"));
    Tally tally("GradBench, gmm");
    for (const auto& entry : fs::directory_iterator(*folder / "gmm")) {
        const Json input = read(entry.path() / "input.json");
        bench::MixtureData data;
        data.alphas = array(input, "alpha");
        data.means = array(input, "mu");
        data.q = array(input, "q");
        data.l = array(input, "l");
        data.x = array(input, "x");
        data.gamma = std::stod(child(input, "gamma").data());
        data.m = static_cast<int>(integer(input, "m"));
        const bench::Problem p = mixture(data, bench::Prior::gradbench);
        ct::Variables outputs = p.values;
        outputs.insert(outputs.end(), p.derivatives.begin(), p.derivatives.end());
        const ct::Results got = ct::function(p.inputs, outputs, {.name = "gmm"})
                                    .call(std::vector<ct::Any>(p.arrays.begin(), p.arrays.end()));
        const std::string name = entry.path().filename();
        compare_rho(tally, name + " objective", numbers(got[0]),
                    flat(read(entry.path() / "expected_objective.json")));
        const Json expected = read(entry.path() / "expected_jacobian.json");
        std::size_t next = 1;
        for (const char* part : {"alpha", "mu", "q", "l"})
            compare_rho(tally, name + " " + part, numbers(got[next++]),
                        flat(child(expected, part)));
    }
}
