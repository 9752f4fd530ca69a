#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/variable.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace croton::inline v1::detail {

// A cotangent that comes out of `where` is zero for what was not selected. On its way up it meets
// partial derivatives that may be infinite there (sqrt at 0), and 0 * inf is NaN. So it carries a
// mask: a bool Variable of its shape, false where the value was not selected; empty means true
// everywhere. A test for zero cotangents instead would also cut zeros that stand for something:
// second derivatives would be wrong.

/// Cotangents and their masks, number by number.
struct MaskedBars {
    Variables bars, masks;
};

/// Whether a mask changes what the op's gradient becomes: that of an op which only moves or adds
/// elements is zero outside by itself.
bool uses_mask(const Apply& apply);

/// What the mask of an Apply's result says of its inputs. Not for scans, whose masks are part of
/// their loop.
class InputMasks {
public:
    InputMasks(const Apply& apply,
               Variable y_mask,
               std::string_view function,
               const Location* place);

    /// The mask of the input's cotangent: false where no selected element depends on it.
    Variable of(std::size_t input);
    /// The cotangent that the op gives for an input, cut to its mask.
    Variable cut(std::size_t input, const Variable& x_bar, const Variable& y_bar);
    /// The inputs (outputs) as the op's gradient may see them: where it adds up products with what
    /// does not count, finite numbers stand in that place.
    Variables inputs();
    Variables outputs();

private:
    Variable find(std::size_t input);
    Variable transported(std::size_t input);
    Variable contracted(std::size_t input);
    Variable through_expansion(std::size_t input);
    bool adds_products() const;

    const Apply& apply_;
    Variable y_mask_;
    std::string_view function_;
    const Location* place_;
    std::vector<std::optional<Variable>> found_;
    Variables counts_;    ///< cotangents from the mask as 0 and 1: other than 0 where any is true
    Variables expansion_; ///< masks of a composite's inputs
};

} // namespace croton::inline v1::detail
