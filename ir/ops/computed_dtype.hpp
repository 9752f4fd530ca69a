#pragma once

#include <croton/ir/dtype.hpp>

namespace croton::inline v1 {

/// In what an op of several steps computes: f32 for 16-bit floats, so that it rounds once and the
/// counts in it fit, of which f16 has none above 65,504; else the dtype itself.
inline DType computed_dtype(DType t) { return is_float(t) && size_bytes(t) == 2 ? DType::f32 : t; }

} // namespace croton::inline v1
