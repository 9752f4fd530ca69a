#pragma once

#include <croton/ir/error.hpp>

#include <source_location>
#include <string>

#include "support/catch.hpp"

namespace croton::test {

/// Runs `make` and checks the error's text, code, op and line. `make` stands on the line of the
/// call, so that the expected line is the caller's own.
template <class F>
void check_refused(F make,
                   Code code,
                   const std::string& text,
                   std::source_location here = std::source_location::current())
{
    try {
        (void)make();
    } catch (const UserError& e) {
        CHECK(std::string(e.message()) == text);
        CHECK(name(e.code()) == name(code));
        CHECK(std::string(e.op()) == text.substr(0, text.find(':')));
        CHECK(e.where().line() == here.line());
        CHECK(std::string(e.where().file_name()) == here.file_name());
        return;
    }
    FAIL("nothing was refused; expected: " << text);
}

} // namespace croton::test

/// A macro: what stands in its arguments has the line of the check, however many it takes.
#define CHECK_REFUSED(expression, code, text)                                                      \
    ::croton::test::check_refused([&] { return expression; }, ::croton::Code::code, text)
