#pragma once

#include <croton/ir/ops/activation.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/custom.hpp>
#include <croton/ir/ops/elementwise_math.hpp>
#include <croton/ir/ops/gather.hpp>
#include <croton/ir/ops/implicit.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/join.hpp>
#include <croton/ir/ops/linalg.hpp>
#include <croton/ir/ops/prefix.hpp>
#include <croton/ir/ops/random.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/rounding.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/softmax.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/ops/trigonometric.hpp>

#include <span>

namespace croton::inline v1 {

/// Every op's record, family by family: what tests, docs and serialisation iterate.
std::span<const Op* const> all_ops();

} // namespace croton::inline v1
