#pragma once

#include <croton/passes/pipeline.hpp>

namespace croton::inline v1 {

/// What every function goes through before its loops are scheduled; made once.
const Pipeline& cpu_pipeline();

} // namespace croton::inline v1
