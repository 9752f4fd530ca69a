#include "streaming_text.hpp"

#include <croton/ir/overloaded.hpp>

#include <algorithm>

#include "caller_parameters.hpp"
#include "names.hpp"
#include "nest_cost.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

namespace {

/// Bytes of a kernel's blocks together: at most what stays in the nearest cache. Short ones keep
/// reading and writing of memory side by side.
constexpr std::int64_t block_bytes = 1024, largest_block_bytes = 16384;

/// Whether a nest stores into a buffer before it loads from it.
class StoresFirst {
public:
    StoresFirst(const LoopNest& nest, BufferId buffer) : nest_(nest), buffer_(buffer) {}

    bool hold()
    {
        walk(nest_.body);
        return stored_;
    }

private:
    void walk(const Block& block)
    {
        for (const Statement& st : block) {
            if (stored_ || loaded_) return;
            visit(st, overloaded{
                          [&](const Let& l) {
                              const Scalar& s = nest_.scalars[static_cast<std::size_t>(l.scalar)];
                              const auto* load = std::get_if<Load>(&s.expression);
                              loaded_ |= load && load->buffer == buffer_;
                          },
                          [&](const Store& s) {
                              if (s.buffer != buffer_) return;
                              stored_ = !s.accumulate;
                              loaded_ = s.accumulate;
                          },
                          [&](const Loop& l) { walk(l.body); },
                          [&](const ColumnLoop&) { loaded_ = true; },
                      });
        }
    }

    const LoopNest& nest_;
    BufferId buffer_;
    bool stored_ = false, loaded_ = false;
};

/// Squares have more rows than a block.
bool runs_over_squares(const Block& block)
{
    return std::ranges::any_of(block, [](const Statement& st) {
        const auto* loop = std::get_if<Loop>(&st);
        return loop && (!loop->across.empty() || runs_over_squares(loop->body));
    });
}

/// Whether a kernel moves at least a byte for each flop, where unknown extents are a thousand.
/// Others compute while memory works, and the copies would take as long again as what they save.
bool waits_for_memory(const LoopNest& nest)
{
    const NestCost cost = cost_of(nest);
    const Extent margin = cost.bytes_read + cost.bytes_written - cost.flops;
    Substitution sizes;
    for (const detail::Atom* s : symbols(margin))
        sizes.emplace_back(s, 1000);
    return substitute(margin, sizes).value() >= 0;
}

/// Iterations of a block: of single elements a multiple of 32, so that lanes stay whole.
std::int64_t iterations_of(const std::vector<StreamedBuffer>& streamed)
{
    std::int64_t bytes = 0;
    for (const StreamedBuffer& s : streamed)
        bytes += s.bytes;
    const std::int64_t n = std::max<std::int64_t>(block_bytes / bytes, 1);
    return n < 32 ? n : n / 32 * 32;
}

bool runs_over_strips(const Block& block)
{
    return std::ranges::any_of(block, [](const Statement& st) {
        const auto* l = std::get_if<Loop>(&st);
        return l && (l->kind == LoopKind::strips || runs_over_strips(l->body));
    });
}

} // namespace

std::vector<StreamedBuffer> streamed_buffers(const EmittedKernel& kernel,
                                             const LoopNest& nest,
                                             const std::function<bool(const Variable&)>& is_output)
{
    if (!kernel.parallel || kernel.checks_index || !nest.contract.empty() || nest.part) return {};
    if (runs_over_squares(nest.body) || !waits_for_memory(nest)) return {};
    if (runs_over_strips(nest.body)) return {}; // members lie side by side, steps apart
    std::vector<StreamedBuffer> list;
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < nest.buffers.size(); ++i) {
        const Buffer& b = nest.buffers[i];
        const auto id = static_cast<BufferId>(i);
        if (b.access == Buffer::Access::read || !is_output(b.value)) continue;
        const Extent all = element_count(b.shape()) * Extent(size_bytes(b.dtype()));
        if (all.is_known() && all.value() < streamed_bytes) continue;
        const Extent each = floor_div(all, kernel.parallel_extent);
        const bool whole = same(each * kernel.parallel_extent, all);
        if (!whole || !each.is_known() || !StoresFirst(nest, id).hold()) continue;
        // A block's place in the array is a multiple of a vector, of 32 bytes.
        if (each.value() % 32 != 0 &&
            each.value() != static_cast<std::int64_t>(size_bytes(b.dtype())))
            continue;
        if (bytes + each.value() > largest_block_bytes) continue;
        bytes += each.value();
        list.push_back({id, each.value()});
    }
    return list;
}

