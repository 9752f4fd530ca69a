#pragma once

#include <croton/ir/ref.hpp>
#include <croton/ir/source_location.hpp>

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace croton::inline v1 {

/// What went wrong, for programs; `what()` is for people.
enum class Code : std::uint8_t {
    ok,
    shape,
    dtype,
    index,
    domain,
    not_finite,
    memory,
    device,
    internal
};
std::string_view name(Code code);

namespace detail {
struct ErrorData;
void retain(const ErrorData*) noexcept;
void release(const ErrorData*) noexcept;
} // namespace detail

/// Base of everything Croton throws. `message()` is one sentence, `op: what is wrong: the values`.
class Error : public std::exception {
public:
    Error(Code code, std::string message, const Location* where, std::string_view op);
    /// The message and the place, "add: shapes .. do not broadcast: .. [model.cpp:14]", so that an
    /// error that nobody catches tells both. Without the place where the message names it itself.
    const char* what() const noexcept override;
    /// The sentence alone.
    std::string_view message() const noexcept;
    /// The user's line that the error is about; line 0 where there is none.
    Location where() const noexcept;
    /// Name of the op, or of the function that refused; may be empty.
    std::string_view op() const noexcept;
    Code code() const noexcept;

private:
    detail::Ref<const detail::ErrorData> data_;
};

/// What was asked for has no meaning: the caller's to mend.
class UserError : public Error {
public:
    using Error::Error;
};

/// A promise of Croton's own does not hold: please report it.
class InternalError : public Error {
public:
    using Error::Error;
};

/// The toolchain, the system or a driver refused.
class BackendError : public Error {
public:
    using Error::Error;
};

namespace detail {

/// The error itself, or one at `where` if it has no place.
[[noreturn]] void throw_at(const Where& where, const UserError& error);
[[noreturn]] void throw_at(const Where& where, const BackendError& error);

/// Runs what the user called at `where`: errors that have no place, as they are about the call and
/// no op, are at that one.
template <class F>
decltype(auto) at_place(const Where& where, F run)
{
    try {
        return run();
    } catch (const UserError& error) {
        throw_at(where, error);
    } catch (const BackendError& error) {
        throw_at(where, error);
    }
}

} // namespace detail

} // namespace croton::inline v1
