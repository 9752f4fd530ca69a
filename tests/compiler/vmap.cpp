// vmap: a function of one member as a function of a batch, against the function applied to each.
#include <croton/croton.hpp>

#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/compare.hpp"

namespace ct = croton;
using croton::test::Approx;
using ct::_;
using ct::Array;
using ct::Variable;
using ct::Variables;
using List = std::vector<double>;

namespace {

Array column(const List& v) { return Array::copy(ct::View<const double>(v)); }

/// A batch's function and the one of a member, both compiled; whether the first gives in each row
/// what the second gives of that member's.
struct Compared {
    Variables batch_inputs, inputs; ///< in the same order; a batch's have the members on axis 0
    Variables batch_outputs, outputs;
    /// Terms may be added in another order.
    croton::test::Tolerance tolerance = {.ulp = 64, .absolute = 1e-13};

    void check(const std::vector<Array>& at) const
    {
        for (const bool reference : {false, true}) {
            const ct::Options options{.reference = reference, .allow_unused_inputs = true};
            const auto whole = ct::function(batch_inputs, batch_outputs, options);
            const auto one = ct::function(inputs, outputs, options);
            const ct::Results all = whole.call(std::vector<ct::Any>(at.begin(), at.end()));
            const std::int64_t members = all[0].shape()[0];
            for (std::int64_t m = 0; m < members; ++m) {
                std::vector<ct::Any> part;
                for (std::size_t i = 0; i < at.size(); ++i)
                    part.emplace_back(batch_inputs[i].rank() == inputs[i].rank() ? at[i]
                                                                                 : at[i][m]);
                const ct::Results expected = one.call(part);
                for (std::size_t k = 0; k < outputs.size(); ++k) {
                    INFO("member " << m << ", output " << k << (reference ? ", reference" : ""));
                    CHECK(croton::test::first_difference(all[k][m].clone(), expected[k],
                                                         tolerance) == "");
                }
            }
        }
    }
};

/// `f` of each member's row of a matrix, and its gradient.
template <class F>
void check_rows(const F& f, const Array& rows, bool gradient = true)
{
    const std::int64_t width = rows.shape()[1];
    const Variable xs = ct::matrix<double>("xs", {ct::dim("members"), width});
    const Variable x = ct::vector<double>("x", {width});
    Compared c{{xs}, {x}, {ct::vmap(f)(xs)}, {f(x)}};
    if (gradient) {
        const auto slope = [&](const Variable& v) { return ct::grad(ct::sum(f(v)), v); };
        c.outputs.push_back(slope(x));
        c.batch_outputs.push_back(ct::vmap(slope)(xs)); // of the gradient
        c.outputs.push_back(slope(x));
        c.batch_outputs.push_back(ct::grad(ct::sum(c.batch_outputs[0]), xs)); // of the batch
    }
    c.check({rows});
}

const Array rows = Array::normal(3, {5, 4}, ct::DType::f64);

} // namespace

TEST_CASE("operands with members on any axis, or shared")
{
    const auto xs = ct::matrix<double>("xs", {3, ct::dim("b")});
    const auto w = ct::vector<double>("w", {3});
    const auto f =
        ct::vmap([](const Variable& x, const Variable& v) { return x * v; }, {1, ct::no_axis}, -1);
    const Variable y = f(xs, w);
    CHECK(y.rank() == 2);
    const auto g = ct::function({xs, w}, y);
    const List x{1, 2, 3, 4, 5, 6};
    const Array got =
        g(Array::copy(ct::View<const double, 2>(x.data(), {3, 2})), List{1, 10, 100})[0];
    const List expected{1, 2, 30, 40, 500, 600};
    for (std::int64_t i = 0; i < 6; ++i)
        CHECK(got.as_double(i) == expected[static_cast<std::size_t>(i)]);
    // A list of results; what does not depend on a member is the same for each.
    const Variables both =
        ct::vmap([&](const Variable& v) { return Variables{sum(v), sum(w)}; }, {1})(xs);
    CHECK(both.size() == 2);
    const Array shared =
        ct::function({xs, w}, both[1])(Array::zeros(ct::DType::f64, {3, 4}), List{1, 2, 3})[0];
    CHECK(shared.shape()[0] == 4);
    CHECK(shared.as_double(3) == 6);
}