std::string streaming_caller(const EmittedKernel& kernel,
                             const LoopNest& nest,
                             const std::vector<StreamedBuffer>& streamed)
{
    SymbolNames symbols;
    const std::vector<CallerParameter> parameters = caller_parameters(kernel, nest, symbols);
    Names names; // of locals, beside the parameters'
    for (const CallerParameter& p : parameters)
        names.reserve(p.name);
    std::vector<std::string> memories, blocks;
    for (const StreamedBuffer& s : streamed) {
        const std::string& name = nest.buffers[static_cast<std::size_t>(s.buffer)].name;
        memories.push_back(names.fresh(name + "_memory", "memory"));
        blocks.push_back(names.fresh(name + "_block", "block"));
    }
    std::vector<std::string> list{"i64 begin", "i64 end", "i64 extent"};
    std::vector<std::string> plain{"begin", "end"}, blocked{"i", "stop"};
    for (std::size_t k = 0; k < parameters.size(); ++k) {
        const CallerParameter& p = parameters[k];
        list.push_back(p.type + " " + p.name);
        plain.push_back(p.name);
        const auto found = std::ranges::find_if(streamed, [&](const StreamedBuffer& s) {
            return k == kernel.extents.size() + static_cast<std::size_t>(s.buffer);
        });
        blocked.push_back(
            found == streamed.end()
                ? p.name
                : fmt::format("({})({} - i * {})", p.type,
                              blocks[static_cast<std::size_t>(found - streamed.begin())],
                              found->bytes));
    }
    std::vector<std::string> large;
    for (const StreamedBuffer& s : streamed)
        large.push_back(fmt::format("!passes_caches({}, extent * {})",
                                    nest.buffers[static_cast<std::size_t>(s.buffer)].name,
                                    s.bytes));
    Writer w;
    w.raw(
        "// Outputs larger than the caches are written past them, by way of blocks on the stack.");
    {
        const auto scope = w.function(parameter_list("CT_KERNEL void stream_" + kernel.name, list));
        {
            const auto small = w.block("if ({})", fmt::format("{}", fmt::join(large, " || ")));
            w.line("{};", argument_list(kernel.name, plain, w.indent()));
            w.raw("return;");
        }
        const std::int64_t step = iterations_of(streamed);
        for (std::size_t k = 0; k < streamed.size(); ++k)
            w.line("CT_ALIGNED char {}[{}];", memories[k], step * streamed[k].bytes);
        for (std::size_t k = 0; k < streamed.size(); ++k)
            w.line("const u64 {} = (u64){};", blocks[k], memories[k]);
        {
            const auto loop = w.block("for (i64 i = begin; i < end; i += {})", step);
            w.line("const i64 stop = end - i < {0} ? end : i + {0};", step);
            w.line("{};", argument_list(kernel.name, blocked, w.indent()));
            for (std::size_t k = 0; k < streamed.size(); ++k)
                w.line("stream_bytes((char*){0} + i * {1}, {2}, (stop - i) * {1});",
                       nest.buffers[static_cast<std::size_t>(streamed[k].buffer)].name,
                       streamed[k].bytes, memories[k]);
        }
        w.raw("stream_end();");
    }
    w.blank();
    return w.take();
}

} // namespace croton::inline v1::codegen
