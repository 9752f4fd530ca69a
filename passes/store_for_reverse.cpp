#include <croton/ir/build.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/scan_parts.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/store_for_reverse.hpp>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/boykov_kolmogorov_max_flow.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <queue>

namespace croton::inline v1 {

namespace {

using detail::ScanParts;

/// Where an operation is never done again, or a value has to be there.
constexpr std::int64_t unbounded = std::int64_t{1} << 50;
/// Of an element of an op with a body of its own, or one that the cost model says nothing of.
constexpr std::int64_t flops_of_a_body = 1000;

std::int64_t count(const Shape& shape)
{
    constexpr std::int64_t of_a_symbol = 64, most = std::int64_t{1} << 24;
    Extent all = element_count(shape);
    Substitution by;
    for (const detail::Atom* s : symbols(all))
        by.emplace_back(s, Extent(of_a_symbol));
    all = substitute(all, by);
    return all.is_known() ? std::clamp(all.value(), std::int64_t{1}, most) : most;
}

std::int64_t flops_of(const Apply& a, const PassOptions& options)
{
    const Variable y = a.output(0);
    const std::int64_t elements = count(y.shape());
    return std::visit(
        overloaded{
            [&](const Pointwise&) { return elements * options.flops(a.op(), y.dtype()); },
            [&](const IndexMap&) { return elements; },
            [&](const Iota&) { return elements; },
            [&](const Gather&) { return 2 * elements; },
            [&](const Reduce&) { return count(a.input(0).shape()); },
            [&](const Prefix&) { return 2 * elements; },
            [&](const Contract&) { // (m k) (k n) (m n) = (m n k)^2
                const auto size = [](const Variable& v) {
                    return static_cast<double>(count(v.shape()));
                };
                return static_cast<std::int64_t>(
                    2 * std::sqrt(size(a.input(0)) * size(a.input(1)) * size(y)));
            },
            [&](const auto&) { return elements * flops_of_a_body; },
        },
        a.op().lowering);
}

/// A graph of capacities for Boost's maximum flow.
class Flow {
public:
    using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::bidirectionalS>;
    using Edge = Traits::edge_descriptor;
    using Vertex = Traits::vertex_descriptor;

    Vertex vertex() { return boost::add_vertex(graph_); }

    void edge(Vertex from, Vertex to, std::int64_t capacity)
    {
        const auto add = [&](Vertex a, Vertex b, std::int64_t c) {
            const Edge e = boost::add_edge(a, b, graph_).first;
            graph_[e].capacity = c;
            return e;
        };
        const Edge there = add(from, to, capacity), back = add(to, from, 0);
        graph_[there].reverse = back;
        graph_[back].reverse = there;
    }

    /// Of each vertex whether it is on the side of `source` of a minimum cut: the one that is
    /// nearest to it.
    std::vector<bool> cut(Vertex source, Vertex sink)
    {
        const std::size_t n = boost::num_vertices(graph_);
        std::vector<Edge> predecessor(n);
        std::vector<boost::default_color_type> colour(n);
        std::vector<std::int64_t> distance(n);
        boost::boykov_kolmogorov_max_flow(graph_, boost::get(&Capacities::capacity, graph_),
                                          boost::get(&Capacities::residual, graph_),
                                          boost::get(&Capacities::reverse, graph_),
                                          predecessor.data(), colour.data(), distance.data(),
                                          boost::get(boost::vertex_index, graph_), source, sink);
        std::vector<bool> reached(n, false);
        std::queue<Vertex> next;
        next.push(source);
        reached[source] = true;
        while (!next.empty()) {
            const Vertex v = next.front();
            next.pop();
            for (auto [e, end] = boost::out_edges(v, graph_); e != end; ++e) {
                const Vertex to = boost::target(*e, graph_);
                if (reached[to] || graph_[*e].residual == 0) continue;
                reached[to] = true;
                next.push(to);
            }
        }
        return reached;
    }

private:
    struct Capacities {
        std::int64_t capacity = 0, residual = 0;
        Edge reverse{0, 0, nullptr}; // of its own it would be undefined
    };
    boost::adjacency_list<boost::vecS,
                          boost::vecS,
                          boost::bidirectionalS,
                          boost::no_property,
                          Capacities>
        graph_;
};

bool runs_all_steps(const ScanParts& parts)
{
    return parts.stop.is_empty() && parts.limit.is_empty() && !parts.endless && !parts.at_end;
}

/// A reverse loop and the one whose steps it reads.
class Pair {
public:
    Pair(const Apply& loop, const Apply& reverse, const PassOptions& options)
        : options_(options), loop_(loop), reverse_(reverse), of_loop_(detail::take_apart(loop)),
          of_reverse_(detail::take_apart(reverse))
    {
        results_ = of_reverse_.next;
        results_.insert(results_.end(), of_reverse_.out.begin(), of_reverse_.out.end());
        applies_ = applies_of(results_);
        match_leaves();
        match_applies();
    }