TEST_CASE("results with members on an axis of their own")
{
    const auto xs = ct::matrix<double>("xs", {ct::dim("b"), 3});
    const auto parts = [](const Variable& x) {
        return Variables{ct::sum(x), 2.0 * x, ct::outer(x, x)};
    };
    const Variables first = ct::vmap(parts)(xs);
    // As NumPy counts axes: those of the result, from its end where negative.
    const Variables moved = ct::vmap(parts, {0}, {0, 1, -2})(xs);
    const std::vector<int> axes{0, 1, 1};
    const Variables same = ct::vmap(parts, {0}, axes)(xs);
    CHECK(to_string(moved[1].shape()) == "(3, b)");
    CHECK(to_string(moved[2].shape()) == "(3, b, 3)");
    const auto f = ct::function(
        {xs}, {first[0], first[1], first[2], moved[0], moved[1], moved[2], same[1], same[2]});
    const ct::Results r = f(Array::normal(9, {5, 3}, ct::DType::f64));
    for (std::int64_t b = 0; b < 5; ++b) {
        CHECK(r[3].as_double(b) == r[0].as_double(b));
        for (std::int64_t i = 0; i < 3; ++i) {
            CHECK(r[4].as_double(i * 5 + b) == r[1].as_double(b * 3 + i));
            CHECK(r[6].as_double(i * 5 + b) == r[1].as_double(b * 3 + i));
            for (std::int64_t j = 0; j < 3; ++j) {
                CHECK(r[5].as_double((i * 5 + b) * 3 + j) == r[2].as_double((b * 3 + i) * 3 + j));
                CHECK(r[7].as_double((i * 5 + b) * 3 + j) == r[2].as_double((b * 3 + i) * 3 + j));
            }
        }
    }
    // A list of one for a function of one result; one axis for all of them.
    const auto twice = [](const Variable& x) { return 2.0 * x; };
    CHECK(to_string(ct::vmap(twice, {0}, {1})(xs).shape()) == "(3, b)");
    const Variables last =
        ct::vmap([](const Variable& x) { return Variables{x, x + 1.0}; }, {0}, -1)(xs);
    CHECK(to_string(last[0].shape()) == "(3, b)");
    CHECK(to_string(last[1].shape()) == "(3, b)");
}

TEST_CASE("products of each member are one product")
{
    const Variable w = Array::normal(5, {4, 4}, ct::DType::f64);
    check_rows([&](const Variable& x) { return tanh(ct::dot(x, w)); }, rows);
    check_rows([&](const Variable& x) { return ct::dot(w, x); }, rows);
    check_rows([&](const Variable& x) { return ct::outer(x, x); }, rows);
    check_rows([&](const Variable& x) { return ct::dot(x, x); }, rows);
    const auto xs = ct::matrix<double>("xs", {16, 4});
    const auto f =
        ct::function({xs}, ct::vmap([&](const Variable& x) { return ct::dot(x, w); })(xs));
    CHECK(f.explain().find("64") != std::string::npos); // of (16, 4), not 16 times of 4
}

