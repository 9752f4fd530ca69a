#pragma once

#include <croton/ir/op.hpp>
#include <croton/ir/variable.hpp>

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1 {

/// Applies `op`: converts operands by its dtype rule, broadcasts them if it is pointwise, finds the
/// result's type. The first output.
///
/// errors  UserError naming the op, shapes and dtypes, at the user's line.
/// cost    one allocation, about a microsecond; each conversion or broadcast is an Apply more.
Variable apply(const Op& op,
               std::initializer_list<Variable> operands,
               Params params = {},
               Where where = Where::current());
Variable
apply(const Op& op, std::span<const Variable> operands, Params params, const Location* where);
/// All outputs.
Variables
apply_all(const Op& op, std::span<const Variable> operands, Params params, const Location* where);

/// An Apply with types as given, nothing converted and nothing checked: for passes that copy
/// graphs.
Variables rebuild(const Op& op,
                  std::span<const Variable> inputs,
                  Params params,
                  std::span<const Type> types,
                  const Location* where,
                  bool weak = false,
                  std::vector<Requirement> requirements = {});

/// A constant that holds `value` itself; weak ones take the dtype of what they meet.
Variable constant(Array value, const Location* where, bool weak = false);
/// Whether a number keeps its value in `to`; floats round it, but a finite one stays finite.
bool number_fits(const Array& number, DType to);
/// Why a number cannot be the value of an input: "300 does not fit". Empty where it can: it fits,
/// and an integer is exact in floats as well; a float is rounded.
std::string misfit(const Array& number, DType to);
/// A weak literal in the dtype that it takes; other values as they are. UserError where it does not
/// fit.
Variable literal_as(const Variable& v, DType to, std::string_view function, const Location* where);
/// A constant of `like`'s dtype and shape with every element `value`.
Variable full_like(const Variable& like, double value);
Variable zeros_like(const Variable& like);
Variable ones_like(const Variable& like);

/// A wildcard of a rewrite rule.
Variable wildcard(std::string_view name);

/// The shape that pointwise operands have together, aligned from the right; an axis broadcasts only
/// where its extent is known to be 1. Undecided equalities are added to `requirements`.
Shape broadcast_shape(const Op& op,
                      std::span<const Variable> operands,
                      const Location* where,
                      std::vector<Requirement>& requirements);

/// throws   UserError naming `function` where one of `operands` is an empty Variable; they count
///          from 0.
void refuse_empty(std::string_view function,
                  const Where& where,
                  std::initializer_list<const Variable*> operands);
void refuse_empty(std::string_view function, const Where& where, const Variables& operands);

/// Arrays hold complex numbers; no op makes or takes them.
/// throws   UserError naming `function` if `dtype` is complex.
void refuse_complex(DType dtype, std::string_view function, const Location* where);
/// throws   UserError naming `function` where the known extents alone make more bytes than are
/// counted.
void refuse_too_large(const Type& type, std::string_view function, const Location* where);
/// throws   UserError naming `function` where an extent is negative for all values.
void refuse_negative(const Shape& shape, std::string_view function, const Location* where);

/// Converts a possibly negative axis of `rank`; UserError naming `function` when out of range.
int normalize_axis(int axis, int rank, std::string_view function, const Location* where);
/// The same for several: sorted; UserError where one is given twice.
std::vector<int> normalize_axes(std::span<const int> axes,
                                int rank,
                                std::string_view function,
                                const Location* where);

/// If `v` is a constant, or a cast or broadcast of one, whose elements are all equal: that value.
/// Returns whether it is.
bool uniform_value(const Variable& v, double& value);

} // namespace croton::inline v1
