#pragma once

#include <croton/codegen/clusters.hpp>
#include <croton/codegen/lower.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "cluster_index.hpp"
#include "three_axes.hpp"

namespace croton::inline v1::codegen {

/// Members of a block that leaves a partial result: so few that an ensemble of some thousands has
/// blocks for many threads, and so many that the partial results of a million are few.
constexpr std::int64_t members_of_block = 256;

inline bool is_long(const Extent& extent)
{
    return !extent.is_known() || extent.value() > elements_in_registers;
}

inline Shape long_axes(const Shape& shape)
{
    Shape found;
    std::ranges::copy_if(shape, std::back_inserter(found), is_long);
    return found;
}

/// Along the other axes.
inline std::int64_t elements_beside(const Shape& shape)
{
    std::int64_t count = 1;
    for (const Extent& e : shape)
        if (!is_long(e)) count *= e.value();
    return count;
}

/// Every index into a value of few elements beside its long axes, along which loops run; C order.
inline std::vector<At> elements_of(const Shape& shape)
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

/// Members side by side: vectors of 64 bytes twice.
inline int strip_width(const Cluster& cluster)
{
    const auto is_wide = [](const Variable& v) { return size_bytes(v.dtype()) == 8; };
    return std::ranges::any_of(cluster.roots,
                               [&](const Root& r) {
                                   const auto inputs = r.value.owner().inputs();
                                   return is_wide(r.value) || std::ranges::any_of(inputs, is_wide);
                               })
               ? 16
               : 32;
}

/// How many of a loop's outputs are states after its last step; the others are collected.
inline int last_count(const ScanParams& p)
{
    return static_cast<int>(std::ranges::count(p.kept.begin(), p.kept.begin() + p.states, 1));
}

/// The kernel while it is written: members, if there are any, outermost, and for each of them the
/// cluster's loops and maps one after another.
class Steps {
public:
    Steps(const Cluster& cluster, LoopNest& nest) : cluster_(cluster), puller_(nest), nest_(nest)
    {
        for (const Root& r : cluster.roots)
            if (r.reduces) reduced_.push_back(r.value);
    }

    /// Sequences that members' rows are read along, step by step, which a strip copies first.
    void copy(Variables rows) { copied_ = std::move(rows); }
    /// Sequences that several loops read, which a strip computes first.
    void compute(Variables sequences) { computed_ = std::move(sequences); }

    Puller& puller() { return puller_; }

    void write()
    {
        open_members();
        for (const Variable& v : copied_)
            puller_.copy_to_strip(v, rows_along(v));
        for (const Variable& v : computed_)
            write_sequence(v);
        const detail::Node* last = nullptr;
        for (const Root& r : cluster_.roots) {
            const Apply apply = r.value.owner();
            if (r.reduces)
                reduce(r);
            else if (!std::holds_alternative<Scan>(apply.op().lowering))
                write_map(r);
            else if (std::exchange(last, apply.node()) != apply.node())
                write_loop(apply);
        }
        close_members();
    }

    /// What blocks of members leave of each value that is reduced.
    const Variables& partials() const { return partials_; }
    Extent blocks() const
    {
        const Extent each = rows_of_block();
        return floor_div(cluster_.outer[0] + each - Extent(1), each);
    }

    /// What lies in memory with a member's elements for all steps side by side.
    Variables read_across() const
    {
        Variables found;
        for (const auto& [v, at] : puller_.accesses()) {
            if (at.index.size() < 2 || !croton::same(at.shape, v.shape())) continue;
            const bool across = same(v.shape()[0], cluster_.outer[0]) &&
                                same(at.index.front(), as_extent(loop_symbol(0))) &&
                                puller_.depth_of(at.index.back()) > members_depth_;
            const bool known =
                std::ranges::any_of(found, [&](const Variable& f) { return same(f, v); });
            if (across && !known) found.push_back(v);
        }
        return found;
    }

    /// Of what has steps along its first axis.
    static std::vector<bool> along_members(const Variable& v)
    {
        std::vector<bool> along{false};
        for (std::size_t i = 1; i < v.shape().size(); ++i)
            along.push_back(is_long(v.shape()[i]));
        return along;
    }

    /// The first axis: see read_across.
    static std::vector<bool> rows_along(const Variable& v)
    {
        std::vector<bool> along(v.shape().size(), false);
        along[0] = true;
        return along;
    }

