#include <croton/codegen/prelude.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <mutex>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "prelude_text.hpp"
#include "tokens.hpp"

namespace croton::inline v1::codegen {

namespace {

/// A function or table with the comment directly above it.
struct Item {
    std::string_view name;
    std::string_view text;
    std::size_t section = 0; ///< whose comment, the one at the top of a file, stands before it
};

/// What is found out about an item when it is first asked for: most items never are.
struct Uses {
    bool known = false;
    std::vector<std::size_t> needs;
    int flops = 0; ///< arithmetic operators, with those of what it needs
};

bool is_base(const PreludeFile& file)
{
    return file.name == "base.h" || file.name == "runtime_abi.h";
}

/// The text with types of these letters, such as i<from>, renamed to another width, at the ends of
/// names too.
std::string
renamed(std::string_view text, std::string_view letters, std::string_view from, std::string_view to)
{
    std::string result;
    result.reserve(text.size());
    std::size_t done = 0;
    for (std::size_t i = text.find(from); i != text.npos; i = text.find(from, i + from.size())) {
        if (i == 0 || letters.find(text[i - 1]) == letters.npos) continue;
        if (i > 1 && is_word(text[i - 2]) && text[i - 2] != '_') continue;
        result.append(text.substr(done, i - done)).append(to);
        done = i + from.size();
    }
    return result.append(text.substr(done));
}

std::string without_comments(std::string_view text)
{
    std::string code;
    for (std::size_t at; (at = text.find("/*")) != text.npos;) {
        code.append(text.substr(0, at));
        text.remove_prefix(std::min(text.find("*/", at), text.size() - 2) + 2);
    }
    return code.append(text);
}

struct Widths {
    std::string_view letters; ///< of the types
    std::vector<std::string_view> list;
};

/// The widths of numbers that a file stands for, the one in which it is written first.
Widths widths_of(std::string_view file)
{
    if (file == "integers_signed.h" || file == "integers_unsigned.h")
        return {"iu", {"64", "32", "16", "8"}};
    if (file == "division_narrow.h") return {"iu", {"32", "16", "8"}};
    if (file == "transpose.h") return {"f", {"64", "32"}};
    return {"", {""}};
}

/// The prelude's files taken apart into functions, tables and structs. An item begins with its
/// comment, or with a line that starts with one of the words below, and ends with a line `}` or
/// `};`.
class Prelude {
public:
    Prelude()
    {
        for (const PreludeFile& file : prelude_files) {
            if (is_base(file)) continue;
            const std::size_t first = items_.size();
            split(file.text);
            const Widths widths = widths_of(file.name);
            const std::size_t last = items_.size();
            for (std::size_t w = 1; w < widths.list.size(); ++w)
                for (std::size_t i = first; i < last; ++i)
                    add_width(i, widths.letters, widths.list[0], widths.list[w]);
        }
        index(0);
        const std::size_t written = items_.size();
        add_casts();
        index(written);
        uses_.resize(items_.size());
        for (std::string_view base : {"base.h", "runtime_abi.h"})
            for (const PreludeFile& file : prelude_files)
                if (file.name == base) base_.append(file.text).append("\n");
        add_words(base_);
        for (const Item& item : items_)
            if (code_of(item).starts_with("struct ")) add_words(code_of(item));
    }

    std::string text_for(const std::set<std::size_t>& named, bool called)
    {
        const std::lock_guard lock(mutex_);
        std::string text = base_;
        std::vector<bool> done(items_.size(), false);
        std::vector<bool> opened(sections_.size(), false);
        for (std::size_t i : named)
            append(i, done, opened, text);
        if (called)
            for (std::size_t i : named)
                call(items_[i], uses(i), text);
        return text;
    }

    bool has_word(std::string_view word) const
    {
        return by_name_.contains(word) || other_words_.contains(word);
    }
    bool is_plain_cast(std::string_view function) const { return plain_casts_.contains(function); }

    bool contains(std::string_view function) const { return by_name_.contains(function); }

    int flops(std::string_view function)
    {
        const std::lock_guard lock(mutex_);
        const auto at = by_name_.find(function);
        return at == by_name_.end() ? 0 : uses(at->second).flops;
    }

    std::vector<std::string_view> names() const
    {
        std::vector<std::string_view> all;
        for (const Item& item : items_)
            all.push_back(item.name);
        return all;
    }

    std::set<std::size_t> mentioned_in(std::string_view text) const
    {
        std::set<std::size_t> items;
        Tokens tokens(text);
        for (Token t; tokens.next(t);)
            if (t.kind == Token::Kind::identifier) add_item(t.text, items);
        return items;
    }

    void add_item(std::string_view word, std::set<std::size_t>& items) const
    {
        if (const auto at = by_name_.find(word); at != by_name_.end()) items.insert(at->second);
    }

private:
    const Uses& uses(std::size_t i)
    {
        Uses& u = uses_[i];
        if (u.known) return u;
        u.known = true;
        const std::string_view text = items_[i].text;
        std::set<std::size_t> needs = mentioned_in(text);
        needs.erase(i);
        u.needs.assign(needs.begin(), needs.end());
        const std::string code = without_comments(text);
        for (char c : std::string_view(code).substr(std::min(code.find('{'), code.size())))
            u.flops += c == '+' || c == '-' || c == '*' || c == '/' || c == '?';
        for (std::size_t need : needs)
            u.flops += uses(need).flops;
        return u;
    }

