#include "cluster_roots.hpp"

#include <croton/codegen/loop_nest.hpp>
#include <croton/ir/overloaded.hpp>

#include <algorithm>
#include <set>

#include "puller.hpp"

namespace croton::inline v1::codegen {

bool is_structured(const Op& op)
{
    return std::visit(overloaded{
                          [](const Pointwise&) { return false; },
                          [](const IndexMap&) { return false; },
                          [](const Iota&) { return false; },
                          [](const Gather&) { return false; },
                          [](const auto&) { return true; },
                      },
                      op.lowering);
}

bool repeats(const Apply& apply)
{
    const auto* map = std::get_if<IndexMap>(&apply.op().lowering);
    if (!map || map->keeps_order || apply.inputs().size() != 1) return false;
    return !same(squeezed(apply.output(0).shape()), squeezed(apply.input(0).shape())) &&
           !never_negative(element_count(apply.input(0).shape()) -
                           element_count(apply.output(0).shape()));
}

std::vector<Extent> strides_of(const Extent& offset, std::size_t rank)
{
    std::vector<Extent> strides;
    for (std::size_t i = 0; i < rank; ++i)
        strides.push_back(substitute(offset, {{loop_symbol(i), Extent(1)}}) -
                          substitute(offset, {{loop_symbol(i), Extent(0)}}));
    return strides;
}

bool is_strided(const Variable& v, const Variable& base, const std::vector<std::size_t>& classes)
{
    LoopNest scratch;
    Puller puller(scratch);
    puller.in_memory(base);
    At at;
    at.shape = v.shape();
    for (std::size_t i = 0; i < at.shape.size(); ++i)
        at.index.push_back(as_extent(loop_symbol(i)));
    const ScalarId id = puller.pull(v, at);
    const auto* load = std::get_if<Load>(&scratch.scalars[static_cast<std::size_t>(id)].expression);
    if (!load || load->guard >= 0 || puller.divides()) return false;
    for (const ExtentTerm& t : terms(load->at)) {
        int indices = 0;
        for (const detail::Atom* f : t.factors) {
            if (kind(f) != AtomKind::symbol) return false;
            for (std::size_t i = 0; i < at.shape.size(); ++i)
                indices += f == loop_symbol(i);
        }
        if (indices != 1) return false; // an offset or a product of indices
    }
    const std::vector<Extent> strides = strides_of(load->at, at.shape.size());
    for (std::size_t i = 0; i + 1 < strides.size(); ++i) {
        const bool boundary = std::ranges::count(classes, i + 1) > 0;
        if (!boundary && !same(strides[i], strides[i + 1] * at.shape[i + 1])) return false;
    }
    return true;
}

} // namespace croton::inline v1::codegen
