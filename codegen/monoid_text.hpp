#pragma once

#include <croton/ir/op.hpp>

#include <string>

namespace croton::inline v1::codegen {

/// The value that changes nothing, as a literal of `t`.
std::string identity(Monoid monoid, DType t);
/// `a` combined with `b`.
std::string combine(Monoid monoid, DType t, const std::string& a, const std::string& b);
/// The statement that combines the variable or element `to` with `value`: `sum[l] += x[j];`.
std::string combine_into(Monoid monoid, DType t, const std::string& to, const std::string& value);
/// Whether `value`, later in order, replaces `best` as the extremum whose position is wanted. The
/// first NaN wins, as in NumPy.
std::string replaces(Monoid monoid, DType t, const std::string& best, const std::string& value);
/// The extremum of the two; with NaN it is NaN. That does not wait for what replaces() says.
std::string better_of(Monoid monoid, DType t, const std::string& best, const std::string& value);

} // namespace croton::inline v1::codegen
