#include <croton/ir/graph_bgl.hpp>
#include <croton/ir/ops.hpp>

#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/dominator_tree.hpp>
#include <boost/graph/push_relabel_max_flow.hpp>
#include <boost/graph/topological_sort.hpp>

#include <algorithm>

#include "support/catch.hpp"

using namespace croton;

namespace {

/// a = exp(x), then two branches from a that meet in an add.
struct Diamond {
    Variable x = vector<float>("x");
    Variable a = exp(x);
    Variable b = sin(a);
    Variable c = cos(a);
    Variable y = b + c;
    Graph graph{{x}, {y}};
    std::size_t at(const Variable& v) const { return graph.position(v.owner()); }
};

} // namespace

TEST_CASE("Boost sorts a graph topologically")
{
    const Diamond d;
    const BoostGraph g(d.graph);
    std::vector<std::size_t> order;
    boost::topological_sort(g, std::back_inserter(order)); // users first
    REQUIRE(order.size() == d.graph.size() + 2);
    std::vector<std::size_t> place(order.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        place[order[i]] = i;
    for (const BoostGraph::Edge& e : g.edges())
        CHECK(place[e.from] > place[e.to]);
}

TEST_CASE("Boost sees a loop as one apply, and its body as a graph of its own")
{
    const Variable x = vector<float>("x");
    const auto step = [](const Variable& h) {
        const Variable a = exp(h);
        return sin(a) + cos(a);
    };
    const Variable y = scan(step, {.init = {sqrt(x)}, .steps = 3}).last[0] * 2;
    const Graph graph({x}, {y});
    const BoostGraph whole(graph);
    std::vector<std::size_t> order;
    boost::topological_sort(whole, std::back_inserter(order));
    CHECK(order.size() == graph.size() + 2);
    int bodies = 0;
    for (const Apply& a : graph.order())
        for (const Region& region : regions_of(a)) {
            const Graph body({region.inputs().begin(), region.inputs().end()},
                             {region.outputs().begin(), region.outputs().end()});
            const BoostGraph inside(body);
            std::vector<std::size_t> dominators(inside.vertex_count(),
                                                boost::graph_traits<BoostGraph>::null_vertex());
            boost::lengauer_tarjan_dominator_tree(
                inside, inside.source(),
                boost::make_iterator_property_map(dominators.begin(),
                                                  get(boost::vertex_index, inside)));
            const std::size_t sum = body.position(region.outputs()[0].owner());
            CHECK(body.order()[dominators[sum]].op().name == "exp");
            ++bodies;
        }
    CHECK(bodies == 1);
}

TEST_CASE("Boost's reachability, dominators and least cut take a loop as one apply")
{
    // a = exp(x) starts the loop and goes around it, to c; b = sin(a) is what the loop adds.
    const Variable x = vector<float>("x");
    const Variable a = exp(x);
    const Variable b = sin(a);
    const auto run = scan([&](const Variable& h) { return cos(h) + b; }, {.init = {a}, .steps = 3});
    const Variable c = a * run.last[0];
    const Variable y = sqrt(c);
    const Graph graph({x}, {y});
    REQUIRE(graph.size() == 5); // exp, sin, the loop, the product, sqrt
    BoostGraph g(graph, true);
    const auto at = [&](const Variable& v) { return graph.position(v.owner()); };
    const std::size_t loop = at(run.last[0]);
    CHECK(regions_of(graph.order()[loop]).size() == 1);

    const BoostGraph forward(graph);
    const auto reached = [&](std::size_t from) {
        std::vector<boost::default_color_type> colors(forward.vertex_count());
        boost::breadth_first_search(forward, from,
                                    boost::color_map(boost::make_iterator_property_map(
                                        colors.begin(), get(boost::vertex_index, forward))));
        return std::ranges::count(colors, boost::black_color);
    };
    CHECK(reached(forward.source()) == 7); // all, the two ends included
    CHECK(reached(at(a)) == 6);
    CHECK(reached(at(b)) == 5); // and the loop, the product, sqrt, the sink
    CHECK(reached(loop) == 4);
    CHECK(reached(at(y)) == 2);

    std::vector<std::size_t> dominators(forward.vertex_count(),
                                        boost::graph_traits<BoostGraph>::null_vertex());
    boost::lengauer_tarjan_dominator_tree(
        forward, forward.source(),
        boost::make_iterator_property_map(dominators.begin(), get(boost::vertex_index, forward)));
    CHECK(dominators[at(b)] == at(a));
    CHECK(dominators[loop] == at(a));  // it reads a itself
    CHECK(dominators[at(c)] == at(a)); // not the loop, which a goes around
    CHECK(dominators[at(y)] == at(c));
    CHECK(dominators[forward.sink()] == at(y));

    // Edges from exp: to sin, the loop, the product. What reaches the product comes from the loop
    // and from exp, each over one edge.
    const auto least_cut = [&](std::size_t from, std::size_t to) {
        std::vector<long> capacity(g.edge_count()), residual(g.edge_count());
        for (const BoostGraph::Edge& e : g.edges())
            capacity[e.index] = e.index % 2 == 0 ? 1 : 0;
        return boost::push_relabel_max_flow(
            g, from, to,
            boost::make_iterator_property_map(capacity.begin(), get(boost::edge_index, g)),
            boost::make_iterator_property_map(residual.begin(), get(boost::edge_index, g)),
            ReverseEdgeMap{&g}, get(boost::vertex_index, g));
    };
    CHECK(least_cut(g.source(), g.sink()) == 1);
    CHECK(least_cut(at(a), at(c)) == 2);
    CHECK(least_cut(at(a), loop) == 2); // its start, and through sin
    CHECK(least_cut(loop, at(y)) == 1);
}

TEST_CASE("Boost finds what an apply reaches")
{
    const Diamond d;
    const BoostGraph g(d.graph);
    std::vector<boost::default_color_type> colors(g.vertex_count());
    const auto color_map =
        boost::make_iterator_property_map(colors.begin(), get(boost::vertex_index, g));
    boost::breadth_first_search(g, d.at(d.b), boost::color_map(color_map));
    CHECK(colors[d.at(d.y)] == boost::black_color);
    CHECK(colors[d.at(d.c)] == boost::white_color);
}

TEST_CASE("Boost finds that both branches pass through their common producer")
{
    const Diamond d;
    const BoostGraph g(d.graph);
    std::vector<std::size_t> dominators(g.vertex_count(),
                                        boost::graph_traits<BoostGraph>::null_vertex());
    boost::lengauer_tarjan_dominator_tree(
        g, g.source(),
        boost::make_iterator_property_map(dominators.begin(), get(boost::vertex_index, g)));
    CHECK(dominators[d.at(d.y)] == d.at(d.a));
    CHECK(dominators[d.at(d.a)] == g.source());
}

TEST_CASE("Boost finds the least number of values that cut a graph")
{
    const Diamond d;
    BoostGraph g(d.graph, true); // the algorithm takes it by Graph&
    std::vector<long> capacity(g.edge_count());
    for (const BoostGraph::Edge& e : g.edges())
        capacity[e.index] = e.index % 2 == 0 ? 1 : 0;
    std::vector<long> residual(g.edge_count());
    const long flow = boost::push_relabel_max_flow(
        g, g.source(), g.sink(),
        boost::make_iterator_property_map(capacity.begin(), get(boost::edge_index, g)),
        boost::make_iterator_property_map(residual.begin(), get(boost::edge_index, g)),
        ReverseEdgeMap{&g}, get(boost::vertex_index, g));
    CHECK(flow == 1); // through exp, or through the sum
}
