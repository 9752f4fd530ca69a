#pragma once

#include <croton/ir/variable.hpp>

namespace croton::inline v1 {

/// `v` converted and broadcast to `type`; empty where its shape does not broadcast to it.
Variable conform(const Variable& v, const Type& type, const Location* where);

} // namespace croton::inline v1
