#pragma once

#include <croton/passes/rewrite.hpp>
#include <croton/passes/rules.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace croton::test {

/// One way to write a rule's left side in a user's program, and what the rule makes of it.
struct Instance {
    Variables inputs;
    Variable left;
    Variable right;
    DType dtype;
};

/// Which literals are tried beside arrays; of `extreme` ones two make what overflows or is
/// subnormal in the dtype, a float, and one does not.
enum class Literals : std::uint8_t { ordinary, extreme };

/// Instances on which the rule fires, with arrays of `dtype` and shape (16, 16), bools, scalars and
/// literals for its wildcards (indices below 16 for those named i and j), and real axes and shapes
/// for its parameters; at most `limit` for each choice of dtypes among these.
std::vector<Instance> instances(const Rule& rule,
                                DType dtype,
                                std::size_t limit = 4,
                                Literals literals = Literals::ordinary);

/// A set that holds one rule.
RuleSet only(const std::shared_ptr<Rule>& rule);

/// Rewrites by `rules` alone; how many rules fired goes to `firings`.
Variable
rewritten(const Variables& inputs, const Variable& v, const Rewrite& rules, std::size_t& firings);

} // namespace croton::test
