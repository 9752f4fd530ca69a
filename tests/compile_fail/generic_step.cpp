// A step whose parameters are auto has no number of them: one line says so.
#include <croton/croton.hpp>

croton::ScanResult twice(const croton::Variable& x)
{
#ifdef CROTON_TRAP
    return croton::scan([](const auto& h) { return h * 2; }, {.init = {x}, .steps = 2});
#else
    return croton::scan([](const croton::Variable& h) { return h * 2; }, {.init = {x}, .steps = 2});
#endif
}
