/* Signed integers that wrap, without a trap or undefined behaviour for any operands. Written for 64
   bits; the other widths are this text with i64 and u64 renamed. `0u +` keeps narrow unsigned
   operands from becoming int, whose overflow is undefined. */

CT_MATH i64 add_i64(i64 a, i64 b) { return (i64)(u64)((0u + (u64)a) + (u64)b); }
CT_MATH i64 sub_i64(i64 a, i64 b) { return (i64)(u64)((0u + (u64)a) - (u64)b); }
CT_MATH i64 mul_i64(i64 a, i64 b) { return (i64)(u64)((0u + (u64)a) * (u64)b); }
CT_MATH i64 neg_i64(i64 a) { return (i64)(u64)(0u - (u64)a); }
CT_MATH i64 abs_i64(i64 a) { return a < 0 ? neg_i64(a) : a; }
CT_MATH i64 square_i64(i64 a) { return mul_i64(a, a); }
CT_MATH i64 sign_i64(i64 a) { return (i64)((a > 0) - (a < 0)); }
CT_MATH i64 min_i64(i64 a, i64 b) { return a < b ? a : b; }
CT_MATH i64 max_i64(i64 a, i64 b) { return a > b ? a : b; }

/* A count below 0 or from the width up shifts everything out. */
CT_MATH i64 left_shift_i64(i64 a, i64 n)
{
    return (u64)n < sizeof a * 8 ? (i64)(u64)((0u + (u64)a) << n) : (i64)0;
}

CT_MATH i64 right_shift_i64(i64 a, i64 n)
{
    return (i64)(a >> ((u64)n < sizeof a * 8 ? n : (i64)(sizeof a * 8 - 1)));
}

/* a to the power n. Of negative n: 0, but for a = 1 and -1; 0 to a negative power is 0. */
CT_MATH i64 pow_i64(i64 a, i64 n)
{
    i64 unit = a == 1 ? (i64)1 : a == -1 ? (i64)((n & 1) != 0 ? -1 : 1) : (i64)0;
    if (n < 0) return unit;
    i64 power = 1;
    for (; n > 0; n = (i64)(n >> 1)) {
        power = (n & 1) != 0 ? mul_i64(power, a) : power;
        a = mul_i64(a, a);
    }
    return power;
}

/* From a float: towards zero, at most the largest and at least the smallest value; NaN is 0. */
CT_MATH i64 cast_i64_f32(f32 x)
{
    i64 largest = (i64)((u64) ~(u64)0 >> 1);
    f32 end = (f32)largest;
    return x >= end ? largest : x <= -end - 1.0f ? (i64)(-largest - 1) : x == x ? (i64)x : (i64)0;
}

CT_MATH i64 cast_i64_f64(f64 x)
{
    i64 largest = (i64)((u64) ~(u64)0 >> 1);
    f64 end = (f64)largest;
    return x >= end ? largest : x <= -end - 1.0 ? (i64)(-largest - 1) : x == x ? (i64)x : (i64)0;
}

CT_MATH b8 cast_bool_i64(i64 x) { return x != 0; }
