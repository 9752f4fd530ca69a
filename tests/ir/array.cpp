// Views, printing, .npy, .npz and draws.
#include <croton/ir/array.hpp>
#include <croton/ir/error.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <numeric>

#include "support/catch.hpp"

namespace ct = croton;
using ct::Array;
using ct::DType;

namespace {

template <class T>
Array of(std::vector<T> values, std::vector<std::int64_t> shape = {})
{
    if (shape.empty()) shape = {static_cast<std::int64_t>(values.size())};
    Array a = Array::zeros<T>(shape);
    for (std::size_t i = 0; i < values.size(); ++i)
        static_cast<T*>(a.data())[i] = values[i];
    return a;
}

Array count(std::int64_t n)
{
    std::vector<std::int64_t> values(static_cast<std::size_t>(n));
    std::iota(values.begin(), values.end(), 0);
    return of(values);
}

constexpr auto file = "croton_array_test.npy";

std::string bytes_of_file()
{
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
void write_file(const std::string& bytes)
{
    std::ofstream(file, std::ios::binary).write(bytes.data(), std::ptrdiff_t(bytes.size()));
}

std::string npy(std::string header, const std::string& data)
{
    header += '\n';
    std::string bytes("\x93NUMPY\x01\0", 8);
    bytes += static_cast<char>(header.size() & 0xff);
    bytes += static_cast<char>(header.size() >> 8);
    return bytes + header + data;
}

template <class F>
std::string error_of(const F& f)
{
    try {
        f();
    } catch (const ct::UserError& e) {
        return std::string(e.message());
    }
    return "no error";
}

struct RemoveFile {
    ~RemoveFile() { std::remove(file); }
};

} // namespace

TEST_CASE("an array that holds nothing is false, also negated")
{
    const Array none, one = Array::scalar(1.0);
    CHECK((!none && !static_cast<bool>(none)));
    CHECK((!!one && static_cast<bool>(one)));
}

TEST_CASE("elements of a view, of every rank and stride")
{
    std::vector<int> v{0, 1, 2, 3, 4, 5};
    ct::View<int, 2> rows(v.data(), {2, 3});
    CHECK(rows(1, 2) == 5);
    rows(0, std::size_t(1)) = 10;
    CHECK(v[1] == 10);
    ct::View<const int, 2> columns = rows;
    columns.extents = {3, 2};
    columns.strides = {1, 3};
    CHECK(columns(2, 1) == 5);
    ct::View<int> back(v.data() + 5, {6});
    back.strides = {-1};
    CHECK(back(1) == 4);
    CHECK(ct::View<int, 0>(v.data(), {})() == 0);
}

TEST_CASE("one extent of a reshape may be -1")
{
    CHECK(to_string(count(6).reshape({-1, 2})) == "[[0 1]\n [2 3]\n [4 5]]");
    CHECK(to_string(count(6).reshape({2, -1})) == "[[0 1 2]\n [3 4 5]]");
    CHECK(count(6).reshape({2, 3}).reshape({-1}).size() == 6);
    CHECK(count(0).reshape({-1, 2}).shape()[0] == 0);
}

TEST_CASE("arrays print as NumPy's do")
{
    const double inf = std::numeric_limits<double>::infinity();
    CHECK(to_string(count(6).reshape({2, 3})) == "[[0 1 2]\n [3 4 5]]");
    CHECK(to_string(of<std::int64_t>({1, -20, 300, 4}, {2, 2})) == "[[  1 -20]\n [300   4]]");
    CHECK(to_string(of<double>({1.5, -2, 1e10})) == "[ 1.5e+00 -2.0e+00  1.0e+10]");
    CHECK(to_string(of<double>({0.1, 0.25, 100})) == "[  0.1    0.25 100.  ]");
    CHECK(to_string(of<double>({0.001, 1e-5})) == "[1.e-03 1.e-05]");
    CHECK(to_string(of<double>({1, std::nan(""), -inf})) == "[  1.  nan -inf]");
    CHECK(to_string(of<double>({1, std::copysign(std::nan(""), -1.0)})) == "[ 1. nan]");
    CHECK(to_string(Array::scalar(-std::numeric_limits<float>::quiet_NaN())) == "nan");
    CHECK(to_string(of<float>({1 / 3.f, 2 / 3.f})) == "[0.33333334 0.6666667 ]");
    CHECK(to_string(Array::scalar(3.0)) == "3.0");
    CHECK(to_string(Array::scalar(0.1)) == "0.1");
    CHECK(to_string(Array::scalar(std::uint64_t(-1))) == "18446744073709551615");
    CHECK(to_string(of<std::int64_t>({1, 0}).cast(DType::boolean)) == "[ True False]");
    CHECK(to_string(count(2000)) == "[   0    1    2 ... 1997 1998 1999]");
    CHECK(to_string(count(30)) ==
          "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 "
          "22 23\n 24 25 26 27 28 29]");
    CHECK(to_string(count(8).reshape({2, 2, 2})) == "[[[0 1]\n  [2 3]]\n\n [[4 5]\n  [6 7]]]");
    CHECK(to_string(Array::zeros<double>({0, 3})) == "[]");
}

TEST_CASE("npy files read back, in every dtype")
{
    const RemoveFile remove;
    for (const ct::DTypeInfo& t : ct::dtype_table) {
        if (t.numpy.empty() || ct::is_complex(t.dtype)) continue;
        for (const Array& a : {count(6).reshape({2, 3}), count(0), Array::scalar(5)}) {
            const Array b = a.cast(t.dtype);
            b.save_npy(file);
            CHECK(identical(Array::load_npy(file), b));
            CHECK((bytes_of_file().size() - b.size_bytes()) % 64 == 0);
        }
    }
}

TEST_CASE("npy files of other byte and axis orders are read")
{
    const RemoveFile remove;
    write_file(npy("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }",
                   std::string("\0\1\0\2\0\3\0\4\0\5\0\6", 12)));
    CHECK(to_string(Array::load_npy(file)) == "[[1 3 5]\n [2 4 6]]");
    std::string second = npy("{'shape': (2,), 'descr': '|b1', 'fortran_order': False}", "\1\7");
    second[6] = 2;
    second.insert(10, 2, '\0');
    write_file(second);
    CHECK(to_string(Array::load_npy(file)) == "[ True  True]");
}

TEST_CASE("damaged npy files are refused by name")
{
    const RemoveFile remove;
    const auto refused = [](const std::string& bytes) {
        write_file(bytes);
        return error_of([] { Array::load_npy(file); });
    };
    const std::string start = "load_npy: croton_array_test.npy: ";
    CHECK(error_of([] { Array::load_npy("no/such.npy"); }) ==
          "load_npy: no/such.npy: cannot be opened: No such file or directory");
    CHECK(refused("hello") == start + "magic: this is no .npy file");
    CHECK(refused("") == start + "magic: this is no .npy file");
    CHECK(refused(npy("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", "12345678")) ==
          start + "header: dtype '<c8' is not supported");
    CHECK(refused(npy("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,)}", "")) ==
          start + "header: records are not supported");
    CHECK(refused(npy("{'descr': '<i4', 'shape': (1,)}", "1234")) ==
          start + "header: descr, fortran_order or shape is missing");
    CHECK(refused(npy("{'descr': '<i4', 'fortran_order': False, 'shape': (-1,)}", "1234")) ==
          start + "header: an extent is no integer >= 0");
    CHECK(
        refused(
            npy("{'descr': '<i4', 'fortran_order': False, 'shape': (1000000000000, 9000000000)}",
                "1234")) ==
        start +
            "data: there is data of 4 bytes, the header's shape (1000000000000, 9000000000) of i32 "
            "needs more");
    const std::string whole =
        npy("{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}", "12345678");
    for (std::size_t n = 0; n < whole.size(); ++n)
        CHECK(refused(whole.substr(0, n)).starts_with(start));
    for (std::size_t n = 0; n < whole.size(); ++n)
        for (const char c : {'\0', '\xff', '(', '\''}) {
            std::string changed = whole;
            changed[n] = c;
            refused(changed); // an array or a UserError: nothing else comes out
        }
}

TEST_CASE("npz archives read back")
{
    const RemoveFile remove;
    const std::vector<std::pair<std::string, Array>> arrays = {
        {"weights", count(6).reshape({2, 3})}, {"b", Array::scalar(2.5f)}, {"none", count(0)}};
    save_npz(file, arrays);
    const auto back = ct::load_npz(file);
    REQUIRE(back.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(back[i].first == arrays[i].first);
        CHECK(identical(back[i].second, arrays[i].second));
    }
    CHECK(error_of([&] { ct::save_npz(file, {arrays[1], arrays[1]}); }) ==
          "save_npz: two arrays are named 'b'");
    const std::string whole = bytes_of_file();
    for (std::size_t n = 0; n < whole.size(); n += 7) {
        write_file(whole.substr(0, n));
        CHECK(
            error_of([] { ct::load_npz(file); }).starts_with("load_npz: croton_array_test.npy: "));
        std::string changed = whole;
        changed[n] = static_cast<char>(changed[n] ^ 0x55);
        write_file(changed);
        error_of([] { ct::load_npz(file); });
    }
    write_file("no zip");
    CHECK(error_of([] { ct::load_npz(file); }) ==
          "load_npz: croton_array_test.npy: this is no .npz file");
}

TEST_CASE("draws are those of the published generator")
{
    // Philox4x32-10 of counter 0 and key 0 begins with the words 6627e8d5 e169c58d.
    CHECK(Array::uniform(0, {1}).as_double(0) == (0x6627e8d5u >> 8) * 0x1p-24);
    const double wide = Array::uniform(0, {1}, DType::f64).as_double(0);
    CHECK(wide == static_cast<double>(0xe169c58d6627e8d5u >> 12) * 0x1p-52);
}

TEST_CASE("a uniform draw of 16 bits is the f32 draw cut to what they hold, below 1")
{
    constexpr std::int64_t n = 20'000;
    const Array wide = Array::uniform(5, {n});
    for (const DType t : {DType::f16, DType::bf16}) {
        INFO(name(t));
        const double steps = t == DType::f16 ? 2048 : 256;
        const Array narrow = Array::uniform(5, {n}, t);
        double largest = 0;
        for (std::int64_t i = 0; i < n; ++i) {
            const double cut = std::floor(wide.as_double(i) * steps) / steps;
            if (narrow.as_double(i) != cut) FAIL("draw " << i << ": " << narrow.as_double(i));
            largest = std::max(largest, cut);
        }
        CHECK(largest == 1 - 1 / steps);
        const Array scaled = Array::uniform(5, {n}, t, -2, 2);
        for (std::int64_t i = 0; i < n; ++i)
            REQUIRE(scaled.as_double(i) < 2);
    }
}

TEST_CASE("draws are those of the ops, and have their distributions' moments")
{
    for (const DType t : {DType::f32, DType::f64, DType::f16, DType::bf16}) {
        const ct::Variable u = ct::uniform(t, 7, {3, 4});
        const ct::Variable z = ct::normal(t, 7, {3, 4});
        CHECK(identical(ct::evaluate_reference({}, {}, std::span(&u, 1))[0],
                        Array::uniform(7, {3, 4}, t)));
        CHECK(identical(ct::evaluate_reference({}, {}, std::span(&z, 1))[0],
                        Array::normal(7, {3, 4}, t)));
    }
    const std::int64_t n = 100000;
    const Array u = Array::uniform(1, {n}, DType::f64, -1, 3);
    const Array z = Array::normal(2, {n}, DType::f64, 2);
    double u_mean = 0, z_mean = 0, z_square = 0, z_fourth = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        const double a = static_cast<const double*>(u.data())[i];
        const double b = static_cast<const double*>(z.data())[i] / 2;
        u_mean += a / n, z_mean += b / n, z_square += b * b / n, z_fourth += b * b * b * b / n;
        REQUIRE((a >= -1 && a < 3));
    }
    CHECK(std::abs(u_mean - 1) < 0.02);
    CHECK(std::abs(z_mean) < 0.02);
    CHECK(std::abs(z_square - 1) < 0.02);
    CHECK(std::abs(z_fourth - 3) < 0.15);
}
