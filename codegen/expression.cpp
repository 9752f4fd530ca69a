#include "expression.hpp"

#include <croton/codegen/pointwise_text.hpp>
#include <croton/codegen/prelude.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/overloaded.hpp>

#include <algorithm>

#include "c_precedence.hpp"
#include "literals.hpp"
#include "product_functions.hpp"
#include "puller.hpp"

namespace croton::inline v1::codegen {

namespace {

/// Longer expressions get a name where they are used by an expression.
constexpr std::size_t longest_operand = 60;

} // namespace

const std::string& Expressions::whole(ScalarId id) const
{
    const std::string& text = text_[static_cast<std::size_t>(id)];
    if (text.empty())
        throw internal_error("code generation", "scalar {} is used before it is defined", id);
    return text;
}

void Expressions::forget()
{
    text_.assign(nest_.scalars.size(), {});
    named_.assign(nest_.scalars.size(), false);
    flagged_.clear();
}

void Expressions::place(ScalarId id, std::string text)
{
    text_[static_cast<std::size_t>(id)] = std::move(text);
    named_[static_cast<std::size_t>(id)] = false;
}

void Expressions::declare_as(ScalarId id, std::string text)
{
    text_[static_cast<std::size_t>(id)] = std::move(text);
    named_[static_cast<std::size_t>(id)] = true;
}

// ---- memory

std::string Expressions::element(BufferId buffer, const Extent& at) const
{
    const Buffer& b = buffer_at(nest_, buffer);
    return fmt::format("{}[{}]", b.name, c_text(at, symbols_));
}

std::string Expressions::loaded(DType dtype, const std::string& element)
{
    const bool narrow = dtype == DType::f16 || dtype == DType::bf16;
    return narrow ? fmt::format("f32_from_{}({})", name(dtype), element) : element;
}

std::string Expressions::load(const Load& l) const
{
    const Buffer& b = buffer_at(nest_, l.buffer);
    const std::string text = loaded(b.dtype(), element(l.buffer, l.at));
    if (l.guard < 0) return text;
    const DType t = computed_dtype(b.dtype());
    return fmt::format("{} ? {} : {}", condition_operand(whole(l.guard)), text,
                       is_float(t) ? literal(Array::zeros(t, {})) : "0");
}

std::string Expressions::stored(BufferId buffer, ScalarId value) const
{
    const DType t = buffer_at(nest_, buffer).dtype();
    const std::string& text = whole(value);
    if (t != DType::f16 && t != DType::bf16) return text;
    // What was just rounded to 16 bits is stored as those bits.
    const std::string widened = fmt::format("f32_from_{}(", name(t));
    if (text.starts_with(widened) && binding_of(text) == Binding::atom)
        return text.substr(widened.size(), text.size() - widened.size() - 1);
    return fmt::format("{}_from_f32({})", name(t), text);
}

// ---- functions with a fast form

namespace {

/// "sin" where a template is `sin_{t}({a})` or `mod_{t}({a}, {b})` and the prelude has
/// sin_fast_{t}; else "".
std::string_view fast_stem(const Op& op, DType t)
{
    const std::string_view text = std::get<Pointwise>(op.lowering).real;
    const std::size_t end = text.find("_{t}(");
    if (end == text.npos || !is_float(t)) return {};
    const std::string_view arguments = text.substr(end);
    if (arguments != "_{t}({a})" && arguments != "_{t}({a}, {b})") return {};
    const std::string_view stem = text.substr(0, end);
    return has_prelude_function(fmt::format("{}_fast_{}", stem, name(t))) ? stem
                                                                          : std::string_view();
}

/// Sines and their kin share one test, others have their own.
std::string hard_test(std::string_view stem, DType t)
{
    const std::string own = fmt::format("{}_hard_{}", stem, name(t));
    return has_prelude_function(own) ? own : fmt::format("trig_hard_{}", name(t));
}

} // namespace

bool has_fast_form(const Scalar& scalar)
{
    const auto* c = std::get_if<Compute>(&scalar.expression);
    return c && !fast_stem(*c->op, scalar.dtype).empty();
}

std::int64_t fast_forms_in_lanes(const LoopNest& nest)
{
    return std::ranges::count_if(nest.scalars,
                                 [](const Scalar& s) { return s.depth > 0 && has_fast_form(s); });
}

std::vector<std::string> Expressions::name_hard_arguments(ScalarId id, std::size_t room)
{
    std::vector<std::string> lines;
    const Scalar& s = scalar(id);
    if (!fast_ || !has_fast_form(s)) return lines;
    for (ScalarId o : std::get<Compute>(s.expression).operands)
        if (!std::holds_alternative<Load>(scalar(o).expression) &&
            !std::holds_alternative<Literal>(scalar(o).expression))
            for (std::string& line : shorten(o, 0, room))
                lines.push_back(std::move(line));
    return lines;
}

std::string Expressions::hard_argument(ScalarId id)
{
    const Scalar& s = scalar(id);
    if (!fast_ || !has_fast_form(s)) return {};
    const auto& c = std::get<Compute>(s.expression);
    std::string arguments;
    for (ScalarId o : c.operands)
        arguments += (arguments.empty() ? "" : ", ") + whole(o);
    const std::string test =
        fmt::format("{}({})", hard_test(fast_stem(*c.op, s.dtype), s.dtype), arguments);
    return flagged_.insert(test).second ? fmt::format("hard |= {};", test) : std::string();
}

// ---- a pointwise op by its template

namespace {

/// The operator next to the placeholder that ends a template's text so far, or begins the rest of
/// it: "+" of "{a} + ".
std::string_view last_word(std::string_view text)
{
    if (!text.ends_with(' ')) return {};
    text.remove_suffix(1);
    return text.substr(text.rfind(' ') + 1);
}

std::string_view first_word(std::string_view text)
{
    if (!text.starts_with(' ')) return {};
    text.remove_prefix(1);
    return text.substr(0, text.find(' '));
}

/// An operand as it stands between `before` and `after` in a template.
std::string
operand_between(const std::string& operand, std::string_view before, std::string_view after)
{
    const bool begins = before.ends_with('(') || before.ends_with(", ");
    const bool ends = after.starts_with(')') || after.starts_with(',');
    if (begins && ends) return operand; // a whole argument of a call
    const std::string_view left = last_word(before);
    const std::string_view right = first_word(after);
    if (right == "?") return condition_operand(operand);
    if (left == "?" || left == ":") return chosen_operand(operand);
    if (before.empty() && after.empty()) return operand;
    if (before.empty() && !right.empty()) return left_operand(operand, right);
    if (after.empty() && !left.empty()) return right_operand(operand, left);
    if (after.empty() && !before.empty()) return prefix_operand(operand, before.back());
    return any_operand(operand);
}

} // namespace

std::string Expressions::parameter(const Compute& c,
                                   const Scalar& s,
                                   std::string_view wanted,
                                   std::string_view text) const
{
    const auto fields = c.params ? c.params->fields() : std::vector<FieldRef>();
    const auto field = std::ranges::find(fields, wanted, &FieldRef::name);
    std::string literal;
    if (field != fields.end())
        literal = std::visit(
            overloaded{
                [&](const double* d) { return float_literal(*d, s.dtype != DType::f64); },
                [](const int* v) { return std::to_string(*v); },
                [](const std::int64_t* v) { return std::to_string(*v); },
                [](const bool* v) { return std::string(*v ? "1" : "0"); },
                [](const auto*) { return std::string(); },
            },
            field->value);
    if (!literal.empty()) return literal;
    throw user_error(Code::domain, s.value.location(), c.op->name,
                     "its text '{}' names {{p:{}}}, which is no number among its parameters", text,
                     wanted);
}

std::string_view
text_of(const Pointwise& p, std::size_t operand_count, DType first, DType result) noexcept
{
    const bool selects = operand_count == 3 && first == DType::boolean;
    const DType by = selects ? result : first;
    if (is_integer(by) && !p.integer.empty()) return p.integer;
    return by == DType::boolean && !p.boolean.empty() ? p.boolean : p.real;
}

std::string Expressions::compute(const Compute& c, const Scalar& s) const
{
    const auto& p = std::get<Pointwise>(c.op->lowering);
    const DType first = c.operands.empty() ? s.dtype : scalar(c.operands[0]).dtype;
    std::string_view text = text_of(p, c.operands.size(), first, s.dtype);
    const std::string_view whole_text = text;
    if (text.find_first_of("\n#") != text.npos)
        throw user_error(Code::domain, s.value.location(), c.op->name,
                         "its text '{}' is no expression: it has a line end or a #", whole_text);
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
        if (end == text.npos)
            throw user_error(Code::domain, s.value.location(), c.op->name,
                             "its text '{}' has a {{ that is not closed", whole_text);
        const std::string_view key = text.substr(i + 1, end - i - 1);
        const bool operand = key == "a" || key == "b" || key == "c";
        if (operand && static_cast<std::size_t>(key[0] - 'a') >= c.operands.size())
            throw user_error(Code::domain, s.value.location(), c.op->name,
                             "its text '{}' names {{{}}}, it has {}", whole_text, key,
                             counted(c.operands.size(), "operand"));
        if (operand)
            result += operand_between(whole(c.operands[static_cast<std::size_t>(key[0] - 'a')]),
                                      text.substr(0, i), text.substr(end + 1));
        else if (key == "t")
            result += name(first);
        else if (key == "r")
            result += name(s.dtype);
        else if (key.starts_with("p:"))
            result += parameter(c, s, key.substr(2), whole_text);
        else
            throw user_error(Code::domain, s.value.location(), c.op->name,
                             "its text '{}' names {{{}}}; {{a}} {{b}} {{c}}, {{t}}, {{r}} and "
                             "{{p:NAME}} are known",
                             whole_text, key);
        i = end;
    }
    const bool is_cast = is_plain_cast(std::string_view(result).substr(0, result.find('(')));
    if (is_cast)
        result =
            fmt::format("({}){}", scalar_type(s.dtype), prefix_operand(whole(c.operands[0]), ')'));
    const DType stored_as = s.value.is_empty() ? s.dtype : s.value.dtype();
    if (stored_as == s.dtype) return result;
    // Every op on 16-bit floats rounds its result to 16 bits, and a cast rounds once.
    if (is_cast && first == DType::f64)
        return fmt::format("f32_from_{0}({0}_from_f64({1}))", name(stored_as),
                           whole(c.operands[0]));
    return fmt::format("f32_from_{0}({0}_from_f32({1}))", name(stored_as), result);
}

