#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/gather.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/join.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>
#include <croton/passes/grad.hpp>
#include <croton/passes/sparse.hpp>

#include <algorithm>
#include <limits>

#include "derivative_checks.hpp"
#include "index_program.hpp"
#include "sparse_bands.hpp"

namespace croton::inline v1 {

namespace {

using detail::Band;

/// An element of the matrix, and where its value lies: in the derivative of a band.
struct Entry {
    std::int64_t row, column;
    std::size_t band;
    std::int64_t at; ///< in C order
};
/// More would take gigabytes before a call.
constexpr std::size_t most_entries = std::size_t{1} << 27;
constexpr std::size_t no_band = std::numeric_limits<std::size_t>::max();

/// The extents, which have to be known.
std::vector<std::int64_t>
known(const Shape& shape, const Variable& v, std::string_view function, const Location* place)
{
    std::vector<std::int64_t> all;
    for (const Extent& e : shape) {
        if (!e.is_known())
            throw user_error(Code::shape, place, function,
                             "{} has shape {}: the pattern needs extents that are known before "
                             "the call",
                             describe(v), to_string(v.shape()));
        all.push_back(e.value());
    }
    return all;
}

/// UserError where the rows or columns are more than an index of a pattern counts.
void check_counted(const Variable& v, std::string_view function, const Location* place)
{
    double count = 1;
    for (const std::int64_t e : known(v.shape(), v, function, place))
        count *= static_cast<double>(e);
    if (count > std::numeric_limits<std::int32_t>::max())
        throw user_error(Code::shape, place, function,
                         "{} has shape {}: the indices of a pattern are 32-bit integers",
                         describe(v), to_string(v.shape()));
}

std::int64_t product(std::span<const std::int64_t> extents)
{
    std::int64_t all = 1;
    for (const std::int64_t e : extents)
        all *= e;
    return all;
}

/// Elements that take turns: `repeats` times as many as `length`, of which each is of the band of
/// the one a turn before, a constant distance further on.
struct Turns {
    std::size_t first, length, repeats;
    std::size_t end() const { return first + length * repeats; }
};

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

/// The matrix of a derivative, made of bands.
class Matrix {
public:
    Matrix(const Variable& y,
           const Variable& x,
           std::vector<Band> bands,
           const SparseOptions& options,
           std::string_view function,
           const Location* place)
        : y_(y), x_(x), bands_(std::move(bands)), options_(options), function_(function),
          place_(place), columns_(known(x.shape(), x, function, place)),
          rows_(known(y.shape(), y, function, place))
    {
        for (std::size_t b = 0; b < bands_.size(); ++b)
            list(b);
        if (options_.diagonal)
            for (std::int64_t i = 0; i < std::min(product(rows_), product(columns_)); ++i)
                entries_.push_back({i, i, no_band, 0});
        sort();
    }

