#include <croton/ir/error.hpp>
#include <croton/ir/format.hpp>

#include <atomic>
#include <cctype>

namespace croton::inline v1 {

namespace detail {
struct ErrorData {
    Code code;
    std::string message;
    std::string what; ///< with the place
    const Location* where;
    std::string op;
    mutable std::atomic<unsigned> count{1};
};
void retain(const ErrorData* e) noexcept { e->count.fetch_add(1, std::memory_order_relaxed); }
void release(const ErrorData* e) noexcept
{
    if (e->count.fetch_sub(1, std::memory_order_acq_rel) == 1) delete e;
}
} // namespace detail

std::string_view name(Code code)
{
    switch (code) {
    case Code::ok:
        return "ok";
    case Code::shape:
        return "shape";
    case Code::dtype:
        return "dtype";
    case Code::index:
        return "index";
    case Code::domain:
        return "domain";
    case Code::not_finite:
        return "not_finite";
    case Code::memory:
        return "memory";
    case Code::device:
        return "device";
    case Code::internal:
        return "internal";
    }
    return "unknown";
}

namespace {

/// Of the name of a file; what follows a '/' is a name of its own.
bool is_of_name(char c)
{
    return std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 128 ||
           c == '_' || c == '-' || c == '.' || c == '+';
}

std::string with_place(const std::string& message, const Location* where)
{
    if (!where || where->line() == 0) return message;
    const std::string place = to_string(*where);
    for (auto at = message.find(place); at != message.npos; at = message.find(place, at + 1)) {
        const std::size_t end = at + place.size();
        if (at > 0 && is_of_name(message[at - 1])) continue; // "data.cpp:3" is not "a.cpp:3"
        if (end == message.size() || !std::isdigit(static_cast<unsigned char>(message[end])))
            return message;
    }
    return fmt::format("{} [{}]", message, place);
}

} // namespace

Error::Error(Code code, std::string message, const Location* where, std::string_view op)
    : data_(detail::Ref<const detail::ErrorData>::adopt(
          new detail::ErrorData{code, message, with_place(message, where), where, std::string(op)}))
{}

const char* Error::what() const noexcept { return data_->what.c_str(); }
std::string_view Error::message() const noexcept { return data_->message; }
Location Error::where() const noexcept { return data_->where ? *data_->where : Location{}; }
std::string_view Error::op() const noexcept { return data_->op; }
Code Error::code() const noexcept { return data_->code; }

namespace {

template <class E>
[[noreturn]] void throw_error_at(const Where& where, const E& error)
{
    if (error.where().line() != 0) throw E(error);
    throw E(error.code(), std::string(error.message()), locate(where), error.op());
}

} // namespace

namespace detail {
void throw_at(const Where& where, const UserError& error) { throw_error_at(where, error); }
void throw_at(const Where& where, const BackendError& error) { throw_error_at(where, error); }
} // namespace detail

void refuse_control_characters(std::string_view name,
                               std::string_view function,
                               const Location* where)
{
    for (const char c : name)
        if (static_cast<unsigned char>(c) < 32 || c == 127)
            throw user_error(Code::domain, where, function, "a name with the control character {}",
                             static_cast<int>(c));
}

} // namespace croton::inline v1
