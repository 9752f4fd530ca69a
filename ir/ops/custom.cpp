#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/custom.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>

#include "batch.hpp"
#include "capture.hpp"
#include "param_checks.hpp"

namespace croton::inline v1 {

namespace {

/// The first region takes the parameters and gives the value. `vjp`: one takes the parameters, the
/// value and its cotangent, and gives the cotangents of those parameters of which `bars` is 1.
/// `jvp`: the last one takes the parameters and the tangents of the floats among them.
struct CustomParams {
    std::vector<Region> regions;
    bool vjp = false;
    bool jvp = false;
    std::vector<int> bars;
    static constexpr auto fields =
        std::tuple{field("regions", &CustomParams::regions), field("vjp", &CustomParams::vjp),
                   field("jvp", &CustomParams::jvp), field("bars", &CustomParams::bars)};
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

std::vector<Type> custom_types(ShapeArgs& args)
{
    const auto& p = args.params_as<CustomParams>();
    const std::size_t n = args.operands.size();
    detail::check_count(args, p.regions.size(), 1u + (p.vjp ? 1u : 0u) + (p.jvp ? 1u : 0u));
    detail::check_count(args, p.regions[0].outputs().size(), 1);
    detail::check_count(args, p.regions[0].inputs().size(), n);
    for (const Region& region : p.regions) {
        if (region.inputs().size() < n) detail::check_count(args, region.inputs().size(), n);
        for (std::size_t i = 0; i < n; ++i)
            detail::require_same(args, args.operands[i].type(), region.inputs()[i].type(),
                                 fmt::format("operand {}", i));
    }
    if (p.vjp) {
        detail::check_count(args, p.reverse().inputs().size(), n + 2);
        detail::check_count(args, p.bars.size(), n);
        detail::check_count(args, p.reverse().outputs().size(),
                            static_cast<std::size_t>(std::ranges::count(p.bars, 1)));
    }
    if (p.jvp) {
        const auto floats = std::ranges::count_if(
            args.operands, [](const Variable& v) { return is_float(v.dtype()); });
        detail::check_count(args, p.forward().inputs().size(),
                            n + static_cast<std::size_t>(floats));
        detail::check_count(args, p.forward().outputs().size(), 1);
    }
    return {p.regions[0].outputs()[0].type()};
}

Variables custom_grad(const GeneralGrad& g)
{
    const auto& p = g.params_as<CustomParams>();
    Variables bars(g.x.size());
    if (p.vjp) {
        const Variables given = written(p.reverse(), joined(g.x, {g.y[0], g.y_bar[0]}));
        for (std::size_t i = 0, next = 0; i < bars.size(); ++i)
            if (p.bars[i]) bars[i] = given[next++];
        return bars;
    }
    Variables dots;
    for (const Variable& x : g.x)
        if (is_float(x.dtype())) dots.push_back(input("", x.dtype(), x.shape()));
    const Variable y_dot = custom_tangent(g.apply, dots);
    const Variables given = pull_back(std::span(&y_dot, 1), std::span(&g.y_bar[0], 1), dots, "grad",
                                      gradient_place(g.apply));
    for (std::size_t i = 0, next = 0; i < bars.size(); ++i)
        if (is_float(g.x[i].dtype())) bars[i] = given[next++];
    return bars;
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
        all.insert(all.end(), {true, true});
        const Region each = batched(p.regions[1], all, count, args);
        Variables bars; // what members share gets the sum of theirs
        std::size_t next = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (!p.bars[i]) continue;
            const Variable& bar = each.outputs()[next++];
            bars.push_back(own[i] ? bar : sum(bar, 0));
        }
        p.regions[1] = Region(each.inputs(), bars);
    }
    if (p.jvp) {
        std::vector<bool> all = own;
        for (std::size_t i = 0; i < count; ++i)
            if (is_float(args.x[i].dtype())) all.push_back(own[i]);
        p.regions.back() = batched(p.forward(), all, count, args);
    }
    if (!args.batch->active.is_empty()) {
        operands.push_back(args.batch->active);
        if (p.vjp) p.bars.push_back(0);
    }
    return apply_all(args.apply.op(), operands, make_params(std::move(p)),
                     args.apply.location())[0];
}

} // namespace

constexpr Op custom_op{
    .name = "custom",
    .doc =
        "A function of a user's with a derivative of its own; written out as what it is made of.",
    .types = custom_types,
    .lowering = Composite{[](const CompositeArgs& args) {
        return written(args.params_as<CustomParams>().regions[0], args.x)[0];
    }},
    .reference = DerivedReference{},
    .grad = custom_grad,
    .batch = batch_custom,
    .arity = 0,
    .params = create_params<CustomParams>,
};

