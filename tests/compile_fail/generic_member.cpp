// A function of vmap whose parameters are auto: one line says so.
#include <croton/croton.hpp>

croton::Variable twice(const croton::Variable& x)
{
#ifdef CROTON_TRAP
    return croton::vmap([](const auto& v) { return v * 2; })(x);
#else
    return croton::vmap([](const croton::Variable& v) { return v * 2; })(x);
#endif
}
