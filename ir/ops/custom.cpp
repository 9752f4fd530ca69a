#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/custom.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/step_scope.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>

#include "batch.hpp"
#include "body_derivatives.hpp"
#include "capture.hpp"
#include "custom_parts.hpp"
#include "linearity.hpp"
#include "param_checks.hpp"
#include "switch_parts.hpp"

namespace croton::inline v1 {

namespace {

/// The first region takes the parameters and gives the values. `vjp`: one takes the parameters, the
/// values and a cotangent for each that is a float, and gives the cotangents of those parameters of
/// which `bars` is 1. `jvp`: the last one takes the parameters and the tangents of the floats among
/// them, and gives those of the floats among the values. Without both its derivatives are those of
/// its ops.
struct CustomParams {
    std::string name; ///< the user's, or empty
    std::vector<Region> regions;
    bool vjp = false;
    bool jvp = false;
    bool checkpoint = false; ///< a gradient computes again what it needs of it
    std::vector<int> bars;
    static constexpr auto fields = std::tuple{field("name", &CustomParams::name),
                                              field("regions", &CustomParams::regions),
                                              field("vjp", &CustomParams::vjp),
                                              field("jvp", &CustomParams::jvp),
                                              field("checkpoint", &CustomParams::checkpoint),
                                              field("bars", &CustomParams::bars)};
    const Region& reverse() const { return regions[1]; }
    const Region& forward() const { return regions.back(); }
};

/// A region's outputs, of other inputs.
Variables written(const Region& region, std::span<const Variable> x)
{
    VariableMap by;
    for (std::size_t i = 0; i < x.size(); ++i)
        by.emplace(region.inputs()[i], x[i]);
    return copy_graph(region.outputs(), by);
}

Variables joined(std::span<const Variable> a, const Variables& b)
{
    Variables all(a.begin(), a.end());
    all.insert(all.end(), b.begin(), b.end());
    return all;
}

Variables floats_of(std::span<const Variable> all)
{
    Variables floats;
    for (const Variable& v : all)
        if (is_float(v.dtype())) floats.push_back(v);
    return floats;
}

Variables placeholders(const Variables& like)
{
    Variables all;
    for (const Variable& v : like)
        all.push_back(detail::placeholder_like(v));
    return all;
}

std::vector<Type> custom_types(ShapeArgs& args)
{
    const auto& p = args.params_as<CustomParams>();
    const std::size_t n = args.operands.size();
    detail::check_count(args, p.regions.size(), 1u + (p.vjp ? 1u : 0u) + (p.jvp ? 1u : 0u));
    const std::span<const Variable> values = p.regions[0].outputs();
    const std::size_t float_values = floats_of(values).size();
    if (values.empty()) args.refuse(Code::domain, "its parameters give no value");
    detail::check_count(args, p.regions[0].inputs().size(), n);
    for (const Region& region : p.regions) {
        if (region.inputs().size() < n) detail::check_count(args, region.inputs().size(), n);
        for (std::size_t i = 0; i < n; ++i)
            detail::require_same(args, args.operands[i].type(), region.inputs()[i].type(),
                                 fmt::format("operand {}", i));
    }
    if (p.vjp) {
        detail::check_count(args, p.reverse().inputs().size(), n + values.size() + float_values);
        detail::check_count(args, p.bars.size(), n);
        detail::check_count(args, p.reverse().outputs().size(),
                            static_cast<std::size_t>(std::ranges::count(p.bars, 1)));
    }
    if (p.jvp) {
        detail::check_count(args, p.forward().inputs().size(), n + floats_of(args.operands).size());
        detail::check_count(args, p.forward().outputs().size(), float_values);
    }
    std::vector<Type> types;
    for (const Variable& v : values)
        types.push_back(v.type());
    return types;
}

/// `found`, each in the place of a float among `all`; empty in the others.
Variables at_floats(std::span<const Variable> all, const Variables& found)
{
    Variables spread(all.size());
    for (std::size_t i = 0, next = 0; i < all.size(); ++i)
        if (is_float(all[i].dtype())) spread[i] = found[next++];
    return spread;
}

/// Of what is linear in the tangents the transpose has none of them.
void check_linear(const Region& rule, const Apply& apply)
{
    const auto count = static_cast<std::ptrdiff_t>(apply.inputs().size());
    const Variables dots(rule.inputs().begin() + count, rule.inputs().end());
    const Variables given(rule.outputs().begin(), rule.outputs().end());
    Variables found;
    for (const Variable& bar :
         pull_back(given, placeholders(given), dots, "grad", gradient_place(apply)))
        if (!bar.is_empty()) found.push_back(bar);
    for (const Variable& leaf : leaves(found)) {
        if (std::ranges::none_of(dots, [&](const Variable& v) { return same(v, leaf); })) continue;
        const Apply because = detail::first_not_linear(given, dots);
        throw user_error(Code::domain, apply.location(), "custom_jvp",
                         "the rule {}: custom_vjp gives one{}",
                         detail::not_seen_linear(because, "tangents", "reverse"),
                         detail::instead_of_loop(because));
    }
}

Variables custom_grad(const GeneralGrad& g)
{
    const auto& p = g.params_as<CustomParams>();
    if (!p.vjp && !p.jvp)
        return detail::function_cotangents(g.apply, {g.y_bar, Variables(g.y_bar.size())},
                                           std::vector<bool>(g.x.size(), true), "grad",
                                           gradient_place(g.apply))
            .bars;
    const Variables y_bars = floats_of(g.y_bar);
    if (p.vjp) {
        Variables bars(g.x.size());
        const Variables given = written(p.reverse(), joined(joined(g.x, g.y), y_bars));
        for (std::size_t i = 0, next = 0; i < bars.size(); ++i)
            if (p.bars[i]) bars[i] = given[next++];
        return bars;
    }
    check_linear(p.forward(), g.apply);
    const Variables dots = placeholders(floats_of(g.x));
    const Variables y_dots = detail::custom_tangents(g.apply, dots);
    return at_floats(g.x, pull_back(y_dots, y_bars, dots, "grad", gradient_place(g.apply)));
}

/// A region of a batch: `own` inputs have the members along axis 0, and so have all outputs. Behind
/// its `count` parameters one more says which members are active, if that is not all.
Region batched(const Region& region,
               const std::vector<bool>& own,
               std::size_t count,
               const BatchArgs& args)
{
    detail::Batch batch = *args.batch;
    if (!batch.active.is_empty()) batch.active = input("active", DType::boolean, {args.members});
    detail::Batcher batcher(batch, 0);
    Variables inputs;
    for (std::size_t i = 0; i < region.inputs().size(); ++i) {
        if (i == count && !batch.active.is_empty()) inputs.push_back(batch.active);
        const Variable& in = region.inputs()[i];
        inputs.push_back(own[i] ? detail::placeholder_for_all(in, args.members) : in);
        if (own[i]) batcher.add(in, inputs.back());
    }
    if (region.inputs().size() == count && !batch.active.is_empty()) inputs.push_back(batch.active);
    Variables outputs;
    for (const Variable& v : region.outputs())
        outputs.push_back(detail::all_members(batcher(v), args.members));
    return {inputs, outputs};
}

/// What a batched rule gives, 0 of members that are not active: of these a function may be NaN.
Variables of_active(const Region& rule, std::size_t count, const BatchArgs& args)
{
    Variables given(rule.outputs().begin(), rule.outputs().end());
    if (args.batch->active.is_empty()) return given;
    for (Variable& v : given)
        v = detail::choose(rule.inputs()[count], v, zeros(v.dtype(), {}));
    return given;
}

/// The rules are batched with the function, so that its derivative stays its own.
Variable batch_custom(const BatchArgs& args)
{
    CustomParams p = args.params_as<CustomParams>();
    const std::vector<bool>& own = args.batched;
    const std::size_t count = own.size();
    Variables operands(args.x.begin(), args.x.end());
    p.regions[0] = batched(p.regions[0], own, count, args);
    if (p.vjp) {
        std::vector<bool> all = own;
        all.resize(p.reverse().inputs().size(), true); // the values and their cotangents
        const Region each = batched(p.regions[1], all, count, args);
        const Variables given = of_active(each, count, args);
        Variables bars; // what members share gets the sum of theirs
        std::size_t next = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (!p.bars[i]) continue;
            const Variable& bar = given[next++];
            bars.push_back(own[i] ? bar : sum(bar, 0));
        }
        p.regions[1] = Region(each.inputs(), bars);
    }
    if (p.jvp) {
        std::vector<bool> all = own;
        for (std::size_t i = 0; i < count; ++i)
            if (is_float(args.x[i].dtype())) all.push_back(own[i]);
        const Region each = batched(p.forward(), all, count, args);
        p.regions.back() = Region(each.inputs(), of_active(each, count, args));
    }
    if (!args.batch->active.is_empty()) {
        // No gradient of the others goes on to what the operands are made of, by `where`'s mask.
        for (std::size_t i = 0; i < count; ++i)
            if ((p.vjp || p.jvp) && own[i] && is_float(operands[i].dtype()))
                operands[i] =
                    detail::choose(args.batch->active, operands[i], ones(operands[i].dtype(), {}));
        operands.push_back(args.batch->active);
        if (p.vjp) p.bars.push_back(0);
    }
    return apply_all(args.apply.op(), operands, make_params(std::move(p)),
                     args.apply.location())[0];
}

} // namespace

