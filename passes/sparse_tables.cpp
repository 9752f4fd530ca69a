#include "sparse_tables.hpp"

#include <croton/ir/format.hpp>

#include <algorithm>

#include "dependence.hpp"
#include "sparse_bands.hpp"

namespace croton::inline v1::detail {

namespace {

// Behind the symbols of rows and of ranges.
constexpr std::size_t first_symbol = 128, most_symbols = 128;

bool same_index(const std::vector<Extent>& a, const std::vector<Extent>& b)
{
    return std::ranges::equal(a, b, [](const Extent& p, const Extent& q) { return same(p, q); });
}

} // namespace

Extent Tables::symbol(std::size_t i) { return as_extent(index_symbol(first_symbol + i)); }

Extent Tables::symbol(const std::shared_ptr<const Table>& table, std::vector<Extent> index)
{
    const auto at = std::ranges::find_if(
        places_, [&](const Place& p) { return p.table == table && same_index(p.index, index); });
    const auto i = static_cast<std::size_t>(at - places_.begin());
    if (at != places_.end()) return symbol(i);
    if (i == most_symbols) {
        full_ = true;
        return symbol(0);
    }
    places_.push_back({table, std::move(index)});
    return symbol(i);
}

Extent Tables::symbol(Table table, std::vector<Extent> index)
{
    // One array may be several constants.
    for (const Place& p : places_)
        if (p.table->values == table.values && p.table->extents == table.extents)
            return symbol(std::shared_ptr<const Table>(p.table), std::move(index));
    return symbol(std::make_shared<const Table>(std::move(table)), std::move(index));
}

std::vector<std::size_t> Tables::used_in(std::span<const Extent> expressions) const
{
    std::vector<bool> used(places_.size(), false);
    const auto mark = [&](const Extent& e) {
        for (const Atom* s : symbols(e))
            for (std::size_t i = 0; i < places_.size(); ++i)
                if (as_symbol(symbol(i)) == s) used[i] = true;
    };
    for (const Extent& e : expressions)
        mark(e);
    std::vector<std::size_t> all;
    for (std::size_t i = places_.size(); i-- > 0;) {
        if (!used[i]) continue;
        all.insert(all.begin(), i);
        for (const Extent& e : places_[i].index)
            mark(e);
    }
    return all;
}

Substitution Tables::with(Substitution by, std::span<const Extent> expressions)
{
    for (const std::size_t i : used_in(expressions)) {
        std::vector<Extent> index;
        for (const Extent& e : places_[i].index)
            index.push_back(substitute(e, by));
        const std::shared_ptr<const Table> table = places_[i].table;
        by.emplace_back(as_symbol(symbol(i)), symbol(table, std::move(index)));
    }
    return by;
}

bool Tables::mentions(const Extent& e, const Extent& wanted) const
{
    const auto has = [&](const Extent& expression) {
        return std::ranges::count(symbols(expression), as_symbol(wanted)) > 0;
    };
    const std::vector<std::size_t> used = used_in(std::span(&e, 1));
    return has(e) || std::ranges::any_of(used, [&](std::size_t i) {
               return std::ranges::any_of(places_[i].index, has);
           });
}

/// Elements that constant indices name: what they name is a table.
void Bands::push_gathered(const Apply& apply, const Gather& gather)
{
    const Variable& data = apply.input(0);
    const Variable y = apply.output();
    std::vector<Extent> out;
    for (std::size_t i = 0; i < y.shape().size(); ++i)
        out.push_back(row_symbol(i));
    std::vector<Type> types;
    for (const Variable& in : apply.inputs())
        types.push_back(in.type());
    IndexPiece piece{0, {}};
    const auto axes = gather.map({apply.params().get(), types, y.type(), out});
    for (std::size_t k = 0; k < axes.size(); ++k) {
        if (axes[k].index_operand < 0) {
            piece.index.push_back(axes[k].at[0]);
            continue;
        }
        const auto operand = static_cast<std::size_t>(axes[k].index_operand);
        const Array index = constants_.value(apply.input(operand));
        const Extent extent = data.extent(static_cast<int>(k));
        if (!index) refuse(apply, "has an index that is not known before the call");
        if (!extent.is_known())
            refuse(apply, "names elements of an axis whose extent is not known before the call");
        Tables::Table table{integers(index), index.extents()};
        for (std::int64_t& i : table.values)
            if (i < 0) i += extent.value();
        piece.index.push_back(tables_->symbol(std::move(table), axes[k].at));
    }
    push_pieces(apply, {piece});
    if (tables_->full()) refuse(apply, "reads constant indices at too many places");
}

} // namespace croton::inline v1::detail
