// What is said of arrays and views that are not there, or do not fit.
#include <croton/croton.hpp>

#include <string>
#include <vector>

#include "errors/expect.hpp"

namespace ct = croton;

TEST_CASE("an argument without memory is refused by its name, in every form of a call")
{
    const auto x = ct::vector<double>("x", {3}), k = ct::scalar<double>("k");
    const auto y = ct::Output("y", x * k);
    const ct::View<double> none(nullptr, {3});
    std::vector<double> three(3, 1.0);
    const std::string why = " has no memory: its pointer is null";
    for (const bool reference : {false, true}) {
        const auto f = ct::function({x, k}, y, {.name = "f", .reference = reference});
        CHECK_REFUSED(f(none, 2), domain, "f: input 0 'x'" + why + ", its shape (3)");
        CHECK_REFUSED(f.call_named({{"x", none}, {"k", 2}}), domain,
                      "f: input 0 'x'" + why + ", its shape (3)");
        CHECK_REFUSED(f(ct::Array(), 2), domain,
                      "f: input 0 'x': the Array holds nothing, as Array() does");
        const auto typed = f.typed<void(ct::View<const double>, double, ct::View<double>)>();
        CHECK_REFUSED(typed(none, 2, three), domain, "f: input 0 'x'" + why + ", its shape (3)");
        CHECK_REFUSED(typed(three, 2, none), domain, "f: output 0 'y'" + why + ", its shape (3)");
        if (reference) continue;
        auto w = f.workspace();
        const ct::Status status = typed(w, three, 2, none);
        CHECK(status.text() == "f: output 0 'y'" + why);
        CHECK(status.code == ct::Code::domain);
    }
    const auto g = ct::function({k}, ct::Output("y", k * 2), {.name = "g"});
    const auto numbers = g.typed<void(ct::View<const double, 0>, double&)>();
    double result = 0;
    CHECK_REFUSED(numbers(ct::View<const double, 0>(nullptr, {}), result), domain,
                  "g: input 0 'k'" + why + ", its shape ()");
    const auto h = ct::function({ct::vector<double>("x", {ct::dim("n")})}, ct::Variable(3),
                                {.name = "h", .allow_unused_inputs = true});
    CHECK(h(ct::View<double>(nullptr, {0})).size() == 1); // no elements need no memory
}

TEST_CASE("a default is refused where it is given, a number has the input's dtype")
{
    const auto x = ct::vector<float>("x", {3}), k = ct::scalar<float>("k");
    const auto i = ct::scalar<std::uint8_t>("i");
    CHECK_REFUSED(ct::function({x, {k, ct::zeros<float>({2})}}, x * k), shape,
                  "function: the default of 'k' is f32 (2), the input f32 ()");
    CHECK_REFUSED(ct::function({{x, ct::zeros<float>({2})}}, x * 2), shape,
                  "function: the default of 'x' is f32 (2), the input f32 (3)");
    CHECK_REFUSED(ct::function({{x, ct::zeros<double>({3})}}, x * 2), dtype,
                  "function: the default of 'x' is f64 (3), the input f32 (3)");
    CHECK_REFUSED(ct::Input(x, 2), shape,
                  "function: a number is the default of a 0-d input, not of 'x'; give an Array");
    CHECK_REFUSED(ct::Input(i, 300), dtype, "function: the default of 'i' (u8): 300 does not fit");
    const auto f = ct::function({x, {k, 2}}, x * k);
    CHECK(f(ct::Array::full<float>({3}, 4))[0].as_double(1) == 8);
}

TEST_CASE("a default is the value that was given, whatever becomes of the array")
{
    const auto x = ct::vector<float>("x", {2});
    ct::Array value = ct::Array::full<float>({2}, 3);
    const auto f = ct::function({{x, value}}, x * 2, {.name = "f"});
    value.view<float>().data[0] = 100;
    CHECK(f()[0].as_double(0) == 6);
    CHECK_REFUSED(f(1.0), shape, "f: input 0 'x' has rank 1 (2), given rank 0");
    const auto w = ct::shared("w", value);
    CHECK_REFUSED(w.set(ct::Array()), domain,
                  "set: the value for 'w' is an Array() that holds nothing");
}

