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
                std::span<const Extent> symbols,
                std::span<const std::int64_t> columns)
        : program_(symbols), columns_(columns)
    {
        for (const Extent& e : band.column)
            column_.push_back(program_.add(e));
        for (const Band::Guards& guards : band.places) {
            places_.emplace_back();
            for (const IndexPiece::Guard& g : guards)
                places_.back().emplace_back(program_.add(g.value), program_.add(g.bound));
        }
    }

    /// The column that the element at this index is in, or -1.
    std::int64_t column(std::span<const std::int64_t> at)
    {
        program_.run(at);
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
    IndexProgram program_;
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
