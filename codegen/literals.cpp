#include "literals.hpp"

#include <croton/ir/format.hpp>

#include <cmath>

namespace croton::inline v1::codegen {

std::string float_literal(double value, bool narrow)
{
    if (std::isnan(value)) return narrow ? "__builtin_nanf(\"\")" : "__builtin_nan(\"\")";
    if (std::isinf(value)) {
        const std::string inf = narrow ? "__builtin_inff()" : "__builtin_inf()";
        return value < 0 ? "-" + inf : inf;
    }
    std::string text =
        narrow ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
    const std::size_t exponent = text.find('e');
    if (text.find('.') == text.npos && exponent == text.npos) text += ".0";
    // fmt writes 1e-05.
    if (exponent != text.npos && text[exponent + 2] == '0') text.erase(exponent + 2, 1);
    return narrow ? text + "f" : text;
}

std::string literal(const Array& scalar)
{
    switch (scalar.dtype()) {
    case DType::f16:
    case DType::bf16:
    case DType::f32:
        return float_literal(scalar.as_double(0), true);
    case DType::f64:
        return float_literal(scalar.as_double(0), false);
    case DType::boolean:
        return scalar.as_int(0) ? "1" : "0";
    case DType::u64:
        return fmt::format("{}ULL", static_cast<std::uint64_t>(scalar.as_int(0)));
    case DType::u32:
        return fmt::format("{}U", scalar.as_int(0));
    case DType::i64: {
        const std::int64_t v = scalar.as_int(0);
        if (v == INT64_MIN) return "(-9223372036854775807LL - 1)";
        return v > INT32_MAX || v < INT32_MIN ? fmt::format("{}LL", v) : fmt::format("{}", v);
    }
    case DType::i8:
    case DType::i16:
    case DType::i32:
    case DType::u8:
    case DType::u16:
        return fmt::format("{}", scalar.as_int(0));
    case DType::complex64:
    case DType::complex128:
        break;
    }
    throw internal_error("code generation", "a complex literal");
}

} // namespace croton::inline v1::codegen
