#pragma once

// For sources only: public headers do not include it, as it brings fmt.

#include <croton/ir/error.hpp>

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace croton::inline v1 {

/// `throw user_error(Code::shape, where, "add", "shapes {} and {} do not broadcast", a, b)`:
/// the text becomes "add: shapes ..".
template <class... A>
UserError user_error(Code code,
                     const Location* where,
                     std::string_view op,
                     fmt::format_string<A...> text,
                     A&&... values)
{
    return {code, fmt::format("{}: {}", op, fmt::format(text, std::forward<A>(values)...)), where,
            op};
}

template <class... A>
InternalError internal_error(std::string_view part, fmt::format_string<A...> text, A&&... values)
{
    return {Code::internal,
            fmt::format("internal error in {}: {}; please report it", part,
                        fmt::format(text, std::forward<A>(values)...)),
            nullptr, part};
}

template <class... A>
BackendError backend_error(std::string_view part, fmt::format_string<A...> text, A&&... values)
{
    return {Code::device,
            fmt::format("{}: {}", part, fmt::format(text, std::forward<A>(values)...)), nullptr,
            part};
}

} // namespace croton::inline v1
