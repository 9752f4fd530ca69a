#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/array.hpp>
#include <croton/ir/variable.hpp>

#include <string_view>
#include <unordered_map>
#include <vector>

namespace croton::inline v1::detail {

/// What follows from constants before anything runs. Nothing else is computed.
class ConstantValues {
public:
    /// A value that is known as if it were a constant.
    void given(const Variable& v, Array value);

    /// What `v` is, if it follows; otherwise an empty one.
    Array value(const Variable& v);
    /// Of a pointwise op for each operand an array that is 0 where the derivative of the result by
    /// it is, whatever inputs are: where a constant factor is. Empty where there is none such, or
    /// none at all.
    std::vector<Array>
    slopes_with_zeros(const Apply& apply, std::string_view function, const Location* place);

private:
    Array known(const Variable& v) const;
    /// The Applies that `v` is computed from, operands first, if it follows; otherwise none.
    std::vector<Apply> computed_from(const Variable& v);
    /// What all elements are, where that is seen without computing them.
    Array uniform(const Variable& v);
    bool may_have_zeros(const Variable& v, int depth);
    /// 0 where `v` is, whatever inputs are; empty: nowhere.
    Array sure_zeros(const Variable& v, int depth);

    std::unordered_map<const Value*, Array> values_;  ///< an empty one: it does not follow
    std::unordered_map<const Value*, Array> uniform_; ///< 0-d
    Variables kept_;                                  ///< values above, alive
};

/// Whether an element is 0. Integers are false where they are.
bool has_zeros(const Array& a);

} // namespace croton::inline v1::detail
