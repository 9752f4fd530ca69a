#pragma once

#include <croton/ir/extent.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "caller_parameters.hpp"

namespace croton::inline v1::codegen {

/// Parts of the rows, at most: more than most CPUs have cores, so that all are busy.
constexpr std::int64_t most_parts = 64;

/// The text of `all_<pass>` and of what it hands to threads, where <pass> computes the rows begin
/// .. end by several kernels. With a reach, parts narrow by so many rows a kernel where they meet,
/// and <pass> takes slopes of both ends; what parts leave out there comes when all are done.
/// block   rows of a part; the last one has those that are left too
std::string pass_on_threads(const std::string& pass,
                            const std::vector<CallerParameter>& parameters,
                            std::int64_t reach,
                            const std::string& rows,
                            const std::string& block);

} // namespace croton::inline v1::codegen
