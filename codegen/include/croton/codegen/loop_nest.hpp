#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/op.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace croton::inline v1::codegen {

/// Position in LoopNest::scalars; -1 is none.
using ScalarId = int;
/// Position in LoopNest::buffers.
using BufferId = int;

/// Memory that a kernel reads or writes: contiguous, row-major, element-aligned.
struct Buffer {
    enum class Access : std::uint8_t { read, write, read_write };
    Variable value; ///< whose memory it is
    std::string name;
    Access access = Access::read;
    bool streaming = false;            ///< stores pass the caches
    std::vector<Variable> before = {}; ///< values that lay there and are read
    /// Rows lie along the first axis. What computes row i reads but i - reach to i + reach of this;
    /// -1: nothing is known of it.
    std::int64_t reach = -1;
    bool in_place() const { return !before.empty(); }
    DType dtype() const { return value.dtype(); }
    const Shape& shape() const { return value.type().data()->shape; }
};

// ---- scalar expressions. Every scalar has a dtype of its own.

/// Element 0 of a 0-d Array, printed as a literal.
struct Literal {
    Array value;
};
/// A literal that the kernel reads from a table: buffer[at].
struct TableEntry {
    BufferId buffer;
    std::size_t at;
};
/// buffer[at], or 0 where `guard` (a bool scalar) is false: nothing is read there.
struct Load {
    BufferId buffer;
    Extent at;
    ScalarId guard = -1;
};
/// A pointwise op of scalars, by its op's template.
struct Compute {
    const Op* op;
    Params params;
    std::vector<ScalarId> operands;
};
/// The value of an index expression.
struct IndexValue {
    Extent value;
};
/// 0 <= value < bound for each, and `also` if there is one.
struct InRange {
    std::vector<IndexPiece::Guard> guards;
    ScalarId also = -1;
};
/// condition ? a : b.
struct Select {
    ScalarId condition, a, b;
    /// A guard that holds wherever the condition does not.
    ScalarId otherwise = -1;
};
/// An index that a gather or scatter read, made safe: negative ones count from the end; out of
/// range sets the kernel's flag and is clamped. Bound to `symbol`, which index expressions then
/// use.
struct CheckedIndex {
    ScalarId raw;
    Extent extent;
};
/// What a Loop's accumulator holds after it, or a carried value: before this iteration's update in
/// the loop, the last one after it.
struct Accumulated {};
/// The sum of a product at i and j, in an array of the part that computes it: see ContractNest.
struct ProductSum {};

using ScalarExpression = std::variant<Literal,
                                      TableEntry,
                                      Load,
                                      Compute,
                                      IndexValue,
                                      InRange,
                                      Select,
                                      CheckedIndex,
                                      Accumulated,
                                      ProductSum>;

struct Scalar {
    DType dtype;
    ScalarExpression expression;
    int depth = 0; ///< loops around it: 0 is the kernel's top
    int uses = 0;
    Variable value; ///< the graph's value that it is an element of; may be empty
    const detail::Atom* symbol = nullptr; ///< a checked index stands in index expressions as this
};

// ---- statements

struct Statement;

/// Statements in order. A class of its own, as statements hold blocks that hold statements.
class Block {
public:
    Block() noexcept;
    Block(const Block&);
    Block(Block&&) noexcept;
    Block& operator=(const Block&);
    Block& operator=(Block&&) noexcept;
    ~Block();
    void push_back(Statement statement);
    Statement& back();
    const Statement* begin() const noexcept;
    const Statement* end() const noexcept;
    bool empty() const noexcept;

private:
    std::vector<Statement> statements_;
};

/// Gives a scalar a name, or none where it is used once and short: the emitter decides.
struct Let {
    ScalarId scalar;
};
struct Store {
    BufferId buffer; ///< -1: the strip that a prologue computes
    Extent at;
    ScalarId value;
    bool accumulate = false; ///< buffer[at] += value
    const Location* where = nullptr;
};
/// Combines `value` at each iteration; `result` is defined after the loop.
struct Accumulator {
    Monoid monoid;
    ScalarId value;
    ScalarId result;
    /// Prefix: `result` is redefined at each step and readable in the loop.
    bool running = false;
};

