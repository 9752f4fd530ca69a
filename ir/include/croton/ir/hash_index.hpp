#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace croton::inline v1::detail {

/// Finds positions in a list of the owner's by hash: open addressing, eight bytes a slot.
/// The owner keeps the elements and decides equality, so one table serves keys of any kind.
class HashIndex {
public:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    /// The first position under `hash` for which `equal(position)` holds, or `none`.
    template <class Equal>
    std::uint32_t find(std::size_t hash, Equal equal) const
    {
        if (slots_.empty()) return none;
        const std::uint32_t tag = tag_of(hash);
        for (std::size_t i = tag & mask();; i = (i + 1) & mask()) {
            if (slots_[i].position == none) return none;
            if (slots_[i].tag == tag && equal(slots_[i].position)) return slots_[i].position;
        }
    }

    void insert(std::size_t hash, std::uint32_t position)
    {
        if (++count_ * 2 > slots_.size()) grow(slots_.empty() ? 16 : slots_.size() * 2);
        place({tag_of(hash), position});
    }

    /// Room for `count` insertions.
    void reserve(std::size_t count)
    {
        if (count * 2 > slots_.size()) grow(std::bit_ceil(count * 2 + 16));
    }
    void clear()
    {
        slots_.clear();
        count_ = 0;
    }

private:
    struct Slot {
        std::uint32_t tag = 0;
        std::uint32_t position = none;
    };
    std::size_t mask() const { return slots_.size() - 1; }
    static std::uint32_t tag_of(std::size_t hash)
    {
        return static_cast<std::uint32_t>((hash * 0x9e3779b97f4a7c15ULL) >> 32);
    }
    void place(Slot slot)
    {
        std::size_t i = slot.tag & mask();
        while (slots_[i].position != none)
            i = (i + 1) & mask();
        slots_[i] = slot;
    }
    void grow(std::size_t size)
    {
        std::vector<Slot> old(size);
        old.swap(slots_);
        for (const Slot& s : old)
            if (s.position != none) place(s);
    }

    std::vector<Slot> slots_;
    std::size_t count_ = 0;
};

} // namespace croton::inline v1::detail
