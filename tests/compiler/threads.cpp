// Compiled functions on several threads: the same bits for any number of them, and after fork.
#include <croton/croton.hpp>
#include <croton/runtime/thread_pool.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <set>
#include <string>
#include <thread>
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
    bool parallel = true; ///< has a kernel that is given to threads
};

/// Enough of each kind of kernel to be cut into blocks.
std::vector<Work> works()
{
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto x = ct::matrix<float>("x", {n, m});
    const auto y = ct::matrix<double>("y", {n, m});
    const auto w = ct::matrix<float>("w", {m, 96});
    const auto c = ct::input("c", ct::DType::f32, {5, n, m});
    const auto d = ct::input("d", ct::DType::f64, {5, n, m});
    const auto cw = ct::input("cw", ct::DType::f32, {5, m, 48});
    const auto dw = ct::input("dw", ct::DType::f64, {5, m, 48});
    const Variable rows = ct::softmax(x, 1);
    const Variable i = ct::cast(ct::abs(y(ct::_, 0)) * 1000, ct::DType::i64) % n;
    const auto decay = [](const Variable& row, const Variable& h) { return h * 0.5F + row; };
    const auto scan = ct::scan(decay, {.sequences = {x}, .init = {ct::zeros(ct::DType::f32, {m})}});
    const Variable key(std::uint64_t{11});
    return {
        {"pointwise", {x, y}, {exp(-x) * tanh(x) + x, y * y + ct::sin(y)}},
        {"rows", {x}, {rows, ct::sum(x * x, ct::Axis{1}), ct::logsumexp(x, ct::Axis{1})}},
        {"columns", {x, y}, {ct::sum(x, ct::Axis{0}), ct::mean(y, ct::Axis{0})}},
        {"all", {x, y}, {ct::sum(exp(x)), ct::sum(y), ct::max(x)}},
        {"running sums", {x}, {ct::cumsum(x, 0), ct::cumsum(x, 1)}},
        {"products", {x, w}, {ct::dot(x, w) + 1, ct::dot(ct::transpose(x), tanh(x))}},
        {"products of f64", {y}, {ct::dot(ct::transpose(y), y)}},
        {"products in batches", {c, cw}, {ct::matmul(c, cw) + 1, ct::matmul(tanh(c), cw)}},
        {"products in batches of f64", {d, dw}, {ct::matmul(d, dw)}},
        {"sums over the outer and inner axis", {c, d}, {ct::sum(c, {0, 2}), ct::sum(d, {0, 2})}},
        {"sums over the inner axes", {c, d}, {ct::sum(c, {1, 2}), ct::sum(d * d, {1, 2})}},
        {"sums over three axes", {c, d}, {ct::sum(c, {0, 1, 2}), ct::mean(d, {0, 1, 2})}},
        {"largest over several axes",
         {c},
         {ct::max(c, {0, 2}), ct::max(exp(c), {1, 2}), ct::max(c, {0, 1, 2})}},
        {"softmax over the outer and inner axis", {c}, {ct::softmax(c, {0, 2})}},
        {"softmax over the inner axes", {d}, {ct::softmax(d, {1, 2}), ct::logsumexp(d, {1, 2})}},
        {"softmax over three axes", {c}, {ct::softmax(c, {0, 1, 2})}},
        {"positions",
         {x, y},
         {ct::argmax(x, 0), ct::argmin(y, 0), ct::argmax((100 * x).as(ct::DType::i32), 1)}},
        {"picked", {x, y}, {ct::take(x, i, 0) * 2, ct::argmax(x, 1)}},
        {"scattered", {x, y}, {ct::scatter_add(x, {i}, x)}, false},
        {"scan", {x}, {scan.last[0], scan.history[0]}, false},
        {"random", {x}, {x + ct::normal(ct::DType::f32, key, {n, m})}},
    };
}

/// `n` is the rows, `m` the columns.
std::int64_t value_of(const ct::Extent& extent, std::int64_t rows, std::int64_t columns)
{
    const std::string text = to_string(extent);
    return text == "n" ? rows : text == "m" ? columns : std::stoll(text);
}

