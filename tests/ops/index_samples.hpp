#pragma once

#include "ops/samples.hpp"

namespace croton::test {

// Parts of structured_samples(): slices, positions along axes, and what is written there.
Sample index_sample(DType t);
/// Slices of single elements; of none, where no slice begins or ends at a number.
Sample short_slices_sample(DType t, bool none);
Sample gather_sample(DType t);
Sample along_sample(DType t);

} // namespace croton::test
