#pragma once

#include <croton/ir/extent.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace croton::inline v1::detail {

/// Constant arrays that indices are read from. A symbol stands for the element of one at an index,
/// which is made of symbols itself: so what constants name is part of index expressions.
class Tables {
public:
    struct Table {
        std::vector<std::int64_t> values; ///< in C order, none negative
        std::vector<std::int64_t> extents;
    };
    /// The element that a symbol stands for.
    struct Place {
        std::shared_ptr<const Table> table;
        std::vector<Extent> index;
    };

    /// The symbol, the same for the same place; as many as 128, of more `full()`.
    Extent symbol(Table table, std::vector<Extent> index);
    bool full() const { return full_; }

    /// A substitution in these expressions, and with it of the symbols whose index it changes.
    Substitution with(Substitution by, std::span<const Extent> expressions);
    /// Whether an expression does, or the index of a symbol in it.
    bool mentions(const Extent& e, const Extent& symbol) const;

    /// The places that symbols in the expressions stand for: what the index of one needs is before
    /// it.
    std::vector<std::size_t> used_in(std::span<const Extent> expressions) const;
    const Place& place(std::size_t i) const { return places_[i]; }
    static Extent symbol(std::size_t i);

private:
    Extent symbol(const std::shared_ptr<const Table>& table, std::vector<Extent> index);

    std::vector<Place> places_;
    bool full_ = false;
};

} // namespace croton::inline v1::detail
