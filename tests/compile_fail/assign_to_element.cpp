// x(0) = v would assign to a temporary: x.set({0}, v) is the new array.
#include <croton/croton.hpp>

croton::Variable with_first(croton::Variable x, const croton::Variable& value)
{
#ifdef CROTON_TRAP
    x(0) = value;
    return x;
#else
    return x.set({0}, value);
#endif
}
