// Einsum equations with their gradients; exact integers in f64 unless the case says otherwise.
#include <croton/croton.hpp>

#include <cmath>
#include <fstream>
#include <vector>

#include "conformance/data.hpp"
#include "support/catch.hpp"

namespace ct = croton;
namespace fs = std::filesystem;
using namespace croton::test;

namespace {

std::string difference(const ct::Array& got, const ct::Array& expected)
{
    if (got.extents() != expected.extents())
        return "rank " + std::to_string(got.rank()) + " or extents differ from those expected";
    double scale = 0;
    for (std::int64_t i = 0; i < expected.size(); ++i)
        scale = std::max(scale, std::abs(expected.as_double(i)));
    for (std::int64_t i = 0; i < expected.size(); ++i)
        if (!(std::abs(got.as_double(i) - expected.as_double(i)) <= 1e-12 * scale))
            return "element " + std::to_string(i) + " is " + std::to_string(got.as_double(i)) +
                   ", not " + std::to_string(expected.as_double(i));
    return "";
}

/// `known`: whether the function knows the extents when it is compiled.
void check(const fs::path& folder, const std::string& equation, bool known, Tally& tally)
{
    ct::Variables inputs;
    std::vector<ct::Array> values;
    for (int i = 0; fs::exists(folder / ("in_" + std::to_string(i) + ".npy")); ++i) {
        values.push_back(
            ct::Array::load_npy((folder / ("in_" + std::to_string(i) + ".npy")).string()));
        ct::Shape shape;
        for (const std::int64_t n : values.back().shape())
            shape.push_back(known || n == 1 ? ct::Extent(n) : ct::dim("n"));
        inputs.push_back(ct::input("x" + std::to_string(i), values.back().dtype(), shape));
    }
    const ct::Array expected = ct::Array::load_npy((folder / "out.npy").string());
    const ct::Array cotangent = ct::Array::load_npy((folder / "cotangent.npy").string());
    const auto y = ct::einsum(equation, inputs);
    const auto y_bar = ct::input("y_bar", y.dtype(), y.shape());
    ct::Variables outputs = ct::vjp({y}, inputs, {y_bar}, {.disconnected_zero = true});
    outputs.insert(outputs.begin(), y);
    auto all_inputs = inputs;
    all_inputs.push_back(y_bar);
    std::vector<ct::Any> arguments(values.begin(), values.end());
    arguments.emplace_back(cotangent);
    const auto f = ct::function(all_inputs, outputs, {.name = "einsum", .allow_unused_inputs = true});
    const ct::Results got = f.call(arguments);
    std::string why = difference(got[0], expected);
    for (std::size_t i = 0; i < inputs.size() && why.empty(); ++i) {
        const auto file = folder / ("grad_" + std::to_string(i) + ".npy");
        why = difference(got[i + 1], ct::Array::load_npy(file.string()));
        if (!why.empty()) why = "gradient " + std::to_string(i) + ": " + why;
    }
    if (why.empty())
        tally.pass(equation);
    else
        tally.fail(equation, why);
}

void check_all(bool known, const fs::path& folder)
{
    Tally tally(known ? "einsum, known extents" : "einsum, symbolic extents");
    for (const auto& entry : fs::directory_iterator(folder)) {
        std::ifstream in(entry.path() / "eq.txt");
        std::string equation;
        if (!std::getline(in, equation)) continue;
        try {
            check(entry.path(), equation, known, tally);
        } catch (const ct::Error& e) {
            tally.fail(equation, e.what());
        }
    }
}

} // namespace

TEST_CASE("einsum and its gradients are what NumPy computes")
{
    const auto folder = conformance_data("einsum_dev");
    if (!folder) SKIP(absent("einsum_dev"));
    check_all(true, *folder);
    check_all(false, *folder);
}
