// Trains a classifier of handwritten digits, then shows the C++ that Croton wrote for it.
//
//   ./dev demo        or: digits [folder with digits_images.npy and digits_labels.npy]
#include <croton/croton.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <string>

namespace ct = croton;
using ct::Variable;

constexpr int train_count = 1437, test_count = 360, batch = 32, epochs = 60;

struct Layer {
    ct::Shared weights, bias;
    Layer(int key, int in, int out)
        : weights(ct::shared("weights" + std::to_string(key),
                             ct::Array::normal(static_cast<std::uint64_t>(key),
                                               {in, out},
                                               ct::DType::f32,
                                               1.4 / std::sqrt(in)))),
          bias(ct::shared("bias" + std::to_string(key), ct::zeros<float>({out})))
    {}
    Variable operator()(const Variable& x) const { return ct::dot(x, weights) + bias; }
};

/// Rows first, first + 1, .. of an array, in memory of their own.
ct::Array rows(const ct::Array& a, const std::vector<std::int64_t>& picked)
{
    std::vector<std::int64_t> shape(a.shape().begin(), a.shape().end());
    shape[0] = static_cast<std::int64_t>(picked.size());
    ct::Array result = ct::Array::empty(a.dtype(), shape);
    const std::size_t bytes = a.size_bytes() / static_cast<std::size_t>(a.shape()[0]);
    for (std::size_t i = 0; i < picked.size(); ++i)
        std::copy_n(static_cast<const char*>(a[picked[i]].data()), bytes,
                    static_cast<char*>(result.data()) + i * bytes);
    return result;
}

void draw(const ct::Array& image)
{
    static constexpr const char* shades[] = {"  ", "░░", "▒▒", "▓▓", "██"};
    for (int r = 0; r < 8; ++r) {
        std::printf("    ");
        for (int c = 0; c < 8; ++c)
            std::printf("%s", shades[static_cast<int>(image.as_double(8 * r + c) * 4)]);
        std::printf("\n");
    }
}

int main(int argc, char** argv)
{
    const std::string folder = argc > 1 ? argv[1] : CROTON_EXAMPLES_DATA;
    const ct::Array raw = ct::Array::load_npy(folder + "/digits_images.npy").cast(ct::DType::f32);
    ct::Array images = raw.clone();
    for (std::int64_t i = 0; i < images.size(); ++i)
        static_cast<float*>(images.data())[i] /= 16;
    const ct::Array labels =
        ct::Array::load_npy(folder + "/digits_labels.npy").cast(ct::DType::i64);
    std::vector<std::int64_t> train_rows, test_rows;
    for (std::int64_t i = 0; i < train_count + test_count; ++i)
        (i < train_count ? train_rows : test_rows).push_back(i);

    // The model: 64 pixels, 64 hidden units, 10 classes; softmax cross-entropy; SGD with momentum.
    const Layer first(1, 64, 64), second(2, 64, 10);
    const auto x = ct::matrix<float>("images", {ct::dim("n"), 64});
    const auto y = ct::vector<std::int64_t>("labels", {x.extent(0)});
    const Variable hidden = relu(first(x));
    const Variable p = ct::softmax(second(hidden), -1);
    const Variable loss =
        -ct::mean(log(ct::take_along_axis(p, ct::expand_dims(y, 1), 1))).named("loss");
    const Variable correct = ct::sum(ct::argmax(p, 1) == y);

    std::vector<ct::Shared> parameters{first.weights, first.bias, second.weights, second.bias};
    ct::Options options{.name = "train"};
    for (const ct::Shared& w : parameters) {
        const ct::Shared velocity = ct::shared(std::string(w.name()) + "_velocity",
                                               ct::Array::zeros(w.dtype(), w.value().extents()));
        const Variable v = 0.9 * velocity + ct::grad(loss, w);
        options.updates.push_back({velocity, v});
        options.updates.push_back({w, w - 0.05 * v});
    }
    const auto train = ct::function({x, y}, {loss}, options);
    const auto test = ct::function(
        {x, y}, {ct::Output("correct", correct), ct::Output("class", ct::argmax(p, 1))},
        {.name = "test"});

    const ct::Array test_images = rows(images, test_rows), test_labels = rows(labels, test_rows);
    std::int64_t right = 0;
    double step_us = 0;
    for (int epoch = 0; epoch < epochs; ++epoch) {
        double total = 0;
        int steps = 0;
        for (int start = 0; start + batch <= train_count; start += batch, ++steps) {
            std::vector<std::int64_t> picked; // a fixed shuffle, another one each epoch
            for (int i = 0; i < batch; ++i)
                picked.push_back((std::int64_t{start + i} * 601 + epoch * 263) % train_count);
            const ct::Array xs = rows(images, picked), ys = rows(labels, picked);
            const auto before = std::chrono::steady_clock::now();
            total += train(xs, ys)[0].item<float>();
            step_us +=
                std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - before)
                    .count();
        }
        right = test(test_images, test_labels)["correct"].item<std::int64_t>();
        std::string bar(static_cast<std::size_t>(30 * (epoch + 1) / epochs), '#');
        std::printf("\r[%-30s] epoch %2d  loss %.4f  test accuracy %.4f", bar.c_str(), epoch + 1,
                    total / steps, static_cast<double>(right) / test_count);
        std::fflush(stdout);
    }
    std::printf("\n\ncompiled in %.0f + %.0f ms, %.0f us a training step\n\n", train.compile_ms(),
                test.compile_ms(), step_us / (epochs * (train_count / batch)));

    const std::string_view source = train.source();
    const std::size_t kernel = source.find("// fused_");
    std::printf(
        "one of its kernels:\n\n%s\n",
        std::string(source.substr(kernel, source.find("\n}\n", kernel) + 3 - kernel)).c_str());
    const std::string saved = "train.cpp";
    std::ofstream(saved) << train.full_source();

    const auto results = test(test_images, test_labels);
    int shown = 0;
    for (std::int64_t i = 0; i < test_count && shown < 3; ++i) {
        const std::int64_t guess = results["class"].as_int(i), truth = test_labels.as_int(i);
        if (guess == truth) continue;
        ++shown;
        std::printf("a %lld, taken for a %lld:\n", static_cast<long long>(truth),
                    static_cast<long long>(guess));
        draw(test_images[i]);
    }
    std::printf("\nthe whole program: %s\n", saved.c_str());
    std::printf("test accuracy %.4f (%lld/%d)\n", static_cast<double>(right) / test_count,
                static_cast<long long>(right), test_count);
}
