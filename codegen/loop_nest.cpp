#include <croton/codegen/loop_nest.hpp>

#include <algorithm>
#include <utility>

namespace croton::inline v1::codegen {

Block::Block() noexcept = default;
Block::Block(const Block&) = default;
Block::Block(Block&&) noexcept = default;
Block& Block::operator=(const Block&) = default;
Block& Block::operator=(Block&&) noexcept = default;
Block::~Block() = default;
void Block::push_back(Statement statement) { statements_.push_back(std::move(statement)); }
Statement& Block::back() { return statements_.back(); }
const Statement* Block::begin() const noexcept { return statements_.data(); }
const Statement* Block::end() const noexcept { return statements_.data() + statements_.size(); }
bool Block::empty() const noexcept { return statements_.empty(); }

namespace {

template <class B>
std::vector<B*> all_blocks(auto& nest)
{
    std::vector<B*> blocks{&nest.body};
    for (auto& c : nest.contract)
        blocks.insert(blocks.end(), {&c.prologue_a.body, &c.prologue_b.body});
    return blocks;
}

} // namespace

std::vector<const Block*> blocks_of(const LoopNest& nest) { return all_blocks<const Block>(nest); }
std::vector<Block*> blocks_of(LoopNest& nest) { return all_blocks<Block>(nest); }

const Buffer& buffer_at(const LoopNest& nest, BufferId id)
{
    return id <= strip_array(0)
               ? nest.strip_arrays[static_cast<std::size_t>(strip_array(0) - id)].array
               : nest.buffers[static_cast<std::size_t>(id)];
}

Extent first_of(const Loop& loop)
{
    return loop.block ? as_extent(loop.block) * Extent(loop.block_size) : Extent(0);
}

Extent iterations_of(const Loop& loop)
{
    if (!loop.block) return loop.extent;
    const Extent whole = loop.block_size;
    if (loop.extent.is_known() && loop.extent.value() % loop.block_size == 0) return whole;
    return minimum(whole, loop.extent - first_of(loop));
}

bool carries_scalars(const LoopNest& nest)
{
    return std::ranges::any_of(nest.body, [](const Statement& st) {
        const auto* loop = std::get_if<Loop>(&st);
        return loop && !loop->carries.empty();
    });
}

} // namespace croton::inline v1::codegen
