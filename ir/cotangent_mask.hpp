#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/variable.hpp>

#include <cstddef>
#include <string_view>

namespace croton::inline v1::detail {

// A cotangent that comes out of `where` is zero for what was not selected. On its way up it meets
// partial derivatives that may be infinite there (sqrt at 0), and 0 * inf is NaN. So it carries a
// mask: a bool Variable of its shape, false where the value was not selected; empty means true
// everywhere. A test for zero cotangents instead would also cut zeros that stand for something:
// second derivatives would be wrong.

/// Whether a mask changes what the op's gradient becomes: a pointwise op's is cut to it.
bool uses_mask(const Apply& apply);

/// The cotangent that a pointwise op gives for an input, cut to the mask of its result; any other
/// op's is zero outside by itself.
Variable cut_to_mask(const Apply& apply,
                     const Variable& x_bar,
                     const Variable& y_bar,
                     const Variable& y_mask);

/// Masks of an Apply's inputs from the mask of its result.
class InputMasks {
public:
    InputMasks(const Apply& apply,
               Variable y_mask,
               std::string_view function,
               const Location* place);
    Variable of(std::size_t input);

private:
    Variable transported(std::size_t input);

    const Apply& apply_;
    Variable y_mask_;
    std::string_view function_;
    const Location* place_;
    Variables counts_; ///< cotangents from the mask as 0 and 1: other than 0 where any is true
};

/// True where either is.
Variable either_mask(const Variable& a, const Variable& b);

} // namespace croton::inline v1::detail