    SparsePattern pattern() const
    {
        const bool by_rows = options_.format == Compressed::rows;
        SparsePattern p{{}, {}, product(rows_), product(columns_), options_.format};
        const std::int64_t groups = by_rows ? p.rows : p.columns;
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

    Variable values() const;

private:
    std::int64_t major(const Entry& e) const
    {
        return options_.format == Compressed::rows ? e.row : e.column;
    }
    std::int64_t minor(const Entry& e) const
    {
        return options_.format == Compressed::rows ? e.column : e.row;
    }

    void list(std::size_t b);
    void sort();
    /// Elements of the pattern, in order, and what each is the sum of.
    std::size_t size() const { return first_.size() - 1; }
    std::span<const Entry> terms(std::size_t element) const
    {
        return std::span(entries_).subspan(first_[element], first_[element + 1] - first_[element]);
    }
    Turns turns_from(std::size_t first) const;
    Variable looked_up(const Variables& flat) const;

    const Variable &y_, &x_;
    std::vector<Band> bands_;
    const SparseOptions& options_;
    std::string_view function_;
    const Location* place_;
    std::vector<std::int64_t> columns_, rows_; ///< the shapes of x and y
    std::vector<Entry> entries_;
    std::vector<std::size_t> first_; ///< of each element, and one behind the last
};

/// Goes through a band's elements in C order.
void Matrix::list(std::size_t b)
{
    const Band& band = bands_[b];
    const std::vector<std::int64_t> ranges = known(band.ranges, y_, function_, place_);
    std::vector<std::int64_t> extents = ranges;
    extents.insert(extents.end(), rows_.begin(), rows_.end());
    std::vector<Extent> symbols;
    for (std::size_t k = 0; k < ranges.size(); ++k)
        symbols.push_back(detail::range_symbol(k));
    for (std::size_t i = 0; i < rows_.size(); ++i)
        symbols.push_back(detail::row_symbol(i));
    detail::IndexProgram program(symbols);
    std::vector<int> column;
    for (const Extent& e : band.column)
        column.push_back(program.add(e));
    std::vector<std::vector<std::pair<int, int>>> places;
    for (const Band::Guards& guards : band.places) {
        places.emplace_back();
        for (const IndexPiece::Guard& g : guards)
            places.back().emplace_back(program.add(g.value), program.add(g.bound));
    }
    std::vector<std::int64_t> at(extents.size(), 0);
    const std::int64_t count = product(extents);
    for (std::int64_t i = 0; i < count; ++i) {
        program.run(at);
        const auto holds = [&](const auto& guards) {
            return std::ranges::all_of(guards, [&](const auto& g) {
                const std::int64_t v = program.value(g.first);
                return v >= 0 && v < program.value(g.second);
            });
        };
        if (std::ranges::any_of(places, holds)) {
            std::int64_t row = 0, col = 0;
            bool exists = true;
            for (std::size_t k = 0; k < rows_.size(); ++k)
                row = row * rows_[k] + at[ranges.size() + k];
            for (std::size_t k = 0; k < columns_.size(); ++k) {
                const std::int64_t c = program.value(column[k]);
                exists = exists && c >= 0 && c < columns_[k];
                col = col * columns_[k] + c;
            }
            const bool wanted = options_.triangle == Triangle::full ||
                                (options_.triangle == Triangle::lower ? row >= col : row <= col);
            if (entries_.size() >= most_entries)
                throw user_error(Code::shape, place_, function_,
                                 "the pattern has more than {} elements", most_entries);
            if (exists && wanted) entries_.push_back({row, col, b, i});
        }
        for (std::size_t k = extents.size(); k-- > 0;) {
            if (++at[k] < extents[k]) break;
            at[k] = 0;
        }
    }
}

/// By rows (columns), and ascending in each; where a place has several entries, those with a value
/// come first.
void Matrix::sort()
{
    const std::int64_t groups = product(options_.format == Compressed::rows ? rows_ : columns_);
    std::vector<std::size_t> first(static_cast<std::size_t>(groups) + 1, 0);
    for (const Entry& e : entries_)
        ++first[static_cast<std::size_t>(major(e)) + 1];
    for (std::size_t i = 1; i < first.size(); ++i)
        first[i] += first[i - 1];
    std::vector<std::size_t> next = first;
    std::vector<Entry> sorted(entries_.size());
    for (const Entry& e : entries_)
        sorted[next[static_cast<std::size_t>(major(e))]++] = e;
    for (std::size_t g = 0; g + 1 < first.size(); ++g)
        std::ranges::stable_sort(sorted.begin() + static_cast<std::ptrdiff_t>(first[g]),
                                 sorted.begin() + static_cast<std::ptrdiff_t>(first[g + 1]),
                                 [&](const Entry& a, const Entry& b) {
                                     return std::pair(minor(a), a.band) <
                                            std::pair(minor(b), b.band);
                                 });
    // A 0 of the diagonal is no term beside another one.
    entries_.clear();
    for (const Entry& e : sorted) {
        const bool fresh =
            entries_.empty() || entries_.back().row != e.row || entries_.back().column != e.column;
        if (!fresh && e.band == no_band) continue;
        if (fresh) first_.push_back(entries_.size());
        entries_.push_back(e);
    }
    first_.push_back(entries_.size());
}

/// The longest turns that begin with an element.
Turns Matrix::turns_from(std::size_t first) const
{
    const auto of_same_bands = [&](std::size_t i, std::size_t k) {
        return std::ranges::equal(terms(i), terms(k), {}, &Entry::band, &Entry::band);
    };
    // Whether each term is further on than in the element `length` before, by `step` if given.
    const auto distance = [&](std::size_t i, std::size_t length, std::size_t term) {
        return terms(i)[term].at - terms(i - length)[term].at;
    };
    const auto goes_on = [&](std::size_t i, std::size_t length, bool known) {
        if (!of_same_bands(i, i - length)) return false;
        for (std::size_t k = 0; k < terms(i).size(); ++k) {
            const std::int64_t step = distance(i, length, k);
            if (step <= 0 || (known && step != distance(i - length, length, k))) return false;
        }
        return true;
    };
    Turns best{first, 1, 1};
    const std::size_t last = std::min(first + longest_turn, size() - 1);
    for (std::size_t next = first + 1; next <= last; ++next) {
        if (!of_same_bands(next, first)) continue;
        const std::size_t length = next - first;
        std::size_t i = next;
        while (i < size() && goes_on(i, length, i >= next + length))
            ++i;
        const Turns found{first, length, 1 + (i - next) / length};
        if (found.repeats > 1 && found.end() > best.end()) best = found;
    }
    return best;
}

/// Of turns columns side by side, which are loops over whole bands. An irregular pattern is looked
/// up instead.
Variable Matrix::values() const
{
    const OriginScope origin(place_);
    if (size() == 0) return zeros(y_.dtype(), {0});
    Variables flat;
    for (const Band& b : bands_)
        flat.push_back(b.d.reshape({element_count(b.d.shape())}));
    flat.push_back(zeros(y_.dtype(), {1})); // no_band is the last one
    std::vector<Turns> all;
    for (std::size_t i = 0; i < size() && all.size() <= most_pieces; i = all.back().end())
        all.push_back(turns_from(i));
    if (all.size() > most_pieces) return looked_up(flat);
    Variables parts;
    for (const Turns& t : all) {
        Variables columns;
        for (std::size_t i = t.first; i < t.first + t.length; ++i) {
            Variable sum;
            for (std::size_t k = 0; k < terms(i).size(); ++k) {
                const Entry& e = terms(i)[k];
                const std::int64_t step = t.repeats == 1 ? 1 : terms(i + t.length)[k].at - e.at;
                const Variable& from = flat[std::min(e.band, bands_.size())];
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

/// Each element by itself, and each of its terms.
Variable Matrix::looked_up(const Variables& flat) const
{
    std::vector<std::int64_t> begin;
    std::int64_t next = 0;
    for (const Variable& v : flat) {
        begin.push_back(next);
        next += v.extent(0).value();
    }
    const Variable all = concatenate(flat, 0);
    Variable sum;
    for (std::size_t k = 0;; ++k) {
        std::vector<std::int64_t> positions;
        bool any = false;
        for (std::size_t i = 0; i < size(); ++i) {
            const bool there = k < terms(i).size() && terms(i)[k].band != no_band;
            any |= there;
            positions.push_back(there ? begin[terms(i)[k].band] + terms(i)[k].at : begin.back());
        }
        if (!any && k > 0) return sum;
        const Variable term = take(all, Array::copy(View<const std::int64_t>(positions)));
        sum = sum.is_empty() ? term : sum + term;
    }
}

SparseVariable sparse(const Variable& y,
                      const Variable& x,
                      std::vector<Band> bands,
                      const SparseOptions& options,
                      std::string_view function,
                      const Location* place)
{
    const Matrix matrix(y, x, std::move(bands), options, function, place);
    return {matrix.pattern(), matrix.values()};
}

} // namespace

SparseVariable
sparse_jacobian(const Variable& y, const Variable& x, const SparseOptions& options, Where where)
{
    const Location* place = locate(where);
    detail::check_differentiable(y, "the result", "sparse_jacobian", place);
    detail::check_differentiable(x, "x", "sparse_jacobian", place);
    check_counted(x, "sparse_jacobian", place);
    check_counted(y, "sparse_jacobian", place);
    const std::vector<Band> bands = detail::Bands(x, "sparse_jacobian", place).of(y);
    if (bands.empty())
        throw user_error(Code::domain, place, "sparse_jacobian", "the result does not depend on {}",
                         describe(x));
    return sparse(y, x, bands, options, "sparse_jacobian", place);
}

SparseVariable
sparse_hessian(const Variable& f, const Variable& x, const SparseOptions& options, Where where)
{
    const Location* place = locate(where);
    const Variable x_bar = detail::gradient(f, {x}, {}, "sparse_hessian", place)[0];
    check_counted(x, "sparse_hessian", place);
    // It is symmetric: by rows the lower triangle is what by columns the upper one is.
    SparseOptions by_rows = options;
    by_rows.format = Compressed::rows;
    if (options.format == Compressed::columns && options.triangle != Triangle::full)
        by_rows.triangle = options.triangle == Triangle::lower ? Triangle::upper : Triangle::lower;
    SparseVariable h = sparse(x_bar, x, detail::Bands(x, "sparse_hessian", place).of(x_bar),
                              by_rows, "sparse_hessian", place);
    h.pattern.format = options.format;
    return h;
}

std::string SparsePattern::picture() const
{
    constexpr std::int64_t most = 64;
    const std::int64_t cell =
        std::max<std::int64_t>(1, (std::max(rows, columns) + most - 1) / most);
    const std::int64_t height = (rows + cell - 1) / cell, width = (columns + cell - 1) / cell;
    std::vector<std::string> lines(static_cast<std::size_t>(height),
                                   std::string(static_cast<std::size_t>(width), '.'));
    for (std::size_t g = 0; g + 1 < starts.size(); ++g)
        for (auto i = static_cast<std::size_t>(starts[g]);
             i < static_cast<std::size_t>(starts[g + 1]); ++i) {
            const auto other = static_cast<std::int64_t>(indices[i]);
            const auto group = static_cast<std::int64_t>(g);
            const std::int64_t row = format == Compressed::rows ? group : other;
            const std::int64_t column = format == Compressed::rows ? other : group;
            lines[static_cast<std::size_t>(row / cell)][static_cast<std::size_t>(column / cell)] =
                '#';
        }
    std::string text = fmt::format("{} x {}, {} elements", rows, columns, indices.size());
    if (cell > 1) text += fmt::format(", a character is {} x {}", cell, cell);
    for (const std::string& line : lines)
        text += "\n" + line;
    return text + "\n";
}

} // namespace croton::inline v1
