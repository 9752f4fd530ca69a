#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/passes/sparse.hpp>

#include <algorithm>

#include "derivative_checks.hpp"
#include "pattern_test.hpp"

namespace croton::inline v1 {

void check_pattern(const SparseVariable& derivative,
                   const Variable& y,
                   const Variable& x,
                   const Variables& inputs,
                   const std::vector<Array>& values,
                   Where where)
{
    const Location* place = locate(where);
    detail::check_differentiable(y, "the result", "check_pattern", place);
    detail::check_differentiable(x, "x", "check_pattern", place);
    detail::check_differentiable(derivative.values, "the value of the derivative", "check_pattern",
                                 place);
    detail::check_scopes({y, derivative.values}, {x}, "check_pattern", place);
    const SparsePattern& p = derivative.pattern;
    const Extent rows = element_count(y.shape()), columns = element_count(x.shape());
    const auto fits = [](const Extent& e, std::int64_t count) {
        return e.is_known() ? e.value() == count : count == -1;
    };
    if (!fits(rows, p.rows) || !fits(columns, p.columns))
        throw user_error(Code::shape, place, "check_pattern",
                         "the pattern of a matrix of {} x {} elements is needed", to_string(rows),
                         to_string(columns));
    const std::int64_t groups = p.format == Compressed::rows ? p.rows : p.columns;
    const bool counted = p.format == Compressed::bands ||
                         (p.starts.size() == static_cast<std::size_t>(groups) + 1 &&
                          p.starts.front() == 0 && std::ranges::is_sorted(p.starts) &&
                          static_cast<std::size_t>(p.starts.back()) == p.indices.size());
    if (!counted)
        throw user_error(Code::shape, place, "check_pattern",
                         "the pattern has {} starts for {} {} and {} indices: {} starts are "
                         "needed, which count from 0 up to the number of indices",
                         p.starts.size(), groups, p.format == Compressed::rows ? "rows" : "columns",
                         p.indices.size(), groups + 1);
    if (inputs.size() != values.size())
        throw user_error(Code::shape, place, "check_pattern", "{} values are given for {} inputs",
                         values.size(), inputs.size());
    detail::PatternTest test(derivative, y, x, "check_pattern", place);
    for (std::size_t i = 0; i < inputs.size(); ++i)
        test.given(inputs[i], values[i]);
    const auto wrong = test.run(0);
    if (!wrong) return;
    if (wrong->column < 0)
        throw internal_error("check_pattern",
                             "row {} of the pattern times a random vector is {}, not {}",
                             wrong->row, wrong->found, wrong->expected);
    throw internal_error("check_pattern",
                         "the pattern has no element in row {}, column {}, where the derivative of "
                         "{} by {} is {}",
                         wrong->row, wrong->column, describe(y), describe(x), wrong->expected);
}

} // namespace croton::inline v1