    /// Values of the reverse loop's steps that are to be stored; empty: all stays as it is.
    ///
    /// no_more_bytes   than are stored now
    Variables to_store(bool no_more_bytes)
    {
        // A loop in a step is computed again: a chunk between checkpoints is one.
        const bool has_loops = std::ranges::any_of(applies_, [&](const Apply& a) {
            return primal_.contains(a.node()) && has_body(a.op().lowering);
        });
        if (has_loops) return {};
        Flow flow;
        const Flow::Vertex source = flow.vertex(), sink = flow.vertex();
        std::map<const detail::Value*, Flow::Vertex> available;
        std::map<const detail::Node*, Flow::Vertex> computed;
        std::vector<Variable> values;
        const auto add = [&](const Variable& v, Flow::Vertex makes, std::int64_t store) {
            const Flow::Vertex at = flow.vertex();
            available.emplace(v.value(), at);
            flow.edge(at, makes, store);
            values.push_back(v);
        };
        for (const auto& [value, leaf] : leaves_) {
            const Flow::Vertex makes = flow.vertex();
            computed.emplace(value->node, makes);
            if (leaf.kind == Kind::history) flow.edge(makes, sink, unbounded);
            add(leaf.inside, makes, cost_of_storing(leaf.inside));
        }
        for (const Apply& a : applies_) {
            if (!primal_.contains(a.node())) continue;
            const Flow::Vertex makes = flow.vertex();
            computed.emplace(a.node(), makes);
            if (changes(a)) flow.edge(makes, sink, flops_of(a, options_));
            for (const Variable& in : a.inputs())
                if (const auto at = available.find(in.value()); at != available.end())
                    flow.edge(makes, at->second, unbounded);
            for (const Variable& y : a.outputs())
                add(y, makes, cost_of_storing(y));
        }
        for (const Variable& v : needed())
            flow.edge(source, available.at(v.value()), unbounded);
        const std::vector<bool> wanted = flow.cut(source, sink);
        Variables stored;
        std::int64_t more = 0;
        for (const Variable& v : values) {
            const bool is_stored =
                wanted[available.at(v.value())] && !wanted[computed.at(v.value()->node)];
            const auto leaf = leaves_.find(v.value());
            const std::int64_t bytes = count(v.shape()) * static_cast<int>(size_bytes(v.dtype()));
            if (leaf == leaves_.end() && is_stored) {
                stored.push_back(v);
                more += bytes;
            } else if (leaf != leaves_.end() && leaf->second.kind == Kind::history && !is_stored) {
                more -= bytes;
            }
        }
        return no_more_bytes && more > 0 ? Variables() : stored;
    }

    void store(Graph& graph, const Variables& values)
    {
        VariableMap by;
        for (const auto& [value, leaf] : leaves_)
            by.emplace(leaf.inside, leaf.in_loop);
        const Variables copies = copy_graph(values, by);
        ScanParts loop = of_loop_;
        loop.out.insert(loop.out.end(), copies.begin(), copies.end());
        std::vector<int> kept = loop_.params_as<ScanParams>().kept;
        kept.insert(kept.end() - 1, copies.size(), 1);
        const Variables now = detail::build_kept(loop, kept, loop_.location());
        // What is added stands last, as a loop of all its steps does not count them.
        const std::size_t before = loop_.outputs().size();
        for (std::size_t i = 0; i < before; ++i)
            graph.replace(loop_.output(i), now[i], StoreForReverse::name);

        ScanParts reverse = of_reverse_;
        VariableMap inside;
        for (std::size_t i = 0; i < values.size(); ++i) {
            reverse.x.push_back(detail::placeholder_like(values[i]));
            reverse.sequences.push_back(now[before + i]);
            inside.emplace(values[i], reverse.x.back());
        }
        GraphCopy copy(inside);
        for (Variables* group : {&reverse.next, &reverse.out})
            for (Variable& v : *group)
                v = copy(v);
        detail::drop_unused(reverse);
        const Variables results =
            detail::build_kept(reverse, reverse_.params_as<ScanParams>().kept, reverse_.location());
        for (std::size_t i = 0; i < results.size(); ++i)
            graph.replace(reverse_.output(i), results[i], StoreForReverse::name);
    }

    /// What the loop's `history` is to a reverse loop that reads it, whole or from one step before:
    /// the loop and the number of the state. None: an empty Apply.
    static std::pair<Apply, std::size_t> history_of(const Variable& sequence, bool& delayed)
    {
        const Apply delay = sequence.owner();
        delayed = detail::is_delay(delay, false) || detail::is_delay(delay, true);
        const Variable history = delayed ? delay.input(0) : sequence;
        const Apply loop = history.owner();
        if (!loop || !std::holds_alternative<Scan>(loop.op().lowering)) return {};
        const auto& p = loop.params_as<ScanParams>();
        const auto states = static_cast<std::size_t>(p.states);
        for (std::size_t k = 0; k < states; ++k)
            if (scan_output(p, states + k) == static_cast<int>(history.index())) {
                const Variable& init = loop.input(static_cast<std::size_t>(p.sequences) + k);
                const bool matches =
                    !delayed || (detail::is_delay(delay, p.reverse) && same(delay.input(1), init));
                return matches ? std::pair(loop, k) : std::pair<Apply, std::size_t>();
            }
        return {};
    }

private:
    enum class Kind : std::uint8_t {
        constant, ///< of all steps
        sequence, ///< an array that is there anyway
        history,  ///< an array that is there as it is stored
    };
    struct Known {
        Variable inside;  ///< of the reverse loop's body
        Variable in_loop; ///< of the loop's body
        Kind kind;
    };

