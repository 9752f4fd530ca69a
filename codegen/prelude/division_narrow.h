/* The same up to 32 bits, through f64, which has vector division where integers have none: the
   quotient of two integers of 32 bits, rounded to 53 bits, is never rounded up to the next integer.
   By a number in the text compilers multiply instead: C's quotient is rounded towards 0, and its
   remainder has the sign of a. Written for 32 bits; 16 and 8 are this text renamed. */

CT_MATH i32 floor_div_i32(i32 a, i32 b)
{
    if (__builtin_constant_p(b) && b != 0 && b != -1)
        return (i32)(a / b - (b < 0 ? a % b > 0 : a % b < 0));
    f64 q = __builtin_floor((f64)a / (f64)(b == 0 ? (i32)1 : b));
    return b == 0 ? (i32)0 : (i32)(int)(q > 2147483647.0 ? -2147483648.0 : q);
}

CT_MATH i32 mod_i32(i32 a, i32 b)
{
    if (__builtin_constant_p(b) && b != 0 && b != -1)
        return (i32)(a % b + ((b < 0 ? a % b > 0 : a % b < 0) ? b : 0));
    u32 multiple = (u32)((0u + (u32)floor_div_i32(a, b)) * (u32)b);
    return b == 0 ? (i32)0 : (i32)(u32)((0u + (u32)a) - multiple);
}

/* The quotient less 2^31 fits an int, which is what vectors convert to. */
CT_MATH u32 floor_div_u32(u32 a, u32 b)
{
    if (__builtin_constant_p(b) && b > 0) return (u32)(a / b);
    f64 q = __builtin_trunc((f64)a / (f64)(b == 0 ? (u32)1 : b));
    return b == 0 ? (u32)0 : (u32)((u32)(int)(q - 2147483648.0) + 2147483648u);
}

CT_MATH u32 mod_u32(u32 a, u32 b)
{
    if (__builtin_constant_p(b) && b > 0) return (u32)(a % b);
    return b == 0 ? (u32)0 : (u32)((0u + a) - (0u + floor_div_u32(a, b)) * b);
}
