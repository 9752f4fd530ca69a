#pragma once

#include <croton/ir/array.hpp>
#include <croton/ir/shared.hpp>
#include <croton/ir/variable.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1 {

/// How the elements of an input or an output lie in the caller's memory. The function is compiled
/// for it: another layout than the one declared is packed by a call with Arrays and refused by a
/// call that may not allocate.
enum class Layout : std::uint8_t {
    row_major,
    column_major, ///< the first axis is contiguous, as Eigen's matrices are
    any,          ///< strides are read at each call, negative ones too
};

namespace detail {
/// A number as the default of `v`, in its dtype. UserError where `v` is no scalar, or cannot hold
/// it.
Array default_number(const Variable& v, const Array& number, const Where& where);
} // namespace detail

/// A leaf of the graph that each call gives, with its layout and perhaps a value for calls that
/// leave it out: by name, or at the end of the list.
struct Input {
    Variable variable;
    Layout layout = Layout::row_major;
    Array otherwise{};
    Input(const Variable& v) : variable(v) {}
    Input(const Variable& v, Layout l) : variable(v), layout(l) {}
    Input(const Variable& v, const Array& value) : variable(v), otherwise(value) {}
    /// Of a 0-d input.
    template <Number T>
    Input(const Variable& v, T value, Where where = Where::current())
        : variable(v), otherwise(detail::default_number(v, Array::scalar(value), where))
    {}
    Input(const Variable& v, Layout l, const Array& value)
        : variable(v), layout(l), otherwise(value)
    {}
};
struct Inputs : std::vector<Input> {
    Inputs(std::initializer_list<Input> list);
    Inputs(const Variable& v);
    Inputs(const Variables& list);
};

/// A value that each call gives back, perhaps under a name.
struct Output {
    Variable variable;
    std::string name;
    Layout layout = Layout::row_major;
    Output(const Variable& v) : variable(v) {}
    Output(std::string_view n, const Variable& v, Layout l = Layout::row_major)
        : variable(v), name(n), layout(l)
    {}
};
struct Outputs : std::vector<Output> {
    Outputs(const Variable& v);
    Outputs(const Output& o);
    Outputs(std::initializer_list<Output> list);
    Outputs(const Variables& list);
    /// What `grad(loss, {W, b})` gives.
    template <std::size_t N>
    Outputs(const std::array<Variable, N>& list) : std::vector<Output>(list.begin(), list.end())
    {}
};

/// An input and an output, by position, that may be one memory: a state advanced in place. Both
/// have the same type and layout. A typed call that is given one memory for both moves nothing;
/// given two, it copies the input into the output first. A call with Arrays leaves its inputs as
/// they are.
///
/// After a call that failed, the memory's elements are unspecified.
struct Alias {
    int input = 0;
    int output = 0;
};

} // namespace croton::inline v1
