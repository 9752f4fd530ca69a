#include "sparse_products.hpp"

#include <croton/ir/batch.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <numeric>

#include "colouring.hpp"
#include "derivative_checks.hpp"

namespace croton::inline v1::detail {

namespace {

/// A forward sweep costs about as much as the function, a reverse one twice that.
constexpr std::int64_t reverse_cost = 2;

/// For each colour a vector of v's shape that is 1 where an element has it.
Variable vectors(const Variable& v, const Colours& colours)
{
    std::vector<std::int64_t> shape;
    for (const Extent& e : v.shape())
        shape.push_back(e.value());
    Shape first(shape.size() + 1, 1);
    first[0] = colours.count;
    const Array of = Array::copy(View<const std::int32_t>(colours.of)).reshape(shape);
    return cast(Variable(of) == iota(first, 0, DType::i32), v.dtype());
}

/// f, which is linear, of all of them: one behind another.
Variable products(const Variable& result,
                  const Variable& vector,
                  const Colours& colours,
                  std::int64_t elements,
                  std::string_view function,
                  const Location* place)
{
    const Variable all = vectors(vector, colours);
    const Variable each = batch(std::span(&result, 1), std::span(&vector, 1), std::span(&all, 1),
                                colours.count, function, place)[0];
    return each.reshape({colours.count * elements});
}

Variable forward_products(const SparseProducts& of, const Colours& columns)
{
    const OriginScope origin(of.place);
    const Variable x_dot = input("", of.x.dtype(), of.x.shape());
    const Variable y_dot = push_forward(std::span(&of.y, 1), std::span(&of.x, 1),
                                        std::span(&x_dot, 1), of.function, of.place)[0];
    if (y_dot.is_empty()) return zeros(of.y.dtype(), {columns.count * of.rows});
    return products(y_dot, x_dot, columns, of.rows, of.function, of.place);
}

Variable reverse_products(const SparseProducts& of, const Colours& rows)
{
    const OriginScope origin(of.place);
    const Variable y_bar = input("", of.y.dtype(), of.y.shape());
    const Variable x_bar = pull_back(std::span(&of.y, 1), std::span(&y_bar, 1), std::span(&of.x, 1),
                                     of.function, of.place)[0];
    if (x_bar.is_empty()) return zeros(of.y.dtype(), {rows.count * of.columns});
    return cast(products(x_bar, y_bar, rows, of.columns, of.function, of.place), of.y.dtype());
}

/// Rows with so many elements that a reverse sweep for each costs less than a colour for each of
/// its elements. The rest have at most `longest`.
struct LongRows {
    std::vector<bool> is_long;
    std::int64_t count = 0, longest = 0;
    std::int64_t least_cost() const { return reverse_cost * count + longest; }
};

LongRows long_rows(const Sets& pattern, std::int64_t rows)
{
    std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
    std::iota(order.begin(), order.end(), 0);
    const auto size = [&](std::int64_t r) {
        return static_cast<std::int64_t>((*pattern)[r].size());
    };
    std::ranges::stable_sort(order, std::ranges::greater(), size);
    LongRows best{std::vector<bool>(order.size(), false)};
    best.longest = rows > 0 ? size(order[0]) : 0;
    for (std::int64_t r = 1; r <= rows; ++r) {
        const std::int64_t longest = r < rows ? size(order[static_cast<std::size_t>(r)]) : 0;
        if (reverse_cost * r + longest >= best.least_cost()) continue;
        best.count = r;
        best.longest = longest;
    }
    for (std::int64_t r = 0; r < best.count; ++r)
        best.is_long[static_cast<std::size_t>(order[static_cast<std::size_t>(r)])] = true;
    return best;
}

/// Without the rows that are long.
Sets short_rows(const Sets& pattern, const LongRows& all)
{
    if (all.count == 0) return pattern;
    std::vector<std::int64_t> ids;
    for (std::size_t r = 0; r < all.is_long.size(); ++r)
        ids.push_back(all.is_long[r] ? -1 : static_cast<std::int64_t>(r));
    return picked(pattern, ids);
}

/// The products that a pattern takes, and what they cost in forward sweeps.
struct Plan {
    bool forward = true; ///< by columns; the long rows, if there are any, are pulled back
    Colours colours = {};
    LongRows apart = {};
    std::int64_t cost = 0;
};

Plan by_columns(const Sets& pattern, const SparseProducts& of, LongRows apart)
{
    Plan plan{.apart = std::move(apart)};
    if (const Sets rest = short_rows(pattern, plan.apart))
        plan.colours = colour_columns(rest, of.rows, of.columns);
    plan.cost = plan.colours.count + reverse_cost * plan.apart.count;
    return plan;
}

Plan by_rows(const Sets& columns, const SparseProducts& of)
{
    Plan plan{.forward = false, .colours = colour_columns(columns, of.columns, of.rows)};
    plan.cost = reverse_cost * plan.colours.count;
    return plan;
}

/// The one that may cost least first: the other only where it may still cost less.
Plan plan_of(const Sets& pattern, const SparseProducts& of)
{
    if (std::ranges::any_of(applies_of(std::span(&of.y, 1)), is_endless))
        return by_columns(pattern, of,
                          {std::vector<bool>(static_cast<std::size_t>(of.rows), false)});
    const Sets columns = transposed(pattern, of.rows, of.columns);
    std::int64_t tallest = 0;
    for (std::int64_t c = 0; c < of.columns; ++c)
        tallest = std::max(tallest, static_cast<std::int64_t>((*columns)[c].size()));
    LongRows apart = long_rows(pattern, of.rows);
    const std::int64_t least = apart.least_cost(), least_by_rows = reverse_cost * tallest;
    Plan best = least <= least_by_rows ? by_columns(pattern, of, apart) : by_rows(columns, of);
    if (best.cost <= std::max(least, least_by_rows)) return best;
    Plan other = best.forward ? by_rows(columns, of) : by_columns(pattern, of, std::move(apart));
    return other.cost < best.cost ? other : best;
}

/// Each long row has a colour of its own, the others none.
Colours of_long_rows(const LongRows& all)
{
    Colours colours;
    for (const bool is_long : all.is_long)
        colours.of.push_back(is_long ? colours.count++ : -1);
    return colours;
}

std::int64_t colour(const Colours& colours, std::int64_t element)
{
    return colours.of[static_cast<std::size_t>(element)];
}

} // namespace

void SparseProducts::list(const Sets& pattern, SparseMatrix& matrix) const
{
    if (!pattern) return;
    const Plan plan = plan_of(pattern, *this);
    const auto each = [&](const auto& f) {
        for (std::int64_t r = 0; r < rows; ++r)
            for (const std::int32_t c : (*pattern)[r])
                f(r, std::int64_t{c});
    };
    if (!plan.forward) {
        matrix.read_from(reverse_products(*this, plan.colours));
        each([&](std::int64_t r, std::int64_t c) {
            matrix.add(r, c, colour(plan.colours, r) * columns + c);
        });
        return;
    }
    const auto is_long = [&](std::int64_t r) {
        return plan.apart.is_long[static_cast<std::size_t>(r)];
    };
    if (plan.colours.count > 0) {
        matrix.read_from(forward_products(*this, plan.colours));
        each([&](std::int64_t r, std::int64_t c) {
            if (!is_long(r)) matrix.add(r, c, colour(plan.colours, c) * rows + r);
        });
    }
    if (plan.apart.count > 0) {
        const Colours own = of_long_rows(plan.apart);
        matrix.read_from(reverse_products(*this, own));
        each([&](std::int64_t r, std::int64_t c) {
            if (is_long(r)) matrix.add(r, c, colour(own, r) * columns + c);
        });
    }
}

void SparseProducts::list_symmetric(const Sets& pattern, SparseMatrix& matrix) const
{
    if (!pattern) return;
    const Colours colours = colour_symmetric(pattern, columns);
    const std::vector<bool> alone = alone_in_row(pattern, rows, colours);
    const auto is_alone = [&](std::int64_t r, std::int64_t c) {
        const auto row = (*pattern)[r];
        const auto at = std::ranges::lower_bound(row, c) - row.begin();
        return alone[static_cast<std::size_t>(pattern->starts[static_cast<std::size_t>(r)] + at)];
    };
    matrix.read_from(forward_products(*this, colours));
    for (std::int64_t r = 0; r < rows; ++r)
        for (const std::int32_t c : (*pattern)[r]) {
            // The upper half is read where the lower one is.
            const std::int64_t below = std::max<std::int64_t>(r, c),
                               right = std::min<std::int64_t>(r, c);
            if (is_alone(below, right))
                matrix.add(r, c, colour(colours, right) * rows + below);
            else if (is_alone(right, below))
                matrix.add(r, c, colour(colours, below) * rows + right);
            else
                throw internal_error(function, "no product has element ({}, {}) alone", r, c);
        }
}

} // namespace croton::inline v1::detail
