#pragma once

// For passes on loops: a scan in parts, and the scan that parts make.

#include <croton/ir/apply.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/requirement.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

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
    int snapshots = 0;
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

// What derivatives of loops need of a history along axis 0; each is the other's transpose.

/// y[0] = first, y[t] = x[t - 1]; from the other end if `reverse`: y[end] = first, y[t] = x[t + 1].
Variable delay(const Variable& x, const Variable& first, bool reverse);
/// x[0], or the last x if `at_end`; `otherwise` where there is none.
Variable edge(const Variable& x, const Variable& otherwise, bool at_end);
/// Whether `a` gives the states before each step of a loop in this direction, from those after each
/// and the first one.
bool is_delay(const Apply& a, bool reverse);
/// The Apply, with the outputs whose flags are set, in ScanParams::kept's order.
Variables build_kept(const ScanParts& parts, std::vector<int> kept, const Location* where);
/// The Apply, with every output kept; of an endless loop with none that is collected.
ScanResult build_scan(const ScanParts& parts, const Location* where);

/// What a sequence of a loop holds: a state of another loop before or after each step, or what that
/// one collects; `nothing` of it.
struct FromLoop {
    enum class Kind : std::uint8_t { nothing, before, after, out };
    Kind kind = Kind::nothing;
    std::size_t at = 0; ///< number of the state, or of what is collected
};

/// A loop, and one from its last step to its first, in the other direction, that reads what it
/// computes: both in chunks of so many steps. The first holds the states before each chunk alone,
/// and the second runs the steps of a chunk again when it comes to it. Both run the same known
/// number of steps, all of them; `reads` says it of each sequence of `reverse`. The results have no
/// histories.
struct PairInChunks {
    ScanResult loop, reverse;
};
PairInChunks build_pair_in_chunks(const Apply& loop,
                                  const Apply& reverse,
                                  const std::vector<FromLoop>& reads,
                                  std::int64_t length);

} // namespace croton::inline v1::detail
