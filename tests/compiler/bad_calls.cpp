// Memory that a call cannot take as it is: misaligned, overlapping, backwards, with gaps; arrays
// without elements and without axes. A call that may allocate gives the result that copies would
// give; one that may not says so and touches nothing.
#include <croton/croton.hpp>

#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "support/catch.hpp"

namespace ct = croton;
using croton::test::contains;
using List = std::vector<double>;
using In = ct::View<const double>;
using Out = ct::View<double>;

namespace {

/// x * 2 + y of (n) each.
ct::Function twice_and_more(ct::Options options = {.name = "f"})
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const auto y = ct::vector<double>("y", {x.shape()[0]});
    return ct::function({x, y}, {x * 2 + y}, std::move(options));
}

List values_of(const ct::Array& a)
{
    List values;
    for (std::int64_t i = 0; i < a.size(); ++i)
        values.push_back(a.as_double(i));
    return values;
}

ct::Array array_of(const List& values) { return ct::Array::copy(In(values)); }

/// Elements at an address that is no multiple of their size.
class Misaligned {
public:
    explicit Misaligned(const List& values) : bytes_(8 * values.size() + 64)
    {
        std::memcpy(at(), values.data(), 8 * values.size());
    }
    double* data() { return reinterpret_cast<double*>(at()); }
    List values(std::size_t count)
    {
        List list(count);
        std::memcpy(list.data(), at(), 8 * count);
        return list;
    }

private:
    char* at()
    {
        const auto first = reinterpret_cast<std::uintptr_t>(bytes_.data());
        return bytes_.data() + (8 - first % 8) + 4;
    }
    std::vector<char> bytes_;
};

In backwards(const List& values)
{
    In v(values.data() + values.size() - 1, {static_cast<std::int64_t>(values.size())});
    v.strides[0] = -1;
    return v;
}

In every_other(const List& values)
{
    In v(values.data(), {static_cast<std::int64_t>(values.size() / 2)});
    v.strides[0] = 2;
    return v;
}

} // namespace

TEST_CASE("misaligned inputs are packed where a call may allocate, and refused where it may not")
{
    const auto f = twice_and_more();
    Misaligned x({1, 2, 3});
    const List y{10, 20, 30};
    const In view(x.data(), {3});
    const List expected{12, 24, 36};
    CHECK(values_of(f(view, y)[0]) == expected);
    CHECK(values_of(f.call_named({{"y", y}, {"x", view}})[0]) == expected);
    std::vector<ct::Array> out{ct::zeros<double>({3})};
    f.call_into(std::vector<ct::Array>{ct::Array::borrow(view), array_of(y)}, out);
    CHECK(values_of(out[0]) == expected);

    const auto call = f.typed<void(In, In, Out)>();
    List z(3);
    call(view, y, z);
    CHECK(z == expected);
    auto workspace = f.workspace({{"n", 3}});
    z = {7, 7, 7};
    const ct::Status status = call(workspace, view, y, z);
    CHECK(status.code == ct::Code::shape);
    CHECK(status.text() ==
          "f: input 0 'x' is not aligned for f64; a call without a Workspace copies it");
    CHECK(z == List{7, 7, 7});
    CHECK_THAT(f.explain(), contains("input 0 x:  row-major; 4 calls gave it in another layout or "
                                     "not aligned"));
}

TEST_CASE("misaligned outputs are written through a copy, or refused with the output's number")
{
    const auto f = twice_and_more();
    const List x{1, 2, 3}, y{10, 20, 30};
    Misaligned z({7, 7, 7, 7});
    const Out view(z.data(), {3});
    const auto call = f.typed<void(In, In, Out)>();
    auto workspace = f.workspace({{"n", 3}});
    CHECK(call(workspace, x, y, view).text() ==
          "f: output 0 is not aligned for f64; a call without a Workspace copies it");
    CHECK(z.values(4) == List{7, 7, 7, 7});
    call(x, y, view);
    CHECK(z.values(4) == List{12, 24, 36, 7});
    std::vector<ct::Array> out{ct::Array::borrow(view)};
    CHECK_THROWS_WITH(f.call_into(std::vector<ct::Array>{array_of(x), array_of(y)}, out),
                      "f: output 0 is f64 (n); the array for it is not aligned for f64");
    CHECK(z.values(4) == List{12, 24, 36, 7});
}