constexpr Op custom_op{
    .name = "custom",
    .doc = "A function of a user's, with derivatives of its own if it has any; written out as what "
           "it is made of.",
    .types = custom_types,
    .lowering = Composite{.expand_all =
                              [](const CompositeArgs& args) {
                                  return written(args.params_as<CustomParams>().regions[0], args.x);
                              }},
    .reference = DerivedReference{},
    .grad = custom_grad,
    .batch = batch_custom,
    .arity = 0,
    .params = create_params<CustomParams>,
};

bool has_own_derivative(const Apply& apply)
{
    return &apply.op() == &custom_op && !detail::follows_its_ops(apply);
}

namespace detail {

bool follows_its_ops(const Apply& apply)
{
    if (&apply.op() != &custom_op) return false;
    const auto& p = apply.params_as<CustomParams>();
    return !p.vjp && !p.jvp;
}

Variables custom_tangents(const Apply& apply, const Variables& x_dots)
{
    const auto& p = apply.params_as<CustomParams>();
    return p.jvp ? written(p.forward(), joined(apply.inputs(), x_dots)) : Variables();
}

namespace {

/// What is one number everywhere, as the cotangent of a sum, is known inside.
Variables with_numbers(const Variables& operands, const Variables& inputs, const Variables& values)
{
    VariableMap by;
    double number = 0;
    for (std::size_t i = 0; i < operands.size(); ++i)
        if (uniform_value(operands[i], number)) by.emplace(inputs[i], operands[i]);
    return copy_graph(values, by);
}

Bodies body_of(const Apply& apply, const decltype(Bodies::build)& build)
{
    return {std::span(&apply.params_as<CustomParams>().regions[0], 1), apply.inputs(), build};
}

} // namespace

MaskedBars function_cotangents(const Apply& apply,
                               const MaskedBars& y,
                               const std::vector<bool>& wanted,
                               std::string_view function,
                               const Location* place)
{
    const auto build = [&](const Variables& operands, const std::vector<Variables>& inputs,
                           const std::vector<Variables>& values) {
        if (!apply.params_as<CustomParams>().checkpoint)
            return written(Region(inputs[0], values[0]), operands);
        return build_switch(recompute_op, constant(Array::scalar(false), apply.location()),
                            operands, inputs, {with_numbers(operands, inputs[0], values[0])},
                            gradient_place(apply));
    };
    return body_cotangents(body_of(apply, build), y, wanted, function, place);
}

std::vector<Pushed> function_tangents(const Apply& apply,
                                      std::span<const Pushed> x_dots,
                                      std::string_view function,
                                      const Location* place)
{
    const auto build = [&](const Variables& operands, const std::vector<Variables>& inputs,
                           const std::vector<Variables>& values) {
        const auto& p = apply.params_as<CustomParams>();
        const Region body(inputs[0], values[0]);
        if (!p.checkpoint) return written(body, operands);
        return call_function(p.name, body, operands, true, gradient_place(apply));
    };
    return body_tangents(body_of(apply, build), apply.outputs(), x_dots, function, place);
}

Variables call_function(std::string name,
                        const Region& body,
                        const Variables& operands,
                        bool checkpoint,
                        const Location* place)
{
    CustomParams p;
    p.name = std::move(name);
    p.regions.push_back(body);
    p.checkpoint = checkpoint;
    return apply_all(custom_op, operands, make_params(std::move(p)), place);
}

} // namespace detail

