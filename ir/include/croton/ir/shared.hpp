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

    /// The present value. Not copied: it is never written to again.
    Array value() const;
    /// UserError unless dtype and shape stay what they are.
    void set(const Array& value);

private:
    friend Shared shared(std::string_view, const Array&, Where);
    friend Shared detail::as_shared(const Variable&);
    explicit Shared(Variable v) : Variable(std::move(v)) {}
};
void operator+=(Shared&, const Operand&) = delete;
void operator-=(Shared&, const Operand&) = delete;
void operator*=(Shared&, const Operand&) = delete;
void operator/=(Shared&, const Operand&) = delete;

/// `initial` is copied; its dtype and extents are the value's for good.
Shared shared(std::string_view name, const Array& initial, Where where = Where::current());

/// All of them at once: no call sees some of the new values and some of the old.
void set_all(const std::vector<std::pair<Shared, Array>>& values);

namespace detail {

/// The values of several shared variables at one moment.
std::vector<Array> read_shared(const std::vector<Variable>& variables);
/// Publishes new values, all at one moment; gives back the arrays that they replace.
std::vector<Array> publish_shared(const std::vector<Variable>& variables,
                                  std::vector<Array> values);
/// An array to compute a variable's next value in: one that nobody reads any more, or a new one.
Array spare_of(const Variable& variable);
void keep_spare(const Variable& variable, Array spare);
/// Functions that update the same variables run one after another: held for the whole call.
class UpdateLock {
public:
    explicit UpdateLock(const std::vector<Variable>& targets);
    ~UpdateLock();
    UpdateLock(const UpdateLock&) = delete;
    UpdateLock& operator=(const UpdateLock&) = delete;

private:
    std::vector<class SharedData*> held_;
};

} // namespace detail

} // namespace croton::inline v1