TEST_CASE("misaligned numbers are packed or refused like arrays")
{
    const auto s = ct::scalar<double>("s"), t = ct::scalar<double>("t");
    const auto f = ct::function({s, t}, {s - t}, {.name = "f"});
    using Number = ct::View<const double, 0>;
    const auto call = f.typed<void(Number, double, ct::View<double, 0>)>();
    Misaligned five({5}), result({0});
    auto workspace = f.workspace();
    double out = 7;
    CHECK(call(workspace, Number(five.data(), {}), 2.0, ct::View<double, 0>(&out, {})).text() ==
          "f: input 0 's' is not aligned for f64; a call without a Workspace copies it");
    CHECK(out == 7);
    call(Number(five.data(), {}), 2.0, ct::View<double, 0>(result.data(), {}));
    CHECK(result.values(1) == List{3});
}

TEST_CASE("an output over a part of an input gets what it would get elsewhere, or is refused")
{
    const auto f = twice_and_more();
    const auto call = f.typed<void(In, In, Out)>();
    auto workspace = f.workspace({{"n", 3}});
    const List y{10, 20, 30};
    for (const std::size_t to : {0U, 1U, 2U}) {
        INFO("the output begins at element " << to << " of the input");
        List memory{1, 2, 3, 4, 5};
        const In x(memory.data(), {3});
        const Out z(memory.data() + to, {3});
        const ct::Status status = call(workspace, x, y, z);
        CHECK(status.text() ==
              (to == 0 ? "f: output 0 overlaps input 0 'x'; {0, 0} in Options::in_place allows that"
                       : "f: output 0 overlaps input 0 'x'; a call without a Workspace copies that "
                         "first"));
        CHECK(memory == List{1, 2, 3, 4, 5});
        call(x, y, z);
        CHECK(List(memory.begin() + static_cast<std::ptrdiff_t>(to),
                   memory.begin() + static_cast<std::ptrdiff_t>(to) + 3) == List{12, 24, 36});

        List again{1, 2, 3, 4, 5};
        std::vector<ct::Array> out{ct::Array::borrow(Out(again.data() + to, {3}))};
        f.call_into(std::vector<ct::Array>{ct::Array::borrow(In(again.data(), {3})), array_of(y)},
                    out);
        CHECK(again == memory);
    }
    // Next to each other is not over each other.
    List memory{1, 2, 3, 0, 0, 0};
    CHECK(call(workspace, In(memory.data(), {3}), y, Out(memory.data() + 3, {3})));
    CHECK(memory == List{1, 2, 3, 12, 24, 36});
}

TEST_CASE("two inputs may be one memory, two outputs may not")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const auto y = ct::vector<double>("y", {x.shape()[0]});
    const auto f = ct::function({x, y}, {x + y, x * y}, {.name = "f"});
    const auto call = f.typed<void(In, In, Out, Out)>();
    auto workspace = f.workspace({{"n", 2}});
    const List in{3, 4};
    List a(2), b(2);
    REQUIRE(call(workspace, in, in, a, b));
    CHECK(a == List{6, 8});
    CHECK(b == List{9, 16});
    List memory{7, 7, 7};
    const Out first(memory.data(), {2}), second(memory.data() + 1, {2});
    CHECK(call(workspace, in, in, first, second).text() == "f: output 1 overlaps output 0");
    CHECK_THROWS_WITH(call(in, in, first, second), "f: output 0 and output 1 overlap in memory");
    std::vector<ct::Array> out{ct::Array::borrow(first), ct::Array::borrow(second)};
    CHECK_THROWS_WITH(f.call_into(std::vector<ct::Array>{array_of(in), array_of(in)}, out),
                      "f: output 0 and output 1 overlap in memory");
    CHECK(memory == List{7, 7, 7});
}