    /// Whether a member reads nothing of another one, and nothing is divided to find a place.
    bool has_separate_members() const
    {
        return !puller_.divides() && std::ranges::none_of(puller_.accesses(), [&](const auto& a) {
            return std::ranges::any_of(own_, [&](const Variable& v) { return same(a.value, v); });
        });
    }

private:
    /// Of the first axis of the members.
    std::int64_t rows_of_block() const
    {
        Extent row = 1;
        for (std::size_t i = 1; i < cluster_.outer.size(); ++i)
            row = row * cluster_.outer[i];
        if (!row.is_known()) return 1;
        return std::max<std::int64_t>(1, members_of_block / row.value());
    }

    void open_members()
    {
        const Shape& members = cluster_.outer;
        if (!reduced_.empty()) {
            puller_.open({block_symbol(), "block", blocks()});
            puller_.innermost().parallel = true;
        }
        for (std::size_t i = 0; i < members.size(); ++i) {
            const bool last = i + 1 == members.size();
            results_.push_back(new_results());
            puller_.open({loop_symbol(i), loop_name(i), members[i],
                          last ? LoopKind::strips : LoopKind::serial});
            Loop& loop = puller_.innermost();
            if (last) loop.width = strip_width(cluster_);
            if (i > 0) continue;
            loop.parallel = reduced_.empty();
            if (reduced_.empty()) continue;
            loop.block = block_symbol();
            loop.block_size = rows_of_block();
        }
        members_depth_ = puller_.depth();
    }

    std::vector<ScalarId> new_results()
    {
        std::vector<ScalarId> results;
        for (const Variable& v : reduced_)
            results.push_back(puller_.add(
                {computed_dtype(v.dtype()), Accumulated{}, puller_.depth(), 0, Variable()}));
        return results;
    }

    void reduce(const Root& r)
    {
        const ScalarId value = puller_.pull(r.value.owner().input(0), symbols_of(cluster_, false));
        puller_.keep(value);
        const std::size_t k = to_reduce_.size();
        to_reduce_.push_back({monoid_of(r.value.owner()), value, results_.back()[k]});
        own(r.value);
    }

    /// Each loop over members combines what the one inside it gives; then a block is done.
    void close_members()
    {
        for (std::size_t i = results_.size(); i-- > 0;) {
            puller_.innermost().accumulators = to_reduce_;
            puller_.close();
            for (std::size_t k = 0; k < to_reduce_.size() && i > 0; ++k) {
                to_reduce_[k].value = std::exchange(to_reduce_[k].result, results_[i - 1][k]);
                puller_.keep(to_reduce_[k].value);
            }
        }
        for (std::size_t k = 0; k < reduced_.size(); ++k) {
            const DType dtype = computed_dtype(reduced_[k].dtype());
            partials_.push_back(input("partial", dtype, {blocks()}));
            puller_.store(partials_[k], {{as_extent(block_symbol())}, {blocks()}},
                          to_reduce_[k].result);
        }
        close_all(puller_);
        if (reduced_.empty()) return;
        nest_.blocked = cluster_.outer[0];
        for (const Variable& p : partials_)
            nest_.partials.push_back(puller_.buffer(p, Buffer::Access::write));
    }

    const Root* root_of(const Variable& v) const
    {
        const auto at =
            std::ranges::find_if(cluster_.roots, [&](const Root& r) { return same(r.value, v); });
        return at == cluster_.roots.end() ? nullptr : &*at;
    }

    void write_sequence(const Variable& v)
    {
        const std::size_t outer = cluster_.outer.size();
        const Shape shape = v.shape();
        puller_.open({loop_symbol(outer), loop_name(outer), shape[0]});
        std::vector<std::pair<At, ScalarId>> values;
        for (At& at : elements_of(Shape(shape.begin() + 1, shape.end()))) {
            at.index.insert(at.index.begin(), as_extent(loop_symbol(outer)));
            at.shape = shape;
            const ScalarId value = puller_.pull(v, at);
            values.emplace_back(std::move(at), value);
        }
        puller_.keep_in_strip(v, along_members(v));
        for (const auto& [at, value] : values)
            puller_.store(v, at, value);
        puller_.close();
    }

    /// What others have of it is not known here: a pull would load it, which is not to be.
    void own(const Variable& v)
    {
        own_.push_back(v);
        puller_.in_memory(v);
    }

    void write_map(const Root& r)
    {
        for (const At& at : elements_of(r.value.shape())) {
            const ScalarId value = puller_.pull(r.value, at);
            if (r.stored) puller_.store(r.value, at, value);
            puller_.known(r.value, at, value);
        }
        own(r.value);
    }

