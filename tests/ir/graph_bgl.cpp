#include <croton/ir/graph_bgl.hpp>
#include <croton/ir/ops.hpp>

#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/dominator_tree.hpp>
#include <boost/graph/push_relabel_max_flow.hpp>
#include <boost/graph/topological_sort.hpp>

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
