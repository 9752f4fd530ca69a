#include <croton/runtime/abi.hpp>
#include <croton/runtime/thread_pool.hpp>

#include <cstddef>
#include <type_traits>

namespace croton::inline v1 {

namespace {

namespace emitted {
using i32 = std::int32_t;
using i64 = std::int64_t;
using u32 = std::uint32_t;
using f32 = float;
using f64 = double;
#include "runtime_abi.h"
} // namespace emitted

#define CT_SAME(here, there, field)                                                                \
    static_assert(offsetof(here, field) == offsetof(emitted::there, field) &&                      \
                  sizeof(here::field) == sizeof(emitted::there::field))
CT_SAME(Runtime, ct_runtime, version);
CT_SAME(Runtime, ct_runtime, size);
CT_SAME(Runtime, ct_runtime, parallel_for);
CT_SAME(Runtime, ct_runtime, context);
CT_SAME(Runtime, ct_runtime, threads);
CT_SAME(Runtime, ct_runtime, reserved);
CT_SAME(Runtime, ct_runtime, launch);
CT_SAME(Runtime, ct_runtime, copy);
CT_SAME(Runtime, ct_runtime, wait);
CT_SAME(Runtime, ct_runtime, mark);
CT_SAME(Runtime, ct_runtime, library);
CT_SAME(Runtime, ct_runtime, gemm_f32);
CT_SAME(Runtime, ct_runtime, gemm_f64);
CT_SAME(Matrix, ct_matrix, elements);
CT_SAME(Matrix, ct_matrix, per_matrix);
CT_SAME(Matrix, ct_matrix, per_row);
CT_SAME(Matrix, ct_matrix, per_column);
CT_SAME(Report, ct_report, code);
CT_SAME(Report, ct_report, apply);
CT_SAME(Report, ct_report, values);
#undef CT_SAME
static_assert(sizeof(Runtime) == sizeof(emitted::ct_runtime) && std::is_standard_layout_v<Runtime>);
static_assert(sizeof(Matrix) == sizeof(emitted::ct_matrix) && std::is_standard_layout_v<Matrix>);
static_assert(sizeof(Report) == sizeof(emitted::ct_report) && std::is_standard_layout_v<Report>);

} // namespace

Runtime cpu_runtime(int threads) noexcept
{
    Runtime runtime;
    runtime.threads = threads;
    runtime.parallel_for = [](const Runtime* self, BlockFunction fn, void* context,
                              std::int64_t blocks) {
        parallel_for(blocks, fn, context, self->threads);
    };
    return runtime;
}

} // namespace croton::inline v1
