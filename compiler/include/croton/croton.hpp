#pragma once

// Everything a user needs.

#include <croton/compiler/function.hpp>
#include <croton/compiler/info.hpp>
#include <croton/compiler/options.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/shared.hpp>
#include <croton/ir/variable.hpp>
#include <croton/passes/grad.hpp>
#include <croton/passes/sparse.hpp>
#include <croton/passes/vmap.hpp>
