/* memset, memcpy and memmove for emitted programs, which refer to nothing outside themselves, and
 * the rounding of f64 to half precision, which x86-64 has no instruction for.
 *
 * LLVM calls the first three for large zeroed arrays and for loops it recognises as a fill or a
 * copy. This file is compiled with the module and handed to the linker with every program; a
 * program keeps only what it calls. Sizes up to two vectors take two overlapping ones, so no size
 * branches on its bits; larger ones loop over unaligned vectors with a last overlapping one. Large
 * fills on x86 take `rep stosb`, which writes whole lines without reading them first (8 times as
 * fast at 1 MiB).
 */
#include <stddef.h>
#include <stdint.h>

typedef uint8_t bytes_16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint8_t bytes_32 __attribute__((vector_size(32), aligned(1), may_alias));
typedef uint64_t word_64 __attribute__((aligned(1), may_alias));
typedef uint32_t word_32 __attribute__((aligned(1), may_alias));
typedef uint16_t word_16 __attribute__((aligned(1), may_alias));

/* Both ends are loaded before either is stored: right for overlapping blocks too. */
#define MOVE_ENDS(type)                                                                            \
    do {                                                                                           \
        const type first = *(const type*)from;                                                     \
        const type last = *(const type*)(from + n - sizeof(type));                                 \
        *(type*)to = first;                                                                        \
        *(type*)(to + n - sizeof(type)) = last;                                                    \
    } while (0)

static inline void move_small(uint8_t* to, const uint8_t* from, size_t n)
{
    if (n >= 32) {
        MOVE_ENDS(bytes_32);
    } else if (n >= 16) {
        MOVE_ENDS(bytes_16);
    } else if (n >= 8) {
        MOVE_ENDS(word_64);
    } else if (n >= 4) {
        MOVE_ENDS(word_32);
    } else if (n >= 2) {
        MOVE_ENDS(word_16);
    } else if (n == 1) {
        *to = *from;
    }
}

static inline void move_forward(uint8_t* to, const uint8_t* from, size_t n)
{
    const bytes_32 last = *(const bytes_32*)(from + n - 32);
    size_t i = 0;
    for (; i + 128 < n; i += 128) {
        const bytes_32 a = *(const bytes_32*)(from + i);
        const bytes_32 b = *(const bytes_32*)(from + i + 32);
        const bytes_32 c = *(const bytes_32*)(from + i + 64);
        const bytes_32 d = *(const bytes_32*)(from + i + 96);
        *(bytes_32*)(to + i) = a;
        *(bytes_32*)(to + i + 32) = b;
        *(bytes_32*)(to + i + 64) = c;
        *(bytes_32*)(to + i + 96) = d;
    }
    for (; i + 32 < n; i += 32) {
        *(bytes_32*)(to + i) = *(const bytes_32*)(from + i);
    }
    *(bytes_32*)(to + n - 32) = last;
}

static inline void move_backward(uint8_t* to, const uint8_t* from, size_t n)
{
    const bytes_32 first = *(const bytes_32*)from;
    size_t i = n;
    for (; i > 32; i -= 32) {
        *(bytes_32*)(to + i - 32) = *(const bytes_32*)(from + i - 32);
    }
    *(bytes_32*)to = first;
}

void* memmove(void* destination, const void* source, size_t n)
{
    uint8_t* to = destination;
    const uint8_t* from = source;
    if (n <= 64) {
        move_small(to, from, n);
    } else if ((uintptr_t)to - (uintptr_t)from >= n) {
        move_forward(to, from, n);
    } else {
        move_backward(to, from, n);
    }
    return destination;
}

void* memcpy(void* restrict destination, const void* restrict source, size_t n)
{
    return memmove(destination, source, n);
}

void* memset(void* destination, int value, size_t n)
{
    uint8_t* to = destination;
#if defined(__x86_64__)
    if (n >= 4096) {
        __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(value) : "memory");
        return destination;
    }
#endif
    const uint64_t word = (uint64_t)(uint8_t)value * UINT64_C(0x0101010101010101);
    if (n >= 32) {
        const uint8_t byte = (uint8_t)value;
        const bytes_32 vector = (bytes_32){0} + byte;
        for (size_t i = 0; i + 32 < n; i += 32) {
            *(bytes_32*)(to + i) = vector;
        }
        *(bytes_32*)(to + n - 32) = vector;
    } else if (n >= 8) {
        for (size_t i = 0; i + 8 < n; i += 8) {
            *(word_64*)(to + i) = word;
        }
        *(word_64*)(to + n - 8) = word;
    } else {
        for (size_t i = 0; i < n; ++i) {
            to[i] = (uint8_t)value;
        }
    }
    return destination;
}

#if defined(__x86_64__)
/* To the nearest half, of two the even one. LLVM calls it where it knows that a rounding to f32 in
 * between is exact. Halves are returned as _Float16 is, in a vector register. */
_Float16 __truncdfhf2(double x)
{
    const union {
        double value;
        uint64_t bits;
    } in = {x};
    const uint64_t a = in.bits & UINT64_C(0x7fffffffffffffff);
    uint64_t h;
    if (a > UINT64_C(0x7ff0000000000000)) {
        h = 0x7e00 | (a >> 42 & 0x1ff);
    } else if (a >= UINT64_C(0x40effe0000000000)) { /* 65520 */
        h = 0x7c00;
    } else if (a >= UINT64_C(0x3f10000000000000)) { /* 2^-14: the least normal half */
        const uint64_t shifted = a - (UINT64_C(1008) << 52);
        h = (shifted + ((UINT64_C(1) << 41) - 1) + (shifted >> 42 & 1)) >> 42;
    } else { /* 2^52 rounds to units of 2^-24 */
        const union {
            uint64_t bits;
            double value;
        } magnitude = {a};
        const union {
            double value;
            uint64_t bits;
        } units = {magnitude.value * 0x1p+24 + 0x1p+52};
        h = units.bits & 0x7ff;
    }
    const union {
        uint16_t bits;
        _Float16 value;
    } out = {(uint16_t)(h | (in.bits >> 48 & 0x8000))};
    return out.value;
}
#endif
