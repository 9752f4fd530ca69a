#include <croton/ir/build.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/scan_parts.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/inline_regions.hpp>

#include <algorithm>
#include <limits>
#include <optional>

#include "loop_body.hpp"

namespace croton::inline v1 {

namespace {

using detail::ScanParts;

/// The values of a region for these inputs.
Variables
values_of(std::span<const Variable> results, const Variables& inside, const Variables& outside)
{
    VariableMap by;
    for (std::size_t i = 0; i < inside.size(); ++i)
        by.emplace(inside[i], outside[i]);
    return copy_graph(results, by);
}

std::optional<std::int64_t> constant_of(const Variable& v)
{
    if (v.leaf() != Leaf::constant) return {};
    return v.constant().as_int(0);
}

/// How many steps a loop runs at most, where that is known.
std::optional<std::int64_t> known_steps(const ScanParts& parts)
{
    std::optional<std::int64_t> most;
    if (parts.endless)
        most = std::numeric_limits<std::int64_t>::max();
    else if (parts.steps.is_known())
        most = parts.steps.value();
    if (parts.limit.is_empty()) return most;
    const std::optional<std::int64_t> limit = constant_of(parts.limit);
    if (limit && *limit <= 0) return 0;
    if (!limit || !most) return {};
    return std::min(*limit, *most);
}

class Loop {
public:
    explicit Loop(const Apply& scan) : scan_(scan), parts_(detail::take_apart(scan)) {}

    /// One Variable for each output; none where it stays a loop as it is.
    Variables written_out() const
    {
        const std::optional<std::int64_t> steps = known_steps(parts_);
        if (!steps) return {};
        const OriginScope origin(scan_.location());
        if (*steps == 0) return without_steps();
        if (*steps == 1 && has_one_row()) return one_step();
        return parts_.endless && parts_.stop.is_empty() ? bounded(*steps) : Variables();
    }

private:
    const std::vector<int>& kept() const { return scan_.params_as<ScanParams>().kept; }

    /// That of each group that is kept.
    Variables results(const Variables& last, const Variables& collected, std::int64_t count) const
    {
        Variables all = last;
        all.insert(all.end(), collected.begin(), collected.end());
        all.push_back(constant(Array::scalar(count), scan_.location()));
        Variables some;
        for (std::size_t k = 0; k < all.size(); ++k)
            if (kept()[k] != 0) some.push_back(all[k]);
        return some;
    }

    Variables collected() const
    {
        Variables all = parts_.next;
        all.insert(all.end(), parts_.out.begin(), parts_.out.end());
        return all;
    }

    Variables without_steps() const
    {
        Variables rows;
        for (const Variable& v : collected()) {
            Shape shape = v.shape();
            shape.insert(shape.begin(), parts_.steps);
            rows.push_back(zeros(v.dtype(), shape));
        }
        return results(parts_.init, rows, 0);
    }

    /// Whether what is collected of one step is all that is collected.
    bool has_one_row() const
    {
        const bool one = parts_.steps.is_known() && parts_.steps.value() == 1;
        const auto states = static_cast<std::ptrdiff_t>(parts_.state.size());
        return one || std::count(kept().begin() + states, kept().end() - 1, 1) == 0;
    }

    Variables one_step() const
    {
        Variables inside = parts_.x, outside;
        for (const Variable& s : parts_.sequences) {
            const Extent at = parts_.at_end ? parts_.steps - 1 : Extent(0);
            SliceParams row = whole(s.shape());
            row.start[0] = at;
            row.stop[0] = at + 1;
            row.dropped = {0};
            outside.push_back(slice_of(s, row));
        }
        for (const auto& [in, out] : {std::pair(&parts_.state, &parts_.init),
                                      std::pair(&parts_.constant, &parts_.constants)}) {
            inside.insert(inside.end(), in->begin(), in->end());
            outside.insert(outside.end(), out->begin(), out->end());
        }
        const Variables values = values_of(collected(), inside, outside);
        Variables rows;
        for (const Variable& v : values)
            rows.push_back(expand_dims(v, 0));
        return results({values.begin(), values.begin() + std::ssize(parts_.next)}, rows, 1);
    }

    Variables bounded(std::int64_t steps) const
    {
        ScanParts parts = parts_;
        parts.endless = false;
        parts.limit = {};
        parts.at_end = parts.reverse;
        parts.steps = steps;
        return detail::build_kept(parts, kept(), scan_.location());
    }

    const Apply& scan_;
    ScanParts parts_;
};

Variables taken_branch(const Apply& apply)
{
    const Variable& number = apply.input(0);
    if (number.leaf() != Leaf::constant) return {};
    const std::vector<Region>& branches = apply.params_as<SwitchParams>().branches;
    const Region& taken = branches[reference::switch_branch(number.constant(), branches.size())];
    return values_of(taken.outputs(), {taken.inputs().begin(), taken.inputs().end()},
                     {apply.inputs().begin() + 1, apply.inputs().end()});
}

} // namespace

Changed InlineRegions::run(Graph& graph, PassContext&) const
{
    return changed_if(graph.rewrite([](const Apply& apply, Variables& out) {
        if (is_a<Scan>(apply))
            out = Loop(apply).written_out();
        else if (&apply.op() == &switch_op) // what is to be computed again stays a graph
            out = taken_branch(apply);
        // Extents that are only known to be equal when the function runs make other types.
        return !out.empty() &&
               std::ranges::equal(out, apply.outputs(), [](const Variable& a, const Variable& b) {
                   return a.type() == b.type();
               });
    }));
}

} // namespace croton::inline v1
