#include "scan_chunks.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/join.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace croton::inline v1::detail {

namespace {

/// Rows first .. last of an array along axis 0.
Variable rows(const Variable& x, const Extent& first, const Extent& last)
{
    SliceParams p = whole(x.shape());
    p.start[0] = first;
    p.stop[0] = last;
    return slice_of(x, p);
}

Shape with_axes(const Shape& front, const Shape& all, std::size_t from)
{
    Shape shape = front;
    shape.insert(shape.end(), all.begin() + static_cast<std::ptrdiff_t>(from), all.end());
    return shape;
}

Variables placeholders(const Variables& like)
{
    Variables all;
    for (const Variable& v : like)
        all.push_back(input(v.name(), v.dtype(), v.shape()));
    return all;
}

/// The steps of one chunk, one after the other, as graph: what a loop over them gives.
ScanResult write_out(const ScanParts& chunk, std::int64_t length)
{
    ScanResult r{chunk.init, Variables(chunk.state.size()), Variables(chunk.out.size()), {}};
    std::vector<Variables> history(chunk.state.size()), out(chunk.out.size());
    for (std::int64_t i = 0; i < length; ++i) {
        const std::int64_t t = chunk.reverse ? length - 1 - i : i;
        VariableMap by;
        for (std::size_t k = 0; k < chunk.x.size(); ++k)
            by.emplace(chunk.x[k], squeeze(rows(chunk.sequences[k], t, t + 1), Axis{0}));
        for (std::size_t k = 0; k < chunk.state.size(); ++k)
            by.emplace(chunk.state[k], r.last[k]);
        for (std::size_t k = 0; k < chunk.constant.size(); ++k)
            by.emplace(chunk.constant[k], chunk.constants[k]);
        Variables results = chunk.next;
        results.insert(results.end(), chunk.out.begin(), chunk.out.end());
        results = copy_graph(results, by);
        const auto place = [&](Variables& list, const Variable& v) {
            list.insert(chunk.reverse ? list.begin() : list.end(), v);
        };
        for (std::size_t k = 0; k < history.size(); ++k) {
            r.last[k] = results[k];
            place(history[k], results[k]);
        }
        for (std::size_t k = 0; k < out.size(); ++k)
            place(out[k], results[history.size() + k]);
    }
    for (std::size_t k = 0; k < history.size(); ++k)
        r.history[k] = stack(history[k], 0);
    for (std::size_t k = 0; k < out.size(); ++k)
        r.out[k] = stack(out[k], 0);
    return r;
}

/// What chunks of a loop that may stop early hand on, as states that are no state of the loop.
struct EarlyStop {
    Variable stopped, count; ///< whether, and how many steps ran

