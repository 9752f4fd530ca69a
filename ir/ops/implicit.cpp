#include <croton/ir/apply.hpp>
#include <croton/ir/batch.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/caller_places.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/noted_place.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/custom.hpp>
#include <croton/ir/ops/implicit.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/join.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/step_scope.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>

namespace croton::inline v1 {

namespace {

Variables joined(const Variable& first, const Variables& rest)
{
    Variables all{first};
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
}

/// Whether a value may have that shape when the function runs; one of 1 is not broadcast.
bool may_be(const Shape& given, const Shape& shape)
{
    return std::ranges::equal(given, shape, [](const Extent& from, const Extent& to) {
        return same(from, to) ||
               (!never_equal(from, to) && !(from.is_known() && from.value() == 1));
    });
}

/// The parts of one call of fixed_point().
class FixedPoint {
public:
    FixedPoint(const detail::Body& f, FixedPointOptions options, const Location* place)
        : f_(f), options_(options), place_(place)
    {}

    Variable of(const Variable& x, const Variables& p) const
    {
        const Step given = caller_.run([&] { return f_.run(f_.callable, joined(x, p)); });
        if (given.state.size() != 1 || !given.out.empty() || !given.until.is_empty() ||
            given.state[0].is_empty())
            throw user_error(Code::domain, place_, "fixed_point", "f gives {}, not one value",
                             counted(given.state.size(), "value"));
        const Variable& y = given.state[0];
        if (y.dtype() != x.dtype() || !may_be(y.shape(), x.shape()))
            throw user_error(Code::shape, place_, "fixed_point", "f gives {} of x, which is {}",
                             to_string(y.type()), to_string(x.type()));
        return broadcast_to(y, x.shape(), place_);
    }

    /// Repeats x = step(x) until it changes no more.
    template <class S>
    Variable repeat(const Variable& start, const S& step) const
    {
        const OriginScope origin(place_);
        const auto goes_on = [&](const Variable& x, const Variable& before) {
            return max(abs(x - before)) > options_.tolerance * (1 + max(abs(x)));
        };
        const auto next = [&](const Variable& x, const Variable&) { return Variables{step(x), x}; };
        const Variable first = step(start);
        if (options_.max_steps == 1) return first;
        return while_loop(goes_on, next, {first, start}, options_.max_steps - 1)[0];
    }

private:
    const detail::Body& f_;
    FixedPointOptions options_;
    CallerPlaces caller_;
    const Location* place_;
};

} // namespace

Variable fixed_point(const detail::Body& f,
                     const Variable& x0,
                     const Variables& parameters,
                     FixedPointOptions options,
                     Where where)
{
    const Location* place = locate(where, "fixed_point");
    refuse_empty("fixed_point", where, {&x0});
    refuse_empty("fixed_point", where, parameters);
    const std::size_t count = parameters.size();
    if (f.arity >= 0 && static_cast<std::size_t>(f.arity) != count + 1)
        throw user_error(Code::domain, place, "fixed_point", "f takes {}, given x and {}",
                         counted(f.arity, "parameter"), counted(count, "parameter"));
    if (!is_float(x0.dtype()))
        throw user_error(Code::dtype, place, "fixed_point", "x0 is {}: it must be floating point",
                         name(x0.dtype()));
    if (!(options.tolerance >= 0) || options.max_steps < 1)
        throw user_error(Code::domain, place, "fixed_point", "tolerance {} and {} steps at most",
                         options.tolerance, options.max_steps);
    const FixedPoint point(f, options, place);
    const auto solution = [&](const Variables& in) {
        const Variables p(in.begin() + 1, in.end());
        return point.repeat(in[0], [&](const Variable& x) { return point.of(x, p); });
    };
    // in: x0, the parameters, the solution and its cotangent.
    const auto reverse = [&](const Variables& in) {
        const Variables p(in.begin() + 1, in.end() - 2);
        const Variable &x = *(in.end() - 2), &bar = in.back();
        const OriginScope origin(place);
        const Variable y = point.of(x, p);
        const auto pulled = [&](const Variable& w, const Variables& xs) {
            return pull_back(std::span(&y, 1), std::span(&w, 1), xs, "grad", place);
        };
        const Variable w = point.repeat(bar, [&](const Variable& v) {
            const Variable back = pulled(v, {x})[0];
            return back.is_empty() ? bar : bar + back;
        });
        Variables floats;
        for (const Variable& v : p)
            if (is_float(v.dtype())) floats.push_back(v);
        const Variables given = pulled(w, floats);
        Variables bars{Variable()};
        std::size_t next = 0;
        for (const Variable& v : p)
            bars.push_back(is_float(v.dtype()) ? given[next++] : Variable());
        return bars;
    };
    // in: x0, the parameters, then the tangents of the floats among these.
    const auto forward = [&](const Variables& in) {
        const Variables p(in.begin() + 1, in.begin() + 1 + static_cast<std::ptrdiff_t>(count));
        const Variables dots(in.begin() + 2 + static_cast<std::ptrdiff_t>(count), in.end());
        const OriginScope origin(place);
        // The solution depends on the parameters; here it stands for itself, and is put in then.
        const Variable x = input("x", x0.dtype(), x0.shape());
        const Variable y = point.of(x, p);
        Variables floats;
        for (const Variable& v : p)
            if (is_float(v.dtype())) floats.push_back(v);
        const auto pushed = [&](const Variables& xs, const Variables& x_dots) {
            const Variable dot = push_forward(std::span(&y, 1), xs, x_dots, "jvp", place)[0];
            return dot.is_empty() ? zeros_like(y) : dot;
        };
        const Variable by_parameters = pushed(floats, dots);
        const Variable x_dot = point.repeat(
            by_parameters, [&](const Variable& dot) { return by_parameters + pushed({x}, {dot}); });
        const auto last = in.begin() + 1 + static_cast<std::ptrdiff_t>(count);
        return copy_graph(std::span(&x_dot, 1), {{x, solution({in.begin(), last})}})[0];
    };
    const detail::Body body(solution), vjp(reverse), jvp(forward);
    return detail::custom(body, &vjp, &jvp, joined(x0, parameters), false, "fixed_point", where)[0];
}

namespace {

/// f of slices as f of arrays of them.
class Combine {
public:
    Combine(const detail::Body& f,
            std::size_t count,
            const CallerPlaces& caller,
            const Location* place)
        : f_(f), count_(count), caller_(caller), place_(place)
    {}

