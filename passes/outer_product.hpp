#pragma once

#include <croton/ir/apply.hpp>

#include <optional>
#include <vector>

namespace croton::inline v1 {

/// An elementwise product of two arrays, each of which has an axis of the result that the other is
/// repeated along: `outer(a, b)`, and the gradient by a matrix of its product with a vector.
struct OuterProduct {
    Variable a, b;
    std::vector<int> a_axes, b_axes; ///< of each axis: which one of the result it is; -1: extent 1

    /// The sum of such products over a first axis that both have more. Of the result's type.
    Variable summed(const Variable& a_all, const Variable& b_all, const Apply& product) const;
};

/// What `product`, which multiplies, is of; none where it is no outer product.
std::optional<OuterProduct> outer_product(const Apply& product);

} // namespace croton::inline v1