    explicit operator bool() const { return !stopped.is_empty(); }
};

/// What a number of chunks give: the loop's results, whose histories have a row for each step.
struct ChunkResult {
    ScanResult loop;
    EarlyStop early;
};

/// A loop in which whether it stopped is a state, the last one.
ScanParts remembering(ScanParts parts)
{
    parts.state.push_back(input("stopped", DType::boolean, {}));
    parts.init.push_back(constant(Array::scalar(false), nullptr));
    parts.next.push_back(parts.stop);
    return parts;
}

/// The results of a loop that was remembering().
ChunkResult split_off(ScanResult r)
{
    ChunkResult all{std::move(r), {}};
    all.early = {all.loop.last.back(), all.loop.count};
    all.loop.last.pop_back();
    all.loop.history.pop_back();
    return all;
}

/// The chunks, with as many rows of each sequence as they have; `inside` makes what one does.
template <class F>
ChunkResult run_chunks(const ScanParts& parts,
                       const Extent& count,
                       const Extent& length,
                       const F& inside,
                       const Location* where)
{
    const bool stops = !parts.stop.is_empty();
    const std::size_t states = parts.state.size();
    ScanParts outer = parts, inner = parts;
    for (std::size_t k = 0; k < parts.sequences.size(); ++k) {
        const Shape shape = parts.sequences[k].shape();
        outer.sequences[k] = parts.sequences[k].reshape(with_axes({count, length}, shape, 1));
        outer.x[k] = input(parts.x[k].name(), parts.x[k].dtype(), with_axes({length}, shape, 1));
    }
    outer.state = placeholders(parts.state);
    outer.constant = placeholders(parts.constant);
    outer.steps = count;
    inner.sequences = outer.x;
    inner.init = outer.state;
    inner.constants = outer.constant;
    inner.steps = length;
    inner.limit = {};
    inner.snapshots = 0;
    const ChunkResult chunk = inside(inner);
    outer.next = chunk.loop.last;
    outer.out = chunk.loop.history;
    outer.out.insert(outer.out.end(), chunk.loop.out.begin(), chunk.loop.out.end());
    if (stops) {
        outer.stop = chunk.early.stopped;
        const Variable ran = input("ran", DType::i64, {});
        outer.state.push_back(ran);
        outer.init.push_back(constant(Array::scalar(std::int64_t{0}), nullptr));
        outer.next.push_back(ran + chunk.early.count);
        outer = remembering(std::move(outer));
    }
    ChunkResult all;
    if (stops) {
        all = split_off(build_scan(outer, where));
        all.early.count = all.loop.last.back();
    } else {
        all.loop = build_scan(outer, where);
    }
    const auto joined = [&](const Variable& v) {
        return v.reshape(with_axes({count * length}, v.shape(), 2));
    };
    all.loop.last.resize(states);
    all.loop.history.clear();
    Variables collected = std::exchange(all.loop.out, {});
    for (std::size_t k = 0; k < collected.size(); ++k)
        (k < states ? all.loop.history : all.loop.out).push_back(joined(collected[k]));
    return all;
}

/// As many steps at most as `n`, none of a loop that has stopped before.
Variable limit_after(const EarlyStop& early, const Extent& n)
{
    return cast(croton::where(early.stopped, Variable(0), Variable(n)), DType::i64);
}

/// Chunks of `length` steps, and the steps that are left over, of which `rest_of` makes a loop.
template <class F, class G>
ChunkResult split(const ScanParts& parts,
                  const Extent& length,
                  const F& inside,
                  const G& rest_of,
                  const Location* where)
{
    const Extent count = floor_div(parts.steps, length), done = count * length;
    const Extent left = parts.steps - done;
    ScanParts front = parts, rest = parts;
    for (std::size_t k = 0; k < parts.sequences.size(); ++k) {
        // That a sequence has a row for each step is required here, where that is undecided.
        const Variable& s = parts.sequences[k];
        const Variable all = s.reshape(with_axes({parts.steps}, s.shape(), 1));
        front.sequences[k] = rows(all, 0, done);
        rest.sequences[k] = rows(all, done, parts.steps);
    }
    rest.steps = left;
    rest.snapshots = 0;
    if (same(left, 0)) return run_chunks(front, count, length, inside, where);
    if (same(count, 0)) return rest_of(parts);
    // The steps that are left over are the last rows: the first ones of a reversed loop.
    ChunkResult first, second;
    if (parts.reverse) {
        second = rest_of(rest);
        front.init = second.loop.last;
        if (second.early) front.limit = limit_after(second.early, count);
        first = run_chunks(front, count, length, inside, where);
    } else {
        first = run_chunks(front, count, length, inside, where);
        rest.init = first.loop.last;
        if (first.early) rest.limit = limit_after(first.early, left);
        second = rest_of(rest);
    }
    ChunkResult all{{parts.reverse ? first.loop.last : second.loop.last, {}, {}, {}}, {}};
    for (std::size_t k = 0; k < first.loop.history.size(); ++k)
        all.loop.history.push_back(concatenate({first.loop.history[k], second.loop.history[k]}, 0));
    for (std::size_t k = 0; k < first.loop.out.size(); ++k)
        all.loop.out.push_back(concatenate({first.loop.out[k], second.loop.out[k]}, 0));
    if (first.early)
        all.early = {first.early.stopped || second.early.stopped,
                     first.early.count + second.early.count};
    return all;
}

} // namespace

Extent root_of(const Extent& n)
{
    if (n.is_known())
        return std::max<std::int64_t>(1, std::llround(std::sqrt(static_cast<double>(n.value()))));
    // 2 * 4^k for n from 16^k on: at most twice as many as the root, and at least half.
    constexpr int most = 10;
    Extent root = 2;
    std::int64_t from = 1, more = 6;
    for (int k = 1; k <= most; ++k, more *= 4)
        root = root + minimum(1, floor_div(n, from *= 16)) * Extent(more);
    return root;
}