TEST_CASE("a condition of each member's own is a selection, and nothing out of range is read")
{
    const auto f = [](const Variable& x) {
        return ct::cond(
            x(0) > 0, [&] { return ct::take(x, cast(x(0), ct::DType::i64)); },
            [&] { return Variable(2.0 * x(3)); })[0];
    };
    Array small = rows.clone();
    for (std::int64_t m = 0; m < 5; ++m) // what is not taken is far out of range
        static_cast<double*>(small.data())[4 * m] = m % 2 ? -1000.0 : 2.5;
    check_rows(f, small);
    const auto xs = ct::matrix<double>("xs", {5, 4});
    const auto g = ct::function({xs}, ct::vmap(f)(xs));
    CHECK(g.explain().find("all branches, then a selection") != std::string::npos);
    const auto three = [](const Variable& x) {
        return ct::switch_case(cast(floor(4.0 * x(0)), ct::DType::i64),
                               {[&] { return sin(x); }, [&] { return Variable(x * x); },
                                [&] { return Variable(3.0 * x); }})[0];
    };
    check_rows(three, rows);
}

TEST_CASE("explain() says that a Jacobian or a Hessian of each member is a loop of sweeps")
{
    const auto xs = ct::matrix<double>("xs", {5, 4});
    const auto f = [](const Variable& x) { return tanh(ct::cumsum(x, 0)) * x; };
    const auto all = [&](const Variable& x) { return ct::jacobian(f(x), x); };
    const auto second = [&](const Variable& x) { return ct::hessian(ct::sum(f(x)), x); };
    const auto one = [&](const Variable& x) { return ct::grad(ct::sum(f(x)), x); };
    const std::string loop = " (a loop of sweeps)";
    CHECK(ct::function({xs}, ct::vmap(all)(xs)).explain().find("jacobian" + loop) !=
          std::string::npos);
    CHECK(ct::function({xs}, ct::vmap(second)(xs)).explain().find("hessian" + loop) !=
          std::string::npos);
    CHECK(ct::function({xs}, ct::vmap(one)(xs)).explain().find(loop) == std::string::npos);
}

TEST_CASE("a condition that members share stays a branch")
{
    const auto n = ct::scalar<double>("n");
    const auto xs = ct::matrix<double>("xs", {5, 4});
    const auto f = [&](const Variable& x) {
        return ct::cond(n > 0, [&] { return x * n; }, [&] { return Variable(x - 1.0); })[0];
    };
    const auto x = ct::vector<double>("x", {4});
    const Compared c{{xs, n}, {x, n}, {ct::vmap(f)(xs)}, {f(x)}};
    c.check({rows, Array::scalar(2.0)});
    c.check({rows, Array::scalar(-2.0)});
    const auto g = ct::function({xs, n}, ct::vmap(f)(xs));
    CHECK(g.explain().find("selection") == std::string::npos);
}

TEST_CASE("loops of a batch")
{
    // States, sequences, histories, outs; in both directions; a state that all share.
    for (const bool reverse : {false, true}) {
        const auto f = [&](const Variable& x) {
            const auto step = [&](const Variable& v, const Variable& s, const Variable& n) {
                return ct::Step{{sin(s + v * n), n + 1.0}, {s * v}};
            };
            const auto r = ct::scan(
                step, {.sequences = {x}, .init = {sum(x), Variable(1.0)}, .reverse = reverse});
            return ct::stack(
                {r.last[0] * r.last[1], sum(r.history[0] * r.out[0]), sum(r.history[1] * x)});
        };
        check_rows(f, rows);
    }
    // Loops in loops, over members of members.
    const auto nested = [](const Variable& x) {
        const auto inner = ct::vmap([&](const Variable& a) {
            return ct::fori_loop(3,
                                 [&](const Variable& i, const Variable& s) {
                                     return s * a + cast(i, ct::DType::f64);
                                 },
                                 {a})[0];
        });
        return inner(x);
    };
    check_rows(nested, rows);
}

