#pragma once

#include <croton/croton.hpp>

#include <cstdint>

#include "support/catch.hpp"
#include "support/compiled.hpp"

namespace croton::test {

/// Checks a sparse derivative by `x`, which all inputs are, against the dense one at random places,
/// compiled and by the references; `elements` of the pattern, -1: not said.
void check_sparse(const SparseVariable& sparse,
                  const Variable& full,
                  const Variable& x,
                  Triangle triangle,
                  std::int64_t elements);

/// The same of the Jacobian of f, by rows and by columns.
template <class F>
void check_jacobian(const F& f, const Shape& shape, std::int64_t elements)
{
    const Variable x = tensor<double>("x", shape);
    const Variable y = f(x);
    for (const Compressed format : {Compressed::rows, Compressed::columns})
        check_sparse(sparse_jacobian(y, x, {.format = format}), jacobian(y, x), x, Triangle::full,
                     elements);
}

/// The same of the Hessian of f, and of its halves, which have `lower` elements.
template <class F>
void check_hessian(const F& f, const Shape& shape, std::int64_t lower, std::int64_t full)
{
    const Variable x = tensor<double>("x", shape);
    const Variable y = f(x);
    for (const Compressed format : {Compressed::rows, Compressed::columns})
        for (const Triangle t : {Triangle::full, Triangle::lower, Triangle::upper})
            check_sparse(sparse_hessian(y, x, {.format = format, .triangle = t}), hessian(y, x), x,
                         t, t == Triangle::full ? full : lower);
}

} // namespace croton::test
