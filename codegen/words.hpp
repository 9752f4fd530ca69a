#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1::codegen {

/// The distinct identifiers of texts, numbered as they first come.
class Words {
public:
    Words();
    std::uint32_t number(std::string_view word);
    std::string_view text(std::uint32_t number) const { return words_[number].text; }
    /// Whether it means the same in every text: a word of C, C++ or the prelude. A few that do not
    /// count as well, which only makes equal texts look different.
    bool is_fixed(std::uint32_t number) const { return words_[number].fixed; }
    std::size_t size() const { return words_.size(); }

private:
    struct Word {
        std::string text;
        bool fixed;
    };
    struct Slot {
        std::uint32_t hash;
        std::uint32_t number; ///< 1 + a word's; 0: free
    };
    void grow();

    std::deque<Word> words_;  ///< their texts stay where they are
    std::vector<Slot> slots_; ///< a power of two of them
};

} // namespace croton::inline v1::codegen
