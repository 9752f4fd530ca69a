/* Around each kernel with Options::profile. A caller whose struct ends before `mark` measures
   nothing. */

CT_MATH void begin_kernel(const struct ct_runtime* rt, i32 kernel)
{
    if (rt && rt->size >= sizeof *rt && rt->mark) rt->mark(rt, kernel, 0);
}

CT_MATH void end_kernel(const struct ct_runtime* rt, i32 kernel)
{
    if (rt && rt->size >= sizeof *rt && rt->mark) rt->mark(rt, kernel, 1);
}
