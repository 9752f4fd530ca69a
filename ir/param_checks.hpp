#pragma once

#include <croton/ir/format.hpp>
#include <croton/ir/op.hpp>

#include <algorithm>
#include <vector>

namespace croton::inline v1::detail {

// Rules index by parameters, and a stored graph has for them whatever stands in its file: each rule
// first refuses what does not fit its operands, so that verify() does.

inline void check_count(const ShapeArgs& args, std::size_t have, std::size_t wanted)
{
    if (have != wanted)
        args.refuse(Code::shape,
                    fmt::format("its parameters are for {}, there are {}", have, wanted));
}

inline void check_axis(const ShapeArgs& args, int axis, std::size_t rank)
{
    if (axis < 0 || static_cast<std::size_t>(axis) >= rank)
        args.refuse(Code::shape, fmt::format("its parameters have axis {} of {}", axis, rank));
}

/// Each once, in any order.
inline void check_axes(const ShapeArgs& args, std::vector<int> axes, std::size_t rank)
{
    for (const int axis : axes)
        check_axis(args, axis, rank);
    std::ranges::sort(axes);
    if (std::ranges::adjacent_find(axes) != axes.end())
        args.refuse(Code::shape, "its parameters have an axis twice");
}

/// Ascending, as most ops keep them.
inline void
check_ascending_axes(const ShapeArgs& args, const std::vector<int>& axes, std::size_t rank)
{
    for (std::size_t i = 0; i < axes.size(); ++i) {
        check_axis(args, axes[i], rank);
        if (i > 0 && axes[i - 1] >= axes[i])
            args.refuse(Code::shape, "its parameters have axes that do not ascend");
    }
}

inline void check_rank(const ShapeArgs& args, std::size_t operand, std::size_t rank)
{
    if (args.shape(operand).size() != rank)
        args.refuse(Code::shape, fmt::format("operand {} has rank {}, not {}", operand + 1,
                                             args.shape(operand).size(), rank));
}

/// The result has the first operand's dtype, which must hold all values of the second's.
inline void first_dtype(DTypeArgs& args)
{
    same_dtype(args);
    OperandDType& value = args.operands[1];
    if (!value.weak && promote(value.dtype, args.result) != args.result)
        args.refuse(fmt::format("{} does not hold all values of {}, convert with .as()",
                                name(args.result), name(value.dtype)));
    value.dtype = args.result;
}

/// UserError of `function` where a value of that shape never broadcasts to the `shape` of the
/// places that it is for.
void check_broadcast(const Shape& value,
                     const Shape& shape,
                     std::string_view function,
                     const Location* where);

/// Two types that are one: extents that differ only at the call are required to be equal.
inline void require_same(ShapeArgs& args,
                         const Type& a,
                         const Type& b,
                         std::string_view what,
                         std::string_view shapes = "{} and {}")
{
    const Shape &x = a.data()->shape, &y = b.data()->shape;
    if (a.dtype() != b.dtype() || x.size() != y.size())
        args.refuse(Code::shape, fmt::format("{} is {} and {}", what, to_string(a), to_string(b)));
    for (std::size_t i = 0; i < x.size(); ++i)
        if (!same(x[i], y[i]))
            args.require_equal(x[i], y[i], fmt::format("axis {} of {} {}", i, what, shapes),
                               {x, y});
}

} // namespace croton::inline v1::detail
