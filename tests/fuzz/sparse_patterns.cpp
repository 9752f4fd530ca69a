// Sparse against dense derivatives of random programs: what the pattern does not have is 0 at
// random places, and what it has is the dense derivative's.
#include <croton/croton.hpp>
#include <croton/ir/bind_symbols.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>

#include <cmath>

#include "dependence.hpp"
#include "fuzz/generate.hpp"
#include "fuzz/judge.hpp"
#include "fuzz/loops.hpp"
#include "support/catch.hpp"
#include "support/compiled.hpp"

using namespace croton;
using namespace croton::test;

namespace {

/// What differs, where both are finite; empty: nothing.
std::string difference(const std::vector<double>& got, const Array& full, double near)
{
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double expected = full.as_double(static_cast<std::int64_t>(i));
        if (!std::isfinite(expected) || !std::isfinite(got[i])) continue;
        if (std::abs(got[i] - expected) > near * (1 + std::abs(expected)))
            return fmt::format("element {} is {}, not {}", i, got[i], expected);
    }
    return "";
}

/// A random program of which an input is x.
struct Case {
    std::uint64_t number;
    const Recipe& recipe;
    const Program& program;
    Variable x, y;
};

/// Every integer that a program is given becomes a constant: what it names is known then.
void settle_integers(Program& program)
{
    VariableMap by;
    for (std::size_t i = 0; i < program.inputs.size(); ++i)
        if (!is_float(program.inputs[i].dtype()))
            by.emplace(program.inputs[i], constant(program.arguments[i], nullptr));
    program.outputs = copy_graph(program.outputs, by);
}

/// Of 16 bits no two orders of computing agree.
bool is_compared(const Variable& v) { return is_float(v.dtype()) && size_bytes(v.dtype()) >= 4; }

/// Calls `f` with each input that a derivative can be taken by.
template <class F>
void each_case(std::uint64_t seed,
               std::uint64_t programs,
               const GenerateOptions& options,
               const F& f,
               bool known = true)
{
    for (std::uint64_t n = 0; n < programs; ++n) {
        Recipe recipe = generate(seed, n, options);
        if (std::ranges::any_of(recipe.dims, [](const auto& d) { return d.extent == 0; })) continue;
        for (Recipe::Dim& d : recipe.dims)
            d.known = known || d.known;
        Program program;
        try {
            program = build(recipe);
        } catch (const UserError&) { // only symbols may turn out to fit
            continue;
        }
        if (!meets_requirements(program)) continue;
        if (n % 2 == 0 && known) settle_integers(program);
        const Variable y = program.outputs.back();
        if (!is_compared(y)) continue;
        for (const Variable& x : program.inputs) {
            if (!is_compared(x)) continue;
            try {
                f(Case{n, recipe, program, x, y});
            } catch (const UserError& e) {
                // No derivative; an index of an axis without elements.
                if (e.code() != Code::domain && e.code() != Code::index) throw;
            }
        }
    }
}

bool is_small(const Case& c, std::int64_t most)
{
    const Extent elements = element_count(c.x.shape()) * element_count(c.y.shape());
    return elements.is_known() && elements.value() <= most;
}

double tolerance(const Case& c)
{
    const bool narrow = std::ranges::any_of(c.program.values, [](const Variable& v) {
        return is_float(v.dtype()) && v.dtype() != DType::f64;
    });
    return narrow ? 1e-3 : 1e-9;
}

/// What differs between both derivatives, by the references.
std::string compare(const Case& c, const SparseVariable& sparse, const Variable& full)
{
    const std::vector<Array> r =
        evaluate_reference(c.program.inputs, c.program.arguments, Variables{sparse.values, full});
    return difference(dense(sparse.pattern, r[0]), r[1], tolerance(c));
}

/// The same of loops.
std::string compare_loops(const Case& c, const SparseVariable& sparse, const Variable& full)
{
    const std::vector<Array> r =
        evaluate_reference(c.program.inputs, c.program.arguments, Variables{sparse.values, full});
    const Substitution by = known_extents(c.program.inputs, c.program.arguments);
    const std::int64_t columns = substitute(element_count(c.x.shape()), by).value();
    if (columns == 0) return "";
    return difference(dense_of_loops(sparse.pattern, r[0], r[1].size() / columns, columns, by),
                      r[1], tolerance(c));
}

/// The pattern as lists have it, also of what is bands.
SparsePattern listed(const Variable& y, const Variable& x)
{
    const std::int64_t rows = element_count(y.shape()).value();
    const std::int64_t columns = element_count(x.shape()).value();
    detail::Dependence dependence("sparse_jacobian", nullptr);
    dependence.given(x, detail::each_itself(columns));
    const detail::Sets sets = detail::one_each(dependence.of(y), rows);
    SparsePattern p{std::vector<std::int32_t>(static_cast<std::size_t>(rows) + 1, 0),
                    {},
                    rows,
                    columns,
                    Compressed::rows};
    if (!sets) return p;
    p.starts.assign(sets->starts.begin(), sets->starts.end());
    p.indices = sets->of;
    return p;
}

