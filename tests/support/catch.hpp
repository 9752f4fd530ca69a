#pragma once
// The one place that includes the test framework: Catch2 2.13 and 3 look the same from here on.
//
// SKIP("why") ends a test case that cannot run on this machine; it is counted and printed.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#define CATCH_CONFIG_ENABLE_ALL_STRINGMAKERS
#define CATCH_CONFIG_NO_COUNTER // clang 22 calls __COUNTER__ an extension
#include <catch2/catch.hpp>
#endif

#include <string>

namespace croton::test {

using Catch::Detail::Approx;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinULP;

/// Matches a text that holds `part`.
inline auto contains(const std::string& part)
{
#if __has_include(<catch2/catch_all.hpp>)
    return Catch::Matchers::ContainsSubstring(part);
#else
    return Catch::Matchers::Contains(part);
#endif
}

/// Counts the running test case as skipped and prints why.
void note_skipped(const std::string& reason);

} // namespace croton::test

#undef SKIP
#define SKIP(reason)                                                                               \
    do {                                                                                           \
        ::croton::test::note_skipped(reason);                                                      \
        return;                                                                                    \
    } while (false)
