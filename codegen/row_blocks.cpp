#include "row_blocks.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/graph.hpp>

#include <algorithm>
#include <unordered_map>

#include "known_extent.hpp"

namespace croton::inline v1::codegen {

namespace {

/// Half of the smallest nearest cache of today's CPUs: what kernels hand each other of a block.
constexpr std::int64_t bytes_of_block = std::int64_t{1} << 14;
/// As much as may lie on the stack.
constexpr std::int64_t most_bytes = std::int64_t{1} << 16;
/// Less stays in a core's own cache in any case.
constexpr std::int64_t least_handed_on = std::int64_t{1} << 19;
/// A block has at least so many rows for each one that is computed twice.
constexpr std::int64_t rows_per_halo = 32;
constexpr std::size_t most_steps = 16;
/// By how many rows kernels may differ.
constexpr std::int64_t most_rows_apart = 64;

/// The bytes of a value, if they are known.
std::optional<std::int64_t> known_bytes(const Variable& v)
{
    const Extent bytes = element_count(v.shape()) * Extent(size_bytes(v.dtype()));
    if (!bytes.is_known()) return {};
    return bytes.value();
}

/// The rows that a nest computes, if it can be asked for some of them.
struct Rows {
    std::int64_t first = 0, count = 0;
    bool of_one_element = true; ///< of the first axis
};
std::optional<Rows> rows_of(const LoopNest& nest)
{
    if (nest.checks_index || !nest.partials.empty() || !nest.contract.empty()) return {};
    const Loop* loop = nullptr;
    for (const Statement& st : nest.body)
        if (const auto* l = std::get_if<Loop>(&st)) {
            if (loop) return {};
            loop = l;
        } else if (std::holds_alternative<ColumnLoop>(st))
            return {};
    const bool single = nest.part && is_known_as(nest.part->rows, 1);
    const bool in_order = loop && loop->parallel && loop->kind != LoopKind::strips &&
                          loop->width <= 1 && loop->extent.is_known();
    if (loop ? !in_order : !single) return {};
    if (!nest.part) return Rows{0, loop->extent.value(), true};
    const AxisPart& part = *nest.part;
    if (!part.row.is_known() || !part.rows.is_known()) return {};
    if (loop && !same(loop->extent, part.rows)) return {};
    return Rows{part.row.value(), part.rows.value(),
                same(part.row, part.first) && same(part.rows, part.count)};
}

/// What some kernels in a row write and read.
class HandedOn {
public:
    explicit HandedOn(std::size_t steps) : halo_(steps, 0), stores_(steps, false) {}

    /// local   nobody but these kernels reads it
    /// rows    its elements lie along the rows, one each
    void write(const Variable& v, std::size_t step, bool local, bool rows)
    {
        written_.emplace(v.value(), Written{step, local && rows, rows});
        if (!local || !rows) stores_[step] = true;
    }

    /// Of the last step first. False: it needs what another block computes.
    bool read(const Buffer& b, std::size_t step)
    {
        const auto at = written_.find(b.value.value());
        if (at == written_.end()) return true;
        const Written& w = at->second;
        if (!w.rows || b.reach < 0) return false;
        if (w.step == step) return b.reach == 0;
        if (!w.local) return b.reach == 0 && halo_[step] == 0;
        halo_[w.step] = std::max(halo_[w.step], halo_[step] + b.reach);
        return true;
    }

    /// Whether two blocks write one row of what is kept.
    bool writes_twice() const
    {
        for (std::size_t s = 0; s < halo_.size(); ++s)
            if (stores_[s] && halo_[s] > 0) return true;
        return false;
    }

