#include "docs/public_functions.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <tuple>
#include <utility>

namespace croton::test {

namespace {

std::string read(const std::filesystem::path& path)
{
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string trimmed(std::string_view text)
{
    const std::size_t first = text.find_first_not_of(" \n");
    if (first == text.npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \n") - first + 1));
}

/// Parts of `text` between commas that stand in no brackets.
std::vector<std::string> parameters(std::string_view text)
{
    std::vector<std::string> list(1);
    int depth = 0;
    for (const char c : text) {
        depth += c == '(' || c == '{' || c == '<' || c == '[';
        depth -= c == ')' || c == '}' || c == '>' || c == ']';
        if (c == ',' && depth == 0)
            list.emplace_back();
        else
            list.back() += c;
    }
    return list;
}

/// Where the bracket at `open`, ( or <, is closed.
std::size_t closing(std::string_view text, std::size_t open)
{
    const char end = text[open] == '(' ? ')' : '>';
    int depth = 0;
    for (std::size_t i = open; i < text.size(); ++i) {
        depth += text[i] == text[open];
        depth -= text[i] == end;
        if (depth == 0) return i;
    }
    return text.npos;
}

/// "a + b" for "operator+" of "a, b".
std::string call_text(const std::string& name, const std::string& list)
{
    constexpr std::string_view keyword = "operator";
    if (!name.starts_with(keyword)) return name + "(" + list + ")";
    const std::string symbol = name.substr(keyword.size());
    const std::size_t comma = list.find(", ");
    return comma == list.npos ? symbol + list
                              : list.substr(0, comma) + " " + symbol + list.substr(comma + 1);
}

/// A declaration without `template <..>` and `requires(..)` in front.
std::string without_template(std::string text)
{
    const auto drop = [&](std::string_view word, char open) {
        if (!text.starts_with(word) || text.size() == word.size() || text[word.size()] != open)
            return;
        const std::size_t close = closing(text, word.size());
        if (close == text.npos) throw std::runtime_error("brackets do not close in: " + text);
        text = trimmed(std::string_view(text).substr(close + 1));
    };
    drop("template ", '<');
    drop("requires", '(');
    drop("requires ", '(');
    return text;
}

bool is_keyword(const std::string& name)
{
    static const std::set<std::string> words{
        "alignas",  "alignof",  "const",    "constexpr",     "decltype", "explicit", "if",
        "inline",   "noexcept", "operator", "requires",      "return",   "sizeof",   "static",
        "template", "typename", "using",    "static_assert", "virtual",  "for",      "while",
        "switch",   "auto",     "class",    "struct",        "friend",   "typeid"};
    return words.contains(name);
}

/// "max(x, axes)" of `Variable max(const Variable& x, const Axis& axes = {}, Where where)`, whose
/// bracket is at `open`; with `defaults` "max(x, axes = {})".
std::string
read_call(const std::string& name, const std::string& text, std::size_t open, bool defaults = false)
{
    const std::size_t close = closing(text, open);
    if (close == text.npos) throw std::runtime_error("brackets do not close in: " + text);
    std::string list;
    for (std::string p : parameters(std::string_view(text).substr(open + 1, close - open - 1))) {
        const std::size_t equals = p.find('=');
        const std::string value = !defaults || equals == p.npos
                                      ? ""
                                      : " = " + trimmed(std::string_view(p).substr(equals + 1));
        p = trimmed(std::string_view(p).substr(0, equals));
        if (p == "Where" || p.starts_with("Where ")) continue;
        std::smatch word;
        static const std::regex last(R"((\w+)\s*(\)\[N\]|\[N\])?$)");
        if (p.find("&xs)[N]") != p.npos || p.find("&xs)[") != p.npos) p = "xs";
        if (!std::regex_search(p, word, last)) continue;
        const std::string argument = word[1];
        list +=
            (list.empty() ? "" : ", ") + (argument == "GradOptions" ? "options" : argument) + value;
    }
    return call_text(name, list);
}

struct Declaration {
    std::string name; ///< empty: it is none that is listed
    std::string call, call_with_defaults;
};

/// Of `Variable dot(const Variable& a, ..)`.
Declaration read_declaration(const std::string& text)
{
    static const std::regex head(R"((operator\S+|\w+)\s*\()");
    std::smatch found;
    const bool is_operator = text.find("operator") != text.npos && !text.starts_with("inline");
    if (!is_operator && text.find("Where::current()") == text.npos) return {};
    if (!std::regex_search(text, found, head))
        throw std::runtime_error("no function is declared by: " + text);
    const std::string name = found[1];
    if (is_keyword(name))
        throw std::runtime_error("no function is named '" + name +
                                 "', as it is read from: " + text);
    const auto open = static_cast<std::size_t>(found.position(0) + found.length(0)) - 1;
    return {name, read_call(name, text, open), read_call(name, text, open, true)};
}

/// Goes through a header's lines and reports each declaration at the level of the namespace.
class HeaderReader {
public:
    HeaderReader(std::string header, std::vector<PublicFunction>& list)
        : header_(std::move(header)), list_(list)
    {}

    void read_all(const std::string& text)
    {
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);)
            read_line(line);
    }

private:
    void read_line(std::string line)
    {
        if (line.empty()) {
            comment_.clear();
            described_.clear();
            return;
        }
        if (line.starts_with("///")) {
            if (!declared_.empty()) return;
            if (!in_comment_) {
                comment_.clear();
                described_.clear();
            }
            in_comment_ = true;
            comment_ += line + "\n";
            return;
        }
        in_comment_ = false;
        const bool outside = depth_ == 0 && !line.starts_with("//") && !line.starts_with("#") &&
                             line.find("namespace ") == line.npos;
        std::string trailing;
        if (const std::size_t at = line.find("///<"); at != line.npos) {
            trailing = "///" + line.substr(at + 4) + "\n";
            line = trimmed(std::string_view(line).substr(0, at));
        }
        if (line.find("namespace detail {") != line.npos) ++depth_;
        if (line.find("} // namespace detail") != line.npos) --depth_;
        if (line.find("namespace ") != line.npos || line.starts_with("//")) return;
        for (const char c : line) {
            depth_ += c == '{';
            depth_ -= c == '}';
        }
        if (!outside) return;
        declared_ += (declared_.empty() ? "" : " ") + line;
        const bool ends = line.ends_with(";") || line.ends_with("}") || line == "{" || depth_ > 0;
        if (!ends) return;
        const bool own = !trailing.empty();
        const std::string first = std::exchange(described_, own ? "" : described_);
        add(declared_, own ? trailing : comment_, own);
        if (own) described_ = first;
        declared_.clear();
    }

    void add(std::string text, const std::string& comment, bool trailing)
    {
        if (text.starts_with("struct") || text.starts_with("class")) return;
        text = without_template(std::move(text));
        const auto [name, call, call_with_defaults] = read_declaration(text);
        if (name.empty()) return;
        auto at = std::ranges::find_if(
            list_, [&](const PublicFunction& f) { return f.name == name && f.header == header_; });
        if (at == list_.end()) at = list_.insert(list_.end(), {name, header_, {}, {}, {}, {}, {}});
        if (at->calls.empty() && !comment.empty()) {
            if (described_.empty())
                at->meaning = meaning(comment);
            else
                at->described_with = described_;
            if (!trailing && described_.empty()) described_ = name;
        }
        if (std::ranges::count(at->calls, call) > 0) return;
        at->calls.push_back(call);
        at->calls_with_defaults.push_back(call_with_defaults);
    }

    /// The text of `///` lines, up to the first that is empty.
    static std::string meaning(const std::string& comment)
    {
        std::string text, line;
        std::istringstream lines(comment);
        while (std::getline(lines, line)) {
            const std::string part = trimmed(std::string_view(line).substr(3));
            if (part.empty()) break;
            text += (text.empty() ? "" : " ") + part;
        }
        return text;
    }

    std::string header_;
    std::vector<PublicFunction>& list_;
    std::string comment_, declared_;
    std::string described_; ///< the first function that comment_ stands in front of
    bool in_comment_ = false;
    int depth_ = 0; ///< of braces inside the namespace
};

/// The records that definitions name, by the function's name; of a name that several headers
/// declare, by its calls. Where one names none, those of the functions that it calls and that are
/// not listed: `contract` of `dot`.
class Definitions {
public:
    explicit Definitions(const std::set<std::string>& listed) : listed_(listed) {}

