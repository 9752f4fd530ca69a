#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/variable.hpp>
#include <croton/passes/grad.hpp>

#include <cstddef>
#include <string_view>

namespace croton::inline v1::detail {

/// UserError unless `v` is a floating-point Variable; `role` says what it was given as.
void check_differentiable(const Variable& v,
                          std::string_view role,
                          std::string_view function,
                          const Location* place);
/// That nothing of a derivative was kept from inside a loop's step, or a batch's member.
void check_scopes(const Variables& ys,
                  const Variables& xs,
                  std::string_view function,
                  const Location* place);
/// That as many cotangents or tangents are given as there is something that they are for.
void check_count(std::size_t given,
                 std::string_view given_name,
                 std::size_t of,
                 std::string_view of_name,
                 std::string_view function,
                 const Location* place);
/// A cotangent or tangent as the user gave it, converted and broadcast to the type of what it is
/// for.
Variable as_direction(const Variable& direction,
                      const Variable& of,
                      std::string_view function,
                      const Location* place);

/// Whether it is a loop that nothing bounds, or has one inside: these have a forward mode only.
bool is_endless(const Apply& a);

/// grad() for `function`, which the user called.
Variables gradient(const Variable& y,
                   const Variables& xs,
                   GradOptions options,
                   std::string_view function,
                   const Location* place);

} // namespace croton::inline v1::detail
