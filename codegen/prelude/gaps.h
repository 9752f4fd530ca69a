/* Gaps before and behind each value in the workspace, for Options::gaps. `place` is where the first
   gap begins; both have 64 bytes, the one behind also what fills up a line of 64. */

CT_CALLED void fill_bytes(char* to, i64 bytes, i32 value)
{
    for (i64 i = 0; i < bytes; ++i)
        to[i] = (char)value;
}

CT_CALLED i32 holds_only(const char* x, i64 bytes, i32 value)
{
    i32 other = 0;
    for (i64 i = 0; i < bytes; ++i)
        other |= x[i] != (char)value;
    return !other;
}

/* Before a value is written: `pattern` where it will lie, 0xcb around it. */
CT_CALLED void open_gaps(char* place, i64 bytes, i32 pattern)
{
    fill_bytes(place, 64, 0xcb);
    fill_bytes(place + 64, bytes, pattern);
    fill_bytes(place + 64 + bytes, align_64(bytes) - bytes + 64, 0xcb);
}

CT_CALLED i32 gaps_intact(const char* place, i64 bytes)
{
    return holds_only(place, 64, 0xcb) &&
           holds_only(place + 64 + bytes, align_64(bytes) - bytes + 64, 0xcb);
}

/* `value` is the number of the value in the program's table. */
CT_NOINLINE i32 gap_failed(struct ct_report* report, i32 code, u32 value)
{
    report->code = code;
    report->apply = value;
    return code;
}