std::string Expressions::in_range(const InRange& r) const
{
    std::string text = r.also >= 0 ? left_operand(whole(r.also), "&&") : "";
    const auto add = [&](const std::string& condition) {
        text += (text.empty() ? "" : " && ") + condition;
    };
    for (const auto& g : r.guards) {
        const std::string value = c_text(g.value, symbols_);
        if (!never_negative(g.value)) add("0 <= " + value);
        add(fmt::format("{} < {}", value, c_text(g.bound, symbols_)));
    }
    return text;
}

std::string Expressions::expression(ScalarId id) const
{
    const Scalar& s = scalar(id);
    return std::visit(
        overloaded{
            [&](const Literal& l) { return literal(l.value); },
            [&](const TableEntry& t) {
                const Buffer& table = nest_.buffers[static_cast<std::size_t>(t.buffer)];
                return fmt::format("{}[{}]", table.name, t.at);
            },
            [&](const Load& l) { return load(l); },
            [&](const Compute& c) { return compute(c, s); },
            [&](const IndexValue& v) {
                if (s.dtype == DType::i64) return c_text(v.value, symbols_);
                const std::string index = c_factor(v.value, symbols_);
                if (s.dtype == DType::boolean) return index + " != 0";
                return fmt::format("({}){}", scalar_type(s.dtype), index);
            },
            [&](const InRange& r) { return in_range(r); },
            [&](const Select& x) {
                // What is chosen where it is inside need not be guarded by that once more.
                const auto operand = [&](ScalarId chosen, ScalarId chosen_where) {
                    const auto* l = std::get_if<Load>(&scalar(chosen).expression);
                    if (l && l->guard >= 0 && l->guard == chosen_where && !is_named(chosen))
                        return load({l->buffer, l->at, -1});
                    return chosen_operand(whole(chosen));
                };
                return fmt::format("{} ? {} : {}", condition_operand(whole(x.condition)),
                                   operand(x.a, x.condition), operand(x.b, x.otherwise));
            },
            [&](const CheckedIndex& x) {
                return fmt::format("checked_index{}({}, {}, &bad)",
                                   scalar(x.raw).dtype == DType::u64 ? "_u64" : "", whole(x.raw),
                                   c_text(x.extent, symbols_));
            },
            [&](const Accumulated&) -> std::string {
                throw internal_error("code generation", "an accumulator has no expression");
            },
            [&](const ProductSum&) {
                return fmt::format("sums[(i - i0) * {} + j - j0]", block_columns(s.dtype));
            },
        },
        s.expression);
}

