#pragma once

// For sources only: the one header that brings Boost.

#include <croton/ir/graph.hpp>

#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/iterator/counting_iterator.hpp>
#include <boost/property_map/property_map.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace croton::inline v1 {

/// A Graph as Boost.Graph's algorithms see it: a snapshot of the Applies and edges of a committed
/// one.
///
/// vertices  positions in order(); one more, `source()`, stands before everything that reads no
///           Apply, and one, `sink()`, behind the outputs: algorithms need one entry and one exit.
/// regions   an Apply is one vertex whatever it holds; the body of a loop is the BoostGraph of
///           Graph(region.inputs(), region.outputs()).
/// edges     from an Apply to each that reads it, once for each reading operand; numbered, each
///           with a reverse edge when `reversed` is asked for (max-flow needs them).
/// models    VertexListGraph, EdgeListGraph, BidirectionalGraph.
class BoostGraph {
public:
    struct Edge {
        std::size_t from;
        std::size_t to;
        std::size_t index; ///< of 0 .. edge_count() - 1
        friend bool operator==(const Edge& a, const Edge& b) { return a.index == b.index; }
        friend bool operator!=(const Edge& a, const Edge& b) { return a.index != b.index; }
        friend bool operator<(const Edge& a, const Edge& b) { return a.index < b.index; }
    };
    struct Category : boost::vertex_list_graph_tag,
                      boost::edge_list_graph_tag,
                      boost::bidirectional_graph_tag {};
    using EdgeIterator = std::vector<Edge>::const_iterator;

    explicit BoostGraph(const Graph& graph, bool with_reverse_edges = false)
        : count_(graph.size() + 2), out_(count_), in_(count_)
    {
        const std::vector<Apply>& order = graph.order();
        const auto connect = [&](std::size_t from, std::size_t to) {
            add_edge(from, to);
            if (with_reverse_edges) add_edge(to, from);
        };
        for (std::size_t i = 0; i < order.size(); ++i) {
            bool reads_any = false;
            for (const Variable& in : order[i].inputs())
                if (const Apply a = in.owner()) {
                    connect(graph.position(a), i);
                    reads_any = true;
                }
            if (!reads_any) connect(source(), i);
        }
        for (const Variable& v : graph.outputs())
            if (const Apply a = v.owner()) connect(graph.position(a), sink());
    }

    std::size_t source() const { return count_ - 2; }
    std::size_t sink() const { return count_ - 1; }
    std::size_t vertex_count() const { return count_; }
    std::size_t edge_count() const { return edges_.size(); }
    const std::vector<Edge>& edges() const { return edges_; }
    const std::vector<Edge>& out(std::size_t vertex) const { return out_[vertex]; }
    const std::vector<Edge>& in(std::size_t vertex) const { return in_[vertex]; }
    /// With reverse edges they are neighbours in the numbering.
    Edge reverse(const Edge& e) const { return edges_[e.index ^ 1U]; }

private:
    void add_edge(std::size_t from, std::size_t to)
    {
        const Edge e{from, to, edges_.size()};
        edges_.push_back(e);
        out_[from].push_back(e);
        in_[to].push_back(e);
    }

    std::size_t count_;
    std::vector<Edge> edges_;
    std::vector<std::vector<Edge>> out_;
    std::vector<std::vector<Edge>> in_;
};

/// A number for each edge, by its index: capacities, weights, `Edge::index` itself.
struct EdgeIndexMap {
    using key_type = BoostGraph::Edge;
    using value_type = std::size_t;
    using reference = std::size_t;
    using category = boost::readable_property_map_tag;
    friend std::size_t get(const EdgeIndexMap&, const BoostGraph::Edge& e) { return e.index; }
};
struct ReverseEdgeMap {
    using key_type = BoostGraph::Edge;
    using value_type = BoostGraph::Edge;
    using reference = BoostGraph::Edge;
    using category = boost::readable_property_map_tag;
    const BoostGraph* graph;
    friend BoostGraph::Edge get(const ReverseEdgeMap& m, const BoostGraph::Edge& e)
    {
        return m.graph->reverse(e);
    }
};

inline std::size_t source(const BoostGraph::Edge& e, const BoostGraph&) { return e.from; }
inline std::size_t target(const BoostGraph::Edge& e, const BoostGraph&) { return e.to; }
inline std::size_t num_vertices(const BoostGraph& g) { return g.vertex_count(); }
inline std::size_t num_edges(const BoostGraph& g) { return g.edge_count(); }
inline std::pair<boost::counting_iterator<std::size_t>, boost::counting_iterator<std::size_t>>
vertices(const BoostGraph& g)
{
    return {boost::counting_iterator<std::size_t>(0),
            boost::counting_iterator<std::size_t>(g.vertex_count())};
}
inline std::pair<BoostGraph::EdgeIterator, BoostGraph::EdgeIterator> edges(const BoostGraph& g)
{
    return {g.edges().begin(), g.edges().end()};
}
inline std::pair<BoostGraph::EdgeIterator, BoostGraph::EdgeIterator> out_edges(std::size_t v,
                                                                               const BoostGraph& g)
{
    return {g.out(v).begin(), g.out(v).end()};
}
inline std::pair<BoostGraph::EdgeIterator, BoostGraph::EdgeIterator> in_edges(std::size_t v,
                                                                              const BoostGraph& g)
{
    return {g.in(v).begin(), g.in(v).end()};
}
inline std::size_t out_degree(std::size_t v, const BoostGraph& g) { return g.out(v).size(); }
inline std::size_t in_degree(std::size_t v, const BoostGraph& g) { return g.in(v).size(); }
inline std::size_t degree(std::size_t v, const BoostGraph& g)
{
    return out_degree(v, g) + in_degree(v, g);
}
inline boost::typed_identity_property_map<std::size_t> get(boost::vertex_index_t, const BoostGraph&)
{
    return {};
}
inline EdgeIndexMap get(boost::edge_index_t, const BoostGraph&) { return {}; }

} // namespace croton::inline v1

namespace boost {

template <>
struct graph_traits<croton::BoostGraph> {
    using vertex_descriptor = std::size_t;
    using edge_descriptor = croton::BoostGraph::Edge;
    using directed_category = bidirectional_tag;
    using edge_parallel_category = allow_parallel_edge_tag;
    using traversal_category = croton::BoostGraph::Category;
    using vertex_iterator = counting_iterator<std::size_t>;
    using edge_iterator = croton::BoostGraph::EdgeIterator;
    using out_edge_iterator = croton::BoostGraph::EdgeIterator;
    using in_edge_iterator = croton::BoostGraph::EdgeIterator;
    using vertices_size_type = std::size_t;
    using edges_size_type = std::size_t;
    using degree_size_type = std::size_t;
    static vertex_descriptor null_vertex() { return static_cast<std::size_t>(-1); }
};

template <>
struct graph_traits<const croton::BoostGraph> : graph_traits<croton::BoostGraph> {};

template <>
struct property_map<croton::BoostGraph, vertex_index_t> {
    using type = typed_identity_property_map<std::size_t>;
    using const_type = type;
};
template <>
struct property_map<croton::BoostGraph, edge_index_t> {
    using type = croton::EdgeIndexMap;
    using const_type = type;
};

} // namespace boost
