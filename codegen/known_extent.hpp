#pragma once

#include <croton/ir/extent.hpp>

#include <cstdint>

namespace croton::inline v1::codegen {

inline bool is_known_as(const Extent& e, std::int64_t value)
{
    return e.is_known() && e.value() == value;
}

} // namespace croton::inline v1::codegen
