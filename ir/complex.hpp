#pragma once

#include <croton/ir/dtype.hpp>
#include <croton/ir/error.hpp>

#include <string_view>

namespace croton::inline v1 {

/// Arrays hold complex numbers; no op makes or takes them.
/// throws   UserError naming `function` if `dtype` is complex.
void refuse_complex(DType dtype, std::string_view function, const Location* where);

} // namespace croton::inline v1