    /// Makes a function of floats that is worth a call one that is called.
    static void call(const Item& item, const Uses& uses, std::string& text)
    {
        constexpr int worth_a_call = 8;
        if (uses.flops < worth_a_call) return;
        for (std::string_view type : {"f32", "f64"}) {
            const std::string head = fmt::format("CT_MATH {0} {1}({0} ", type, item.name);
            const std::size_t at = text.find("\n" + head);
            if (at == text.npos) continue;
            const std::size_t parameters = at + 1 + head.size();
            const std::string_view list =
                std::string_view(text).substr(parameters, text.find(')', at) - parameters);
            if (only_of_type(list, type)) text.replace(at + 1, 7, "CT_CALLED");
        }
    }

    /// Whether `x, f64 y` names parameters of this type alone.
    static bool only_of_type(std::string_view list, std::string_view type)
    {
        std::size_t comma = list.find(", ");
        while (comma != list.npos) {
            list.remove_prefix(comma + 2);
            if (!list.starts_with(fmt::format("{} ", type))) return false;
            comma = list.find(", ");
        }
        return true;
    }

    static bool starts_item(std::string_view line)
    {
        return line.starts_with("CT_MATH ") || line.starts_with("CT_NOINLINE ") ||
               line.starts_with("CT_CALLED ") || line.starts_with("CT_TABLE ") ||
               line.starts_with("struct ");
    }

    static bool ends_item(std::string_view line)
    {
        if (!starts_item(line)) return line.starts_with("}");
        return line.ends_with(" }\n") || (line.starts_with("CT_TABLE ") && line.ends_with(";\n"));
    }

    /// The identifier before the first `(` or `[`, or of a struct.
    static std::string_view name_in(std::string_view line)
    {
        const std::size_t end = line.find_first_of(line.starts_with("struct ") ? " " : "([", 7);
        std::size_t first = end;
        while (first > 0 && is_word(line[first - 1]))
            --first;
        return line.substr(first, end - first);
    }

    void split(std::string_view text)
    {
        std::size_t pending = 0; // the length of a comment or a part of an item before `text`
        std::string_view name;
        const std::size_t section = sections_.size();
        while (!text.empty()) {
            const std::string_view line =
                text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
            text.remove_prefix(line.size());
            const std::string_view before(line.data() - pending, pending);
            if (name.empty() && line == "\n") {
                // a comment that no item follows directly is the file's
                if (sections_.size() == section) sections_.push_back(before);
                pending = 0;
                continue;
            }
            if (name.empty() && starts_item(line)) name = name_in(line);
            pending += line.size();
            if (!name.empty() && ends_item(line)) {
                if (sections_.size() == section) sections_.emplace_back();
                items_.push_back({name, {before.data(), pending}, section});
                pending = 0;
                name = {};
            }
        }
    }

    static std::string_view code_of(const Item& item)
    {
        return item.text.substr(item.text.starts_with("/*") ? item.text.find("*/\n") + 3 : 0);
    }

    void add_words(std::string_view text)
    {
        Tokens tokens(text);
        for (Token t; tokens.next(t);)
            if (t.kind == Token::Kind::identifier) other_words_.insert(t.text);
    }

    /// A copy of an item in another width, without its comment.
    void
    add_width(std::size_t i, std::string_view letters, std::string_view from, std::string_view to)
    {
        const Item item = items_[i];
        items_.push_back({made(renamed(item.name, letters, from, to)),
                          made(renamed(code_of(item), letters, from, to)), item.section});
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
                const std::string_view name = made(fmt::format("cast_{}_{}", to, from));
                if (by_name_.contains(name)) continue;
                plain_casts_.insert(name);
                items_.push_back({name,
                                  made(fmt::format("CT_MATH {0} {1}({2} x) {{ return ({0})x; }}\n",
                                                   to == "bool" ? "b8" : to, name,
                                                   from == "bool" ? "b8" : from)),
                                  section});
            }
    }

    std::string_view made(std::string text) { return made_.emplace_back(std::move(text)); }

    void index(std::size_t first)
    {
        for (std::size_t i = first; i < items_.size(); ++i)
            by_name_.emplace(items_[i].name, i);
    }

    void
    append(std::size_t i, std::vector<bool>& done, std::vector<bool>& opened, std::string& text)
    {
        if (done[i]) return;
        done[i] = true;
        const Item& item = items_[i];
        for (std::size_t need : uses(i).needs)
            append(need, done, opened, text);
        if (!opened[item.section] && !sections_[item.section].empty())
            text.append(sections_[item.section]).append("\n");
        opened[item.section] = true;
        text.append(item.text).append("\n");
    }

    std::vector<Item> items_;
    std::vector<std::string_view> sections_;
    std::deque<std::string> made_; ///< names and texts that no file has
    std::unordered_map<std::string_view, std::size_t> by_name_; ///< looked up only
    std::string base_;
    std::unordered_set<std::string_view> other_words_; ///< of base_ and structs; looked up only
    std::mutex mutex_;
    std::vector<Uses> uses_; ///< guarded by mutex_
    std::set<std::string_view> plain_casts_;
};

Prelude& prelude()
{
    static Prelude& all = *new Prelude; // never destroyed: threads may compile while a process ends
    return all;
}

} // namespace

std::string prelude_for(std::string_view body, bool called)
{
    return prelude().text_for(prelude().mentioned_in(body), called);
}
std::string prelude_for(std::span<const std::string_view> words, bool called)
{
    std::set<std::size_t> items;
    for (std::string_view word : words)
        prelude().add_item(word, items);
    return prelude().text_for(items, called);
}
bool is_prelude_word(std::string_view word) { return prelude().has_word(word); }
bool has_prelude_function(std::string_view function) { return prelude().contains(function); }
bool is_plain_cast(std::string_view function) { return prelude().is_plain_cast(function); }
int prelude_flops(std::string_view function) { return prelude().flops(function); }
std::vector<std::string_view> prelude_functions() { return prelude().names(); }

} // namespace croton::inline v1::codegen
