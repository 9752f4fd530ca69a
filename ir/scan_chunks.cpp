#include "scan_chunks.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/join.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/traverse.hpp>

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

/// The chunks, with as many rows of each sequence as they have; `inside` makes what one does.
template <class F>
ScanResult run_chunks(const ScanParts& parts,
                      const Extent& count,
                      std::int64_t length,
                      const F& inside,
                      const Location* where)
{
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
    const ScanResult r = inside(inner);
    outer.next = r.last;
    outer.out = r.history;
    outer.out.insert(outer.out.end(), r.out.begin(), r.out.end());
    const ScanResult all = build_scan(outer, where);
    const auto joined = [&](const Variable& v) {
        return v.reshape(with_axes({count * Extent(length)}, v.shape(), 2));
    };
    ScanResult result{all.last, {}, {}, {}};
    for (std::size_t k = 0; k < all.out.size(); ++k)
        (k < parts.state.size() ? result.history : result.out).push_back(joined(all.out[k]));
    return result;
}

/// Chunks of `length` steps, and the steps that are left over, of which `rest_of` makes a loop.
template <class F, class G>
ScanResult split(const ScanParts& parts,
                 std::int64_t length,
                 const F& inside,
                 const G& rest_of,
                 const Location* where)
{
    const Extent count = floor_div(parts.steps, length), done = count * Extent(length);
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
    if (same(left, 0)) return run_chunks(front, count, length, inside, where);
    if (same(count, 0)) return rest_of(parts);
    // The steps that are left over are the last rows: the first ones of a reversed loop.
    ScanResult first, second;
    if (parts.reverse) {
        second = rest_of(rest);
        front.init = second.last;
        first = run_chunks(front, count, length, inside, where);
    } else {
        first = run_chunks(front, count, length, inside, where);
        rest.init = first.last;
        second = rest_of(rest);
    }
    ScanResult all{parts.reverse ? first.last : second.last, {}, {}, {}};
    for (std::size_t k = 0; k < first.history.size(); ++k)
        all.history.push_back(concatenate({first.history[k], second.history[k]}, 0));
    for (std::size_t k = 0; k < first.out.size(); ++k)
        all.out.push_back(concatenate({first.out[k], second.out[k]}, 0));
    return all;
}

} // namespace

ScanResult build_in_chunks(const ScanParts& parts,
                           std::int64_t checkpoint,
                           std::int64_t unroll,
                           const Location* where)
{
    const OriginScope origin(where);
    const auto plain = [&](const ScanParts& p) { return build_scan(p, where); };
    const auto unrolled = [&](const ScanParts& p) {
        if (unroll == 1) return plain(p);
        const auto written = [&](const ScanParts& chunk) { return write_out(chunk, unroll); };
        return split(p, unroll, written, plain, where);
    };
    return checkpoint == 0 ? unrolled(parts) : split(parts, checkpoint, unrolled, unrolled, where);
}

} // namespace croton::inline v1::detail
