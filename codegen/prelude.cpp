#include <croton/codegen/prelude.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

#include "prelude_text.hpp"

namespace croton::inline v1::codegen {

namespace {

/// A function or table with the comment directly above it.
struct Item {
    std::string name;
    std::string text;
    std::size_t section = 0; ///< whose comment, the one at the top of a file, stands before it
    std::vector<std::size_t> needs;
    int flops = 0; ///< arithmetic operators, with those of what it needs
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

/// Calls f(identifier) for each identifier in C text outside its comments.
template <class F>
void for_each_identifier(std::string_view text, F f)
{
    std::size_t i = 0;
    while (i < text.size()) {
        const std::string_view two = text.substr(i, 2);
        if (two == "//")
            i = text.find('\n', i);
        else if (two == "/*")
            i = std::min(text.find("*/", i + 2), text.size() - 2) + 2;
        else if (!is_word(text[i]))
            ++i;
        else {
            const std::size_t first = i;
            while (i < text.size() && is_word(text[i]))
                ++i;
            f(text.substr(first, i - first));
        }
    }
}

/// The text with i<from> and u<from> renamed to another width, at the ends of names too.
std::string renamed(std::string_view text, std::string_view from, std::string_view to)
{
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        result += text[i];
        const bool begins = i == 0 || !std::isalnum(static_cast<unsigned char>(text[i - 1]));
        if (begins && (text[i] == 'i' || text[i] == 'u') && text.substr(i + 1).starts_with(from)) {
            result += to;
            i += from.size();
        }
    }
    return result;
}

/// The widths of integers that a file stands for, the one in which it is written first.
std::vector<std::string_view> widths_of(std::string_view file)
{
    if (file == "integers_signed.h" || file == "integers_unsigned.h")
        return {"64", "32", "16", "8"};
    if (file == "division_narrow.h") return {"32", "16", "8"};
    return {""};
}

/// The prelude's files taken apart into functions and tables. An item begins with its comment, or
/// with a line that starts with one of the three words below, and ends with a line `}` or `};`.
class Prelude {
public:
    Prelude()
    {
        for (const PreludeFile& file : prelude_files) {
            if (file.name == "base.h" || file.name == "runtime_abi.h") continue;
            const std::size_t first = items_.size();
            split(file.text);
            const std::vector<std::string_view> widths = widths_of(file.name);
            const std::size_t last = items_.size();
            for (std::size_t w = 1; w < widths.size(); ++w)
                for (std::size_t i = first; i < last; ++i)
                    add_width(i, widths[0], widths[w]);
        }
        index();
        add_casts();
        index();
    }

    std::string text_for(std::string_view body) const
    {
        std::string text;
        for (std::string_view base : {"base.h", "runtime_abi.h"})
            for (const PreludeFile& file : prelude_files)
                if (file.name == base) text.append(file.text).append("\n");
        std::vector<bool> done(items_.size(), false);
        std::vector<bool> opened(sections_.size(), false);
        std::set<std::size_t> wanted;
        for_each_identifier(body, [&](std::string_view word) {
            if (const auto at = by_name_.find(word); at != by_name_.end())
                wanted.insert(at->second);
        });
        for (std::size_t i : wanted)
            append(i, done, opened, text);
        return text;
    }

    bool is_plain_cast(std::string_view function) const { return plain_casts_.contains(function); }

    bool contains(std::string_view function) const { return by_name_.contains(function); }

    int flops(std::string_view function) const
    {
        const auto at = by_name_.find(function);
        return at == by_name_.end() ? 0 : items_[at->second].flops;
    }

    std::vector<std::string_view> names() const
    {
        std::vector<std::string_view> all;
        for (const Item& item : items_)
            all.push_back(item.name);
        return all;
    }

private:
    void count(std::size_t i, std::vector<bool>& counted)
    {
        if (counted[i]) return;
        counted[i] = true;
        const std::string_view text = items_[i].text;
        const std::size_t body = text.find('{', text.find("*/") == text.npos ? 0 : text.find("*/"));
        for (std::size_t k = body; k < text.size(); ++k)
            if (const char c = text[k]; c == '+' || c == '-' || c == '*' || c == '/' || c == '?')
                ++items_[i].flops;
        for (std::size_t need : items_[i].needs) {
            count(need, counted);
            items_[i].flops += items_[need].flops;
        }
    }

    static bool starts_item(std::string_view line)
    {
        return line.starts_with("CT_MATH ") || line.starts_with("CT_NOINLINE ") ||
               line.starts_with("static const ");
    }

