#include "fuzz/loops.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/vmap.hpp>

#include "fuzz/bodies.hpp"

namespace croton::test {

namespace {

using A = const MakerArgs&;

using V = const Variable&;

constexpr Body bodies[] = {
    {"h + x", [](V h, V x, V) -> Variable { return h + x; }},
    {"ct::tanh(h * x + c)", [](V h, V x, V c) -> Variable { return tanh(h * x + c); }},
    {"0.5 * h + ct::sin(x)", [](V h, V x, V) -> Variable { return 0.5 * h + sin(x); }},
    {"ct::maximum(h, x) - c", [](V h, V x, V c) -> Variable { return maximum(h, x) - c; }},
    {"ct::where(x > h, x, h * 0.5)",
     [](V h, V x, V) -> Variable { return where(x > h, x, h * 0.5); }},
    {"h - ct::mean(h) + x * c", [](V h, V x, V c) -> Variable { return h - mean(h) + x * c; }},
    {"ct::tanh(h + ct::sum(h * x)) * c",
     [](V h, V x, V c) -> Variable { return tanh(h + sum(h * x)) * c; }},
    {"ct::sigmoid(h) * x + ct::exp(-ct::square(c))",
     [](V h, V x, V c) -> Variable { return sigmoid(h) * x + exp(-square(c)); }},
    {"ct::flip(h, -1) * 0.5 + x", [](V h, V x, V) -> Variable { return flip(h, -1) * 0.5 + x; }},
    {"ct::tanh(ct::cumsum(h, -1)) + x",
     [](V h, V x, V) -> Variable { return tanh(cumsum(h, -1)) + x; }},
    {"ct::tanh(ct::dot(ct::outer(c, x), h))",
     [](V h, V x, V c) -> Variable { return tanh(dot(outer(c, x), h)); }},
};

} // namespace

const Body& body_of(A a, std::size_t choice)
{
    return bodies[a.choice(choice, static_cast<int>(std::size(bodies)))];
}

void needs_floats(A a)
{
    a.axis(0);
    for (const Variable& v : a.x)
        if (!is_float(v.dtype())) throw user_error(Code::dtype, nullptr, "fuzz", "no state");
}

namespace {

constexpr std::string_view signature = "[&](const ct::Variable& x, const ct::Variable& h)";

std::string options(A a, std::string_view init, bool reverse)
{
    return fmt::format("{{.sequences = {{{}}}, .init = {{{}}}, .reverse = {}}}", a.names[0], init,
                       reverse);
}

/// A sequence, a start value of a slice's shape, and an outer value that broadcasts to it.
Made make_loop(const Maker& maker, A a)
{
    needs_floats(a);
    const Body& body = body_of(a, 0);
    const bool reverse = a.choice(1, 2) == 1;
    const bool last = maker.name == "last";
    const Variable& c = a.x[1];
    const ScanResult run =
        scan([&](const Variable& x, const Variable& h) { return body.make(h, x, c); },
             {.sequences = {a.x[0]}, .init = {zeros_like(a.x[0](0))}, .reverse = reverse});
    const std::string init = fmt::format("ct::zeros({0}.dtype(), {0}(0).shape())", a.names[0]);
    return {last ? run.last[0] : run.history[0],
            fmt::format("ct::scan({} {{ const auto& c = {}; return {}; }}, {}).{}[0]", signature,
                        a.names[1], body.text, options(a, init, reverse),
                        last ? "last" : "history")};
}

/// A number of steps, no sequence; the state starts as an operand.
Made make_steps(const Maker&, A a)
{
    needs_floats(a);
    const Body& body = body_of(a, 0);
    const int steps = a.choice(1, 4);
    const Variable& c = a.x[1];
    const ScanResult run = scan([&](const Variable& h) { return body.make(h, h, c); },
                                {.init = {a.x[0]}, .steps = steps});
    return {run.last[0],
            fmt::format("ct::scan([&](const ct::Variable& h) {{ const auto &x = h, &c = {}; return "
                        "{}; }}, {{.init = {{{}}}, .steps = {}}}).last[0]",
                        a.names[1], body.text, a.names[0], steps)};
}

/// Two states and a collected output; which of the results is kept is drawn.
Made make_two_states(const Maker&, A a)
{
    needs_floats(a);
    const Body &first = body_of(a, 0), &second = body_of(a, 1);
    const Variable& c = a.x[1];
    const Variable start = zeros_like(a.x[0](0));
    const ScanResult run = scan(
        [&](const Variable& x, const Variable& h, const Variable& k) {
            return Step{{first.make(h, x, c), second.make(k, h, c)}, {h * k}};
        },
        {.sequences = {a.x[0]}, .init = {start, start + 0.5}});
    const std::string init = fmt::format(
        "ct::zeros({0}.dtype(), {0}(0).shape()), ct::zeros({0}.dtype(), {0}(0).shape()) + 0.5",
        a.names[0]);
    static constexpr std::string_view kept[] = {"out[0]", "last[1]", "history[0]"};
    const int k = a.choice(2, 3);
    return {k == 0   ? run.out[0]
            : k == 1 ? run.last[1]
                     : run.history[0],
            fmt::format("ct::scan([&](const ct::Variable& x, const ct::Variable& h, const "
                        "ct::Variable& k) {{ const auto& c = {}; const auto first = {}; const "
                        "auto second = [&](const ct::Variable& x, const ct::Variable& h) {{ return "
                        "{}; }}(h, k); return ct::Step{{{{first, second}}, {{h * k}}}}; }}, {}).{}",
                        a.names[1], first.text, second.text, options(a, init, false), kept[k])};
}

/// A loop in a loop: of each slice, the inner one runs over its own axis.
Made make_nested(const Maker&, A a)
{
    needs_floats(a);
    const Body& body = body_of(a, 0);
    const Variable& c = a.x[1];
    const auto inner = [&](const Variable& row, const Variable& h) {
        return scan([&](const Variable& x, const Variable& g) { return body.make(g, x + h, c); },
                    {.sequences = {row}, .init = {h}})
            .last[0];
    };
    const ScanResult run =
        scan([&](const Variable& x, const Variable& h) { return inner(x, h) * 0.5; },
             {.sequences = {a.x[0]}, .init = {zeros_like(a.x[0](0, 0))}});
    return {run.history[0],
            fmt::format(
                "ct::scan([&](const ct::Variable& row, const ct::Variable& g) {{ return "
                "ct::scan([&](const ct::Variable& y, const ct::Variable& h) {{ const auto x = y + "
                "g; const auto& c = {0}; return {2}; }}, {{.sequences = {{row}}, .init = "
                "{{g}}}}).last[0] * 0.5; }}, {{.sequences = {{{1}}}, .init = "
                "{{ct::zeros({1}.dtype(), {1}(0, 0).shape())}}}}).history[0]",
                a.names[1], a.names[0], body.text)};
}

/// Slices and states of two steps: the one before has its own say.
Made make_taps(const Maker&, A a)
{
    needs_floats(a);
    const Body &now = body_of(a, 0), &before = body_of(a, 1);
    const bool reverse = a.choice(2, 2) == 1;
    const Variable& c = a.x[1];
    const ScanResult run =
        scan([&](const Variable& x, const Variable& y, const Variable& g,
                 const Variable& h) { return now.make(h, x, c) - 0.5 * before.make(g, y, c); },
             {.sequences = {{a.x[0], {0, 1}}},
              .init = {{stack({zeros_like(a.x[0](0)), zeros_like(a.x[0](0)) + 0.5}), {-2, -1}}},
              .reverse = reverse});
    return {
        run.history[0],
        fmt::format(
            "ct::scan([&](const ct::Variable& x, const ct::Variable& y, const ct::Variable& g, "
            "const ct::Variable& h) {{ const auto& c = {0}; return {2} - 0.5 * [&](const "
            "ct::Variable& h, const ct::Variable& x) {{ return {3}; }}(g, y); }}, {{.sequences = "
            "{{{{{1}, {{0, 1}}}}}}, .init = {{{{ct::stack({{ct::zeros({1}.dtype(), "
            "{1}(0).shape()), "
            "ct::zeros({1}.dtype(), {1}(0).shape()) + 0.5}}), {{-2, -1}}}}}}, .reverse = "
            "{4}}}).history[0]",
            a.names[1], a.names[0], now.text, before.text, reverse)};
}

/// A loop that may stop before its sequence ends.
Made make_until(const Maker&, A a)
{
    needs_floats(a);
    const Body& body = body_of(a, 0);
    const bool reverse = a.choice(1, 2) == 1, last = a.choice(2, 2) == 1;
    const Variable& c = a.x[1];
    const ScanResult run = scan(
        [&](const Variable& x, const Variable& h) {
            const Variable next = body.make(h, x, c);
            return Step{.state = {next}, .until = any(next > 0.75)};
        },
        {.sequences = {a.x[0]}, .init = {zeros_like(a.x[0](0))}, .reverse = reverse});
    const std::string init = fmt::format("ct::zeros({0}.dtype(), {0}(0).shape())", a.names[0]);
    return {
        last ? run.last[0] : run.history[0],
        fmt::format("ct::scan({} {{ const auto& c = {}; const ct::Variable next = {}; return "
                    "ct::Step{{.state = {{next}}, .until = ct::any(next > 0.75)}}; }}, {}).{}[0]",
                    signature, a.names[1], body.text, options(a, init, reverse),
                    last ? "last" : "history")};
}

/// One of two expressions, by what the operands hold.
Made make_branch(const Maker&, A a)
{
    needs_floats(a);
    const Body &first = body_of(a, 0), &second = body_of(a, 1);
    const Variable &x = a.x[0], &c = a.x[1];
    return {cond(
                any(x > 0.9), [&] { return first.make(x, x, c); },
                [&] { return second.make(x, x, c); })[0],
            fmt::format(
                "[&](const ct::Variable& x, const ct::Variable& c) {{ const auto& h = x; return "
                "ct::cond(ct::any(x > 0.9), [&] {{ return {2}; }}, [&] {{ return {3}; "
                "}})[0]; }}({0}, {1})",
                a.names[0], a.names[1], first.text, second.text)};
}

/// Two states that begin alike, each made of the other: equal, where one body is drawn for both.
Made make_twins(const Maker&, A a)
{
    needs_floats(a);
    const Body& first = body_of(a, 0);
    const Body& second = a.choice(1, 2) == 0 ? first : body_of(a, 1);
    const bool last = a.choice(2, 2) == 1;
    const Variable& c = a.x[1];
    const Variable start = zeros_like(a.x[0](0));
    const ScanResult run = scan(
        [&](const Variable& x, const Variable& h, const Variable& k) {
            return Step{{first.make(k, x, c), second.make(h, x, c)}, {h - 0.5 * k}};
        },
        {.sequences = {a.x[0]}, .init = {start, start}});
    const std::string init = fmt::format(
        "ct::zeros({0}.dtype(), {0}(0).shape()), ct::zeros({0}.dtype(), {0}(0).shape())",
        a.names[0]);
    return {
        last ? run.last[0] - 0.5 * run.last[1] : run.out[0] + run.history[1],
        fmt::format(
            "[&](const ct::ScanResult& run) {{ return {}; }}(ct::scan([&](const ct::Variable& "
            "x, const ct::Variable& h, const ct::Variable& k) {{ const auto& c = {}; const auto "
            "one = [&](const ct::Variable& h) {{ return {}; }}; const auto other = [&](const "
            "ct::Variable& h) {{ return {}; }}; return ct::Step{{{{one(k), other(h)}}, {{h - 0.5 "
            "* k}}}}; }}, {}))",
            last ? "run.last[0] - 0.5 * run.last[1]" : "run.out[0] + run.history[1]", a.names[1],
            first.text, second.text, options(a, init, false))};
}

/// Two loops of the same steps: over one sequence, or the second over what the first one gives.
Made make_two_loops(const Maker&, A a)
{
    needs_floats(a);
    const Body& first = body_of(a, 0);
    const Body& second = a.choice(1, 2) == 0 ? first : body_of(a, 1);
    const int over = a.choice(2, 3);
    const Variable& c = a.x[1];
    const auto loop = [&](const Body& body, const Variable& sequence) {
        return scan([&](const Variable& x, const Variable& h) { return body.make(h, x, c); },
                    {.sequences = {sequence}, .init = {zeros_like(a.x[0](0))}});
    };
    const ScanResult u = loop(first, a.x[0]);
    const ScanResult v = loop(second, over == 0   ? a.x[0]
                                      : over == 1 ? u.history[0]
                                                  : 0.5 * u.history[0] + a.x[0]);
    static constexpr std::string_view sequences[] = {"{0}", "u.history[0]",
                                                     "0.5 * u.history[0] + {0}"};
    const auto text = [&](const Body& body, const std::string& sequence) {
        return fmt::format("ct::scan({0} {{ return {1}; }}, {{.sequences = {{{2}}}, .init = "
                           "{{ct::zeros({3}.dtype(), {3}(0).shape())}}}})",
                           signature, body.text, sequence, a.names[0]);
    };
    return {u.last[0] - 0.5 * v.history[0],
            fmt::format(
                "[&](const ct::Variable& c) {{ const auto u = {}; const auto v = {}; return "
                "u.last[0] - 0.5 * v.history[0]; }}({})",
                text(first, a.names[0]),
                text(second, fmt::format(fmt::runtime(sequences[over]), a.names[0])), a.names[1])};
}

/// Steps that do not need one another, or only what another one was given.
Made make_map(const Maker&, A a)
{
    needs_floats(a);
    const Body& body = body_of(a, 0);
    const bool reverse = a.choice(1, 2) == 1, delayed = a.choice(2, 2) == 1;
    const Variable& c = a.x[1];
    if (!delayed)
        return {map([&](const Variable& x) { return body.make(x, x, c); }, {a.x[0]})[0],
                fmt::format("ct::map([&](const ct::Variable& x) {{ const auto &h = x, &c = {}; "
                            "return {}; }}, {{{}}})[0]",
                            a.names[1], body.text, a.names[0])};
    const ScanResult run = scan(
        [&](const Variable& x, const Variable& h) { return Step{{x * 1.0}, {body.make(h, x, c)}}; },
        {.sequences = {a.x[0]}, .init = {zeros_like(a.x[0](0))}, .reverse = reverse});
    const std::string init = fmt::format("ct::zeros({0}.dtype(), {0}(0).shape())", a.names[0]);
    return {
        run.out[0],
        fmt::format("ct::scan({} {{ const auto& c = {}; return ct::Step{{{{x * 1.0}}, {{{}}}}}; "
                    "}}, {}).out[0]",
                    signature, a.names[1], body.text, options(a, init, reverse))};
}

/// Branches with work in common; which one is taken the graph may know.
Made make_common_branch(const Maker&, A a)
{
    needs_floats(a);
    const Body &common = body_of(a, 0), &other = body_of(a, 1);
    const int known = a.choice(2, 3);
    const Variable &x = a.x[0], &c = a.x[1];
    const Variable condition = known == 0 ? any(x > 0.9) : Variable(Array::scalar(known == 1));
    return {cond(
                condition, [&] { return common.make(x, x, c) - 0.5 * other.make(x, x, c); },
                [&] { return 0.5 * common.make(x, x, c); })[0],
            fmt::format(
                "[&](const ct::Variable& x, const ct::Variable& c) {{ const auto& h = x; return "
                "ct::cond({4}, [&] {{ return {2} - 0.5 * ({3}); }}, [&] {{ return 0.5 * ({2}); "
                "}})[0]; }}({0}, {1})",
                a.names[0], a.names[1], common.text, other.text,
                known == 0 ? std::string("ct::any(x > 0.9)")
                           : fmt::format("ct::Variable(ct::Array::scalar({}))", known == 1))};
}

std::vector<Maker> plain_loops()
{
    std::vector<Maker> all{{"history", 2, make_loop},       {"last", 2, make_loop},
                           {"steps", 2, make_steps},        {"two states", 2, make_two_states},
                           {"nested loop", 2, make_nested}, {"taps", 2, make_taps},
                           {"until", 2, make_until},        {"branch", 2, make_branch}};
    const std::vector<Maker> others = other_loops();
    all.insert(all.end(), others.begin(), others.end());
    return all;
}

/// One of the loops for each slice along some axis, with an outer value that all share.
Made make_vmap(const Maker&, A a)
{
    const std::vector<Maker> loops = plain_loops();
    const Maker& loop =
        loops[static_cast<std::size_t>(a.choice(0, static_cast<int>(loops.size())))];
    const int axis = a.axis(1);
    std::vector<int> choices(a.choices.rbegin(), a.choices.rend());
    std::string text;
    const auto of_member = [&](const Variable& member) {
        Made made = loop.make(loop, {{member, a.x[1]}, {"member", a.names[1]}, choices});
        text = std::move(made.text);
        return made.value;
    };
    const Variable y = vmap(of_member, {axis})(a.x[0]);
    return {y, fmt::format("ct::vmap([&](const ct::Variable& member) -> ct::Variable {{ return "
                           "{}; }}, {{{}}})({})",
                           text, axis, a.names[0])};
}

} // namespace

std::vector<Maker> loop_makers()
{
    std::vector<Maker> all = plain_loops();
    all.push_back({"vmap", 2, make_vmap});
    all.push_back({"twin states", 2, make_twins});
    all.push_back({"two loops", 2, make_two_loops});
    all.push_back({"map", 2, make_map});
    all.push_back({"common branch", 2, make_common_branch});
    return all;
}

} // namespace croton::test
