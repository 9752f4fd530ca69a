// Tables of special functions by Boost and mpmath, to the tolerance that SciPy tests them with.
#include <croton/croton.hpp>

#include <cmath>
#include <cstdlib>
#include <vector>

#include "conformance/data.hpp"
#include "conformance/functions.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using namespace croton::test;

namespace {

/// "5*eps=1.1e-15" or "6e-15".
double tolerance(const std::string& text)
{
    const auto equals = text.find('=');
    return std::strtod(text.c_str() + (equals == std::string::npos ? 0 : equals + 1), nullptr);
}

void check_table(const std::string& name, double rtol, const std::vector<Row>& rows, Tally& tally)
{
    const std::size_t arguments = rows[0].size() - 1;
    const auto n = static_cast<std::int64_t>(rows.size());
    ct::Variables inputs;
    std::vector<ct::Any> values;
    for (std::size_t k = 0; k < arguments; ++k) {
        std::vector<double> column;
        for (const Row& row : rows)
            column.push_back(std::strtod(row[k].c_str(), nullptr));
        inputs.push_back(ct::vector<double>("x" + std::to_string(k), {n}));
        values.emplace_back(ct::Array::copy(ct::View<const double>(column)));
    }
    const auto y = apply_function(name, inputs);
    if (!y) {
        for (std::size_t i = 0; i < rows.size(); ++i)
            tally.refuse(name);
        return;
    }
    const ct::Array got = ct::function(inputs, *y, {.name = name}).call(values)[0];
    for (std::int64_t i = 0; i < n; ++i) {
        const Row& row = rows[static_cast<std::size_t>(i)];
        const double expected = std::strtod(row[arguments].c_str(), nullptr);
        const double error = std::abs(got.as_double(i) - expected) / std::abs(expected);
        if (got.as_double(i) == expected || error <= rtol)
            tally.pass(name);
        else
            tally.fail(name, "at " + row[0] + ": " + std::to_string(got.as_double(i)) +
                                 " instead of " + row[arguments] + ", off by " +
                                 std::to_string(error / 2.2e-16) + " eps");
    }
}

} // namespace

TEST_CASE("special functions agree with their tables")
{
    const auto folder = conformance_data("special_dev");
    if (!folder) SKIP(absent("special_dev"));
    Tally tally("special functions");
    for (const Row& row : read_table(*folder / "INDEX.tsv")) {
        if (row[0] == "file" || !std::filesystem::exists(*folder / row[0])) continue;
        check_table(row[1], tolerance(row[4]), read_table(*folder / row[0]), tally);
    }
}
