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

/* `value` is the number of the array in the program's table. */
CT_NOINLINE i32 finite_failed(struct ct_report* report, i32 code, u32 value)
{
    report->code = code;
    report->apply = value;
    return code;
}
