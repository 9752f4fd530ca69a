#include <croton/ir/build.hpp>
#include <croton/ir/ops/trigonometric.hpp>
#include <croton/passes/pair_sines.hpp>

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace croton::inline v1 {

namespace {

constexpr auto last_of_all = not_differentiable("it is made after all derivatives are taken");

constexpr Op sincos_op{
    .name = "sincos",
    .doc = "Sine and cosine of one argument.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "sincos_{t}({a})", .structure = "sincos_result"},
    .reference = DerivedReference{},
    .grad = not_differentiable("it stands in loop nests alone"),
};

constexpr Op sin_beside_cos_op{
    .name = "sin_beside_cos",
    .doc = "Sine, where cosines are needed too.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "{a}.sin", .part_of = &sincos_op},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::sin(x); }),
    .grad = last_of_all,
};

constexpr Op cos_beside_sin_op{
    .name = "cos_beside_sin",
    .doc = "Cosine, where sines are needed too.",
    .dtype = promote_to_float,
    .shape = same_shape,
    .lowering = Pointwise{.real = "{a}.cos", .part_of = &sincos_op},
    .reference = reference_of<1>([](std::floating_point auto x) { return std::cos(x); }),
    .grad = last_of_all,
};

bool is(const Op& op, const Apply& a)
{
    return &a.op() == &op && a.output(0).dtype() == DType::f64;
}

} // namespace

Changed FindPairsOfSines::run(Graph& graph, PassContext& context) const
{
    if (context.options.strict || context.sines_in_pairs) return Changed::no;
    std::unordered_set<const detail::Value*> cosines; // looked up only
    for (const Apply& a : graph.order())
        if (is(cos_op, a)) cosines.insert(a.input(0).value());
    context.sines_in_pairs = std::ranges::any_of(graph.order(), [&](const Apply& a) {
        return is(sin_op, a) && cosines.contains(a.input(0).value());
    });
    return Changed::no;
}

Changed PairSines::run(Graph& graph, PassContext& context) const
{
    if (!context.sines_in_pairs) return Changed::no;
    return changed_if(graph.rewrite([](const Apply& a, Variables& out) {
        const bool sine = is(sin_op, a);
        if (!sine && !is(cos_op, a)) return false;
        const Type type = a.output(0).type();
        out = rebuild(sine ? sin_beside_cos_op : cos_beside_sin_op, a.inputs(), {}, {&type, 1},
                      a.location(), a.output(0).is_weak());
        return true;
    }));
}

} // namespace croton::inline v1
