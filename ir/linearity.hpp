#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/variable.hpp>

#include <span>
#include <string>

namespace croton::inline v1::detail {

/// The first op between `us` and `values` of which the reverse rule needs what depends on `us`, so
/// that `values` cannot be seen to be linear in them. Empty: no single op is that.
Apply first_not_linear(std::span<const Variable> values, std::span<const Variable> us);

/// "cannot be seen to be linear in the cotangents because of mul (model.cpp:12), so no forward mode
/// follows from it": of the values of a user's rule, and what they are to be linear `in`.
std::string not_seen_linear(const Apply& because, std::string_view in, std::string_view mode);
/// What else a user may do where that op is a loop; else empty.
std::string instead_of_loop(const Apply& because);

} // namespace croton::inline v1::detail