struct Counts {
    std::size_t compared = 0, sparse = 0;
    void count(const SparsePattern& p)
    {
        ++compared;
        sparse += static_cast<std::int64_t>(p.size()) < p.rows * p.columns;
    }
};

/// For the test of a given pattern.
std::vector<std::pair<Variable, Array>> values_of(const Case& c)
{
    std::vector<std::pair<Variable, Array>> all;
    for (std::size_t i = 0; i < c.program.inputs.size(); ++i)
        all.emplace_back(c.program.inputs[i], c.program.arguments[i]);
    return all;
}

Compressed format(const Case& c)
{
    return c.number % 4 < 2 ? Compressed::rows : Compressed::columns;
}

} // namespace

TEST_CASE("sparse derivatives of random programs are the dense ones")
{
    Counts counts;
    each_case(31, 5000, {}, [&](const Case& c) {
        if (!is_small(c, 100000)) return;
        const SparseVariable found = sparse_jacobian(c.y, c.x, {.format = format(c)});
        const std::string wrong = compare(c, found, jacobian(c.y, c.x));
        INFO("program " << c.number << ", by " << c.x.name() << "\n" << to_program(c.recipe));
        CHECK(wrong == "");
        counts.count(found.pattern);
    });
    CHECK(counts.compared > 500);
    CHECK(counts.sparse > 300);
}

TEST_CASE("lists and their products are the dense derivatives, also of loops")
{
    const std::vector<Maker> loops = loop_makers();
    for (const bool with_loops : {false, true}) {
        Counts counts;
        std::size_t tested = 0;
        const GenerateOptions options{.extra = with_loops ? &loops : nullptr};
        each_case(32 + with_loops, 2000, options, [&](const Case& c) {
            if (!is_small(c, 2500)) return;
            const SparsePattern pattern = listed(c.y, c.x);
            const SparseVariable found = sparse_jacobian(
                c.y, c.x, {.format = format(c), .pattern = &pattern, .at = values_of(c)});
            tested += found.untested.empty();
            const std::string wrong = compare(c, found, jacobian(c.y, c.x));
            INFO("program " << c.number << ", by " << c.x.name() << "\n" << to_program(c.recipe));
            CHECK(wrong == "");
            counts.count(found.pattern);
        });
        CHECK(counts.compared > 150);
        CHECK(counts.sparse > 50);
        CHECK(tested > 100);
    }
}

TEST_CASE("loops over symbols are the dense derivatives")
{
    const std::vector<Maker> loops = loop_makers();
    std::size_t compared = 0, of_symbols = 0, through_loops = 0;
    const auto check = [&](const Case& c) {
        const Substitution by = known_extents(c.program.inputs, c.program.arguments);
        const Extent elements = element_count(c.x.shape()) * element_count(c.y.shape());
        if (substitute(elements, by).value() > 100000) return;
        const SparseVariable found = sparse_jacobian(c.y, c.x, {.format = Compressed::bands});
        const std::string wrong = compare_loops(c, found, jacobian(c.y, c.x));
        INFO("program " << c.number << ", by " << c.x.name() << "\n" << to_program(c.recipe));
        CHECK(wrong == "");
        ++compared;
        through_loops += std::ranges::any_of(applies_of(Variables{c.y}),
                                             [](const Apply& a) { return !regions_of(a).empty(); });
        of_symbols += std::ranges::any_of(found.pattern.bands, [](const SparseBand& b) {
            return !element_count(b.extents).is_known();
        });
    };
    each_case(35, 2000, {}, check, false);
    each_case(36, 500, {.extra = &loops}, check, false);
    CHECK(compared > 200);
    CHECK(of_symbols > 50);
    CHECK(through_loops > 20);
}

TEST_CASE("sparse Hessians of random programs are the dense ones")
{
    const std::vector<Maker> loops = loop_makers();
    Counts counts;
    each_case(34, 1200, {.extra = &loops}, [&](const Case& c) {
        if (element_count(c.x.shape()).value() > 24) return;
        const Variable f = sum(c.y), full = hessian(f, c.x);
        const SparseVariable found = sparse_hessian(f, c.x, {.format = format(c)});
        const SparsePattern pattern = listed(grad(f, c.x), c.x);
        const SparseVariable as_lists =
            sparse_hessian(f, c.x, {.format = format(c), .pattern = &pattern});
        const std::string wrong = compare(c, found, full) + compare(c, as_lists, full);
        INFO("program " << c.number << ", by " << c.x.name() << "\n" << to_program(c.recipe));
        CHECK(wrong == "");
        counts.count(found.pattern);
    });
    CHECK(counts.compared > 100);
    CHECK(counts.sparse > 50);
}