TEST_CASE("what is asked of an Array wrongly has the line")
{
    const ct::Array a = ct::zeros<float>({2, 3});
    CHECK_REFUSED(a[2], index, "array: index 2 is out of range for (2, 3)");
    CHECK_REFUSED(a[0][1][0], index, "array: a 0-d array has no axis to index");
    CHECK_REFUSED(a.as_double(6), index,
                  "array: position 6 is out of range for (2, 3), which has 6 elements");
    CHECK_REFUSED(a.as_int(-1), index,
                  "array: position -1 is out of range for (2, 3), which has 6 elements");
    CHECK_REFUSED(a.reshape({4}), shape, "array: cannot reshape (2, 3) to (4)");
    CHECK_REFUSED(a.reshape({-2, -3}), shape, "array: negative extent: (-2, -3)");
    CHECK_REFUSED(a.reshape({-1, -1}), shape, "array: negative extent: (-1, -1)");
    CHECK_REFUSED(a.reshape({0, -1}), shape, "array: negative extent: (0, -1)");
    CHECK_REFUSED(a.reshape({-1, 4}), shape, "array: cannot reshape (2, 3) to (-1, 4)");
    CHECK_REFUSED(ct::zeros<float>({-2}), shape, "array: negative extent: (-2)");
    CHECK_REFUSED(ct::Array::full<int>({3, -1}, 2), shape, "array: negative extent: (3, -1)");
    CHECK_REFUSED(ct::Array::empty(ct::DType::f32, {1LL << 40, 1LL << 40}), memory,
                  "array: too large: (1099511627776, 1099511627776) of f32");
    CHECK_REFUSED(ct::Array::uniform(1, {2}, ct::DType::i32), dtype,
                  "uniform: a float dtype is needed: i32");
    CHECK_REFUSED(ct::Array::load_npy("/nowhere/x.npy"), domain,
                  "load_npy: /nowhere/x.npy: cannot be opened: No such file or directory");
    CHECK_REFUSED(ct::Array::load_npy("/dev/zero"), domain,
                  "load_npy: /dev/zero: magic: this is no .npy file");
    CHECK_REFUSED(ct::load_npz("/dev/zero"), domain, "load_npz: /dev/zero: this is no .npz file");
    CHECK_REFUSED(ct::load_npz("/nowhere/x.npz"), domain,
                  "load_npz: /nowhere/x.npz: cannot be opened: No such file or directory");
    CHECK_REFUSED(a.save_npy("/nowhere/x.npy"), domain,
                  "save_npy: /nowhere/x.npy: cannot be written: No such file or directory");
    const ct::View<float> none(nullptr, {3});
    CHECK_REFUSED(ct::Array::copy(none), domain,
                  "view: it has no memory: its pointer is null, its shape (3)");
    CHECK_REFUSED(ct::Array::borrow(none), domain,
                  "view: it has no memory: its pointer is null, its shape (3)");
}

TEST_CASE("complex elements can be held, and are refused by what would compute with them")
{
    const ct::Array z = ct::Array::zeros(ct::DType::complex64, {2});
    CHECK(to_string(z) == "complex64 array of 2 elements");
    CHECK_REFUSED(ct::Variable(z), dtype, "constant: complex64 is not supported");
    CHECK_REFUSED(ct::shared("z", z), dtype, "shared: complex64 is not supported");
    const std::string text = "array: complex64 elements are not converted to any other";
    CHECK_THROWS_WITH(z.cast(ct::DType::f32), text);
    CHECK_THROWS_WITH(ct::zeros<float>({2}).cast(ct::DType::complex64), text);
}

TEST_CASE("what asks for the value of a symbol, or names one badly, is told at its line")
{
    CHECK_REFUSED(ct::dim("n").value(), shape, "extent: n is known only when a function runs");
    CHECK_REFUSED(ct::dim("a\nb"), domain, "dim: a name with the control character 10");
}
