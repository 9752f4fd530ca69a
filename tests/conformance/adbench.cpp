// ADBench's four objectives, values and derivatives, against its golden module's.
#include "benchmarks/adbench.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "conformance/data.hpp"
#include "conformance/rho.hpp"
#include "support/catch.hpp"

namespace ct = croton;
namespace fs = std::filesystem;
using namespace croton::test;

namespace {

Numbers read_numbers(const fs::path& file)
{
    std::ifstream in(file);
    INFO(file.string());
    REQUIRE(in.is_open());
    return {std::istream_iterator<double>(in), {}};
}

/// Names of the files in a folder that end so, without that end.
std::vector<std::string> names(const fs::path& folder, const std::string& end)
{
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename();
        if (name.ends_with(end)) all.push_back(name.substr(0, name.size() - end.size()));
    }
    std::ranges::sort(all);
    return all;
}

struct Answer {
    std::vector<Numbers> values, derivatives;
};

Answer solve(const bench::Problem& p)
{
    ct::Variables outputs = p.values;
    outputs.insert(outputs.end(), p.derivatives.begin(), p.derivatives.end());
    const auto f = ct::function(p.inputs, outputs, {.name = "adbench"});
    const ct::Results got = f.call(std::vector<ct::Any>(p.arrays.begin(), p.arrays.end()));
    Answer answer;
    for (std::size_t i = 0; i < got.size(); ++i)
        (i < p.values.size() ? answer.values : answer.derivatives).push_back(numbers(got[i]));
    return answer;
}

/// Rows of each matrix side by side, as those of one.
Numbers side_by_side(const std::vector<Numbers>& matrices, std::size_t rows)
{
    Numbers all;
    for (std::size_t r = 0; r < rows; ++r)
        for (const Numbers& m : matrices) {
            const auto width = static_cast<std::ptrdiff_t>(m.size() / rows);
            const auto first = m.begin() + static_cast<std::ptrdiff_t>(r) * width;
            all.insert(all.end(), first, first + width);
        }
    return all;
}

void append(Numbers& to, const Numbers& more) { to.insert(to.end(), more.begin(), more.end()); }

struct Element {
    std::int64_t row, column;
    double value;
};

/// Rows 0 to 199 and the last 20: a line for each element, behind the size.
std::vector<Element> read_elements(const fs::path& file)
{
    const Numbers n = read_numbers(file);
    std::vector<Element> all;
    for (std::size_t i = 2; i + 2 < n.size(); i += 3)
        all.push_back(
            {static_cast<std::int64_t>(n[i]), static_cast<std::int64_t>(n[i + 1]), n[i + 2]});
    return all;
}

/// All of a matrix in compressed rows: starts and columns stand behind their numbers.
std::vector<Element> read_compressed(const fs::path& file)
{
    const Numbers n = read_numbers(file);
    const auto at = [&](std::size_t i) { return static_cast<std::size_t>(n.at(i)); };
    const std::size_t starts = 3, columns = starts + at(2) + 1;
    const std::size_t values = columns + at(columns - 1);
    std::vector<Element> all;
    for (std::size_t row = 0; row + 1 < at(2); ++row)
        for (std::size_t k = at(starts + row); k < at(starts + row + 1); ++k)
            all.push_back({static_cast<std::int64_t>(row),
                           static_cast<std::int64_t>(n.at(columns + k)), n.at(values + k)});
    return all;
}

/// The Jacobian of both errors by all cameras, points and weights.
std::map<std::pair<std::int64_t, std::int64_t>, double>
jacobian(const bench::BundleData& data, const bench::BundleProblem& p, const Answer& answer)
{
    std::map<std::pair<std::int64_t, std::int64_t>, double> all;
    for (std::int64_t row = 0; row < p.pattern.rows; ++row)
        for (auto k = p.pattern.starts[static_cast<std::size_t>(row)];
             k < p.pattern.starts[static_cast<std::size_t>(row) + 1]; ++k) {
            const auto at = static_cast<std::size_t>(k);
            const std::int64_t observation = p.pattern.indices[at] / 15;
            const std::int64_t own = p.pattern.indices[at] % 15;
            all[{row, bundle_column(data, observation, own)}] = answer.derivatives[0][at];
        }
    for (std::size_t i = 0; i < answer.derivatives[1].size(); ++i) {
        const auto observation = static_cast<std::int64_t>(i);
        all[{p.pattern.rows + observation, bundle_column(data, observation, 14)}] =
            answer.derivatives[1][i];
    }
    return all;
}

} // namespace

