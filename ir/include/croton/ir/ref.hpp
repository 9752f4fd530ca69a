#pragma once

#include <utility>

namespace croton::inline v1::detail {

/// Shared ownership of a T by a count inside it: one pointer wide, so public classes stay one
/// pointer. T gives `void retain(const T*) noexcept` and `void release(const T*) noexcept`, found
/// by ADL.
template <class T>
class Ref {
public:
    Ref() noexcept = default;
    /// Takes over one count that the caller holds (`adopt`), or adds one (`share`).
    static Ref adopt(T* p) noexcept
    {
        Ref r;
        r.p_ = p;
        return r;
    }
    static Ref share(T* p) noexcept
    {
        if (p) retain(p);
        return adopt(p);
    }
    Ref(const Ref& other) noexcept : p_(other.p_)
    {
        if (p_) retain(p_);
    }
    Ref(Ref&& other) noexcept : p_(other.p_) { other.p_ = nullptr; }
    Ref& operator=(Ref other) noexcept
    {
        T* const old = p_;
        p_ = other.p_;
        other.p_ = old;
        return *this;
    }
    ~Ref()
    {
        if (p_) release(p_);
    }
    T* get() const noexcept { return p_; }
    T* operator->() const noexcept { return p_; }
    T& operator*() const noexcept { return *p_; }
    explicit operator bool() const noexcept { return p_ != nullptr; }
    /// Gives up ownership without releasing.
    T* detach() noexcept
    {
        T* const p = p_;
        p_ = nullptr;
        return p;
    }

private:
    T* p_ = nullptr;
};

} // namespace croton::inline v1::detail
