#include "constant_values.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/graph_text.hpp>
#include <croton/ir/inputs_first.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "known_params.hpp"

namespace croton::inline v1::detail {

namespace {

/// A constant of more elements is not computed to find out where an index points.
constexpr std::int64_t largest_constant = std::int64_t{1} << 24;

/// Factors of factors are looked at so deep.
constexpr int most_factors = 3;

/// Whether it is 0 where an operand is.
bool is_zero_with_operand(const Variable& v)
{
    static const std::array<const Op*, 3> ops = [] {
        const Variable x = wildcard("x"), y = wildcard("y");
        return std::array{&(x * y).owner().op(), &(-x).owner().op(), &cast_op};
    }();
    const Apply a = v.owner();
    return a && std::ranges::count(ops, &a.op()) > 0;
}

/// Not 0 where neither is.
Array zeros_of_both(const Array& a, const Array& b)
{
    std::vector<double> all;
    for (std::int64_t i = 0; i < a.size(); ++i)
        all.push_back(a.as_double(i) != 0 && b.as_double(i) != 0 ? 1 : 0);
    return Array::copy(all).reshape(a.extents());
}

bool is_known(const Variable& v) { return all_known(v.shape()); }

/// Whether each element is one of its only operand.
bool moves_all(const Apply& apply)
{
    const auto* move = std::get_if<IndexMap>(&apply.op().lowering);
    if (!move || apply.inputs().size() != 1) return false;
    if (move->keeps_order) return true;
    const Variable y = apply.output();
    std::vector<Extent> index;
    for (std::size_t i = 0; i < y.shape().size(); ++i)
        index.push_back(as_extent(index_symbol(i)));
    const Type type = apply.input(0).type();
    const auto pieces = move->map({apply.params().get(), std::span(&type, 1), y.type(), index});
    return pieces.size() == 1 && pieces[0].guards.empty();
}

} // namespace

void ConstantValues::given(const Variable& v, Array value)
{
    values_[v.value()] = std::move(value);
    kept_.push_back(v);
}

Array ConstantValues::known(const Variable& v) const
{
    if (v.leaf() == Leaf::constant) return v.constant();
    const auto at = values_.find(v.value());
    return at == values_.end() ? Array() : at->second;
}

std::vector<Apply> ConstantValues::computed_from(const Variable& v)
{
    std::unordered_set<const Node*> entered, following; // looked up only
    const auto enter = [&](const Variable& in) {
        const Apply a = in.owner();
        return a && !values_.contains(in.value()) && entered.insert(a.node()).second;
    };
    const auto follows = [&](const Variable& in) {
        return known(in) || (in.owner() && following.contains(in.owner().node()));
    };
    std::vector<Apply> all;
    inputs_first(v, enter, [&](const Node* node) {
        const Apply a = apply_of(node);
        const bool small = std::ranges::all_of(a.outputs(), [](const Variable& y) {
            return is_known(y) && element_count(y.shape()).value() <= largest_constant;
        });
        if (small && has_known_params(a.params()) && std::ranges::all_of(a.inputs(), is_known) &&
            std::ranges::all_of(a.inputs(), follows)) {
            following.insert(node);
            all.push_back(a);
            return;
        }
        for (const Variable& y : a.outputs())
            given(y, Array());
    });
    return v.owner() && following.contains(v.owner().node()) ? all : std::vector<Apply>();
}

Array ConstantValues::value(const Variable& v)
{
    for (const Apply& a : computed_from(v)) {
        std::vector<Array> x;
        for (const Variable& in : a.inputs())
            x.push_back(known(in));
        const std::vector<Array> y = evaluate_reference(a, x);
        for (std::size_t i = 0; i < a.output_count(); ++i)
            given(a.output(i), y[i]);
    }
    return known(v);
}

Array ConstantValues::uniform(const Variable& v)
{
    const auto have = [&](const Variable& in) {
        if (in.leaf() == Leaf::constant && in.constant().size() == 1)
            return in.constant().reshape({});
        const auto at = uniform_.find(in.value());
        return at == uniform_.end() ? Array() : at->second;
    };
    for (const Apply& a : computed_from(v)) {
        std::vector<Array> x;
        Variables scalars;
        for (const Variable& in : a.inputs()) {
            x.push_back(have(in));
            if (x.back()) scalars.push_back(constant(x.back(), nullptr));
        }
        if (scalars.size() < x.size()) continue;
        Array one;
        if (moves_all(a))
            one = x[0];
        else if (std::holds_alternative<Pointwise>(a.op().lowering))
            one = evaluate_reference(croton::apply(a.op(), scalars, a.params(), nullptr).owner(),
                                     x)[0];
        if (!one) continue;
        uniform_[a.output().value()] = one;
        kept_.push_back(a.output());
    }
    return have(v);
}

bool ConstantValues::may_have_zeros(const Variable& v, int depth)
{
    if (const Array all = uniform(v)) return has_zeros(all);
    return known(v) || !computed_from(v).empty() ||
           (depth > 0 && is_zero_with_operand(v) &&
            std::ranges::any_of(v.owner().inputs(),
                                [&](const Variable& in) { return may_have_zeros(in, depth - 1); }));
}

Array ConstantValues::sure_zeros(const Variable& v, int depth)
{
    if (!may_have_zeros(v, depth)) return {};
    if (Array all = value(v)) return has_zeros(all) ? all : Array();
    Array zeros;
    for (const Variable& in : v.owner().inputs())
        if (const Array more = sure_zeros(in, depth - 1))
            zeros = zeros ? zeros_of_both(zeros, more) : more;
    return zeros;
}

std::vector<Array> ConstantValues::slopes_with_zeros(const Apply& apply,
                                                     std::string_view function,
                                                     const Location* place)
{
    const auto may = [&](const Variable& v) { return may_have_zeros(v, most_factors); };
    if (std::ranges::none_of(apply.inputs(), may)) return {};
    const OriginScope origin(gradient_place(apply));
    std::vector<Array> slopes;
    for (const Variable& slope :
         input_cotangents(apply, {ones_like(apply.output())}, function, place))
        slopes.push_back(slope.is_empty() ? Array() : sure_zeros(slope, most_factors));
    return slopes;
}

bool has_zeros(const Array& a)
{
    for (std::int64_t i = 0; i < a.size(); ++i)
        if (a.as_double(i) == 0) return true;
    return false;
}

} // namespace croton::inline v1::detail
