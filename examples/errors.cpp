// What a mistake looks like: what is wrong, the values, and the line where it was written.
#include <croton/croton.hpp>

#include <cstdio>
#include <string>

namespace ct = croton;

// [layer]
ct::Variable layer(const ct::Variable& x,
                   const ct::Variable& w,
                   int number,
                   ct::Where where = ct::Where::current())
{
    const ct::Scope scope("layer " + std::to_string(number), where);
    return tanh(ct::dot(x, w));
}
// [/layer]

template <class F>
void show(F make)
{
    // [catch]
    try {
        make();
    } catch (const ct::Error& e) { // UserError, InternalError or BackendError
        std::printf("%s\n    code %s\n", e.what(), std::string(name(e.code())).c_str());
    }
    // [/catch]
}

int main()
{
    const auto x = ct::matrix<float>("x", {32, 64});
    const auto a = ct::matrix<float>("a", {64, 16}), b = ct::matrix<float>("b", {10, 16});
    show([&] { layer(layer(x, a, 1), b, 2); });
    show([&] { return x + b; });
    show([&] { return x ^ 2; });
    show([&] { return ct::sum(x, 2); });
    show([&] { return ct::grad(x * 2, x); });
    const auto f = ct::function({x}, ct::sum(x), {.name = "total"});
    show([&] { f(ct::zeros<float>({32, 63})); });
    show([&] { f(ct::zeros<double>({32, 64})); });
}
