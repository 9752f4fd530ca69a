#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops.hpp>

#include "fuzz/bodies.hpp"

namespace croton::test {

namespace {

using A = const MakerArgs&;

/// A condition on a counter and on the state, which starts as an operand.
Made make_while(const Maker&, A a)
{
    needs_floats(a);
    const Body& body = body_of(a, 0);
    const int steps = a.choice(1, 5), most = 1 + a.choice(2, 4);
    const Variable &x = a.x[0], &c = a.x[1];
    const Variables last = while_loop(
        [&](const Variable& i, const Variable& h) { return i < steps && all(abs(h) < 2); },
        [&](const Variable& i, const Variable& h) { return Variables{i + 1, body.make(h, x, c)}; },
        {Variable(Array::scalar(std::int64_t{0})), x}, most);
    return {
        last[1],
        fmt::format("ct::while_loop([&](const ct::Variable& i, const ct::Variable& h) {{ return "
                    "i < {2} && ct::all(ct::abs(h) < 2); }}, [&](const ct::Variable& i, const "
                    "ct::Variable& h) {{ const auto &x = {0}, &c = {1}; return ct::Variables{{i "
                    "+ 1, {4}}}; }}, {{ct::Array::scalar(std::int64_t{{0}}), {0}}}, {3})[1]",
                    a.names[0], a.names[1], steps, most, body.text)};
}

/// A number of steps, or as many as there are slices; each adds its number.
Made make_fori(const Maker&, A a)
{
    needs_floats(a);
    const Body& body = body_of(a, 0);
    const int steps = a.choice(1, 5);
    const Variable &x = a.x[0], &c = a.x[1];
    const Variable count = steps == 4 ? Variable(x.extent(0)) : Variable(steps);
    const Variables last = fori_loop(count,
                                     [&](const Variable& i, const Variable& h) {
                                         return body.make(h, x, c) * 0.5 + 0.1 * cast(i, h.dtype());
                                     },
                                     {x});
    return {last[0],
            fmt::format("ct::fori_loop({}, [&](const ct::Variable& i, const ct::Variable& h) {{ "
                        "const auto &x = {}, &c = {}; return ({}) * 0.5 + 0.1 * ct::cast(i, "
                        "h.dtype()); }}, {{{}}})[0]",
                        steps == 4 ? a.names[0] + ".extent(0)" : std::to_string(steps), a.names[0],
                        a.names[1], body.text, a.names[0])};
}

/// One of three expressions, by how many elements are large; the number may be out of range.
Made make_switch(const Maker&, A a)
{
    needs_floats(a);
    const Body &first = body_of(a, 0), &second = body_of(a, 1);
    const int cases = 2 + a.choice(2, 3);
    const Variable &x = a.x[0], &c = a.x[1];
    const Variable number = sum(x > 0.5) % cases;
    return {switch_case(number, {[&] { return first.make(x, x, c); },
                                 [&] { return second.make(x, x, c); }, [&] { return x * 0.5; }})[0],
            fmt::format("[&](const ct::Variable& x, const ct::Variable& c) {{ const auto& h = x; "
                        "return ct::switch_case(ct::sum(x > 0.5) % {4}, {{[&] {{ return {2}; }}, "
                        "[&] {{ return {3}; }}, [&] {{ return x * 0.5; }}}})[0]; }}({0}, {1})",
                        a.names[0], a.names[1], first.text, second.text, cases)};
}

Made make_reduce(const Maker&, A a)
{
    needs_floats(a);
    const Body& body = body_of(a, 0);
    const Variable& c = a.x[1];
    const Variables last =
        reduce([&](const Variable& x, const Variable& h) { return body.make(h, x, c); }, {a.x[0]},
               {zeros_like(a.x[0](0))});
    return {last[0],
            fmt::format("ct::reduce([&](const ct::Variable& x, const ct::Variable& h) {{ const "
                        "auto& c = {1}; return {2}; }}, {{{0}}}, {{ct::zeros({0}.dtype(), "
                        "{0}(0).shape())}})[0]",
                        a.names[0], a.names[1], body.text)};
}

/// Of one array, or of pairs as of a linear recurrence: h = a h + b.
Made make_associative(const Maker&, A a)
{
    needs_floats(a);
    static constexpr struct {
        std::string_view text;
        Variable (*make)(const Variable& p, const Variable& q);
    } ops[] = {
        {"p + q", [](const Variable& p, const Variable& q) -> Variable { return p + q; }},
        {"p * q", [](const Variable& p, const Variable& q) -> Variable { return p * q; }},
        {"ct::maximum(p, q)", [](const Variable& p, const Variable& q) { return maximum(p, q); }}};
    const int which = a.choice(0, 4);
    const Variable& x = a.x[0];
    if (which < 3) {
        const auto& op = ops[which];
        const auto f = [&](const Variable& p, const Variable& q) { return op.make(p, q); };
        return {associative_scan(f, {x})[0],
                fmt::format("ct::associative_scan([](const ct::Variable& p, const ct::Variable& q) "
                            "{{ return {}; }}, {{{}}})[0]",
                            op.text, a.names[0])};
    }
    const auto f = [](const Variable& p, const Variable& u, const Variable& q, const Variable& v) {
        return Variables{q * p, q * u + v};
    };
    return {associative_scan(f, {tanh(x), x})[1],
            fmt::format("ct::associative_scan([](const ct::Variable& p, const ct::Variable& u, "
                        "const ct::Variable& q, const ct::Variable& v) {{ return "
                        "ct::Variables{{q * p, q * u + v}}; }}, {{ct::tanh({0}), {0}}})[1]",
                        a.names[0])};
}

/// A loop whose gradient stores some of its states, or which is written out in part.
Made make_checkpoints(const Maker&, A a)
{
    needs_floats(a);
    const Body& body = body_of(a, 0);
    static constexpr std::string_view texts[] = {"2", "ct::square_root", "ct::binomial(2)", "0"};
    const Checkpoints every[] = {2, square_root, binomial(2), 0};
    const auto k = static_cast<std::size_t>(a.choice(1, 4));
    const int unroll = 1 + a.choice(2, 3);
    const bool last = a.choice(2, 2) == 0;
    const Variable& c = a.x[1];
    const ScanResult run =
        scan([&](const Variable& x, const Variable& h) { return body.make(h, x, c); },
             {.sequences = {a.x[0]},
              .init = {zeros_like(a.x[0](0))},
              .unroll = unroll,
              .checkpoint = every[k]});
    return {last ? run.last[0] : run.history[0],
            fmt::format("ct::scan([&](const ct::Variable& x, const ct::Variable& h) {{ const auto& "
                        "c = {1}; return {2}; }}, {{.sequences = {{{0}}}, .init = "
                        "{{ct::zeros({0}.dtype(), {0}(0).shape())}}, .unroll = {3}, .checkpoint = "
                        "{4}}}).{5}[0]",
                        a.names[0], a.names[1], body.text, unroll, texts[k],
                        last ? "last" : "history")};
}

/// sin(x) x with its derivative as a rule of either kind, by itself or in a loop's step.
Made make_custom(const Maker& maker, A a)
{
    needs_floats(a);
    const bool vjp = maker.name == "custom_vjp", in_loop = a.choice(0, 2) == 1;
    const auto value = [](const Variable& x) { return sin(x) * x; };
    const auto slope = [](const Variable& x) { return sin(x) + cos(x) * x; };
    const auto f = [&](const Variable& x) {
        return vjp ? custom_vjp(value, [&](const Variable& v, const Variable&,
                                           const Variable& bar) { return bar * slope(v); })(x)
                   : custom_jvp(value, [&](const Variable& v, const Variable& dot) {
                         return dot * slope(v);
                     })(x);
    };
    const std::string rule =
        fmt::format("ct::{}([](const ct::Variable& v) {{ return ct::sin(v) * v; }}, [](const "
                    "ct::Variable& v, {}const ct::Variable& d) {{ return d * (ct::sin(v) + "
                    "ct::cos(v) * v); }})",
                    maker.name, vjp ? "const ct::Variable&, " : "");
    if (!in_loop) return {f(a.x[0]), fmt::format("{}({})", rule, a.names[0])};
    const ScanResult run =
        scan([&](const Variable& x, const Variable& h) { return f(x + 0.5 * h) * 0.5; },
             {.sequences = {a.x[0]}, .init = {zeros_like(a.x[0](0))}});
    return {run.history[0],
            fmt::format("ct::scan([&](const ct::Variable& x, const ct::Variable& h) {{ return "
                        "{1}(x + 0.5 * h) * 0.5; }}, {{.sequences = {{{0}}}, .init = "
                        "{{ct::zeros({0}.dtype(), {0}(0).shape())}}}}).history[0]",
                        a.names[0], rule)};
}

/// Steps that bring any two states closer, to the precision that the dtype has.
Made make_fixed_point(const Maker&, A a)
{
    needs_floats(a);
    const Variable& x = a.x[0];
    if (size_bytes(x.dtype()) < 4) throw user_error(Code::dtype, nullptr, "fuzz", "too coarse");
    const bool coupled = a.choice(0, 2) == 1;
    const double tolerance = x.dtype() == DType::f64 ? 1e-12 : 1e-4;
    const Variable y = fixed_point(
        [&](const Variable& h, const Variable& p) {
            return coupled ? 0.2 * sin(h) - 0.1 * tanh(flip(h, -1)) + p : 0.3 * cos(h) + p;
        },
        zeros_like(x), {x}, {.tolerance = tolerance, .max_steps = 60});
    return {y, fmt::format("ct::fixed_point([](const ct::Variable& h, const ct::Variable& p) -> "
                           "ct::Variable {{ return {1}; }}, ct::zeros({0}.dtype(), {0}.shape()), "
                           "{{{0}}}, {{.tolerance = {2}, .max_steps = 60}})",
                           a.names[0],
                           coupled ? "0.2 * ct::sin(h) - 0.1 * ct::tanh(ct::flip(h, -1)) + p"
                                   : "0.3 * ct::cos(h) + p",
                           number_text(tolerance))};
}

} // namespace

std::vector<Maker> other_loops()
{
    return {{"while", 2, make_while},
            {"fori", 2, make_fori},
            {"switch", 2, make_switch},
            {"reduce", 2, make_reduce},
            {"associative scan", 1, make_associative},
            {"checkpoints", 2, make_checkpoints},
            {"custom_vjp", 1, make_custom},
            {"custom_jvp", 1, make_custom},
            {"fixed point", 1, make_fixed_point}};
}

} // namespace croton::test