/// A scalar that a loop hands from each iteration to the next.
struct Carry {
    ScalarId state;  ///< in the loop: as the iteration begins
    ScalarId result; ///< after the loop
    ScalarId init;
    ScalarId next; ///< as the iteration ends; all change at once
};

enum class LoopKind : std::uint8_t {
    serial,
    lanes,    ///< vectorised; accumulators have L partial results (lane_count)
    backward, ///< serial, from the last to the first
    unrolled, ///< few iterations, all written out: a loop over lanes is around them
    strips,   ///< some iterations side by side in lanes, through the serial loops inside
};

struct Loop {
    const detail::Atom* index;
    std::string name;
    Extent extent = 0;
    LoopKind kind = LoopKind::serial;
    /// Names of variables that bound it, where it is a part of 0 .. extent.
    std::string first = {}, end = {};
    bool parallel = false; ///< iterations are independent: threads take blocks of them
    bool in_part = false;  ///< loops beside it are over the rest of its axis
    int edge_lanes = 0;    ///< of whole vectors, whose elements guards choose, beside such a loop
    /// Loads in the one loop inside that lie side by side along this loop, as those of a
    /// transposed matrix do: both run over squares, which are read along their rows.
    std::vector<ScalarId> across = {};
    Block body = {};
    std::vector<Accumulator> accumulators = {};
    std::vector<Carry> carries = {}; ///< of a serial loop
    int width = 0;                   ///< iterations of a strip
    int depth = 0;                   ///< of the body
    /// Index of the loop around it over blocks of its axis, of `block_size` iterations: it then
    /// runs over those of one block.
    const detail::Atom* block = nullptr;
    std::int64_t block_size = 0;
};
/// The first index of a loop, or of its block, and how many there are.
Extent first_of(const Loop& loop);
Extent iterations_of(const Loop& loop);

/// Column reduction: for each column (lanes), `value` combined over rows `first` .. `end`; eight
/// rows as a fixed tree, trees in sequence. `body` computes `value` from both indices.
struct ColumnLoop {
    const detail::Atom* row;
    const detail::Atom* column;
    std::string row_name, column_name;
    Extent first = 0;
    Extent end = 0;
    Extent columns = 0;
    /// Index of the loop around it where the rows are those of one block. The first block leaves
    /// its results where they belong, each other one in `partial`, which has a result for each.
    const detail::Atom* block = nullptr;
    Block body = {};
    struct Target {
        Monoid monoid;
        ScalarId value;
        BufferId buffer;
        Extent at = 0; ///< of column 0
        BufferId partial = -1;
        bool begun = false; ///< goes on from what lies there
        /// Of a position: where the best values so far lie, and which rows of the block they are
        /// of, numbers no wider than most values are. Both have a result for each block.
        BufferId best = -1, row = -1;
        Extent best_at = 0;  ///< of column 0 in either
        ScalarId place = -1; ///< where there is no `row`: the place of the row's value
    };
    std::vector<Target> targets = {};
    int depth = 0;
};

using AnyStatement = std::variant<Let, Store, Loop, ColumnLoop>;

/// A class of its own, as blocks have to name it before it is complete.
struct Statement : AnyStatement {
    using variant::variant;
};

/// `visit(statement, overloaded{[](const Let&) {..}, ..})`.
template <class Visitor>
decltype(auto) visit(const Statement& statement, Visitor&& visitor)
{
    return std::visit(std::forward<Visitor>(visitor), static_cast<const AnyStatement&>(statement));
}
template <class Visitor>
decltype(auto) visit(Statement& statement, Visitor&& visitor)
{
    return std::visit(std::forward<Visitor>(visitor), static_cast<AnyStatement&>(statement));
}

/// How the sums of a product are formed.
enum class ContractKind : std::uint8_t {
    small,   ///< few known extents: rows of sums in registers, operands where they lie
    dots,    ///< a vector with each row of the other operand, both contiguous along k
    row,     ///< one row: a piece of it in the nearest cache at a time
    blocks,  ///< register blocks; operands are packed where that pays
    library, ///< a call of the runtime's library
};