namespace {

/// One call of a function with rules of its own.
class CustomBuilder {
public:
    CustomBuilder(const Variables& xs, std::string_view function, const Location* place)
        : function_(function), place_(place),
          scope_("the function", function, place, "what that gives")
    {
        for (std::size_t i = 0; i < xs.size(); ++i) {
            if (xs[i].is_empty())
                refuse(Code::domain, "operand {} is an empty Variable: nothing was assigned to it",
                       i);
            x_.push_back(
                scope_.variable(xs[i].type(), xs[i].name(), place, fmt::format("parameter {}", i)));
        }
    }

    /// With as many values as the function gives, or one.
    void set_function(const detail::Body& f, bool gives_list)
    {
        y_ = run(f, x_, "the function", {}, gives_list ? any_number : 1, {});
        if (y_.empty()) refuse(Code::domain, "the function gives no value");
        p_.regions.push_back(closed(x_, y_, "the function"));
    }

    void set_vjp(const detail::Body& rule)
    {
        if (floats_of(y_).empty())
            refuse(Code::dtype, "the value is {}: only of floats there is a gradient",
                   name(y_[0].dtype()));
        Variables y, y_bars;
        for (std::size_t i = 0; i < y_.size(); ++i) {
            const std::string name = y_.size() == 1 ? "y" : fmt::format("y{}", i);
            y.push_back(scope_.variable(y_[i].type(), name, place_));
            if (is_float(y_[i].dtype()))
                y_bars.push_back(scope_.variable(y_[i].type(), name + "_bar", place_));
        }
        const Variables inputs = joined(joined(x_, y), y_bars);
        const Variables given =
            run(rule, inputs, "the rule",
                fmt::format(": {}, {}, {}", counted(x_.size(), "parameter"),
                            counted(y.size(), "value"), counted(y_bars.size(), "cotangent")),
                x_.size(), ": a cotangent for each parameter");
        Variables bars;
        for (std::size_t i = 0; i < x_.size(); ++i) {
            p_.bars.push_back(given[i].is_empty() ? 0 : 1);
            if (given[i].is_empty()) continue;
            if (!is_float(x_[i].dtype()))
                refuse(Code::dtype, "the rule gives a derivative by parameter {}, which is {}", i,
                       name(x_[i].dtype()));
            bars.push_back(fitting(given[i], x_[i], i));
        }
        p_.vjp = true;
        p_.regions.push_back(closed(inputs, bars, "the rule"));
    }

