// Compiled functions on several threads: the same bits for any number of them, and after fork.
#include <croton/croton.hpp>

#include <cmath>
#include <vector>

#include "runtime/process.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using ct::Variable;

namespace {

struct Work {
    const char* name;
    ct::Variables inputs;
    ct::Variables outputs;
};

/// Enough of each kind of kernel to be cut into blocks.
std::vector<Work> works()
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto x = ct::matrix<float>("x", {n, m});
    const auto y = ct::matrix<double>("y", {n, m});
    const auto w = ct::matrix<float>("w", {m, 96});
    const Variable rows = ct::softmax(x, 1);
    return {
        {"pointwise", {x, y}, {exp(-x) * tanh(x) + x, y * y + ct::sin(y)}},
        {"rows", {x}, {rows, ct::sum(x * x, ct::Axis{1}), ct::logsumexp(x, ct::Axis{1})}},
        {"columns", {x, y}, {ct::sum(x, ct::Axis{0}), ct::mean(y, ct::Axis{0})}},
        {"all", {x, y}, {ct::sum(exp(x)), ct::sum(y), ct::max(x)}},
        {"running sums", {x}, {ct::cumsum(x, 0), ct::cumsum(x, 1)}},
        {"products", {x, w}, {ct::dot(x, w) + 1, ct::dot(ct::transpose(x), tanh(x))}},
    };
}

std::vector<ct::Any> arguments_of(const Work& work, std::int64_t rows, std::int64_t columns)
{
    std::vector<ct::Any> list;
    for (const Variable& v : work.inputs) {
        const bool weights = v.name() == "w";
        list.emplace_back(ct::Array::normal(
            list.size() + 7, {weights ? columns : rows, weights ? 96 : columns}, v.dtype()));
    }
    return list;
}

} // namespace

TEST_CASE("results have the same bits for 1, 2, 3 and 7 threads")
{
    for (const Work& work : works()) {
        INFO(work.name);
        const auto alone = ct::function(work.inputs, work.outputs, {.threads = 1});
        for (const auto& [rows, columns] : {std::pair{1031L, 517L}, {3L, 70001L}}) {
            if (std::string_view(work.name) == "products" && columns > 1000) continue;
            const auto arguments = arguments_of(work, rows, columns);
            const ct::Results expected = alone.call(arguments);
            for (const int threads : {2, 3, 7, 0}) {
                INFO(rows << " x " << columns << ", " << threads << " threads");
                const auto f = ct::function(work.inputs, work.outputs, {.threads = threads});
                for (int again = 0; again < 2; ++again) {
                    const ct::Results got = f.call(arguments);
                    for (std::size_t i = 0; i < got.size(); ++i)
                        CHECK(ct::identical(got[i], expected[i]));
                }
            }
        }
    }
}

TEST_CASE("these works are cut into blocks: they run on more than one thread where there are two")
{
    for (const Work& work : works()) {
        INFO(work.name);
        const auto f = ct::function(work.inputs, work.outputs);
        CHECK(f.source().find("parallel_for") != std::string_view::npos);
    }
}

TEST_CASE("a child of fork computes with threads of its own, and its parent goes on")
{
    const Work work = works()[0];
    const auto f = ct::function(work.inputs, work.outputs);
    const auto arguments = arguments_of(work, 1031, 517);
    const ct::Results expected = f.call(arguments); // the parent's threads have started
    const auto agrees = [&] {
        const ct::Results got = f.call(arguments);
        return ct::identical(got[0], expected[0]) && ct::identical(got[1], expected[1]);
    };
    for (int i = 0; i < 3; ++i) {
        const pid_t child = croton::test::start_child([&] {
            for (int k = 0; k < 5; ++k)
                if (!agrees()) return 1;
            return 0;
        });
        CHECK(agrees());
        CHECK(croton::test::wait_for(child) == 0);
    }
}
