// W = W - g would rebind a handle, not change the value: updates are an option of function().
#include <croton/croton.hpp>

void step(croton::Shared& weights, const croton::Variable& gradient)
{
#ifdef CROTON_TRAP
    weights = weights - gradient;
#else
    (void)(weights - gradient);
#endif
}
