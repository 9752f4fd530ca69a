#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace croton::inline v1::codegen {

/// How tightly the loosest operator of a C expression binds, from the choice `? :` up to what needs
/// no parentheses anywhere.
enum class Binding : std::uint8_t {
    choice,
    either,
    both,
    bit_or,
    bit_xor,
    bit_and,
    equality,
    order,
    shift,
    sum,
    product,
    prefix, ///< a sign, a negation, a cast
    atom,   ///< a name, a number, a call, an element
};

/// Of an expression as emitted: blanks around binary operators and nowhere else.
Binding binding_of(std::string_view expression);
/// Of a binary operator, such as "+"; atom for anything else.
Binding binding_of_operator(std::string_view symbol);

/// The expression as an operand of `symbol`, in parentheses where C or its readers need them: a
/// compiler warns of a comparison next to `&`, and nobody remembers how `|` and `^` bind.
std::string left_operand(const std::string& expression, std::string_view symbol);
std::string right_operand(const std::string& expression, std::string_view symbol);
/// As the condition of a choice.
std::string condition_operand(const std::string& expression);
/// As one of the two that are chosen from.
std::string chosen_operand(const std::string& expression);
/// After a sign, a negation or a cast.
std::string prefix_operand(const std::string& expression, char before);
/// Next to anything else.
std::string any_operand(const std::string& expression);

} // namespace croton::inline v1::codegen
