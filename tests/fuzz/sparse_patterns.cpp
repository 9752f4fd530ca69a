// Sparse against dense derivatives of random programs: what the pattern does not have is 0 at
// random places, and what it has is the dense derivative's.
#include <croton/croton.hpp>
#include <croton/ir/format.hpp>

#include <cmath>

#include "fuzz/generate.hpp"
#include "fuzz/judge.hpp"
#include "support/catch.hpp"
#include "support/compiled.hpp"

using namespace croton;
using namespace croton::test;

namespace {

/// What differs, where both are finite; empty: nothing.
std::string difference(const SparsePattern& p, const Array& values, const Array& full)
{
    const std::vector<double> got = dense(p, values);
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double expected = full.as_double(static_cast<std::int64_t>(i));
        if (!std::isfinite(expected) || !std::isfinite(got[i])) continue;
        const double near = full.dtype() == DType::f64 ? 1e-9 : 1e-3;
        if (std::abs(got[i] - expected) > near * (1 + std::abs(expected)))
            return fmt::format("element {} is {}, not {}", i, got[i], expected);
    }
    return "";
}

/// By the references.
std::vector<Array> evaluate(const Program& program, const Variables& outputs)
{
    const Options options{.reference = true, .allow_unused_inputs = true};
    const Results r =
        function(program.inputs, outputs, options)
            .call(std::vector<Any>(program.arguments.begin(), program.arguments.end()));
    return {r[0], r[1]};
}

} // namespace

TEST_CASE("sparse derivatives of random programs are the dense ones")
{
    constexpr std::uint64_t programs = 6000;
    std::size_t compared = 0, sparse_ones = 0;
    for (std::uint64_t n = 0; n < programs; ++n) {
        Recipe recipe = generate(31, n);
        if (std::ranges::any_of(recipe.dims, [](const auto& d) { return d.extent == 0; })) continue;
        for (Recipe::Dim& d : recipe.dims)
            d.known = true;
        const Program program = build(recipe);
        if (!meets_requirements(program)) continue;
        for (std::size_t i = 0; i < program.inputs.size(); ++i) {
            const Variable &x = program.inputs[i], &y = program.outputs.back();
            if (!is_float(x.dtype()) || !is_float(y.dtype()) || size_bytes(y.dtype()) < 4) continue;
            const Extent elements = element_count(x.shape()) * element_count(y.shape());
            if (!elements.is_known() || elements.value() > 400000) continue;
            SparseVariable found;
            std::vector<Array> values;
            try {
                found = sparse_jacobian(
                    y, x, {.format = n % 2 == 0 ? Compressed::rows : Compressed::columns});
                values = evaluate(program, {found.values, jacobian(y, x)});
            } catch (const UserError& e) {
                // No derivative, or none that is bands; an index of an axis without elements.
                if (e.code() != Code::domain && e.code() != Code::index) throw;
                continue;
            }
            INFO("program " << n << ", by " << x.name() << "\n" << to_program(recipe));
            CHECK(difference(found.pattern, values[0], values[1]) == "");
            ++compared;
            sparse_ones += static_cast<std::int64_t>(found.pattern.size()) <
                           found.pattern.rows * found.pattern.columns;
        }
    }
    CHECK(compared > 500);
    CHECK(sparse_ones > 200);
}
