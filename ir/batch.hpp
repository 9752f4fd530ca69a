#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/hash_index.hpp>
#include <croton/ir/op.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace croton::inline v1::detail {

/// A value for all members of a batch: with the members along a new axis 0, or the one that they
/// share.
struct Batched {
    Variable value = {};
    bool own = false; ///< each member has its own
};

/// What is said of a whole batch.
struct Batch {
    Extent members = 0;
    /// Of each member whether what is computed is used: a bool vector, empty where all is. Of the
    /// others indices are 0, so that none is out of range, and loops stop before their first step.
    Variable active = {};
    std::string_view function; ///< the user's, for errors
    const Location* place = nullptr;
};

/// `v` with the members along axis 0, `members` times the same.
Variable repeated(const Variable& v, const Extent& members);
Variable all_members(const Batched& v, const Extent& members);
/// A leaf for all members, in a body that is made, with the name of the member's.
Variable placeholder_for_all(const Variable& member, const Extent& members);

/// Turns the graph of one member into that of a batch. An Apply whose operands all members share
/// stays as it is. No recursion, but into regions.
class Batcher {
public:
    /// Nodes that are not younger than `oldest` (a serial) are shared by all members.
    Batcher(const Batch& batch, std::uint64_t oldest) : batch_(batch), oldest_(oldest) {}

    /// `all` is `member` for all members.
    void add(const Variable& member, const Variable& all) { known_[member.value()] = all; }
    Batched operator()(const Variable& v);

private:
    Batched lookup(const Variable& v) const;
    void make(const Apply& apply);
    Variable make_plain(const Apply& apply, Variables x, std::vector<bool> own);
    std::vector<Batched> select(const Apply& apply, const std::vector<Batched>& x);

    Batch batch_;
    std::uint64_t oldest_;
    PointerMap<Value, Variable> known_;
    PointerSet<Node> done_;
    Variables kept_; ///< expansions, alive: what is known goes by address
};

/// Whether an Apply computes indices that a member which is not active could have out of range, or
/// runs a loop that would not end.
bool minds_inactive(const Apply& apply);
/// Which of `ys` depend on one of `xs` that is flagged; with `inactive` also what minds_inactive().
std::vector<bool> depend(std::span<const Variable> ys,
                         std::span<const Variable> xs,
                         const std::vector<bool>& flagged,
                         bool inactive);

/// A loop for all members. Where they stop by themselves it goes on until all have, and those that
/// have keep their states.
std::vector<Batched> batch_scan(const Apply& scan, const std::vector<Batched>& x, const Batch&);
/// Branches for all members, which take the same one.
std::vector<Batched> batch_switch(const Apply& a, const std::vector<Batched>& x, const Batch&);
/// The place of `apply`, of which what is printed says what became of it in a batch.
const Location* place_of_batch(const Apply& apply, std::string_view what, const Batch& batch);
/// Two conditions that a Variable may be: empty holds.
Variable both(const Variable& a, const Variable& b);
/// c ? a : b for each member, `c` a bool vector.
Variable choose(const Variable& c, const Variable& a, const Variable& b);

} // namespace croton::inline v1::detail
