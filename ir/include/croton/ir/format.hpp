#pragma once

// For sources only: public headers do not include it, as it brings fmt.

#include <croton/ir/error.hpp>

#include <fmt/format.h>

#include <cmath>
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

/// A name stands in one line of messages, comments and files: UserError unless it can.
void refuse_control_characters(std::string_view name,
                               std::string_view function,
                               const Location* where);

/// The shortest digits that read back as `value`, as f32 if `narrow`. A NaN is "nan" whatever its
/// sign, as NumPy prints it: 0 / 0 is a negative one on x86.
inline std::string float_text(double value, bool narrow)
{
    if (std::isnan(value)) return "nan";
    return narrow ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
}

template <class... A>
BackendError backend_error(std::string_view part, fmt::format_string<A...> text, A&&... values)
{
    return {Code::device,
            fmt::format("{}: {}", part, fmt::format(text, std::forward<A>(values)...)), nullptr,
            part};
}

} // namespace croton::inline v1
