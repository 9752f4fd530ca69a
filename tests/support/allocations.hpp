#pragma once

#include <csignal>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CROTON_INSTRUMENTED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define CROTON_INSTRUMENTED 1
#endif
#endif

namespace croton::test {

/// Calls of malloc, free and their kin so far in this process, from all of its threads: functions
/// that stand in front of the C library's count them. Stays 0 under a sanitizer, which has its own.
volatile std::sig_atomic_t& allocations();

} // namespace croton::test
