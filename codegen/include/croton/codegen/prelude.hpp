#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1::codegen {

/// The base prelude (types, macros, the structs of `run`) and exactly those prelude functions that
/// `body` mentions, with what they need, in an order that compiles.
///
/// called   the mathematical functions that `body` itself names are not copied into it but called:
///          their text is the same but for one word.
std::string prelude_for(std::string_view body, bool called = false);
/// The same of the identifiers that a text has, repeated or not.
std::string prelude_for(std::span<const std::string_view> words, bool called = false);

/// Arithmetic operators in a prelude function and in what it calls; 0 for a name that is none.
int prelude_flops(std::string_view function);

bool has_prelude_function(std::string_view function);
/// Whether the function is a conversion that C's own `(type)x` does as well.
bool is_plain_cast(std::string_view function);

/// Whether an identifier is the prelude's: a function, table, type, macro, field or parameter.
bool is_prelude_word(std::string_view word);

/// The name of every function and table of the prelude, in the order in which they stand.
std::vector<std::string_view> prelude_functions();

} // namespace croton::inline v1::codegen
