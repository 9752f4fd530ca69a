#include <croton/codegen/prelude.hpp>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include <croton/ir/format.hpp>

#include "prelude_text.hpp"

namespace croton::inline v1::codegen {

namespace {

struct Item {
    std::string_view name;
    std::string_view text; ///< with its comment
    std::vector<std::size_t> needs;
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

/// Calls f(identifier) for each identifier in `text`.
template <class F>
void for_each_identifier(std::string_view text, F f)
{
    for (std::size_t i = 0; i < text.size();) {
        if (!is_word(text[i])) {
            ++i;
            continue;
        }
        const std::size_t first = i;
        while (i < text.size() && is_word(text[i])) ++i;
        f(text.substr(first, i - first));
    }
}

/// The prelude's files taken apart into functions and tables. An item begins with its comment, or with
/// a line that starts with one of the three words below, and ends with a line `}` or `};`.
class Prelude {
public:
    Prelude()
    {
        for (const PreludeFile& file : prelude_files)
            if (file.name != "base.h" && file.name != "runtime_abi.h") split(file.text);
        for (std::size_t i = 0; i < items_.size(); ++i) by_name_.emplace(items_[i].name, i);
        for (std::size_t i = 0; i < items_.size(); ++i) {
            std::set<std::size_t> needs;
            for_each_identifier(items_[i].text, [&](std::string_view word) {
                if (const auto at = by_name_.find(word); at != by_name_.end() && at->second != i)
                    needs.insert(at->second);
            });
            items_[i].needs.assign(needs.begin(), needs.end());
        }
    }

    std::string text_for(std::string_view body) const
    {
        std::string text;
        for (std::string_view base : {"base.h", "runtime_abi.h"})
            for (const PreludeFile& file : prelude_files)
                if (file.name == base) text.append(file.text).append("\n");
        std::vector<bool> done(items_.size(), false);
        std::set<std::size_t> wanted;
        for_each_identifier(body, [&](std::string_view word) {
            if (const auto at = by_name_.find(word); at != by_name_.end()) wanted.insert(at->second);
        });
        for (std::size_t i : wanted) append(i, done, text);
        return text;
    }

    std::vector<std::string_view> names() const
    {
        std::vector<std::string_view> all;
        for (const Item& item : items_) all.push_back(item.name);
        return all;
    }

private:
    static bool starts_item(std::string_view line)
    {
        return line.starts_with("CT_MATH ") || line.starts_with("CT_NOINLINE ") ||
               line.starts_with("static const ");
    }

    /// The identifier before the first `(` or `[`.
    static std::string_view name_in(std::string_view line)
    {
        const std::size_t end = line.find_first_of("([");
        std::size_t first = end;
        while (first > 0 && is_word(line[first - 1])) --first;
        return line.substr(first, end - first);
    }

    void split(std::string_view text)
    {
        std::size_t comment = text.npos; // where the comment before the next item begins
        std::size_t item = text.npos;
        std::string_view name;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
            const std::string_view line = text.substr(at, end - at);
            if (item == text.npos && starts_item(line)) {
                item = comment == text.npos ? at : comment;
                name = name_in(line);
            } else if (item == text.npos && line.starts_with("/*")) comment = at;
            else if (item == text.npos && line == "\n") comment = text.npos;
            const bool one_line = line.ends_with(" }\n") || (line.starts_with("static const ") && line.ends_with(";\n"));
            const bool ends = line.starts_with("}") || (starts_item(line) && one_line);
            if (item != text.npos && ends) {
                items_.push_back({name, text.substr(item, end - item), {}});
                item = comment = text.npos;
            }
            at = end;
        }
    }

    void append(std::size_t i, std::vector<bool>& done, std::string& text) const
    {
        if (done[i]) return;
        done[i] = true;
        for (std::size_t need : items_[i].needs) append(need, done, text);
        text.append(items_[i].text).append("\n");
    }

    std::vector<Item> items_;
    std::map<std::string_view, std::size_t> by_name_;
};

const Prelude& prelude()
{
    static const Prelude all;
    return all;
}

} // namespace

std::string prelude_for(std::string_view body) { return prelude().text_for(body); }
std::vector<std::string_view> prelude_functions() { return prelude().names(); }

} // namespace croton::inline v1::codegen
