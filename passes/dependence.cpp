#include "dependence.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph_text.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/custom.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>

#include "constant_products.hpp"
#include "index_program.hpp"
#include "known_params.hpp"
#include "sparse_bands.hpp"

namespace croton::inline v1::detail {

namespace {

/// Those of a value, which are known.
std::vector<std::int64_t> extents_of(const Variable& v)
{
    std::vector<std::int64_t> extents;
    known_extents(v, extents);
    return extents;
}

std::int64_t count_of(const Variable& v) { return product(extents_of(v)); }

/// Of each element of `v` its position where the strides are those of another value.
std::vector<std::int64_t> positions_in(const Variable& v, std::span<const std::int64_t> strides)
{
    return positions(extents_of(v), strides);
}

/// Numbers from `first` on, of a value's shape.
Array numbers(const Variable& v, std::int64_t first)
{
    const Array all = Array::empty(DType::i64, extents_of(v));
    auto* number = static_cast<std::int64_t*>(const_cast<void*>(all.data()));
    for (std::int64_t i = 0; i < all.size(); ++i)
        number[i] = first + i;
    return all;
}

} // namespace

std::vector<std::int64_t> integers(const Array& a)
{
    const Array all = a.cast(DType::i64).contiguous();
    const auto* first = static_cast<const std::int64_t*>(all.data());
    return {first, first + all.size()};
}

bool known_extents(const Variable& v, std::vector<std::int64_t>& extents)
{
    extents.clear();
    for (const Extent& e : v.shape()) {
        if (!e.is_known()) return false;
        extents.push_back(e.value());
    }
    return true;
}

Dependence::Dependence(std::string_view function, const Location* place)
    : function_(function), place_(place), shared_(std::make_shared<Shared>())
{}

Dependence::Dependence(const Dependence& around, std::shared_ptr<Shared> shared)
    : function_(around.function_), place_(around.place_), shared_(std::move(shared))
{}

void Dependence::given(const Variable& v, Sets sets)
{
    of_[v.value()] = std::move(sets);
    kept_.push_back(v);
}

void Dependence::given(const Variable& v, Array value) { constants_.given(v, std::move(value)); }

Sets Dependence::sets(const Variable& v) const
{
    const auto at = of_.find(v.value());
    return at == of_.end() ? nullptr : at->second;
}

std::vector<Sets> Dependence::sets_of_inputs(const Apply& apply) const
{
    std::vector<Sets> all;
    for (const Variable& in : apply.inputs())
        all.push_back(sets(in));
    return all;
}

bool Dependence::is_known(const Apply& apply) const
{
    std::vector<std::int64_t> extents;
    const auto known = [&](const Variable& v) { return known_extents(v, extents); };
    return std::ranges::all_of(apply.inputs(), known) &&
           std::ranges::all_of(apply.outputs(), known);
}

Sets Dependence::of(const Variable& y)
{
    along_derivatives(y, of_, [&](const Apply& apply) {
        const std::vector<Sets> inputs = sets_of_inputs(apply);
        if (std::ranges::any_of(inputs, [](const Sets& s) { return s != nullptr; })) push(apply);
    });
    return sets(y);
}

void Dependence::push(const Apply& apply)
{
    if (std::holds_alternative<NotDifferentiable>(apply.op().grad))
        input_cotangents(apply, Variables(apply.output_count()), function_, place_); // throws
    for (const Variable& y : apply.outputs())
        kept_.push_back(y);
    try {
        push_by_lowering(apply);
    } catch (const TooManyElements&) {
        throw user_error(Code::memory, place_, function_,
                         "the pattern of {} ({}) has more than {} elements", written_name(apply),
                         apply.location() ? to_string(*apply.location()) : "no place",
                         most_elements);
    }
}

void Dependence::push_by_lowering(const Apply& apply)
{
    const bool known = is_known(apply);
    const auto any = [&] { return in_one(sets_of_inputs(apply)); };
    const auto result = [&](const auto& find) {
        of_[apply.output().value()] = known ? find() : any();
    };
    std::visit(
        overloaded{
            [&](const Pointwise&) { result([&] { return pointwise(apply); }); },
            [&](const IndexMap&) {
                result([&] { return has_known_params(apply.params()) ? moved(apply) : any(); });
            },
            [&](const Gather& g) { result([&] { return gathered(apply, g); }); },
            [&](const Scatter& s) { result([&] { return scattered(apply, s); }); },
            [&](const Reduce&) { result([&] { return reduced(apply); }); },
            [&](const Prefix& p) { result([&] { return accumulated_along(apply, p); }); },
            [&](const Contract&) { result([&] { return product_of(apply); }); },
            [&](const Iota&) {},
            [&](const Scan&) { push_scan(apply); },
            [&](const Switch&) { push_switch(apply); },
            [&](const Composite& composite) {
                if (has_own_derivative(apply)) {
                    for (std::size_t o = 0; o < apply.output_count(); ++o)
                        of_[apply.output(o).value()] = known ? by_rule(apply, o) : any();
                    return;
                }
                const Variables values = composite.values({apply.params().get(), apply.inputs()});
                for (std::size_t o = 0; o < values.size(); ++o) {
                    kept_.push_back(values[o]);
                    of_[apply.output(o).value()] = of(values[o]);
                }
            },
        },
        apply.op().lowering);
}

/// What is multiplied by 0 is none.
Sets Dependence::pointwise(const Apply& apply)
{
    std::vector<Sets> all = sets_of_inputs(apply);
    const std::vector<Array> slopes = constants_.slopes_with_zeros(apply, function_, place_);
    for (std::size_t k = 0; k < slopes.size(); ++k) {
        if (!slopes[k] || !all[k]) continue;
        std::vector<std::int64_t> ids;
        for (std::int64_t i = 0; i < slopes[k].size(); ++i)
            ids.push_back(slopes[k].as_double(i) == 0 ? -1 : i);
        all[k] = picked(all[k], ids);
    }
    return united(all, count_of(apply.output()));
}

/// A move is the same for numbers: those of the elements say where each comes from. 0 is none.
Sets Dependence::moved(const Apply& apply)
{
    std::vector<std::int64_t> counts;
    for (const Variable& in : apply.inputs())
        counts.push_back(count_of(in));
    const Sets from = joined(sets_of_inputs(apply), counts);
    if (std::get<IndexMap>(apply.op().lowering).keeps_order) return from;
    std::vector<std::int64_t>& ids = shared_->moves[apply.node()];
    if (ids.empty()) {
        Variables operands;
        std::vector<Array> values;
        std::int64_t first = 1;
        for (std::size_t k = 0; k < counts.size(); ++k) {
            values.push_back(numbers(apply.input(k), first));
            operands.push_back(constant(values.back(), apply.location()));
            first += counts[k];
        }
        const Variable numbered =
            croton::apply(apply.op(), operands, apply.params(), apply.location());
        ids = integers(evaluate_reference(numbered.owner(), values)[0]);
        for (std::int64_t& id : ids)
            --id;
        shared_->kept.push_back(apply.output());
    }
    return picked(from, ids);
}

Dependence::Places Dependence::places_of(const Apply& apply,
                                         std::vector<GatherAxis> (*map)(const IndexMapArgs&),
                                         const Variable& elements)
{
    const std::vector<std::int64_t> extents = extents_of(elements);
    const std::vector<std::int64_t> data = extents_of(apply.input(0));
    const std::vector<std::int64_t> strides = strides_of(data);
    std::vector<Extent> symbols;
    for (std::size_t i = 0; i < extents.size(); ++i)
        symbols.push_back(row_symbol(i));
    std::vector<Type> types;
    for (const Variable& in : apply.inputs())
        types.push_back(in.type());
    const std::vector<GatherAxis> axes =
        map({apply.params().get(), types, apply.output().type(), symbols});
    IndexProgram program(symbols);
    struct Axis {
        std::vector<int> at; ///< expressions
        std::vector<std::int64_t> strides, index;
        bool indexed = false, open = false;
    };
    std::vector<Axis> all;
    Places places;
    for (std::size_t k = 0; k < axes.size(); ++k) {
        Axis& axis = all.emplace_back();
        for (const Extent& e : axes[k].at)
            axis.at.push_back(program.add(e));
        if (axes[k].index_operand < 0) continue;
        const Variable& index = apply.input(static_cast<std::size_t>(axes[k].index_operand));
        const Array known = value(index);
        axis.indexed = true;
        axis.open = !known;
        axis.strides = strides_of(extents_of(index));
        if (known) axis.index = integers(known);
        if (axis.open) places.open.push_back(k);
    }
    const auto place = [&](const Axis& axis, std::int64_t extent) {
        if (axis.open) return extent > 0 ? std::int64_t{0} : std::int64_t{-1};
        if (!axis.indexed) return program.value(axis.at[0]);
        std::int64_t at = 0;
        for (std::size_t i = 0; i < axis.at.size(); ++i)
            at += program.value(axis.at[i]) * axis.strides[i];
        const std::int64_t index = axis.index[static_cast<std::size_t>(at)];
        const std::int64_t counted = index < 0 ? index + extent : index;
        return counted < extent ? std::max<std::int64_t>(counted, -1) : -1;
    };
    std::vector<std::int64_t> at(extents.size(), 0);
    const std::int64_t count = product(extents);
    for (std::int64_t i = 0; i < count; ++i) {
        program.run(at);
        std::int64_t position = 0;
        for (std::size_t k = 0; k < all.size() && position >= 0; ++k) {
            const std::int64_t p = place(all[k], data[k]);
            position = p < 0 ? -1 : position + p * strides[k];
        }
        places.at.push_back(position);
        for (std::size_t k = extents.size(); k-- > 0;) {
            if (++at[k] < extents[k]) break;
            at[k] = 0;
        }
    }
    return places;
}

namespace {

/// Of each element of the data the one whose index along the open axes is 0.
std::vector<std::int64_t> without_axes(const Variable& data, std::span<const std::size_t> open)
{
    std::vector<std::int64_t> strides = strides_of(extents_of(data));
    for (const std::size_t axis : open)
        strides[axis] = 0;
    return positions_in(data, strides);
}

} // namespace

Sets Dependence::gathered(const Apply& apply, const Gather& gather)
{
    const Variable& data = apply.input(0);
    const Places places = places_of(apply, gather.map, apply.output());
    Sets from = sets(data);
    if (!places.open.empty())
        from = collected(from, without_axes(data, places.open), count_of(data));
    return picked(from, places.at);
}

Sets Dependence::scattered(const Apply& apply, const Scatter& scatter)
{
    const Variable &data = apply.input(0), &added = apply.input(1);
    const Places places = places_of(apply, scatter.map, added);
    const Sets from[] = {sets(data), sets(added)};
    const std::int64_t counts[] = {count_of(data), count_of(added)};
    if (!scatter.accumulate && places.open.empty()) {
        std::vector<std::int64_t> ids;
        for (std::int64_t i = 0; i < counts[0]; ++i)
            ids.push_back(i);
        for (std::size_t e = 0; e < places.at.size(); ++e)
            if (places.at[e] >= 0)
                ids[static_cast<std::size_t>(places.at[e])] =
                    counts[0] + static_cast<std::int64_t>(e);
        return picked(joined(from, counts), ids);
    }
    Sets more = collected(from[1], places.at, counts[0]);
    if (!places.open.empty()) more = picked(more, without_axes(data, places.open));
    const Sets both[] = {from[0], more};
    return united(both, counts[0]);
}

Sets Dependence::reduced(const Apply& apply)
{
    const Variable& x = apply.input(0);
    const auto& axes = apply.params_as<ReduceParams>().axes;
    const std::vector<std::int64_t> result = strides_of(extents_of(apply.output()));
    std::vector<std::int64_t> strides;
    std::size_t next = 0;
    for (int i = 0; i < x.rank(); ++i)
        strides.push_back(std::ranges::count(axes, i) > 0 ? 0 : result[next++]);
    return collected(sets(x), positions_in(x, strides), count_of(apply.output()));
}

Sets Dependence::accumulated_along(const Apply& apply, const Prefix&)
{
    const Variable& x = apply.input(0);
    const auto& p = apply.params_as<PrefixParams>();
    const auto axis = static_cast<std::size_t>(p.axis);
    const std::vector<std::int64_t> extents = extents_of(x);
    return accumulated(sets(x), product(extents), extents[axis], strides_of(extents)[axis],
                       p.reverse);
}

Sets Dependence::product_of(const Apply& apply)
{
    const std::int64_t count = count_of(apply.output());
    std::vector<Sets> all;
    for (std::size_t k = 0; k < 2; ++k) {
        if (!sets(apply.input(k))) continue;
        const Array other = value(apply.input(1 - k));
        auto terms = other && has_zeros(other) ? terms_of_constant(apply, k, other) : std::nullopt;
        all.push_back(terms ? collected(sets(apply.input(k)), std::move(*terms), count)
                            : all_terms_of(apply, k));
    }
    return united(all, count);
}

/// First what is summed over, then the elements that have it.
Sets Dependence::all_terms_of(const Apply& apply, std::size_t operand)
{
    const auto& p = apply.params_as<ContractParams>();
    const Variable& v = apply.input(operand);
    const auto& sum = operand == 0 ? p.a_sum : p.b_sum;
    const std::vector<std::size_t> open(sum.begin(), sum.end());
    const Sets summed = collected(sets(v), without_axes(v, open), count_of(v));
    return picked(summed, positions_in(apply.output(), strides_in_result(apply, operand)));
}

/// By the cotangents that the op's own rule gives: what of its value goes back to which element.
Sets Dependence::by_rule(const Apply& apply, std::size_t output)
{
    const Variable y = apply.output(output);
    const Variable y_bar = input("", y.dtype(), y.shape());
    Variables y_bars(apply.output_count());
    y_bars[output] = y_bar;
    const Variables bars = input_cotangents(apply, y_bars, function_, place_);
    std::vector<Sets> all;
    for (std::size_t i = 0; i < bars.size(); ++i) {
        const Sets from = sets(apply.input(i));
        if (!from || bars[i].is_empty()) continue;
        Dependence rule(*this, shared_);
        rule.given(y_bar, each_itself(count_of(y)));
        const Sets of_bar = rule.of(bars[i]);
        if (!of_bar) continue;
        std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
        for (std::int64_t e = 0; e < count_of(apply.input(i)); ++e)
            for (const std::int32_t to : (*of_bar)[e])
                pairs.emplace_back(to, e);
        all.push_back(collected(from, std::move(pairs), count_of(y)));
        shared_->kept.push_back(bars[i]);
    }
    return united(all, count_of(y));
}

} // namespace croton::inline v1::detail
