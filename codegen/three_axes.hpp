#pragma once

#include <croton/codegen/clusters.hpp>

#include "cluster_index.hpp"
#include "known_extent.hpp"
#include "puller.hpp"

namespace croton::inline v1::codegen {

/// kept-in-front, reduced or running, kept-behind: each one axis.
struct ThreeAxes {
    Extent outer, middle, behind;
    At at() const
    {
        return {{outer_index(), as_extent(loop_symbol(1)), behind_index()},
                {outer, middle, behind}};
    }
    At kept() const { return {{outer_index(), behind_index()}, {outer, behind}}; }
    Extent outer_index() const
    {
        return is_known_as(outer, 1) ? Extent(0) : as_extent(loop_symbol(0));
    }
    Extent behind_index() const
    {
        return is_known_as(behind, 1) ? Extent(0) : as_extent(loop_symbol(2));
    }

    /// Opens the loops over the kept axes; none over an axis of one element.
    void open_outer(Puller& puller) const
    {
        if (is_known_as(outer, 1)) return;
        puller.open({loop_symbol(0), "i", outer});
        puller.innermost().parallel = true;
    }
    void open_behind(Puller& puller) const
    {
        if (!is_known_as(behind, 1)) puller.open({loop_symbol(2), "k", behind});
    }
};

inline void close_all(Puller& puller)
{
    while (puller.depth() > 0)
        puller.close();
}

} // namespace croton::inline v1::codegen