TEST_CASE("members that stop at different steps keep what they have")
{
    const auto until = [](bool reverse) {
        return [=](const Variable& x) {
            const auto step = [](const Variable& v, const Variable& s) {
                const Variable next = s + abs(v);
                return ct::Step{{next}, {2.0 * next}, next > 1.5};
            };
            const auto r =
                ct::scan(step, {.sequences = {x}, .init = {0.25 * x(1)}, .reverse = reverse});
            return ct::concatenate({ct::expand_dims(r.last[0], 0), r.history[0], r.out[0],
                                    ct::expand_dims(cast(r.count, ct::DType::f64), 0)});
        };
    };
    check_rows(until(false), rows);
    check_rows(until(true), rows);
    // Newton's steps, as many as each number needs; some none.
    const auto root = [](const Variable& x) {
        const Variable a = square(x(0)) + 0.1;
        return ct::while_loop([&](const Variable& y) { return abs(y * y - a) > 1e-9; },
                              [&](const Variable& y) { return 0.5 * (y + a / y); }, {a}, 60)[0];
    };
    check_rows(root, rows);
    const auto endless = [](const Variable& x) {
        return ct::while_loop([&](const Variable& y) { return y < 10.0; },
                              [&](const Variable& y) { return y * 2.0; }, {1.0 + square(x(0))})[0];
    };
    check_rows(endless, rows, false);
    // A number of steps of each one's own; the index stays where the member stopped.
    const auto counted = [](const Variable& x) {
        const Variable steps = cast(floor(2.0 * abs(x(1))), ct::DType::i64) - 1;
        return ct::fori_loop(ct::minimum(steps, 4),
                             [&](const Variable& i, const Variable& s) { return s + take(x, i); },
                             {0.0 * x(0)})[0];
    };
    check_rows(counted, rows, false);
    const auto xs = ct::matrix<double>("xs", {5, 4});
    const auto g = ct::function({xs}, ct::vmap(root)(xs));
    CHECK(g.explain().find("a loop until all members are done") != std::string::npos);
}

TEST_CASE("derivatives through a bounded loop that members leave at different steps")
{
    const auto xs = ct::vector<double>("xs", {6});
    const auto x = ct::scalar<double>("x");
    const auto f = [](const Variable& v) {
        return ct::while_loop([](const Variable& y) { return y < 5.0; },
                              [&](const Variable& y) { return y * v + 0.5; }, {v}, 20)[0];
    };
    const auto slope = [&](const Variable& v) { return ct::grad(f(v), v); };
    const auto second = [&](const Variable& v) { return ct::grad(slope(v), v); };
    const auto forward = [&](const Variable& v) { return ct::jvp(f(v), {v}, {Variable(1.0)}); };
    const Compared c{
        {xs},
        {x},
        {ct::vmap(f)(xs), ct::vmap(slope)(xs), ct::vmap(second)(xs), ct::vmap(forward)(xs)},
        {f(x), slope(x), second(x), forward(x)}};
    c.check({column({0.3, 1.1, 1.5, 2.0, 4.0, 7.0})});
}

TEST_CASE("a branch that a member does not take runs no loop of its own")
{
    // The loop of the branch that is not taken would not end.
    const auto f = [](const Variable& x) {
        return ct::cond(
            x(0) > 0,
            [&] {
                return ct::while_loop([](const Variable& y) { return y < 10.0; },
                                      [&](const Variable& y) { return y + x(0); }, {x(1)})[0];
            },
            [&] { return Variable(x(2)); })[0];
    };
    check_rows(f, rows, false);
    // Nor does it read with an index that all members share.
    const auto n = ct::scalar<std::int64_t>("n");
    const auto xs = ct::matrix<double>("xs", {5, 4});
    const auto g = ct::vmap([&](const Variable& x) {
        return ct::cond(x(0) > 1e9, [&] { return ct::take(x, n); }, [&] { return x(1); })[0];
    })(xs);
    CHECK(ct::function({xs, n}, g)(rows, std::int64_t{77})[0].as_double(0) == rows.as_double(1));
}

