#include "lower_steps.hpp"

#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <iterator>

#include "cluster_index.hpp"
#include "cluster_roots.hpp"
#include "three_axes.hpp"

namespace croton::inline v1::codegen {

namespace {

constexpr std::int64_t most_elements = 16; ///< of a state, a slice or an out
constexpr std::int64_t most_states = 64;   ///< elements of all of them

bool is_long(const Extent& extent) { return !extent.is_known() || extent.value() > most_elements; }

Shape long_axes(const Shape& shape)
{
    Shape found;
    std::ranges::copy_if(shape, std::back_inserter(found), is_long);
    return found;
}

/// Along the other axes.
std::int64_t elements_beside(const Shape& shape)
{
    std::int64_t count = 1;
    for (const Extent& e : shape)
        if (!is_long(e)) count *= e.value();
    return count;
}

/// Every index into a value of few elements beside its long axes, along which loops run; C order.
std::vector<At> elements_of(const Shape& shape)
{
    std::vector<At> all{{{}, shape}};
    std::size_t loops = 0;
    for (const Extent& extent : shape) {
        std::vector<At> longer;
        for (const At& at : all) {
            if (is_long(extent)) {
                longer.push_back(at);
                longer.back().index.push_back(as_extent(loop_symbol(loops)));
                continue;
            }
            for (std::int64_t i = 0; i < extent.value(); ++i) {
                longer.push_back(at);
                longer.back().index.emplace_back(i);
            }
        }
        loops += is_long(extent);
        all = std::move(longer);
    }
    return all;
}

/// The long axes of a loop's states, the same of all that have any, first to last: all elements
/// along them are states of loops of their own.
Shape members_of(const Apply& scan)
{
    const auto& p = scan.params_as<ScanParams>();
    for (int k = 0; k < p.states; ++k)
        if (Shape axes =
                long_axes(p.body.inputs()[static_cast<std::size_t>(p.sequences + k)].shape());
            !axes.empty())
            return axes;
    return {};
}

/// Ops whose elements are made of single elements at places that are known when the step is
/// written.
bool is_of_elements(const Op& op)
{
    return !is_structured(op) && !std::holds_alternative<Gather>(op.lowering);
}

/// The kernel while it is written.
class Steps {
public:
    Steps(const Apply& scan, LoopNest& nest)
        : scan_(scan), members_(members_of(scan)), puller_(nest), nest_(nest)
    {}

    Puller& puller() { return puller_; }

    void write()
    {
        const auto& p = scan_.params_as<ScanParams>();
        const auto states = static_cast<std::size_t>(p.states);
        const auto sequences = static_cast<std::size_t>(p.sequences);
        const std::size_t outer = members_.size();
        for (std::size_t i = 0; i < outer; ++i) {
            const LoopKind kind = i + 1 == outer ? LoopKind::strips : LoopKind::serial;
            puller_.open({loop_symbol(i), loop_name(i), members_[i], kind});
            puller_.innermost().parallel = i == 0;
        }
        const detail::Atom* t = loop_symbol(outer);
        const Variables results = body_at(as_extent(t));
        const auto inside = p.body.inputs();
        for (std::size_t k = 0; k < states; ++k)
            for (const At& at : elements_of(inside[sequences + k].shape()))
                carries_.push_back({-1, -1, puller_.pull(scan_.input(sequences + k), at), -1});
        puller_.open(
            {t, loop_name(outer), p.steps, p.reverse ? LoopKind::backward : LoopKind::serial});
        std::size_t next = 0;
        for (std::size_t k = 0; k < states; ++k) {
            const Variable& state = inside[sequences + k];
            for (const At& at : elements_of(state.shape())) {
                Carry& c = carries_[next++];
                puller_.keep(c.init);
                c.state = puller_.add(
                    {computed_dtype(state.dtype()), Accumulated{}, puller_.depth(), 1, state});
                puller_.known(state, at, c.state);
            }
        }
        next = 0;
        for (std::size_t k = 0; k < results.size(); ++k) {
            const int kept = scan_output(p, states + k);
            for (const At& at : elements_of(results[k].shape())) {
                const ScalarId value = puller_.pull(results[k], at);
                if (k < states) {
                    puller_.keep(value);
                    carries_[next++].next = value;
                }
                if (kept < 0) continue;
                const Variable all = scan_.output(static_cast<std::size_t>(kept));
                At place{{as_extent(t)}, all.shape()};
                place.index.insert(place.index.end(), at.index.begin(), at.index.end());
                puller_.store(all, place, value);
            }
        }
        for (Carry& c : carries_) {
            const Scalar& state = nest_.scalars[static_cast<std::size_t>(c.state)];
            c.result =
                puller_.add({state.dtype, Accumulated{}, puller_.depth() - 1, 0, state.value});
        }
        puller_.innermost().carries = carries_;
        puller_.close();
        next = 0;
        for (std::size_t k = 0; k < states; ++k) {
            const int last = scan_output(p, k);
            for (const At& at : elements_of(results[k].shape())) {
                const ScalarId value = carries_[next++].result;
                if (last >= 0)
                    puller_.store(scan_.output(static_cast<std::size_t>(last)), at, value);
            }
        }
        close_all(puller_);
    }

