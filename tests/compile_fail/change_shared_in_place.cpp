// W %= 2 and its kin would make the handle something else than the shared variable.
#include <croton/croton.hpp>

#ifndef CROTON_TRAP
template <class V>
concept Changes = requires(V& v, const croton::Variable& x) { v += x; } ||
                  requires(V& v, const croton::Variable& x) { v -= x; } ||
                  requires(V& v, const croton::Variable& x) { v *= x; } ||
                  requires(V& v, const croton::Variable& x) { v /= x; } ||
                  requires(V& v, const croton::Variable& x) { v %= x; } ||
                  requires(V& v, const croton::Variable& x) { v &= x; } ||
                  requires(V& v, const croton::Variable& x) { v |= x; } ||
                  requires(V& v, const croton::Variable& x) { v ^= x; };
static_assert(Changes<croton::Variable>);
static_assert(!Changes<croton::Shared>);
#endif

void wrap(croton::Shared& weights)
{
#ifdef CROTON_TRAP
    weights %= 2;
#else
    croton::Variable local = weights;
    local %= 2;
#endif
}
