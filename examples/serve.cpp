// Logistic regression served from 8 threads while another keeps training: every reader sees the
// weights of one step, never a mixture, and waits for nobody but the moment of a commit.
#include <croton/croton.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace ct = croton;

int main()
{
    constexpr int features = 32, examples = 4096;
    const auto n = ct::dim("n");
    const auto x = ct::matrix<float>("x", {n, features});
    const auto y = ct::vector<float>("y", {n});
    const auto w = ct::shared("w", ct::zeros<float>({features}));
    const auto b = ct::shared("b", ct::zeros<float>({}));
    const auto steps = ct::shared("steps", ct::zeros<std::int64_t>({}));
    const auto logits = ct::dot(x, w) + b;
    const auto loss = ct::mean(softplus(logits) - y * logits) + 1e-4 * ct::sum(square(w));
    const auto [w_bar, b_bar] = ct::grad(loss, {w, b});
    const auto train =
        ct::function({x, y}, loss,
                     {.name = "train",
                      .updates = {{w, w - 0.5 * w_bar}, {b, b - 0.5 * b_bar}, {steps, steps + 1}}});

    const auto row = ct::vector<float>("row", {features});
    const auto score =
        ct::function({row}, {sigmoid(ct::dot(row, w) + b), steps}, {.name = "score", .threads = 1});
    const auto call = score.typed<void(ct::View<const float>, float&, std::int64_t&)>();

    // Data from a known model: the label says on which side of a plane the point lies.
    const ct::Array xs = ct::Array::normal(1, {examples, features});
    const ct::Array plane = ct::Array::normal(2, {features});
    const ct::Array ys = ct::function({x}, (ct::dot(x, ct::Variable(plane)) > 0).as(ct::DType::f32),
                                      {.name = "labels"})(xs)[0];

    constexpr std::int64_t last_step = 500;
    // Answers of each thread from between the first step and the last.
    std::array<std::atomic<std::int64_t>, 8> meanwhile{};
    std::atomic<std::int64_t> refused = 0, backwards = 0;
    std::vector<std::jthread> servers;
    for (auto& answers : meanwhile)
        servers.emplace_back([&](const std::stop_token& stop) {
            auto workspace = score.workspace(); // one per thread
            const std::vector<float> point(features, 0.5f);
            std::int64_t seen = 0;
            do {
                float p = 0;
                std::int64_t step = 0;
                if (!call(workspace, point, p, step)) ++refused;
                backwards += step < seen;
                seen = step;
                answers += step > 0 && step < last_step;
            } while (!stop.stop_requested());
        });

    const auto answered = [&] {
        return std::ranges::count_if(meanwhile, [](const auto& count) { return count > 0; });
    };
    for (int i = 0; i < last_step; ++i) {
        const float l = train(xs, ys)[0].item<float>();
        if (i % 100 == 0) std::printf("step %3d  loss %.4f\n", i, static_cast<double>(l));
        while (i == last_step / 2 && answered() < 8)
            std::this_thread::yield(); // on few CPUs a thread may not have had its turn yet
    }
    servers.clear(); // asks them to stop, waits
    std::printf("%lld steps; %lld threads answered meanwhile, refused %lld, went back %lld times\n",
                static_cast<long long>(steps.value().item<std::int64_t>()),
                static_cast<long long>(answered()), static_cast<long long>(refused),
                static_cast<long long>(backwards));

    ct::set_all({{w, ct::zeros<float>({features})}, {b, ct::zeros<float>({})}});
    std::printf("all parameters back to 0, at one moment: score %.1f\n",
                static_cast<double>(score(std::vector<float>(features, 0.5f))[0].item<float>()));

    // What another process serves: loaded from a file, it shares nothing with this one.
    const auto file = std::filesystem::temp_directory_path() / ("score" + std::to_string(getpid()));
    score.save(file.string());
    const auto again = ct::Function::load(file.string());
    std::filesystem::remove(file);
    again.shared("b").set(ct::Array::full<float>({}, 1));
    std::printf("%s\nloaded: score %.4f, here still %.1f\n", again.signature().c_str(),
                static_cast<double>(again(std::vector<float>(features, 0.5f))[0].item<float>()),
                static_cast<double>(score(std::vector<float>(features, 0.5f))[0].item<float>()));
}
