// W -= g looks like a training step and is none.
#include <croton/croton.hpp>

void step(croton::Shared& weights, const croton::Variable& gradient)
{
#ifdef CROTON_TRAP
    weights -= gradient;
#else
    croton::Variable local = weights;
    local -= gradient;
#endif
}
