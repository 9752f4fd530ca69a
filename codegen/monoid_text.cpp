#include "monoid_text.hpp"

#include <croton/ir/format.hpp>

#include <cstdint>

#include "c_precedence.hpp"
#include "literals.hpp"

namespace croton::inline v1::codegen {

namespace {

std::string lowest(DType t)
{
    if (t == DType::f64) return "-__builtin_inf()";
    if (is_float(t)) return "-__builtin_inff()";
    if (t == DType::boolean || is_unsigned(t)) return "0";
    return literal(Array::scalar(INT64_MIN >> (64 - 8 * size_bytes(t))).cast(t));
}

std::string highest(DType t)
{
    if (t == DType::f64) return "__builtin_inf()";
    if (is_float(t)) return "__builtin_inff()";
    if (t == DType::boolean) return "1";
    if (is_unsigned(t)) return literal(Array::scalar(std::int64_t{-1}).cast(t));
    return literal(Array::scalar(INT64_MAX >> (64 - 8 * size_bytes(t))).cast(t));
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
    case Monoid::max_number:
    case Monoid::argmax:
        return lowest(t);
    case Monoid::min:
    case Monoid::argmin:
        return highest(t);
    }
    return {};
}

namespace {

/// The operator that combines values of dtype `t`, or "" where a function does.
std::string_view operator_of(Monoid monoid, DType t)
{
    switch (monoid) {
    case Monoid::sum:
        return is_float(t) ? "+" : t == DType::boolean ? "|" : "";
    case Monoid::prod:
        return is_float(t) ? "*" : t == DType::boolean ? "&" : "";
    case Monoid::max:
        return t == DType::boolean ? "|" : "";
    case Monoid::min:
        return t == DType::boolean ? "&" : "";
    case Monoid::max_number:
        return "";
    case Monoid::any:
        return "|";
    case Monoid::all:
        return "&";
    case Monoid::argmax:
    case Monoid::argmin:
        break;
    }
    throw internal_error("code generation", "positions are not combined");
}

/// A function of the prelude: integers wrap, extrema know NaN.
std::string call(Monoid monoid, DType t, const std::string& a, const std::string& b)
{
    if (monoid == Monoid::sum) return fmt::format("add_{}({}, {})", name(t), a, b);
    if (monoid == Monoid::prod) return fmt::format("mul_{}({}, {})", name(t), a, b);
    return fmt::format("{}_{}({}, {})", name(monoid), name(t), a, b);
}

} // namespace

std::string combine(Monoid monoid, DType t, const std::string& a, const std::string& b)
{
    const std::string_view op = operator_of(monoid, t);
    if (op.empty()) return call(monoid, t, a, b);
    return fmt::format("{} {} {}", left_operand(a, op), op, right_operand(b, op));
}

std::string combine_into(Monoid monoid, DType t, const std::string& to, const std::string& value)
{
    const std::string_view op = operator_of(monoid, t);
    if (op.empty()) return fmt::format("{} = {};", to, combine(monoid, t, to, value));
    return fmt::format("{} {}= {};", to, op, value);
}

std::string replaces(Monoid monoid, DType t, const std::string& best, const std::string& value)
{
    const bool largest = monoid == Monoid::argmax;
    if (!is_float(t)) return fmt::format("{} {} {}", value, largest ? ">" : "<", best);
    // A NaN is no less and no greater: the first one replaces, and stays.
    return fmt::format("!({0} {1} {2}) & ({2} == {2})", value, largest ? "<=" : ">=", best);
}

std::string better_of(Monoid monoid, DType t, const std::string& best, const std::string& value)
{
    return combine(monoid == Monoid::argmax ? Monoid::max : Monoid::min, t, value, best);
}

} // namespace croton::inline v1::codegen
