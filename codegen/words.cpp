#include "words.hpp"

#include <croton/codegen/prelude.hpp>

#include <functional>

#include "names.hpp"

namespace croton::inline v1::codegen {

namespace {

bool is_fixed_word(std::string_view name)
{
    return name.starts_with('_') || is_prelude_word(name) || is_taken_by_the_text(name);
}

} // namespace

Words::Words() : slots_(256) {}

std::uint32_t Words::number(std::string_view word)
{
    const std::uint32_t hash = static_cast<std::uint32_t>(std::hash<std::string_view>{}(word));
    std::size_t at = hash & (slots_.size() - 1);
    for (; slots_[at].number != 0; at = (at + 1) & (slots_.size() - 1))
        if (slots_[at].hash == hash && words_[slots_[at].number - 1].text == word)
            return slots_[at].number - 1;
    words_.push_back({std::string(word), is_fixed_word(word)});
    slots_[at] = {hash, static_cast<std::uint32_t>(words_.size())};
    if (2 * words_.size() > slots_.size()) grow();
    return static_cast<std::uint32_t>(words_.size() - 1);
}

void Words::grow()
{
    std::vector<Slot> larger(2 * slots_.size());
    for (const Slot& slot : slots_) {
        if (slot.number == 0) continue;
        std::size_t at = slot.hash & (larger.size() - 1);
        while (larger[at].number != 0)
            at = (at + 1) & (larger.size() - 1);
        larger[at] = slot;
    }
    slots_ = std::move(larger);
}

} // namespace croton::inline v1::codegen