    void read_all(const std::string& text)
    {
        std::istringstream lines(text);
        std::string line, head_text, name, call;
        while (std::getline(lines, line)) {
            if (!name.empty()) {
                add(name, call, line);
                if (line == "}") name.clear();
                continue;
            }
            if (line.empty() || line.starts_with("//")) {
                head_text.clear();
                continue;
            }
            if (line == "{") {
                std::tie(name, call) = read_head(head_text);
                head_text.clear();
                continue;
            }
            head_text += (head_text.empty() ? "" : " ") + trimmed(line);
            if (line.ends_with("}")) {
                const auto [defined, as] = read_head(head_text);
                if (!defined.empty()) add(defined, as, head_text);
                head_text.clear();
            } else if (line.ends_with(";") || line.ends_with("{"))
                head_text.clear();
        }
    }

    /// several_headers: others declare the name too, so that its calls tell what is meant.
    std::vector<std::string> records_of(const PublicFunction& f, bool several_headers) const
    {
        std::vector<std::string> found;
        std::set<std::string> seen;
        if (several_headers) {
            for (const std::string& call : f.calls)
                if (const auto body = bodies_of_calls_.find(call); body != bodies_of_calls_.end())
                    collect_from(body->second, found, seen);
        } else
            collect(f.name, found, seen);
        if (std::ranges::count(found, f.name + "_op") > 0) return {f.name + "_op"};
        return found;
    }

private:
    /// Name and call of a definition, or empty ones.
    static std::pair<std::string, std::string> read_head(const std::string& text)
    {
        static const std::regex head(R"(^[A-Za-z][^;{}]*?\b(operator\S+?|\w+)\()");
        std::smatch found;
        if (!std::regex_search(text, found, head)) return {};
        const auto open = static_cast<std::size_t>(found.position(0) + found.length(0)) - 1;
        return {found[1], read_call(found[1], text, open)};
    }

