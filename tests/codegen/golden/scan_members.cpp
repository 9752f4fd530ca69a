// steps_0        golden_structured.cpp:215, 217
//
//   for t from 0 to 20 - 1:
//     next x[i] = sincos(rate * x[i]).sin + x0[i]
//     kept1[t, i] = sincos(rate * x[i]).cos
//   u0[i] = scan(noise[j, i], x[i], rate)
//   partial[b] = sum_j(square(u0[j])) of block b
//   for t from 20 - 1 down to 0:
//     next state0[i] = state0[i] * kept1[i] * rate
//     next state1[i] = state1[i] + state0[i] * kept1[i] * x[i]
//   u1[i] = scan(kept0[i - 1, j] if 0 <= i - 1 < 20, else x[j], kept1[i, j], 2 * u0[i], 0, rate)
//   partial_0[b] = sum_j(u1[j]) of block b
//
//   noise      f64 (n, 20)          read
//   x          f64 (n)              read
//   rate       f64 ()               read
//   partial    f64 (ceil(n / 256))  written
//   partial_0  f64 (ceil(n / 256))  written
//
// One call: 4824 n flops; reads 168 n + 8, writes 16 ceil(n / 256) bytes.

static i32 steps_0_fast(i64 begin,
                        i64 end,
                        i64 n,
                        const f64* CT_RESTRICT noise,
                        const f64* CT_RESTRICT x,
                        const f64* CT_RESTRICT rate,
                        f64* CT_RESTRICT partial,
                        f64* CT_RESTRICT partial_0)
{
    i32 hard = 0;
    const f64 rate_0 = rate[0];
    for (i64 block = begin; block < end; ++block) {
        f64 sum[16] = {0};
        f64 sum2[16] = {0};
        const i64 count = min_i64(block * 256 + 256, n);
        const i64 full = count - (count - block * 256) % 16;
        for (i64 i0 = block * 256; i0 < full; i0 += 16) {
            f64 noise_0[320];
            transpose_f64(&noise[i0 * 20], 20, 16, 20, noise_0, 16);
            f64 kept0[320];
            f64 kept1[320];
            f64 x_i[16];
            f64 t0[16];
            f64 x_i_0[16];
            for (i64 l = 0; l < 16; ++l) {
                const i64 i = i0 + l;
                x_i[l] = x[i];
                x_i_0[l] = x_i[l];
            }
            for (i64 j = 0; j < 20; ++j) {
                prefetch_rows_f64(&noise[(i0 + 16) * 20], 20, 16, j);
                for (i64 l = 0; l < 16; ++l) {
                    const f64 t1 = rate_0 * x_i_0[l];
                    hard |= trig_hard_f64(t1);
                    const struct sincos_result_f64 t2 = sincos_fast_f64(t1);
                    const f64 t3 = t2.sin + noise_0[j * 16 + l];
                    kept0[j * 16 + l] = t3;
                    kept1[j * 16 + l] = t2.cos;
                    x_i_0[l] = t3;
                }
            }
            f64 state0[16];
            f64 state1[16];
            for (i64 l = 0; l < 16; ++l) {
                t0[l] = square_f64(x_i_0[l]);
                state0[l] = 2.0 * x_i_0[l];
                state1[l] = 0.0;
            }
            for (i64 j = 20; j-- > 0;) {
                for (i64 l = 0; l < 16; ++l) {
                    const f64 t4 = state0[l] * kept1[j * 16 + l];
                    const b8 inside0 = 0 <= j - 1 && j - 1 < 20;
                    const f64 next = t4 * rate_0;
                    const f64 next_0 = state1[l] + t4 * (inside0 ? kept0[j * 16 + l - 16] : x_i[l]);
                    state0[l] = next;
                    state1[l] = next_0;
                }
            }
            for (i64 l = 0; l < 16; ++l) {
                sum[l] += t0[l];
                sum2[l] += state1[l];
            }
        }
        if (full < count) {
            f64 noise_0[320];
            transpose_f64(&noise[full * 20], 20, count - full, 20, noise_0, 16);
            f64 kept0[320];
            f64 kept1[320];
            f64 x_i[16];
            f64 t0[16];
            f64 x_i_0[16];
            for (i64 l = 0; l < count - full; ++l) {
                const i64 i = full + l;
                x_i[l] = x[i];
                x_i_0[l] = x_i[l];
            }
            for (i64 j = 0; j < 20; ++j) {
                for (i64 l = 0; l < count - full; ++l) {
                    const f64 t1 = rate_0 * x_i_0[l];
                    hard |= trig_hard_f64(t1);
                    const struct sincos_result_f64 t2 = sincos_fast_f64(t1);
                    const f64 t3 = t2.sin + noise_0[j * 16 + l];
                    kept0[j * 16 + l] = t3;
                    kept1[j * 16 + l] = t2.cos;
                    x_i_0[l] = t3;
                }
            }
            f64 state0[16];
            f64 state1[16];
            for (i64 l = 0; l < count - full; ++l) {
                t0[l] = square_f64(x_i_0[l]);
                state0[l] = 2.0 * x_i_0[l];
                state1[l] = 0.0;
            }
            for (i64 j = 20; j-- > 0;) {
                for (i64 l = 0; l < count - full; ++l) {
                    const f64 t4 = state0[l] * kept1[j * 16 + l];
                    const b8 inside0 = 0 <= j - 1 && j - 1 < 20;
                    const f64 next = t4 * rate_0;
                    const f64 next_0 = state1[l] + t4 * (inside0 ? kept0[j * 16 + l - 16] : x_i[l]);
                    state0[l] = next;
                    state1[l] = next_0;
                }
            }
            for (i64 l = 0; l < count - full; ++l) {
                sum[l] += t0[l];
                sum2[l] += state1[l];
            }
        }
        partial[block] = sum_lanes_f64(sum);
        partial_0[block] = sum_lanes_f64(sum2);
    }
    return hard;
}

