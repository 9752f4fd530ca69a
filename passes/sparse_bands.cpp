#include "sparse_bands.hpp"

#include <croton/ir/batch.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph_text.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/custom.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/print.hpp>

#include <algorithm>
#include <limits>

#include "constant_products.hpp"
#include "dependence.hpp"

namespace croton::inline v1::detail {

namespace {

/// Of more, products with few vectors are less to compute and to write.
constexpr std::size_t most_bands = 256;
constexpr std::size_t most_places = 8;
constexpr std::size_t most_ranges = 8;

using Guards = Band::Guards;
using Places = std::vector<Guards>;

bool same_extents(const std::vector<Extent>& a, const std::vector<Extent>& b)
{
    return std::ranges::equal(a, b, [](const Extent& p, const Extent& q) { return same(p, q); });
}

bool same_guards(const Guards& a, const Guards& b)
{
    return std::ranges::equal(a, b, [](const auto& p, const auto& q) {
        return same(p.value, q.value) && same(p.bound, q.bound);
    });
}

} // namespace

Places either(Places a, const Places& b)
{
    for (const Guards& g : b)
        if (std::ranges::none_of(a, [&](const Guards& have) { return same_guards(have, g); }))
            a.push_back(g);
    const bool everywhere = std::ranges::any_of(a, &Guards::empty);
    return everywhere || a.size() > most_places ? Places{{}} : a;
}

namespace {

/// Guards on one symbol as one: false where none of its values meets them.
bool simplify(Guards& guards)
{
    constexpr std::int64_t far = std::numeric_limits<std::int64_t>::max() / 4;
    struct Interval {
        const Atom* symbol;
        std::int64_t first, end;
    };
    std::vector<Interval> intervals;
    Guards rest;
    for (const IndexPiece::Guard& g : guards) {
        const std::vector<ExtentTerm> value = terms(g.value);
        std::int64_t offset = 0, sign = 0;
        const Atom* symbol = nullptr;
        bool simple = g.bound.is_known();
        for (const ExtentTerm& t : value) {
            if (t.factors.empty()) {
                offset = t.coefficient;
            } else {
                simple = simple && !symbol && t.factors.size() == 1 &&
                         kind(t.factors[0]) == AtomKind::symbol &&
                         (t.coefficient == 1 || t.coefficient == -1);
                symbol = t.factors[0];
                sign = t.coefficient;
            }
        }
        if (!simple || !symbol) {
            rest.push_back(g);
            continue;
        }
        const std::int64_t bound = g.bound.value();
        const Interval one = sign > 0 ? Interval{symbol, -offset, bound - offset}
                                      : Interval{symbol, offset - bound + 1, offset + 1};
        const auto at = std::ranges::find(intervals, symbol, &Interval::symbol);
        if (at == intervals.end()) {
            intervals.push_back(one);
        } else {
            at->first = std::max(at->first, one.first);
            at->end = std::min(at->end, one.end);
        }
    }
    for (const Interval& i : intervals) {
        const std::int64_t first = std::max(i.first, -far);
        if (i.end <= first) return false;
        rest.push_back({as_extent(i.symbol) - first, i.end - first});
    }
    guards = std::move(rest);
    return true;
}

/// Where one of each holds.
Places both(const Places& a, const Places& b)
{
    Places all;
    for (const Guards& p : a)
        for (const Guards& q : b) {
            Guards joined = p;
            joined.insert(joined.end(), q.begin(), q.end());
            if (simplify(joined)) all.push_back(std::move(joined));
        }
    return either(std::move(all), {});
}

Places substituted(Places places, const Substitution& by)
{
    for (Guards& guards : places)
        for (IndexPiece::Guard& g : guards)
            g = {substitute(g.value, by), substitute(g.bound, by)};
    return places;
}

std::vector<Extent> substituted(std::vector<Extent> index, const Substitution& by)
{
    for (Extent& e : index)
        e = substitute(e, by);
    return index;
}

/// Rows in terms of other rows: axis i of a value is `index[i]`.
Substitution rows_as(std::span<const Extent> index)
{
    Substitution by;
    for (std::size_t i = 0; i < index.size(); ++i)
        by.emplace_back(as_symbol(row_symbol(i)), index[i]);
    return by;
}

Shape joined(Shape a, const Shape& b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

std::vector<Extent> rows(std::size_t count)
{
    std::vector<Extent> all;
    for (std::size_t i = 0; i < count; ++i)
        all.push_back(row_symbol(i));
    return all;
}

/// Where the last piece of a map is taken: where the others are not.
Places rest_of(const std::vector<IndexPiece>& pieces, const Shape& operand)
{
    const IndexPiece& last = pieces.back();
    Guards inside;
    for (std::size_t i = 0; i < last.index.size(); ++i)
        inside.push_back({last.index[i], operand[i]});
    if (pieces.size() != 2) return {inside};
    // One piece before it: one of its guards does not hold, from below or from above.
    const Extent any = std::numeric_limits<std::int64_t>::max() / 4;
    Places outside;
    for (const IndexPiece::Guard& g : pieces[0].guards) {
        outside.push_back({{Extent(-1) - g.value, any}});
        outside.push_back({{g.value - g.bound, any}});
    }
    return both(outside, {inside});
}

} // namespace

Extent row_symbol(std::size_t axis) { return as_extent(index_symbol(axis)); }
Extent range_symbol(std::size_t axis) { return as_extent(index_symbol(most_axes + axis)); }

std::vector<Extent> Band::expressions() const
{
    std::vector<Extent> all = column;
    for (const Guards& guards : places)
        for (const IndexPiece::Guard& g : guards) {
            all.push_back(g.value);
            all.push_back(g.bound);
        }
    return all;
}

/// Whether which element of x it is, or whether it is one, depends on the symbol.
bool Bands::depends_on(const Band& band, const Extent& symbol) const
{
    const std::vector<Extent> all = band.expressions();
    return std::ranges::any_of(all, [&](const Extent& e) { return tables_->mentions(e, symbol); });
}

/// Elements of a range that are all of one element of x are added up.
void Bands::sum_unused_ranges(Band& band)
{
    std::vector<int> unused;
    Substitution by;
    Shape kept;
    for (std::size_t k = 0; k < band.ranges.size(); ++k) {
        if (!depends_on(band, range_symbol(k))) {
            unused.push_back(static_cast<int>(k));
            continue;
        }
        by.emplace_back(as_symbol(range_symbol(k)), range_symbol(kept.size()));
        kept.push_back(band.ranges[k]);
    }
    if (unused.empty()) return;
    by = tables_->with(by, band.expressions());
    band.d = sum(band.d, Axis(unused));
    band.column = substituted(band.column, by);
    band.places = substituted(band.places, by);
    band.ranges = kept;
}

/// What becomes one band of a result: one derivative for each operand, or none.
struct Bands::Group {
    std::vector<Extent> column;
    Shape ranges;
    Places places;
    Variables d;
};

Bands::Bands(const Variable& x, std::string_view function, const Location* place, bool loops)
    : function_(function), place_(place), loops_(loops)
{
    const OriginScope origin(place);
    of_[x.value()] = {{rows(x.shape().size()), {}, {{}}, ones_like(x)}};
    kept_.push_back(x);
}

Bands::Bands(const Bands& around)
    : function_(around.function_), place_(around.place_), tables_(around.tables_),
      loops_(around.loops_)
{}

void Bands::refuse(const Apply& apply, std::string_view why) const
{
    throw NoBands{user_error(Code::domain, place_, function_,
                             "{} ({}) {}, so the derivative is none of bands; rows and columns "
                             "are listed where all extents are known before the call",
                             written_name(apply),
                             apply.location() ? to_string(*apply.location()) : "no place", why)};
}

const std::vector<Band>& Bands::of(const Variable& y)
{
    along_derivatives(y, of_, [&](const Apply& apply) {
        const bool depends = std::ranges::any_of(apply.inputs(), [&](const Variable& in) {
            const auto at = of_.find(in.value());
            return at != of_.end() && !at->second.empty();
        });
        if (depends) push(apply);
    });
    for (Band& b : of_[y.value()])
        b.tables = tables_;
    return of_[y.value()];
}

void Bands::push(const Apply& apply)
{
    const Op& op = apply.op();
    const OriginScope origin(gradient_place(apply));
    if (std::holds_alternative<NotDifferentiable>(op.grad))
        input_cotangents(apply, Variables(apply.output_count()), function_, place_); // throws
    for (const Variable& y : apply.outputs()) {
        of_[y.value()];
        kept_.push_back(y);
    }
    std::visit(overloaded{
                   [&](const Pointwise&) { push_pointwise(apply); },
                   [&](const IndexMap& map) { push_moved(apply, map); },
                   [&](const Gather& gather) { push_gathered(apply, gather); },
                   [&](const Reduce&) { push_reduced(apply); },
                   [&](const Contract&) { push_product(apply); },
                   [&](const Scan&) { push_scan(apply); },
                   [&](const Composite& composite) {
                       if (has_own_derivative(apply))
                           refuse(apply, "has a derivative of its own, which bands do not follow");
                       push_values(apply, composite.values({apply.params().get(), apply.inputs()}));
                   },
                   [&](const auto&) {
                       if (&op == &recompute_op) return push_values(apply, written_out(apply));
                       refuse(apply, "is none of the ops of which each element depends on others "
                                     "at affine places");
                   },
               },
               op.lowering);
    for (const Variable& y : apply.outputs())
        if (of_[y.value()].size() > most_bands) refuse_many(apply);
}

void Bands::refuse_many(const Apply& apply) const
{
    refuse(apply, fmt::format("has a derivative of more than {} bands", most_bands));
}

/// Of an op that means others.
void Bands::push_values(const Apply& apply, const Variables& values)
{
    for (std::size_t i = 0; i < values.size(); ++i) {
        kept_.push_back(values[i]);
        std::vector<Band> bands = of(values[i]);
        of_[apply.output(i).value()] = std::move(bands);
    }
}

void Bands::add(const Apply& apply, Band band)
{
    const Variable y = apply.output();
    double value = 1;
    if (uniform_value(band.d, value) && value == 0) return;
    sum_unused_ranges(band);
    if (band.ranges.size() > most_ranges)
        refuse(apply,
               fmt::format("has a derivative that sums over more than {} axes", most_ranges));
    std::vector<Band>& bands = of_[y.value()];
    for (Band& have : bands) {
        if (!same_extents(have.column, band.column) || !same(have.ranges, band.ranges)) continue;
        have.d = have.d + band.d;
        have.places = either(have.places, band.places);
        return;
    }
    bands.push_back(std::move(band));
}

template <class F>
Variable Bands::over_ranges(const Variables& ds, std::span<const Extent> ranges, const F& f) const
{
    if (ranges.empty()) return f(ds);
    Variables inner, own, all;
    for (const Variable& d : ds) {
        inner.emplace_back();
        if (d.is_empty()) continue;
        const Shape shape = d.shape();
        inner.back() = input("", d.dtype(), Shape(shape.begin() + 1, shape.end()));
        own.push_back(inner.back());
        all.push_back(d);
    }
    const Variable y = over_ranges(inner, ranges.subspan(1), f);
    return batch(std::span(&y, 1), own, all, ranges[0], function_, place_)[0];
}

namespace {

/// The group of that column and those ranges.
template <class Groups>
auto& group_of(Groups& groups,
               const std::vector<Extent>& column,
               const Shape& ranges,
               std::size_t operands)
{
    for (auto& g : groups)
        if (same_extents(g.column, column) && same(g.ranges, ranges)) return g;
    groups.push_back({column, ranges, {}, Variables(operands)});
    return groups.back();
}

} // namespace

void Bands::push_pointwise(const Apply& apply)
{
    const std::vector<Array> zeros = constants_.slopes_with_zeros(apply, function_, place_);
    for (std::size_t k = 0; k < zeros.size(); ++k)
        met_zeros_ = met_zeros_ || (zeros[k] && !of_[apply.input(k).value()].empty());
    std::vector<Group> groups;
    for (std::size_t k = 0; k < apply.inputs().size(); ++k)
        for (const Band& b : of_[apply.input(k).value()]) {
            Group& g = group_of(groups, b.column, b.ranges, apply.inputs().size());
            g.d[k] = b.d; // a value has one band of each kind
            g.places = either(g.places, b.places);
        }
    const Variable y = apply.output();
    const auto tangent = [&](const Variables& ds) {
        Variable sum;
        for (std::size_t k = 0; k < ds.size(); ++k) {
            if (ds[k].is_empty()) continue;
            const Variable bar =
                input_cotangents(apply, {cast(ds[k], y.dtype())}, function_, place_)[k];
            if (bar.is_empty()) continue;
            const Variable term = cast(bar, y.dtype());
            sum = sum.is_empty() ? term : sum + term;
        }
        return sum.is_empty() ? zeros_like(y) : sum;
    };
    for (Group& g : groups)
        add(apply, {g.column, g.ranges, g.places, over_ranges(g.d, g.ranges, tangent)});
}

void Bands::push_moved(const Apply& apply, const IndexMap& map)
{
    const Variable y = apply.output();
    std::vector<Type> types;
    for (const Variable& in : apply.inputs())
        types.push_back(in.type());
    const std::vector<Extent> out = rows(y.shape().size());
    push_pieces(apply, map.map({apply.params().get(), types, y.type(), out}));
}

void Bands::push_pieces(const Apply& apply, const std::vector<IndexPiece>& pieces)
{
    const Variable y = apply.output();
    std::vector<Group> groups;
    std::vector<bool> read(apply.inputs().size(), false);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const IndexPiece& piece = pieces[i];
        const Variable& operand = apply.input(piece.operand);
        const std::vector<Band>& bands = of_[operand.value()];
        if (bands.empty()) continue;
        if (read[piece.operand]) refuse(apply, "reads one operand at two places");
        read[piece.operand] = true;
        const bool rest = piece.guards.empty() && pieces.size() > 1;
        const Places here = rest ? rest_of(pieces, operand.shape()) : Places{piece.guards};
        if (groups.size() + bands.size() > most_bands) refuse_many(apply);
        for (const Band& b : bands) {
            const Substitution by = tables_->with(rows_as(piece.index), b.expressions());
            Group& g = group_of(groups, substituted(b.column, by), b.ranges, apply.inputs().size());
            Variable& d = g.d[piece.operand];
            d = d.is_empty() ? b.d : d + b.d;
            g.places = either(g.places, both(substituted(b.places, by), here));
        }
    }
    const auto moved = [&](const Variables& ds) {
        Variables operands;
        for (std::size_t k = 0; k < ds.size(); ++k)
            operands.push_back(!ds[k].is_empty()                  ? ds[k]
                               : is_float(apply.input(k).dtype()) ? zeros_like(apply.input(k))
                                                                  : apply.input(k));
        return croton::apply(apply.op(), operands, apply.params(), apply.location());
    };
    for (Group& g : groups) {
        double value = 0; // the same everywhere stays so, and is no array that is read
        const bool one = std::ranges::count_if(apply.inputs(), [](const Variable& in) {
                             return is_float(in.dtype());
                         }) == 1;
        const bool uniform = one && uniform_value(g.d[0], value);
        add(apply, {g.column, g.ranges, g.places,
                    uniform ? full(y.dtype(), joined(g.ranges, y.shape()), value)
                            : over_ranges(g.d, g.ranges, moved)});
    }
}

namespace {

/// Axes of a value that become ranges of a band, behind those that it has: the axes of d in their
/// new order, and what the value's rows are called then.
struct IntoRanges {
    IntoRanges(std::size_t ranges, std::size_t rank, const std::vector<int>& axes)
    {
        const int front = static_cast<int>(ranges);
        for (int i = 0; i < front; ++i)
            order.push_back(i);
        std::vector<Extent> named(rank, Extent(0));
        for (std::size_t i = 0; i < axes.size(); ++i) {
            named[static_cast<std::size_t>(axes[i])] = range_symbol(ranges + i);
            order.push_back(front + axes[i]);
        }
        std::size_t next = 0;
        for (std::size_t i = 0; i < rank; ++i) {
            if (std::ranges::count(axes, static_cast<int>(i)) > 0) continue;
            named[i] = row_symbol(next++);
            order.push_back(front + static_cast<int>(i));
        }
        by = rows_as(named);
    }
    std::vector<int> order;
    Substitution by;
};

} // namespace

/// A result is a weighted sum of the elements along the axes: each of these is a range.
void Bands::push_reduced(const Apply& apply)
{
    const Variable& x = apply.input(0);
    const Variable y = apply.output();
    const auto& axes = apply.params_as<ReduceParams>().axes;
    const bool plain = std::get<Reduce>(apply.op().lowering).monoid == Monoid::sum;
    const Variable weight =
        plain ? Variable() : input_cotangents(apply, {ones_like(y)}, function_, place_)[0];
    const Shape shape = x.shape();
    for (const Band& b : of_[x.value()]) {
        IntoRanges into(b.ranges.size(), shape.size(), axes);
        into.by = tables_->with(into.by, b.expressions());
        Shape ranges = b.ranges;
        for (const int axis : axes)
            ranges.push_back(shape[static_cast<std::size_t>(axis)]);
        const Variable weighted =
            plain ? b.d : over_ranges({b.d}, b.ranges, [&](const Variables& d) {
                return cast(d[0], y.dtype()) * cast(weight, y.dtype());
            });
        add(apply, {substituted(b.column, into.by), ranges, substituted(b.places, into.by),
                    transpose(cast(weighted, y.dtype()), into.order)});
    }
}

namespace {

/// Which axis of the result each axis of an operand of a product is, and the axes summed over.
struct ProductSide {
    std::vector<int> batch, sum;
    int first_own; ///< in the result
};

/// The operand with axes in the order of the result's, with those summed over in front, and ones
/// where it has none: it broadcasts to the product's terms.
Variable as_terms(const Variable& v, const ProductSide& side, int result_rank, std::size_t ranges)
{
    const int front = static_cast<int>(ranges), sums = static_cast<int>(side.sum.size());
    std::vector<int> order;
    for (int i = 0; i < front; ++i)
        order.push_back(i);
    for (const int axis : side.sum)
        order.push_back(front + axis);
    for (const int axis : side.batch)
        order.push_back(front + axis);
    const int rank = v.rank() - front;
    int own = 0;
    for (int i = 0; i < rank; ++i) {
        if (std::ranges::count(side.batch, i) + std::ranges::count(side.sum, i) > 0) continue;
        order.push_back(front + i);
        ++own;
    }
    const Variable moved = std::ranges::is_sorted(order) ? v : transpose(v, order);
    const int batches = static_cast<int>(side.batch.size());
    std::vector<int> fresh;
    for (int i = batches; i < result_rank; ++i)
        if (i < side.first_own || i >= side.first_own + own) fresh.push_back(front + sums + i);
    return fresh.empty() ? moved : expand_dims(moved, Axis(fresh));
}

} // namespace

/// Of a sum of products, one operand's element times the other's, for each term.
void Bands::push_product(const Apply& apply)
{
    const auto& p = apply.params_as<ContractParams>();
    const Variable y = apply.output();
    const int batches = static_cast<int>(p.a_batch.size());
    const int a_own = apply.input(0).rank() - batches - static_cast<int>(p.a_sum.size());
    const ProductSide sides[] = {{p.a_batch, p.a_sum, batches},
                                 {p.b_batch, p.b_sum, batches + a_own}};
    for (std::size_t k = 0; k < 2; ++k) {
        const Variable& v = apply.input(k);
        const ProductSide &side = sides[k], &other = sides[1 - k];
        if (of_[v.value()].empty()) continue;
        const Array constant = constants_.value(apply.input(1 - k));
        if (constant && has_zeros(constant)) {
            met_zeros_ = true;
            if (const Variable sum = by_diagonals(apply, k, constant); !sum.is_empty())
                return push_values(apply, {sum});
        }
        const Variable factor = as_terms(apply.input(1 - k), other, y.rank(), 0);
        for (const Band& b : of_[v.value()]) {
            // Rows of the operand by what they are called in the result.
            std::vector<Extent> named(v.shape().size(), Extent(0));
            Shape ranges = b.ranges;
            for (std::size_t i = 0; i < side.sum.size(); ++i) {
                named[static_cast<std::size_t>(side.sum[i])] = range_symbol(ranges.size());
                ranges.push_back(v.extent(side.sum[i]));
            }
            for (std::size_t i = 0; i < side.batch.size(); ++i)
                named[static_cast<std::size_t>(side.batch[i])] = row_symbol(i);
            auto next = static_cast<std::size_t>(side.first_own);
            for (int i = 0; i < v.rank(); ++i)
                if (std::ranges::count(side.batch, i) + std::ranges::count(side.sum, i) == 0)
                    named[static_cast<std::size_t>(i)] = row_symbol(next++);
            const Substitution by = tables_->with(rows_as(named), b.expressions());
            const bool one_element = std::ranges::none_of(side.sum, [&](int axis) {
                return depends_on(b, row_symbol(static_cast<std::size_t>(axis)));
            });
            if (one_element) { // all terms are of one element of x: it is a product as before
                const Variable d = over_ranges({b.d}, b.ranges, [&](const Variables& u) {
                    const Variable operands[] = {k == 0 ? u[0] : apply.input(0),
                                                 k == 0 ? apply.input(1) : u[0]};
                    return croton::apply(apply.op(), operands, apply.params(), apply.location());
                });
                add(apply, {substituted(b.column, by), b.ranges, substituted(b.places, by), d});
                continue;
            }
            const Variable terms = as_terms(b.d, side, y.rank(), b.ranges.size()) * factor;
            add(apply, {substituted(b.column, by), ranges, substituted(b.places, by),
                        broadcast_to(terms, joined(ranges, y.shape()))});
        }
    }
}

} // namespace croton::inline v1::detail
