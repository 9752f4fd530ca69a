#pragma once

#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>

namespace croton::inline v1 {

/// The last parameter of every function that builds graph: the user's line.
using Where = std::source_location;

/// A place in source. Interned: equal places are one object that lives as long as the process.
struct Location {
    const char* file = "";
    std::uint32_t line_number = 0;
    const char* function = "";
    /// The Scope that was open there, or null.
    const struct ScopeFrame* scope = nullptr;
    /// What the user called there, where that is a function made of other ops; else empty.
    const char* called = "";
    /// What stands there belongs to the gradient of `called`, and is none of the ops that the user
    /// wrote.
    bool of_gradient = false;

    const char* file_name() const noexcept { return file; }
    std::uint32_t line() const noexcept { return line_number; }
    const char* function_name() const noexcept { return function; }
};

/// One open Scope: its name, where it was opened, and the one around it.
struct ScopeFrame {
    std::string name;
    const Location* opened = nullptr;
};

/// Names a part of a model: while it lives, what this thread builds says "in rk4, called at .." in
/// errors and in emitted comments. Scopes nest; they are destroyed in reverse order of
/// construction.
class Scope {
public:
    explicit Scope(std::string_view name, Where where = Where::current());
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

private:
    const ScopeFrame* previous_;
};

/// Interns `where` together with the scope that is open on this thread; inside an OriginScope that
/// scope's place instead, as applies made by gradients and rules are the user's line's too.
const Location* locate(const Where& where);
/// The same in a function made of others, whose name its ops' errors then have. `called` is a
/// literal.
const Location* locate(const Where& where, const char* called);
/// The same for a place read from a file, in a Scope or (null) in none.
const Location* locate(std::string_view file,
                       std::uint32_t line,
                       std::string_view function,
                       const ScopeFrame* scope = nullptr,
                       std::string_view called = "");
/// The place of the ops that the gradient of one at `place` is made of: the same line, and the name
/// of what was called there, or else of the op. Of a gradient's gradient that of the first.
const Location* gradient_place(const Location* place, std::string_view op);
/// ", in the gradient of log at model.cpp:14"; empty for what the user wrote, and for null.
std::string gradient_text(const Location* place);
/// The Scope of that name opened at `opened`, for such places.
const ScopeFrame* scope_frame(std::string_view name, const Location* opened);

/// While it lives, what this thread builds is located at `origin` (if not null).
class OriginScope {
public:
    explicit OriginScope(const Location* origin) noexcept;
    ~OriginScope();
    OriginScope(const OriginScope&) = delete;
    OriginScope& operator=(const OriginScope&) = delete;

private:
    const Location* previous_;
};

/// "model.cpp:14" (the file's last component), or "model.cpp:14 in rk4, called at main.cpp:3".
std::string to_string(const Location& location);

} // namespace croton::inline v1
