#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/passes/sparse.hpp>

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
    const SparsePattern& p = derivative.pattern;
    const Extent rows = element_count(y.shape()), columns = element_count(x.shape());
    const auto fits = [](const Extent& e, std::int64_t count) {
        return e.is_known() ? e.value() == count : count == -1;
    };
    if (!fits(rows, p.rows) || !fits(columns, p.columns))
        throw user_error(Code::shape, place, "check_pattern",
                         "the pattern of a matrix of {} x {} elements is needed", to_string(rows),
                         to_string(columns));
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
