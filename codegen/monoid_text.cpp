#include "monoid_text.hpp"

#include <croton/ir/format.hpp>

namespace croton::inline v1::codegen {

namespace {

std::string lowest(DType t)
{
    if (t == DType::f64) return "-__builtin_inf()";
    if (is_float(t)) return "-__builtin_inff()";
    if (t == DType::boolean || is_unsigned(t)) return "0";
    return fmt::format("({})((u64)1 << {})", name(t), 8 * size_bytes(t) - 1);
}

std::string highest(DType t)
{
    if (t == DType::f64) return "__builtin_inf()";
    if (is_float(t)) return "__builtin_inff()";
    if (t == DType::boolean) return "1";
    if (is_unsigned(t)) return fmt::format("({})~(u64)0", name(t));
    return fmt::format("({})(((u64)1 << {}) - 1)", name(t), 8 * size_bytes(t) - 1);
}

} // namespace

std::string identity(Monoid monoid, DType t)
{
    const std::string_view suffix = t == DType::f64 ? ".0" : is_float(t) ? ".0f" : "";
    switch (monoid) {
    case Monoid::sum:
    case Monoid::any:
        return fmt::format("0{}", suffix);
    case Monoid::prod:
    case Monoid::all:
        return fmt::format("1{}", suffix);
    case Monoid::max:
    case Monoid::argmax:
        return lowest(t);
    case Monoid::min:
    case Monoid::argmin:
        return highest(t);
    }
    return {};
}

std::string combine(Monoid monoid, DType t, const std::string& a, const std::string& b)
{
    switch (monoid) {
    case Monoid::sum:
        return is_float(t) ? fmt::format("{} + {}", a, b)
                           : fmt::format("add_{}({}, {})", name(t), a, b);
    case Monoid::prod:
        return is_float(t) ? fmt::format("{} * ({})", a, b)
                           : fmt::format("mul_{}({}, {})", name(t), a, b);
    case Monoid::max:
        if (t == DType::boolean) return fmt::format("{} | ({})", a, b);
        return fmt::format("max_{}({}, {})", name(t), a, b);
    case Monoid::min:
        if (t == DType::boolean) return fmt::format("{} & ({})", a, b);
        return fmt::format("min_{}({}, {})", name(t), a, b);
    case Monoid::any:
        return fmt::format("{} | ({})", a, b);
    case Monoid::all:
        return fmt::format("{} & ({})", a, b);
    case Monoid::argmax:
    case Monoid::argmin:
        break;
    }
    throw internal_error("code generation", "positions are not combined");
}

std::string combine_operand(Monoid monoid, DType t, const std::string& a, const std::string& b)
{
    const std::string text = combine(monoid, t, a, b);
    return text.find(' ') < text.find('(') ? "(" + text + ")" : text;
}

std::string replaces(Monoid monoid, DType t, const std::string& best, const std::string& value)
{
    const std::string better =
        fmt::format("{} {} {}", value, monoid == Monoid::argmax ? ">" : "<", best);
    if (!is_float(t)) return better;
    return fmt::format("{0} || ({1} != {1} && {2} == {2})", better, value, best);
}

} // namespace croton::inline v1::codegen
