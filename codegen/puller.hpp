#pragma once

#include <croton/codegen/loop_nest.hpp>
#include <croton/ir/computed_dtype.hpp>

#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

#include "index_range.hpp"

namespace croton::inline v1::codegen {

/// Which element of a value: an index into an array of `shape`, which holds the value's elements in
/// C order (the value's own shape, or another of as many elements).
struct At {
    std::vector<Extent> index;
    Shape shape;
};
Extent flat(const At& at);

/// The index symbols that kernels use, the same ones again and again: of loops (fewer than
/// `most_axes`), of a strip's lanes, of blocks, and for indices that are read from memory.
const detail::Atom* loop_symbol(std::size_t i);
const detail::Atom* lane_symbol();
const detail::Atom* block_symbol(); ///< of a loop over blocks of members
const detail::Atom* gather_symbol(std::size_t i);
/// What loop i counts with: reserved words of emitted text, unlike m and n, which are names that
/// extents have.
std::string loop_name(std::size_t i);

/// Writes the statements that compute elements of values into a LoopNest, by pulling: an element of
/// a pointwise op pulls its operands at the same place, an index map at another, a value in memory
/// is loaded. Each scalar stands in the outermost loop in which it can be computed.
class Puller {
public:
    explicit Puller(LoopNest& nest);

    /// `value` is loaded from memory wherever it is pulled.
    void in_memory(const Variable& value) { in_memory_.emplace(value.value(), true); }
    /// `value` at `at` is this scalar (a reduction's result, a carried state).
    void known(const Variable& value, const At& at, ScalarId scalar);
    /// The same of a reduction's result, which is rounded as that of every op. Gives what it is
    /// then.
    ScalarId known_result(const Variable& value, const At& at, ScalarId scalar);
    /// Elements of `value` pulled at exactly `at` are reloaded from its buffer, at the depth of the
    /// current loop, as an earlier loop of this kernel stored them.
    void reload(const Variable& value) { in_memory_[value.value()] = false; }
    /// `value` lies in an array that each strip has for itself, with an element a lane
    /// instead of its axes `along` members. Elsewhere than at the place of the
    /// member that the open loops are at it is not to be had: it is then read from memory.
    void keep_in_strip(const Variable& value, std::vector<bool> along);
    /// The same of a value in memory, which each strip copies first.
    void copy_to_strip(const Variable& value, std::vector<bool> along);
    /// The same, from the buffer of `carrier`, which is written over later.
    void reload_from(const Variable& value, const Variable& carrier);

    ScalarId pull(const Variable& value, const At& at) { return pull(value, at, -1); }
    /// Of a nest that computes row `row` of its values: how far from it the rows lie that it reads.
    void note_reach(const Extent& row);
    BufferId buffer(const Variable& value, Buffer::Access access);

    void open(Loop loop);
    void open_column(ColumnLoop loop);
    /// Ends the innermost loop and appends it to the block around it. Gives its place there.
    Statement& close();
    void store(const Variable& value, const At& at, ScalarId scalar, bool accumulate = false);
    /// An element of `value`, to some place in the part of an operand that a product packs.
    void store_packed(const Variable& value, const Extent& at, ScalarId scalar);
    ScalarId add(Scalar scalar);
    /// Counts a use by a statement, such as an accumulator.
    void keep(ScalarId id) { ++nest_.scalars[static_cast<std::size_t>(id)].uses; }
    /// An element of `value` that this kernel stored in an earlier iteration; `otherwise` where
    /// `axis` of the index is out of range.
    ScalarId stored_or(const Variable& value, const At& at, std::size_t axis, int otherwise);
    int depth() const { return static_cast<int>(open_.size()) - 1; }
    int depth_of(const Extent& index) const;
    Loop& innermost() { return std::get<Loop>(open_.back().statement); }
    ColumnLoop& innermost_column() { return std::get<ColumnLoop>(open_.back().statement); }
    /// An index read from memory made safe: the expression to use in its place.
    Extent checked(ScalarId raw, const Extent& extent, const Apply& apply);

    struct Access {
        Variable value;
        At at;
    };
    /// The same element by the index into an array of another shape, of as many elements.
    static At adapted(const At& at, const Shape& shape);
    /// Every element that was loaded from memory.
    const std::vector<Access>& accesses() const { return accesses_; }
    /// Of pieces that an index chose between, the guards that loops' extents leave open.
    const std::vector<IndexPiece::Guard>& open_guards() const { return open_guards_; }
    /// How far the indices of open loops run.
    const IndexRanges& ranges() const { return ranges_; }
    /// Statements written so far.
    std::size_t statement_count() const { return nest_.scalars.size(); }
    /// Whether any index had to be taken apart by division.
    bool divides() const { return divides_; }

private:
    struct Key {
        const detail::Value* value;
        std::vector<std::pair<const void*, std::int64_t>> index;
        ScalarId guard;
        auto operator<=>(const Key&) const = default;
    };
    struct OpenLoop {
        Statement statement;
        Block* block;
        std::map<Key, ScalarId> memo; // looked up only
        std::map<std::vector<std::pair<const void*, std::int64_t>>, ScalarId> guards;
        std::map<std::pair<const Op*, std::vector<ScalarId>>, ScalarId> wholes; // looked up only
    };

    ScalarId pull(const Variable& value, const At& at, ScalarId guard);
    ScalarId pull_fresh(const Variable& value, const At& at, ScalarId guard);
    ScalarId pull_apply(const Apply& apply, const Variable& value, const At& at, ScalarId guard);
    ScalarId pull_pieces(const IndexMap& map, const Apply& apply, const At& at, ScalarId guard);
    ScalarId pull_gather(const Gather& gather, const Apply& apply, const At& at, ScalarId guard);
    ScalarId whole_of_part(const Op& function, DType dtype, std::vector<ScalarId> operands, int d);
    int depth_of_part() const;
    ScalarId load(const Variable& value, const At& at, ScalarId guard);
    std::vector<IndexPiece::Guard> undecided(const std::vector<IndexPiece::Guard>& guards,
                                             bool& never) const;
    std::vector<IndexPiece::Guard>
    bounds(const std::vector<Extent>& index, const Shape& shape, const At& here) const;
    ScalarId in_range(const std::vector<IndexPiece::Guard>& guards, ScalarId also);
    struct InStrip {
        BufferId id;
        std::vector<bool> along;
    };
    bool find_in_strip(const Variable& value, const At& at, BufferId& id, Extent& index) const;
    void note_division(const Extent& index);
    static Key key(const Variable& value, const At& at, ScalarId guard);
    Block& block_at(int depth) { return *open_[static_cast<std::size_t>(depth)].block; }

    LoopNest& nest_;
    std::vector<OpenLoop> open_;
    std::map<const detail::Value*, bool> in_memory_; // true: input; false: stored by this kernel
    std::map<const detail::Value*, std::vector<std::pair<At, ScalarId>>> known_;
    std::map<const detail::Value*, BufferId> buffers_;
    std::map<const detail::Value*, InStrip> strips_;
    std::map<const detail::Atom*, int> symbol_depth_;
    IndexRanges ranges_;
    std::vector<Access> accesses_;
    std::vector<IndexPiece::Guard> open_guards_;
    std::size_t gathers_ = 0;
    bool divides_ = false;
};

} // namespace croton::inline v1::codegen
