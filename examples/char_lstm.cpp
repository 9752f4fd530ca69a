// A recurrent network learns to write Shakespeare's characters one by one from 100 KB of his plays,
// and then writes some. Training is one compiled function whose updates are Adam's; writing is
// another, a loop that feeds each character it draws to the next step.
#include <croton/croton.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace ct = croton;
using ct::_;
using ct::slice;
using ct::Variable;

namespace {

constexpr std::int64_t hidden = 96, batch = 32, length = 48, steps = 350, written = 240;

/// Uniform in [-width, width], from a stream of its own.
ct::Array weights(const std::vector<std::int64_t>& shape, double width)
{
    static std::uint64_t stream = 0;
    const ct::Shape extents(shape.begin(), shape.end());
    const Variable u = ct::uniform(ct::DType::f32, ct::Array::scalar(++stream), extents);
    return ct::function(ct::Variables{}, {(2 * u - 1) * width})()[0];
}

/// One cell: gates are input, forget, output and candidate, side by side.
ct::Variables cell(const Variable& gates, const Variable& c)
{
    const ct::Variables g = ct::split(gates, 4, -1);
    const Variable next = sigmoid(g[1]) * c + sigmoid(g[0]) * tanh(g[3]);
    return {sigmoid(g[2]) * tanh(next), next};
}

} // namespace

int main(int argc, char** argv)
{
    const std::string folder = argc > 1 ? argv[1] : CROTON_EXAMPLES_DATA;
    std::ifstream file(folder + "/tiny_shakespeare_100k.txt");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    std::string letters;
    std::array<std::int32_t, 256> number{};
    for (int c = 0; c < 256; ++c)
        if (text.find(static_cast<char>(c)) != text.npos) {
            number[static_cast<std::size_t>(c)] = static_cast<std::int32_t>(letters.size());
            letters += static_cast<char>(c);
        }
    const auto kinds = std::ssize(letters);
    std::printf("%zu characters, %td kinds\n", text.size(), kinds);

    // The first product is a choice of rows, as a character is one of its kinds.
    const auto w_in = ct::shared("w_in", weights({kinds, 4 * hidden}, 0.1));
    const auto w = ct::shared("w", weights({hidden, 4 * hidden}, 0.1));
    const auto b = ct::shared("b", weights({4 * hidden}, 0.1));
    const auto w_out = ct::shared("w_out", weights({hidden, kinds}, 0.1));
    const auto b_out = ct::shared("b_out", weights({kinds}, 0.1));
    const std::vector<ct::Shared> parameters{w_in, w, b, w_out, b_out};

    const auto characters = ct::matrix<std::int32_t>("characters", {length + 1, batch});
    const auto step = [&](const Variable& x, const Variable& h, const Variable& c) {
        return cell(x + ct::dot(h, w), c);
    };
    const Variable inputs = ct::take(w_in, characters(slice(0, -1)), 0) + b;
    const Variable zeros = ct::zeros(ct::DType::f32, {batch, hidden});
    const Variable states =
        ct::scan(step, {.sequences = {inputs}, .init = {zeros, zeros}}).history[0];
    const Variable scores = ct::log_softmax(ct::dot(states, w_out) + b_out, -1);
    const Variable right = ct::expand_dims(characters(slice(1, _)), 2);
    const Variable loss = -ct::mean(ct::take_along_axis(scores, right, 2));

    const auto count = ct::shared("count", ct::Array::scalar(0.0F));
    const Variable t = count + 1;
    const Variable rate = 0.01 * sqrt(1 - pow(0.99, t)) / (1 - pow(0.9, t));
    std::vector<ct::Update> updates{{count, t}};
    const auto slopes = ct::grad(loss, parameters);
    for (std::size_t k = 0; k < parameters.size(); ++k) {
        const std::vector<std::int64_t> shape = parameters[k].value().extents();
        const auto mean = ct::shared("mean", ct::Array::zeros(ct::DType::f32, shape));
        const auto squares = ct::shared("squares", ct::Array::zeros(ct::DType::f32, shape));
        const Variable g = clip(slopes[k], -0.1, 0.1);
        const Variable m = 0.9 * mean + 0.1 * g, v = 0.99 * squares + 0.01 * square(g);
        updates.push_back({mean, m});
        updates.push_back({squares, v});
        updates.push_back({parameters[k], parameters[k] - rate * m / (sqrt(v) + 1e-8)});
    }
    const auto train = ct::function({characters}, loss, {.name = "train", .updates = updates});

    // Each of the batch reads on from its own place; sequences follow each other at odd distances.
    std::vector<std::int32_t> block(static_cast<std::size_t>((length + 1) * batch));
    double recent = 0;
    for (std::int64_t i = 1; i <= steps; ++i) {
        for (std::int64_t k = 0; k < batch; ++k)
            for (std::int64_t j = 0; j <= length; ++j) {
                const std::int64_t at =
                    (i * batch + k) * 7919 % (std::ssize(text) - length - 1) + j;
                const auto c = static_cast<unsigned char>(text[static_cast<std::size_t>(at)]);
                block[static_cast<std::size_t>(j * batch + k)] = number[c];
            }
        recent +=
            train(ct::View<const std::int32_t, 2>(block.data(), {length + 1, batch}))[0].as_double(
                0);
        if (i % 50 != 0) continue;
        std::printf("step %3td: %.2f bits a character\n", i, recent / 50 / std::log(2.0));
        recent = 0;
    }

    // A character is drawn by adding Gumbel's noise to the scores: the largest is chosen.
    const auto seed = ct::scalar<std::uint64_t>("seed");
    const Variable u = ct::uniform(ct::DType::f32, seed, {written, kinds});
    const auto write = [&](const Variable& noise, const Variable& h, const Variable& c,
                           const Variable& last) {
        ct::Variables next = cell(ct::take(w_in, last, 0) + b + ct::dot(h, w), c);
        const Variable score = (ct::dot(next[0], w_out) + b_out) / 0.7 + noise;
        next.push_back(ct::argmax(score, 0));
        return ct::Step{next, {next[2]}};
    };
    const Variable start = ct::zeros(ct::DType::f32, {hidden});
    const Variable first = ct::Array::scalar(std::int64_t{number['\n']});
    const Variable drawn =
        ct::scan(write, {.sequences = {-log(-log(u + 1e-12))}, .init = {start, start, first}})
            .out[0];
    const ct::Array line = ct::function({seed}, drawn, {.name = "write"})(std::uint64_t{1})[0];
    for (std::int64_t i = 0; i < line.size(); ++i)
        std::putchar(letters[static_cast<std::size_t>(line.as_double(i))]);
    std::putchar('\n');
}
