// Outputs are arguments: a typed call returns nothing, or a Status.
#include <croton/croton.hpp>

double call(const croton::Function& f)
{
#ifdef CROTON_TRAP
    return f.typed<double(double)>()(1.0);
#else
    double y = 0;
    f.typed<void(double, double&)>()(1.0, y);
    return y;
#endif
}
