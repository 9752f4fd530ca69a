#include "expression.hpp"

#include <croton/codegen/prelude.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/overloaded.hpp>

#include <cmath>

namespace croton::inline v1::codegen {

namespace {

/// Names, numbers, calls and element accesses need no parentheses around them.
bool is_atomic(const std::string& text)
{
    int depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '(' || c == '[')
            ++depth;
        else if (c == ')' || c == ']') {
            if (--depth == 0 && i + 1 < text.size() && text[0] == '(') return false;
        } else if (depth == 0 && (c == ' ' || c == '-' || c == '!' || c == '~'))
            return false;
    }
    return true;
}

std::string float_literal(double value, bool narrow)
{
    if (std::isnan(value)) return narrow ? "__builtin_nanf(\"\")" : "__builtin_nan(\"\")";
    if (std::isinf(value)) {
        const std::string inf = narrow ? "__builtin_inff()" : "__builtin_inf()";
        return value < 0 ? "-" + inf : inf;
    }
    std::string text =
        narrow ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
    if (text.find_first_of(".e") == text.npos) text += ".0";
    return narrow ? text + "f" : text;
}

} // namespace

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

std::string Expressions::operand(ScalarId id) const
{
    const std::string& text = text_[static_cast<std::size_t>(id)];
    if (text.empty())
        throw internal_error("code generation", "scalar {} is used before it is defined", id);
    return is_atomic(text) ? text : "(" + text + ")";
}

std::string Expressions::element(BufferId buffer, const Extent& at) const
{
    const Buffer& b = nest_.buffers[static_cast<std::size_t>(buffer)];
    return fmt::format("{}[{}]", b.name, c_text(at, symbols_));
}

std::string Expressions::load(const Load& l) const
{
    const Buffer& b = nest_.buffers[static_cast<std::size_t>(l.buffer)];
    std::string text = element(l.buffer, l.at);
    if (b.dtype() == DType::f16 || b.dtype() == DType::bf16)
        text = fmt::format("f32_from_{}({})", name(b.dtype()), text);
    if (l.guard < 0) return text;
    const DType t = b.dtype() == DType::f64 ? DType::f64
                    : is_float(b.dtype())   ? DType::f32
                                            : DType::i64;
    return fmt::format("{} ? {} : {}", operand(l.guard), text,
                       t == DType::i64 ? "0" : literal(Array::zeros(t, {})));
}

std::string Expressions::stored(BufferId buffer, ScalarId value) const
{
    const DType t = nest_.buffers[static_cast<std::size_t>(buffer)].dtype();
    if (t == DType::f16 || t == DType::bf16)
        return fmt::format("{}_from_f32({})", name(t), whole(value));
    return whole(value);
}

namespace {

/// "sin" where a template is `sin_{t}({a})` and the prelude has sin_fast_{t}; else "".
std::string_view fast_stem(const Op& op, DType t)
{
    const std::string_view text = std::get<Pointwise>(op.lowering).real;
    const std::size_t end = text.find("_{t}({a})");
    if (end == text.npos || end + 9 != text.size() || !is_float(t)) return {};
    const std::string_view stem = text.substr(0, end);
    return has_prelude_function(fmt::format("{}_fast_{}", stem, name(t))) ? stem
                                                                          : std::string_view();
}

} // namespace

bool Expressions::has_fast_form(const Scalar& scalar) const
{
    const auto* c = std::get_if<Compute>(&scalar.expression);
    return c && !fast_stem(*c->op, scalar.dtype).empty();
}

std::string Expressions::hard_argument(ScalarId id) const
{
    const Scalar& s = nest_.scalars[static_cast<std::size_t>(id)];
    if (!fast_ || !has_fast_form(s)) return {};
    const ScalarId argument = std::get<Compute>(s.expression).operands[0];
    return fmt::format("hard |= trig_hard_{}({});", name(s.dtype), whole(argument));
}

