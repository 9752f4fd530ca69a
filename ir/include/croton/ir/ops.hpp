#pragma once

#include <span>

#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>

namespace croton::inline v1 {

/// Every op's record, family by family: what tests, docs and serialisation iterate.
std::span<const Op* const> all_ops();

} // namespace croton::inline v1