ScanResult build_in_chunks(const ScanParts& parts,
                           const Extent& checkpoint,
                           std::int64_t unroll,
                           const Location* where)
{
    const OriginScope origin(where);
    const auto plain = [&](const ScanParts& p) -> ChunkResult {
        if (p.stop.is_empty()) return {build_scan(p, where), {}};
        return split_off(build_scan(remembering(p), where));
    };
    const auto unrolled = [&](const ScanParts& p) -> ChunkResult {
        if (unroll == 1) return plain(p);
        const auto written = [&](const ScanParts& chunk) -> ChunkResult {
            return {write_out(chunk, unroll), {}};
        };
        return split(p, unroll, written, plain, where);
    };
    ChunkResult all =
        same(checkpoint, 0) ? unrolled(parts) : split(parts, checkpoint, unrolled, unrolled, where);
    all.loop.count = all.early.count;
    return std::move(all.loop);
}

ScanResult build_with_snapshots(const ScanParts& parts,
                                int snapshots,
                                std::int64_t unroll,
                                const Location* where)
{
    ScanParts marked = parts;
    marked.snapshots = snapshots;
    return build_in_chunks(marked, snapshots, unroll, where);
}

namespace {

/// Some steps of a loop, with what stands for its operands.
ScanResult run_steps(ScanParts parts,
                     const Variables& sequences,
                     const Variables& init,
                     const Variables& constants,
                     std::int64_t steps,
                     const Location* where)
{
    parts.sequences = sequences;
    parts.init = init;
    parts.constants = constants;
    parts.steps = steps;
    return build_scan(parts, where);
}

/// A pair of loops, to be cut in chunks: the front, which is whole chunks, and the steps behind, in
/// the order in which the loop runs: the first rows are the last steps of a reversed one.
class ChunkedPair {
public:
    ChunkedPair(const Apply& loop,
                const Apply& reverse,
                const std::vector<FromLoop>& reads,
                std::int64_t length)
        : loop_(take_apart(loop)), reverse_(take_apart(reverse)), reads_(reads),
          where_(loop.location()), reverse_where_(reverse.location()), length_(length),
          count_(loop_.steps.value() / length), done_(count_ * length),
          left_(loop_.steps.value() - done_)
    {
        for (std::size_t i = 0; i < reads.size(); ++i)
            if (reads[i].kind == FromLoop::Kind::nothing) own_.push_back(reverse_.sequences[i]);
    }

    PairInChunks build() const
    {
        const ScanResult front = run_front();
        Variables starts;
        for (std::size_t k = 0; k < loop_.state.size(); ++k)
            starts.push_back(delay(front.history[k], loop_.init[k], loop_.reverse));
        if (left_ == 0) {
            const ScanResult back = run_front_again(starts, reverse_.init);
            return {{front.last, {}, joined(front.out), {}}, {back.last, {}, joined(back.out), {}}};
        }
        const ScanResult rest =
            run_steps(loop_, behind(loop_.sequences), front.last, loop_.constants, left_, where_);
        const ScanResult reverse_rest =
            run_steps(reverse_, read(rest, front.last, behind(own_)), reverse_.init,
                      reverse_.constants, left_, reverse_where_);
        const ScanResult reverse_front = run_front_again(starts, reverse_rest.last);
        const auto both = [this](const Variables& of_chunks, const Variables& behind) {
            Variables all = joined(of_chunks);
            for (std::size_t k = 0; k < all.size(); ++k)
                all[k] = loop_.reverse ? concatenate({behind[k], all[k]}, 0)
                                       : concatenate({all[k], behind[k]}, 0);
            return all;
        };
        return {{rest.last, {}, both(front.out, rest.out), {}},
                {reverse_front.last, {}, both(reverse_front.out, reverse_rest.out), {}}};
    }

private:
    Variables behind(Variables all) const
    {
        for (Variable& v : all)
            v = loop_.reverse ? rows(v, 0, left_) : rows(v, done_, loop_.steps);
        return all;
    }

