#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace croton::inline v1::codegen {

/// Lines and blocks of emitted text: indentation and braces are its own.
class Writer {
public:
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
    void blank() { text_ += '\n'; }

    /// `head {` .. `}`; the block ends with the returned scope.
    class Scope {
    public:
        explicit Scope(Writer& w) : writer_(&w) { ++writer_->indent_; }
        Scope(Scope&& other) noexcept : writer_(std::exchange(other.writer_, nullptr)) {}
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;
        ~Scope()
        {
            if (!writer_) return;
            --writer_->indent_;
            writer_->raw("}");
        }

    private:
        Writer* writer_;
    };
    template <class... A>
    [[nodiscard]] Scope block(fmt::format_string<A...> head, A&&... values)
    {
        raw(fmt::format(head, std::forward<A>(values)...) + " {");
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
    /// A function: its brace stands on a line of its own.
    [[nodiscard]] Scope function(const std::string& head)
    {
        raw(head);
        raw("{");
        return Scope(*this);
    }

    int indent() const { return 4 * indent_; }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
    int indent_ = 0;
};

/// "head(" + parameters + ")" of a function: on one line, or one parameter a line.
std::string parameter_list(const std::string& head, const std::vector<std::string>& parameters);
/// "head(" + arguments + ")" of a call: as many on a line as fit, with a character after it.
/// `indent`: columns in front of head.
std::string
argument_list(const std::string& head, const std::vector<std::string>& arguments, int indent = 0);

/// Whether the identifier `word` stands in `text`.
bool mentions(std::string_view text, std::string_view word);

} // namespace croton::inline v1::codegen
