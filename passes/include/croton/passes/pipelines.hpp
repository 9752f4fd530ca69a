#pragma once

#include <croton/passes/pipeline.hpp>
#include <croton/passes/rewrite.hpp>

namespace croton::inline v1 {

/// What every function goes through before its loops are scheduled; made once.
const Pipeline& cpu_pipeline();

/// Stable forms: a function gets them, and before it what is to be differentiated.
const Rewrite& stabilize();

} // namespace croton::inline v1
