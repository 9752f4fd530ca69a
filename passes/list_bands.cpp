#include <croton/ir/print.hpp>

#include <algorithm>

#include "element_sets.hpp"
#include "index_program.hpp"
#include "sparse_bands.hpp"
#include "sparse_matrix.hpp"

namespace croton::inline v1::detail {

namespace {

/// Whether it is a + b * symbol, where neither a nor b depends on the symbol.
bool is_affine(const Extent& e, const Atom* symbol)
{
    const auto is_inside = [&](const Atom* f) {
        return f != symbol && std::ranges::count(symbols(as_extent(f)), symbol) > 0;
    };
    return std::ranges::all_of(terms(e), [&](const ExtentTerm& t) {
        return std::ranges::count(t.factors, symbol) <= 1 &&
               std::ranges::none_of(t.factors, is_inside);
    });
}

/// Indices first <= i < end.
struct Interval {
    std::int64_t first, end;

    /// Where a + step * i is not negative.
    void narrow(std::int64_t a, std::int64_t step)
    {
        if (step > 0)
            first = std::max(first, (-a + step - 1) / step);
        else if (step < 0)
            end = std::min(end, a < 0 ? 0 : a / -step + 1);
        else if (a < 0)
            end = first;
    }
};

/// The index expressions of a band, which are computed for each of its elements, or, where they are
/// affine along its last axis, for each row of it.
class BandProgram {
public:
    BandProgram(const Band& band,
                std::vector<Extent> symbols,
                std::span<const std::int64_t> columns)
        : indices_(symbols.size()), program_(with_tables(band, symbols)), columns_(columns)
    {
        is_affine_ = !symbols.empty() && band.tables->used_in(band.expressions()).empty() &&
                     std::ranges::all_of(band.expressions(), [&](const Extent& e) {
                         return is_affine(e, as_symbol(symbols.back()));
                     });
        for (const std::size_t i : band.tables->used_in(band.expressions())) {
            Lookup& lookup = lookups_.emplace_back();
            lookup.table = band.tables->place(i).table.get();
            for (const Extent& e : band.tables->place(i).index)
                lookup.index.push_back(program_.add(e));
        }
        at_.resize(indices_ + lookups_.size());
        for (const Extent& e : band.column)
            column_.push_back(program_.add(e));
        for (const Band::Guards& guards : band.places) {
            places_.emplace_back();
            for (const IndexPiece::Guard& g : guards)
                places_.back().emplace_back(program_.add(g.value), program_.add(g.bound));
        }
    }

    /// The column that the element at this index is in, or -1.
    std::int64_t column(std::span<const std::int64_t> index)
    {
        std::ranges::copy(index, at_.begin());
        for (std::size_t k = 0; k < lookups_.size(); ++k) {
            program_.run(at_);
            if (!look_up(lookups_[k], at_[indices_ + k])) return -1;
        }
        program_.run(at_);
        const auto holds = [&](const auto& guards) {
            return std::ranges::all_of(guards, [&](const auto& g) {
                const std::int64_t v = program_.value(g.first);
                return v >= 0 && v < program_.value(g.second);
            });
        };
        if (std::ranges::none_of(places_, holds)) return -1;
        std::int64_t column = 0;
        for (std::size_t k = 0; k < columns_.size(); ++k) {
            const std::int64_t c = program_.value(column_[k]);
            if (c < 0 || c >= columns_[k]) return -1;
            column = column * columns_[k] + c;
        }
        return column;
    }

    bool is_affine_along_last() const { return is_affine_; }

