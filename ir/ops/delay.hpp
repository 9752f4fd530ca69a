#pragma once

#include <croton/ir/op.hpp>
#include <croton/ir/scan_parts.hpp>

namespace croton::inline v1::detail {

/// Of detail::delay and detail::edge.
std::span<const Op* const> delay_ops();

} // namespace croton::inline v1::detail
