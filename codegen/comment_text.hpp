#pragma once

#include <string>
#include <string_view>

namespace croton::inline v1::codegen {

/// A text that may hold what users wrote (names, scopes, paths) as a part of one line of a comment,
/// whichever kind: it neither opens nor closes one, nor continues it on the next line, as a
/// backslash at the end and C11's trigraph for it do.
std::string comment_text(std::string_view text);

/// The first `most` bytes of a text, or a few less, so that no character of UTF-8 is cut.
std::string_view shortened(std::string_view text, std::size_t most);

} // namespace croton::inline v1::codegen
