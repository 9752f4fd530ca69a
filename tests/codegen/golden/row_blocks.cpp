// fused_0        golden_structured.cpp:202
//
//   v0[i] = sincos(x[i] * x[i + 1]).cos
//   v1[i] = sincos(x[i] * x[i + 1]).sin
//
//   x   f64 (100000)  read
//   v0  f64 (99999)   written
//   v1  f64 (99999)   written
//
// One call: 23599764 flops; reads 800000, writes 1599984 bytes.

static i32
fused_0_fast(i64 begin, i64 end, const f64* CT_RESTRICT x, f64* CT_RESTRICT v0, f64* CT_RESTRICT v1)
{
    i32 hard = 0;
    CT_ONE_VECTOR
    for (i64 i = begin; i < end; ++i) {
        const f64 t0 = x[i] * x[i + 1];
        hard |= trig_hard_f64(t0);
        const struct sincos_result_f64 t1 = sincos_fast_f64(t0);
        v0[i] = t1.cos;
        v1[i] = t1.sin;
    }
    return hard;
}

CT_NOINLINE void fused_0_exact(i64 begin,
                               i64 end,
                               const f64* CT_RESTRICT x,
                               f64* CT_RESTRICT v0,
                               f64* CT_RESTRICT v1)
{
    for (i64 i = begin; i < end; ++i) {
        const struct sincos_result_f64 t0 = sincos_f64(x[i] * x[i + 1]);
        v0[i] = t0.cos;
        v1[i] = t0.sin;
    }
}

CT_KERNEL void
fused_0(i64 begin, i64 end, const f64* CT_RESTRICT x, f64* CT_RESTRICT v0, f64* CT_RESTRICT v1)
{
    // An argument was too large for the fast form: then all is computed again.
    const i32 hard = fused_0_fast(begin, end, x, v0, v1);
    if (hard < 0) fused_0_exact(begin, end, x, v0, v1);
}

// fused_1        golden_structured.cpp:201
//
//   u0[i] = x[i + 1] - square(x[i])
//   u1[i] = 0.1 * v0[i] * x[i + 1] + u0[i] * -2 * (2 * x[i])
//   u2[i] = 0.1 * v0[i] * x[i] + 2 * u0[i]
//   slope[i] = u1[i] + (u2[i - 1] if 0 <= i - 1 < 99999, else 0)
//   u3[i] = -x[i + 1] * v1[i] * 0.1 * x[i + 1] + (x[i] * 4 * (2 * x[i]) + u0[i] * -4)
//   u4[i] = -x[i] * v1[i] * 0.1 * x[i] + 2
//   v2[i] = u3[i] + (u4[i - 1] if 0 <= i - 1 < 99999, else 0)
//
//   v0     f64 (99999)   read
//   x      f64 (100000)  read
//   v1     f64 (99999)   read
//   slope  f64 (100000)  written
//   v2     f64 (100000)  written
//
// One call: 240 flops; reads 2399984, writes 128 bytes.

CT_KERNEL void fused_1(i64 begin,
                       i64 end,
                       const f64* CT_RESTRICT v0,
                       const f64* CT_RESTRICT x,
                       const f64* CT_RESTRICT v1,
                       f64* CT_RESTRICT slope,
                       f64* CT_RESTRICT v2)
{
    CT_LANES_8
    for (i64 i = begin; i < end; ++i) {
        const f64 x_i = x[i + 1];
        const f64 x_i_0 = x[i];
        const f64 t0 = x_i - square_f64(x_i_0);
        const f64 t1 = 2.0 * x_i_0;
        const b8 inside0 = 0 <= i - 1 && i - 1 < 99999;
        const f64 x_i_1 = inside0 ? x[i - 1] : 0.0;
        const f64 t2 = 2.0 * ((inside0 ? x[i] : 0.0) - square_f64(x_i_1));
        const f64 t3 = 0.1 * (inside0 ? v0[i - 1] : 0.0) * x_i_1 + t2;
        slope[i] = 0.1 * v0[i] * x_i + t0 * -2.0 * t1 + (inside0 ? t3 : 0.0);
        const f64 t4 = -x_i_1 * (inside0 ? v1[i - 1] : 0.0) * 0.1 * x_i_1 + 2.0;
        const f64 t5 = inside0 ? t4 : 0.0;
        v2[i] = -x_i * v1[i] * 0.1 * x_i + (x_i_0 * 4.0 * t1 + t0 * -4.0) + t5;
    }
}

