#pragma once
// Emitted-looking programs that the runtime's tests compile.

#include <cstdint>
#include <string>

namespace croton::test {

inline const std::string prelude = R"(
typedef int i32;
typedef long i64;
typedef unsigned u32;
typedef float f32;
typedef double f64;
#define CT_EXPORT extern "C" __attribute__((visibility("default")))
)";

/// z[i] = 2 * x[i] + 1
inline const std::string scale_text = prelude + R"(
CT_EXPORT void scale(i64 n, const f32* __restrict x, f32* __restrict z)
{
    for (i64 i = 0; i < n; ++i) {
        z[i] = x[i] * 2.0f + 1.0f;
    }
}
)";
using ScaleFunction = void (*)(std::int64_t, const float*, float*);

/// answer() returns `value`: as many different programs as a test wants.
inline std::string answer_text(int value)
{
    return prelude + "CT_EXPORT i32 answer() { return " + std::to_string(value) + "; }\n";
}
using AnswerFunction = std::int32_t (*)();

} // namespace croton::test
