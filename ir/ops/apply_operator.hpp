#pragma once

#include <croton/ir/build.hpp>
#include <croton/ir/operand.hpp>

#include <span>

namespace croton::inline v1::detail {

/// An operator's Apply, at the place where its left operand was written.
inline Variable apply_operator(const Op& op, const Operand& a, const Operand& b)
{
    const Variable operands[] = {a.v, b.v};
    return apply(op, operands, {}, locate(a.where));
}
inline Variable apply_operator(const Op& op, const Operand& x)
{
    return apply(op, std::span(&x.v, 1), {}, locate(x.where));
}

} // namespace croton::inline v1::detail
