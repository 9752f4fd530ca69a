#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/linalg.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>

#include "param_checks.hpp"

namespace croton::inline v1 {

namespace {

bool contains(const std::vector<int>& axes, int axis) { return std::ranges::count(axes, axis) > 0; }

const Extent& at(const Shape& shape, int axis) { return shape[static_cast<std::size_t>(axis)]; }

bool known_one(const Extent& e) { return e.is_known() && e.value() == 1; }

/// The axes of an operand of `rank` that are neither shared nor summed over.
std::vector<int> free_axes(int rank, const std::vector<int>& batch, const std::vector<int>& summed)
{
    std::vector<int> axes;
    for (int i = 0; i < rank; ++i)
        if (!contains(batch, i) && !contains(summed, i)) axes.push_back(i);
    return axes;
}

Shape contract_shape(ShapeArgs& args)
{
    const auto& p = args.params_as<ContractParams>();
    const Shape& a = args.shape(0);
    const Shape& b = args.shape(1);
    const auto check = [&](std::vector<int> batch, const std::vector<int>& sum, const Shape& of) {
        batch.insert(batch.end(), sum.begin(), sum.end());
        detail::check_axes(args, std::move(batch), of.size());
    };
    check(p.a_batch, p.a_sum, a);
    check(p.b_batch, p.b_sum, b);
    detail::check_count(args, p.a_batch.size(), p.b_batch.size());
    detail::check_count(args, p.a_sum.size(), p.b_sum.size());
    const auto require = [&](const std::vector<int>& a_axes, const std::vector<int>& b_axes) {
        for (std::size_t i = 0; i < a_axes.size(); ++i)
            args.require_equal(
                at(a, a_axes[i]), at(b, b_axes[i]),
                fmt::format("axis {} of {{}} and axis {} of {{}}", a_axes[i], b_axes[i]), {a, b});
    };
    require(p.a_batch, p.b_batch);
    require(p.a_sum, p.b_sum);
    Shape shape;
    for (int i : p.a_batch)
        shape.push_back(at(a, i));
    for (int i : free_axes(static_cast<int>(a.size()), p.a_batch, p.a_sum))
        shape.push_back(at(a, i));
    for (int i : free_axes(static_cast<int>(b.size()), p.b_batch, p.b_sum))
        shape.push_back(at(b, i));
    return shape;
}

std::vector<int> range(int first, int last)
{
    std::vector<int> axes;
    for (int i = first; i < last; ++i)
        axes.push_back(i);
    return axes;
}

/// An operand's axes: those that both have, those that are summed, and its own.
struct OperandAxes {
    std::vector<int> batch, sum, own;
};

/// Where each axis of the side lies in the contraction: after the shared axes come the side's own
/// and the other's summed ones by position there, or the latter first.
std::vector<int> order_of(const OperandAxes& side, const OperandAxes& other, bool own_first)
{
    std::vector<int> order(side.batch.size() + side.own.size() + side.sum.size());
    int next = 0;
    const auto place = [&](int axis) { order[static_cast<std::size_t>(axis)] = next++; };
    const auto place_own = [&] { std::ranges::for_each(side.own, place); };
    std::ranges::for_each(side.batch, place);
    if (own_first) place_own();
    std::vector<int> sorted = other.sum;
    std::ranges::sort(sorted);
    for (int position : sorted) {
        const auto k = std::ranges::find(other.sum, position) - other.sum.begin();
        place(side.sum[static_cast<std::size_t>(k)]);
    }
    if (!own_first) place_own();
    return order;
}

/// One side's cotangent: y_bar contracted with the other operand over the other's own axes, which
/// in y_bar begin at `other_first`.
Variable side_bar(const Variable& y_bar,
                  const Variable& other,
                  const OperandAxes& side,
                  const OperandAxes& other_side,
                  int other_first,
                  const Location* where)
{
    const std::vector<int> shared = range(0, static_cast<int>(side.batch.size()));
    const std::vector<int> summed =
        range(other_first, other_first + static_cast<int>(other_side.own.size()));
    // y_bar stands where the result then has the side's order of axes, if anywhere.
    const bool y_bar_first = !std::ranges::is_sorted(order_of(side, other_side, false));
    const std::vector<int> order = order_of(side, other_side, y_bar_first);
    const Variable bar =
        y_bar_first ? contract(y_bar, other, {shared, other_side.batch, summed, other_side.own},
                               "contract", where)
                    : contract(other, y_bar, {other_side.batch, shared, other_side.own, summed},
                               "contract", where);
    return std::ranges::is_sorted(order) ? bar : transpose(bar, order);
}

Variables contract_grad(const GeneralGrad& g)
{
    const auto& p = g.params_as<ContractParams>();
    const Variable& a = g.x[0];
    const Variable& b = g.x[1];
    const OperandAxes a_side{p.a_batch, p.a_sum, free_axes(a.rank(), p.a_batch, p.a_sum)};
    const OperandAxes b_side{p.b_batch, p.b_sum, free_axes(b.rank(), p.b_batch, p.b_sum)};
    const int batch = static_cast<int>(p.a_batch.size());
    const int b_first = batch + static_cast<int>(a_side.own.size());
    const Location* where = gradient_place(g.apply);
    return {side_bar(g.y_bar[0], b, a_side, b_side, b_first, where),
            side_bar(g.y_bar[0], a, b_side, a_side, batch, where)};
}

/// A reduction to what every array of the sum has in common: refused where two extents never agree.
void check_sums(const Variable& a,
                const Variable& b,
                const ContractParams& p,
                std::string_view function,
                const Location* where)
{
    const Shape x = a.shape();
    const Shape y = b.shape();
    const auto check = [&](int i, int j) {
        if (never_equal(at(x, i), at(y, j)))
            throw user_error(
                Code::shape, where, function,
                "shapes {} and {} do not match: axis {} of a is {}, axis {} of b is {}",
                to_string(x), to_string(y), i, to_string(at(x, i)), j, to_string(at(y, j)));
    };
    for (std::size_t i = 0; i < p.a_batch.size(); ++i)
        check(p.a_batch[i], p.b_batch[i]);
    for (std::size_t i = 0; i < p.a_sum.size(); ++i)
        check(p.a_sum[i], p.b_sum[i]);
}

bool any_pattern(const Variable& a, const Variable& b)
{
    return a.type().is_pattern() || b.type().is_pattern();
}

/// The state of a scan in `v`, where it starts as a number and has no shape yet: a weak input, as
/// which the step is given it the first time. Empty where there is none.
Variable open_state(const Variable& v)
{
    if (v.rank() > 0 || !v.is_weak()) return {};
    const Variables all = leaves({&v, 1});
    const auto state = std::ranges::find_if(
        all, [](const Variable& leaf) { return leaf.leaf() == Leaf::input && leaf.is_weak(); });
    return state == all.end() ? Variable() : *state;
}

/// A number is multiplied with every element, so that the state would take the other operand's
/// shape where a vector is meant. `axis` of the other is what a vector has in common with it.
void refuse_open_state(const Variable& v,
                       const Variable& other,
                       int axis,
                       std::string_view function,
                       const Location* where)
{
    if (other.rank() == 0) return;
    const Variable state = open_state(v);
    if (state.is_empty()) return;
    throw user_error(Code::shape, where, function,
                     "the state of a scan that starts as a number at {} has no shape yet; give "
                     ".init its shape, as zeros({}, {{{}}}), or write * for a number: the other "
                     "operand has shape {}",
                     to_string(state.where()), name(other.dtype()),
                     to_string(at(other.shape(), axis)), to_string(other.shape()));
}

/// A contraction that sums over nothing: products of elements, which join what is around them.
Variable
elementwise(const Variable& a, const Variable& b, const ContractParams& p, const Location* where)
{
    const OriginScope origin(where);
    const std::vector<int> a_own = free_axes(a.rank(), p.a_batch, {});
    const std::vector<int> b_own = free_axes(b.rank(), p.b_batch, {});
    const auto ordered = [](const Variable& x, std::vector<int> order,
                            const std::vector<int>& own) {
        order.insert(order.end(), own.begin(), own.end());
        return std::ranges::is_sorted(order) ? x : transpose(x, order);
    };
    const auto with_axes = [](const Variable& x, const std::vector<int>& axes) {
        return axes.empty() ? x : expand_dims(x, Axis(axes));
    };
    const int batch = static_cast<int>(p.a_batch.size());
    const int of_a = batch + static_cast<int>(a_own.size());
    const int all = of_a + static_cast<int>(b_own.size());
    return with_axes(ordered(a, p.a_batch, a_own), range(of_a, all)) *
           with_axes(ordered(b, p.b_batch, b_own), range(batch, of_a));
}

/// Axes before the last `kept` ones, aligned from the right as broadcasting aligns them: shared
/// where both have them, else one side's own. `order` is where each axis of matmul's result is in
/// the contraction's.
struct BatchPlan {
    ContractParams params;
    std::vector<int> a_dropped, b_dropped; ///< of extent 1 beside a longer axis
    std::vector<int> order;
};

BatchPlan plan_batch(const Variable& a, const Variable& b, int a_kept, int b_kept)
{
    const Shape x = a.shape();
    const Shape y = b.shape();
    const int a_count = a.rank() - a_kept;
    const int b_count = b.rank() - b_kept;
    const int count = std::max(a_count, b_count);
    BatchPlan plan;
    enum class Side { both, left, right };
    std::vector<Side> sides;
    for (int k = 0; k < count; ++k) {
        const int i = k - (count - a_count);
        const int j = k - (count - b_count);
        const bool both = i >= 0 && j >= 0;
        if (both && !same(at(x, i), at(y, j)) && known_one(at(x, i))) {
            plan.a_dropped.push_back(i);
            sides.push_back(Side::right);
        } else if (both && !same(at(x, i), at(y, j)) && known_one(at(y, j))) {
            plan.b_dropped.push_back(j);
            sides.push_back(Side::left);
        } else if (both) {
            plan.params.a_batch.push_back(i - static_cast<int>(plan.a_dropped.size()));
            plan.params.b_batch.push_back(j - static_cast<int>(plan.b_dropped.size()));
            sides.push_back(Side::both);
        } else
            sides.push_back(i >= 0 ? Side::left : Side::right);
    }
    int shared = 0;
    int of_a = static_cast<int>(std::ranges::count(sides, Side::both));
    int of_b =
        of_a + static_cast<int>(std::ranges::count(sides, Side::left)) + (a_kept == 2 ? 1 : 0);
    for (Side s : sides)
        plan.order.push_back(s == Side::both ? shared++ : s == Side::left ? of_a++ : of_b++);
    if (a_kept == 2) plan.order.push_back(of_a);
    if (b_kept == 2) plan.order.push_back(of_b);
    return plan;
}

void refuse_scalar(const Variable& a,
                   const Variable& b,
                   std::string_view function,
                   const Location* where)
{
    if (a.rank() > 0 && b.rank() > 0) return;
    throw user_error(Code::shape, where, function,
                     "shapes {} and {}: a scalar has no axis to sum over, use *",
                     to_string(a.shape()), to_string(b.shape()));
}

} // namespace

constexpr Op contract_op{
    .name = "contract",
    .doc =
        "Sum of products: out[batch.., m.., n..] = sum over k of a[batch.., m.., k..] * b[batch.., "
        "k.., n..], with the axes where the parameters say. The sum of none is 0.",
    .dtype = promote_numbers,
    .shape = contract_shape,
    .lowering = Contract{},
    .reference = reference::contract,
    .grad = contract_grad,
    .arity = 2,
    .params = create_params<ContractParams>,
};

Variable contract(const Variable& a,
                  const Variable& b,
                  const ContractParams& params,
                  std::string_view function,
                  const Location* where)
{
    if (!any_pattern(a, b)) {
        check_sums(a, b, params, function, where);
        const bool numbers = a.dtype() != DType::boolean || b.dtype() != DType::boolean;
        if (params.a_sum.empty() && numbers) return elementwise(a, b, params, where);
        // 16-bit floats are stored, not computed with: their products are summed in f32.
        const DType t = promote(a.dtype(), b.dtype());
        if (is_float(t) && size_bytes(t) == 2) {
            const Variable wide = contract(cast(a, DType::f32, where), cast(b, DType::f32, where),
                                           params, function, where);
            return cast(wide, t, where);
        }
    }
    const Variable operands[] = {a, b};
    return apply(contract_op, operands, make_params(params), where);
}

Variable dot(const Variable& a, const Variable& b, Where where)
{
    refuse_empty("dot", where, {&a, &b});
    const Location* place = locate(where, "dot");
    const OriginScope origin(place);
    if (any_pattern(a, b)) return contract(a, b, ContractParams{{}, {}, {1}, {0}}, "dot", place);
    const int b_axis = b.rank() < 2 ? 0 : b.rank() - 2;
    refuse_open_state(a, b, b_axis, "dot", place);
    refuse_open_state(b, a, a.rank() - 1, "dot", place);
    if (a.rank() == 0 || b.rank() == 0) return a * b;
    return contract(a, b, ContractParams{{}, {}, {a.rank() - 1}, {b_axis}}, "dot", place);
}

Variable matmul(const Variable& a, const Variable& b, Where where)
{
    refuse_empty("matmul", where, {&a, &b});
    const Location* place = locate(where, "matmul");
    const OriginScope origin(place);
    if (any_pattern(a, b)) return contract(a, b, ContractParams{{}, {}, {1}, {0}}, "matmul", place);
    const int b_axis = b.rank() < 2 ? 0 : b.rank() - 2;
    refuse_open_state(a, b, b_axis, "matmul", place);
    refuse_open_state(b, a, a.rank() - 1, "matmul", place);
    refuse_scalar(a, b, "matmul", place);
    // Checked with the shapes as the user gave them, before axes are dropped.
    check_sums(a, b, ContractParams{{}, {}, {a.rank() - 1}, {b_axis}}, "matmul", place);
    BatchPlan plan = plan_batch(a, b, std::min(a.rank(), 2), std::min(b.rank(), 2));
    const Variable x = plan.a_dropped.empty() ? a : squeeze(a, Axis(plan.a_dropped));
    const Variable y = plan.b_dropped.empty() ? b : squeeze(b, Axis(plan.b_dropped));
    plan.params.a_sum = {x.rank() - 1};
    plan.params.b_sum = {y.rank() == 1 ? 0 : y.rank() - 2};
    const Variable z = contract(x, y, plan.params, "matmul", place);
    return std::ranges::is_sorted(plan.order) ? z : transpose(z, plan.order);
}

Variable outer(const Variable& a, const Variable& b, Where where)
{
    refuse_empty("outer", where, {&a, &b});
    const OriginScope origin(locate(where, "outer"));
    const auto flat = [](const Variable& x) {
        return x.type().is_pattern() || x.rank() == 1 ? x : x.reshape({-1});
    };
    return expand_dims(flat(a), 1) * expand_dims(flat(b), 0);
}

Variable tensordot(const Variable& a,
                   const Variable& b,
                   const std::vector<int>& a_axes,
                   const std::vector<int>& b_axes,
                   Where where)
{
    refuse_empty("tensordot", where, {&a, &b});
    const Location* place = locate(where, "tensordot");
    const OriginScope origin(place);
    if (a_axes.size() != b_axes.size())
        throw user_error(Code::index, place, "tensordot",
                         "as many axes of a as of b are needed: {} and {}", a_axes.size(),
                         b_axes.size());
    ContractParams p;
    if (any_pattern(a, b)) {
        p.a_sum = a_axes;
        p.b_sum = b_axes;
        return contract(a, b, p, "tensordot", place);
    }
    normalize_axes(a_axes, a.rank(), "tensordot", place);
    normalize_axes(b_axes, b.rank(), "tensordot", place);
    for (int axis : a_axes)
        p.a_sum.push_back(normalize_axis(axis, a.rank(), "tensordot", place));
    for (int axis : b_axes)
        p.b_sum.push_back(normalize_axis(axis, b.rank(), "tensordot", place));
    return contract(a, b, p, "tensordot", place);
}

Variable tensordot(const Variable& a, const Variable& b, int axes, Where where)
{
    refuse_empty("tensordot", where, {&a, &b});
    const Location* place = locate(where, "tensordot");
    const OriginScope origin(place);
    if (axes < 0 || axes > a.rank() || axes > b.rank())
        throw user_error(Code::index, place, "tensordot", "{} of shapes {} and {}",
                         counted(axes, "axis", "axes"), to_string(a.shape()), to_string(b.shape()));
    return tensordot(a, b, range(a.rank() - axes, a.rank()), range(0, axes));
}

namespace {

/// Letters for the axes of a contraction's operands and result.
std::string subscripts(const Apply& contraction, const ContractParams& p)
{
    static constexpr std::string_view letters =
        "ijklmnopqrstuvwxyzabcdefghIJKLMNOPQRSTUVWXYZABCDEFGH";
    std::size_t next = 0;
    const auto fresh = [&] { return letters[next++ % letters.size()]; };
    std::string a, b(static_cast<std::size_t>(contraction.input(1).rank()), ' '), shared, own;
    for (int i = 0; i < contraction.input(0).rank(); ++i)
        a += fresh();
    const auto share = [&](const std::vector<int>& of_a, const std::vector<int>& of_b) {
        for (std::size_t k = 0; k < of_a.size(); ++k)
            b[static_cast<std::size_t>(of_b[k])] = a[static_cast<std::size_t>(of_a[k])];
    };
    share(p.a_batch, p.b_batch);
    share(p.a_sum, p.b_sum);
    for (const int axis : p.a_batch)
        shared += a[static_cast<std::size_t>(axis)];
    for (const char c : a)
        if (b.find(c) == b.npos) own += c;
    for (char& c : b)
        if (c == ' ') own += c = fresh();
    return fmt::format("{},{}->{}{}", a, b, shared, own);
}

bool is_dot(const Apply& contraction, const ContractParams& p)
{
    if (!p.a_batch.empty()) return false;
    const Variable &a = contraction.input(0), &b = contraction.input(1);
    if (any_pattern(a, b)) return p.a_sum == std::vector{1} && p.b_sum == std::vector{0};
    const int b_axis = b.rank() == 1 ? 0 : b.rank() - 2;
    return p.a_sum == std::vector{a.rank() - 1} && p.b_sum == std::vector{b_axis};
}

} // namespace

std::string_view contraction_word(const Apply& contraction)
{
    const auto& p = contraction.params_as<ContractParams>();
    const Variable &a = contraction.input(0), &b = contraction.input(1);
    if (is_dot(contraction, p)) {
        const Location* at = contraction.location();
        const bool matrices = !any_pattern(a, b) && a.rank() <= 2 && b.rank() <= 2;
        return matrices && at && std::string_view(at->called) == "matmul" ? "matmul" : "dot";
    }
    if (any_pattern(a, b)) return "einsum";
    const std::vector<int> batch = range(0, std::max(a.rank() - 2, 0));
    const bool matmul = a.rank() == b.rank() && p.a_batch == batch && p.b_batch == batch &&
                        p.a_sum == std::vector{a.rank() - 1} &&
                        p.b_sum == std::vector{b.rank() - 2};
    return matmul ? "matmul" : "einsum";
}

std::string contraction_text(const Apply& contraction, std::string_view operands)
{
    const std::string_view word = contraction_word(contraction);
    if (word != "einsum") return fmt::format("{}({})", word, operands);
    if (any_pattern(contraction.input(0), contraction.input(1))) return {};
    const auto& p = contraction.params_as<ContractParams>();
    return fmt::format("einsum(\"{}\", {})", subscripts(contraction, p), operands);
}

std::span<const Op* const> linalg_ops()
{
    static constexpr const Op* ops[] = {&contract_op};
    return ops;
}

} // namespace croton::inline v1
