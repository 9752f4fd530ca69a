// fused_0: loss[i] = -log(p[i, label[i]])        golden_pointwise.cpp:93
//
//   label  i64 (n)      read
//   p      f64 (n, 10)  read
//   loss   f64 (n)      written
//
// One call: 33 n flops; reads 88 n, writes 8 n bytes.

CT_KERNEL i32 fused_0(i64 begin,
                      i64 end,
                      const i64* CT_RESTRICT label,
                      const f64* CT_RESTRICT p,
                      f64* CT_RESTRICT loss)
{
    i64 bad = 0;
    for (i64 i = begin; i < end; ++i) {
        const i64 at0 = checked_index(label[i], 10, &bad);
        loss[i] = -log_f64(p[i * 10 + at0]);
    }
    return bad != 0;
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
    if (extents[1] != 10) return guard_failed(report, 1, extents[1], 10);
    if (extents[2] != n) return guard_failed(report, 2, extents[2], n);
    if (extents[3] != n) return guard_failed(report, 3, extents[3], n);
    const f64* p = (const f64*)in[0];
    const i64* label = (const i64*)in[1];
    f64* loss = (f64*)out[0];
    if (fused_0(0, n, label, p, loss)) return index_failed(report, 1048576, 0);
    (void)rt;
    (void)workspace;
    return 0;
}

// Bytes that `workspace` must have.
CT_EXPORT i64 workspace_bytes(const i64* extents)
{
    (void)extents;
    return 0;
}
