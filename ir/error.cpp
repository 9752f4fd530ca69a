#include <croton/ir/error.hpp>

#include <atomic>

namespace croton::inline v1 {

namespace detail {
struct ErrorData {
    Code code;
    std::string message;
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
        return "not finite";
    case Code::memory:
        return "memory";
    case Code::device:
        return "device";
    case Code::internal:
        return "internal";
    }
    return "unknown";
}

Error::Error(Code code, std::string message, const Location* where, std::string_view op)
    : data_(detail::Ref<const detail::ErrorData>::adopt(
          new detail::ErrorData{code, std::move(message), where, std::string(op)}))
{}

const char* Error::what() const noexcept { return data_->message.c_str(); }
Location Error::where() const noexcept { return data_->where ? *data_->where : Location{}; }
std::string_view Error::op() const noexcept { return data_->op; }
Code Error::code() const noexcept { return data_->code; }

} // namespace croton::inline v1
