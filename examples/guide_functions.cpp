// Inputs, indexing, derivatives, and every way to call a function: the risk of a few shares.
#include <croton/croton.hpp>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

namespace ct = croton;

constexpr float table[5][3] = {{20.0f, 50.0f, 8.0f},
                               {20.5f, 49.0f, 8.1f},
                               {21.0f, 49.5f, 7.9f},
                               {20.8f, 50.5f, 8.2f},
                               {21.3f, 50.0f, 8.4f}};

void show(const char* name, const ct::Variable& v)
{
    std::printf("%-8s %s\n", name, to_string(v.type()).c_str());
}

void show(const char* call, float risk, const ct::Array& slope)
{
    std::printf("%-8s risk %.4f, slope %s\n", call, static_cast<double>(risk),
                to_string(slope).c_str());
}

int main()
{
    // [inputs]
    const auto days = ct::dim("days");
    const auto price = ct::matrix<float>("price", {days, 3});
    const auto weight = ct::vector<float>("weight", {3});

    const auto growth = log(price(ct::slice(1, ct::_)) / price(ct::slice(0, -1)));
    const auto gain = ct::dot(growth, weight).named("gain");
    const auto mean = ct::sum(gain) / (days - 1);
    const auto risk = sqrt(252 * ct::mean(square(gain - mean))).named("risk");

    show("growth", growth);
    show("first", growth(ct::_, 0));
    show("last", growth(-1));
    show("column", gain(ct::_, ct::newaxis));
    show("quiet", growth.set({0, ct::_}, 0));
    show("risk", risk);
    // [/inputs]

    const ct::View<const float, 2> prices(table[0], {5, 3});
    const std::vector<float> weights{0.5f, 0.3f, 0.2f}, first{1, 0, 0};

    // [gradients]
    const auto slope = ct::grad(risk, weight).named("slope");
    const auto [by_price, by_weight] = ct::grad(risk, {price, weight});

    const auto shift = ct::vector<float>("shift", {3});
    const auto change = ct::jvp(risk, {weight}, {shift});
    const auto pulled = ct::vjp({gain}, {weight}, {gain})[0];
    const auto bend = ct::hvp(risk, weight, shift);

    const auto derive =
        ct::function({price, weight, shift}, {by_weight, by_price(-1), change, pulled, bend});
    const auto d = derive(prices, weights, first);
    for (std::size_t i = 0; i < d.size(); ++i)
        std::printf("%s\n", to_string(d[i]).c_str());
    // [/gradients]

    // [call]
    const ct::Array even = ct::Array::full<float>({3}, 1.0f / 3);
    const auto f =
        ct::function({price, ct::Input(weight, even)}, {risk, slope}, {.name = "portfolio"});

    const ct::Results r = f(prices, weights);
    show("in order", r["risk"].item<float>(), r["slope"]);
    const ct::Results named = f.call_named({{"weight", weights}, {"price", prices}});
    show("by name", named["risk"].item<float>(), named["slope"]);
    const ct::Results left_out = f(prices);
    show("left out", left_out[0].item<float>(), left_out[1]);

    std::array results{ct::zeros<float>({}), ct::zeros<float>({3})};
    f.call_into(std::array{ct::Array::copy(prices), even}, results);
    show("into", results[0].item<float>(), results[1]);
    // [/call]

    // [typed]
    using Vector = ct::View<const float>;
    const auto call = f.typed<void(ct::View<const float, 2>, Vector, float&, ct::View<float>)>();
    float value = 0;
    std::vector<float> direction(3);
    call(prices, weights, value, direction);

    ct::Workspace workspace = f.workspace({{"days", 5}});
    const ct::Status done = call(workspace, prices, first, value, direction);
    std::printf("%s: risk %.4f\n", std::string(name(done.code)).c_str(),
                static_cast<double>(value));
    const ct::Status refused =
        call(workspace, prices, Vector(weights.data(), {2}), value, direction);
    std::printf("%s: %s\n", std::string(name(refused.code)).c_str(), refused.text().c_str());
    // [/typed]
}