    /// Whether a member reads no other one's states, and nothing is divided to find a place.
    bool has_separate_members() const
    {
        const auto& p = scan_.params_as<ScanParams>();
        return !puller_.divides() && std::ranges::none_of(puller_.accesses(), [&](const auto& a) {
            for (int k = 0; k < p.states; ++k)
                if (same(a.value, p.body.inputs()[static_cast<std::size_t>(p.sequences + k)]))
                    return true;
            return false;
        });
    }

private:
    /// The body's results at step `t`, in terms of what is outside and the states.
    Variables body_at(const Extent& t) const
    {
        const auto& p = scan_.params_as<ScanParams>();
        const auto inside = p.body.inputs();
        VariableMap by;
        for (std::size_t i = 0; i < inside.size(); ++i) {
            const bool is_state = i >= static_cast<std::size_t>(p.sequences) &&
                                  i < static_cast<std::size_t>(p.sequences + p.states);
            if (is_state) continue;
            const Variable& given = scan_.input(i);
            if (i >= static_cast<std::size_t>(p.sequences)) {
                by.emplace(inside[i], given);
                continue;
            }
            SliceParams row = whole(given.shape());
            row.start[0] = t;
            row.stop[0] = t + Extent(1);
            row.dropped = {0};
            by.emplace(inside[i], slice_of(given, row));
        }
        return copy_graph(p.body.outputs(), by);
    }

    const Apply& scan_;
    Shape members_; ///< see members_of
    Puller puller_;
    LoopNest& nest_;
    std::vector<Carry> carries_;
};

} // namespace

bool fits_a_kernel(const Apply& scan)
{
    const auto& p = scan.params_as<ScanParams>();
    if (p.until || p.limited || p.endless || p.states == 0) return false;
    if (p.steps.is_known() && p.steps.value() < 1) return false; // there is no slice to read
    const auto inside = p.body.inputs(), results = p.body.outputs();
    const auto sequences = static_cast<std::size_t>(p.sequences);
    const Shape members = members_of(scan);
    if (members.size() >= most_axes) return false;
    std::int64_t states = 0;
    for (std::size_t i = 0; i < sequences + static_cast<std::size_t>(p.states); ++i) {
        const Shape& shape = inside[i].shape();
        if (elements_beside(shape) > most_elements) return false;
        const Shape axes = long_axes(shape);
        if (i < sequences) {
            if (members.empty() && !axes.empty()) return false;
            continue;
        }
        // Of a state without members each member has its own copy, and none writes it.
        if (!axes.empty() && !same(axes, members)) return false;
        states += elements_beside(shape);
    }
    if (states > most_states) return false;
    for (std::size_t k = 0; k < results.size(); ++k) {
        if (elements_beside(results[k].shape()) > most_elements) return false;
        const bool is_state = k < static_cast<std::size_t>(p.states);
        const bool kept = (is_state && scan_output(p, k) >= 0) ||
                          scan_output(p, static_cast<std::size_t>(p.states) + k) >= 0;
        if (kept && !same(long_axes(results[k].shape()), members)) return false;
    }
    std::int64_t statements = 0;
    for (const Apply& a : applies_of(results)) {
        const Shape& shape = a.output(0).shape();
        if (!is_of_elements(a.op()) || elements_beside(shape) > most_elements) return false;
        if (members.empty() && !long_axes(shape).empty()) return false;
        if (is_pointwise(a.op())) statements += elements_beside(shape);
        if (statements > most_scalar_statements) return false;
    }
    if (members.empty()) return true;
    LoopNest scratch;
    Steps steps(scan, scratch);
    for (const Variable& in : scan.inputs())
        steps.puller().in_memory(in);
    steps.write();
    return steps.has_separate_members();
}

LoopNest lower_steps(const Cluster& cluster)
{
    LoopNest nest;
    const Apply scan = cluster.roots[0].value.owner();
    nest.applies.push_back(scan);
    Steps steps(scan, nest);
    read_others(steps.puller(), cluster);
    steps.write();
    return nest;
}

} // namespace croton::inline v1::codegen
