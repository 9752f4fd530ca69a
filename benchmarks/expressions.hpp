#pragma once

// W2 to W6: workloads of one expression, for benchmarks and for the test that counts.

#include "models.hpp"

namespace bench {

ModelGraph larger_and_root(croton::DType dtype); ///< W2, of any n
ModelGraph exp_tanh(croton::DType dtype);        ///< W3, of any n
ModelGraph sin_erf(croton::DType dtype);         ///< W3, of any n

// W4: over the last axis of f32 (rows, n).
ModelGraph softmax_rows(std::int64_t rows, std::int64_t n);
ModelGraph logsumexp_rows(std::int64_t rows, std::int64_t n);
ModelGraph layernorm_rows(std::int64_t rows, std::int64_t n);
ModelGraph variance_rows(std::int64_t rows, std::int64_t n);

ModelGraph sum_exp_axis(int axis); ///< W5: f32 (2048, 2048)
ModelGraph sum_exp_all();          ///< W5: f32 (2048, 2048)

ModelGraph dense_gelu(std::int64_t n, croton::DType dtype); ///< W6
ModelGraph batched_product();                               ///< W6

} // namespace bench
