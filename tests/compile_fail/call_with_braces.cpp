// A braced list has neither a type nor memory that a call could borrow.
#include <croton/croton.hpp>

#include <vector>

croton::Results call(const croton::Function& f)
{
#ifdef CROTON_TRAP
    return f({1.0f, 2.0f}, 3.0f);
#else
    return f(std::vector<float>{1.0f, 2.0f}, 3.0f);
#endif
}
