#include "sparse_matrix.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/gather.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/join.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>

#include <algorithm>
#include <tuple>

namespace croton::inline v1::detail {

namespace {

/// A turn has at most so many entries.
constexpr std::size_t longest_turn = 64;
/// Of more pieces, or more single elements between them, each element is looked up.
constexpr std::size_t most_pieces = 16;

/// Elements first, first + step, .. of a vector.
Variable every(const Variable& v, std::int64_t first, std::int64_t step, std::size_t count)
{
    SliceParams p = whole(v.shape());
    p.start[0] = first;
    p.stop[0] = first + step * (static_cast<std::int64_t>(count) - 1) + 1;
    p.step[0] = step;
    return slice_of(v, p);
}

/// A constant vector of positions.
Variable index_constant(const std::vector<std::int64_t>& positions)
{
    const bool narrow = std::ranges::all_of(
        positions, [](std::int64_t p) { return p <= std::numeric_limits<std::int32_t>::max(); });
    const Array wide = Array::copy(View<const std::int64_t>(positions));
    return narrow ? wide.cast(DType::i32) : wide;
}

} // namespace

SparseMatrix::SparseMatrix(std::int64_t rows,
                           std::int64_t columns,
                           const SparseOptions& options,
                           std::string_view function,
                           const Location* place)
    : rows_(rows), columns_(columns), options_(options), function_(function), place_(place)
{}

void SparseMatrix::add(std::int64_t row, std::int64_t column, std::int64_t at)
{
    const bool wanted = options_.triangle == Triangle::full ||
                        (options_.triangle == Triangle::lower ? row >= column : row <= column);
    if (!wanted) return;
    if (only_ && !std::ranges::binary_search((*only_)[row], column)) return;
    if (entries_.size() >= most_entries)
        throw user_error(Code::shape, place_, function_, "the pattern has more than {} elements",
                         most_entries);
    entries_.push_back({static_cast<std::int32_t>(row), static_cast<std::int32_t>(column), at,
                        static_cast<std::uint32_t>(vectors_.size() - 1)});
}

SparseVariable SparseMatrix::finish(DType dtype)
{
    if (options_.diagonal)
        for (std::int32_t i = 0; i < std::min(rows_, columns_); ++i)
            entries_.push_back({i, i, 0, Entry::nowhere});
    sort();
    return {pattern(), values(dtype)};
}

SparsePattern SparseMatrix::pattern() const
{
    SparsePattern p{{}, {}, rows_, columns_, options_.format};
    const std::int64_t groups = options_.format == Compressed::rows ? p.rows : p.columns;
    p.starts.assign(static_cast<std::size_t>(groups) + 1, 0);
    for (std::size_t i = 0; i < size(); ++i) {
        const Entry& e = terms(i)[0];
        ++p.starts[static_cast<std::size_t>(major(e)) + 1];
        p.indices.push_back(static_cast<std::int32_t>(minor(e)));
    }
    for (std::size_t i = 1; i < p.starts.size(); ++i)
        p.starts[i] += p.starts[i - 1];
    return p;
}

/// By rows (columns), and ascending in each; where a place has several entries, those with a value
/// come first.
void SparseMatrix::sort()
{
    const std::int64_t groups = options_.format == Compressed::rows ? rows_ : columns_;
    std::vector<std::uint32_t> end(static_cast<std::size_t>(groups) + 1, 0); // of each
    for (const Entry& e : entries_)
        ++end[static_cast<std::size_t>(major(e)) + 1];
    for (std::size_t i = 1; i < end.size(); ++i)
        end[i] += end[i - 1];
    std::vector<Entry> sorted(entries_.size());
    for (const Entry& e : entries_)
        sorted[end[static_cast<std::size_t>(major(e))]++] = e;
    const auto before = [&](const Entry& a, const Entry& b) {
        return std::tuple(minor(a), a.from, a.at) < std::tuple(minor(b), b.from, b.at);
    };
    for (std::size_t g = 0; g + 1 < end.size(); ++g)
        std::sort(sorted.begin() + (g == 0 ? 0 : end[g - 1]), sorted.begin() + end[g], before);
    // A 0 of the diagonal is no term beside another one.
    entries_.clear();
    first_.reserve(sorted.size() + 1);
    for (const Entry& e : sorted) {
        const bool fresh =
            entries_.empty() || entries_.back().row != e.row || entries_.back().column != e.column;
        if (!fresh && e.from == Entry::nowhere) continue;
        if (fresh) first_.push_back(static_cast<std::uint32_t>(entries_.size()));
        entries_.push_back(e);
    }
    first_.push_back(static_cast<std::uint32_t>(entries_.size()));
}

/// The longest turns that begin with an element.
Turns SparseMatrix::turns_from(std::size_t first) const
{
    const auto of_same_vectors = [&](std::size_t i, std::size_t k) {
        return std::ranges::equal(terms(i), terms(k), {}, &Entry::from, &Entry::from);
    };
    // Whether each term is further on than in the element `length` before, by `step` if given.
    const auto distance = [&](std::size_t i, std::size_t length, std::size_t term) {
        return terms(i)[term].at - terms(i - length)[term].at;
    };
    const auto goes_on = [&](std::size_t i, std::size_t length, bool known) {
        if (!of_same_vectors(i, i - length)) return false;
        for (std::size_t k = 0; k < terms(i).size(); ++k) {
            const std::int64_t step = distance(i, length, k);
            if (step <= 0 || (known && step != distance(i - length, length, k))) return false;
        }
        return true;
    };
    Turns best{first, 1, 1};
    const std::size_t last = std::min(first + longest_turn, size() - 1);
    for (std::size_t next = first + 1; next <= last; ++next) {
        if (!of_same_vectors(next, first)) continue;
        const std::size_t length = next - first;
        // Where these end, so do turns of several of them.
        if (best.repeats > 2 && length % best.length == 0) continue;
        std::size_t i = next;
        while (i < size() && goes_on(i, length, i >= next + length))
            ++i;
        const Turns found{first, length, 1 + (i - next) / length};
        if (found.repeats > 1 && found.end() > best.end()) best = found;
    }
    return best;
}

/// Of turns columns side by side, which are loops over whole vectors. An irregular pattern is
/// looked up instead.
Variable SparseMatrix::values(DType dtype) const
{
    const OriginScope origin(place_);
    if (size() == 0) return zeros(dtype, {0});
    const Variable nothing = zeros(dtype, {1});
    std::vector<Turns> all;
    for (std::size_t i = 0; i < size() && all.size() <= most_pieces; i = all.back().end())
        all.push_back(turns_from(i));
    if (all.size() > most_pieces) return looked_up(dtype);
    Variables parts;
    for (const Turns& t : all) {
        Variables columns;
        for (std::size_t i = t.first; i < t.first + t.length; ++i) {
            Variable sum;
            for (std::size_t k = 0; k < terms(i).size(); ++k) {
                const Entry& e = terms(i)[k];
                const std::int64_t step = t.repeats == 1 ? 1 : terms(i + t.length)[k].at - e.at;
                const Variable& from = e.from == Entry::nowhere ? nothing : vectors_[e.from];
                const Variable term = every(from, e.at, step, t.repeats);
                sum = sum.is_empty() ? term : sum + term;
            }
            columns.push_back(sum);
        }
        const auto count = static_cast<std::int64_t>(t.length * t.repeats);
        parts.push_back(columns.size() == 1 ? columns[0] : stack(columns, 1).reshape({count}));
    }
    return parts.size() == 1 ? parts[0] : concatenate(parts, 0);
}

/// Each element by itself, and each of its terms; one behind the vectors is 0.
Variable SparseMatrix::looked_up(DType dtype) const
{
    std::vector<std::int64_t> begin;
    std::int64_t next = 0;
    for (const Variable& v : vectors_) {
        begin.push_back(next);
        next += v.extent(0).value();
    }
    Variables all = vectors_;
    const bool complete =
        std::ranges::none_of(entries_, [](const Entry& e) { return e.from == Entry::nowhere; });
    std::size_t most = 0, fewest = entries_.size();
    for (std::size_t i = 0; i < size(); ++i) {
        most = std::max(most, terms(i).size());
        fewest = std::min(fewest, terms(i).size());
    }
    if (!complete || fewest < most) all.push_back(zeros(dtype, {1}));
    const Variable from = all.size() == 1 ? all[0] : concatenate(all, 0);
    Variable sum;
    for (std::size_t k = 0; k < most; ++k) {
        std::vector<std::int64_t> positions;
        for (std::size_t i = 0; i < size(); ++i) {
            const bool there = k < terms(i).size() && terms(i)[k].from != Entry::nowhere;
            positions.push_back(there ? begin[terms(i)[k].from] + terms(i)[k].at : next);
        }
        const Variable term = take(from, index_constant(positions));
        sum = sum.is_empty() ? term : sum + term;
    }
    return sum;
}

} // namespace croton::inline v1::detail
