#include <croton/ir/dtype.hpp>

#include <algorithm>

namespace croton::inline v1 {

namespace {

DType signed_of_size(std::size_t bytes)
{
    return bytes <= 1 ? DType::i8 : bytes <= 2 ? DType::i16 : bytes <= 4 ? DType::i32 : DType::i64;
}

/// The smallest float that NumPy takes for an integer beside floats: 8 bits f16, 16 bits f32, else
/// f64.
DType float_beside(DType integer)
{
    if (integer == DType::boolean || size_bytes(integer) == 1) return DType::f16;
    return size_bytes(integer) == 2 ? DType::f32 : DType::f64;
}

DType promote_floats(DType a, DType b)
{
    if (a == b) return a;
    if (size_bytes(a) == 2 && size_bytes(b) == 2) return DType::f32; // f16 with bf16
    return size_bytes(a) > size_bytes(b) ? a : b;
}

DType promote_integers(DType a, DType b)
{
    if (is_unsigned(a) == is_unsigned(b)) return size_bytes(a) >= size_bytes(b) ? a : b;
    const DType u = is_unsigned(a) ? a : b;
    const DType s = is_unsigned(a) ? b : a;
    if (size_bytes(s) > size_bytes(u)) return s;
    return size_bytes(u) == 8 ? DType::f64 : signed_of_size(2 * size_bytes(u));
}

DType complex_of(DType real) { return real == DType::f64 ? DType::complex128 : DType::complex64; }

} // namespace

DType promote(DType a, DType b)
{
    if (a == b) return a;
    if (is_complex(a) || is_complex(b)) {
        const auto part = [](DType t) {
            return t == DType::complex128 ? DType::f64 : t == DType::complex64 ? DType::f32 : t;
        };
        return complex_of(promote(part(a), part(b)));
    }
    if (a == DType::boolean) return b;
    if (b == DType::boolean) return a;
    if (is_float(a) && is_float(b)) return promote_floats(a, b);
    if (is_float(a))
        return a == DType::bf16 ? promote_floats(a, float_beside(b) == DType::f16 ? DType::bf16
                                                                                  : float_beside(b))
                                : promote_floats(a, float_beside(b));
    if (is_float(b)) return promote(b, a);
    return promote_integers(a, b);
}

DType to_float(DType t)
{
    if (is_float(t) || is_complex(t)) return t;
    return t == DType::boolean || size_bytes(t) <= 2 ? DType::f32 : DType::f64;
}

} // namespace croton::inline v1