// fused_2        golden_structured.cpp:201
//
//   u0[i] = x[i + 1] - square(x[i])
//   u1[i] = 0.1 * v0[i] * x[i + 1] + u0[i] * -2 * (2 * x[i])
//   u2[i] = 0.1 * v0[i] * x[i] + 2 * u0[i]
//   slope[i + 8] = u1[i + 8] + (u2[i + 7] if i + 7 < 99999, else 0)
//   u3[i] = x[i] * 4 * (2 * x[i]) + u0[i] * -4
//   u4[i] = -x[i + 1] * v1[i] * 0.1 * x[i + 1] + u3[i]
//   u5[i] = -x[i] * v1[i] * 0.1 * x[i] + 2
//   v2[i + 8] = u4[i + 8] + (u5[i + 7] if i + 7 < 99999, else 0)
//
//   v0     f64 (99999)   read
//   x      f64 (100000)  read
//   v1     f64 (99999)   read
//   slope  f64 (100000)  written
//   v2     f64 (100000)  written
//
// One call: 2999520 flops; reads 2399984, writes 1599744 bytes.

CT_KERNEL void fused_2(i64 begin,
                       i64 end,
                       const f64* CT_RESTRICT v0,
                       const f64* CT_RESTRICT x,
                       const f64* CT_RESTRICT v1,
                       f64* CT_RESTRICT slope,
                       f64* CT_RESTRICT v2)
{
    for (i64 i = begin; i < end; ++i) {
        const f64 x_i = x[i + 9];
        const f64 x_i_0 = x[i + 8];
        const f64 t0 = x_i - square_f64(x_i_0);
        const f64 t1 = 2.0 * x_i_0;
        const f64 x_i_1 = x[i + 7];
        const f64 t2 = 0.1 * v0[i + 7] * x_i_1 + 2.0 * (x_i_0 - square_f64(x_i_1));
        const f64 slope_i = 0.1 * v0[i + 8] * x_i + t0 * -2.0 * t1 + t2;
        slope[i + 8] = slope_i;
        const f64 t3 = -x_i * v1[i + 8] * 0.1 * x_i + (x_i_0 * 4.0 * t1 + t0 * -4.0);
        v2[i + 8] = t3 + (-x_i_1 * v1[i + 7] * 0.1 * x_i_1 + 2.0);
    }
}

// fused_3        golden_structured.cpp:201
//
//   u0[i] = 0.1 * v0[i]
//   u1[i] = x[i + 1] - square(x[i])
//   u2[i] = u0[i] * x[i + 1] + u1[i] * -2 * (2 * x[i])
//   u3[i] = u0[i] * x[i] + 2 * u1[i]
//   slope[i + 99992] = (u2[i + 99992] if i + 99992 < 99999, else 0) + (u3[i + 99991] if i + 9999 ..
//   u4[i] = -x[i + 1] * v1[i] * 0.1 * x[i + 1]
//   u5[i] = x[i] * 4 * (2 * x[i]) + u1[i] * -4
//   u6[i] = -x[i] * v1[i] * 0.1 * x[i]
//   v2[i + 99992] = (u4[i + 99992] + u5[i + 99992] if i + 99992 < 99999, else 0) + (u6[i + 99991 ..
//
//   v0     f64 (99999)   read
//   x      f64 (100000)  read
//   v1     f64 (99999)   read
//   slope  f64 (100000)  written
//   v2     f64 (100000)  written
//
// One call: 240 flops; reads 2399984, writes 128 bytes.

CT_KERNEL void fused_3(i64 begin,
                       i64 end,
                       const f64* CT_RESTRICT v0,
                       const f64* CT_RESTRICT x,
                       const f64* CT_RESTRICT v1,
                       f64* CT_RESTRICT slope,
                       f64* CT_RESTRICT v2)
{
    CT_LANES_8
    for (i64 i = begin; i < end; ++i) {
        const b8 inside0 = i + 99992 < 99999;
        const f64 x_i = inside0 ? x[i + 99993] : 0.0;
        const f64 x_i_0 = inside0 ? x[i + 99992] : 0.0;
        const f64 t0 = x_i - square_f64(x_i_0);
        const f64 t1 = 2.0 * x_i_0;
        const f64 t2 = 0.1 * (inside0 ? v0[i + 99992] : 0.0) * x_i + t0 * -2.0 * t1;
        const f64 t3 = inside0 ? t2 : 0.0;
        const f64 x_i_1 = x[i + 99991];
        const f64 t4 = 2.0 * (x[i + 99992] - square_f64(x_i_1));
        const f64 t5 = 0.1 * v0[i + 99991] * x_i_1 + t4;
        slope[i + 99992] = t3 + t5;
        const f64 t6 = -x_i * (inside0 ? v1[i + 99992] : 0.0) * 0.1 * x_i;
        const f64 t7 = t6 + (x_i_0 * 4.0 * t1 + t0 * -4.0);
        v2[i + 99992] = (inside0 ? t7 : 0.0) + (-x_i_1 * v1[i + 99991] * 0.1 * x_i_1 + 2.0);
    }
}