    /// Calls f(first, end, column, step) for stretches along the last axis, of an extent, that
    /// begins at this index: each element is in a column `step` behind the one before it.
    template <class F>
    void stretches(std::span<const std::int64_t> index, std::int64_t extent, const F& f)
    {
        std::ranges::copy(index, at_.begin());
        program_.run(at_);
        before_ = program_.values();
        ++at_[indices_ - 1];
        program_.run(at_);
        // Of an expression: its value at the index, and how much it grows.
        const auto start = [&](int e) { return before_[static_cast<std::size_t>(e)]; };
        const auto step = [&](int e) { return program_.value(e) - start(e); };
        Interval within{0, extent};
        std::int64_t column = 0, column_step = 0;
        for (std::size_t k = 0; k < columns_.size(); ++k) {
            const std::int64_t c = start(column_[k]), s = step(column_[k]);
            within.narrow(c, s);
            within.narrow(columns_[k] - 1 - c, -s);
            column = column * columns_[k] + c;
            column_step = column_step * columns_[k] + s;
        }
        std::vector<Interval> all;
        for (const auto& guards : places_) {
            Interval one = within;
            for (const auto& [value, bound] : guards) {
                one.narrow(start(value), step(value));
                one.narrow(start(bound) - 1 - start(value), step(bound) - step(value));
            }
            all.push_back(one);
        }
        std::ranges::sort(all, {}, &Interval::first);
        std::int64_t next = 0; // behind those before
        for (const Interval& one : all) {
            const std::int64_t first = std::max(one.first, next);
            if (first >= one.end) continue;
            f(first, one.end, column + column_step * first, column_step);
            next = one.end;
        }
    }

private:
    struct Lookup {
        const Tables::Table* table = nullptr;
        std::vector<int> index = {};
    };

    /// The symbols and those of the tables, which are computed one after the other.
    static std::vector<Extent> with_tables(const Band& band, std::vector<Extent> symbols)
    {
        for (const std::size_t i : band.tables->used_in(band.expressions()))
            symbols.push_back(Tables::symbol(i));
        return symbols;
    }

    /// Whether the index is one of the table: it need not be where the band has no element.
    bool look_up(const Lookup& lookup, std::int64_t& found) const
    {
        std::int64_t position = 0;
        for (std::size_t k = 0; k < lookup.index.size(); ++k) {
            const std::int64_t i = program_.value(lookup.index[k]);
            if (i < 0 || i >= lookup.table->extents[k]) return false;
            position = position * lookup.table->extents[k] + i;
        }
        found = lookup.table->values[static_cast<std::size_t>(position)];
        return true;
    }

    std::size_t indices_; ///< of the band
    bool is_affine_ = false;
    IndexProgram program_;
    std::vector<std::int64_t> before_; ///< values of its expressions at another index
    std::vector<Lookup> lookups_;
    std::vector<std::int64_t> at_; ///< what the symbols are
    std::span<const std::int64_t> columns_;
    std::vector<int> column_;
    std::vector<std::vector<std::pair<int, int>>> places_;
};

} // namespace

void list_band(const Band& band,
               std::span<const std::int64_t> rows,
               std::span<const std::int64_t> columns,
               SparseMatrix& matrix)
{
    std::vector<std::int64_t> extents;
    std::vector<Extent> symbols;
    for (std::size_t k = 0; k < band.ranges.size(); ++k) {
        extents.push_back(band.ranges[k].value());
        symbols.push_back(range_symbol(k));
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        extents.push_back(rows[i]);
        symbols.push_back(row_symbol(i));
    }
    BandProgram program(band, symbols, columns);
    const std::int64_t count = product(extents), row_count = product(rows);
    const bool by_stretches = program.is_affine_along_last();
    const std::int64_t length = by_stretches ? extents.back() : 1;
    const std::int64_t row_step = rows.empty() ? 0 : 1;
    std::vector<std::int64_t> at(extents.size(), 0);
    for (std::int64_t i = 0; i < count; i += length) {
        const std::int64_t row = i % row_count;
        if (by_stretches) {
            program.stretches(
                at, length,
                [&](std::int64_t first, std::int64_t end, std::int64_t column, std::int64_t step) {
                    for (std::int64_t k = first; k < end; ++k, column += step)
                        matrix.add(row + k * row_step, column, i + k);
                });
        } else if (const std::int64_t column = program.column(at); column >= 0) {
            matrix.add(row, column, i);
        }
        for (std::size_t k = extents.size() - by_stretches; k-- > 0;) {
            if (++at[k] < extents[k]) break;
            at[k] = 0;
        }
    }
}

} // namespace croton::inline v1::detail
