// steps_0        golden_structured.cpp:187
//
//   for t from 0 to 20 - 1:
//     next x[i] = sin(rate * x[i]) + x0[i]
//     kept1[t, i] = cos(rate * x[i])
//   for t from 20 - 1 down to 0:
//     next state0[i] = state0[i] * kept1[i] * rate
//     next state1[i] = state1[i] + state0[i] * kept1[i] * x[i]
//
//   noise  f64 (n, 20)  read
//   x      f64 (n)      read
//   rate   f64 ()       read
//   v0     f64 (n)      written
//   v1     f64 (n)      written
//
// One call: 3981 n flops; reads 168 n + 8, writes 16 n bytes.

static i32 steps_0_fast(i64 begin,
                        i64 end,
                        const f64* CT_RESTRICT noise,
                        const f64* CT_RESTRICT x,
                        const f64* CT_RESTRICT rate,
                        f64* CT_RESTRICT v0,
                        f64* CT_RESTRICT v1)
{
    i32 hard = 0;
    const f64 rate_0 = rate[0];
    const i64 full = end - (end - begin) % 16;
    for (i64 i0 = begin; i0 < full; i0 += 16) {
        f64 noise_0[320];
        for (i64 l = 0; l < 16; ++l) {
            const i64 i = i0 + l;
            for (i64 r0 = 0; r0 < 20; ++r0) {
                noise_0[r0 * 16 + l] = noise[i * 20 + r0];
            }
        }
        f64 kept0[320];
        f64 kept1[320];
        f64 x_i[16];
        f64 x_i_0[16];
        for (i64 l = 0; l < 16; ++l) {
            const i64 i = i0 + l;
            x_i[l] = x[i];
            x_i_0[l] = x_i[l];
        }
        for (i64 j = 0; j < 20; ++j) {
            for (i64 l = 0; l < 16; ++l) {
                const f64 t0 = rate_0 * x_i_0[l];
                hard |= trig_hard_f64(t0);
                const f64 t1 = sin_fast_f64(t0) + noise_0[j * 16 + l];
                kept0[j * 16 + l] = t1;
                kept1[j * 16 + l] = cos_fast_f64(t0);
                x_i_0[l] = t1;
            }
        }
        f64 state0[16];
        f64 state1[16];
        for (i64 l = 0; l < 16; ++l) {
            const i64 i = i0 + l;
            v0[i] = x_i_0[l];
            state0[l] = 2.0 * x_i_0[l];
            state1[l] = 0.0;
        }
        for (i64 j = 20; j-- > 0;) {
            for (i64 l = 0; l < 16; ++l) {
                const f64 t2 = state0[l] * kept1[j * 16 + l];
                const b8 inside0 = 0 <= j - 1 && j - 1 < 20;
                const f64 next = t2 * rate_0;
                const f64 next_0 = state1[l] + t2 * (inside0 ? kept0[j * 16 + l - 16] : x_i[l]);
                state0[l] = next;
                state1[l] = next_0;
            }
        }
        for (i64 l = 0; l < 16; ++l) {
            const i64 i = i0 + l;
            v1[i] = state1[l];
        }
    }
    if (full < end) {
        f64 noise_0[320];
        for (i64 l = 0; l < end - full; ++l) {
            const i64 i = full + l;
            for (i64 r0 = 0; r0 < 20; ++r0) {
                noise_0[r0 * 16 + l] = noise[i * 20 + r0];
            }
        }
        f64 kept0[320];
        f64 kept1[320];
        f64 x_i[16];
        f64 x_i_0[16];
        for (i64 l = 0; l < end - full; ++l) {
            const i64 i = full + l;
            x_i[l] = x[i];
            x_i_0[l] = x_i[l];
        }
        for (i64 j = 0; j < 20; ++j) {
            for (i64 l = 0; l < end - full; ++l) {
                const f64 t0 = rate_0 * x_i_0[l];
                hard |= trig_hard_f64(t0);
                const f64 t1 = sin_fast_f64(t0) + noise_0[j * 16 + l];
                kept0[j * 16 + l] = t1;
                kept1[j * 16 + l] = cos_fast_f64(t0);
                x_i_0[l] = t1;
            }
        }
        f64 state0[16];
        f64 state1[16];
        for (i64 l = 0; l < end - full; ++l) {
            const i64 i = full + l;
            v0[i] = x_i_0[l];
            state0[l] = 2.0 * x_i_0[l];
            state1[l] = 0.0;
        }
        for (i64 j = 20; j-- > 0;) {
            for (i64 l = 0; l < end - full; ++l) {
                const f64 t2 = state0[l] * kept1[j * 16 + l];
                const b8 inside0 = 0 <= j - 1 && j - 1 < 20;
                const f64 next = t2 * rate_0;
                const f64 next_0 = state1[l] + t2 * (inside0 ? kept0[j * 16 + l - 16] : x_i[l]);
                state0[l] = next;
                state1[l] = next_0;
            }
        }
        for (i64 l = 0; l < end - full; ++l) {
            const i64 i = full + l;
            v1[i] = state1[l];
        }
    }
    return hard;
}