// fused_4        golden_structured.cpp:206
//
//   u0[i] = -x[i] * v1[i] * 0.1 * x[i + 1] + 0.1 * v2[i]
//   hessian[i] = v0[floor(i / 2)] if mod(i, 2) < 1, else u0[floor(i / 2)] + x[floor(i / 2)] * -4
//
//   v0       f64 (100000)  read
//   x        f64 (100000)  read
//   v1       f64 (99999)   read
//   v2       f64 (99999)   read
//   hessian  f64 (199999)  written
//
// One call: 799992 flops; reads 3199984, writes 1599984 bytes.

CT_KERNEL void fused_4(i64 begin,
                       i64 end,
                       const f64* CT_RESTRICT v0,
                       const f64* CT_RESTRICT x,
                       const f64* CT_RESTRICT v1,
                       const f64* CT_RESTRICT v2,
                       f64* CT_RESTRICT hessian)
{
    for (i64 i = begin; i < end; ++i) {
        hessian[i * 2] = v0[i];
        const f64 x_i = x[i];
        hessian[i * 2 + 1] = -x_i * v1[i] * 0.1 * x[i + 1] + 0.1 * v2[i] + x_i * -4.0;
    }
}

// fused_5: hessian[199998] = v0[99999]        golden_structured.cpp:206
//
//   v0       f64 (100000)  read
//   hessian  f64 (199999)  written
//
// One call reads 800000, writes 8 bytes.

CT_KERNEL void fused_5(const f64* CT_RESTRICT v0, f64* CT_RESTRICT hessian)
{
    hessian[199998] = v0[99999];
}

// The rows begin .. end by several kernels, in blocks that stay in the cache.
CT_KERNEL void blocks_0(i64 begin, i64 end, const f64* x, f64* slope, f64* hessian)
{
    CT_ALIGNED char rows0[5192];
    CT_ALIGNED char rows1[5192];
    CT_ALIGNED char rows2[5120];
    for (i64 row0 = begin; row0 < end; row0 += 640) {
        const i64 stop0 = min_i64(row0 + 640, end);
        f64* v0 = (f64*)((u64)(rows0 + 64) - (u64)row0 * 8);
        f64* v1 = (f64*)((u64)(rows1 + 64) - (u64)row0 * 8);
        f64* v2 = (f64*)((u64)(rows2 + 0) - (u64)row0 * 8);
        const i64 first0 = max_i64(row0 - 1, 0);
        const i64 end0 = min_i64(stop0 + 1, 100000);
        fused_0(first0, min_i64(end0, 99999), x, v0, v1);
        fused_1(row0, min_i64(stop0, 8), v0, x, v1, slope, v2);
        fused_2(max_i64(row0 - 8, 0), min_i64(stop0 - 8, 99984), v0, x, v1, slope, v2);
        fused_3(max_i64(row0 - 99992, 0), stop0 - 99992, v0, x, v1, slope, v2);
        fused_4(row0, min_i64(stop0, 99999), v2, x, v1, v0, hessian);
        if (row0 <= 99999 && 99999 < stop0) {
            fused_5(v2, hessian);
        }
    }
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt,
                  const void* const* in,
                  void* const* out,
                  const i64* extents,
                  void* workspace,
                  struct ct_report* report)
{
    if (extents[0] != 100000) return guard_failed(report, 1, extents[0], 100000);
    if (extents[1] != 100000) return guard_failed(report, 2, extents[1], 100000);
    if (extents[2] != 199999) return guard_failed(report, 3, extents[2], 199999);
    const f64* x = (const f64*)in[0];
    f64* slope = (f64*)out[0];
    f64* hessian = (f64*)out[1];
    blocks_0(0, 100000, x, slope, hessian);
    (void)rt;
    (void)workspace;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