    void set_jvp(const detail::Body& rule)
    {
        const Variables of = floats_of(y_);
        if (of.empty())
            refuse(Code::dtype, "the value is {}: only of floats there is a tangent",
                   name(y_[0].dtype()));
        Variables x_dots;
        for (const Variable& x : floats_of(x_))
            x_dots.push_back(scope_.variable(
                x.type(), x.name().empty() ? "" : fmt::format("{}_dot", x.name()), place_));
        const Variables inputs = joined(x_, x_dots);
        Variables dots = run(rule, inputs, "the rule",
                             fmt::format(": {}, {}", counted(x_.size(), "parameter"),
                                         counted(x_dots.size(), "tangent")),
                             of.size(), ": a tangent for each value");
        for (std::size_t i = 0; i < dots.size(); ++i) {
            if (dots[i].is_empty()) refuse(Code::domain, "the rule gives an empty Variable");
            dots[i] = fitting(dots[i], of[i], i);
        }
        p_.jvp = true;
        p_.regions.push_back(closed(inputs, dots, "the rule"));
    }

    Variables build(const Variables& xs)
    {
        return apply_all(custom_op, xs, make_params(std::move(p_)), place_);
    }

private:
    static constexpr std::size_t any_number = ~std::size_t{0};

    template <class... A>
    [[noreturn]] void refuse(Code code, fmt::format_string<A...> text, A&&... values) const
    {
        throw user_error(code, place_, function_, text, std::forward<A>(values)...);
    }

