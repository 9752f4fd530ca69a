#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>

#include "body_derivatives.hpp"
#include "mask_algebra.hpp"
#include "pull_back.hpp"
#include "switch_parts.hpp"

namespace croton::inline v1::detail {

namespace {

Variable mask_or(const Variable& mask, bool otherwise, const Variable& like)
{
    if (!mask.is_empty()) return mask;
    return otherwise ? ones(DType::boolean, like.shape()) : zeros(DType::boolean, like.shape());
}

Variables inputs_of(const Region& branch)
{
    return {branch.inputs().begin(), branch.inputs().end()};
}

} // namespace

MaskedBars body_cotangents(const Bodies& bodies,
                           const MaskedBars& y,
                           const std::vector<bool>& wanted,
                           std::string_view function,
                           const Location* place)
{
    const std::size_t count = bodies.operands.size();
    Variables operands(bodies.operands.begin(), bodies.operands.end());
    std::vector<std::size_t> flowing; // outputs with a cotangent
    for (std::size_t i = 0; i < y.bars.size(); ++i)
        if (!is_zero(y.bars[i])) flowing.push_back(i);
    for (const Variables* from : {&y.bars, &y.masks})
        for (std::size_t i : flowing)
            if (!(*from)[i].is_empty()) operands.push_back((*from)[i]);
    std::vector<Variables> inputs;
    std::vector<MaskedBars> given;
    for (const Region& graph : bodies.graphs) {
        Variables ins = inputs_of(graph);
        Variables ys, bars, masks;
        for (std::size_t i : flowing) {
            ys.push_back(graph.outputs()[i]);
            bars.push_back(placeholder_like(y.bars[i]));
            ins.push_back(bars.back());
        }
        for (std::size_t i : flowing) {
            masks.push_back(y.masks[i].is_empty() ? Variable() : placeholder_like(y.masks[i]));
            if (!masks.back().is_empty()) ins.push_back(masks.back());
        }
        // What is not wanted may be behind ops that have no gradient.
        Variables xs;
        for (std::size_t k = 0; k < count; ++k)
            if (wanted[k]) xs.push_back(graph.inputs()[k]);
        const MaskedBars pulled = pull_back_masked(ys, bars, masks, xs, function, place);
        MaskedBars& all = given.emplace_back(Variables(count), Variables(count));
        for (std::size_t k = 0, next = 0; k < count; ++k) {
            if (!wanted[k]) continue;
            all.bars[k] = pulled.bars[next];
            all.masks[k] = pulled.masks[next++];
        }
        inputs.push_back(std::move(ins));
    }
    // Every graph gives what any gives: 0 where nothing flows, and then no element counts.
    std::vector<Variables> results(bodies.graphs.size());
    std::vector<std::size_t> with_bar, with_mask;
    for (std::size_t k = 0; k < count; ++k) {
        const auto has = [&](const auto& of) {
            return std::ranges::any_of(given,
                                       [&](const MaskedBars& g) { return !of(g)[k].is_empty(); });
        };
        if (!has([](const MaskedBars& g) -> auto& { return g.bars; })) continue;
        with_bar.push_back(k);
        if (has([](const MaskedBars& g) -> auto& { return g.masks; })) with_mask.push_back(k);
    }
    for (std::size_t b = 0; b < results.size(); ++b) {
        for (std::size_t k : with_bar)
            results[b].push_back(given[b].bars[k].is_empty() ? zeros_like(bodies.operands[k])
                                                             : given[b].bars[k]);
        for (std::size_t k : with_mask)
            results[b].push_back(
                mask_or(given[b].masks[k], !given[b].bars[k].is_empty(), bodies.operands[k]));
    }
    MaskedBars all{Variables(count), Variables(count)};
    if (with_bar.empty()) return all;
    const Variables values = bodies.build(operands, inputs, results);
    for (std::size_t i = 0; i < with_bar.size(); ++i)
        all.bars[with_bar[i]] = values[i];
    for (std::size_t i = 0; i < with_mask.size(); ++i)
        all.masks[with_mask[i]] = values[with_bar.size() + i];
    return all;
}

std::vector<Pushed> body_tangents(const Bodies& bodies,
                                  const Variables& y,
                                  std::span<const Pushed> x_dots,
                                  std::string_view function,
                                  const Location* place)
{
    Variables operands(bodies.operands.begin(), bodies.operands.end());
    for (const Pushed& x : x_dots)
        if (!x.dot.is_empty()) operands.push_back(x.dot);
    std::vector<Variables> inputs;
    std::vector<std::vector<Pushed>> given;
    for (const Region& graph : bodies.graphs) {
        Variables ins = inputs_of(graph);
        std::vector<Pushed> dots;
        for (std::size_t k = 0; k < graph.inputs().size(); ++k) {
            const Pushed& x = x_dots[k];
            dots.push_back({x.dot.is_empty() ? Variable() : placeholder_like(x.dot), x.refused});
            if (!x.dot.is_empty()) ins.push_back(dots.back().dot);
        }
        given.push_back(push_lazily(graph.outputs(), graph.inputs(), dots, function, place));
        inputs.push_back(std::move(ins));
    }
    std::vector<Pushed> all(y.size());
    std::vector<std::size_t> with_dot;
    for (std::size_t o = 0; o < all.size(); ++o) {
        bool any = false;
        for (const std::vector<Pushed>& g : given) {
            any |= !g[o].dot.is_empty();
            if (g[o].refused) all[o].refused = g[o].refused;
        }
        if (any && !all[o].refused) with_dot.push_back(o);
    }
    if (with_dot.empty()) return all;
    std::vector<Variables> results(bodies.graphs.size());
    for (std::size_t b = 0; b < results.size(); ++b)
        for (std::size_t o : with_dot)
            results[b].push_back(given[b][o].dot.is_empty() ? zeros_like(y[o]) : given[b][o].dot);
    const Variables values = bodies.build(operands, inputs, results);
    for (std::size_t i = 0; i < with_dot.size(); ++i)
        all[with_dot[i]].dot = values[i];
    return all;
}

namespace {

Bodies branches_of(const Apply& a)
{
    return {a.params_as<SwitchParams>().branches, a.inputs().subspan(1),
            [&a](const Variables& operands, const std::vector<Variables>& inputs,
                 const std::vector<Variables>& values) {
                return build_switch(a.op(), a.input(0), operands, inputs, values,
                                    gradient_place(a));
            }};
}

} // namespace

MaskedBars switch_cotangents(const Apply& a,
                             const MaskedBars& y,
                             const std::vector<bool>& wanted,
                             std::string_view function,
                             const Location* place)
{
    MaskedBars x =
        body_cotangents(branches_of(a), y, {wanted.begin() + 1, wanted.end()}, function, place);
    for (Variables* all : {&x.bars, &x.masks})
        all->insert(all->begin(), Variable()); // of the number
    return x;
}

std::vector<Pushed> switch_tangents(const Apply& a,
                                    std::span<const Pushed> x_dots,
                                    std::string_view function,
                                    const Location* place)
{
    return body_tangents(branches_of(a), a.outputs(), x_dots.subspan(1), function, place);
}

} // namespace croton::inline v1::detail