CT_NOINLINE void steps_0_exact(i64 begin,
                               i64 end,
                               const f64* CT_RESTRICT noise,
                               const f64* CT_RESTRICT x,
                               const f64* CT_RESTRICT rate,
                               f64* CT_RESTRICT v0,
                               f64* CT_RESTRICT v1)
{
    const f64 rate_0 = rate[0];
    const i64 full = end - (end - begin) % 16;
    for (i64 i0 = begin; i0 < full; i0 += 16) {
        f64 noise_0[320];
        for (i64 l = 0; l < 16; ++l) {
            const i64 i = i0 + l;
            for (i64 r0 = 0; r0 < 20; ++r0) {
                noise_0[r0 * 16 + l] = noise[i * 20 + r0];
            }
        }
        f64 kept0[320];
        f64 kept1[320];
        f64 x_i[16];
        f64 x_i_0[16];
        for (i64 l = 0; l < 16; ++l) {
            const i64 i = i0 + l;
            x_i[l] = x[i];
            x_i_0[l] = x_i[l];
        }
        for (i64 j = 0; j < 20; ++j) {
            for (i64 l = 0; l < 16; ++l) {
                const f64 t0 = rate_0 * x_i_0[l];
                const f64 t1 = sin_f64(t0) + noise_0[j * 16 + l];
                kept0[j * 16 + l] = t1;
                kept1[j * 16 + l] = cos_f64(t0);
                x_i_0[l] = t1;
            }
        }
        f64 state0[16];
        f64 state1[16];
        for (i64 l = 0; l < 16; ++l) {
            const i64 i = i0 + l;
            v0[i] = x_i_0[l];
            state0[l] = 2.0 * x_i_0[l];
            state1[l] = 0.0;
        }
        for (i64 j = 20; j-- > 0;) {
            for (i64 l = 0; l < 16; ++l) {
                const f64 t2 = state0[l] * kept1[j * 16 + l];
                const b8 inside0 = 0 <= j - 1 && j - 1 < 20;
                const f64 next = t2 * rate_0;
                const f64 next_0 = state1[l] + t2 * (inside0 ? kept0[j * 16 + l - 16] : x_i[l]);
                state0[l] = next;
                state1[l] = next_0;
            }
        }
        for (i64 l = 0; l < 16; ++l) {
            const i64 i = i0 + l;
            v1[i] = state1[l];
        }
    }
    if (full < end) {
        f64 noise_0[320];
        for (i64 l = 0; l < end - full; ++l) {
            const i64 i = full + l;
            for (i64 r0 = 0; r0 < 20; ++r0) {
                noise_0[r0 * 16 + l] = noise[i * 20 + r0];
            }
        }
        f64 kept0[320];
        f64 kept1[320];
        f64 x_i[16];
        f64 x_i_0[16];
        for (i64 l = 0; l < end - full; ++l) {
            const i64 i = full + l;
            x_i[l] = x[i];
            x_i_0[l] = x_i[l];
        }
        for (i64 j = 0; j < 20; ++j) {
            for (i64 l = 0; l < end - full; ++l) {
                const f64 t0 = rate_0 * x_i_0[l];
                const f64 t1 = sin_f64(t0) + noise_0[j * 16 + l];
                kept0[j * 16 + l] = t1;
                kept1[j * 16 + l] = cos_f64(t0);
                x_i_0[l] = t1;
            }
        }
        f64 state0[16];
        f64 state1[16];
        for (i64 l = 0; l < end - full; ++l) {
            const i64 i = full + l;
            v0[i] = x_i_0[l];
            state0[l] = 2.0 * x_i_0[l];
            state1[l] = 0.0;
        }
        for (i64 j = 20; j-- > 0;) {
            for (i64 l = 0; l < end - full; ++l) {
                const f64 t2 = state0[l] * kept1[j * 16 + l];
                const b8 inside0 = 0 <= j - 1 && j - 1 < 20;
                const f64 next = t2 * rate_0;
                const f64 next_0 = state1[l] + t2 * (inside0 ? kept0[j * 16 + l - 16] : x_i[l]);
                state0[l] = next;
                state1[l] = next_0;
            }
        }
        for (i64 l = 0; l < end - full; ++l) {
            const i64 i = full + l;
            v1[i] = state1[l];
        }
    }
}

CT_KERNEL void steps_0(i64 begin,
                       i64 end,
                       const f64* CT_RESTRICT noise,
                       const f64* CT_RESTRICT x,
                       const f64* CT_RESTRICT rate,
                       f64* CT_RESTRICT v0,
                       f64* CT_RESTRICT v1)
{
    // An argument was too large for the fast form: then all is computed again.
    const i32 hard = steps_0_fast(begin, end, noise, x, rate, v0, v1);
    if (hard < 0) steps_0_exact(begin, end, noise, x, rate, v0, v1);
}

