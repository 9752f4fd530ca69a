#include "colouring.hpp"

#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/sequential_vertex_coloring.hpp>
#include <boost/graph/smallest_last_ordering.hpp>

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace croton::inline v1::detail {

namespace {

using Graph = boost::compressed_sparse_row_graph<boost::directedS,
                                                 boost::no_property,
                                                 boost::no_property,
                                                 boost::no_property,
                                                 std::uint32_t,
                                                 std::size_t>;
using Vertex = boost::graph_traits<Graph>::vertex_descriptor;
using Edges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
using Order = std::vector<Vertex>;

void drop_repeated(Edges& edges)
{
    std::ranges::sort(edges);
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
}

/// Of edges, each in one direction or in both.
Graph graph_of(Edges edges, std::int64_t vertices)
{
    const std::size_t given = edges.size();
    for (std::size_t e = 0; e < given; ++e)
        edges.emplace_back(edges[e].second, edges[e].first);
    drop_repeated(edges);
    return {boost::edges_are_sorted, edges.begin(), edges.end(),
            static_cast<std::uint32_t>(vertices)};
}

std::ranges::subrange<boost::graph_traits<Graph>::adjacency_iterator> neighbours(Vertex v,
                                                                                 const Graph& g)
{
    const auto [first, last] = boost::adjacent_vertices(v, g);
    return {first, last};
}

Order smallest_last(const Graph& g)
{
    const std::size_t n = boost::num_vertices(g);
    Order order(n);
    std::vector<std::size_t> degree(n), marker(n);
    if (n == 0) return order;
    const auto index = boost::get(boost::vertex_index, g);
    boost::smallest_last_vertex_ordering(
        g, boost::make_iterator_property_map(order.begin(), boost::identity_property_map()),
        boost::make_iterator_property_map(degree.begin(), index),
        boost::make_iterator_property_map(marker.begin(), index));
    return order;
}

/// Next is one that has most neighbours before it.
Order by_incidence_degree(const Graph& g)
{
    const std::size_t n = boost::num_vertices(g);
    std::vector<std::size_t> before(n, 0);
    std::vector<bool> placed(n, false);
    // Those with so many neighbours before them, and what once had: who has more now is passed by.
    std::vector<Order> buckets(1);
    for (std::size_t v = n; v-- > 0;)
        buckets[0].push_back(static_cast<Vertex>(v));
    Order order;
    std::size_t most = 0;
    while (order.size() < n) {
        while (buckets[most].empty())
            --most;
        const Vertex v = buckets[most].back();
        buckets[most].pop_back();
        if (placed[v] || before[v] != most) continue;
        placed[v] = true;
        order.push_back(v);
        for (const Vertex w : neighbours(v, g)) {
            if (placed[w]) continue;
            if (++before[w] >= buckets.size()) buckets.emplace_back();
            buckets[before[w]].push_back(w);
            most = std::max(most, before[w]);
        }
    }
    return order;
}

template <class Colour>
Colours better(const Graph& g, const Colour& colour)
{
    Colours a = colour(smallest_last(g)), b = colour(by_incidence_degree(g));
    return a.count <= b.count ? a : b;
}

/// Greedy: a vertex gets the first colour that makes no path of four of two colours (Gebremedhin,
/// Tarafdar, Manne, Pothen: New acyclic and star coloring algorithms, 2007). Where several
/// neighbours of x have one colour, these are the leaves of a star around x.
class StarColouring {
public:
    explicit StarColouring(const Graph& g)
        : g_(g), colour_(boost::num_vertices(g), none), around_(colour_.size()),
          leaf_of_(colour_.size())
    {}

    Colours run(const Order& order)
    {
        for (const Vertex v : order)
            colour(v);
        return {std::move(colour_), used_};
    }

private:
    static constexpr std::int32_t none = -1;
    static constexpr Vertex nobody = ~Vertex{0};
    static constexpr Vertex several = nobody - 1;

    template <class F>
    void each_coloured(Vertex v, const F& f) const
    {
        for (const Vertex w : neighbours(v, g_))
            if (colour_[w] != none) f(w);
    }

    void forbid(std::int32_t c, Vertex v) { forbidden_[static_cast<std::size_t>(c)] = v; }
    void forbid_around(Vertex w, Vertex v)
    {
        for (const std::int32_t c : around_[w])
            forbid(c, v);
    }

    void colour(Vertex v)
    {
        each_coloured(v, [&](Vertex w) {
            forbid(colour_[w], v);
            auto& [whose, q] = first_[static_cast<std::size_t>(colour_[w])];
            if (whose == v) { // q - v - w is a star: no way on from its leaves
                forbid_around(q, v);
                forbid_around(w, v);
                return;
            }
            whose = v;
            q = w;
            for (const std::int32_t c : leaf_of_[w]) // v - w - the middle - another leaf
                forbid(c, v);
        });
        std::int32_t c = 0;
        while (c < used_ && forbidden_[static_cast<std::size_t>(c)] == v)
            ++c;
        if (c == used_) {
            ++used_;
            forbidden_.push_back(nobody);
            first_.emplace_back(nobody, nobody);
        }
        colour_[v] = c;
        each_coloured(v, [&](Vertex w) {
            join(v, w);
            join(w, v);
        });
    }

    /// x has a neighbour more that is coloured.
    void join(Vertex x, Vertex v)
    {
        const auto key = (std::uint64_t{x} << 32) | static_cast<std::uint32_t>(colour_[v]);
        const auto [at, fresh] = neighbour_.emplace(key, v);
        if (fresh) {
            around_[x].push_back(colour_[v]);
            return;
        }
        if (at->second != several) leaf_of_[at->second].push_back(colour_[x]);
        at->second = several;
        leaf_of_[v].push_back(colour_[x]);
    }

    const Graph& g_;
    std::vector<std::int32_t> colour_;
    std::vector<Vertex> forbidden_;                  ///< of each colour: to whom
    std::vector<std::pair<Vertex, Vertex>> first_;   ///< of each colour: whose neighbour, and which
    std::vector<std::vector<std::int32_t>> around_;  ///< colours of a vertex' neighbours
    std::vector<std::vector<std::int32_t>> leaf_of_; ///< colours of what is in the middle
    std::unordered_map<std::uint64_t, Vertex> neighbour_; ///< of a vertex and a colour; looked up
    std::int32_t used_ = 0;
};

/// Each its own: where all are neighbours, nothing better is to be found.
Colours all_different(std::int64_t count)
{
    Colours colours{{}, static_cast<std::int32_t>(count)};
    for (std::int32_t i = 0; i < count; ++i)
        colours.of.push_back(i);
    return colours;
}

/// Pairs of columns that are in one row.
Edges pairs_in_rows(const Sets& rows, std::int64_t row_count)
{
    // The longest first: many rows are part of one before, which has all their pairs.
    std::vector<std::int64_t> order(static_cast<std::size_t>(row_count));
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::ranges::greater(),
                             [&](std::int64_t r) { return (*rows)[r].size(); });
    constexpr std::size_t looked_at = 8;
    std::vector<std::span<const std::int32_t>> last;
    Edges edges;
    std::size_t often = std::size_t{1} << 20; // pairs are made more than once
    for (const std::int64_t r : order) {
        const auto row = (*rows)[r];
        if (std::ranges::any_of(
                last, [&](const auto& longer) { return std::ranges::includes(longer, row); }))
            continue;
        if (last.size() == looked_at) last.erase(last.begin());
        last.push_back(row);
        for (std::size_t i = 0; i < row.size(); ++i)
            for (std::size_t k = i + 1; k < row.size(); ++k)
                edges.emplace_back(static_cast<std::uint32_t>(row[i]),
                                   static_cast<std::uint32_t>(row[k]));
        if (edges.size() < often) continue;
        drop_repeated(edges);
        if (edges.size() > most_elements) throw TooManyElements{};
        often = std::max(often, 2 * edges.size());
    }
    return edges;
}

} // namespace

