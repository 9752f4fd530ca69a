// NaN, infinities and signed zeros as the array API standard wants them, for both floats.
#include <croton/croton.hpp>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <vector>

#include "conformance/data.hpp"
#include "conformance/functions.hpp"
#include "support/catch.hpp"
#include "support/compare.hpp"

namespace ct = croton;
using namespace croton::test;

namespace {

struct Vectors {
    std::vector<double> x[2];
    std::vector<std::string> expected;
};

/// Whether `t` has the number that `text` spells.
bool has_number(ct::DType t, const std::string& text)
{
    const double v = std::strtod(text.c_str(), nullptr);
    return t == ct::DType::f64 || std::isnan(v) || static_cast<double>(static_cast<float>(v)) == v;
}

/// The vectors whose arguments `t` has.
std::map<std::string, Vectors> read_vectors(const std::filesystem::path& folder, ct::DType t)
{
    std::map<std::string, Vectors> all;
    for (const Row& row : read_table(folder / "vectors_float64.tsv")) {
        if (row[0] == "function" || !has_number(t, row[1]) || !has_number(t, row[2])) continue;
        Vectors& v = all[row[0]];
        v.x[0].push_back(std::strtod(row[1].c_str(), nullptr));
        if (!row[2].empty()) v.x[1].push_back(std::strtod(row[2].c_str(), nullptr));
        v.expected.push_back(row[3]);
    }
    return all;
}

bool is_special(double v) { return std::isnan(v) || std::isinf(v) || v == 0; }

std::string wrong(ct::DType t, double got, const std::string& text)
{
    if (text == "true" || text == "false")
        return got == (text == "true") ? "" : std::to_string(got) + " instead of " + text;
    double expected = std::strtod(text.c_str(), nullptr);
    if (t == ct::DType::f32) expected = static_cast<double>(static_cast<float>(expected));
    // Where the standard names a value it is exact; others are the functions' own accuracy.
    const double bound = is_special(expected) ? 0 : 4;
    const double ulp = ulp_distance(t, got, expected);
    if (ulp <= bound) return "";
    char why[120];
    std::snprintf(why, sizeof why, "%a instead of %s, %.3g ulp", got, text.c_str(), ulp);
    return why;
}

void check(ct::DType t, const std::map<std::string, Vectors>& all, Tally& tally)
{
    ct::Variables inputs, outputs;
    std::vector<ct::Array> values;
    std::vector<const std::pair<const std::string, Vectors>*> tried;
    for (const auto& entry : all) {
        ct::Variables x;
        for (const auto& column : entry.second.x) {
            if (column.empty()) continue;
            x.push_back(ct::input(entry.first + std::to_string(x.size()), t,
                                  {static_cast<std::int64_t>(column.size())}));
            values.push_back(ct::Array::copy(ct::View<const double>(column)).cast(t));
        }
        const auto y = apply_function(entry.first, x);
        if (!y) {
            values.resize(values.size() - x.size());
            for (std::size_t i = 0; i < entry.second.expected.size(); ++i)
                tally.refuse(entry.first);
            continue;
        }
        inputs.insert(inputs.end(), x.begin(), x.end());
        outputs.push_back(*y);
        tried.push_back(&entry);
    }
    const auto f = ct::function(inputs, outputs, {.name = "special_values"});
    const ct::Results got = f.call(std::vector<ct::Any>(values.begin(), values.end()));
    for (std::size_t k = 0; k < tried.size(); ++k) {
        const auto& [name, v] = *tried[k];
        for (std::size_t i = 0; i < v.expected.size(); ++i) {
            const auto at = static_cast<std::int64_t>(i);
            const std::string why = wrong(t, got[k].as_double(at), v.expected[i]);
            if (why.empty()) {
                tally.pass(name);
                continue;
            }
            std::string arguments;
            for (const auto& column : v.x)
                if (!column.empty()) arguments += ' ' + std::to_string(column[i]);
            tally.fail(name, std::string(ct::name(t)) + arguments + ": " + why);
        }
    }
}

} // namespace

TEST_CASE("special values are as the array API standard has them")
{
    const auto folder = conformance_data("array_api_special");
    if (!folder) SKIP(absent("array_api_special"));
    for (const ct::DType t : {ct::DType::f64, ct::DType::f32}) {
        Tally tally("array API special values, " + std::string(ct::name(t)));
        check(t, read_vectors(*folder, t), tally);
    }
}