    void write_loop(const Apply& scan)
    {
        const auto& p = scan.params_as<ScanParams>();
        const auto states = static_cast<std::size_t>(p.states);
        const auto sequences = static_cast<std::size_t>(p.sequences);
        const std::size_t outer = cluster_.outer.size();
        const Extent t = as_extent(loop_symbol(outer));
        const Body body = body_at(scan, t);
        std::vector<Carry> carries;
        for (std::size_t k = 0; k < states; ++k)
            for (const At& at : elements_of(body.states[k].shape()))
                carries.push_back({-1, -1, puller_.pull(scan.input(sequences + k), at), -1});
        puller_.open({loop_symbol(outer), loop_name(outer), p.steps,
                      p.reverse ? LoopKind::backward : LoopKind::serial});
        std::size_t next = 0;
        for (const Variable& state : body.states) {
            own(state);
            for (const At& at : elements_of(state.shape())) {
                Carry& c = carries[next++];
                puller_.keep(c.init);
                c.state = puller_.add(
                    {computed_dtype(state.dtype()), Accumulated{}, puller_.depth(), 1, state});
                puller_.known(state, at, c.state);
            }
        }
        next = 0;
        for (std::size_t k = 0; k < body.results.size(); ++k) {
            const int kept = scan_output(p, states + k);
            const Variable all =
                kept < 0 ? Variable() : scan.output(static_cast<std::size_t>(kept));
            if (!all.is_empty()) collect(all);
            for (const At& at : elements_of(body.results[k].shape())) {
                const ScalarId value = puller_.pull(body.results[k], at);
                if (k < states) {
                    puller_.keep(value);
                    carries[next++].next = value;
                }
                if (all.is_empty()) continue;
                At place{{t}, all.shape()};
                place.index.insert(place.index.end(), at.index.begin(), at.index.end());
                puller_.store(all, place, value);
            }
        }
        for (Carry& c : carries) {
            const Scalar& state = nest_.scalars[static_cast<std::size_t>(c.state)];
            c.result =
                puller_.add({state.dtype, Accumulated{}, puller_.depth() - 1, 0, state.value});
        }
        puller_.innermost().carries = carries;
        puller_.close();
        next = 0;
        for (std::size_t k = 0; k < states; ++k) {
            const int last = scan_output(p, k);
            const Variable value =
                last < 0 ? Variable() : scan.output(static_cast<std::size_t>(last));
            if (!value.is_empty()) own(value);
            for (const At& at : elements_of(body.states[k].shape())) {
                const ScalarId result = carries[next++].result;
                if (value.is_empty()) continue;
                if (root_of(value)->stored) puller_.store(value, at, result);
                puller_.known(value, at, result);
            }
        }
    }

    /// A copy of the loop's body for step `t`: what it reads is outside, but for the states, which
    /// are its own.
    struct Body {
        Variables states, results;
    };
    static Body body_at(const Apply& scan, const Extent& t)
    {
        const auto& p = scan.params_as<ScanParams>();
        const auto inside = p.body.inputs();
        const auto sequences = static_cast<std::size_t>(p.sequences);
        Body body;
        VariableMap by;
        for (std::size_t i = 0; i < inside.size(); ++i) {
            const Variable& given = scan.input(i);
            if (i < sequences) {
                SliceParams row = whole(given.shape());
                row.start[0] = t;
                row.stop[0] = t + Extent(1);
                row.dropped = {0};
                by.emplace(inside[i], slice_of(given, row));
            } else if (i < sequences + static_cast<std::size_t>(p.states)) {
                const std::string name(inside[i].name());
                body.states.push_back(input(name, inside[i].dtype(), inside[i].shape()));
                by.emplace(inside[i], body.states.back());
            } else {
                by.emplace(inside[i], given);
            }
        }
        body.results = copy_graph(p.body.outputs(), by);
        return body;
    }

    /// Lets what a loop of this kernel collects be read in later ones.
    void collect(const Variable& all)
    {
        if (cluster_.outer.empty()) return;
        if (root_of(all)->stored) return puller_.reload(all);
        own_.push_back(all);
        puller_.keep_in_strip(all, along_members(all));
    }

    const Cluster& cluster_;
    Puller puller_;
    LoopNest& nest_;
    Variables copied_, computed_;
    Variables own_; ///< values of members, which are known at their own places alone
    int members_depth_ = 0;
    Variables reduced_, partials_;
    std::vector<std::vector<ScalarId>> results_; ///< of each loop over members
    std::vector<Accumulator> to_reduce_;
};

} // namespace croton::inline v1::codegen
