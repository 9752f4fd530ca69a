#pragma once

#include <croton/ir/op.hpp>
#include <croton/ir/params.hpp>
#include <croton/ir/variable.hpp>

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace croton::inline v1 {

namespace detail {

struct Node;

/// One output of a Node; what a Variable points to.
struct Value {
    Node* node;
    const TypeData* type;
    mutable std::atomic<const std::string*> name{nullptr}; ///< interned
};

/// An Apply or a leaf: one allocation that ends with its inputs and its Values.
/// Freed by an explicit worklist, so that chains of any length are destroyed without recursion.
struct Node {
    mutable std::atomic<std::uint32_t> count{1};
    std::uint32_t input_count = 0;
    std::uint16_t output_count = 0;
    Leaf leaf = Leaf::none;
    bool weak = false;
    const Op* op = nullptr;
    Params params; ///< of an Apply; of a leaf: its Array (constant) or its Shared state
    const Location* where = nullptr;
    union {
        std::uint64_t serial = 0; ///< order of creation in this process
        Node* next_unheld;        ///< once nobody holds it: the one to destroy after it
    };
    const std::vector<Requirement>* requirements = nullptr; ///< owned; null for nearly all

    Variable* inputs() noexcept { return reinterpret_cast<Variable*>(this + 1); }
    const Variable* inputs() const noexcept { return reinterpret_cast<const Variable*>(this + 1); }
    Value* values() noexcept { return reinterpret_cast<Value*>(inputs() + input_count); }
    const Value* values() const noexcept
    {
        return reinterpret_cast<const Value*>(inputs() + input_count);
    }
};

} // namespace detail

/// An Op applied to inputs, with parameters and outputs. A handle, shared and immutable.
class Apply {
public:
    Apply() noexcept = default;
    explicit operator bool() const noexcept { return !first_.is_empty(); }

    const Op& op() const noexcept { return *node()->op; }
    std::span<const Variable> inputs() const noexcept
    {
        return {node()->inputs(), node()->input_count};
    }
    const Variable& input(std::size_t i) const noexcept { return node()->inputs()[i]; }
    std::size_t output_count() const noexcept { return node()->output_count; }
    Variable output(std::size_t i = 0) const noexcept;
    Variables outputs() const;
    const Params& params() const noexcept { return node()->params; }
    template <class P>
    const P& params_as() const
    {
        return params_cast<P>(node()->params.get());
    }
    std::span<const Requirement> requirements() const noexcept;
    const Location* location() const noexcept { return node()->where; }
    std::uint64_t serial() const noexcept { return node()->serial; }
    /// Identity.
    const detail::Node* node() const noexcept { return first_.value()->node; }

private:
    friend class Variable;
    explicit Apply(Variable first) noexcept : first_(std::move(first)) {}
    Variable first_; ///< any of its outputs
};

} // namespace croton::inline v1