TEST_CASE("nothing runs for members that a branch is not for: limits, functions of one's own")
{
    // As many steps as the member that does not take the branch has would not end.
    const auto x = ct::vector<double>("x", {2});
    const auto n = ct::vector<std::int64_t>("n", {2});
    const auto counted = [](const Variable& v, const Variable& k) {
        return ct::cond(
            k < 100,
            [&] {
                return ct::fori_loop(k, [](const Variable&, const Variable& s) { return s + 1.0; },
                                     {v})[0];
            },
            [&] { return Variable(v * 2.0); })[0];
    };
    const std::vector<std::int64_t> steps{5, std::int64_t{1} << 50};
    const Array r = ct::function({x, n}, ct::vmap(counted)(x, n))(List{1, 2}, steps)[0];
    CHECK(r.as_double(0) == 6);
    CHECK(r.as_double(1) == 4);
    const auto taken =
        ct::custom_vjp([](const Variable& v, const Variable& k) { return ct::take(v, k); },
                       [](const Variable& v, const Variable&, const Variable&,
                          const Variable& bar) { return Variables{bar + 0.0 * v, Variable()}; });
    const auto xs = ct::matrix<double>("xs", {2, 3});
    const auto guarded = [&](const Variable& v, const Variable& k) {
        return ct::cond(k < 3, [&] { return taken(v, k); }, [&] { return Variable(v(0)); })[0];
    };
    const Variable y = ct::vmap(guarded)(xs, n);
    const auto f = ct::function({xs, n}, {y, ct::grad(ct::sum(y), xs)});
    const List given{1, 2, 3, 4, 5, 6};
    const ct::Results both = f(Array::copy(ct::View<const double, 2>(given.data(), {2, 3})),
                               std::vector<std::int64_t>{2, 1000});
    CHECK(both[0].as_double(0) == 3);
    CHECK(both[0].as_double(1) == 4);
    const List slope{1, 1, 1, 1, 0, 0};
    for (std::int64_t i = 0; i < 6; ++i)
        CHECK(both[1].as_double(i) == slope[static_cast<std::size_t>(i)]);
}

TEST_CASE("batches of batches")
{
    const auto xs = ct::tensor<double>("xs", {3, 4, 2});
    const auto f = [](const Variable& x) { return x(0) * ct::sum(x); };
    const auto g = ct::function({xs}, {ct::vmap(ct::vmap(f))(xs), xs(_, _, 0) * ct::sum(xs, 2)});
    const ct::Results r = g(Array::normal(8, {3, 4, 2}, ct::DType::f64));
    for (std::int64_t i = 0; i < 12; ++i)
        CHECK(r[0].as_double(i) == r[1].as_double(i));
}

TEST_CASE("random numbers: of a key that members share the same, else each its own")
{
    const auto keys = ct::vector<std::uint64_t>("keys", {3});
    const auto draws = ct::function({keys}, ct::vmap([](const Variable& k) {
                                        return ct::normal(ct::DType::f64, k, {4});
                                    })(keys));
    const std::vector<std::uint64_t> given{7, 8, 7};
    const Array got = draws(given)[0];
    const Array seventh = Array::normal(7, {4}, ct::DType::f64);
    for (std::int64_t i = 0; i < 4; ++i) {
        CHECK(got.as_double(i) == seventh.as_double(i));
        CHECK(got.as_double(8 + i) == seventh.as_double(i));
        CHECK(got.as_double(4 + i) != seventh.as_double(i));
    }
}

TEST_CASE("a batch of no member, and of one")
{
    const auto f = [](const Variable& x) {
        return ct::while_loop([](const Variable& y) { return sum(y) < 10.0; },
                              [](const Variable& y) { return y + 1.0; }, {x}, 50)[0];
    };
    const auto xs = ct::matrix<double>("xs", {ct::dim("b"), 4});
    const auto g = ct::function({xs}, ct::vmap(f)(xs));
    CHECK(g(Array::zeros(ct::DType::f64, {0, 4}))[0].size() == 0);
    CHECK(g(Array::zeros(ct::DType::f64, {1, 4}))[0].as_double(0) == 3);
}
