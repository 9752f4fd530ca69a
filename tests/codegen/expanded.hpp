#pragma once

#include <croton/codegen/clusters.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/expand_composites.hpp>
#include <croton/passes/pass.hpp>

namespace croton::test {

/// As code generation sees outputs: composites written out, reductions split.
inline Variables expanded(const Variables& outputs)
{
    Graph graph(leaves(outputs), outputs);
    const PassOptions options;
    PassReport report;
    PassContext context{options, report};
    ExpandComposites().run(graph, context);
    return codegen::split_reductions(graph.outputs());
}

} // namespace croton::test
