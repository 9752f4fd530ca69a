// Bundle adjustment: 49 cameras and 7,776 points from 31,843 observations, a problem as large as
// ADBench's ba1. Croton gives errors and their sparse Jacobian, Eigen solves the normal equations
// of each step of Gauss and Newton's method.
#include <croton/croton.hpp>

#include <Eigen/Sparse>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

namespace ct = croton;
using ct::Variable;
using Vector = std::array<Variable, 3>;
using Numbers = std::vector<double>;

namespace {

Vector cross(const Vector& a, const Vector& b)
{
    return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

Variable inner(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

/// x turned about the axis `r` by the angle |r|.
Vector rodrigues(const Vector& r, const Vector& x)
{
    const Variable angle = sqrt(inner(r, r)), c = cos(angle), s = sin(angle);
    const Vector axis{r[0] / angle, r[1] / angle, r[2] / angle}, side = cross(axis, x);
    const Variable along = inner(axis, x) * (1 - c);
    return {x[0] * c + side[0] * s + axis[0] * along, x[1] * c + side[1] * s + axis[1] * along,
            x[2] * c + side[2] * s + axis[2] * along};
}

/// Where a camera (rotation, centre, focal length, principal point, distortion) sees a point.
Variable project(const Variable& p)
{
    const Vector seen = rodrigues({p(0), p(1), p(2)}, {p(11) - p(3), p(12) - p(4), p(13) - p(5)});
    const Variable u = seen[0] / seen[2], v = seen[1] / seen[2], squares = u * u + v * v;
    const Variable scale = p(6) * (1 + p(9) * squares + p(10) * square(squares));
    return ct::stack({u * scale + p(7), v * scale + p(8)});
}

/// Numbers in [-1, 1) that look like chance and are the same everywhere.
double spread()
{
    static std::int64_t count = 0;
    ++count;
    const double x = 0.6180339887498949 * static_cast<double>(count * count % 1000003);
    return 2 * (x - std::floor(x)) - 1;
}

/// Rows of numbers, each of which is moved by up to what `by` has for its column.
Numbers moved(Numbers rows, const Numbers& by)
{
    for (std::size_t k = 0; k < rows.size(); ++k)
        rows[k] += by[k % by.size()] * spread();
    return rows;
}

Numbers repeated(const Numbers& row, std::int64_t count)
{
    Numbers all;
    for (std::int64_t i = 0; i < count; ++i)
        all.insert(all.end(), row.begin(), row.end());
    return all;
}

} // namespace

int main(int argc, char** argv)
{
    // ADBench's file holds one camera and one point, of which a scene is made.
    const std::string folder = argc > 1 ? argv[1] : CROTON_EXAMPLES_DATA;
    std::ifstream file(folder + "/ba1_n49_m7776_p31843.txt");
    std::int64_t n = 0, m = 0, p = 0;
    file >> n >> m >> p;
    Numbers camera(11), point(3);
    for (Numbers* numbers : {&camera, &point})
        for (double& x : *numbers)
            file >> x;
    const Numbers true_cameras =
        moved(repeated(camera, n), {0.05, 0.05, 0.05, 2, 2, 2, 20, 2, 2, 1e-2, 1e-4});
    const Numbers true_points = moved(repeated(point, m), {2});
    std::vector<std::int64_t> camera_of, point_of;
    for (std::int64_t i = 0; i < p; ++i)
        camera_of.push_back(i % n), point_of.push_back(i % m);

    // What an observation depends on stands side by side: by that the Jacobian is blocks.
    const auto cameras = ct::matrix<double>("cameras", {n, 11});
    const auto points = ct::matrix<double>("points", {m, 3});
    const auto seen = ct::matrix<double>("seen", {p, 2});
    const auto which_camera = ct::vector<std::int64_t>("which_camera", {p});
    const auto which_point = ct::vector<std::int64_t>("which_point", {p});
    const Variable own =
        ct::concatenate({ct::take(cameras, which_camera, 0), ct::take(points, which_point, 0)}, 1);
    const Variable image = ct::vmap(project)(own), errors = image - seen;
    const auto j = ct::sparse_jacobian(errors, own, {.format = ct::Compressed::rows});
    const auto look = ct::function({cameras, points, which_camera, which_point}, image);
    const auto solve = ct::function({cameras, points, seen, which_camera, which_point},
                                    {errors, j.values}, {.name = "bundle"});

    // Columns of a block are those of its camera and its point among all.
    std::vector<int> columns;
    for (const int k : j.pattern.indices) {
        const auto i = static_cast<std::size_t>(k / 14), place = static_cast<std::size_t>(k % 14);
        columns.push_back(
            static_cast<int>(place < 11 ? 11 * camera_of[i] : 11 * (n - 1) + 3 * point_of[i]) +
            static_cast<int>(place));
    }
    const Eigen::Index rows = 2 * p, unknowns = 11 * n + 3 * m;
    std::printf("Jacobian: %td x %td, %zu elements\n", rows, unknowns, j.pattern.size());

    using Matrix2 = ct::View<const double, 2>;
    const ct::Array goal = look(Matrix2(true_cameras.data(), {n, 11}),
                                Matrix2(true_points.data(), {m, 3}), camera_of, point_of)[0];
    // Cameras, then points; both begin beside the truth.
    Numbers x = moved(true_cameras, {0.01, 0.01, 0.01, 0.2, 0.2, 0.2, 0, 0, 0, 0, 0});
    const Numbers begin = moved(true_points, {0.2});
    x.insert(x.end(), begin.begin(), begin.end());
    Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>> solver;
    for (int step = 0; step <= 6; ++step) {
        const ct::Results got =
            solve(Matrix2(x.data(), {n, 11}), Matrix2(x.data() + 11 * n, {m, 3}), goal, camera_of,
                  point_of);
        const Eigen::Map<const Eigen::VectorXd> r(static_cast<const double*>(got[0].data()), rows);
        std::printf("step %d: root mean square of errors %.4f pixels\n", step,
                    r.norm() / std::sqrt(static_cast<double>(p)));
        const Eigen::Map<const Eigen::SparseMatrix<double, Eigen::RowMajor>> jacobian(
            rows, unknowns, static_cast<Eigen::Index>(columns.size()), j.pattern.starts.data(),
            columns.data(), static_cast<const double*>(got[1].data()));
        Eigen::SparseMatrix<double> normal = jacobian.transpose() * jacobian;
        // Where the scene stands and how large it is, nothing says: a little damping decides.
        normal.diagonal() *= 1 + 1e-8;
        if (step == 0) solver.analyzePattern(normal);
        solver.factorize(normal);
        const Eigen::VectorXd change = solver.solve(jacobian.transpose() * r);
        for (Eigen::Index k = 0; k < unknowns; ++k)
            x[static_cast<std::size_t>(k)] -= change[k];
    }
}