    /// `takes`, `gives`: what errors add to the numbers.
    Variables run(const detail::Body& body,
                  const Variables& x,
                  std::string_view what,
                  std::string_view takes,
                  std::size_t values,
                  std::string_view gives) const
    {
        if (body.arity >= 0 && static_cast<std::size_t>(body.arity) != x.size())
            refuse(Code::domain, "{} takes {}, given {}{}", what, counted(body.arity, "parameter"),
                   x.size(), takes);
        const Step given = body.run(body.callable, x);
        const bool as_many = values == any_number || given.state.size() == values;
        if (!as_many || !given.out.empty() || !given.until.is_empty())
            refuse(Code::domain, "{} gives {}, not {}{}", what,
                   counted(given.state.size() + given.out.size(), "value"), values, gives);
        return given.state;
    }

    /// A derivative as the type of what it is of.
    Variable fitting(const Variable& d, const Variable& of, std::size_t i) const
    {
        bool fits = is_float(d.dtype()) && d.rank() <= of.rank();
        for (int k = 1; fits && k <= d.rank(); ++k)
            fits = !never_equal(d.extent(-k), of.extent(-k)) || same(d.extent(-k), 1);
        if (!fits)
            refuse(Code::shape, "the rule gives {} as derivative {}, which is one of {}",
                   to_string(d.type()), i, to_string(of.type()));
        return broadcast_to(cast(d, of.dtype(), place_), of.shape(), place_);
    }

    Region closed(const Variables& inputs, const Variables& outputs, std::string_view what) const
    {
        for (const Variable& v : outputs)
            if (v.is_empty()) refuse(Code::domain, "{} gives an empty Variable", what);
        const detail::Captured c = detail::capture(inputs, outputs, detail::Invariants::inside);
        if (!c.outer.empty())
            refuse(Code::domain,
                   "{} uses {}, which is none of its parameters: a derivative of its own can only "
                   "be one by parameters",
                   what, describe(c.outer[0]));
        return c.region;
    }

    std::string_view function_;
    const Location* place_;
    detail::StepScope scope_;
    Variables x_, y_;
    CustomParams p_;
};

} // namespace

Variables detail::custom(const Body& f,
                         const Body* vjp,
                         const Body* jvp,
                         const Variables& xs,
                         bool gives_list,
                         const char* function,
                         const Where& where)
{
    CustomBuilder builder(xs, function, locate(where, function));
    builder.set_function(f, gives_list);
    if (vjp) builder.set_vjp(*vjp);
    if (jvp) builder.set_jvp(*jvp);
    return builder.build(xs);
}

Variable clip_gradient(const Variable& x, double lo, double hi, Where where)
{
    refuse_empty("clip_gradient", where, {&x});
    const Location* place = locate(where, "clip_gradient");
    if (!is_float(x.dtype()))
        throw user_error(Code::dtype, place, "clip_gradient", "x is {}: it has no gradient",
                         name(x.dtype()));
    if (!(lo <= hi))
        throw user_error(Code::domain, place, "clip_gradient", "nothing lies within [{}, {}]", lo,
                         hi);
    const OriginScope origin(place);
    const auto same_x = [](const Variable& v) { return v; };
    const auto held = [=](const Variable&, const Variable&, const Variable& bar) {
        return clip(bar, lo, hi);
    };
    const auto passed = [](const Variable&, const Variable& dot) { return dot; };
    const detail::Body f(same_x), vjp(held), jvp(passed);
    return detail::custom(f, &vjp, &jvp, {x}, false, "clip_gradient", where)[0];
}

std::span<const Op* const> custom_ops()
{
    static constexpr const Op* ops[] = {&custom_op};
    return ops;
}

} // namespace croton::inline v1
