// Trains a classifier of handwritten digits, then shows the C++ that Croton wrote for it.
//
//   ./dev demo        or: digits [folder with digits_images.npy and digits_labels.npy]
#include <croton/croton.hpp>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace ct = croton;
using ct::Variable;
constexpr int hidden = 64;
constexpr std::size_t batch = 32, epochs = 60;

struct Layer {
    ct::Shared weights, bias;
    Variable operator()(const Variable& x) const { return ct::dot(x, weights) + bias; }
};
Layer layer(const std::string& name, std::uint64_t key, int in, int out)
{
    const auto start = ct::Array::normal(key, {in, out}, ct::DType::f32, std::sqrt(2. / in));
    return {shared(name + "_weights", start), shared(name + "_bias", ct::zeros<float>({out}))};
}

/// A line that moves on a terminal; elsewhere one every tenth epoch.
void show_progress(std::size_t epoch, double loss, double accuracy)
{
    const bool terminal = isatty(STDOUT_FILENO) == 1;
    if (!terminal && epoch % 10 != 0) return;
    const std::string bar(30 * epoch / epochs, '#');
    std::printf("%s[%-30s] epoch %zu  loss %.4f  test accuracy %.4f%s", terminal ? "\r" : "",
                bar.c_str(), epoch, loss, accuracy, terminal ? "" : "\n");
    std::fflush(stdout);
}

/// The first kernel whose formula has `part` in it, with its comment and the functions it calls.
std::string kernel_with(std::string_view source, std::string_view part)
{
    const std::size_t gap = source.rfind("\n\n// ", source.find(part));
    const std::size_t begin = gap == source.npos ? 0 : gap + 2;
    const std::size_t end = source.find("\n}\n", source.find("CT_KERNEL", begin)) + 3;
    return std::string(source.substr(begin, end - begin));
}

void draw(const ct::Array& image)
{
    static constexpr const char* shades[] = {"  ", "░░", "▒▒", "▓▓", "██"};
    for (int i = 0; i < 64; ++i)
        std::printf("%s%s%s", i % 8 == 0 ? "    " : "", shades[image.as_int(i) / 4],
                    i % 8 == 7 ? "\n" : "");
}

int main(int argc, char** argv)
{
    const std::string folder = argc > 1 ? argv[1] : CROTON_EXAMPLES_DATA;
    const ct::Array images = ct::Array::load_npy(folder + "/digits_images.npy"); // 0..16
    const ct::Array labels = ct::Array::load_npy(folder + "/digits_labels.npy");
    std::vector<std::int64_t> train_rows, test_rows; // every fifth image is kept for the test
    for (std::int64_t i = 0; i < images.shape()[0]; ++i)
        (i % 5 == 0 ? test_rows : train_rows).push_back(i);

    // The model: 64 pixels, a hidden layer, 10 classes; a function of all images and the rows used.
    const auto all_images = ct::matrix<std::uint8_t>("images", {ct::dim("n"), 64});
    const auto all_labels = ct::vector<std::uint8_t>("labels", {all_images.extent(0)});
    const auto rows = ct::vector<std::int64_t>("rows");
    const Variable x = ct::take(all_images, rows, 0).as(ct::DType::f32) / 16;
    const Variable y = ct::take(all_labels, rows, 0);
    const Layer first = layer("first", 1, 64, hidden), second = layer("second", 2, hidden, 10);
    const Variable p = ct::softmax(second(relu(first(x))), -1);
    const Variable loss = -ct::mean(log(ct::take_along_axis(p, ct::expand_dims(y, 1), 1)));
    const Variable guess = ct::argmax(p, 1);

    ct::Options training{.name = "train"}; // gradient descent with momentum
    for (const ct::Shared& w : {first.weights, first.bias, second.weights, second.bias}) {
        const ct::Array zeros = ct::Array::zeros(w.dtype(), w.value().extents());
        const auto velocity = ct::shared(std::string(w.name()) + "_velocity", zeros);
        const Variable v = 0.9 * velocity - 0.05 * ct::grad(loss, w);
        training.updates.push_back({velocity, v});
        training.updates.push_back({w, w + v});
    }
    const auto train = ct::function({all_images, all_labels, rows}, loss, training);
    const auto test = ct::function({all_images, all_labels, rows},
                                   {{"right", ct::sum(guess == y)}, {"guess", guess}});

    double right = 0, tests = static_cast<double>(test_rows.size());
    std::chrono::duration<double, std::micro> spent{};
    const std::size_t count = train_rows.size(), steps = count / batch;
    for (std::size_t epoch = 1; epoch <= epochs; ++epoch) {
        double total = 0;
        for (std::size_t step = 0; step < steps; ++step) {
            std::vector<std::int64_t> picked; // 601 has no factor in common with the 1,437 rows
            for (std::size_t i = step * batch; i < (step + 1) * batch; ++i)
                picked.push_back(train_rows[(601 * i + 263 * epoch) % count]);
            const auto before = std::chrono::steady_clock::now();
            total += train(images, labels, picked)[0].item<float>();
            spent += std::chrono::steady_clock::now() - before;
        }
        right = test(images, labels, test_rows)["right"].as_double(0);
        show_progress(epoch, total / static_cast<double>(steps), right / tests);
    }
    std::printf("\n\ncompiled in %.0f ms (a second run finds the code in the cache), "
                "%.1f us a step of %zu images\n\n",
                train.compile_ms() + test.compile_ms(), (spent / (epochs * steps)).count(), batch);
    std::printf("the hidden layer:\n\n%s\n", kernel_with(test.source(), "relu").c_str());
    const ct::Array guesses = test(images, labels, test_rows)["guess"];
    for (std::int64_t i = 0, shown = 0; const std::int64_t row : test_rows) {
        const auto truth = labels.as_double(row), guessed = guesses.as_double(i++);
        if (guessed == truth || ++shown > 3) continue;
        std::printf("a %.0f, taken for a %.0f:\n", truth, guessed);
        draw(images[row]);
    }
    const auto saved = std::filesystem::absolute(argv[0]).parent_path() / "digits_train.cpp";
    std::ofstream(saved) << train.full_source();
    std::printf("\nthe whole training step: %s\ntest accuracy %.4f (%.0f/%.0f)\n", saved.c_str(),
                right / tests, right, tests);
}
