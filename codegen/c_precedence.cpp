#include "c_precedence.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace croton::inline v1::codegen {

namespace {

constexpr std::array<std::pair<std::string_view, Binding>, 19> operators{{
    {"?", Binding::choice},    {"||", Binding::either},   {"&&", Binding::both},
    {"|", Binding::bit_or},    {"^", Binding::bit_xor},   {"&", Binding::bit_and},
    {"==", Binding::equality}, {"!=", Binding::equality}, {"<", Binding::order},
    {"<=", Binding::order},    {">", Binding::order},     {">=", Binding::order},
    {"<<", Binding::shift},    {">>", Binding::shift},    {"+", Binding::sum},
    {"-", Binding::sum},       {"*", Binding::product},   {"/", Binding::product},
    {"%", Binding::product},
}};

std::string parenthesised(const std::string& expression, bool yes)
{
    return yes ? "(" + expression + ")" : expression;
}

/// Does the text begin with "(type)"? Expressions in parentheses all the way are atoms.
bool is_cast(std::string_view text)
{
    if (!text.starts_with('(')) return false;
    const std::size_t end = text.find(')');
    return end + 1 < text.size() && text.substr(1, end - 1).find_first_of(" (") == text.npos;
}

bool is_arithmetic(Binding b) { return b == Binding::sum || b == Binding::product; }
bool is_comparison(Binding b) { return b == Binding::equality || b == Binding::order; }

} // namespace

Binding binding_of_operator(std::string_view symbol)
{
    for (const auto& [text, binding] : operators)
        if (text == symbol) return binding;
    return Binding::atom;
}

Binding binding_of(std::string_view expression)
{
    Binding loosest = Binding::atom;
    if (expression.find_first_of("-!~") == 0 || is_cast(expression)) loosest = Binding::prefix;
    int depth = 0;
    for (std::size_t i = 0; i < expression.size(); ++i) {
        const char c = expression[i];
        if (c == '(' || c == '[')
            ++depth;
        else if (c == ')' || c == ']')
            --depth;
        else if (c == ' ' && depth == 0) {
            const std::string_view rest = expression.substr(i + 1);
            const Binding found = binding_of_operator(rest.substr(0, rest.find(' ')));
            loosest = std::min(loosest, found);
        }
    }
    return loosest;
}

std::string left_operand(const std::string& expression, std::string_view symbol)
{
    const Binding outer = binding_of_operator(symbol);
    const Binding inner = binding_of(expression);
    if (is_comparison(outer)) return parenthesised(expression, inner < Binding::sum);
    if (is_arithmetic(outer)) return parenthesised(expression, inner < outer);
    return parenthesised(expression, inner != outer && inner < Binding::prefix);
}

std::string right_operand(const std::string& expression, std::string_view symbol)
{
    const Binding outer = binding_of_operator(symbol);
    const Binding inner = binding_of(expression);
    if (is_comparison(outer)) return parenthesised(expression, inner < Binding::sum);
    if (is_arithmetic(outer)) return parenthesised(expression, inner <= outer);
    return parenthesised(expression, inner < Binding::prefix);
}

std::string condition_operand(const std::string& expression)
{
    const Binding inner = binding_of(expression);
    return parenthesised(expression, !is_comparison(inner) && inner < Binding::prefix);
}

std::string chosen_operand(const std::string& expression)
{
    return parenthesised(expression, binding_of(expression) < Binding::equality);
}

std::string prefix_operand(const std::string& expression, char before)
{
    return parenthesised(expression,
                         binding_of(expression) < Binding::prefix || expression[0] == before);
}

std::string any_operand(const std::string& expression)
{
    return parenthesised(expression, binding_of(expression) < Binding::prefix);
}

} // namespace croton::inline v1::codegen
