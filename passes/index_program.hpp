#pragma once

#include <croton/ir/extent.hpp>

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace croton::inline v1::detail {

/// Index expressions that are computed for many values of their symbols: quotients, rests and
/// extrema that several have once.
class IndexProgram {
public:
    /// The symbols that values are given for; no expression has another.
    explicit IndexProgram(std::span<const Extent> symbols);

    /// The number of an expression, for value().
    int add(const Extent& e);
    /// Computes all expressions where the symbols have these values.
    void run(std::span<const std::int64_t> symbols);
    std::int64_t value(int expression) const
    {
        return values_[static_cast<std::size_t>(expression)];
    }

    /// Of all expressions.
    const std::vector<std::int64_t>& values() const { return values_; }

private:
    /// A sum of products of values, or an operation on two of them.
    struct Step {
        AtomKind kind; ///< symbol: the sum
        int a = 0, b = 0;
        std::vector<std::pair<std::int64_t, std::vector<int>>> terms;
    };
    int atom(const Atom* a);
    int push(Step step);

    std::size_t symbols_;
    std::vector<Step> steps_; ///< behind the symbols
    std::vector<std::int64_t> values_;
    std::unordered_map<const Atom*, int> atoms_;
};

} // namespace croton::inline v1::detail
