#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/requirement.hpp>

#include <span>
#include <string_view>
#include <vector>

#include "cotangent_mask.hpp"

namespace croton::inline v1::detail {

/// A scan taken apart: what goes in, what the body calls it, what the body gives. Groups go
/// together: sequences with x, init with state, constants with constant.
struct ScanParts {
    Variables sequences, init, constants; ///< outside
    Variables x, state, constant;         ///< inputs of the body
    Variables next, out;                  ///< outputs of the body
    Variable stop = {};                   ///< the body's, of a loop with `until`
    Variable limit = {};                  ///< outside, of a limited loop
    Extent steps = 0;
    bool reverse = false;
    bool at_end = false;
    bool endless = false;
    /// What the loop required that it was taken from: one that is made of its parts, as its
    /// gradient, has a meaning where that has one, and says so in that one's words.
    std::vector<Requirement> required = {};
};

/// A leaf of its type, for a body that is made.
Variable placeholder_like(const Variable& v);
/// Nothing, or 0 everywhere.
bool is_zero(const Variable& v);
/// Of the outputs of `a` those that are `used`, which `kept` has instead; the others are empty.
Variables in_places(const Apply& a, const std::vector<bool>& used, const Variables& kept);

ScanParts take_apart(const Apply& scan);
/// Without the sequences and constants that the body does not use.
void drop_unused(ScanParts& parts);
/// The Apply, with every output kept; of an endless loop with none that is collected.
ScanResult build_scan(const ScanParts& parts, const Location* where);

/// Whether a weak value can take this dtype: a literal keeps its fraction, and is no bool.
inline bool can_become(const Variable& weak, DType to)
{
    if (is_float(to)) return true;
    return !is_float(weak.dtype()) && (to != DType::boolean || weak.dtype() == DType::boolean);
}

/// A number of steps that the graph knows: UserError if it has to be computed.
Extent known_steps(const Variable& steps, std::string_view function, const Location* place);

/// scan() for `function`, which the user called: of at most `limit` steps, if there is one, and not
/// bounded by anything else where `args` name no number of steps.
ScanResult limited_scan(const Body& step,
                        const ScanArgs& args,
                        const Variable& limit,
                        std::string_view function,
                        const Location* place);

/// The reverse rule: a scan from the other end over the states before each step. One cotangent per
/// `wanted` input, from one per output; empty where none flows. Masks, if there are any, go with
/// them.
MaskedBars scan_cotangents(const Apply& scan,
                           const MaskedBars& y,
                           const std::vector<bool>& wanted,
                           std::string_view function,
                           const Location* place);

/// A tangent, or why there is none: that is an error only where somebody needs it, a `where` its
/// condition's, say, does not.
struct Pushed {
    Variable dot = {};  ///< empty: zero
    Apply refused = {}; ///< an op on the way that has no gradient; none in most cases
};
/// As push_forward, without its error.
std::vector<Pushed> push_lazily(std::span<const Variable> ys,
                                std::span<const Variable> xs,
                                std::span<const Pushed> x_dots,
                                std::string_view function,
                                const Location* place);
/// The forward rule: one tangent per output, from one per input.
std::vector<Pushed> scan_tangents(const Apply& scan,
                                  std::span<const Pushed> x_dots,
                                  std::string_view function,
                                  const Location* place);

} // namespace croton::inline v1::detail
