#include <croton/ir/allocate.hpp>

#include <cstdlib>
#ifdef __linux__
#include <sys/mman.h>
#endif

namespace croton::inline v1::detail {

void* allocate_elements(std::size_t bytes) noexcept
{
    constexpr std::size_t line = 64, page = std::size_t{2} << 20;
    const std::size_t alignment = bytes >= page ? page : line;
    if (bytes > ~std::size_t{0} - 2 * page) return nullptr;
    const std::size_t size = (bytes + line + alignment - 1) / alignment * alignment;
    void* memory = std::aligned_alloc(alignment, size);
#ifdef __linux__
    // Advice: where it is refused, pages are small.
    if (memory && alignment == page) madvise(memory, size, MADV_HUGEPAGE);
#endif
    return memory;
}

} // namespace croton::inline v1::detail
