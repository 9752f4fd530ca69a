// A view of a temporary Array would outlive the memory that it points to.
#include <croton/croton.hpp>

float first(croton::Array (*make)())
{
#ifdef CROTON_TRAP
    return make().view<float>().data[0];
#else
    const croton::Array kept = make();
    return kept.view<float>().data[0];
#endif
}