std::vector<ct::Any> arguments_of(const Work& work, std::int64_t rows, std::int64_t columns)
{
    std::vector<ct::Any> list;
    for (const Variable& v : work.inputs) {
        std::vector<std::int64_t> shape;
        for (const ct::Extent& e : v.shape())
            shape.push_back(value_of(e, rows, columns));
        list.emplace_back(ct::Array::normal(list.size() + 7, shape, v.dtype()));
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
            if (std::string_view(work.name).starts_with("products") && columns > 1000) continue;
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

namespace {

/// Takes the place of the pool and has it run the blocks, each thread of which is noted. The first
/// block of each waits for another thread's, or in the end gives up: that more than one of them
/// runs is not left to chance.
class WatchedPool {
public:
    WatchedPool() { ct::set_parallel_for(&hook_); }
    ~WatchedPool() { ct::set_parallel_for(nullptr); }
    WatchedPool(const WatchedPool&) = delete;
    WatchedPool& operator=(const WatchedPool&) = delete;

    int regions = 0;
    int most_allowed = 0;         ///< of all regions
    std::size_t fewest_seen = 99; ///< threads in a region
    std::size_t most_seen = 0;

private:
    struct Region {
        ct::BlockFunction fn;
        void* context;
        std::mutex mutex;
        std::condition_variable arrival;
        std::set<std::thread::id> threads;
    };

    static void block(void* of, std::int64_t index)
    {
        auto& region = *static_cast<Region*>(of);
        {
            std::unique_lock lock(region.mutex);
            if (region.threads.insert(std::this_thread::get_id()).second) {
                region.arrival.notify_all();
                region.arrival.wait_for(lock, std::chrono::seconds(5),
                                        [&] { return region.threads.size() > 1; });
            }
        }
        region.fn(region.context, index);
    }

    static void
    run(void* user, std::int64_t blocks, ct::BlockFunction fn, void* context, int threads)
    {
        auto& self = *static_cast<WatchedPool*>(user);
        ++self.regions;
        self.most_allowed = std::max(self.most_allowed, threads);
        Region region{fn, context, {}, {}, {}};
        ct::set_parallel_for(nullptr);
        ct::parallel_for(blocks, block, &region, threads);
        ct::set_parallel_for(&self.hook_);
        self.fewest_seen = std::min(self.fewest_seen, region.threads.size());
        self.most_seen = std::max(self.most_seen, region.threads.size());
    }

    ct::ParallelForHook hook_{.run = run, .user = this};
};

std::size_t count_threads()
{
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

} // namespace

TEST_CASE("a call with two threads is seen to run on two, whatever it computes")
{
    for (const Work& work : works()) {
        INFO(work.name);
        if (!work.parallel) continue;
        const auto arguments = arguments_of(work, 1031, 517);
        const ct::Results expected =
            ct::function(work.inputs, work.outputs, {.threads = 1}).call(arguments);
        for (const int threads : {2, 3, 7}) {
            const auto f = ct::function(work.inputs, work.outputs, {.threads = threads});
            const WatchedPool pool;
            const ct::Results got = f.call(arguments);
            CHECK(pool.regions > 0);
            CHECK(pool.most_allowed == threads);
            CHECK(pool.fewest_seen >= 2);
            CHECK(pool.most_seen <= static_cast<std::size_t>(threads));
            for (std::size_t i = 0; i < got.size(); ++i)
                CHECK(ct::identical(got[i], expected[i]));
        }
    }
}

namespace {

/// Two layers and softmax, trained with momentum.
struct Network {
    static constexpr std::int64_t batch = 600, in = 150, hidden = 220, out = 10;
    static ct::Array start(std::uint64_t seed, std::vector<std::int64_t> shape)
    {
        return ct::Array::normal(seed, std::move(shape), ct::DType::f32);
    }
    ct::Shared w = ct::shared("w", start(1, {in, hidden}));
    ct::Shared b = ct::shared("b", start(2, {hidden}));
    ct::Shared v = ct::shared("v", start(3, {hidden, out}));
    ct::Shared w_speed = ct::shared("w_speed", start(4, {in, hidden}));
    ct::Shared b_speed = ct::shared("b_speed", start(5, {hidden}));
    ct::Shared v_speed = ct::shared("v_speed", start(6, {hidden, out}));
    ct::Function step;

    explicit Network(int threads) : step(make(threads)) {}

    ct::Function make(int threads) const
    {
        const auto x = ct::matrix<float>("x", {batch, in});
        const auto target = ct::matrix<float>("target", {batch, out});
        const Variable y = ct::matmul(tanh(ct::matmul(x, w) * 0.1F + b), v);
        const Variable loss = -ct::mean(ct::log_softmax(y, 1) * ct::softmax(target, 1));
        const auto g = ct::grad(loss, {w, b, v});
        const std::vector<std::pair<ct::Shared, ct::Shared>> all = {
            {w, w_speed}, {b, b_speed}, {v, v_speed}};
        ct::Options options{.name = "step", .threads = threads};
        for (std::size_t i = 0; i < all.size(); ++i) {
            const Variable speed = 0.9F * all[i].second - 0.1F * g[i];
            options.updates.push_back({all[i].second, speed});
            options.updates.push_back({all[i].first, all[i].first + speed});
        }
        return ct::function({x, target}, {loss, g[0], g[1], g[2]}, options);
    }
    std::vector<ct::Array> values() const
    {
        return {w.value(), b.value(), v.value(), w_speed.value(), b_speed.value(), v_speed.value()};
    }
    /// What three steps give, and what the variables are after them.
    std::vector<ct::Array> train() const
    {
        const ct::Array x = start(7, {batch, in}), target = start(8, {batch, out});
        std::vector<ct::Array> all;
        for (int i = 0; i < 3; ++i) {
            const ct::Results results = step(x, target);
            for (std::size_t k = 0; k < results.size(); ++k)
                all.push_back(results[k]);
        }
        for (const ct::Array& a : values())
            all.push_back(a);
        return all;
    }
};

} // namespace

TEST_CASE("training steps have the same bits for 1, 2, 3 and 7 threads")
{
    const Network alone(1);
    const std::vector<ct::Array> start = alone.values(), expected = alone.train();
    for (std::size_t i = 0; i < start.size(); ++i) // all have moved
        CHECK(!ct::identical(start[i], alone.values()[i]));
    for (const int threads : {2, 3, 7}) {
        INFO(threads);
        const Network network(threads);
        const WatchedPool pool;
        const std::vector<ct::Array> got = network.train();
        CHECK(pool.regions >= 9); // in each step at least both products and one of their gradients
        CHECK(pool.fewest_seen >= 2);
        REQUIRE(got.size() == expected.size());
        for (std::size_t i = 0; i < got.size(); ++i) {
            INFO(i);
            CHECK(ct::identical(got[i], expected[i]));
        }
    }
}

TEST_CASE("what takes less than twenty microseconds is not given to threads")
{
    const Work work = works()[0];
    const auto f = ct::function(work.inputs, work.outputs, {.threads = 2});
    const WatchedPool pool;
    f.call(arguments_of(work, 16, 16));
    CHECK(pool.regions == 0);
    f.call(arguments_of(work, 1031, 517));
    CHECK(pool.regions > 0);
}

TEST_CASE("a process has as many threads after a call as it asked for, and one if it asked for one")
{
    const Work work = works()[0];
    const auto arguments = arguments_of(work, 1031, 517);
    for (const int threads : {1, 2, 3}) {
        INFO(threads);
        const auto f = ct::function(work.inputs, work.outputs, {.threads = threads});
        const pid_t child = croton::test::start_child([&] {
            if (count_threads() != 1) return 100;
            f.call(arguments);
            return static_cast<int>(count_threads());
        });
        CHECK(croton::test::wait_for(child) == threads);
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
