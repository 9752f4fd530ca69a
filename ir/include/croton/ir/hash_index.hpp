#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
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

/// Of nodes and their parts, which lie at multiples of 8.
inline std::size_t hash_pointer(const void* p)
{
    return static_cast<std::size_t>(reinterpret_cast<std::uintptr_t>(p)) >> 3;
}

/// What belongs to nodes or values, by identity, in the order in which they came: graphs are walked
/// in about that order, so that neighbours lie together. A reference lasts until the next
/// insertion.
template <class K, class T>
class PointerMap {
public:
    T* find(const K* key)
    {
        const std::uint32_t at = position(key);
        return at == HashIndex::none ? nullptr : &entries_[at].second;
    }
    const T* find(const K* key) const { return const_cast<PointerMap*>(this)->find(key); }
    bool contains(const K* key) const { return position(key) != HashIndex::none; }

    /// The value of `key`, and whether that was made just now.
    std::pair<T&, bool> insert(const K* key)
    {
        if (T* const there = find(key)) return {*there, false};
        index_.insert(hash_pointer(key), static_cast<std::uint32_t>(entries_.size()));
        entries_.emplace_back(key, T());
        return {entries_.back().second, true};
    }
    T& operator[](const K* key) { return insert(key).first; }

    void reserve(std::size_t count)
    {
        index_.reserve(count);
        entries_.reserve(count);
    }
    bool empty() const { return entries_.empty(); }

private:
    std::uint32_t position(const K* key) const
    {
        return index_.find(hash_pointer(key),
                           [&](std::uint32_t i) { return entries_[i].first == key; });
    }
    HashIndex index_;
    std::vector<std::pair<const K*, T>> entries_;
};

template <class K>
class PointerSet {
public:
    /// False where it is there.
    bool insert(const K* key) { return keys_.insert(key).second; }
    bool contains(const K* key) const { return keys_.contains(key); }

private:
    struct Nothing {};
    PointerMap<K, Nothing> keys_;
};

} // namespace croton::inline v1::detail
