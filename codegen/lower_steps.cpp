#include "lower_steps.hpp"

#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/traverse.hpp>

#include "cluster_index.hpp"
#include "cluster_roots.hpp"

namespace croton::inline v1::codegen {

namespace {

constexpr std::int64_t most_elements = 16; ///< of a state, a slice or an out
constexpr std::size_t most_states = 64;    ///< elements of all of them

bool is_small(const Variable& v)
{
    const Extent count = element_count(v.shape());
    return count.is_known() && count.value() <= most_elements;
}

/// Every index into a value of few elements, in C order.
std::vector<At> elements_of(const Shape& shape)
{
    std::vector<At> all{{{}, shape}};
    for (const Extent& extent : shape) {
        std::vector<At> longer;
        for (const At& at : all)
            for (std::int64_t i = 0; i < extent.value(); ++i) {
                longer.push_back(at);
                longer.back().index.emplace_back(i);
            }
        all = std::move(longer);
    }
    return all;
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
    Steps(const Apply& scan, LoopNest& nest) : scan_(scan), puller_(nest), nest_(nest) {}

    Puller& puller() { return puller_; }

    void write()
    {
        const auto& p = scan_.params_as<ScanParams>();
        const auto states = static_cast<std::size_t>(p.states);
        const auto sequences = static_cast<std::size_t>(p.sequences);
        const detail::Atom* t = loop_symbol(0);
        const Variables results = body_at(as_extent(t));
        const auto inside = p.body.inputs();
        for (std::size_t k = 0; k < states; ++k)
            for (const At& at : elements_of(inside[sequences + k].shape()))
                carries_.push_back({-1, -1, puller_.pull(scan_.input(sequences + k), at), -1});
        puller_.open({t, loop_name(0), p.steps, p.reverse ? LoopKind::backward : LoopKind::serial});
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
    const auto inside = p.body.inputs();
    std::size_t states = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(p.sequences + p.states); ++i) {
        if (!is_small(inside[i])) return false;
        if (i >= static_cast<std::size_t>(p.sequences))
            states += static_cast<std::size_t>(element_count(inside[i].shape()).value());
    }
    if (states > most_states) return false;
    std::int64_t statements = 0;
    for (const Variable& v : p.body.outputs())
        if (!is_small(v)) return false;
    for (const Apply& a : applies_of(p.body.outputs())) {
        if (!is_of_elements(a.op()) || !is_small(a.output(0))) return false;
        if (is_pointwise(a.op())) statements += element_count(a.output(0).shape()).value();
        if (statements > most_scalar_statements) return false;
    }
    return true;
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
