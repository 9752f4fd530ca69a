// A typed call takes views of the caller's memory and numbers.
#include <croton/croton.hpp>

#include <vector>

void call(const croton::Function& f, std::vector<float>& x)
{
    using croton::View;
#ifdef CROTON_TRAP
    f.typed<void(std::vector<float>, View<float>)>()(x, x);
#else
    f.typed<void(View<const float>, View<float>)>()(View<const float>(x), x);
#endif
}
