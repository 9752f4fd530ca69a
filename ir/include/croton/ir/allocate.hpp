#pragma once

#include <cstddef>

namespace croton::inline v1::detail {

/// Memory for elements: begins at a multiple of 64 bytes and has at least 64 more than asked for.
///
/// Of 4 MiB or more it begins at a multiple of 2 MiB and asks the system for pages of that size, as
/// passes over large arrays otherwise wait for page tables.
///
/// Freed by std::free; null where there is none.
void* allocate_elements(std::size_t bytes) noexcept;

} // namespace croton::inline v1::detail
