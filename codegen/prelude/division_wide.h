/* Integer division rounded down, and its remainder, which has the divisor's sign. By zero both are
   0; the smallest number by -1 is itself, remainder 0. */

CT_MATH i64 floor_div_i64(i64 a, i64 b)
{
    i64 smallest = (i64)(-(i64)(~(u64)0 >> 1) - 1);
    i64 d = b == 0 || (b == -1 && a == smallest) ? 1 : b;
    i64 q = a / d;
    q = q * d != a && (a < 0) != (d < 0) ? q - 1 : q;
    return b == 0 ? 0 : q;
}

CT_MATH i64 mod_i64(i64 a, i64 b)
{
    i64 d = b == 0 || b == -1 ? 1 : b;
    i64 r = a % d;
    return r != 0 && (r < 0) != (d < 0) ? r + d : r;
}

CT_MATH u64 floor_div_u64(u64 a, u64 b) { return b == 0 ? 0 : a / b; }
CT_MATH u64 mod_u64(u64 a, u64 b) { return b == 0 ? 0 : a % b; }