    Variables one(const Variables& a, const Variables& b) const
    {
        Variables in = a;
        in.insert(in.end(), b.begin(), b.end());
        const Step given = caller_.run([&] { return f_.run(f_.callable, in); });
        if (given.state.size() != count_ || !given.out.empty() || !given.until.is_empty())
            throw user_error(Code::domain, place_, "associative_scan", "f gives {} for {}",
                             counted(given.state.size(), "value"), counted(count_, "array"));
        for (std::size_t i = 0; i < count_; ++i) {
            const Variable& y = given.state[i];
            const bool fits = !y.is_empty() && y.dtype() == a[i].dtype() &&
                              y.rank() == a[i].rank() && may_be(y.shape(), a[i].shape());
            if (!fits)
                throw user_error(
                    Code::shape, place_, "associative_scan", "value {} of f is {}, a slice is {}",
                    i, y.is_empty() ? "empty" : to_string(y.type()), to_string(a[i].type()));
        }
        return given.state;
    }

    /// Of as many slices of each.
    Variables all(const Variables& a, const Variables& b) const
    {
        const detail::StepScope scope("the function", "associative_scan", place_,
                                      "what that gives");
        const auto slice = [&](const Variable& v) {
            const Shape shape = v.shape();
            return scope.variable(Type(v.dtype(), Shape(shape.begin() + 1, shape.end())), "",
                                  place_, "a slice");
        };
        Variables x, y, members, whole = a;
        for (std::size_t i = 0; i < count_; ++i) {
            x.push_back(slice(a[i]));
            y.push_back(slice(b[i]));
        }
        members = x;
        members.insert(members.end(), y.begin(), y.end());
        whole.insert(whole.end(), b.begin(), b.end());
        return batch(one(x, y), members, whole, a[0].extent(0), "associative_scan", place_);
    }

private:
    const detail::Body& f_;
    std::size_t count_;
    CallerPlaces caller_;
    const Location* place_;
};

/// Slices first, first + step, .. before `last` along axis 0.
Variables rows(const Variables& xs, std::int64_t first, std::int64_t last, std::int64_t step)
{
    Variables all;
    for (const Variable& x : xs) {
        SliceParams p = whole(x.shape());
        p.start[0] = first;
        p.stop[0] = last;
        p.step[0] = step;
        all.push_back(slice_of(x, p));
    }
    return all;
}

/// Slices of one array between those of another, which has as many or one more.
Variable between(const Variable& even, const Variable& odd)
{
    const std::int64_t pairs = odd.extent(0).value(), n = pairs + even.extent(0).value();
    Shape shape = even.shape();
    shape[0] = 2 * pairs;
    const Variable front = rows({even}, 0, pairs, 1)[0];
    const Variable mixed = stack({front, odd}, 1).reshape(shape);
    if (n == 2 * pairs) return mixed;
    return concatenate({mixed, rows({even}, pairs, pairs + 1, 1)[0]}, 0);
}

/// Pairs are combined, their running combinations found, and those in between made of them.
Variables running(const Combine& f, const Variables& xs)
{
    const std::int64_t n = xs[0].extent(0).value();
    if (n < 2) return xs;
    const std::int64_t pairs = n / 2;
    const Variables odd = running(f, f.all(rows(xs, 0, 2 * pairs, 2), rows(xs, 1, 2 * pairs, 2)));
    const std::int64_t later = (n - 1) / 2; // slices 2, 4, ..
    Variables even = rows(xs, 0, 1, 1);
    if (later > 0) {
        const Variables more = f.all(rows(odd, 0, later, 1), rows(xs, 2, n, 2));
        for (std::size_t i = 0; i < even.size(); ++i)
            even[i] = concatenate({even[i], more[i]}, 0);
    }
    Variables all;
    for (std::size_t i = 0; i < xs.size(); ++i)
        all.push_back(between(even[i], odd[i]));
    return all;
}

} // namespace

Variables associative_scan(const detail::Body& f, const Variables& xs, Where where)
{
    const Location* place = locate(where, "associative_scan");
    refuse_empty("associative_scan", where, xs);
    if (xs.empty())
        throw user_error(Code::domain, place, "associative_scan", "there are no arrays");
    if (f.arity >= 0 && static_cast<std::size_t>(f.arity) != 2 * xs.size())
        throw user_error(Code::domain, place, "associative_scan", "f takes {}, given {} of {}",
                         counted(f.arity, "parameter"), counted(2, "slice"),
                         counted(xs.size(), "array"));
    for (std::size_t i = 0; i < xs.size(); ++i)
        if (xs[i].rank() == 0 || never_equal(xs[i].extent(0), xs[0].extent(0)))
            throw user_error(Code::shape, place, "associative_scan",
                             "array {} has shape {}, array 0 {}: axis 0 must be the same", i,
                             to_string(xs[i].shape()), to_string(xs[0].shape()));
    const CallerPlaces caller;
    const OriginScope origin(place);
    const Combine combine(f, xs.size(), caller, place);
    const bool known =
        std::ranges::all_of(xs, [](const Variable& x) { return x.extent(0).is_known(); });
    if (known) return running(combine, xs);
    // One after the other, from the first slice on.
    Variables first;
    std::vector<Sequence> rest;
    for (const Variable& x : xs) {
        SliceParams tail = whole(x.shape());
        tail.start[0] = 1;
        rest.emplace_back(slice_of(x, tail));
        SliceParams head = whole(x.shape());
        head.stop[0] = 1;
        first.push_back(slice_of(x, head));
    }
    std::vector<State> init;
    for (const Variable& v : first)
        init.emplace_back(squeeze(v, Axis{0}));
    const auto step = [&](const Variables& in) {
        const auto middle = in.begin() + static_cast<std::ptrdiff_t>(xs.size());
        return Step{combine.one({middle, in.end()}, {in.begin(), middle})};
    };
    const OriginScope loop(noted_place(
        place, "associative_scan (one slice after the other, as their number is a symbol)"));
    const ScanResult r = scan(step, {.sequences = rest, .init = init});
    Variables all;
    for (std::size_t i = 0; i < xs.size(); ++i)
        all.push_back(concatenate({first[i], r.history[i]}, 0));
    return all;
}

} // namespace croton::inline v1