    /// With an axis of chunks in front.
    Variables in_chunks(Variables all) const
    {
        const std::int64_t first = loop_.reverse ? left_ : 0;
        for (Variable& v : all)
            v = rows(v, first, first + done_).reshape(with_axes({count_, length_}, v.shape(), 1));
        return all;
    }

    /// What chunks collected, with a row for each step.
    Variables joined(Variables all) const
    {
        for (Variable& v : all)
            v = v.reshape(with_axes({done_}, v.shape(), 2));
        return all;
    }

    /// The reverse loop's sequences, of what some steps of the loop computed and of its own ones.
    Variables read(const ScanResult& steps, const Variables& init, const Variables& own) const
    {
        Variables all;
        std::size_t next = 0;
        for (const FromLoop& from : reads_)
            switch (from.kind) {
            case FromLoop::Kind::nothing:
                all.push_back(own[next++]);
                break;
            case FromLoop::Kind::before:
                all.push_back(delay(steps.history[from.at], init[from.at], loop_.reverse));
                break;
            case FromLoop::Kind::after:
                all.push_back(steps.history[from.at]);
                break;
            case FromLoop::Kind::out:
                all.push_back(steps.out[from.at]);
                break;
            }
        return all;
    }

    static Variables slices(const Variables& all)
    {
        Variables inside;
        for (const Variable& v : all)
            inside.push_back(input("", v.dtype(), with_axes({}, v.shape(), 1)));
        return inside;
    }

    /// One step a chunk: the loop's states after it, and what it collects.
    ScanResult run_front() const
    {
        ScanParts outer = loop_;
        outer.sequences = in_chunks(loop_.sequences);
        outer.x = slices(outer.sequences);
        outer.state = placeholders(loop_.state);
        outer.constant = placeholders(loop_.constant);
        outer.steps = count_;
        const ScanResult chunk =
            run_steps(loop_, outer.x, outer.state, outer.constant, length_, where_);
        outer.next = chunk.last;
        outer.out = chunk.out;
        return build_scan(outer, where_);
    }

    /// From the last chunk to the first: its steps again, then the reverse loop's.
    ScanResult run_front_again(const Variables& starts, const Variables& init) const
    {
        const auto append = [](Variables& to, const Variables& more) {
            to.insert(to.end(), more.begin(), more.end());
        };
        ScanParts outer = reverse_;
        outer.sequences = in_chunks(loop_.sequences);
        append(outer.sequences, starts);
        append(outer.sequences, in_chunks(own_));
        outer.x = slices(outer.sequences);
        outer.state = placeholders(reverse_.state);
        outer.init = init;
        outer.constants = loop_.constants;
        append(outer.constants, reverse_.constants);
        outer.constant = placeholders(outer.constants);
        outer.steps = count_;
        const auto part = [](const Variables& all, std::size_t& from, std::size_t size) {
            const auto first = all.begin() + static_cast<std::ptrdiff_t>(from);
            from += size;
            return Variables(first, first + static_cast<std::ptrdiff_t>(size));
        };
        std::size_t x = 0, c = 0;
        const Variables sequences = part(outer.x, x, loop_.sequences.size()),
                        begin = part(outer.x, x, starts.size()),
                        own = part(outer.x, x, own_.size()),
                        constants = part(outer.constant, c, loop_.constants.size()),
                        reverse_constants = part(outer.constant, c, reverse_.constants.size());
        const ScanResult again = run_steps(loop_, sequences, begin, constants, length_, where_);
        const ScanResult back = run_steps(reverse_, read(again, begin, own), outer.state,
                                          reverse_constants, length_, reverse_where_);
        outer.next = back.last;
        outer.out = back.out;
        drop_unused(outer);
        return build_scan(outer, reverse_where_);
    }

    ScanParts loop_, reverse_;
    const std::vector<FromLoop>& reads_;
    const Location *where_, *reverse_where_;
    std::int64_t length_, count_, done_, left_; ///< steps of a chunk; chunks; steps in them; others
    Variables own_; ///< sequences of the reverse loop that are no loop's
};

} // namespace

PairInChunks build_pair_in_chunks(const Apply& loop,
                                  const Apply& reverse,
                                  const std::vector<FromLoop>& reads,
                                  std::int64_t length)
{
    return ChunkedPair(loop, reverse, reads, length).build();
}

} // namespace croton::inline v1::detail
