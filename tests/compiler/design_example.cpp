// The program by which the design is explained: a classifier's step of training.
#include <croton/croton.hpp>
#include <croton/passes/pipelines.hpp>

#include <cmath>
#include <map>
#include <string>

#include "support/catch.hpp"

namespace ct = croton;
using ct::Variable;

namespace {

struct Classifier {
    Variable x = ct::matrix<float>("x");
    Variable y = ct::vector<std::int64_t>("y");
    ct::Shared W = ct::shared("W", ct::Array::zeros<float>({64, 10}));
    ct::Shared b = ct::shared("b", ct::Array::zeros<float>({10}));
    Variable p = ct::softmax(ct::dot(x, W) + b, -1);
    Variable loss = -ct::mean(ct::log(ct::take_along_axis(p, ct::expand_dims(y, 1), 1)));
};

/// How often each op occurs.
std::map<std::string, int, std::less<>> ops_of(const ct::Graph& graph)
{
    std::map<std::string, int, std::less<>> found;
    for (const ct::Apply& a : graph.order())
        ++found[std::string(a.op().name)];
    return found;
}

} // namespace

TEST_CASE("the loss of the design's classifier is taken from a log_softmax, not from a softmax")
{
    const Classifier c;
    ct::Graph graph({c.x, c.y}, {c.loss});
    CHECK(ops_of(graph)["softmax"] == 1);
    CHECK(ops_of(graph)["log"] == 1);
    ct::PassReport report;
    const ct::PassOptions options;
    ct::PassContext context{options, report};
    ct::stabilize().run(graph, context);
    CHECK(ops_of(graph)["log_softmax"] == 1);
    CHECK(ops_of(graph)["take_along_axis"] == 1);
    CHECK(ops_of(graph)["softmax"] == 0);
    CHECK(ops_of(graph)["log"] == 0);
}

TEST_CASE("the design's classifier learns, also where its softmax underflows")
{
    const Classifier c;
    const auto [gW, gb] = ct::grad(c.loss, {c.W, c.b});
    const auto train = ct::function({c.x, c.y}, {c.loss},
                                    {.updates = {{c.W, c.W - 0.1 * gW}, {c.b, c.b - 0.1 * gb}}});
    const std::string text = train.explain();
    CHECK(text.find("log(moved_softmax) -> moved_log_softmax") != std::string::npos);
    const ct::Array images = ct::Array::normal(3, {20, 64}, ct::DType::f32);
    ct::Array labels = ct::Array::zeros<std::int64_t>({20});
    for (std::int64_t i = 0; i < 20; ++i)
        static_cast<std::int64_t*>(labels.data())[i] = i % 10;
    const auto first = train(images, labels)[0].item<float>();
    CHECK(std::abs(first - std::log(10.0f)) < 1e-5f); // all ten are as likely
    float last = first;
    for (int i = 0; i < 20; ++i)
        last = train(images, labels)[0].item<float>();
    CHECK(last < first);
    // The right one's probability is exp(-500), which is 0 in f32; its logarithm is not.
    c.W.set(ct::Array::zeros<float>({64, 10}));
    ct::Array bias = ct::Array::zeros<float>({10});
    static_cast<float*>(bias.data())[3] = 500;
    c.b.set(bias);
    const ct::Array none = ct::Array::zeros<std::int64_t>({20});
    CHECK(std::abs(train(images, none)[0].item<float>() - 500) < 1e-3f);
}