TEST_CASE("backwards and spaced vectors are packed where a call may allocate")
{
    const auto f = twice_and_more();
    const List x{1, 2, 3}, y{10, 0, 20, 0, 30, 0};
    const List expected{16, 24, 32};
    CHECK(values_of(f(backwards(x), every_other(y))[0]) == expected);
    CHECK(values_of(f.call_named({{"x", backwards(x)}, {"y", every_other(y)}})[0]) == expected);
    std::vector<ct::Array> out{ct::zeros<double>({3})};
    f.call_into(
        std::vector<ct::Array>{ct::Array::borrow(backwards(x)), ct::Array::borrow(every_other(y))},
        out);
    CHECK(values_of(out[0]) == expected);
    const auto call = f.typed<void(In, In, Out)>();
    List z(6, 7);
    Out spaced(z.data() + 4, {3});
    spaced.strides[0] = -2;
    auto workspace = f.workspace({{"n", 3}});
    CHECK(call(workspace, backwards(x), every_other(y), spaced).text() ==
          "f: input 0 'x' does not lie as declared: row-major; its stride along axis 0 is -1; "
          "declared as Layout::any it is taken so, and a call without a Workspace copies it");
    CHECK(z == List(6, 7));
    call(backwards(x), every_other(y), spaced);
    CHECK(z == List{32, 7, 24, 7, 16, 7});
}

TEST_CASE("an output in the gaps of an input is taken for one over it")
{
    const auto f = twice_and_more();
    const auto call = f.typed<void(In, In, Out)>();
    List memory{1, 0, 2, 0, 3, 0};
    Out gaps(memory.data() + 1, {3});
    gaps.strides[0] = 2;
    call(every_other(memory), List{10, 20, 30}, gaps);
    CHECK(memory == List{1, 12, 2, 24, 3, 36});
}

TEST_CASE("arrays without elements and of one element, in every kind of call")
{
    const auto x = ct::matrix<double>("x", {ct::dim("n"), ct::dim("m")});
    const auto f = ct::function({x}, {x * 2, ct::sum(x, ct::Axis{0}), ct::sum(x)}, {.name = "f"});
    using Matrix = ct::View<const double, 2>;
    const auto call = f.typed<void(Matrix, ct::View<double, 2>, Out, double&)>();
    for (const auto& [n, m] : {std::array{0, 3}, std::array{3, 0}, {0, 0}, {1, 1}}) {
        INFO(n << " rows of " << m);
        const auto size = static_cast<std::size_t>(n * m);
        const List in(size, 5.0);
        const Matrix view(in.data(), {n, m}); // of an empty vector, null
        const List columns(static_cast<std::size_t>(m), n * 5.0);
        const double total = 5.0 * n * m;
        const auto results = f(view);
        CHECK(results[0].shape()[0] == n);
        CHECK(values_of(results[0]) == List(size, 10.0));
        CHECK(values_of(results[1]) == columns);
        CHECK(results[2].item<double>() == total);
        CHECK(values_of(f.call_named({{"x", view}})[1]) == columns);
        List a(size, 7), b(columns.size(), 7);
        double c = 7;
        auto workspace = f.workspace({{"n", n}, {"m", m}});
        REQUIRE(call(workspace, view, ct::View<double, 2>(a.data(), {n, m}), b, c));
        CHECK((a == List(size, 10.0) && b == columns && c == total));
        c = 7;
        call(view, ct::View<double, 2>(a.data(), {n, m}), b, c);
        CHECK(c == total);
        std::vector<ct::Array> out{results[0].clone(), results[1].clone(), results[2].clone()};
        f.call_into(std::vector<ct::Array>{ct::Array::copy(view)}, out);
        CHECK(values_of(out[1]) == columns);
    }
    CHECK_THROWS_WITH(f(ct::Array::scalar(1.0)), "f: input 0 'x' has rank 2 (n, m), given rank 0");
}

TEST_CASE("numbers go in and come out without an axis in every kind of call")
{
    const auto s = ct::scalar<double>("s");
    const auto f = ct::function({s}, {s * 2}, {.name = "f"});
    CHECK(f(4.0)[0].item<double>() == 8);
    CHECK(f(4)[0].item<double>() == 8);
    CHECK(f(ct::Array::scalar(4.0))[0].rank() == 0);
    CHECK(f.call_named({{"s", 4.0}})[0].item<double>() == 8);
    std::vector<ct::Array> out{ct::Array::scalar(0.0)};
    f.call_into(std::vector<ct::Array>{ct::Array::scalar(4.0)}, out);
    CHECK(out[0].item<double>() == 8);
    CHECK_THROWS_WITH(f(List{4.0}), "f: input 0 's' has rank 0 (), given rank 1");
    CHECK_THROWS_WITH(f(ct::Array::scalar(4)),
                      "f: input 0 's' is f64, given i32; Array::cast converts it");
}

