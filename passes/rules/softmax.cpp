#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/passes/rules.hpp>

#include <algorithm>
#include <functional>

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

using Move = std::function<Variable(const Variable& x)>;

/// What moves elements, by its functions.
std::vector<Move> moves()
{
    const Variable i = wildcard("i");
    const Variable j = wildcard("j");
    const ParamWildcard axes("axes");
    const ParamWildcard axis("axis");
    const ParamWildcard other("other");
    const ParamWildcard offset("offset");
    const ParamWildcard s("s");
    const ParamWildcard order("order");
    const GatherParams places{ParamWildcard("at"), ParamWildcard("position")};
    const SliceParams slice{ParamWildcard("start"), ParamWildcard("stop"), ParamWildcard("step"),
                            ParamWildcard("dropped")};
    return {
        [=](const Variable& x) { return take_along_axis(x, i, axis); },
        [=](const Variable& x) { return gather_axes(x, {i}, places, "picked"); },
        [=](const Variable& x) { return gather_axes(x, {i, j}, places, "picked"); },
        [=](const Variable& x) { return slice_of(x, slice); },
        [=](const Variable& x) { return reshape(x, s); },
        [=](const Variable& x) { return transpose(x, order); },
        [=](const Variable& x) { return broadcast_to(x, s); },
        [=](const Variable& x) { return expand_dims(x, axes); },
        [=](const Variable& x) { return flip(x, axes); },
        [=](const Variable& x) { return diagonal(x, offset, axis, other); },
    };
}

/// Whether a wildcard stands for elements of a softmax, moved or converted to fewer digits.
Predicate holds_softmax(std::string_view w, const std::vector<Move>& moves)
{
    const Variable x = wildcard("x");
    std::vector<const Op*> ops{&squeeze(x, Axis(0)).owner().op(), &cast_op};
    for (const Move& move : moves)
        ops.push_back(&move(x).owner().op());
    const Op* softmax_op = &softmax(x, Axis(0)).owner().op();
    return [w = std::string(w), ops, softmax_op](const Match& m) {
        Apply a = m[w].owner();
        while (a && std::ranges::find(ops, &a.op()) != ops.end())
            a = a.input(0).owner();
        return a && &a.op() == softmax_op;
    };
}

/// Whether the result is a float of no more digits than what a wildcard stands for.
Predicate narrows(std::string_view w)
{
    return [w = std::string(w)](const Match& m) {
        const DType from = m[w].dtype();
        const DType to = m.type().dtype();
        const bool gains = from == DType::bf16 && to == DType::f16; // as many bytes
        return is_float(to) && is_float(from) && size_bytes(to) <= size_bytes(from) && !gains;
    };
}

/// The logarithm of elements picked from a softmax: it goes to the softmax itself, one step at a
/// time, which ends there.
void add_moved_softmax(RuleSet& r)
{
    using enum Exactness;
    const Variable p = wildcard("p");
    const Variable cube = wildcard("cube");
    const Variable thin = wildcard("thin");
    const Variable x = wildcard("x");
    const Variables indices{wildcard("i"), wildcard("j"), wildcard("k")};
    const ParamWildcard axes("axes");
    const ParamWildcard t("t");
    const GatherParams places{ParamWildcard("at"), ParamWildcard("position")};

    const std::vector<Move> all = moves();
    const Predicate holds = holds_softmax("p", all);
    const Move gather_three = [&](const Variable& v) {
        return gather_axes(v, indices, places, "picked");
    };
    const Move squeezed = [&](const Variable& v) { return squeeze(v, axes); };

    for (const Move& move : all)
        r.add(log(move(p)), move(log(p)), bitwise).expands().when(holds);
    r.add(log(gather_three(cube)), gather_three(log(cube)), bitwise)
        .expands()
        .when(holds_softmax("cube", all));
    r.add(log(squeezed(thin)), squeezed(log(thin)), bitwise)
        .expands()
        .when(holds_softmax("thin", all));
    r.add(log(cast(p, t)), cast(log(p), t), sharper).expands().when(narrows("p")).when(holds);
    // To more digits the conversion goes first.
    const Predicate to_float = [](const Match& m) { return is_float(m.dtype("t")); };
    const auto convert_first = [&](const Variable& source, const Move& move, const char* name) {
        r.add(log(cast(move(source), t)), log(move(cast(source, t))), bitwise)
            .expands()
            .when(to_float)
            .when(holds_softmax(name, all));
    };
    for (const Move& move : all)
        convert_first(p, move, "p");
    convert_first(cube, gather_three, "cube");
    convert_first(thin, squeezed, "thin");
    r.add(log(cast(softmax(x, axes), t)), log_softmax(cast(x, t), axes), sharper)
        .when(
            [](const Match& m) { return is_float(m.type().dtype()) && is_float(m["x"].dtype()); });
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

    r.add(log(y), log_y, sharper);
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
    r.add(x - broadcast_to(reshape(logsumexp(x, axes), s), t), log_y, rounding).when(keeps);
    r.add(exp(log_y), y, rounding);
}

} // namespace

RuleSet softmax_rules()
{
    RuleSet r("softmax forms");
    add_moved_softmax(r);
    add_softmax(r);
    return r;
}

} // namespace croton::inline v1