CT_NOINLINE void steps_0_exact(i64 begin,
                               i64 end,
                               i64 n,
                               const f64* CT_RESTRICT noise,
                               const f64* CT_RESTRICT x,
                               const f64* CT_RESTRICT rate,
                               f64* CT_RESTRICT partial,
                               f64* CT_RESTRICT partial_0)
{
    const f64 rate_0 = rate[0];
    for (i64 block = begin; block < end; ++block) {
        f64 sum[16] = {0};
        f64 sum2[16] = {0};
        const i64 count = min_i64(block * 256 + 256, n);
        const i64 full = count - (count - block * 256) % 16;
        for (i64 i0 = block * 256; i0 < full; i0 += 16) {
            f64 noise_0[320];
            transpose_f64(&noise[i0 * 20], 20, 16, 20, noise_0, 16);
            f64 kept0[320];
            f64 kept1[320];
            f64 x_i[16];
            f64 t0[16];
            f64 x_i_0[16];
            for (i64 l = 0; l < 16; ++l) {
                const i64 i = i0 + l;
                x_i[l] = x[i];
                x_i_0[l] = x_i[l];
            }
            for (i64 j = 0; j < 20; ++j) {
                prefetch_rows_f64(&noise[(i0 + 16) * 20], 20, 16, j);
                for (i64 l = 0; l < 16; ++l) {
                    const struct sincos_result_f64 t1 = sincos_f64(rate_0 * x_i_0[l]);
                    const f64 t2 = t1.sin + noise_0[j * 16 + l];
                    kept0[j * 16 + l] = t2;
                    kept1[j * 16 + l] = t1.cos;
                    x_i_0[l] = t2;
                }
            }
            f64 state0[16];
            f64 state1[16];
            for (i64 l = 0; l < 16; ++l) {
                t0[l] = square_f64(x_i_0[l]);
                state0[l] = 2.0 * x_i_0[l];
                state1[l] = 0.0;
            }
            for (i64 j = 20; j-- > 0;) {
                for (i64 l = 0; l < 16; ++l) {
                    const f64 t3 = state0[l] * kept1[j * 16 + l];
                    const b8 inside0 = 0 <= j - 1 && j - 1 < 20;
                    const f64 next = t3 * rate_0;
                    const f64 next_0 = state1[l] + t3 * (inside0 ? kept0[j * 16 + l - 16] : x_i[l]);
                    state0[l] = next;
                    state1[l] = next_0;
                }
            }
            for (i64 l = 0; l < 16; ++l) {
                sum[l] += t0[l];
                sum2[l] += state1[l];
            }
        }
        if (full < count) {
            f64 noise_0[320];
            transpose_f64(&noise[full * 20], 20, count - full, 20, noise_0, 16);
            f64 kept0[320];
            f64 kept1[320];
            f64 x_i[16];
            f64 t0[16];
            f64 x_i_0[16];
            for (i64 l = 0; l < count - full; ++l) {
                const i64 i = full + l;
                x_i[l] = x[i];
                x_i_0[l] = x_i[l];
            }
            for (i64 j = 0; j < 20; ++j) {
                for (i64 l = 0; l < count - full; ++l) {
                    const struct sincos_result_f64 t1 = sincos_f64(rate_0 * x_i_0[l]);
                    const f64 t2 = t1.sin + noise_0[j * 16 + l];
                    kept0[j * 16 + l] = t2;
                    kept1[j * 16 + l] = t1.cos;
                    x_i_0[l] = t2;
                }
            }
            f64 state0[16];
            f64 state1[16];
            for (i64 l = 0; l < count - full; ++l) {
                t0[l] = square_f64(x_i_0[l]);
                state0[l] = 2.0 * x_i_0[l];
                state1[l] = 0.0;
            }
            for (i64 j = 20; j-- > 0;) {
                for (i64 l = 0; l < count - full; ++l) {
                    const f64 t3 = state0[l] * kept1[j * 16 + l];
                    const b8 inside0 = 0 <= j - 1 && j - 1 < 20;
                    const f64 next = t3 * rate_0;
                    const f64 next_0 = state1[l] + t3 * (inside0 ? kept0[j * 16 + l - 16] : x_i[l]);
                    state0[l] = next;
                    state1[l] = next_0;
                }
            }
            for (i64 l = 0; l < count - full; ++l) {
                sum[l] += t0[l];
                sum2[l] += state1[l];
            }
        }
        partial[block] = sum_lanes_f64(sum);
        partial_0[block] = sum_lanes_f64(sum2);
    }
}

