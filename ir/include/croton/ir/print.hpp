#pragma once

#include <croton/ir/graph.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace croton::inline v1 {

struct PrintOptions {
    std::size_t max_lines = 200; ///< then "... 1000 more"
    bool locations = true;       ///< the user's file:line at the end of a line
};

/// One line per Apply, inputs before users, regions indented:
///
///   inputs   x f32 (n), b f32 (n)
///   %0 f32 (n) = add x, b                      model.cpp:14
///   %1 f32 () = sum %0  axes=(0)               model.cpp:15
///   outputs  %1
std::string to_text(const Graph& graph, const PrintOptions& options = {});
std::string to_text(std::span<const Variable> inputs,
                    std::span<const Variable> outputs,
                    const PrintOptions& options = {});

/// One expression as mathematics: "log1p(exp(x + b))", "dot(x, w)". Named intermediate values are
/// written out like any other; beyond `max_length` characters the deepest parts become "..".
/// Broadcasts are not shown.
/// errors   UserError for an empty Variable.
std::string
to_expression(const Variable& v, std::size_t max_length = 120, Where where = Where::current());

/// How users call an op: its name; a contraction is a "dot", a "matmul" or an "einsum".
std::string_view op_word(const Apply& apply);
/// The function that the user called, where that is made of ops; else the op_word().
std::string_view written_name(const Apply& apply);
/// How users know one of several graphs that an Apply has: "then", "otherwise", "case 2".
std::string branch_name(const Apply& apply, std::size_t branch);
/// gradient_place() of what the Apply's gradient is made of.
const Location* gradient_place(const Apply& apply);

/// A Graphviz digraph of the Applies and leaves, each node with its type.
std::string to_graphviz(const Graph& graph);

} // namespace croton::inline v1
