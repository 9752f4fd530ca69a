#pragma once

#include <croton/ir/variable.hpp>

#include <cstdint>
#include <map>

namespace croton::inline v1::detail {

/// Cotangents of one value that are 0 but for one row along an axis, as those of x(0), x(1), ..:
/// kept apart until all are there, then joined. Sums of whole arrays would take n additions for
/// each element.
class RowCotangents {
public:
    /// Whether `bar` is of that kind, along the axis of those before: then it is added to them.
    bool take(const Variable& bar);
    /// All of them as one value; empty where there are none.
    Variable joined() const;

private:
    Variable first_; ///< the first one, whole
    int count_ = 0;
    int axis_ = -1;
    std::map<std::int64_t, Variable> rows_; ///< by position, with extent 1 along the axis
};

} // namespace croton::inline v1::detail
