#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/sparse.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "dependence.hpp"

namespace croton::inline v1 {

namespace {

/// A value for a leaf that the caller gave none for.
Array any_value(const Variable& leaf, std::uint64_t key, const Location* place)
{
    std::vector<std::int64_t> extents;
    if (!detail::known_extents(leaf, extents))
        throw user_error(Code::shape, place, "check_pattern", "{} has shape {}: a value is needed",
                         describe(leaf), to_string(leaf.shape()));
    if (!is_float(leaf.dtype())) return Array::zeros(leaf.dtype(), extents);
    return Array::uniform(key, extents, DType::f64, 0.2, 1.5).cast(leaf.dtype());
}

/// The matrix' product with a vector, and the sum of the terms' absolute values.
struct Product {
    std::vector<double> value, size;
};

Product times(const SparsePattern& p, const Array& values, const Array& vector)
{
    Product y{std::vector<double>(static_cast<std::size_t>(p.rows), 0), {}};
    y.size = y.value;
    const bool by_rows = p.format == Compressed::rows;
    for (std::size_t g = 0; g + 1 < p.starts.size(); ++g)
        for (std::int32_t i = p.starts[g]; i < p.starts[g + 1]; ++i) {
            const std::int64_t other = p.indices[static_cast<std::size_t>(i)];
            const auto group = static_cast<std::int64_t>(g);
            const auto row = static_cast<std::size_t>(by_rows ? group : other);
            const double term = values.as_double(i) * vector.as_double(by_rows ? other : group);
            y.value[row] += term;
            y.size[row] += std::abs(term);
        }
    return y;
}

} // namespace

void check_pattern(const SparseVariable& derivative,
                   const Variable& y,
                   const Variable& x,
                   const Variables& inputs,
                   const std::vector<Array>& values,
                   Where where)
{
    const Location* place = locate(where);
    const SparsePattern& p = derivative.pattern;
    const Extent rows = element_count(y.shape()), columns = element_count(x.shape());
    if (p.format == Compressed::bands || !same(rows, p.rows) || !same(columns, p.columns))
        throw user_error(Code::shape, place, "check_pattern",
                         "lists of a matrix of {} x {} elements are needed", to_string(rows),
                         to_string(columns));
    const Variable x_dot = input("", x.dtype(), x.shape());
    const Variable y_dot = push_forward(std::span(&y, 1), std::span(&x, 1), std::span(&x_dot, 1),
                                        "check_pattern", place)[0];
    const Variables results{derivative.values, y_dot.is_empty() ? zeros_like(y) : y_dot};
    Variables all{x_dot};
    std::vector<Array> given{any_value(x_dot, 1, place)};
    for (const Variable& leaf : leaves(results)) {
        if (leaf.leaf() == Leaf::constant || leaf.value() == x_dot.value()) continue;
        const auto at = std::ranges::find_if(
            inputs, [&](const Variable& v) { return v.value() == leaf.value(); });
        all.push_back(leaf);
        given.push_back(at == inputs.end() ? any_value(leaf, all.size(), place)
                                           : values[static_cast<std::size_t>(at - inputs.begin())]);
    }
    const std::vector<Array> found = evaluate_reference(all, given, results);
    const Product product = times(p, found[0], given[0]);
    for (std::size_t r = 0; r < product.value.size(); ++r) {
        const double expected = found[1].as_double(static_cast<std::int64_t>(r));
        const double near =
            (y.dtype() == DType::f64 ? 1e-9 : 1e-3) * (product.size[r] + std::abs(expected) + 1);
        if (std::isfinite(expected) && !(std::abs(product.value[r] - expected) <= near))
            throw internal_error("check_pattern",
                                 "row {} of the pattern times a random vector is {}, not {}", r,
                                 product.value[r], expected);
    }
}

} // namespace croton::inline v1
