#include "conform.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/ops/structure.hpp>

namespace croton::inline v1 {

Variable conform(const Variable& v, const Type& type, const Location* where)
{
    Variable y = v;
    if (y.dtype() != type.dtype()) {
        const bool literal = y.is_weak() && y.leaf() == Leaf::constant;
        y = literal ? constant(y.constant().cast(type.dtype()), where)
                    : cast(y, type.dtype(), where);
    }
    const Shape from = y.shape();
    const Shape& to = type.shape();
    if (same(from, to)) return y;
    if (from.size() > to.size()) return {};
    for (std::size_t i = 0; i < from.size(); ++i) {
        const Extent& have = from[i];
        if (!same(have, to[to.size() - from.size() + i]) && !(have.is_known() && have.value() == 1))
            return {};
    }
    return broadcast_to(y, to, where);
}

} // namespace croton::inline v1
