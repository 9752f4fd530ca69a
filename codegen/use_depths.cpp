#include "use_depths.hpp"

#include <croton/ir/overloaded.hpp>

#include <algorithm>

namespace croton::inline v1::codegen {

std::vector<int> use_depths(const LoopNest& nest)
{
    std::vector<int> depths(nest.scalars.size(), 0);
    const auto use = [&](ScalarId id, int depth) {
        if (id >= 0)
            depths[static_cast<std::size_t>(id)] =
                std::max(depths[static_cast<std::size_t>(id)], depth);
    };
    for (const Scalar& s : nest.scalars)
        std::visit(overloaded{
                       [&](const Load& l) { use(l.guard, s.depth); },
                       [&](const Compute& c) {
                           for (ScalarId o : c.operands)
                               use(o, s.depth);
                       },
                       [&](const InRange& r) { use(r.also, s.depth); },
                       [&](const Select& x) {
                           use(x.condition, s.depth), use(x.a, s.depth), use(x.b, s.depth);
                       },
                       [&](const CheckedIndex& x) { use(x.raw, s.depth); },
                       [](const auto&) {},
                   },
                   s.expression);
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
    std::visit(overloaded{
                   [&](const Load& l) { mark(l.guard, needed), mark_index(l.at); },
                   [&](const Compute& c) {
                       for (ScalarId o : c.operands)
                           mark(o, needed);
                   },
                   [&](const InRange& r) {
                       mark(r.also, needed);
                       for (const auto& g : r.guards)
                           mark_index(g.value), mark_index(g.bound);
                   },
                   [&](const Select& x) {
                       mark(x.condition, needed), mark(x.a, needed), mark(x.b, needed);
                   },
                   [&](const CheckedIndex& x) { mark(x.raw, needed); },
                   [&](const IndexValue& v) { mark_index(v.value); },
                   [](const auto&) {},
               },
               nest.scalars[static_cast<std::size_t>(id)].expression);
}

} // namespace croton::inline v1::codegen
