#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace croton::inline v1::codegen {

/// Lines and blocks of emitted text: indentation and braces are its own.
class Writer {
public:
    /// `margin`: columns by which what is written will be indented.
    explicit Writer(std::size_t margin = 0) : width_(100 - margin) {}
    template <class... A>
    void line(fmt::format_string<A...> text, A&&... values)
    {
        raw(fmt::format(text, std::forward<A>(values)...));
    }
    void raw(const std::string& text)
    {
        if (!text.empty()) text_.append(static_cast<std::size_t>(indent_) * 4, ' ').append(text);
        text_ += '\n';
    }
    /// Lines written elsewhere, indented as the place asks.
    void lines(std::string_view text)
    {
        while (!text.empty()) {
            const std::size_t end = text.find('\n');
            raw(std::string(text.substr(0, end)));
            text.remove_prefix(end + 1);
        }
    }
    /// One blank line, not two.
    void blank()
    {
        if (!text_.ends_with("\n\n")) text_ += '\n';
    }

    /// `head {` .. `}`; the block ends with the returned scope.
    class Scope {
    public:
        explicit Scope(Writer& w, std::size_t head = std::string::npos) : writer_(&w), head_(head)
        {
            ++writer_->indent_;
        }
        Scope(Scope&& other) noexcept
            : writer_(std::exchange(other.writer_, nullptr)), head_(other.head_)
        {}
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;
        ~Scope()
        {
            if (!writer_) return;
            --writer_->indent_;
            writer_->raw("}");
            if (head_ != std::string::npos) writer_->join_short_function(head_);
        }

    private:
        Writer* writer_;
        std::size_t head_; ///< where a function begins
    };
    template <class... A>
    [[nodiscard]] Scope block(fmt::format_string<A...> head, A&&... values)
    {
        const std::string text = fmt::format(head, std::forward<A>(values)...);
        raw(text.empty() ? "{" : text + " {");
        return Scope(*this);
    }
    /// `} else {` .. `}` and `} while (..);`: what follows the block that was closed last stands on
    /// the line of its brace.
    template <class... A>
    [[nodiscard]] Scope block_after(fmt::format_string<A...> head, A&&... values)
    {
        text_.pop_back();
        text_ += ' ' + fmt::format(head, std::forward<A>(values)...) + " {\n";
        return Scope(*this);
    }
    void line_after(const std::string& text)
    {
        text_.pop_back();
        text_ += ' ' + text + '\n';
    }
    /// A function: its brace stands on a line of its own, unless all of it fits one line.
    [[nodiscard]] Scope function(const std::string& head)
    {
        const std::size_t begin = text_.size();
        raw(head);
        raw("{");
        return Scope(*this, begin);
    }

    /// `if (condition) statement` on one line where it fits.
    void if_line(const std::string& condition, const std::string& statement)
    {
        const std::string head = "if (" + condition + ")";
        const bool fits = indent() + head.size() + 1 + statement.size() <= width_ &&
                          head.find('\n') == head.npos && statement.find('\n') == head.npos;
        raw(fits ? head + ' ' + statement : head);
        if (!fits) raw("    " + statement);
    }

    /// Lines so far.
    int line_count() const { return static_cast<int>(std::ranges::count(text_, '\n')); }
    std::size_t width() const { return width_; }
    std::size_t indent() const { return 4 * static_cast<std::size_t>(indent_); }
    std::string take() { return std::move(text_); }

private:
    /// The function that begins at `begin`, of one line and one statement, as one line.
    void join_short_function(std::size_t begin)
    {
        std::string line;
        std::size_t count = 0;
        for (std::size_t at = begin; at < text_.size(); ++count) {
            const std::size_t end = text_.find('\n', at);
            const std::size_t first = text_.find_first_not_of(' ', at);
            line += (line.empty() ? "" : " ") + text_.substr(first, end - first);
            at = end + 1;
        }
        if (count != 4 || line.size() > width_ || line.find("//") != line.npos) return;
        text_.replace(begin, text_.npos, line + '\n');
    }

    std::size_t width_;
    std::string text_;
    int indent_ = 0;
};

/// "head(" + parameters + ")" of a function: on one line, or one parameter a line.
std::string parameter_list(const std::string& head, const std::vector<std::string>& parameters);
/// "head(" + arguments + ")" of a call: as many on a line as fit, with a character after it.
/// `indent`: columns in front of head.
std::string argument_list(const std::string& head,
                          const std::vector<std::string>& arguments,
                          std::size_t indent = 0,
                          std::size_t width = 100);

/// Whether the identifier `word` stands in `text`.
bool mentions(std::string_view text, std::string_view word);

} // namespace croton::inline v1::codegen