// ---- names

/// The loops that an index depends on: "ij" for i * m + j; "0" for none.
std::string Expressions::indices_of(const Extent& at) const
{
    std::vector<std::string> found;
    bool letters = true;
    for (const ExtentTerm& t : terms(at))
        for (const detail::Atom* f : t.factors)
            for (const detail::Atom* s : symbols(as_extent(f))) {
                if (!is_index_symbol(s)) continue;
                if (std::ranges::count(found, symbols_.at(s)) > 0) continue;
                found.push_back(symbols_.at(s));
                letters &= found.back().size() == 1;
            }
    return found.empty() ? "0" : fmt::format("{}", fmt::join(found, letters ? "" : "_"));
}

/// The value's own name, with its indices where an array has that name: x_ij.
std::string Expressions::fresh(ScalarId id, std::string_view stem)
{
    const Scalar& s = scalar(id);
    const auto* l = std::get_if<Load>(&s.expression);
    if (l) {
        const Buffer& b = buffer_at(nest_, l->buffer);
        return names_.fresh(b.name + "_" + indices_of(l->at), stem);
    }
    if (std::holds_alternative<ProductSum>(s.expression)) return names_.fresh("sum_ij", stem);
    const std::string wanted(s.value.is_empty() ? std::string_view() : s.value.name());
    if (wanted.empty() || names_.is_free(wanted)) return names_.fresh(wanted, stem);
    std::string indices;
    for (std::size_t i = 0; i < open_loops_.size() && i < static_cast<std::size_t>(s.depth); ++i)
        if (open_loops_[i].size() == 1) indices += open_loops_[i];
    return names_.fresh(wanted + "_" + (indices.empty() ? "0" : indices), stem);
}

