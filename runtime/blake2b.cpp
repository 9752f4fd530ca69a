#include "blake2b.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace croton::inline v1 {

namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie");

using Words = std::array<std::uint64_t, 16>;

constexpr std::array<std::uint64_t, 8> initial = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

/// The order in which a round takes the words of a block.
constexpr std::uint8_t order[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                        {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                        {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                        {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                        {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                        {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                        {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                        {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                        {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                        {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

inline void mix(Words& v, int a, int b, int c, int d, std::uint64_t x, std::uint64_t y)
{
    const auto at = [&](int i) -> std::uint64_t& { return v[static_cast<std::size_t>(i)]; };
    at(a) += at(b) + x;
    at(d) = std::rotr(at(d) ^ at(a), 32);
    at(c) += at(d);
    at(b) = std::rotr(at(b) ^ at(c), 24);
    at(a) += at(b) + y;
    at(d) = std::rotr(at(d) ^ at(a), 16);
    at(c) += at(d);
    at(b) = std::rotr(at(b) ^ at(c), 63);
}

} // namespace

Blake2b::Blake2b() : state_(initial)
{
    state_[0] ^= 0x01010000 ^ sizeof(Digest); // no key, one piece, and the digest's length
}

void Blake2b::compress(bool is_last)
{
    Words m;
    std::memcpy(m.data(), pending_.data(), sizeof m);
    Words v;
    std::ranges::copy(state_, v.begin());
    std::ranges::copy(initial, v.begin() + 8);
    v[12] ^= total_bytes_;
    if (is_last) v[14] = ~v[14];
    for (int round = 0; round < 12; ++round) {
        const auto& s = order[round % 10];
        mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
        mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
        mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
        mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
        mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
        mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
        mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
        mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
    }
    for (std::size_t i = 0; i < state_.size(); ++i)
        state_[i] ^= v[i] ^ v[i + 8];
}

void Blake2b::add(std::string_view bytes)
{
    while (!bytes.empty()) {
        if (pending_bytes_ == pending_.size()) { // not the last block: more follows
            total_bytes_ += pending_.size();
            compress(false);
            pending_bytes_ = 0;
        }
        const std::size_t count = std::min(bytes.size(), pending_.size() - pending_bytes_);
        std::memcpy(pending_.data() + pending_bytes_, bytes.data(), count);
        pending_bytes_ += count;
        bytes.remove_prefix(count);
    }
}

Blake2b::Digest Blake2b::finish()
{
    total_bytes_ += pending_bytes_;
    std::fill(pending_.begin() + static_cast<std::ptrdiff_t>(pending_bytes_), pending_.end(), 0);
    compress(true);
    Digest digest;
    std::memcpy(digest.data(), state_.data(), digest.size());
    return digest;
}

} // namespace croton::inline v1