TEST_CASE("one symbol with two values is refused in every kind of call, before any work")
{
    const auto f = twice_and_more();
    const List x{1, 2, 3}, y{1, 2};
    const char* text = "f: axis 0 of input 'y' is 2, it must be 3 (n) as axis 0 of input 'x' is";
    CHECK_THROWS_WITH(f(x, y), text);
    CHECK_THROWS_WITH(f.call_named({{"x", x}, {"y", y}}), text);
    std::vector<ct::Array> out{ct::Array::full<double>({3}, 7)};
    CHECK_THROWS_WITH(f.call_into(std::vector<ct::Array>{array_of(x), array_of(y)}, out), text);
    CHECK(values_of(out[0]) == List{7, 7, 7});
    const auto call = f.typed<void(In, In, Out)>();
    List z{7, 7, 7};
    CHECK_THROWS_WITH(call(x, y, z), text);
    auto workspace = f.workspace({{"n", 3}});
    CHECK(call(workspace, x, y, z).text() == text);
    CHECK(z == List{7, 7, 7});
    List two{7, 7};
    CHECK_THROWS_WITH(call(x, x, two),
                      "f: axis 0 of output 0 is 2, it must be 3 (n) as axis 0 of input 'x' is");

    const auto n = ct::dim("n");
    const auto same = ct::matrix<double>("same", {n, n});
    const auto g = ct::function({same}, {ct::sum(same)}, {.name = "g"});
    CHECK_THROWS_WITH(
        g(ct::zeros<double>({2, 3})),
        "g: axis 1 of input 'same' is 3, it must be 2 (n) as axis 0 of input 'same' is");
}

TEST_CASE("an output whose elements lie in one place is refused with its strides, before any work")
{
    using Matrix = ct::View<const double, 2>;
    using Result = ct::View<double, 2>;
    const auto x = ct::matrix<double>("x", {ct::dim("n"), ct::dim("m")});
    const List in{1, 2, 3, 4, 5, 6};
    for (const ct::Layout layout : {ct::Layout::row_major, ct::Layout::any})
        for (const bool reference : {false, true}) {
            CAPTURE(static_cast<int>(layout), reference);
            ct::Options options{.name = "f"};
            options.reference = reference;
            const auto f = ct::function({x}, {ct::Output("z", x * 2, layout)}, options);
            const auto call = f.typed<void(Matrix, Result)>();
            auto workspace = f.workspace({{"n", 2}, {"m", 3}});
            List memory(6, 7);
            const auto refused = [&](std::int64_t row, std::int64_t column, const char* text) {
                Result out(memory.data(), {2, 3});
                out.strides[0] = row, out.strides[1] = column;
                CHECK_THROWS_WITH(call(Matrix(in.data(), {2, 3}), out), text);
                CHECK(call(workspace, Matrix(in.data(), {2, 3}), out).code == ct::Code::shape);
                CHECK(memory == List(6, 7));
            };
            refused(0, 1,
                    "f: elements of output 0 'z' would lie in one place: its strides are (0, 1), "
                    "its extents (2, 3)");
            refused(3, 0,
                    "f: elements of output 0 'z' would lie in one place: its strides are (3, 0), "
                    "its extents (2, 3)");
            refused(1, 1,
                    "f: elements of output 0 'z' would lie in one place: its strides are (1, 1), "
                    "its extents (2, 3)");
            Result one(memory.data(), {1, 3}); // along an axis of one element any stride is right
            one.strides[0] = 0;
            call(Matrix(in.data(), {1, 3}), one);
            CHECK(memory == List{2, 4, 6, 7, 7, 7});
            call(Matrix(in.data(), {3, 0}), Result(memory.data(), {3, 0})); // strides 0 and 1
            if (layout != ct::Layout::any) continue;
            std::vector<ct::Array> into{
                ct::Array::borrow_strided(ct::DType::f64, memory.data(), {2, 3}, {3, 0})};
            CHECK_THROWS_WITH(f.call_into(std::vector<ct::Array>{ct::zeros<double>({2, 3})}, into),
                              contains("f: elements of output 0 'z' would lie in one place"));
        }
    const auto f = ct::function({x}, {x * 2}, {.name = "f"}); // an output without a name
    List memory(6, 7);
    Result out(memory.data(), {2, 3});
    out.strides[1] = 0;
    CHECK_THROWS_WITH(f.typed<void(Matrix, Result)>()(Matrix(in.data(), {2, 3}), out),
                      "f: elements of output 0 would lie in one place: its strides are (3, 0), its "
                      "extents (2, 3)");
}