std::string Expressions::declare(ScalarId id, std::string_view stem)
{
    named_[static_cast<std::size_t>(id)] = true;
    return text_[static_cast<std::size_t>(id)] = fresh(id, stem);
}

std::string Expressions::declaration(ScalarId id, std::string_view stem, const std::string& value)
{
    const Scalar& s = scalar(id);
    const std::string text = declare(id, stem);
    if (s.symbol) symbols_[s.symbol] = text;
    if (const auto* c = std::get_if<Compute>(&s.expression)) {
        const std::string_view structure = std::get<Pointwise>(c->op->lowering).structure;
        if (!structure.empty())
            return fmt::format("const struct {}_{} {} = {};", structure, name(s.dtype), text,
                               value);
    }
    return fmt::format("const {} {} = {};", scalar_type(s.dtype), text, value);
}

namespace {

/// Written in place wherever it is used, also in loops further in, where a name would not last.
bool is_trivial(const Scalar& s, const std::string& text)
{
    return std::holds_alternative<Literal>(s.expression) ||
           std::holds_alternative<TableEntry>(s.expression) ||
           (std::holds_alternative<IndexValue>(s.expression) && text.find(' ') == text.npos);
}

} // namespace

std::vector<std::string>
Expressions::define(ScalarId id, bool hoisted, bool in_a_line, std::size_t room)
{
    const Scalar& s = scalar(id);
    const std::string value = expression(id);
    const bool is_index = std::holds_alternative<CheckedIndex>(s.expression);
    bool rewritten = false; // a load that a store might overtake
    if (const auto* l = std::get_if<Load>(&s.expression))
        rewritten = buffer_at(nest_, l->buffer).access != Buffer::Access::read;
    const std::size_t longest = in_a_line ? line_width : longest_operand;
    if (!is_index && !rewritten &&
        (is_trivial(s, value) || (s.uses <= 1 && !hoisted && value.size() <= longest))) {
        place(id, value);
        return {};
    }
    place(id, value);
    return shorten(id, 0, room);
}

std::vector<std::string> Expressions::write_out(ScalarId id, std::size_t most, std::size_t room)
{
    place(id, expression(id));
    return shorten(id, most, room);
}

std::vector<std::string> Expressions::shorten(ScalarId id, std::size_t most, std::size_t room)
{
    const Scalar& s = scalar(id);
    if (is_named(id) || is_trivial(s, whole(id)) || whole(id).size() <= most) return {};
    const std::string_view stem = std::holds_alternative<CheckedIndex>(s.expression) ? "at"
                                  : std::holds_alternative<InRange>(s.expression)    ? "inside"
                                                                                     : "t";
    std::vector<ScalarId> operands;
    if (const auto* c = std::get_if<Compute>(&s.expression)) operands = c->operands;
    if (const auto* x = std::get_if<Select>(&s.expression)) operands = {x->a, x->b};
    // "const f32 t0 = " and a semicolon; names of the user's may be longer.
    constexpr std::size_t around = 24;
    std::vector<std::string> lines;
    while (whole(id).size() + around > room) {
        ScalarId longest = -1;
        for (ScalarId o : operands)
            if (!is_named(o) && !is_trivial(scalar(o), whole(o)) && whole(o).size() > 16 &&
                (longest < 0 || whole(o).size() > whole(longest).size()))
                longest = o;
        if (longest < 0) break;
        for (std::string& line : shorten(longest, 0, room))
            lines.push_back(std::move(line));
        place(id, expression(id));
    }
    if (whole(id).size() <= most) return lines;
    const std::string value = whole(id);
    lines.push_back(declaration(id, stem, value));
    return lines;
}

} // namespace croton::inline v1::codegen
