// Texts of errors about shapes, axes and indices.
#include <croton/ir/apply.hpp>
#include <croton/ir/ops.hpp>

#include <functional>

#include "support/catch.hpp"

namespace ct = croton;
using ct::_, ct::Axis, ct::slice, ct::Variable;

namespace {

template <class F>
std::string error_of(const F& f)
{
    try {
        f();
    } catch (const ct::UserError& e) {
        return std::string(e.message());
    }
    return "no error";
}

Variable of(const ct::Shape& shape, ct::DType t = ct::DType::f32)
{
    return ct::input("x", t, shape);
}

#define CHECK_ERROR(expression, text) CHECK(error_of([&] { return expression; }) == text)

} // namespace

TEST_CASE("products that do not match name both shapes and axes")
{
    CHECK_ERROR(dot(of({3, 4}), of({5, 6})),
                "dot: shapes (3, 4) and (5, 6) do not match: axis 1 of a is 4, axis 0 of b is 5");
    CHECK_ERROR(matmul(of({2, 3, 4}), of({4})), "no error");
    CHECK_ERROR(
        matmul(of({2, 3, 4}), of({3, 5})),
        "matmul: shapes (2, 3, 4) and (3, 5) do not match: axis 2 of a is 4, axis 0 of b is 3");
    CHECK_ERROR(
        matmul(of({2, 3, 4}), of({3, 4, 5})),
        "matmul: shapes (2, 3, 4) and (3, 4, 5) do not match: axis 0 of a is 2, axis 0 of b is 3");
    CHECK_ERROR(matmul(of({}), of({3})),
                "matmul: shapes () and (3): a scalar has no axis to sum over, use *");
    CHECK_ERROR(tensordot(of({2, 3}), of({3, 2}), {0, 1}, {0}),
                "tensordot: as many axes of a as of b are needed: 2 and 1");
    CHECK_ERROR(ct::einsum("ij,jk", {of({2, 3})}), "einsum: 'ij,jk': 1 operand for 2 subscripts");
    CHECK_ERROR(ct::einsum("ij->ii", {of({2, 3})}), "einsum: 'ij->ii': 'i' is twice in the result");
    CHECK_ERROR(ct::einsum("ijk", {of({2, 3})}),
                "einsum: 'ijk': 'ijk' names 3 axes of operand 0, whose rank is 2");
    CHECK_ERROR(ct::einsum("ij,jk->ik", {of({2, 3}), of({4, 5})}),
                "einsum: 'ij,jk->ik': 'j' is 3 in operand 0 and 4 in operand 1");
    CHECK_ERROR(ct::einsum("ii", {of({2, 3})}), "einsum: 'ii': 'i' is 2 and 3 in operand 0");
    CHECK_ERROR(ct::einsum("ij,jk->iq", {of({2, 3}), of({3, 5})}),
                "einsum: 'ij,jk->iq': 'q' of the result is in no operand");
    CHECK_ERROR(ct::einsum("i1,1k", {of({2, 3}), of({3, 5})}), "einsum: 'i1,1k': '1' is no letter");
    CHECK_ERROR(ct::einsum("ij,jk->ik", {of({2, 3}), of({1, 5})}), "no error");
}

TEST_CASE("axes out of range or given twice are named")
{
    CHECK_ERROR(max(of({2, 3}), Axis{2}), "max: axis 2 is out of range for rank 2");
    CHECK_ERROR(sum(of({2, 3}), {0, -2}), "sum: axis -2 is given twice");
    CHECK_ERROR(softmax(of({}), -1), "softmax: axis -1 is out of range for rank 0");
    CHECK_ERROR(stddev(of({3}), 1), "stddev: axis 1 is out of range for rank 1");
    CHECK_ERROR(cumsum(of({3}), {0, 0}), "cumsum: one axis is needed: (0, 0)");
    CHECK_ERROR(argmax(of({2, 0}), 1), "argmax: axis 1 of (2, 0) is empty");
    CHECK_ERROR(squeeze(of({2, 1}), 0),
                "squeeze: axis 0 of (2, 1) has extent 2, only an axis of extent 1 can go");
    CHECK_ERROR(expand_dims(of({2}), 5), "expand_dims: axis 5 is out of range for rank 2");
}

