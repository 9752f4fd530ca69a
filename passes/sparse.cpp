#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/ops/custom.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/grad.hpp>
#include <croton/passes/sparse.hpp>

#include <algorithm>
#include <limits>
#include <optional>

#include "band_loops.hpp"
#include "dependence.hpp"
#include "derivative_checks.hpp"
#include "known_params.hpp"
#include "pattern_test.hpp"
#include "sparse_bands.hpp"
#include "sparse_matrix.hpp"
#include "sparse_products.hpp"

namespace croton::inline v1 {

namespace {

using detail::Band;
using detail::Sets;

/// What is derived, and for whom.
struct Derivative {
    const Variable& y;
    const Variable& x;
    std::string_view function;
    const Location* place;
    bool symmetric = false;
    bool must_depend = false; ///< or it is an error
    bool turned = false;      ///< the caller's rows are its columns
};

/// The extents, which have to be known.
std::vector<std::int64_t> known(const Variable& v, const Derivative& d)
{
    std::vector<std::int64_t> all;
    if (!detail::known_extents(v, all))
        throw user_error(Code::shape, d.place, d.function,
                         "{} has shape {}: rows and columns are listed where all extents are known "
                         "before the call; Compressed::bands has loops over symbols",
                         describe(v), to_string(v.shape()));
    double count = 1;
    for (const std::int64_t e : all)
        count *= static_cast<double>(e);
    if (count > std::numeric_limits<std::int32_t>::max())
        throw user_error(Code::shape, d.place, d.function,
                         "{} has shape {}: the indices of a pattern are 32-bit integers",
                         describe(v), to_string(v.shape()));
    return all;
}

UserError independent(const Derivative& d)
{
    return user_error(Code::domain, d.place, d.function, "the result does not depend on {}",
                      describe(d.x));
}

/// Bands whose ranges can be listed.
struct Listed {
    std::vector<Band> bands;
    bool met_zeros = false;
};

/// Nothing where there are no such.
std::optional<Listed> bands_of(const Derivative& d)
{
    try {
        detail::Bands all(d.x, d.function, d.place);
        const std::vector<Band>& bands = all.of(d.y);
        if (std::ranges::all_of(bands, [](const Band& b) { return detail::all_known(b.ranges); }))
            return Listed{bands, all.met_zeros()};
    } catch (const detail::NoBands&) { // lists do
    }
    return std::nullopt;
}

/// Elements of all bands, most of which the matrix has.
std::int64_t elements_of(const Listed& listed)
{
    std::int64_t all = 0;
    for (const Band& b : listed.bands)
        all += element_count(b.d.shape()).value();
    return all;
}

SparseVariable as_loops(const Derivative& d, const SparseOptions& options)
{
    const UserError why = user_error(
        Code::domain, d.place, d.function,
        "{}{} has a derivative by {} of which a band is no loops whose places and ends are "
        "expressions of extents; rows and columns are listed where all extents are known before "
        "the call",
        describe(d.y),
        d.y.name().empty() || !d.y.location() ? std::string()
                                              : fmt::format(" ({})", to_string(*d.y.location())),
        describe(d.x));
    try {
        const std::vector<Band> bands = detail::Bands(d.x, d.function, d.place, true).of(d.y);
        if (bands.empty() && d.must_depend) throw independent(d);
        return detail::as_loops(bands, d.y, d.x, options, why, d.place);
    } catch (const detail::NoBands& none) {
        throw none.why;
    }
}

/// What a caller's pattern has of each row of the derivative.
Sets rows_of(const SparsePattern& given,
             const Derivative& d,
             std::int64_t rows,
             std::int64_t columns)
{
    if (given.rows != rows || given.columns != columns)
        throw user_error(Code::shape, d.place, d.function,
                         "the given pattern is {} x {}, the derivative {} x {}", given.rows,
                         given.columns, rows, columns);
    const bool by_rows = given.format == Compressed::rows;
    const std::int64_t groups = by_rows ? rows : columns, others = by_rows ? columns : rows;
    auto sets = std::make_shared<detail::ElementSets>();
    sets->starts.assign(given.starts.begin(), given.starts.end());
    sets->of = given.indices;
    const bool counted = sets->starts.size() == static_cast<std::size_t>(groups) + 1 &&
                         sets->starts.front() == 0 && std::ranges::is_sorted(sets->starts) &&
                         sets->starts.back() == static_cast<std::int64_t>(sets->of.size());
    if (!counted)
        throw user_error(Code::shape, d.place, d.function,
                         "the given pattern has {} starts for {} {} and {} indices: {} starts are "
                         "needed, which count from 0 up to the number of indices",
                         given.starts.size(), groups, by_rows ? "rows" : "columns",
                         given.indices.size(), groups + 1);
    for (std::int64_t g = 0; g < groups; ++g) {
        const auto set = (*sets)[g];
        const bool within = set.empty() || (set.front() >= 0 && set.back() < others);
        if (!within || std::ranges::adjacent_find(set, std::ranges::greater_equal()) != set.end())
            throw user_error(Code::index, d.place, d.function,
                             "{} {} of the given pattern has indices that do not ascend from 0 to "
                             "{}",
                             by_rows ? "row" : "column", g, others - 1);
    }
    return by_rows ? Sets(sets) : detail::transposed(sets, columns, rows);
}

/// A symmetric matrix has what both halves have; one half may be given.
Sets both_halves(const Sets& rows, std::int64_t count, bool given)
{
    const Sets halves[] = {rows, detail::transposed(rows, count, count)};
    return given ? detail::united(halves, count) : detail::common(halves[0], halves[1], count);
}

/// What follows from the graph: that of each row, which has a set of its own.
Sets found_rows(const Derivative& d, std::int64_t rows, std::int64_t columns)
{
    detail::Dependence dependence(d.function, d.place);
    dependence.given(d.x, detail::each_itself(columns));
    const Sets found = detail::one_each(dependence.of(d.y), rows);
    return d.symmetric ? both_halves(found, rows, false) : found;
}

/// Whether y depends on x.
bool list(const Derivative& d, const SparsePattern* given, detail::SparseMatrix& matrix)
{
    const std::vector<std::int64_t> x = known(d.x, d), y = known(d.y, d);
    const std::int64_t rows = detail::product(y), columns = detail::product(x);
    Sets pattern;
    bool depends = true;
    if (given) {
        pattern = rows_of(*given, d, rows, columns);
        if (d.symmetric) pattern = both_halves(pattern, rows, true);
    } else {
        const std::optional<Listed> listed = bands_of(d);
        if (!listed || listed->met_zeros) pattern = found_rows(d, rows, columns);
        depends = listed ? !listed->bands.empty() : pattern != nullptr;
        // Of bands that are mostly 0, too much would be computed.
        const auto elements = static_cast<std::int64_t>(pattern ? pattern->of.size() : 0);
        if (listed && (!listed->met_zeros || 2 * elements > elements_of(*listed))) {
            matrix.only(pattern);
            matrix.expect(std::min(elements_of(*listed), pattern ? elements : rows * columns));
            for (const Band& b : listed->bands) {
                matrix.read_from(b.d.reshape({element_count(b.d.shape())}));
                list_band(b, y, x, matrix);
            }
            return depends;
        }
    }
    const detail::SparseProducts products{d.y, d.x, rows, columns, d.function, d.place};
    if (d.symmetric)
        products.list_symmetric(pattern, matrix);
    else
        products.list(pattern, matrix);
    return depends;
}

SparseVariable made(const Derivative& d, const SparseOptions& options)
{
    if (options.format == Compressed::bands) return as_loops(d, options);
    const std::vector<std::int64_t> x = known(d.x, d), y = known(d.y, d);
    detail::SparseMatrix matrix(detail::product(y), detail::product(x), options, d.function,
                                d.place);
    try {
        const OriginScope origin(d.place);
        if (!list(d, options.pattern, matrix) && d.must_depend) throw independent(d);
    } catch (const detail::TooManyElements&) {
        throw user_error(Code::memory, d.place, d.function, "the pattern has more than {} elements",
                         detail::most_elements);
    }
    return matrix.finish(d.y.dtype());
}

/// A build that verifies graphs tests derived patterns, too.
#ifdef CROTON_VERIFY
constexpr bool test_derived = true;
#else
constexpr bool test_derived = false;
#endif

using Contradiction = detail::PatternTest::Contradiction;

void report(const Derivative& d, bool given, Contradiction c)
{
    if (d.turned) std::swap(c.row, c.column);
    const std::string what =
        d.turned ? "the second derivative" : fmt::format("the derivative of {}", describe(d.y));
    if (given)
        throw user_error(Code::domain, d.place, d.function,
                         "the given pattern has no element in row {}, column {}, where {} by {} is "
                         "{:.6g} at random values; where it holds for some inputs alone, "
                         "SparseOptions::at has their values",
                         c.row, c.column, what, describe(d.x), c.expected);
    throw internal_error(d.function,
                         "the pattern has no element in row {}, column {}, where {} by {} ({}) is "
                         "{:.6g}",
                         c.row, c.column, what, describe(d.x),
                         d.place ? to_string(*d.place) : "no place", c.expected);
}

/// What of all of a derivative its test says.
/// returns  why there was none; empty: there was one.
std::string test(const Derivative& d, const SparseOptions& options, const SparseVariable& all)
{
    constexpr std::uint64_t most_draws = 4;
    detail::PatternTest test(all, d.y, d.x, d.function, d.place);
    for (const auto& [v, value] : options.at)
        test.given(v, value);
    if (std::string why = test.obstacle(); !why.empty()) return why;
    std::string why;
    for (std::uint64_t draw = 0; draw < most_draws; ++draw) {
        std::optional<Contradiction> found;
        try {
            found = test.run(draw);
        } catch (const UserError& refused) { // others may do
            why = refused.message();
            continue;
        }
        if (found && found->column < 0 && !options.pattern)
            throw internal_error(d.function,
                                 "row {} of the derivative of {} times a random vector is {}, "
                                 "not {}",
                                 found->row, describe(d.y), found->found, found->expected);
        if (found && found->column >= 0) report(d, options.pattern, *found);
        if (test.all_tested()) return "";
        why = "some rows are not finite at random values";
    }
    return why;
}

SparseVariable sparse(const Derivative& d, const SparseOptions& options)
{
    if (options.pattern &&
        (options.format == Compressed::bands || options.pattern->format == Compressed::bands))
        throw user_error(Code::domain, d.place, d.function,
                         "a given pattern lists rows or columns, and so does the derivative then: "
                         "no Compressed::bands");
    SparseVariable derivative = made(d, options);
    if (!options.pattern && !test_derived) return derivative;
    SparseOptions both = options;
    both.triangle = Triangle::full;
    const bool half = options.triangle != Triangle::full;
    std::string why = test(d, options, half ? made(d, both) : derivative);
    if (options.pattern) derivative.untested = std::move(why);
    return derivative;
}

/// Whether second derivatives of `f` are those of a function: a rule of the user's own need not be
/// the derivative of anything.
bool has_own_rule(std::span<const Variable> f)
{
    return std::ranges::any_of(applies_of(f), [](const Apply& a) {
        return has_own_derivative(a) ||
               std::ranges::any_of(regions_of(a), [](const Region& region) {
                   return has_own_rule(region.outputs());
               });
    });
}

std::string index_name(std::size_t k) { return fmt::format("i{}", k); }

/// "2*i0 + i1 + 1".
std::string index_text(const Extent& first, const Shape& steps)
{
    std::string text;
    for (std::size_t k = 0; k < steps.size(); ++k) {
        if (same(steps[k], 0)) continue;
        const std::string step = to_string(steps[k]);
        if (!text.empty()) text += " + ";
        text += same(steps[k], 1)             ? index_name(k)
                : terms(steps[k]).size() == 1 ? fmt::format("{}*{}", step, index_name(k))
                                              : fmt::format("({})*{}", step, index_name(k));
    }
    if (text.empty()) return to_string(first);
    if (same(first, 0)) return text;
    const std::string constant = to_string(first);
    return constant.starts_with('-') ? fmt::format("{} - {}", text, constant.substr(1))
                                     : fmt::format("{} + {}", text, constant);
}

/// A line for each: "(2*i0 + 1, i0) for i0 < n".
std::string bands_text(const SparsePattern& p)
{
    std::string text = fmt::format("{}\n", counted(p.bands.size(), "band"));
    for (const SparseBand& b : p.bands) {
        text += fmt::format("({}, {})", index_text(b.row, b.row_steps),
                            index_text(b.column, b.column_steps));
        for (std::size_t k = 0; k < b.extents.size(); ++k)
            text += fmt::format("{} {} < {}", k == 0 ? " for" : ",", index_name(k),
                                to_string(b.extents[k]));
        text += "\n";
    }
    return text;
}

/// Of the transpose.
void turn(Compressed& format, Triangle& triangle)
{
    if (format != Compressed::bands)
        format = format == Compressed::columns ? Compressed::rows : Compressed::columns;
    if (triangle != Triangle::full)
        triangle = triangle == Triangle::lower ? Triangle::upper : Triangle::lower;
}

} // namespace

SparseVariable
sparse_jacobian(const Variable& y, const Variable& x, const SparseOptions& options, Where where)
{
    const Location* place = locate(where);
    detail::check_differentiable(y, "the result", "sparse_jacobian", place);
    detail::check_differentiable(x, "x", "sparse_jacobian", place);
    detail::check_scopes({y}, {x}, "sparse_jacobian", place);
    return sparse(
        {.y = y, .x = x, .function = "sparse_jacobian", .place = place, .must_depend = true},
        options);
}

SparseVariable
sparse_hessian(const Variable& f, const Variable& x, const SparseOptions& options, Where where)
{
    const Location* place = locate(where);
    const Variable x_bar = detail::gradient(f, {x}, {}, "sparse_hessian", place)[0];
    const bool symmetric = !has_own_rule(std::span(&f, 1));
    // It is the transpose of the gradient's Jacobian, by columns that one's rows. Where it is
    // symmetric it is that one too: rows are what is computed row by row.
    SparseOptions turned = options;
    const bool as_it_is = symmetric && options.format == Compressed::rows;
    if (!as_it_is) turn(turned.format, turned.triangle);
    SparsePattern given;
    if (options.pattern) {
        given = *options.pattern;
        Triangle all = Triangle::full;
        turn(given.format, all);
        std::swap(given.rows, given.columns);
        turned.pattern = &given;
    }
    SparseVariable h = sparse({.y = x_bar,
                               .x = x,
                               .function = "sparse_hessian",
                               .place = place,
                               .symmetric = symmetric,
                               .turned = true},
                              turned);
    h.pattern.format = options.format;
    for (SparseBand& b : h.pattern.bands) {
        std::swap(b.row, b.column);
        std::swap(b.row_steps, b.column_steps);
    }
    return h;
}

namespace {

/// Of each element the one of `starts` that it is behind.
std::vector<std::int32_t> major_indices(const SparsePattern& p)
{
    std::vector<std::int32_t> all;
    all.reserve(p.size());
    for (std::size_t g = 0; g + 1 < p.starts.size(); ++g)
        all.insert(all.end(), static_cast<std::size_t>(p.starts[g + 1] - p.starts[g]),
                   static_cast<std::int32_t>(g));
    return all;
}

void check_lists(const SparsePattern& p, std::string_view function, const Location* place)
{
    if (p.format == Compressed::bands)
        throw user_error(Code::domain, place, function,
                         "the pattern is of bands: Compressed::rows and columns have lists");
}

} // namespace

std::vector<std::int32_t> SparsePattern::row_indices(Where where) const
{
    check_lists(*this, "row_indices", locate(where));
    return format == Compressed::rows ? major_indices(*this) : indices;
}

std::vector<std::int32_t> SparsePattern::column_indices(Where where) const
{
    check_lists(*this, "column_indices", locate(where));
    return format == Compressed::rows ? indices : major_indices(*this);
}

std::string SparsePattern::picture() const
{
    if (format == Compressed::bands) return bands_text(*this);
    constexpr std::int64_t most = 64;
    const std::int64_t cell =
        std::max<std::int64_t>(1, (std::max(rows, columns) + most - 1) / most);
    const std::int64_t height = (rows + cell - 1) / cell, width = (columns + cell - 1) / cell;
    std::vector<std::string> lines(static_cast<std::size_t>(height),
                                   std::string(static_cast<std::size_t>(width), '.'));
    for (std::size_t g = 0; g + 1 < starts.size(); ++g)
        for (auto i = static_cast<std::size_t>(starts[g]);
             i < static_cast<std::size_t>(starts[g + 1]); ++i) {
            const auto other = static_cast<std::int64_t>(indices[i]);
            const auto group = static_cast<std::int64_t>(g);
            const std::int64_t row = format == Compressed::rows ? group : other;
            const std::int64_t column = format == Compressed::rows ? other : group;
            lines[static_cast<std::size_t>(row / cell)][static_cast<std::size_t>(column / cell)] =
                '#';
        }
    std::string text = fmt::format("{} x {}, {} elements", rows, columns, indices.size());
    if (cell > 1) text += fmt::format(", a character is {} x {}", cell, cell);
    for (const std::string& line : lines)
        text += "\n" + line;
    return text + "\n";
}

} // namespace croton::inline v1
