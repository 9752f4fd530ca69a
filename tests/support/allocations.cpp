#include "support/allocations.hpp"

#include <cstddef>

namespace croton::test {

volatile std::sig_atomic_t& allocations()
{
    static volatile std::sig_atomic_t count = 0;
    return count;
}

} // namespace croton::test

#ifndef CROTON_INSTRUMENTED

namespace {

void count() { croton::test::allocations() = croton::test::allocations() + 1; }

} // namespace

extern "C" {
// NOLINTBEGIN(readability-identifier-naming): glibc's names
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
// NOLINTEND(readability-identifier-naming)

void* malloc(std::size_t n)
{
    count();
    return __libc_malloc(n);
}
void* calloc(std::size_t n, std::size_t m)
{
    count();
    return __libc_calloc(n, m);
}
void* realloc(void* p, std::size_t n)
{
    count();
    return __libc_realloc(p, n);
}
void* aligned_alloc(std::size_t a, std::size_t n)
{
    count();
    return __libc_memalign(a, n);
}
void* memalign(std::size_t a, std::size_t n)
{
    count();
    return __libc_memalign(a, n);
}
int posix_memalign(void** p, std::size_t a, std::size_t n)
{
    count();
    *p = __libc_memalign(a, n);
    return *p ? 0 : 12;
}
void free(void* p)
{
    if (p) count();
    __libc_free(p);
}
}

#endif