CT_KERNEL void steps_0(i64 begin,
                       i64 end,
                       i64 n,
                       const f64* CT_RESTRICT noise,
                       const f64* CT_RESTRICT x,
                       const f64* CT_RESTRICT rate,
                       f64* CT_RESTRICT partial,
                       f64* CT_RESTRICT partial_0)
{
    // An argument was too large for the fast form: then all is computed again.
    const i32 hard = steps_0_fast(begin, end, n, noise, x, rate, partial, partial_0);
    if (hard < 0) steps_0_exact(begin, end, n, noise, x, rate, partial, partial_0);
}

// fused_1        golden_structured.cpp:217, 215
//
//   value = sum_i partial[i]
//   v0 = sum_i partial_0[i]
//
//   partial    f64 (ceil(n / 256))  read
//   partial_0  f64 (ceil(n / 256))  read
//   value      f64 ()               written
//   v0         f64 ()               written
//
// One call: 2 ceil(n / 256) flops; reads 16 ceil(n / 256), writes 16 bytes.

CT_KERNEL void fused_1(i64 n,
                       const f64* CT_RESTRICT partial,
                       const f64* CT_RESTRICT partial_0,
                       f64* CT_RESTRICT value,
                       f64* CT_RESTRICT v0)
{
    const i64 count = floor_div_i64(n + 255, 256);
    f64 sum[16] = {0};
    f64 sum2[16] = {0};
    const i64 full = count - count % 16;
    for (i64 part = 0; part < full; part += 16384) {
        const i64 part_end = min_i64(part + 16384, full);
        f64 part_sum[16] = {0};
        f64 part_sum2[16] = {0};
        for (i64 i0 = part; i0 < part_end; i0 += 16) {
            CT_LANES
            for (i64 l = 0; l < 16; ++l) {
                const i64 i = i0 + l;
                part_sum[l] += partial[i];
                part_sum2[l] += partial_0[i];
            }
        }
        CT_LANES
        for (i64 l = 0; l < 16; ++l)
            sum[l] += part_sum[l];
        CT_LANES
        for (i64 l = 0; l < 16; ++l)
            sum2[l] += part_sum2[l];
    }
    for (i64 l = 0; l < count - full; ++l) {
        const i64 i = full + l;
        sum[l] += partial[i];
        sum2[l] += partial_0[i];
    }
    value[0] = sum_lanes_f64(sum);
    v0[0] = sum_lanes_f64(sum2);
}

// Checks extents, then calls the kernels in order. Returns 0, or what failed.
CT_EXPORT i32 run(const struct ct_runtime* rt,
                  const void* const* in,
                  void* const* out,
                  const i64* extents,
                  void* workspace,
                  struct ct_report* report)
{
    const i64 n = extents[0];
    if (extents[1] != n) return guard_failed(report, 1, extents[1], n);
    if (extents[2] != 20) return guard_failed(report, 2, extents[2], 20);
    const f64* x = (const f64*)in[0];
    const f64* noise = (const f64*)in[1];
    const f64* rate = (const f64*)in[2];
    f64* value = (f64*)out[0];
    f64* y0 = (f64*)out[1];
    char* const work = (char*)workspace;
    const i64 end0 = 0 + align_64(floor_div_i64(n + 255, 256) * 8);
    f64* partial = (f64*)(work + 0);
    f64* partial_0 = (f64*)(work + end0);
    steps_0(0, floor_div_i64(n + 255, 256), n, noise, x, rate, partial, partial_0);
    fused_1(n, partial, partial_0, value, y0);
    (void)rt;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    const i64 n = extents[0];
    const i64 end0 = 0 + align_64(floor_div_i64(n + 255, 256) * 8);
    const i64 end1 = end0 + align_64(floor_div_i64(n + 255, 256) * 8);
    return end1;
}
