#include <croton/ir/print.hpp>

#include <algorithm>

#include "element_sets.hpp"
#include "index_program.hpp"
#include "sparse_bands.hpp"
#include "sparse_matrix.hpp"

namespace croton::inline v1::detail {

namespace {

/// The index expressions of a band, which are computed for each of its elements.
class BandProgram {
public:
    BandProgram(const Band& band,
                std::vector<Extent> symbols,
                std::span<const std::int64_t> columns)
        : indices_(symbols.size()), program_(with_tables(band, symbols)), columns_(columns)
    {
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
    IndexProgram program_;
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
    std::vector<std::int64_t> at(extents.size(), 0);
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t column = program.column(at);
        if (column >= 0) matrix.add(i % row_count, column, i);
        for (std::size_t k = extents.size(); k-- > 0;) {
            if (++at[k] < extents[k]) break;
            at[k] = 0;
        }
    }
}

} // namespace croton::inline v1::detail