TEST_CASE("ADBench, mixtures of Gaussians: value and gradient")
{
    const auto folder = conformance_data("adbench");
    if (!folder) SKIP(absent("adbench"));
    Tally values("ADBench GMM, values"), gradients("ADBench GMM, gradients");
    for (const std::string& name : names(*folder / "expected/gmm", "_J.txt")) {
        const bool small = name == "gmm_test";
        const std::size_t cut = name.find('_');
        const fs::path file =
            small ? "test.txt" : name.substr(0, cut) + "/" + name.substr(cut + 1) + ".txt";
        const bench::MixtureData data = bench::read_mixture(*folder / "data/gmm" / file);
        const Answer answer = solve(mixture(data, bench::Prior::adbench));
        Numbers gradient = answer.derivatives[0];
        append(gradient, answer.derivatives[1]);
        append(gradient, side_by_side({answer.derivatives[2], answer.derivatives[3]},
                                      static_cast<std::size_t>(data.alphas.size())));
        const fs::path expected = *folder / "expected/gmm" / name;
        compare_rho(values, name, answer.values[0], read_numbers(expected.string() + "_F.txt"));
        compare_rho(gradients, name, gradient, read_numbers(expected.string() + "_J.txt"));
    }
}

TEST_CASE("ADBench, bundle adjustment: errors and sparse Jacobian")
{
    const auto folder = conformance_data("adbench");
    if (!folder) SKIP(absent("adbench"));
    Tally values("ADBench BA, values"), jacobians("ADBench BA, Jacobians");
    for (const std::string& name : names(*folder / "expected/ba", "_w_err.txt")) {
        const bench::BundleData data = bench::read_bundle(*folder / "data/ba" / (name + ".txt"));
        const bench::BundleProblem p = bundle(data);
        Answer answer = solve(p);
        const std::string expected = (*folder / "expected/ba" / name).string();
        const Numbers errors = read_numbers(expected + "_reproj_err.txt");
        const Numbers weight_errors = read_numbers(expected + "_w_err.txt");
        const auto own = jacobian(data, p, answer);
        answer.values[0].resize(errors.size());
        answer.values[1].resize(weight_errors.size());
        compare_rho(values, name, answer.values[0], errors);
        compare_rho(values, name, answer.values[1], weight_errors);
        Numbers got, golden;
        for (const Element& e : name == "test" ? read_compressed(expected + "_J.txt")
                                               : read_elements(expected + "_J_head.txt")) {
            const auto at = own.find({e.row, e.column}); // what is not there is 0 everywhere
            got.push_back(at == own.end() ? 0 : at->second);
            golden.push_back(e.value);
        }
        CHECK(golden.size() >= 310);
        compare_rho(jacobians, name, got, golden);
    }
}

TEST_CASE("ADBench, recurrent network: value and gradient")
{
    const auto folder = conformance_data("adbench");
    if (!folder) SKIP(absent("adbench"));
    Tally values("ADBench LSTM, values"), gradients("ADBench LSTM, gradients");
    for (const std::string& name : names(*folder / "expected/lstm", "_J.txt")) {
        const Answer answer =
            solve(recurrent(bench::read_recurrent(*folder / "data/lstm" / (name + ".txt"))));
        Numbers gradient = answer.derivatives[0];
        append(gradient, answer.derivatives[1]);
        const std::string expected = (*folder / "expected/lstm" / name).string();
        compare_rho(values, name, answer.values[0], read_numbers(expected + "_F.txt"));
        compare_rho(gradients, name, gradient, read_numbers(expected + "_J.txt"));
    }
}

TEST_CASE("ADBench, hand tracking: errors and Jacobian")
{
    const auto folder = conformance_data("adbench");
    if (!folder) SKIP(absent("adbench"));
    Tally values("ADBench HAND, values"), jacobians("ADBench HAND, Jacobians");
    for (const std::string& name : names(*folder / "expected/hand", "_F.txt")) {
        // complicated_small_hand1, or complicated_test and test, whose files have other names.
        const bool complicated = name.starts_with("complicated");
        const std::size_t cut = name.rfind('_');
        fs::path file = complicated ? "hand_complicated.txt" : "test.txt";
        if (!name.ends_with("test")) {
            const fs::path inner = *folder / "data/hand" / name.substr(0, cut);
            for (const std::string& one : names(inner, ".txt"))
                if (one.starts_with(name.substr(cut + 1) + "_")) file = inner / (one + ".txt");
        }
        const bench::HandData data = bench::read_hand(*folder / "data/hand" / file, complicated);
        const Answer answer = solve(hand(data));
        const std::string expected = (*folder / "expected/hand" / name).string();
        compare_rho(values, name, answer.values[0], read_numbers(expected + "_F.txt"));
        if (!fs::exists(expected + "_J.txt")) continue;
        const std::size_t rows = answer.values[0].size();
        compare_rho(jacobians, name, side_by_side(answer.derivatives, rows),
                    read_numbers(expected + "_J.txt"));
    }
}
