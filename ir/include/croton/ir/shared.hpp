#pragma once

#include <croton/ir/operand.hpp>
#include <croton/ir/variable.hpp>

#include <string_view>
#include <utility>
#include <vector>

namespace croton::inline v1 {

class Shared;
namespace detail {
/// A Variable that is a shared one (InternalError otherwise) as such.
Shared as_shared(const Variable& v);
} // namespace detail

/// A value that lives across calls: weights, moments, counters. Functions read it as it is when
/// they are called, and change it through Options::updates.
///
/// copies   name the same value.
/// threads  any number may read while one function updates: each call sees all updates of a step or
/// none.
class Shared : public Variable {
public:
    Shared(const Shared&) = default;
    Shared&
    operator=(const Variable&) = delete; // `W = expr` does not compile: use Options::updates
    Shared& operator=(const Shared&) = delete;

    /// The present value. Not copied: no call writes to it while it is held, nor may its holder,
    /// who would change the variable behind its back: `clone()` it for that. Waits for a call that
    /// writes over it where it lies (Options::publish).
    Array value() const;
    /// Replaces the value; const, as a handle stays the same one. UserError unless dtype and shape
    /// stay what they are. Waits for calls that update it.
    void set(const Array& value, Where where = Where::current()) const;
    /// With an index, as of every Variable: `W.set({0}, v)` is a new expression, W stays as it is.
    using Variable::set;

private:
    friend Shared shared(std::string_view, const Array&, Where);
    friend Shared detail::as_shared(const Variable&);
    explicit Shared(Variable v) : Variable(std::move(v)) {}
};
void operator+=(Shared&, const Operand&) = delete;
void operator-=(Shared&, const Operand&) = delete;
void operator*=(Shared&, const Operand&) = delete;
void operator/=(Shared&, const Operand&) = delete;
void operator%=(Shared&, const Operand&) = delete;
void operator&=(Shared&, const Operand&) = delete;
void operator|=(Shared&, const Operand&) = delete;
void operator^=(Shared&, const Operand&) = delete;

/// `initial` is copied; its dtype and extents are the value's for good.
Shared shared(std::string_view name, const Array& initial, Where where = Where::current());

/// All of them at once: no call sees some of the new values and some of the old. Waits for calls
/// that update one of them.
void set_all(const std::vector<std::pair<Shared, Array>>& values, Where where = Where::current());

namespace detail {

/// The values of several shared variables at one moment.
std::vector<Array> read_shared(const std::vector<Variable>& variables);

} // namespace detail

} // namespace croton::inline v1
