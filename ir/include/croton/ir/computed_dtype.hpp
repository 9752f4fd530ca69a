#pragma once

#include <croton/ir/dtype.hpp>

namespace croton::inline v1 {

/// In what elements of a dtype are computed: f32 for 16-bit floats, else the dtype itself. An op of
/// several steps rounds once so, and the counts in it fit: f16 has none above 65,504.
inline DType computed_dtype(DType t) { return is_float(t) && size_bytes(t) == 2 ? DType::f32 : t; }

} // namespace croton::inline v1
