// A step that returns {a, b}, of which no lambda has the type: a line says what does.
#include <croton/croton.hpp>

using croton::Variable, croton::Variables;

croton::ScanResult swapped(const Variable& x)
{
#ifdef CROTON_TRAP
    const auto step = [](const Variable& a, const Variable& b) { return {b, a}; };
#else
    const auto step = [](const Variable& a, const Variable& b) { return Variables{b, a}; };
#endif
    return croton::scan(step, {.init = {x, x}, .steps = 2});
}
