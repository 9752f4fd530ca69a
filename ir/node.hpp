#pragma once

#include <croton/ir/apply.hpp>

namespace croton::inline v1::detail {

struct ConstantLeaf {
    Array value;
    static constexpr auto fields = std::tuple{field("value", &ConstantLeaf::value)};
};

/// A node with inputs and outputs in place and everything else at its default; count 1.
Node* make_node(std::span<const Variable> inputs, std::span<const Type> types);
/// A Variable that takes over the node's first count.
Variable adopt(Node* node);
Variable make_leaf(Leaf leaf, Type type, std::string_view name, Params data, const Location* where);
const std::string* intern_name(std::string_view text);

} // namespace croton::inline v1::detail