Colours colour_columns(const Sets& rows, std::int64_t row_count, std::int64_t columns)
{
    const Graph g = graph_of(pairs_in_rows(rows, row_count), columns);
    const auto index = boost::get(boost::vertex_index, g);
    return better(g, [&](const Order& order) {
        std::vector<std::size_t> colour(static_cast<std::size_t>(columns), 0);
        const std::size_t count = boost::sequential_vertex_coloring(
            g, boost::make_iterator_property_map(order.begin(), boost::identity_property_map()),
            boost::make_iterator_property_map(colour.begin(), index));
        return Colours{{colour.begin(), colour.end()}, static_cast<std::int32_t>(count)};
    });
}

namespace {

/// One with very many neighbours may have a colour that no other has: no path of two colours goes
/// through it then, and it need not be looked at. `most` neighbours are not very many.
Colours stars_apart_from(const Sets& rows, std::int64_t count, std::size_t most)
{
    const auto is_hub = [&](std::int64_t i) { return (*rows)[i].size() > most; };
    Edges edges;
    for (std::int64_t i = 0; i < count; ++i)
        for (const std::int32_t j : (*rows)[i])
            if (i < j && !is_hub(i) && !is_hub(j))
                edges.emplace_back(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(j));
    const Graph g = graph_of(std::move(edges), count);
    Colours colours = better(g, [&](const Order& order) { return StarColouring(g).run(order); });
    for (std::int64_t i = 0; i < count; ++i)
        if (is_hub(i)) colours.of[static_cast<std::size_t>(i)] = colours.count++;
    return colours;
}

} // namespace

Colours colour_symmetric(const Sets& rows, std::int64_t count)
{
    std::size_t all = 0, most = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        all += (*rows)[i].size();
        most = std::max(most, (*rows)[i].size());
    }
    const double n = static_cast<double>(count);
    if (2 * static_cast<double>(all) > n * n) return all_different(count);
    constexpr std::size_t few = 64, of_mean = 4;
    constexpr std::size_t long_to_colour = std::size_t{1} << 20; // seconds
    const std::size_t usual = std::max(few, of_mean * all / static_cast<std::size_t>(count));
    if (most <= usual) return stars_apart_from(rows, count, most);
    Colours apart = stars_apart_from(rows, count, usual);
    if (all > long_to_colour) return apart;
    Colours together = stars_apart_from(rows, count, most);
    return together.count <= apart.count ? together : apart;
}

std::vector<bool> alone_in_row(const Sets& rows, std::int64_t count, const Colours& colours)
{
    std::vector<bool> alone;
    std::vector<int> seen(static_cast<std::size_t>(colours.count), 0);
    const auto of_colour = [&](std::int32_t c) -> int& {
        return seen[static_cast<std::size_t>(colours.of[static_cast<std::size_t>(c)])];
    };
    for (std::int64_t r = 0; r < count; ++r) {
        for (const std::int32_t c : (*rows)[r])
            ++of_colour(c);
        for (const std::int32_t c : (*rows)[r])
            alone.push_back(of_colour(c) == 1);
        for (const std::int32_t c : (*rows)[r])
            of_colour(c) = 0;
    }
    return alone;
}

} // namespace croton::inline v1::detail
