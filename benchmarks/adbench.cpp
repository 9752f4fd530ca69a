#include "adbench.hpp"

#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <string>
#include <utility>

namespace ct = croton;
using ct::_;
using ct::slice;
using ct::Variable;
using ct::Variables;

namespace bench {

namespace {

/// Inputs of a problem, one for each array.
Variable add_input(Problem& p, const char* name, const ct::Array& a)
{
    const std::vector<std::int64_t> extents = a.extents();
    p.inputs.push_back(ct::input(name, a.dtype(), ct::Shape(extents.begin(), extents.end())));
    p.arrays.push_back(a);
    return p.inputs.back();
}

std::int64_t extent(const ct::Array& a, std::size_t axis) { return a.extents()[axis]; }

ct::Array integers(const std::vector<std::int64_t>& numbers)
{
    return ct::Array::copy(ct::View<const std::int64_t>(numbers));
}

// ---- mixture

/// Where element (row, column) of a factor lies behind its d diagonal elements and its lower part,
/// column by column; the last place is a zero.
ct::Array places_in_factor(std::int64_t d)
{
    std::vector<std::int64_t> places(static_cast<std::size_t>(d * d), d * (d + 1) / 2);
    std::int64_t next = d;
    for (std::int64_t column = 0; column < d; ++column) {
        places[static_cast<std::size_t>(column * d + column)] = column;
        for (std::int64_t row = column + 1; row < d; ++row)
            places[static_cast<std::size_t>(column * d + row)] = next++;
    }
    return integers(places); // of the transposed factor, (column, row)
}

double log_gamma_distribution(double a, std::int64_t p, double pi)
{
    double total = 0.25 * static_cast<double>(p * (p - 1)) * std::log(pi);
    for (std::int64_t j = 1; j <= p; ++j)
        total += std::lgamma(a + 0.5 * static_cast<double>(1 - j));
    return total;
}

// ---- bundle

using Vector = std::array<Variable, 3>;

Vector cross(const Vector& a, const Vector& b)
{
    return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

Variable inner(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

/// x turned about the axis `r` by the angle |r|.
Vector rodrigues(const Vector& r, const Vector& x)
{
    const Variable square_angle = inner(r, r), angle = sqrt(square_angle);
    const Variable cosine = cos(angle), sine = sin(angle);
    const Vector axis{r[0] / angle, r[1] / angle, r[2] / angle};
    const Vector side = cross(axis, x), small = cross(r, x);
    const Variable along = inner(axis, x) * (1 - cosine);
    Vector turned;
    for (std::size_t k = 0; k < 3; ++k)
        turned[k] = where(square_angle != 0, x[k] * cosine + side[k] * sine + axis[k] * along,
                          x[k] + small[k]);
    return turned;
}

/// The error of one observation: of a camera (rotation, centre, focal length, principal point,
/// radial distortion), a point and a weight, 15 numbers, and of what was seen.
Variable reprojection(const Variable& p, const Variable& feature)
{
    const Vector seen = rodrigues({p(0), p(1), p(2)}, {p(11) - p(3), p(12) - p(4), p(13) - p(5)});
    const Variable u = seen[0] / seen[2], v = seen[1] / seen[2], squares = u * u + v * v;
    const Variable scale = p(6) * (1 + p(9) * squares + p(10) * square(squares));
    return p(14) * ct::stack({u * scale + p(7) - feature(0), v * scale + p(8) - feature(1)});
}

// ---- recurrent

/// One step of a cell of which each number sees itself alone: weights and biases are (4, b).
std::pair<Variable, Variable>
cell_step(const Variable& weights, const Variable& x, const Variable& hidden, const Variable& cell)
{
    const auto gate = [&](int k, const Variable& v) { return v * weights(0, k) + weights(1, k); };
    const Variable next =
        cell * sigmoid(gate(0, x)) + sigmoid(gate(1, hidden)) * tanh(gate(3, hidden));
    return {sigmoid(gate(2, x)) * tanh(next), next};
}

// ---- hand

constexpr int fingers = 5;

/// Rotations (bones, 4, 4) about x, then about z, by angles (bones).
Variable rotations(const Variable& about_x, const Variable& about_z)
{
    const Variable cx = cos(about_x), sx = sin(about_x), cz = cos(about_z), sz = sin(about_z);
    const Variable zero = ct::zeros(about_x.dtype(), about_x.shape()), one = zero + 1.0;
    const auto row = [&](const Variables& v) { return ct::stack(v, 1); };
    return ct::stack({row({cz, -sz * cx, sz * sx, zero}), row({sz, cz * cx, -cz * sx, zero}),
                      row({zero, sx, cx, zero}), row({zero, zero, zero, one})},
                     1);
}

/// How each bone turns: three joints of a finger have an angle each, the first of them a second
/// one; other bones keep still, and take the angle behind the last one, which is 0.
std::pair<ct::Array, ct::Array> angles_of_bones(std::size_t bones)
{
    constexpr std::int64_t none = 26;
    std::vector<std::int64_t> about_x(bones, none), about_z(bones, none);
    for (std::size_t f = 0; f < fingers; ++f)
        for (std::size_t joint = 0; joint < 3; ++joint) {
            const std::size_t first = 6 + 4 * f;
            about_x.at(2 + 4 * f + joint) =
                static_cast<std::int64_t>(joint == 0 ? first : first + joint + 1);
            if (joint == 0) about_z.at(2 + 4 * f) = static_cast<std::int64_t>(first + 1);
        }
    return {integers(about_x), integers(about_z)};
}

/// Transformations (bones, 4, 4) of all bones from those relative to their parents: level by level,
/// as the bones of one level need only those of the level before.
Variable absolute(const Variable& relative, const std::vector<int>& parents)
{
    std::vector<std::int64_t> level, place;
    std::vector<std::vector<std::int64_t>> bones, within;
    for (std::size_t i = 0; i < parents.size(); ++i) {
        const auto parent = static_cast<std::size_t>(parents[i]);
        level.push_back(parents[i] < 0 ? 0 : level[parent] + 1);
        const auto k = static_cast<std::size_t>(level.back());
        if (k == bones.size()) bones.emplace_back(), within.emplace_back();
        place.push_back(static_cast<std::int64_t>(bones[k].size()));
        bones[k].push_back(static_cast<std::int64_t>(i));
        within[k].push_back(parents[i] < 0 ? 0 : place[parent]);
    }
    Variables levels;
    for (std::size_t k = 0; k < bones.size(); ++k) {
        const Variable own = ct::take(relative, integers(bones[k]), 0);
        levels.push_back(k == 0 ? own
                                : ct::matmul(ct::take(levels.back(), integers(within[k]), 0), own));
    }
    // Back to the order of bones.
    std::vector<std::int64_t> starts(1, 0), order;
    for (const auto& b : bones)
        starts.push_back(starts.back() + static_cast<std::int64_t>(b.size()));
    for (std::size_t i = 0; i < parents.size(); ++i)
        order.push_back(starts[static_cast<std::size_t>(level[i])] + place[i]);
    return ct::take(ct::concatenate(levels), integers(order), 0);
}

Variable angle_axis(const Variable& r)
{
    const Variable norm = sqrt(ct::dot(r, r)), v = r / norm, s = sin(norm), c = cos(norm);
    const Variable x = v(0), y = v(1), z = v(2), zero = 0 * x;
    const Variable sides = ct::stack({zero, -z, y, z, zero, -x, -y, x, zero}).reshape({3, 3});
    const Variable unit = ct::eye(r.dtype(), 3);
    return where(norm < 1e-4, unit, ct::outer(v, v) * (1 - c) + unit * c + sides * s);
}

} // namespace

Problem mixture(const MixtureData& data, Prior prior)
{
    Problem p;
    const Variable alphas = add_input(p, "alphas", data.alphas);
    const Variable means = add_input(p, "means", data.means);
    const Variable q = add_input(p, "q", data.q), l = add_input(p, "l", data.l);
    const Variable x = add_input(p, "x", data.x);
    const std::int64_t n = extent(data.x, 0), d = extent(data.x, 1), k = extent(data.alphas, 0);

    // |Q (x - mean)|^2, with all factors side by side, so that Q x is one product.
    const Variable diagonal = exp(q);
    const Variable parts = ct::concatenate({diagonal, l, ct::zeros(q.dtype(), {k, 1})}, 1);
    const Variable factors = ct::take(parts, places_in_factor(d), 1).reshape({k, d, d});
    const Variable centres = ct::einsum("kcr,kc->kr", {factors, means});
    const Variable side_by_side = ct::transpose(factors, {1, 0, 2}).reshape({d, k * d});
    const Variable deviations = ct::dot(x, side_by_side).reshape({n, k, d}) - centres;
    const Variable terms = alphas + ct::sum(q, 1) - 0.5 * ct::sum(square(deviations), -1);

    const bool own = prior == Prior::adbench;
    const double pi = own ? 3.14159265359 : std::numbers::pi, rows = static_cast<double>(n),
                 dimension = static_cast<double>(d), degrees = dimension + data.m + 1;
    const double constant = degrees * dimension * (std::log(data.gamma) - 0.5 * std::log(2.0)) -
                            log_gamma_distribution(0.5 * degrees, d, pi);
    const Variable squares = ct::sum(square(diagonal)) + ct::sum(square(l));
    const Variable wishart = 0.5 * data.gamma * data.gamma * squares -
                             static_cast<double>(data.m) * ct::sum(q) -
                             static_cast<double>(k) * constant;
    const Variable value = -rows * dimension * 0.5 * std::log(2 * pi) +
                           ct::sum(ct::logsumexp(terms, 1)) - rows * ct::logsumexp(alphas, 0) +
                           (own ? wishart : -wishart);
    p.values = {value};
    p.derivatives = ct::grad(value, Variables{alphas, means, q, l});
    return p;
}

BundleProblem bundle(const BundleData& data)
{
    BundleProblem p;
    const Variable cameras = add_input(p, "cameras", data.cameras);
    const Variable points = add_input(p, "points", data.points);
    const Variable weights = add_input(p, "weights", data.weights);
    const Variable features = add_input(p, "features", data.features);
    const Variable camera_of = add_input(p, "camera_of", data.camera_of);
    const Variable point_of = add_input(p, "point_of", data.point_of);

    // What each observation depends on, side by side: by that a Jacobian is a diagonal of blocks.
    const Variable own =
        ct::concatenate({ct::take(cameras, camera_of, 0), ct::take(points, point_of, 0),
                         ct::expand_dims(weights, 1)},
                        1);
    const Variable errors = ct::vmap(reprojection)(own, features);
    const Variable weight_errors = 1 - square(weights);
    const ct::SparseVariable blocks =
        ct::sparse_jacobian(errors, own, {.format = ct::Compressed::rows});
    p.values = {errors, weight_errors};
    p.derivatives = {blocks.values, ct::grad(ct::sum(weight_errors), weights)};
    p.pattern = blocks.pattern;
    return p;
}

std::int64_t bundle_column(const BundleData& data, std::int64_t i, std::int64_t k)
{
    const std::int64_t cameras = 11 * extent(data.cameras, 0), points = 3 * extent(data.points, 0);
    const auto at = [&](const ct::Array& a) {
        return static_cast<const std::int64_t*>(a.data())[i];
    };
    if (k < 11) return 11 * at(data.camera_of) + k;
    if (k < 14) return cameras + 3 * at(data.point_of) + k - 11;
    return cameras + points + i;
}

Problem recurrent(const RecurrentData& data)
{
    Problem p;
    const Variable main = add_input(p, "main", data.main),
                   extra = add_input(p, "extra", data.extra);
    const Variable state = add_input(p, "state", data.state);
    const Variable sequence = add_input(p, "sequence", data.sequence);
    const std::int64_t layers = extent(data.main, 0);
    std::vector<ct::State> init;
    for (std::int64_t k = 0; k < layers; ++k)
        for (int which = 0; which < 2; ++which)
            init.emplace_back(state(k, which));

    const auto step = [&](const Variables& v) { // a character, then hidden and cell of each layer
        Variables next;
        Variable x = v[0];
        for (std::int64_t k = 0; k < layers; ++k) {
            const auto at = static_cast<std::size_t>(1 + 2 * k);
            const auto [hidden, cell] = cell_step(main(k), x, v[at], v[at + 1]);
            next.insert(next.end(), {hidden, cell});
            x = hidden;
        }
        return ct::Step{next, {x}};
    };
    const Variable characters = sequence(slice(0, -1)) * extra(0);
    const Variable hidden = ct::scan(step, {.sequences = {characters}, .init = init}).out[0];
    const Variable predicted = hidden * extra(1) + extra(2);
    const Variable norms =
        log(2 + ct::sum(exp(predicted), 1, true)); // without the largest, as given
    const Variable loss = -ct::mean(sequence(slice(1, _)) * (predicted - norms));
    p.values = {loss};
    p.derivatives = ct::grad(loss, Variables{main, extra});
    return p;
}

Problem hand(const HandData& data)
{
    Problem p;
    const bool complicated = extent(data.corners, 1) == 3;
    const Variable theta = add_input(p, "theta", data.theta);
    const Variable relatives = add_input(p, "relatives", data.relatives);
    const Variable inverse_bases = add_input(p, "inverse_bases", data.inverse_bases);
    const Variable skin = add_input(p, "skin", data.skin);
    const Variable weights = add_input(p, "weights", data.weights);
    const Variable corners = add_input(p, "corners", data.corners);
    const Variable points = add_input(p, "points", data.points);

    const auto [about_x, about_z] = angles_of_bones(data.parents.size());
    const Variable angles = ct::concatenate({theta, ct::zeros(theta.dtype(), {1})});
    const Variable turned = ct::matmul(
        relatives, rotations(ct::take(angles, about_x, 0), ct::take(angles, about_z, 0)));
    const Variable moved =
        ct::matmul(absolute(turned, data.parents), inverse_bases)(_, slice(0, 3)); // (bones, 3, 4)

    // Of the vertices that points lie on: each is moved by all bones, by their weights.
    const Variable shares = ct::expand_dims(ct::take(weights, corners, 0), -1) *
                            ct::expand_dims(ct::take(skin, corners, 0), -2);
    const Variable posed = ct::einsum("pcbj,bij->pci", {shares, moved});
    const Variable placed =
        ct::einsum("ij,pcj->pci", {angle_axis(theta(slice(0, 3))), posed}) + theta(slice(3, 6));
    if (!complicated) {
        const Variable errors = points - placed(_, 0);
        p.values = {errors};
        p.derivatives = {ct::jacobian(errors, theta)};
        return p;
    }
    const Variable us = add_input(p, "us", data.us);
    const Variable u = us(_, 0, ct::newaxis), v = us(_, 1, ct::newaxis);
    const Variable on = u * placed(_, 0) + v * placed(_, 1) + (1.0 - u - v) * placed(_, 2);
    const Variable errors = points - on;
    p.values = {errors};
    const auto by_place = [&](double du, double dv) {
        const ct::Array one = ct::Array::copy(ct::View<const double>(std::array{du, dv}));
        return ct::jvp(errors, {us}, {Variable(one)});
    };
    p.derivatives = {ct::stack({by_place(1, 0), by_place(0, 1)}, 2), ct::jacobian(errors, theta)};
    return p;
}

} // namespace bench
