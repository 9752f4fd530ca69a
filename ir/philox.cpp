#include "philox.hpp"

// clang-format off: in the order of their needs
namespace {
#include <prelude/base.h>
#include <prelude/floats.h>
#include <prelude/exp.h>
#include <prelude/log.h>
#include <prelude/trig.h>
#include <prelude/philox.h>
} // namespace
// clang-format on

namespace croton::inline v1::detail {

void philox_uniform_at(std::uint64_t key, std::uint64_t index, float* to)
{
    *to = philox_uniform_f32(index, key);
}
void philox_uniform_at(std::uint64_t key, std::uint64_t index, double* to)
{
    *to = philox_uniform_f64(index, key);
}
void philox_normal_at(std::uint64_t key, std::uint64_t index, float* to)
{
    *to = philox_normal_f32(index, key);
}
void philox_normal_at(std::uint64_t key, std::uint64_t index, double* to)
{
    *to = philox_normal_f64(index, key);
}

} // namespace croton::inline v1::detail
