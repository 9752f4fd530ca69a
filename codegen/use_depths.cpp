#include "use_depths.hpp"

#include <croton/ir/overloaded.hpp>

#include <algorithm>

namespace croton::inline v1::codegen {

std::vector<ScalarId> operands_of(const Scalar& scalar)
{
    std::vector<ScalarId> found =
        std::visit(overloaded{
                       [](const Load& l) { return std::vector{l.guard}; },
                       [](const Compute& c) { return c.operands; },
                       [](const InRange& r) { return std::vector{r.also}; },
                       [](const Select& x) { return std::vector{x.condition, x.a, x.b}; },
                       [](const CheckedIndex& x) { return std::vector{x.raw}; },
                       [](const auto&) { return std::vector<ScalarId>(); },
                   },
                   scalar.expression);
    std::erase(found, -1);
    return found;
}

std::vector<int> use_depths(const LoopNest& nest)
{
    std::vector<int> depths(nest.scalars.size(), 0);
    const auto use = [&](ScalarId id, int depth) {
        if (id >= 0)
            depths[static_cast<std::size_t>(id)] =
                std::max(depths[static_cast<std::size_t>(id)], depth);
    };
    for (const Scalar& s : nest.scalars)
        for (const ScalarId o : operands_of(s))
            use(o, s.depth);
    const auto walk = [&](const auto& self, const Block& block, int depth) -> void {
        for (const Statement& st : block)
            visit(st, overloaded{
                          [&](const Let&) {},
                          [&](const Store& s) { use(s.value, depth); },
                          [&](const Loop& l) {
                              for (const Accumulator& a : l.accumulators)
                                  use(a.value, l.depth);
                              for (const Carry& c : l.carries)
                                  use(c.init, depth), use(c.next, l.depth);
                              self(self, l.body, l.depth);
                          },
                          [&](const ColumnLoop& l) {
                              for (const auto& t : l.targets)
                                  use(t.value, l.depth), use(t.place, l.depth);
                              self(self, l.body, l.depth);
                          },
                      });
    };
    for (const Block* block : blocks_of(nest))
        walk(walk, *block, 0);
    return depths;
}

void mark_needed(const LoopNest& nest, ScalarId id, std::set<ScalarId>& needed)
{
    const auto mark = [&](ScalarId next, std::set<ScalarId>& found) {
        mark_needed(nest, next, found);
    };
    if (id < 0 || !needed.insert(id).second) return;
    const auto mark_index = [&](const Extent& e) {
        for (const detail::Atom* s : symbols(e))
            for (std::size_t k = 0; k < nest.scalars.size(); ++k)
                if (nest.scalars[k].symbol == s) mark(static_cast<ScalarId>(k), needed);
    };
    const Scalar& scalar = nest.scalars[static_cast<std::size_t>(id)];
    for (const ScalarId o : operands_of(scalar))
        mark(o, needed);
    std::visit(overloaded{
                   [&](const Load& l) { mark_index(l.at); },
                   [&](const InRange& r) {
                       for (const auto& g : r.guards)
                           mark_index(g.value), mark_index(g.bound);
                   },
                   [&](const IndexValue& v) { mark_index(v.value); },
                   [](const auto&) {},
               },
               scalar.expression);
}

} // namespace croton::inline v1::codegen
