#include "adbench_data.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace ct = croton;
namespace fs = std::filesystem;

namespace bench {

namespace {

using Shape = std::vector<std::int64_t>;

std::ifstream opened(const fs::path& file)
{
    std::ifstream in(file);
    if (!in.is_open()) throw std::runtime_error("adbench: cannot read " + file.string());
    return in;
}

template <class T>
T next(std::istream& in)
{
    T value{};
    if (!(in >> value)) throw std::runtime_error("adbench: a number is missing");
    return value;
}

ct::Array from(const std::vector<double>& numbers, const Shape& shape)
{
    ct::Array a = ct::Array::empty(ct::DType::f64, shape);
    std::ranges::copy(numbers, static_cast<double*>(a.data()));
    return a;
}

ct::Array read(std::istream& in, const Shape& shape)
{
    ct::Array a = ct::Array::empty(ct::DType::f64, shape);
    auto* p = static_cast<double*>(a.data());
    std::generate_n(p, a.size(), [&] { return next<double>(in); });
    return a;
}

/// `count` rows, each of which is `row`.
ct::Array repeated(const ct::Array& row, std::int64_t count, Shape shape)
{
    ct::Array a = ct::Array::empty(row.dtype(), shape);
    auto* to = static_cast<double*>(a.data());
    const auto* p = static_cast<const double*>(row.data());
    for (std::int64_t i = 0; i < count; ++i)
        to = std::copy_n(p, row.size(), to);
    return a;
}

ct::Array integers(const std::vector<std::int64_t>& numbers, const Shape& shape)
{
    ct::Array a = ct::Array::empty(ct::DType::i64, shape);
    std::ranges::copy(numbers, static_cast<std::int64_t*>(a.data()));
    return a;
}

std::vector<std::string> fields(const std::string& line)
{
    std::vector<std::string> all;
    std::istringstream in(line);
    for (std::string field; std::getline(in, field, ':');)
        all.push_back(field);
    return all;
}

void read_bones(const fs::path& file, HandData& hand)
{
    std::ifstream in = opened(file);
    std::vector<double> relatives, inverses;
    for (std::string line; std::getline(in, line) && !line.empty();) {
        const std::vector<std::string> f = fields(line);
        hand.parents.push_back(std::stoi(f.at(1)));
        for (std::size_t i = 0; i < 16; ++i) {
            relatives.push_back(std::stod(f.at(2 + i)));
            inverses.push_back(std::stod(f.at(18 + i)));
        }
    }
    const auto bones = static_cast<std::int64_t>(hand.parents.size());
    hand.relatives = from(relatives, {bones, 4, 4});
    hand.inverse_bases = from(inverses, {bones, 4, 4});
}

/// A line: three coordinates, five numbers that are not used, and how much each bone moves it.
void read_skin(const fs::path& file, HandData& hand)
{
    std::ifstream in = opened(file);
    const std::size_t bones = hand.parents.size();
    std::vector<double> skin, weights;
    for (std::string line; std::getline(in, line) && !line.empty();) {
        const std::vector<std::string> f = fields(line);
        for (std::size_t i = 0; i < 3; ++i)
            skin.push_back(std::stod(f.at(i)));
        skin.push_back(1);
        std::vector<double> row(bones);
        const std::size_t count = std::stoul(f.at(8));
        for (std::size_t i = 0; i < count; ++i)
            row.at(std::stoul(f.at(9 + 2 * i))) = std::stod(f.at(10 + 2 * i));
        weights.insert(weights.end(), row.begin(), row.end());
    }
    const auto vertices = static_cast<std::int64_t>(skin.size() / 4);
    hand.skin = from(skin, {vertices, 4});
    hand.weights = from(weights, {vertices, static_cast<std::int64_t>(bones)});
}

std::vector<std::vector<std::int64_t>> read_triangles(const fs::path& file)
{
    std::ifstream in = opened(file);
    std::vector<std::vector<std::int64_t>> all;
    for (std::string line; std::getline(in, line) && !line.empty();) {
        const std::vector<std::string> f = fields(line);
        all.push_back({std::stoll(f.at(0)), std::stoll(f.at(1)), std::stoll(f.at(2))});
    }
    return all;
}

} // namespace

MixtureData read_mixture(const fs::path& file)
{
    std::ifstream in = opened(file);
    const auto d = next<std::int64_t>(in), k = next<std::int64_t>(in), n = next<std::int64_t>(in);
    MixtureData data;
    data.alphas = read(in, {k});
    data.means = read(in, {k, d});
    std::vector<double> q, l;
    for (std::int64_t i = 0; i < k; ++i) {
        std::generate_n(std::back_inserter(q), d, [&] { return next<double>(in); });
        std::generate_n(std::back_inserter(l), d * (d - 1) / 2, [&] { return next<double>(in); });
    }
    data.q = from(q, {k, d});
    data.l = from(l, {k, d * (d - 1) / 2});
    data.x = read(in, {n, d});
    data.gamma = next<double>(in);
    data.m = next<int>(in);
    return data;
}

BundleData read_bundle(const fs::path& file)
{
    // One camera, point, weight and feature stand for all of them.
    std::ifstream in = opened(file);
    const auto n = next<std::int64_t>(in), m = next<std::int64_t>(in), p = next<std::int64_t>(in);
    BundleData data;
    data.cameras = repeated(read(in, {11}), n, {n, 11});
    data.points = repeated(read(in, {3}), m, {m, 3});
    data.weights = repeated(read(in, {1}), p, {p});
    data.features = repeated(read(in, {2}), p, {p, 2});
    std::vector<std::int64_t> cameras, points;
    for (std::int64_t i = 0; i < p; ++i) {
        cameras.push_back(i % n);
        points.push_back(i % m);
    }
    data.camera_of = integers(cameras, {p});
    data.point_of = integers(points, {p});
    return data;
}

RecurrentData read_recurrent(const fs::path& file)
{
    std::ifstream in = opened(file);
    const auto l = next<std::int64_t>(in), c = next<std::int64_t>(in), b = next<std::int64_t>(in);
    RecurrentData data;
    data.main = read(in, {l, 2, 4, b});
    data.extra = read(in, {3, b});
    data.state = read(in, {l, 2, b});
    data.sequence = read(in, {c, b});
    return data;
}

HandData read_hand(const fs::path& file, bool complicated)
{
    HandData data;
    const fs::path model = file.parent_path() / "model";
    read_bones(model / "bones.txt", data);
    read_skin(model / "vertices.txt", data);
    const auto triangles = read_triangles(model / "triangles.txt");

    std::ifstream in = opened(file);
    const auto n = next<std::int64_t>(in), parameters = next<std::int64_t>(in);
    std::vector<std::int64_t> corners;
    std::vector<double> points;
    for (std::int64_t i = 0; i < n; ++i) {
        const auto place = next<std::int64_t>(in);
        if (complicated)
            std::ranges::copy(triangles.at(static_cast<std::size_t>(place)),
                              std::back_inserter(corners));
        else
            corners.push_back(place);
        std::generate_n(std::back_inserter(points), 3, [&] { return next<double>(in); });
    }
    data.corners = integers(corners, {n, complicated ? 3 : 1});
    data.points = from(points, {n, 3});
    if (complicated) data.us = read(in, {n, 2});
    data.theta = read(in, {parameters});
    return data;
}

} // namespace bench
