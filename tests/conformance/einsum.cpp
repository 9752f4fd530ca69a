// Einsum equations with their gradients; exact integers in f64 unless the case says otherwise.
#include <croton/croton.hpp>

#include <algorithm>
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

/// One equation of the data, over extents that the function knows when it is compiled, or not.
struct Case {
    std::string equation;
    fs::path folder;
    ct::Variables inputs;
    std::vector<ct::Array> values;
    ct::Variable y;
    ct::Array expected;

    Case(std::string text, const fs::path& where, bool known)
        : equation(std::move(text)), folder(where)
    {
        for (int i = 0; fs::exists(file("in", i)); ++i) {
            values.push_back(ct::Array::load_npy(file("in", i)));
            ct::Shape shape;
            for (const std::int64_t n : values.back().shape())
                shape.push_back(known || n == 1 ? ct::Extent(n) : ct::dim("n"));
            const std::string name = where.stem().string() + "_" + std::to_string(i);
            inputs.push_back(ct::input("x" + name, values.back().dtype(), shape));
        }
        expected = ct::Array::load_npy((folder / "out.npy").string());
        y = ct::einsum(equation, inputs);
    }
    std::string file(const std::string& stem, int i) const
    {
        return (folder / (stem + "_" + std::to_string(i) + ".npy")).string();
    }
};

std::vector<Case> cases(const fs::path& folder, bool known)
{
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(folder))
        folders.push_back(entry.path());
    std::ranges::sort(folders);
    std::vector<Case> all;
    for (const fs::path& f : folders) {
        std::ifstream in(f / "eq.txt");
        std::string equation;
        if (std::getline(in, equation)) all.emplace_back(equation, f, known);
    }
    return all;
}

void note(Tally& tally, const std::string& equation, const std::string& why)
{
    if (why.empty())
        tally.pass(equation);
    else
        tally.fail(equation, why);
}

void check_with_gradients(const Case& c, Tally& tally)
{
    const auto y_bar = ct::input("y_bar", c.y.dtype(), c.y.shape());
    ct::Variables outputs = ct::vjp({c.y}, c.inputs, {y_bar}, {.disconnected_zero = true});
    outputs.insert(outputs.begin(), c.y);
    ct::Variables inputs = c.inputs;
    inputs.push_back(y_bar);
    std::vector<ct::Any> arguments(c.values.begin(), c.values.end());
    arguments.emplace_back(ct::Array::load_npy((c.folder / "cotangent.npy").string()));
    const auto f = ct::function(inputs, outputs, {.name = "einsum", .allow_unused_inputs = true});
    const ct::Results got = f.call(arguments);
    std::string why = difference(got[0], c.expected);
    for (std::size_t i = 0; i < c.inputs.size() && why.empty(); ++i) {
        const auto gradient = ct::Array::load_npy(c.file("grad", static_cast<int>(i)));
        why = difference(got[i + 1], gradient);
        if (!why.empty()) why = "gradient " + std::to_string(i) + ": " + why;
    }
    note(tally, c.equation, why);
}

} // namespace

TEST_CASE("einsum over symbolic extents and its gradients are what NumPy computes")
{
    const auto folder = conformance_data("einsum_dev");
    if (!folder) SKIP(absent("einsum_dev"));
    Tally tally("einsum and gradients, symbolic extents");
    for (const Case& c : cases(*folder, false))
        check_with_gradients(c, tally);
}

TEST_CASE("einsum over known extents is what NumPy computes")
{
    const auto folder = conformance_data("einsum_dev");
    if (!folder) SKIP(absent("einsum_dev"));
    Tally tally("einsum, known extents");
    const std::vector<Case> all = cases(*folder, true);
    ct::Variables inputs, outputs;
    std::vector<ct::Any> arguments;
    for (const Case& c : all) {
        inputs.insert(inputs.end(), c.inputs.begin(), c.inputs.end());
        arguments.insert(arguments.end(), c.values.begin(), c.values.end());
        outputs.push_back(c.y);
    }
    const ct::Results got = ct::function(inputs, outputs, {.name = "einsum_known"}).call(arguments);
    for (std::size_t i = 0; i < all.size(); ++i)
        note(tally, all[i].equation, difference(got[i], all[i].expected));
}