TEST_CASE("joining and splitting name what does not fit")
{
    CHECK_ERROR(
        ct::concatenate({of({2, 3}), of({2, 4})}),
        "concatenate: shapes (2, 3) of array 0 and (2, 4) of array 1 do not match: axis 1 is "
        "3 and 4, only axis 0 may differ");
    CHECK_ERROR(
        ct::concatenate({of({2, 3}), of({2, 5}), of({4, 3})}, 1),
        "concatenate: shapes (2, 3) of array 0 and (4, 3) of array 2 do not match: axis 0 is "
        "2 and 4, only axis 1 may differ");
    CHECK_ERROR(
        ct::concatenate({of({2, 3}), of({2})}),
        "concatenate: shapes (2, 3) of array 0 and (2) of array 1 do not match: they have 2 "
        "and 1 axes");
    CHECK_ERROR(ct::concatenate({}), "concatenate: there are no arrays");
    CHECK_ERROR(ct::concatenate({of({})}), "concatenate: scalars have no axis, use stack");
    CHECK_ERROR(ct::stack({of({2}), of({3})}),
                "stack: shapes (2) of array 0 and (3) of array 1 do not match: axis 0 is 2 and 3");
    CHECK_ERROR(ct::stack({of({2}), of({2})}, 2), "stack: axis 2 is out of range for rank 2");
    CHECK_ERROR(split(of({7}), 2), "split: axis 0 of (7) does not divide into 2 parts");
    CHECK_ERROR(split(of({7}), ct::Shape{3, 5}),
                "split: extents (3, 5) add up to 8, axis 0 of (7) is 7");
    CHECK_ERROR(unpack(of({7}), {{2, 2}, {2}}),
                "unpack: the shapes have 6 elements together, the vector 7");
    CHECK_ERROR(pad(of({2}), {1}, {-4}),
                "pad: widths (1) and (-4) cut more from axis 0 of (2) than it has");
    CHECK_ERROR(pad(of({3}), {-5}, {4}),
                "pad: widths (-5) and (4) cut more from axis 0 of (3) than it has");
}

TEST_CASE("indices out of range or of no meaning are named")
{
    CHECK_ERROR(of({3, 4})(3), "index: index 3 is out of range for axis 0 of (3, 4)");
    CHECK_ERROR(of({3, 4})(0, -5), "index: index -5 is out of range for axis 1 of (3, 4)");
    CHECK_ERROR(of({3})(0, 0), "index: 2 indices for the 1 axis of (3)");
    CHECK_ERROR(of({3})(ct::ellipsis, ct::ellipsis), "index: only one ellipsis may be given");
    CHECK_ERROR(of({3})(slice(_, _, 0)), "index: a step of 0 leads nowhere");
    for (const std::int64_t far : {INT64_MAX, INT64_MIN}) // one element, as with any long step
        CHECK(to_string(of({3})(slice(_, _, far)).shape()) == "(1)");
    CHECK_ERROR(
        slice(0, of({}, ct::DType::i64)),
        "slice: a bound may not depend on data: take(x, i + arange(k)) reads k elements from i");
    CHECK_ERROR(slice(0, Variable(ct::dim("n")) / 2),
                "slice: a bound is a whole number or an Extent, this is f64 (): half of an Extent "
                "n is floor_div(n, 2)");
    CHECK_ERROR(
        of({3})(of({3}, ct::DType::boolean)),
        "index: indices must be integers: bool, whose extent would depend on data: use where()");
    CHECK_ERROR(take(of({3}), of({3})), "take: indices must be integers: f32");
    CHECK_ERROR(take_along_axis(of({3, 4}), of({2, 1}, ct::DType::i64), 1),
                "take_along_axis: shapes (3, 4) and (2, 1) do not broadcast: axis 0 is 3 and 2");
    CHECK_ERROR(of({3}).set({ct::newaxis}, 1), "set: newaxis names no elements to change");
    CHECK_ERROR(of({3}, ct::DType::i32).set({0}, of({})),
                "set: i32 does not hold all values of f32, convert with .as(): operands are i32, "
                "f32");
}