    void add(const std::string& name, const std::string& call, const std::string& line)
    {
        bodies_[name] += line + "\n";
        bodies_of_calls_[call] += line + "\n";
    }

    void collect(const std::string& name,
                 std::vector<std::string>& found,
                 std::set<std::string>& seen) const
    {
        const auto body = bodies_.find(name);
        if (body == bodies_.end() || !seen.insert(name).second) return;
        collect_from(body->second, found, seen);
    }

    void collect_from(const std::string& text,
                      std::vector<std::string>& found,
                      std::set<std::string>& seen) const
    {
        static const std::regex word(R"(\b(\w+_op)\b|\b(\w+)\()");
        std::vector<std::string> others;
        for (std::sregex_iterator w(text.begin(), text.end(), word), end; w != end; ++w) {
            const std::string record = (*w)[1];
            if (record.empty())
                others.push_back((*w)[2]);
            else if (std::ranges::count(found, record) == 0)
                found.push_back(record);
        }
        if (!found.empty()) return;
        for (const std::string& used : others)
            if (!listed_.contains(used) && used != "Variable") // no constructor
                collect(used, found, seen);
    }

    const std::set<std::string>& listed_;
    std::map<std::string, std::string> bodies_;          ///< by name
    std::map<std::string, std::string> bodies_of_calls_; ///< "max(a, b)"
};

} // namespace

std::vector<PublicFunction> public_functions(const std::vector<std::string>& headers,
                                             const std::string& sources)
{
    std::vector<PublicFunction> list;
    for (const std::string& header : headers)
        HeaderReader(header, list).read_all(read(header));
    std::set<std::string> listed;
    for (const PublicFunction& f : list)
        listed.insert(f.name);
    Definitions definitions(listed);
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(sources))
        if (entry.path().extension() == ".cpp") files.insert(entry.path());
    for (const auto& file : files)
        definitions.read_all(read(file));
    for (PublicFunction& f : list) {
        const bool several = std::ranges::count(list, f.name, &PublicFunction::name) > 1;
        for (const std::string& record : definitions.records_of(f, several))
            f.records.push_back(record.substr(0, record.size() - 3));
    }
    return list;
}

} // namespace croton::test
