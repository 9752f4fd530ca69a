// A pointer does not say how many elements it has.
#include <croton/croton.hpp>

void call(const croton::Function& f, const int* x, int& y)
{
    using croton::View;
#ifdef CROTON_TRAP
    f.typed<void(const int*, int&)>()(x, y);
#else
    f.typed<void(View<const int>, int&)>()(View<const int>(x, {3}), y);
#endif
}