TEST_CASE("an output of any strides is refused where two of its elements lie in one place, only")
{
    using Box = ct::View<const double, 3>;
    const auto x = ct::tensor<double>("x", {ct::dim("n"), ct::dim("m"), ct::dim("k")});
    const auto f = ct::function({x}, {ct::Output("z", x, ct::Layout::any)}, {.name = "f"});
    const auto call = f.typed<void(Box, ct::View<double, 3>)>();
    const List in(64, 1);
    List memory(400);
    std::minstd_rand random(5);
    const auto between = [&](std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(random() % static_cast<unsigned>(high - low + 1));
    };
    int refused = 0;
    for (int round = 0; round < 2000; ++round) {
        ct::View<double, 3> out(memory.data() + 200, {between(1, 4), between(1, 4), between(1, 4)});
        out.strides = {between(-16, 16), between(-16, 16), between(-16, 16)};
        std::set<std::int64_t> places;
        for (std::int64_t i = 0; i < out.extents[0]; ++i)
            for (std::int64_t j = 0; j < out.extents[1]; ++j)
                for (std::int64_t k = 0; k < out.extents[2]; ++k)
                    places.insert(i * out.strides[0] + j * out.strides[1] + k * out.strides[2]);
        const std::int64_t count = out.extents[0] * out.extents[1] * out.extents[2];
        const bool is_spread = static_cast<std::int64_t>(places.size()) == count;
        bool is_taken = true;
        try {
            call(Box(in.data(), {out.extents[0], out.extents[1], out.extents[2]}), out);
        } catch (const ct::UserError&) {
            is_taken = false;
        }
        CAPTURE(out.strides[0], out.strides[1], out.strides[2], out.extents[0], out.extents[1],
                out.extents[2]);
        REQUIRE(is_taken == is_spread);
        refused += !is_taken;
    }
    CHECK(refused > 500);
    CHECK(refused < 1500);
}

TEST_CASE("extents below 0 are refused")
{
    const auto f = twice_and_more();
    const auto call = f.typed<void(In, In, Out)>();
    List memory{1, 2, 3};
    In negative(memory.data(), {-1});
    auto workspace = f.workspace({{"n", 3}});
    List z(3, 7);
    CHECK(call(workspace, negative, negative, z).text() == "f: input 0 'x' has a negative extent");
    CHECK_THROWS_AS(call(negative, negative, z), ct::UserError);
    CHECK(z == List(3, 7));
}

TEST_CASE("a function with shared variables takes bad memory as any other, and updates once")
{
    const auto x = ct::vector<double>("x", {3});
    const auto w = ct::shared("w", ct::zeros<double>({3}));
    const auto f = ct::function({x}, {w + x}, {.name = "f", .updates = {{w, w + x}}});
    const auto call = f.typed<void(In, Out)>();
    auto workspace = f.workspace();
    List memory{1, 2, 3, 4};
    const In in(memory.data(), {3});
    const Out over(memory.data() + 1, {3});
    CHECK(call(workspace, in, over).code == ct::Code::shape);
    CHECK(values_of(w.value()) == List{0, 0, 0});
    CHECK(memory == List{1, 2, 3, 4});
    call(in, over);
    CHECK(memory == List{1, 1, 2, 3});
    CHECK(values_of(w.value()) == List{1, 2, 3});
    f(backwards({1, 2, 3}));
    CHECK(values_of(w.value()) == List{4, 4, 4});
    Misaligned odd({1, 1, 1});
    List out(3);
    call(In(odd.data(), {3}), out);
    CHECK(out == List{5, 5, 5});
    CHECK(values_of(w.value()) == List{5, 5, 5});
}

TEST_CASE("a sum of no elements is 0, whatever they would have been divided by")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const auto c = ct::scalar<double>("c");
    const auto f = ct::function({x, c}, {ct::sum(x / c), ct::sum(x * (1 / c))});
    for (std::size_t k = 0; k < 2; ++k) {
        CHECK(f(ct::zeros<double>({0}), 0.0)[k].as_double(0) == 0);
        CHECK(f(std::vector<double>{1, 2}, 4.0)[k].as_double(0) == 0.75);
    }
}
