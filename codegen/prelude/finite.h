/* Whether arrays hold nothing but finite numbers, for Options::finite_checks. */

CT_CALLED i32 all_finite_f32(const f32* x, i64 n)
{
    i32 bad = 0;
    for (i64 i = 0; i < n; ++i)
        bad |= !(x[i] - x[i] == 0.0f);
    return !bad;
}

CT_CALLED i32 all_finite_f64(const f64* x, i64 n)
{
    i32 bad = 0;
    for (i64 i = 0; i < n; ++i)
        bad |= !(x[i] - x[i] == 0.0);
    return !bad;
}

CT_CALLED i32 all_finite_f16(const u16* x, i64 n)
{
    i32 bad = 0;
    for (i64 i = 0; i < n; ++i)
        bad |= (x[i] & 0x7c00) == 0x7c00;
    return !bad;
}

CT_CALLED i32 all_finite_bf16(const u16* x, i64 n)
{
    i32 bad = 0;
    for (i64 i = 0; i < n; ++i)
        bad |= (x[i] & 0x7f80) == 0x7f80;
    return !bad;
}

/* `value` is the number of the array in the program's table; of its element at position `at` the
 * sign tells whether it is an infinity, or (0) a NaN. */
CT_NOINLINE i32 finite_failed(struct ct_report* report, i32 code, u32 value, i64 at, i64 sign)
{
    report->code = code;
    report->apply = value;
    report->values[0] = at;
    report->values[1] = sign;
    return code;
}

/* The first element that is not finite. */
CT_NOINLINE i32 finite_failed_f32(struct ct_report* report, i32 code, u32 value, const f32* x)
{
    i64 i = 0;
    while (x[i] - x[i] == 0.0f)
        ++i;
    return finite_failed(report, code, value, i, x[i] > 0.0f ? 1 : x[i] < 0.0f ? -1 : 0);
}

CT_NOINLINE i32 finite_failed_f64(struct ct_report* report, i32 code, u32 value, const f64* x)
{
    i64 i = 0;
    while (x[i] - x[i] == 0.0)
        ++i;
    return finite_failed(report, code, value, i, x[i] > 0.0 ? 1 : x[i] < 0.0 ? -1 : 0);
}

/* Of 16-bit floats whose infinity has these bits. */
CT_NOINLINE i32 not_finite_16(struct ct_report* report, i32 code, u32 value, const u16* x, u16 inf)
{
    i64 i = 0;
    while ((x[i] & inf) != inf)
        ++i;
    const i64 sign = (x[i] & 0x8000) != 0 ? -1 : 1;
    return finite_failed(report, code, value, i, (x[i] & 0x7fff) == inf ? sign : 0);
}

CT_NOINLINE i32 finite_failed_f16(struct ct_report* report, i32 code, u32 value, const u16* x)
{
    return not_finite_16(report, code, value, x, 0x7c00);
}

CT_NOINLINE i32 finite_failed_bf16(struct ct_report* report, i32 code, u32 value, const u16* x)
{
    return not_finite_16(report, code, value, x, 0x7f80);
}
