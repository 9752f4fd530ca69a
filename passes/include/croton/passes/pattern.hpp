#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/param_wildcard.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace croton::inline v1 {

/// The value of every element of a constant, looking through casts and broadcasts that keep it.
std::optional<double> constant_value(const Variable& v);

/// What a parameter's wildcard stands for.
using ParamValue =
    std::variant<int, std::vector<int>, std::vector<std::int64_t>, Shape, Extent, DType>;

class Pattern;

/// What a pattern's wildcards stand for, and where. Borrowed: valid while the matched graph lives.
class Match {
public:
    /// The value that a wildcard stands for. InternalError for a name that the pattern lacks.
    const Variable& operator[](std::string_view wildcard) const;
    /// The Apply that the whole pattern matched.
    const Apply& root() const noexcept { return *root_; }
    Type type() const { return root_->output().type(); }

    bool has_param(std::string_view name) const;
    const ParamValue& param(std::string_view name) const;
    const std::vector<int>& ints(std::string_view name) const;
    const Shape& shape(std::string_view name) const;
    DType dtype(std::string_view name) const;
    /// Gives a parameter of the right side its value; for RuleBuilder::with.
    void set_param(std::string_view name, ParamValue value);
    /// Gives a wildcard of the right side its value; for RuleBuilder::let.
    void set_value(std::string_view name, Variable value);

private:
    friend class Pattern;
    const Pattern* pattern_ = nullptr;
    const Apply* root_ = nullptr;
    std::array<const Variable*, 8> bound_{};
    std::vector<std::pair<std::string_view, ParamValue>> params_;
    std::vector<std::pair<std::string_view, Variable>> values_; ///< that `let` gave
};

/// A graph of the user's own functions over wildcards, made ready to be matched or built.
///
/// A wildcard matches any value, the same one wherever it occurs. A literal matches a constant
/// whose elements are all that value. Operands of commutative ops match in either order.
class Pattern {
public:
    /// At most 8 wildcards (InternalError).
    explicit Pattern(const Variable& expression);

    /// Whether it matches in an order in which `when` holds; no `when`: always.
    bool match(const Apply& apply,
               Match& match,
               const std::function<bool(const Match&)>& when = nullptr) const;
    /// The expression over what `match` bound, by the ops' own rules: operands are converted and
    /// broadcast as in the user's code. `match` is of another pattern that binds all of its names.
    Variable build(const Match& match, const Location* where) const;

    const Op* root_op() const { return nodes_.back().op; }
    const std::vector<std::string>& wildcards() const noexcept { return wildcards_; }
    const std::vector<std::string>& params() const noexcept { return params_; }
    /// Applies and leaves, as often as they are written.
    std::size_t size() const noexcept { return size_; }
    /// Commutative ops whose operands differ: matching tries both orders of each.
    int order_count() const noexcept { return order_bits_; }
    /// How often a wildcard is written.
    std::size_t occurrences(std::string_view wildcard) const;
    const Variable& expression() const noexcept { return expression_; }
    int slot(std::string_view wildcard) const;

private:
    enum class Kind : std::uint8_t { wildcard, literal, apply };
    struct Node {
        Kind kind = Kind::wildcard;
        int slot = -1; ///< of a wildcard
        double literal = 0;
        Variable constant; ///< the literal as written
        const Op* op = nullptr;
        Params params;
        bool wild_params = false;
        int order_bit = -1; ///< of a commutative op
        std::vector<std::uint32_t> inputs;
    };
    std::uint32_t add(const Variable& v);
    /// Whether the ops right below the root are the pattern's; `swap`: in the other order.
    bool operands_fit(const Apply& apply, bool swap) const;
    void add_param_names(const Params& params, bool& any);
    bool match_node(std::uint32_t at, const Variable& v, unsigned orders, Match& match) const;
    bool match_params(const Node& node, const Params& params, Match& match) const;
    Params build_params(const Node& node, const Match& match) const;

    Variable expression_;
    std::vector<Node> nodes_; ///< inputs before users; the root is last
    std::vector<std::string> wildcards_;
    std::vector<std::size_t> occurrences_;
    std::vector<std::string> params_;
    std::size_t size_ = 0;
    int order_bits_ = 0;
};

} // namespace croton::inline v1