    static bool ends_item(std::string_view line)
    {
        if (!starts_item(line)) return line.starts_with("}");
        return line.ends_with(" }\n") ||
               (line.starts_with("static const ") && line.ends_with(";\n"));
    }

    /// The identifier before the first `(` or `[`.
    static std::string_view name_in(std::string_view line)
    {
        const std::size_t end = line.find_first_of("([");
        std::size_t first = end;
        while (first > 0 && is_word(line[first - 1]))
            --first;
        return line.substr(first, end - first);
    }

    void split(std::string_view text)
    {
        std::string pending; // a comment or a part of an item
        std::string_view name;
        const std::size_t section = sections_.size();
        while (!text.empty()) {
            const std::string_view line =
                text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
            text.remove_prefix(line.size());
            if (name.empty() && line == "\n") {
                // a comment that no item follows directly is the file's
                if (sections_.size() == section) sections_.push_back(pending);
                pending.clear();
                continue;
            }
            if (name.empty() && starts_item(line)) name = name_in(line);
            pending += line;
            if (!name.empty() && ends_item(line)) {
                if (sections_.size() == section) sections_.emplace_back();
                items_.push_back({std::string(name), pending, section, {}});
                pending.clear();
                name = {};
            }
        }
    }

    /// A copy of an item in another width, without its comment.
    void add_width(std::size_t i, std::string_view from, std::string_view to)
    {
        const Item& item = items_[i];
        const std::size_t code = item.text.starts_with("/*") ? item.text.find("*/\n") + 3 : 0;
        items_.push_back({renamed(item.name, from, to),
                          renamed(std::string_view(item.text).substr(code), from, to),
                          item.section,
                          {}});
    }

    /// cast_<to>_<from> where C's own conversion is the one wanted: all but float to integer or
    /// bool.
    void add_casts()
    {
        constexpr std::array types{"i8",  "i16", "i32", "i64", "u8",  "u16",
                                   "u32", "u64", "f32", "f64", "bool"};
        const std::size_t section = sections_.size();
        sections_.emplace_back("/* Conversions as C has them; integers wrap. */\n");
        for (std::string_view to : types)
            for (std::string_view from : types) {
                const std::string name = fmt::format("cast_{}_{}", to, from);
                if (by_name_.contains(name)) continue;
                plain_casts_.insert(name);
                items_.push_back(
                    {name,
                     fmt::format("CT_MATH {0} {1}({2} x) {{ return ({0})x; }}\n",
                                 to == "bool" ? "b8" : to, name, from == "bool" ? "b8" : from),
                     section,
                     {}});
            }
    }

    void index()
    {
        by_name_.clear();
        for (std::size_t i = 0; i < items_.size(); ++i)
            by_name_.emplace(items_[i].name, i);
        for (std::size_t i = 0; i < items_.size(); ++i) {
            std::set<std::size_t> needs;
            for_each_identifier(items_[i].text, [&](std::string_view word) {
                if (const auto at = by_name_.find(word); at != by_name_.end() && at->second != i)
                    needs.insert(at->second);
            });
            items_[i].needs.assign(needs.begin(), needs.end());
        }
        std::vector<bool> counted(items_.size(), false);
        for (std::size_t i = 0; i < items_.size(); ++i)
            count(i, counted);
    }

    void append(std::size_t i,
                std::vector<bool>& done,
                std::vector<bool>& opened,
                std::string& text) const
    {
        if (done[i]) return;
        done[i] = true;
        const Item& item = items_[i];
        for (std::size_t need : item.needs)
            append(need, done, opened, text);
        if (!opened[item.section] && !sections_[item.section].empty())
            text.append(sections_[item.section]).append("\n");
        opened[item.section] = true;
        text.append(item.text).append("\n");
    }

    std::vector<Item> items_;
    std::vector<std::string> sections_;
    std::set<std::string, std::less<>> plain_casts_;
    std::map<std::string, std::size_t, std::less<>> by_name_;
};

const Prelude& prelude()
{
    static const Prelude all;
    return all;
}

} // namespace

std::string prelude_for(std::string_view body) { return prelude().text_for(body); }
bool has_prelude_function(std::string_view function) { return prelude().contains(function); }
bool is_plain_cast(std::string_view function) { return prelude().is_plain_cast(function); }
int prelude_flops(std::string_view function) { return prelude().flops(function); }
std::vector<std::string_view> prelude_functions() { return prelude().names(); }

} // namespace croton::inline v1::codegen