    void match_leaves()
    {
        const auto add = [&](const Variable& inside, const Variable& in_loop, Kind kind) {
            leaves_.emplace(inside.value(), Known{inside, in_loop, kind});
        };
        for (std::size_t i = 0; i < of_reverse_.x.size(); ++i) {
            const Variable& sequence = of_reverse_.sequences[i];
            for (std::size_t j = 0; j < of_loop_.x.size(); ++j)
                if (same(sequence, of_loop_.sequences[j]))
                    add(of_reverse_.x[i], of_loop_.x[j], Kind::sequence);
            bool delayed = false;
            const auto [loop, k] = history_of(sequence, delayed);
            if (loop && loop.node() == loop_.node())
                add(of_reverse_.x[i], delayed ? of_loop_.state[k] : of_loop_.next[k],
                    Kind::history);
        }
        for (std::size_t i = 0; i < of_reverse_.constant.size(); ++i)
            for (std::size_t j = 0; j < of_loop_.constant.size(); ++j)
                if (same(of_reverse_.constants[i], of_loop_.constants[j]))
                    add(of_reverse_.constant[i], of_loop_.constant[j], Kind::constant);
    }

    bool is_primal(const Variable& v) const
    {
        if (leaves_.contains(v.value())) return true;
        return v.owner() ? primal_.contains(v.owner().node()) : v.leaf() == Leaf::constant;
    }

    /// What is computed from the loop's values alone.
    void match_applies()
    {
        for (const Apply& a : applies_) {
            if (std::ranges::any_of(a.inputs(), [&](const Variable& v) { return !is_primal(v); }))
                continue;
            primal_.insert(a.node());
            if (std::ranges::any_of(a.inputs(), [&](const Variable& v) { return varies(v); }))
                changing_.insert(a.node());
        }
    }

    /// From step to step: what does not is computed once, in front of the loop.
    bool varies(const Variable& v) const
    {
        const auto leaf = leaves_.find(v.value());
        if (leaf != leaves_.end()) return leaf->second.kind != Kind::constant;
        return v.owner() && changes(v.owner());
    }
    bool changes(const Apply& a) const { return changing_.contains(a.node()); }

    /// Of these, what other ops of the reverse loop read, or its results are.
    Variables needed() const
    {
        Variables found;
        const auto add = [&](const Variable& v) {
            if (leaves_.contains(v.value()) || (v.owner() && primal_.contains(v.owner().node())))
                found.push_back(v);
        };
        for (const Variable& v : results_)
            add(v);
        for (const Apply& a : applies_)
            if (!primal_.contains(a.node())) std::ranges::for_each(a.inputs(), add);
        return found;
    }

    std::int64_t cost_of_storing(const Variable& v) const
    {
        return count(v.shape()) * options_.flops_worth_storing;
    }

    const PassOptions& options_;
    Apply loop_, reverse_;
    ScanParts of_loop_, of_reverse_;
    Variables results_;
    std::vector<Apply> applies_;
    std::map<const detail::Value*, Known> leaves_; // in no order that results depend on
    detail::PointerSet<detail::Node> primal_, changing_;
};

} // namespace

Changed StoreForReverse::run(Graph& graph, PassContext& context) const
{
    if (!context.options.flops) return Changed::no;
    bool any = false;
    // One pair at a time: a loop that is replaced may have another reverse loop.
    for (bool again = true; again;) {
        again = false;
        for (const Apply& reverse : graph.order()) {
            if (!std::holds_alternative<Scan>(reverse.op().lowering)) continue;
            const ScanParts parts = detail::take_apart(reverse);
            if (!runs_all_steps(parts)) continue;
            Apply loop;
            for (const Variable& s : parts.sequences) {
                bool delayed = false;
                if (const Apply found = Pair::history_of(s, delayed).first) loop = found;
            }
            if (!loop || !runs_all_steps(detail::take_apart(loop)) ||
                !same(loop.params_as<ScanParams>().steps, parts.steps))
                continue;
            Pair pair(loop, reverse, context.options);
            const Variables values = pair.to_store(context.depth > 0);
            if (values.empty()) continue;
            pair.store(graph, values);
            again = any = graph.commit();
            break;
        }
    }
    return changed_if(any);
}

} // namespace croton::inline v1
