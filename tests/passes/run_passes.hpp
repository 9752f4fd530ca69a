#pragma once

// For tests of passes on loops and branches: some passes on a graph, and what its loops are then.

#include <croton/ir/ops.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/pass.hpp>

#include <algorithm>
#include <string_view>

#include "support/catch.hpp"
#include "support/finite_difference.hpp"

namespace croton::test {

template <class... P>
Variables after(const Variables& inputs, const Variables& ys, const PassOptions& options, P... pass)
{
    Graph graph(inputs, ys);
    PassReport report;
    PassContext context{options, report};
    (pass.run(graph, context), ...);
    return graph.outputs();
}

/// A function costs more than an operator.
inline int flops(const Op& op, DType)
{
    const std::string_view dear[] = {"exp", "sin", "cos"};
    return std::ranges::count(dear, op.name) > 0 ? 30 : 1;
}
inline const PassOptions with_costs{.flops = flops, .flops_worth_storing = 8};

inline std::vector<ScanParams> loops_of(const Variables& ys)
{
    std::vector<ScanParams> loops;
    for (const Apply& a : applies_of(ys))
        if (&a.op() == &scan_op) loops.push_back(a.params_as<ScanParams>());
    return loops;
}

inline bool has(const ScanParams& loop, std::string_view op)
{
    return std::ranges::any_of(applies_of(loop.body.outputs()),
                               [&](const Apply& a) { return a.op().name == op; });
}

inline void check_same(const Variables& inputs,
                       const std::vector<Array>& at,
                       const Variables& before,
                       const Variables& now,
                       double near = 1e-14)
{
    REQUIRE(before.size() == now.size());
    for (std::size_t i = 0; i < before.size(); ++i)
        for (std::int64_t e = 0; e < element_count(before[i].shape()).value(); ++e) {
            INFO("output " << i << ", element " << e);
            CHECK(value_at(inputs, at, now[i], e) ==
                  Approx(value_at(inputs, at, before[i], e)).epsilon(near).margin(1e-300));
        }
}

} // namespace croton::test
