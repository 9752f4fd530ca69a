#include "profile.hpp"

#include <algorithm>
#include <chrono>

namespace croton::inline v1::detail {

namespace {
using Clock = std::chrono::steady_clock;
thread_local Clock::time_point kernel_began;
} // namespace

void Profile::start(std::size_t kernels, std::size_t axes)
{
    sums_ = std::vector<Sum>(kernels);
    extents_.resize(axes);
}

void Profile::mark(const Runtime* runtime, std::int32_t kernel, std::int32_t ends) noexcept
{
    const Clock::time_point now = Clock::now();
    if (!ends) {
        kernel_began = now;
        return;
    }
    Sum& sum = static_cast<Profile*>(runtime->context)->sums_[static_cast<std::size_t>(kernel)];
    const auto passed = std::chrono::duration_cast<std::chrono::nanoseconds>(now - kernel_began);
    sum.nanoseconds.fetch_add(passed.count(), std::memory_order_relaxed);
    sum.calls.fetch_add(1, std::memory_order_relaxed);
}

void Profile::remember(std::span<const std::int64_t> extents) noexcept
{
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock || extents.size() != extents_.size()) return;
    std::ranges::copy(extents, extents_.begin());
    called_ = true;
}

Profile::Time Profile::of(std::size_t kernel) const noexcept
{
    if (kernel >= sums_.size()) return {};
    const Sum& sum = sums_[kernel];
    return {sum.calls.load(std::memory_order_relaxed),
            static_cast<double>(sum.nanoseconds.load(std::memory_order_relaxed))};
}

std::vector<std::int64_t> Profile::extents() const
{
    const std::lock_guard lock(mutex_);
    return called_ ? extents_ : std::vector<std::int64_t>();
}

} // namespace croton::inline v1::detail