TEST_CASE("a value that the dtype of the array does not hold is refused, a literal is converted")
{
    const Variable x = of({3}), wide = of({3}, ct::DType::f64), i = of({3}, ct::DType::i64);
    const std::string text = "f32 does not hold all values of f64, convert with .as(): operands "
                             "are f32, f64";
    CHECK_ERROR(x.set({slice(_, _)}, wide), "set: " + text);
    CHECK_ERROR(x.add({slice(0, 2)}, wide(slice(0, 2))), "add: " + text);
    CHECK_ERROR(x.set({i}, wide), "set: " + text + ", i64");
    CHECK_ERROR(ct::scatter_add(x, {i}, wide), "scatter_add: " + text + ", i64");
    CHECK_ERROR(x.set({i}, 0.1), "no error");
    CHECK_ERROR(x.set({0}, 0.1), "no error");
    CHECK_ERROR(wide.set({0}, x(0)), "no error");
    CHECK_ERROR(x.set({i}, wide.as(ct::DType::f32)), "no error");
}

TEST_CASE("a value that does not broadcast to its places is named with both shapes")
{
    const Variable x = of({3, 4}), i = of({3}, ct::DType::i64);
    CHECK_ERROR(x.set({_, 0}, of({4})),
                "set: shape (4) of the value does not broadcast to (3), that of the places: axis 0 "
                "is 4, not 3");
    CHECK_ERROR(x.add({0}, of({2, 4})),
                "add: shape (2, 4) of the value does not broadcast to (4), that of the places: it "
                "has 2 axes, not 1");
    CHECK_ERROR(ct::scatter_add(of({9}), {i}, of({4})),
                "scatter_add: shape (4) of the value does not broadcast to (3), that of the "
                "places: axis 0 is 4, not 3");
    CHECK_ERROR(broadcast_to(of({4}), {2, 3}),
                "broadcast_to: shape (4) does not broadcast to (2, 3): axis 0 is 4, not 3");
    CHECK_ERROR(broadcast_to(of({2, 1}), {3}),
                "broadcast_to: shape (2, 1) does not broadcast to (3): it has 2 axes, not 1");
}

TEST_CASE("a product with a state of a scan that has no shape yet is refused")
{
    const Variable x = of({6, 3}, ct::DType::f64), W = of({5, 5}, ct::DType::f64);
    const Variable U = of({3, 5}, ct::DType::f64);
    const auto network = [&](const Variable& row, const Variable& h) {
        return tanh(dot(row, U) + dot(h * 0.5, W));
    };
    const ct::State number = 0.0;
    const std::string text = "the state of a scan that starts as a number at " +
                             to_string(number.init.where()) +
                             " has no shape yet; give .init its shape, as zeros(f64, {5}), or "
                             "write * for a number: the other operand has shape ";
    CHECK_ERROR(ct::scan(network, {.sequences = {x}, .init = {number}}), "dot: " + text + "(5, 5)");
    const auto left = [&](const Variable& row, const Variable& h) {
        return dot(row, U) + matmul(U, h);
    };
    CHECK_ERROR(ct::scan(left, {.sequences = {x}, .init = {number}}), "matmul: " + text + "(3, 5)");
    const auto scaled = [&](const Variable& row, const Variable& h) {
        return dot(row, U) * h + dot(2.0, row(0));
    };
    CHECK_ERROR(ct::scan(scaled, {.sequences = {x}, .init = {number}}), "no error");
    CHECK_ERROR(ct::scan(network, {.sequences = {x}, .init = {ct::zeros(ct::DType::f64, {5})}}),
                "no error");
}
