#pragma once

#include <cstddef>
#include <functional>
#include <pthread.h>

#include "support/catch.hpp"

namespace croton::test {

/// Runs `work` in a thread whose stack has so many bytes.
inline void run_with_stack(std::size_t bytes, std::function<void()> work)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    REQUIRE(pthread_attr_setstacksize(&attributes, bytes) == 0);
    pthread_t thread = {};
    const auto start = [](void* of) -> void* {
        (*static_cast<std::function<void()>*>(of))();
        return nullptr;
    };
    const int refused = pthread_create(&thread, &attributes, start, &work);
    pthread_attr_destroy(&attributes);
    REQUIRE(refused == 0);
    pthread_join(thread, nullptr);
}

} // namespace croton::test
