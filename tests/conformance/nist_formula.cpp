#include "conformance/nist_formula.hpp"

#include <croton/croton.hpp>
#include <croton/ir/format.hpp>

#include <cctype>
#include <cstdlib>

namespace croton::test {

namespace {

class Parser {
public:
    Parser(const std::string& text, const std::map<std::string, Variable>& names) : names_(names)
    {
        for (const char c : text)
            if (c != ' ') text_ += c == '[' ? '(' : c == ']' ? ')' : c;
    }

    Variable run()
    {
        Variable v = sum();
        if (at_ != text_.size()) fail();
        return v;
    }

private:
    [[noreturn]] void fail() const
    {
        throw user_error(Code::domain, nullptr, "formula", "cannot read '{}' of '{}'",
                         text_.substr(at_), text_);
    }
    bool take(std::string_view word)
    {
        if (text_.compare(at_, word.size(), word) != 0) return false;
        at_ += word.size();
        return true;
    }

    Variable sum()
    {
        Variable v = product();
        for (;;) {
            if (take("+"))
                v = v + product();
            else if (take("-"))
                v = v - product();
            else
                return v;
        }
    }

    Variable product()
    {
        Variable v = factor();
        for (;;) {
            if (text_.compare(at_, 2, "**") == 0) return v;
            if (take("*"))
                v = v * factor();
            else if (take("/"))
                v = v / factor();
            else
                return v;
        }
    }

    /// -a**b is -(a**b).
    Variable factor()
    {
        if (take("-")) return -factor();
        const Variable base = primary();
        return take("**") ? pow(base, factor()) : base;
    }

    Variable primary()
    {
        if (take("(")) {
            const Variable v = sum();
            if (!take(")")) fail();
            return v;
        }
        if (std::isdigit(static_cast<unsigned char>(text_[at_])) || text_[at_] == '.') {
            char* end = nullptr;
            const double number = std::strtod(text_.c_str() + at_, &end);
            at_ = static_cast<std::size_t>(end - text_.c_str());
            return Array::scalar(number);
        }
        std::string word;
        while (at_ < text_.size() && std::isalnum(static_cast<unsigned char>(text_[at_])))
            word += text_[at_++];
        if (const auto found = names_.find(word); found != names_.end()) return found->second;
        return function_of(word, primary());
    }

    Variable function_of(const std::string& word, const Variable& x) const
    {
        if (word == "exp") return exp(x);
        if (word == "log") return log(x);
        if (word == "sin") return sin(x);
        if (word == "cos") return cos(x);
        if (word == "arctan") return atan(x);
        fail();
    }

    const std::map<std::string, Variable>& names_;
    std::string text_;
    std::size_t at_ = 0;
};

} // namespace

Variable parse_formula(const std::string& text, const std::map<std::string, Variable>& names)
{
    return Parser(text, names).run();
}

} // namespace croton::test