Variable custom_tangent(const Apply& apply, const Variables& x_dots)
{
    const auto& p = apply.params_as<CustomParams>();
    return p.jvp ? written(p.forward(), joined(apply.inputs(), x_dots))[0] : Variable();
}

namespace {

/// One call of a function with rules of its own.
class CustomBuilder {
public:
    CustomBuilder(const Variables& xs, std::string_view function, const Location* place)
        : function_(function), place_(place)
    {
        for (std::size_t i = 0; i < xs.size(); ++i) {
            if (xs[i].is_empty())
                refuse(Code::domain, "operand {} is an empty Variable: nothing was assigned to it",
                       i);
            x_.push_back(input(xs[i].name(), xs[i].dtype(), xs[i].shape()));
        }
    }

    void set_function(const detail::Body& f)
    {
        y_ = run(f, x_, "the function", 1)[0];
        p_.regions.push_back(closed(x_, {y_}, "the function"));
    }

    void set_vjp(const detail::Body& rule)
    {
        if (!is_float(y_.dtype()))
            refuse(Code::dtype, "the value is {}: only of floats there is a gradient",
                   name(y_.dtype()));
        const Variable y = input("y", y_.dtype(), y_.shape());
        const Variable y_bar = input("y_bar", y_.dtype(), y_.shape());
        const Variables inputs = joined(x_, {y, y_bar});
        const Variables given = run(rule, inputs, "the rule", x_.size());
        Variables bars;
        for (std::size_t i = 0; i < x_.size(); ++i) {
            p_.bars.push_back(given[i].is_empty() ? 0 : 1);
            if (!given[i].is_empty()) bars.push_back(fitting(given[i], x_[i], i));
        }
        p_.vjp = true;
        p_.regions.push_back(closed(inputs, bars, "the rule"));
    }

    void set_jvp(const detail::Body& rule)
    {
        Variables dots;
        for (const Variable& x : x_)
            if (is_float(x.dtype())) dots.push_back(input("", x.dtype(), x.shape()));
        const Variables inputs = joined(x_, dots);
        const Variable y_dot = run(rule, inputs, "the rule", 1)[0];
        if (y_dot.is_empty()) refuse(Code::domain, "the rule gives an empty Variable");
        p_.jvp = true;
        p_.regions.push_back(closed(inputs, {fitting(y_dot, y_, 0)}, "the rule"));
    }

    Variable build(const Variables& xs)
    {
        return apply_all(custom_op, xs, make_params(std::move(p_)), place_)[0];
    }

private:
    template <class... A>
    [[noreturn]] void refuse(Code code, fmt::format_string<A...> text, A&&... values) const
    {
        throw user_error(code, place_, function_, text, std::forward<A>(values)...);
    }

    Variables run(const detail::Body& body,
                  const Variables& x,
                  std::string_view what,
                  std::size_t values) const
    {
        if (body.arity >= 0 && static_cast<std::size_t>(body.arity) != x.size())
            refuse(Code::domain, "{} takes {}, given {}", what, counted(body.arity, "parameter"),
                   x.size());
        const Step given = body.run(body.callable, x);
        if (given.state.size() != values || !given.out.empty() || !given.until.is_empty())
            refuse(Code::domain, "{} gives {}, not {}", what,
                   counted(given.state.size() + given.out.size(), "value"), values);
        return given.state;
    }

    /// A derivative as the type of what it is of.
    Variable fitting(const Variable& d, const Variable& of, std::size_t i) const
    {
        if (!is_float(of.dtype()))
            refuse(Code::dtype, "the rule gives a derivative by parameter {}, which is {}", i,
                   name(of.dtype()));
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
    Variables x_;
    Variable y_;
    CustomParams p_;
};

} // namespace

Variable detail::custom(const Body& f,
                        const Body* vjp,
                        const Body* jvp,
                        const Variables& xs,
                        const char* function,
                        const Where& where)
{
    CustomBuilder builder(xs, function, locate(where, function));
    builder.set_function(f);
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
    return detail::custom(f, &vjp, &jvp, {x}, "clip_gradient", where);
}

std::span<const Op* const> custom_ops()
{
    static constexpr const Op* ops[] = {&custom_op};
    return ops;
}

} // namespace croton::inline v1
