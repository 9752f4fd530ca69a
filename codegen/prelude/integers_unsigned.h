/* Unsigned integers that wrap; see integers_signed.h. */

CT_MATH u64 add_u64(u64 a, u64 b) { return (u64)((0u + a) + b); }
CT_MATH u64 sub_u64(u64 a, u64 b) { return (u64)((0u + a) - b); }
CT_MATH u64 mul_u64(u64 a, u64 b) { return (u64)((0u + a) * b); }
CT_MATH u64 neg_u64(u64 a) { return (u64)(0u - a); }
CT_MATH u64 abs_u64(u64 a) { return a; }
CT_MATH u64 square_u64(u64 a) { return mul_u64(a, a); }
CT_MATH u64 sign_u64(u64 a) { return a != 0; }
CT_MATH u64 min_u64(u64 a, u64 b) { return a < b ? a : b; }
CT_MATH u64 max_u64(u64 a, u64 b) { return a > b ? a : b; }

/* A count from the width up shifts everything out. */
CT_MATH u64 left_shift_u64(u64 a, u64 n)
{
    return n < sizeof a * 8 ? (u64)((0u + a) << n) : (u64)0;
}
CT_MATH u64 right_shift_u64(u64 a, u64 n)
{
    return n < sizeof a * 8 ? (u64)((0u + a) >> n) : (u64)0;
}

CT_MATH u64 pow_u64(u64 a, u64 n)
{
    u64 power = 1;
    for (; n > 0; n = (u64)(n >> 1)) {
        power = (n & 1u) != 0 ? mul_u64(power, a) : power;
        a = mul_u64(a, a);
    }
    return power;
}

/* From a float: towards zero, at most the largest value; negative numbers and NaN are 0. */
CT_MATH u64 cast_u64_f32(f32 x)
{
    u64 largest = (u64) ~(u64)0;
    return x >= (f32)largest ? largest : x > 0 ? (u64)x : (u64)0;
}

CT_MATH u64 cast_u64_f64(f64 x)
{
    u64 largest = (u64) ~(u64)0;
    return x >= (f64)largest ? largest : x > 0 ? (u64)x : (u64)0;
}

CT_MATH b8 cast_bool_u64(u64 x) { return x != 0; }