std::string Expressions::compute(const Compute& c, const Scalar& s) const
{
    const auto& p = std::get<Pointwise>(c.op->lowering);
    const DType first =
        c.operands.empty() ? s.dtype : nest_.scalars[static_cast<std::size_t>(c.operands[0])].dtype;
    // A select's dtype is that of its branches, not of its condition.
    const DType by = c.operands.size() == 3 ? s.dtype : first;
    std::string_view text = p.real;
    if (is_integer(by) && !p.integer.empty()) text = p.integer;
    if (by == DType::boolean && !p.boolean.empty()) text = p.boolean;
    std::string result;
    const std::string_view stem = fast_ ? fast_stem(*c.op, s.dtype) : std::string_view();
    if (!stem.empty()) {
        result = fmt::format("{}_fast", stem);
        text.remove_prefix(stem.size());
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '{') {
            result += text[i];
            continue;
        }
        const std::size_t end = text.find('}', i);
        const std::string_view key = text.substr(i + 1, end - i - 1);
        if (key == "a" || key == "b" || key == "c") {
            // A whole argument of a call needs no parentheses.
            const bool alone =
                (i > 0 && (text[i - 1] == '(' || text.substr(0, i).ends_with(", "))) &&
                (text[end + 1] == ')' || text[end + 1] == ',');
            const ScalarId id = c.operands[static_cast<std::size_t>(key[0] - 'a')];
            result += alone ? whole(id) : operand(id);
        } else if (key == "t")
            result += name(first);
        else if (key == "r")
            result += name(s.dtype);
        else if (key.starts_with("p:")) {
            for (const FieldRef& f : c.params->fields())
                if (f.name == key.substr(2))
                    result +=
                        std::visit(overloaded{
                                       [&](const double* d) {
                                           return float_literal(*d, s.dtype != DType::f64);
                                       },
                                       [](const int* v) { return std::to_string(*v); },
                                       [](const std::int64_t* v) { return std::to_string(*v); },
                                       [](const bool* v) { return std::string(*v ? "1" : "0"); },
                                       [](const auto*) { return std::string(); },
                                   },
                                   f.value);
        } else
            throw internal_error("code generation", "placeholder {{{}}} in the template of {}", key,
                                 c.op->name);
        i = end;
    }
    const DType stored_as = s.value.is_empty() ? s.dtype : s.value.dtype();
    if (stored_as != s.dtype) // every op on 16-bit floats rounds its result to 16 bits
        result = fmt::format("f32_from_{0}({0}_from_f32({1}))", name(stored_as), result);
    return result;
}

std::string Expressions::expression(ScalarId id) const
{
    const Scalar& s = nest_.scalars[static_cast<std::size_t>(id)];
    return std::visit(
        overloaded{
            [&](const Literal& l) { return literal(l.value); },
            [&](const Load& l) { return load(l); },
            [&](const Compute& c) { return compute(c, s); },
            [&](const IndexValue& v) {
                if (s.dtype == DType::i64) return c_text(v.value, symbols_);
                const std::string index = c_factor(v.value, symbols_);
                if (s.dtype == DType::boolean) return index + " != 0";
                return fmt::format("({}){}", scalar_type(s.dtype), index);
            },
            [&](const InRange& r) {
                std::string text = r.also >= 0 ? operand(r.also) : "";
                for (const auto& g : r.guards) {
                    const std::string value = c_factor(g.value, symbols_);
                    text += fmt::format("{}0 <= {} && {} < {}", text.empty() ? "" : " && ", value,
                                        value, c_text(g.bound, symbols_));
                }
                return text;
            },
            [&](const Select& x) {
                return fmt::format("{} ? {} : {}", operand(x.condition), operand(x.a),
                                   operand(x.b));
            },
            [&](const CheckedIndex& x) {
                return fmt::format("checked_index({}, {}, &bad)", whole(x.raw),
                                   c_text(x.extent, symbols_));
            },
            [&](const Accumulated&) -> std::string {
                throw internal_error("code generation", "an accumulator has no expression");
            },
        },
        s.expression);
}

std::string Expressions::define(ScalarId id, int depth_of_use)
{
    const Scalar& s = nest_.scalars[static_cast<std::size_t>(id)];
    std::string& text = text_[static_cast<std::size_t>(id)];
    const std::string value = expression(id);
    const bool is_index = std::holds_alternative<CheckedIndex>(s.expression);
    bool rewritten = false; // a load that a store might overtake
    if (const auto* l = std::get_if<Load>(&s.expression))
        rewritten =
            nest_.buffers[static_cast<std::size_t>(l->buffer)].access != Buffer::Access::read;
    const bool trivial =
        std::holds_alternative<Literal>(s.expression) ||
        (std::holds_alternative<IndexValue>(s.expression) && value.find(' ') == value.npos);
    const bool hoisted = depth_of_use > s.depth;
    if (!is_index && !rewritten && (trivial || (s.uses <= 1 && !hoisted && value.size() <= 48))) {
        text = value;
        return {};
    }
    const std::string_view wanted = s.value.is_empty() ? std::string_view() : s.value.name();
    const std::string_view stem = is_index                                        ? "at"
                                  : std::holds_alternative<InRange>(s.expression) ? "inside"
                                                                                  : "t";
    text = names_.fresh(wanted, stem);
    if (s.symbol) symbols_[s.symbol] = text;
    return fmt::format("const {} {} = {};", scalar_type(s.dtype), text, value);
}

std::string Expressions::declare(ScalarId id, std::string_view stem)
{
    const Scalar& s = nest_.scalars[static_cast<std::size_t>(id)];
    const std::string_view wanted = s.value.is_empty() ? std::string_view() : s.value.name();
    return text_[static_cast<std::size_t>(id)] = names_.fresh(wanted, stem);
}

} // namespace croton::inline v1::codegen