    const std::vector<std::int64_t>& halo() const { return halo_; }
    bool is_local(const Variable& v) const
    {
        const auto at = written_.find(v.value());
        return at != written_.end() && at->second.local;
    }

private:
    struct Written {
        std::size_t step = 0;
        bool local = false;
        bool rows = false;
    };
    std::unordered_map<const detail::Value*, Written> written_; // looked up only
    std::vector<std::int64_t> halo_;
    std::vector<bool> stores_; ///< what outlives a block
};

} // namespace

std::optional<RowBlockFinder::Found> RowBlockFinder::from(std::size_t first)
{
    std::size_t end = first;
    while (end < clusters_.size() && end - first < most_steps && is_candidate(clusters_[end]) &&
           (end == first || takes_much(clusters_[end], clusters_.subspan(first, end - first))))
        ++end;
    if (end < first + 2) return {};
    Found found;
    for (std::size_t k = first; k < end; ++k)
        found.nests.push_back(lower(clusters_[k], true));
    for (; found.nests.size() > 1; found.nests.pop_back())
        if (std::optional<RowBlocks> all = blocks(first, found.nests)) {
            found.blocks = std::move(*all);
            return found;
        }
    return {};
}

bool RowBlockFinder::is_candidate(const Cluster& c) const
{
    if (c.kind != ClusterKind::rows || c.outer.empty() || !c.outer[0].is_known()) return false;
    return std::ranges::none_of(c.roots, [&](const Root& r) {
        if (!known_bytes(r.value)) return true;
        for (std::size_t k = 0; k < outer_.outputs.size(); ++k)
            if (outer_.outputs[k].input >= 0 && same(outputs_[k], r.value)) return true;
        return false;
    });
}

bool RowBlockFinder::takes_much(const Cluster& c, std::span<const Cluster> before) const
{
    constexpr std::int64_t much = least_handed_on / 8;
    const auto is_from_before = [&](const Variable& v) {
        return std::ranges::any_of(before, [&](const Cluster& b) {
            return std::ranges::any_of(b.roots,
                                       [&](const Root& r) { return r.stored && same(r.value, v); });
        });
    };
    return std::ranges::any_of(c.roots, [&](const Root& r) {
        return std::ranges::any_of(r.reads, [&](const Variable& v) {
            return v.owner() && known_bytes(v).value_or(0) >= much && is_from_before(v);
        });
    });
}

bool RowBlockFinder::is_output(const Variable& v) const
{
    return std::ranges::any_of(outputs_, [&](const Variable& y) { return same(v, y); });
}

bool RowBlockFinder::is_read_after(const Variable& v, std::size_t end)
{
    if (last_reads_.empty())
        for (std::size_t k = 0; k < clusters_.size(); ++k)
            for (const Root& r : clusters_[k].roots)
                for (const Variable& read : r.reads)
                    last_reads_[read.value()] = k;
    const auto at = last_reads_.find(v.value());
    return at != last_reads_.end() && at->second >= end;
}

std::optional<RowBlocks> RowBlockFinder::blocks(std::size_t first, std::span<const Lowered> nests)
{
    RowBlocks all{first, first + nests.size(), 0, 0, {}, {}};
    HandedOn handed_on(nests.size());
    std::int64_t fewest = 0;
    for (std::size_t s = 0; s < nests.size(); ++s) {
        if (!nests[s].scratch.empty()) return {};
        std::int64_t end = 0;
        bool of_one_element = true;
        for (const LoopNest& nest : nests[s].nests) {
            const std::optional<Rows> rows = rows_of(nest);
            if (!rows) return {};
            end = std::max(end, rows->first + rows->count);
            of_one_element = of_one_element && rows->of_one_element;
        }
        fewest = s == 0 ? end : std::min(fewest, end);
        all.rows = std::max(all.rows, end);
        const Cluster& c = clusters_[first + s];
        for (const Root& r : c.roots) {
            if (!r.stored) continue;
            const Shape shape = r.value.shape();
            const bool along = of_one_element && !shape.empty() && same(shape[0], c.outer[0]);
            const bool local = !is_output(r.value) && !is_read_after(r.value, all.end);
            handed_on.write(r.value, s, local, along);
        }
    }
    if (all.rows - fewest > most_rows_apart) return {};
    for (std::size_t s = nests.size(); s-- > 0;)
        for (const LoopNest& nest : nests[s].nests)
            for (const Buffer& b : nest.buffers)
                if (b.access != Buffer::Access::write && !handed_on.read(b, s)) return {};
    if (handed_on.writes_twice()) return {};
    all.halo = handed_on.halo();

    std::int64_t bytes = 0, of_row = 0;
    for (std::size_t s = 0; s < nests.size(); ++s)
        for (const Root& r : clusters_[first + s].roots)
            if (handed_on.is_local(r.value)) {
                const std::int64_t own = *known_bytes(r.value);
                bytes += own;
                all.local.push_back({r.value, s, own / r.value.shape()[0].value()});
                of_row += all.local.back().bytes;
            }
    const std::int64_t halo = std::ranges::max(all.halo);
    if (bytes < least_handed_on) return {};
    const std::int64_t fitting = bytes_of_block / of_row;
    all.block = std::max(
        {fitting < 64 ? fitting : fitting / 64 * 64, rows_per_halo * halo, std::int64_t{1}});
    if ((all.block + 2 * halo) * of_row > most_bytes) return {};
    return all;
}

} // namespace croton::inline v1::codegen