/// How an operand of a product that is not in memory is computed: a strip of it at a time, a by the
/// part of the product that reads it, b as it is packed. Loops over terms p and rows i or columns j
/// of the strip, inside symbol 0, the batch; the strip begins at symbols 4 and 5. They store to it.
struct Prologue {
    Block body = {};
    bool along_terms = false; ///< terms of a row or column lie side by side
    explicit operator bool() const { return !body.empty(); }
};

/// Matrix product, see emit_contract.hpp: out[batch, m, n] = sum_k a[batch, m, k] * b[batch, k, n].
/// Operands are read where they lie, or packed first, or computed by a prologue; each axis class of
/// one that lies in memory has a stride in elements. The nest's body, if it has one, is the
/// epilogue: loops over i and j inside symbol 0, the batch.
struct ContractNest {
    ContractKind kind = ContractKind::blocks;
    bool turned =
        false; ///< a column as a row: m and n, a and b are swapped, the epilogue's i and j not
    BufferId a = -1, b = -1;
    BufferId out = -1; ///< where the sums go
    /// They do not: the part that computes them keeps those of a column of blocks, until the
    /// epilogue has read them.
    bool keeps_sums = false;
    /// Arrays for packed operands; -1: never packed.
    BufferId packed_a = -1, packed_b = -1;
    /// Packed in the first step of a loop alone: what is packed is there in all others.
    bool keeps_a = false, keeps_b = false;
    Prologue prologue_a = {}, prologue_b = {}; ///< where a or b is -1
    Extent batch = 1, m = 1, n = 1, k = 1;
    Extent a_batch = 0, a_m = 0, a_k = 0;
    Extent b_batch = 0, b_k = 0, b_n = 0;
};

/// Of the first axis that a nest loops over: the part that it is about, where others are about the
/// rest.
struct AxisPart {
    Extent first, count;
    Extent row, rows;  ///< of the loop over the axis, which may write several elements each
    Extent elements;   ///< in the part, of each value that the nest stores
    bool last = false; ///< all other parts have been written before
};

/// An array that each strip has for itself, with an element a lane along its last axis. Loads and
/// stores call number i `strip_array(i)`.
struct StripArray {
    Variable of; ///< the value whose elements it has
    Buffer array;
    /// Where it is a copy of what lies in memory, as it is read across its rows: element `at` of
    /// buffer `from`, for all indices of the array but the lane.
    BufferId from = -1;
    Extent at = 0;
    std::vector<const detail::Atom*> indices = {};
};

/// One kernel: what an emitter sees.
struct LoopNest {
    std::string name;
    std::vector<Buffer> buffers;
    std::vector<StripArray> strip_arrays;
    std::vector<Scalar> scalars;
    Block body;
    std::vector<ContractNest> contract; ///< empty, or the one product that the kernel is
    std::vector<Apply> applies;         ///< what it computes, in order
    /// A long reduction's blocks: the first nest writes a partial result for each block (of rows of
    /// columns for each but the first), all of which together have `blocked` elements, or rows; a
    /// second one, of which `blocked` is 0, combines them.
    std::vector<BufferId> partials;
    Extent blocked = 0;
    std::optional<AxisPart> part = {}; ///< none: all of the axis
    bool checks_index = false;         ///< returns whether an index was out of range
    bool serial = false; ///< no loop is run by several threads, so all extents stand in the text
    /// The gathers and scatters whose indices it checks, for the report.
    std::vector<Apply> checked;
    std::int64_t flops_per_element = 0;
};

constexpr BufferId strip_array(std::size_t i) { return -2 - static_cast<BufferId>(i); }
const Buffer& buffer_at(const LoopNest& nest, BufferId id);

/// All that holds statements: the nest's body, then its product's prologues, which may be empty.
std::vector<const Block*> blocks_of(const LoopNest& nest);
/// Whether an outermost loop hands scalars from one iteration to the next. (Those inside strips
/// read their own member's places alone.)
bool carries_scalars(const LoopNest& nest);
std::vector<Block*> blocks_of(LoopNest& nest);

/// Partial results of a reduction over a contiguous axis: 32 for 4-byte floats, 16 for 8-byte ones,
/// on every CPU; element j goes to lane j % L. Integers and bools have one: their order does not
/// matter.
int lane_count(DType dtype);

} // namespace croton::inline v1::codegen
