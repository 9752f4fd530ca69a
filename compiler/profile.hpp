#pragma once

#include <croton/runtime/abi.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace croton::inline v1::detail {

/// Time in each kernel of a function that was compiled with Options::profile. Calls may run at
/// once: times add up.
class Profile {
public:
    void start(std::size_t kernels, std::size_t axes);
    /// What ct_runtime's `mark` is.
    static void mark(const Runtime* runtime, std::int32_t kernel, std::int32_t ends) noexcept;
    /// Keeps a call's extents, for costs; not if another thread is at it.
    void remember(std::span<const std::int64_t> extents) noexcept;

    struct Time {
        std::int64_t calls = 0;
        double nanoseconds = 0; ///< of all of them
    };
    Time of(std::size_t kernel) const noexcept;
    /// Of the latest call that was kept; empty before the first.
    std::vector<std::int64_t> extents() const;

private:
    struct Sum {
        std::atomic<std::int64_t> calls{0};
        std::atomic<std::int64_t> nanoseconds{0};
    };
    std::vector<Sum> sums_;
    mutable std::mutex mutex_;
    std::vector<std::int64_t> extents_; // guarded by mutex_, as is the next
    bool called_ = false;
};

} // namespace croton::inline v1::detail
