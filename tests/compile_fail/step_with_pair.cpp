// A step that returns something else than Variables: one line says what it may return.
#include <croton/croton.hpp>

#include <utility>

using croton::Variable, croton::Variables;

croton::Variables swapped(const Variable& x)
{
#ifdef CROTON_TRAP
    const auto step = [](const Variable& a) { return std::pair(a, a); };
#else
    const auto step = [](const Variable& a) { return Variables{a, a}; };
#endif
    return croton::checkpoint(step)(x);
}
