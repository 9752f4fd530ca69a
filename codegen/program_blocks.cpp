#include <croton/ir/format.hpp>

#include <map>
#include <utility>

#include "pass_text.hpp"
#include "program_writer.hpp"

namespace croton::inline v1::codegen {

namespace {

/// Of a local value on the stack: what lies in front of a block's first row, in whole lines of the
/// cache, so that a block begins where an array would.
std::int64_t bytes_in_front(const RowBlocks& blocks, const RowBlocks::Local& local)
{
    return (blocks.halo[local.step] * local.bytes + 63) / 64 * 64;
}

std::int64_t bytes_on_stack(const RowBlocks& blocks, const RowBlocks::Local& local)
{
    return bytes_in_front(blocks, local) + (blocks.block + blocks.halo[local.step]) * local.bytes;
}

/// `row` moved by `rows`: `row - 1`.
std::string moved(const std::string& row, std::int64_t rows)
{
    if (rows == 0) return row;
    return fmt::format("{} {} {}", row, rows < 0 ? '-' : '+', std::abs(rows));
}

} // namespace

/// The steps of `blocks` as one function of the rows begin .. end, and its call.
void ProgramWriter::write_blocks(const GraphPlan& plan, const RowBlocks& blocks)
{
    const std::string name = names_.fresh({}, "blocks_");
    PassParameters parameters;
    if (options_.profile) take_in_pass(parameters, "const struct ct_runtime*", "rt");
    const std::string body = blocks_body(plan, blocks, parameters);
    take_extents_in_pass(parameters, body);
    // Whole blocks, as threads begin with one.
    const std::int64_t all = (blocks.rows + blocks.block - 1) / blocks.block;
    const std::int64_t part = (all + most_parts - 1) / most_parts * blocks.block;
    const PassRows rows{0, std::to_string(blocks.rows), std::to_string(part)};
    write_pass("The rows begin .. end by several kernels, in blocks that stay in the cache.", name,
               parameters, rows, body);
    call_pass(name, parameters, rows);
}

/// The loop over blocks; `parameters` learns what it takes.
std::string ProgramWriter::blocks_body(const GraphPlan& plan,
                                       const RowBlocks& blocks,
                                       PassParameters& parameters)
{
    Writer outer = std::exchange(body_, Writer(in_run));
    ++loops_;
    std::map<const detail::Value*, std::string> before; // places in `run`; in no order
    std::map<std::string, std::string> taken;           // places, as the function calls them
    for (std::size_t s = blocks.first; s < blocks.end; ++s)
        for (const PlannedKernel& k : plan.steps[s].kernels)
            for (const Buffer& b : k.nest.buffers) {
                const auto at = place_.find(b.value.value());
                if (at == place_.end()) continue; // a table of numbers, or local
                if (!before.emplace(at->first, at->second).second) continue;
                const auto [name, is_new] = taken.emplace(at->second, std::string());
                if (is_new) {
                    const std::string_view constant =
                        b.access == Buffer::Access::read ? "const " : "";
                    const std::string type =
                        fmt::format("{}{}*", constant, memory_type(b.value.dtype()));
                    name->second = take_in_pass(parameters, type, at->second);
                }
                at->second = name->second;
            }
    std::vector<std::string> memory;
    for (const RowBlocks::Local& l : blocks.local) {
        memory.push_back(names_.fresh({}, "rows"));
        body_.line("CT_ALIGNED char {}[{}];", memory.back(), bytes_on_stack(blocks, l));
    }
    {
        const std::string row = names_.fresh({}, "row"), stop = names_.fresh({}, "stop");
        const auto loop =
            body_.block("for (i64 {0} = begin; {0} < end; {0} += {1})", row, blocks.block);
        body_.line("const i64 {} = min_i64({} + {}, end);", stop, row, blocks.block);
        for (std::size_t k = 0; k < blocks.local.size(); ++k) {
            const RowBlocks::Local& l = blocks.local[k];
            const std::string at = fmt::format("{} + {}", memory[k], bytes_in_front(blocks, l));
            pointer(body_, l.value, "v",
                    fmt::format("((u64)({}) - (u64){} * {})", at, row, l.bytes), true);
        }
        const StepTiles tiles{blocks.rows, blocks.block, 1, 0, 1};
        for (std::size_t s = blocks.first; s < blocks.end; ++s) {
            const std::int64_t halo = blocks.halo[s - blocks.first];
            rows_ = {tiles, row, {}, {}, 0, row, stop};
            if (halo > 0) {
                rows_->first = names_.fresh({}, "first");
                rows_->end = names_.fresh({}, "end");
                body_.line("const i64 {} = max_i64({}, 0);", rows_->first, moved(row, -halo));
                body_.line("const i64 {} = min_i64({}, {});", rows_->end, moved(stop, halo),
                           blocks.rows);
            }
            write_kernels(plan.steps[s]);
        }
        rows_.reset();
    }
    for (const auto& [value, place] : before)
        place_[value] = place;
    for (const RowBlocks::Local& l : blocks.local)
        place_.erase(l.value.value());
    --loops_;
    return std::exchange(body_, std::move(outer)).take();
}

} // namespace croton::inline v1::codegen
