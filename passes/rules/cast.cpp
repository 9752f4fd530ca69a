#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/rules.hpp>

namespace croton::inline v1 {

namespace {

/// Bits of magnitude that a dtype holds exactly.
int exact_bits(DType t)
{
    switch (t) {
    case DType::boolean:
        return 1;
    case DType::f16:
        return 11;
    case DType::bf16:
        return 8;
    case DType::f32:
        return 24;
    case DType::f64:
        return 53;
    case DType::i8:
    case DType::i16:
    case DType::i32:
    case DType::i64:
        return static_cast<int>(size_bytes(t)) * 8 - 1;
    case DType::u8:
    case DType::u16:
    case DType::u32:
    case DType::u64:
        return static_cast<int>(size_bytes(t)) * 8;
    case DType::complex64:
    case DType::complex128:
        return 0;
    }
    return 0;
}

/// Whether every value of `from` is one of `to`.
bool holds_all(DType to, DType from)
{
    if (to == from || from == DType::boolean) return true;
    if (is_complex(to) || is_complex(from) || to == DType::boolean) return false;
    if (is_float(from)) {
        const bool narrow_range = to == DType::f16;
        return is_float(to) && !narrow_range && exact_bits(to) >= exact_bits(from);
    }
    if (is_unsigned(to) && !is_unsigned(from)) return false;
    return exact_bits(to) >= exact_bits(from);
}

} // namespace

RuleSet cast_rules()
{
    using enum Exactness;
    RuleSet r("casts");
    const Variable x = wildcard("x"), y = wildcard("y"), c = wildcard("c");
    const ParamWildcard to("to");
    const ParamWildcard through("through");

    r.add(cast(x, to), x, bitwise).when(has_type_of_result("x"));
    r.add(cast(cast(x, through), to), cast(x, to), bitwise).when([](const Match& m) {
        const DType from = m["x"].dtype(), by = m.dtype("through"), into = m.dtype("to");
        // Integers wrap, floats end at the least and largest integer.
        const bool ends = is_integer(from) && is_float(by) && is_integer(into);
        return holds_all(by, from) && (!ends || holds_all(into, from));
    });

    // Where one was chosen of two literals, which took a wider type until an array met them.
    r.add(cast(where(c, x, y), to), where(c, cast(x, to), cast(y, to)), bitwise)
        .expands()
        .when([](const Match& m) { return constant_value(m["x"]) && constant_value(m["y"]); });

    return r;
}

} // namespace croton::inline v1
