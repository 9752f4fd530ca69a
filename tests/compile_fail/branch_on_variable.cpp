// x == y is an expression, whose value is not known when the graph is built.
#include <croton/croton.hpp>

croton::Variable choose(const croton::Variable& x, const croton::Variable& y)
{
#ifdef CROTON_TRAP
    if (x == y) return x;
    return y;
#else
    return where(x == y, x, y);
#endif
}
