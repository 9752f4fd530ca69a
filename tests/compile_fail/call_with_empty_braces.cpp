// Empty braces are no argument, and no call without arguments either.
#include <croton/croton.hpp>

croton::Results call(const croton::Function& f)
{
#ifdef CROTON_TRAP
    return f({});
#else
    return f();
#endif
}
