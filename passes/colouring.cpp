#include "colouring.hpp"

#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/sequential_vertex_coloring.hpp>
#include <boost/graph/smallest_last_ordering.hpp>

#include <algorithm>
#include <array>

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

/// Greedy, and linear in the number of paths of three (Gebremedhin, Tarafdar, Manne, Pothen:
/// New acyclic and star coloring algorithms, 2007). Of each colour around a vertex one edge stands
/// for the star that its colour and the vertex' would make.
class StarColouring {
public:
    explicit StarColouring(const Graph& g)
        : g_(g), colour_(boost::num_vertices(g), none), treated_(boost::num_vertices(g), nobody),
          star_(boost::num_edges(g), 0)
    {}

    Colours run(const Order& order)
    {
        for (const Vertex v : order)
            colour(v);
        return {{colour_.begin(), colour_.end()}, used_};
    }

private:
    static constexpr std::int32_t none = -1;
    static constexpr Vertex nobody = ~Vertex{0};
    /// Two-coloured edges around a hub; of a single edge either end may become it.
    struct Star {
        Vertex hub = nobody;
    };

    template <class F>
    void each(Vertex v, const F& f) const
    {
        for (auto [e, end] = boost::out_edges(v, g_); e != end; ++e)
            if (colour_[boost::target(*e, g_)] != none) f(boost::target(*e, g_), index(*e));
    }
    std::size_t index(const boost::graph_traits<Graph>::edge_descriptor& e) const
    {
        return boost::get(boost::edge_index, g_, e);
    }
    std::size_t back(Vertex w, Vertex v) const { return index(boost::edge(w, v, g_).first); }

    void treat(Vertex v, Vertex w)
    {
        each(w, [&](Vertex x, std::size_t) {
            if (x != v) forbid(x, v);
        });
        treated_[w] = v;
    }
    void forbid(Vertex x, Vertex v) { forbidden_[static_cast<std::size_t>(colour_[x])] = v; }

    void colour(Vertex v)
    {
        each(v, [&](Vertex w, std::size_t) {
            forbid(w, v);
            auto& [at, q] = first_[static_cast<std::size_t>(colour_[w])];
            if (at == v) { // two neighbours of one colour: v is the hub of their star
                if (treated_[q] != v) treat(v, q);
                treat(v, w);
            } else {
                at = v;
                q = w;
                each(w, [&](Vertex x, std::size_t e) {
                    if (x != v && stars_[star_[e]].hub == x) forbid(x, v);
                });
            }
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
        join(v);
    }

    /// Puts the new edges of v into stars.
    void join(Vertex v)
    {
        each(v, [&](Vertex w, std::size_t e) {
            bool found = false;
            each(w, [&](Vertex x, std::size_t of_x) {
                if (found || x == v || colour_[x] != colour_[v]) return;
                stars_[star_[of_x]].hub = w; // x - w - v
                set(v, w, e, star_[of_x]);
                found = true;
            });
            if (found) return;
            const auto& [at, q] = first_[static_cast<std::size_t>(colour_[w])];
            if (at == v && q != w) { // q - v - w
                const std::size_t star = star_of(v, q);
                stars_[star].hub = v;
                set(v, w, e, star);
            } else {
                stars_.push_back({});
                set(v, w, e, stars_.size() - 1);
            }
        });
    }
    std::size_t star_of(Vertex v, Vertex w) const { return star_[back(v, w)]; }
    void set(Vertex v, Vertex w, std::size_t there, std::size_t star)
    {
        star_[there] = star;
        star_[back(w, v)] = star;
    }

    const Graph& g_;
    std::vector<std::int32_t> colour_;
    std::vector<Vertex> forbidden_; ///< of each colour: whose neighbour has it
    std::vector<Vertex> treated_;
    std::vector<std::pair<Vertex, Vertex>> first_; ///< of each colour: whose neighbour, and which
    std::vector<Star> stars_;
    std::vector<std::size_t> star_; ///< of each edge
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

} // namespace

Colours colour_columns(const Sets& rows, std::int64_t row_count, std::int64_t columns)
{
    Edges edges;
    std::size_t often = std::size_t{1} << 20; // many rows have the same edges
    for (std::int64_t r = 0; r < row_count; ++r) {
        const auto row = (*rows)[r];
        if (r > 0 && std::ranges::equal(row, (*rows)[r - 1])) continue;
        for (std::size_t i = 0; i < row.size(); ++i)
            for (std::size_t k = i + 1; k < row.size(); ++k)
                edges.emplace_back(static_cast<std::uint32_t>(row[i]),
                                   static_cast<std::uint32_t>(row[k]));
        if (edges.size() < often) continue;
        drop_repeated(edges);
        if (edges.size() > most_elements) throw TooManyElements{};
        often = std::max(often, 2 * edges.size());
    }
    const Graph g = graph_of(std::move(edges), columns);
    const auto index = boost::get(boost::vertex_index, g);
    return better(g, [&](const Order& order) {
        std::vector<std::size_t> colour(static_cast<std::size_t>(columns), 0);
        const std::size_t count = boost::sequential_vertex_coloring(
            g, boost::make_iterator_property_map(order.begin(), boost::identity_property_map()),
            boost::make_iterator_property_map(colour.begin(), index));
        return Colours{{colour.begin(), colour.end()}, static_cast<std::int32_t>(count)};
    });
}

Colours colour_symmetric(const Sets& rows, std::int64_t count)
{
    std::size_t all = 0;
    for (std::int64_t i = 0; i < count; ++i)
        all += (*rows)[i].size();
    const double n = static_cast<double>(count);
    if (2 * static_cast<double>(all) > n * n) return all_different(count);
    // One with very many neighbours gets a colour that no other has, so no path of two colours
    // goes through it, and it need not be looked at.
    constexpr std::size_t many = 256;
    const std::size_t most = std::max(many, 16 * all / static_cast<std::size_t>(count));
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
