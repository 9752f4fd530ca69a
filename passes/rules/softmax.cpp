#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/passes/rules.hpp>

#include <algorithm>
#include <optional>
#include <variant>
#include <vector>

namespace croton::inline v1 {

namespace {

/// x's shape with the reduced axes kept at extent 1.
Shape kept_shape(const Match& m)
{
    Shape shape = m["x"].shape();
    for (int axis : m.ints("axes"))
        shape[static_cast<std::size_t>(axis)] = 1;
    return shape;
}

/// How many elements are reduced to one.
ParamValue reduced_count(const Match& m)
{
    const Shape shape = m["x"].shape();
    Extent count = 1;
    for (int axis : m.ints("axes"))
        count = count * shape[static_cast<std::size_t>(axis)];
    return count;
}

/// An extent that `.with` gives, as a value.
Variable number(std::string_view name)
{
    const int marker = ParamWildcard(name);
    return apply(extent_value_op, {}, make_params(ExtentParams{marker}));
}

const Op& softmax_op()
{
    static const Op* const op = &softmax(wildcard("x"), Axis(0)).owner().op();
    return *op;
}
const Op& log_softmax_op()
{
    static const Op* const op = &log_softmax(wildcard("x"), Axis(0)).owner().op();
    return *op;
}

/// Whether every element of the result is one of the first operand's, whatever these are.
bool moves_elements(const Apply& a)
{
    if (std::holds_alternative<Gather>(a.op().lowering)) return true;
    return std::holds_alternative<IndexMap>(a.op().lowering) && a.inputs().size() == 1;
}

/// Whether a conversion between floats adds no digits.
bool narrows(DType from, DType to)
{
    const bool gains = from == DType::bf16 && to == DType::f16; // as many bytes
    return size_bytes(to) <= size_bytes(from) && !gains;
}

/// What lies between a logarithm and the softmax whose elements it is of.
struct MovedSoftmax {
    Apply softmax;             ///< none: it is something else
    std::vector<Apply> steps;  ///< moves, and casts to fewer digits; the last one comes first
    std::optional<DType> wide; ///< what the elements were converted to that adds digits
};

/// Goes from `v` through what moves and converts elements. What has lost digits and then gets more
/// is something else than the softmax in more digits.
MovedSoftmax find_softmax(const Variable& v)
{
    MovedSoftmax found;
    Apply a = v.owner();
    for (; a && &a.op() != &softmax_op(); a = a.input(0).owner()) {
        if (&a.op() == &cast_op) {
            const DType from = a.input(0).dtype(), to = a.output().dtype();
            if (!is_float(from) || !is_float(to)) return {};
            if (!narrows(from, to)) {
                if (!found.wide) found.wide = to;
                continue;
            }
            if (found.wide) return {};
        } else if (!moves_elements(a))
            return {};
        found.steps.push_back(a);
    }
    found.softmax = a;
    return found;
}

/// A move or conversion done to other elements; empty where the op does not take their dtype.
Variable moved_alike(const Apply& step, const Variable& y)
{
    if (&step.op() == &cast_op) return cast(y, step.output().dtype(), step.location());
    Variables operands(step.inputs().begin(), step.inputs().end());
    operands[0] = y;
    try {
        const Variable moved = apply(step.op(), operands, step.params(), step.location());
        const bool fits = moved.dtype() == y.dtype() && same(moved.shape(), step.output().shape());
        return fits ? moved : Variable();
    } catch (const UserError&) {
        return {}; // a user's op, for one dtype
    }
}

/// The logarithm of elements of a softmax, by moving its logarithm in the same way: all the way at
/// once, as a chain of moves can have any length. Digits that a conversion adds are there from the
/// beginning.
Variable moved_log_softmax(const Match& m)
{
    const MovedSoftmax found = find_softmax(m["moved_softmax"]);
    if (!found.softmax || (found.steps.empty() && !found.wide)) return {};
    const Location* const where = m.root().location();
    Variable x = found.softmax.input(0);
    const DType wide = found.wide.value_or(x.dtype());
    // f16 has more digits than bf16, and not its range.
    const DType computed = x.dtype() == DType::bf16 && wide == DType::f16 ? DType::f32 : wide;
    if (computed != x.dtype()) x = cast(x, computed, where);
    Variable y = apply(log_softmax_op(), std::span(&x, 1), found.softmax.params(), where);
    if (computed != wide) y = cast(y, wide, where);
    for (std::size_t i = found.steps.size(); i > 0 && !y.is_empty(); --i)
        y = moved_alike(found.steps[i - 1], y);
    return y;
}

/// The logarithm of a softmax, without the softmax that underflows.
void add_softmax(RuleSet& r)
{
    using enum Exactness;
    const Variable x = wildcard("x");
    const ParamWildcard axes("axes");
    const ParamWildcard s("s");
    const ParamWildcard t("t");
    const Variable y = softmax(x, axes);
    const Variable log_y = log_softmax(x, axes);
    const auto keeps = [](const Match& m) { return same(kept_shape(m), m.shape("s")); };
    // The axes that are left stand at the end, where broadcasting puts them.
    const auto leads = [](const Match& m) {
        int next = 0;
        return std::ranges::all_of(m.ints("axes"), [&](int axis) { return axis == next++; });
    };

    r.add(log(y), log_y, sharper);
    r.add(log(wildcard("moved_softmax")), wildcard("moved_log_softmax"), sharper)
        .expands() // the softmax is gone
        .let("moved_log_softmax", moved_log_softmax);
    r.add(log(sum(exp(x), axes)), logsumexp(x, axes), sharper);
    r.add(log(prod(exp(x), axes)), sum(x, axes), rounding);
    r.add(log(prod(sigmoid(x), axes)), sum(log(sigmoid(x)), axes), sharper).expands();
    r.add(log(prod(abs(x), axes)), sum(log(abs(x)), axes), rounding).expands();
    r.add(log(abs(prod(x, axes))), sum(log(abs(x)), axes), rounding).expands();
    r.add(log(reshape(sum(exp(x), axes), s)), reshape(logsumexp(x, axes), s), sharper);
    r.add(log(mean(exp(x), axes)), logsumexp(x, axes) - log(number("n")), sharper)
        .expands()
        .with("n", reduced_count);
    r.add(exp(x) / broadcast_to(reshape(sum(exp(x), axes), s), t), y, sharper).when(keeps);
    r.add(exp(x) / broadcast_to(sum(exp(x), axes), t), y, sharper).when(leads);
    r.add(x - broadcast_to(logsumexp(x, axes), t), log_y, rounding).when(leads);
    r.add(x - broadcast_to(reshape(logsumexp(x, axes), s), t), log_y, rounding).when(keeps);
    r.add(exp(log_y), y, rounding);
}

} // namespace

RuleSet softmax_rules()
{
    RuleSet r("softmax forms");
    add_softmax(r);
    return r;
}

} // namespace croton::inline v1