// fused_1: partial[b] = sum_i(square(v0[i])) of block b        golden_structured.cpp:189
//
//   v0       f64 (n)                read
//   partial  f64 (ceil(n / 16384))  written
//
// One call: 2 n flops; reads 8 n, writes 8 ceil(n / 16384) bytes.

CT_KERNEL void
fused_1(i64 begin, i64 end, i64 n, const f64* CT_RESTRICT v0, f64* CT_RESTRICT partial)
{
    for (i64 i = begin; i < end; ++i) {
        const i64 count = min_i64(16384, n - i * 16384);
        f64 sum[16] = {0};
        const i64 full = count - count % 16;
        for (i64 j0 = 0; j0 < full; j0 += 16) {
            CT_LANES
            for (i64 l = 0; l < 16; ++l) {
                const i64 j = j0 + l;
                sum[l] += square_f64(v0[i * 16384 + j]);
            }
        }
        for (i64 l = 0; l < count - full; ++l) {
            const i64 j = full + l;
            sum[l] += square_f64(v0[i * 16384 + j]);
        }
        partial[i] = sum_lanes_f64(sum);
    }
}

// fused_2: value = sum_i partial[i]        golden_structured.cpp:189
//
//   partial  f64 (ceil(n / 16384))  read
//   value    f64 ()                 written
//
// One call: ceil(n / 16384) flops; reads 8 ceil(n / 16384), writes 8 bytes.

CT_KERNEL void fused_2(i64 n, const f64* CT_RESTRICT partial, f64* CT_RESTRICT value)
{
    const i64 count = floor_div_i64(n + 16383, 16384);
    f64 sum[16] = {0};
    const i64 full = count - count % 16;
    for (i64 part = 0; part < full; part += 16384) {
        const i64 part_end = min_i64(part + 16384, full);
        f64 part_sum[16] = {0};
        for (i64 i0 = part; i0 < part_end; i0 += 16) {
            CT_LANES
            for (i64 l = 0; l < 16; ++l) {
                const i64 i = i0 + l;
                part_sum[l] += partial[i];
            }
        }
        CT_LANES
        for (i64 l = 0; l < 16; ++l)
            sum[l] += part_sum[l];
    }
    for (i64 l = 0; l < count - full; ++l) {
        const i64 i = full + l;
        sum[l] += partial[i];
    }
    value[0] = sum_lanes_f64(sum);
}

// fused_3: partial[b] = sum_i(v0[i]) of block b        golden_structured.cpp:187
//
//   v0       f64 (n)                read
//   partial  f64 (ceil(n / 16384))  written
//
// One call: n flops; reads 8 n, writes 8 ceil(n / 16384) bytes.

CT_KERNEL void
fused_3(i64 begin, i64 end, i64 n, const f64* CT_RESTRICT v0, f64* CT_RESTRICT partial)
{
    for (i64 i = begin; i < end; ++i) {
        const i64 count = min_i64(16384, n - i * 16384);
        f64 sum[16] = {0};
        const i64 full = count - count % 16;
        for (i64 j0 = 0; j0 < full; j0 += 16) {
            CT_LANES
            for (i64 l = 0; l < 16; ++l) {
                const i64 j = j0 + l;
                sum[l] += v0[i * 16384 + j];
            }
        }
        for (i64 l = 0; l < count - full; ++l) {
            const i64 j = full + l;
            sum[l] += v0[i * 16384 + j];
        }
        partial[i] = sum_lanes_f64(sum);
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
    const i64 n = extents[0];
    if (extents[1] != n) return guard_failed(report, 1, extents[1], n);
    if (extents[2] != 20) return guard_failed(report, 2, extents[2], 20);
    const f64* x = (const f64*)in[0];
    const f64* noise = (const f64*)in[1];
    const f64* rate = (const f64*)in[2];
    f64* value = (f64*)out[0];
    f64* y0 = (f64*)out[1];
    char* const work = (char*)workspace;
    const i64 end0 = 0 + align_64(n * 8);
    const i64 end1 = end0 + align_64(n * 8);
    f64* v0 = (f64*)(work + 0);
    f64* v1 = (f64*)(work + end0);
    f64* partial = (f64*)(work + end1);
    f64* partial_0 = (f64*)(work + end1);
    steps_0(0, n, noise, x, rate, v0, v1);
    fused_1(0, floor_div_i64(n + 16383, 16384), n, v0, partial);
    fused_2(n, partial, value);
    fused_3(0, floor_div_i64(n + 16383, 16384), n, v1, partial_0);
    fused_2(n, partial_0, y0);
    (void)rt;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    const i64 n = extents[0];
    const i64 end0 = 0 + align_64(n * 8);
    const i64 end1 = end0 + align_64(n * 8);
    const i64 end2 = end1 + align_64(floor_div_i64(n + 16383, 16384) * 8);
    return end2;
}
