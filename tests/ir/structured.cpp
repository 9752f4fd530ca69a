// Lowerings of ops that move elements against their references, and what the others mean.
#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/convert.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <random>

#include "support/catch.hpp"

namespace ct = croton;
using ct::_, ct::Array, ct::Axis, ct::DType, ct::Extent, ct::Variable, ct::Variables;

namespace {

using Place = std::vector<std::int64_t>;
constexpr double inf = std::numeric_limits<double>::infinity();

Array value(const Variable& y) { return ct::evaluate_reference({}, {}, std::span(&y, 1))[0]; }

std::vector<double> numbers(const Variable& y)
{
    const Array a = value(y);
    std::vector<double> all;
    for (std::int64_t i = 0; i < a.size(); ++i)
        all.push_back(a.as_double(i));
    return all;
}

template <class F>
void for_each_place(std::span<const std::int64_t> shape, F f)
{
    std::int64_t total = 1;
    for (std::int64_t n : shape)
        total *= n;
    for (std::int64_t k = 0; k < total; ++k) {
        Place place(shape.size());
        std::int64_t rest = k;
        for (std::size_t i = shape.size(); i-- > 0; rest /= shape[i])
            place[i] = rest % shape[i];
        f(place);
    }
}

std::int64_t position(const Array& a, const Place& place)
{
    std::int64_t at = 0;
    for (std::size_t i = 0; i < place.size(); ++i) {
        REQUIRE((place[i] >= 0 && place[i] < a.shape()[i]));
        at = at * a.shape()[i] + place[i];
    }
    return at;
}

/// Symbols for the index of an array, and their values at a place.
struct OutIndex {
    explicit OutIndex(std::size_t rank)
    {
        for (std::size_t i = 0; i < rank; ++i)
            symbols.push_back(ct::dim("i"));
    }
    std::int64_t at(const Extent& e, const Place& place) const
    {
        std::vector<std::pair<const ct::detail::Atom*, std::int64_t>> values;
        for (std::size_t i = 0; i < place.size(); ++i)
            values.emplace_back(as_symbol(symbols[i]), place[i]);
        return evaluate(e, values);
    }
    std::vector<Extent> symbols;
};

struct Checked {
    const ct::Apply& apply;
    std::span<const Array> x;
    std::vector<ct::Type> types;
    ct::IndexMapArgs args(const OutIndex& out) const
    {
        static thread_local ct::Type result;
        result = apply.output().type();
        return {apply.params().get(), types, result, out.symbols};
    }
};

Array by_map(const ct::IndexMap& map, const Checked& c)
{
    Array y = value(c.apply.output()).clone();
    std::memset(y.data(), 0x77, y.size_bytes());
    const OutIndex out(y.shape().size());
    const std::vector<ct::IndexPiece> pieces = map.map(c.args(out));
    REQUIRE(pieces.back().guards.empty());
    std::int64_t k = 0;
    for_each_place(y.shape(), [&](const Place& place) {
        for (const ct::IndexPiece& piece : pieces) {
            bool holds = true;
            for (const auto& g : piece.guards) {
                const std::int64_t v = out.at(g.value, place);
                holds &= v >= 0 && v < out.at(g.bound, place);
            }
            if (!holds) continue;
            Place source;
            for (const Extent& e : piece.index)
                source.push_back(out.at(e, place));
            const Array& from = c.x[piece.operand];
            REQUIRE(source.size() == from.shape().size());
            convert_element(from.dtype(), from.data(), position(from, source), y.dtype(), y.data(),
                            k);
            break;
        }
        ++k;
    });
    return y;
}

Place place_of(const std::vector<ct::GatherAxis>& axes,
               const OutIndex& out,
               const Place& place,
               const Checked& c)
{
    Place found;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        Place at;
        for (const Extent& e : axes[i].at)
            at.push_back(out.at(e, place));
        if (axes[i].index_operand < 0) {
            found.push_back(at[0]);
            continue;
        }
        const Array& index = c.x[static_cast<std::size_t>(axes[i].index_operand)];
        const std::int64_t v = index.as_int(position(index, at));
        found.push_back(v < 0 ? v + c.x[0].shape()[i] : v);
    }
    return found;
}

Array by_gather(const ct::Gather& gather, const Checked& c)
{
    Array y = value(c.apply.output()).clone();
    std::memset(y.data(), 0x77, y.size_bytes());
    const OutIndex out(y.shape().size());
    const auto axes = gather.map(c.args(out));
    std::int64_t k = 0;
    for_each_place(y.shape(), [&](const Place& place) {
        convert_element(y.dtype(), c.x[0].data(), position(c.x[0], place_of(axes, out, place, c)),
                        y.dtype(), y.data(), k++);
    });
    return y;
}

Array by_scatter(const ct::Scatter& scatter, const Checked& c)
{
    Array y = c.x[0].clone();
    const OutIndex out(c.x[1].shape().size());
    const auto axes = scatter.map(c.args(out));
    std::int64_t k = 0;
    for_each_place(c.x[1].shape(), [&](const Place& place) {
        const std::int64_t at = position(y, place_of(axes, out, place, c));
        const double v = c.x[1].as_double(k++) + (scatter.accumulate ? y.as_double(at) : 0);
        convert_element(DType::f64, &v, 0, y.dtype(), y.data(), at);
    });
    return y;
}

Array by_iota(const ct::Iota& iota, const Checked& c)
{
    Array y = value(c.apply.output()).clone();
    const OutIndex out(y.shape().size());
    const Extent e = iota.value(c.args(out));
    std::int64_t k = 0;
    for_each_place(y.shape(), [&](const Place& place) {
        const std::int64_t v = out.at(e, place);
        convert_element(DType::i64, &v, 0, y.dtype(), y.data(), k++);
    });
    return y;
}

std::map<std::string_view, int> lowered;

/// Every Apply that y needs, by its lowering and by its reference.
void check_lowerings(const Variable& y)
{
    for (const ct::Apply& a : ct::applies_of(std::span(&y, 1))) {
        std::vector<Array> x;
        Checked c{a, {}, {}};
        for (const Variable& v : a.inputs()) {
            x.push_back(value(v));
            c.types.push_back(v.type());
        }
        c.x = x;
        Array got;
        if (const auto* m = std::get_if<ct::IndexMap>(&a.op().lowering))
            got = by_map(*m, c);
        else if (const auto* g = std::get_if<ct::Gather>(&a.op().lowering))
            got = by_gather(*g, c);
        else if (const auto* s = std::get_if<ct::Scatter>(&a.op().lowering))
            got = by_scatter(*s, c);
        else if (const auto* i = std::get_if<ct::Iota>(&a.op().lowering))
            got = by_iota(*i, c);
        else
            continue;
        ++lowered[a.op().name];
        INFO(a.op().name << " " << to_string(a.params()) << " of " << to_string(a.output().type()));
        CHECK(identical(got, value(a.output())));
    }
}

class Random {
public:
    explicit Random(unsigned seed) : engine_(seed) {}
    int below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
    Place shape(int rank)
    {
        Place s;
        for (int i = 0; i < rank; ++i)
            s.push_back(below(12) == 0 ? 0 : 1 + below(4));
        return s;
    }
    Variable array(const Place& shape)
    {
        return ct::iota(ct::Shape(shape.begin(), shape.end()), -1, DType::i64).as(DType::f32) +
               below(100);
    }
    /// Indices into an axis, negative ones among them.
    Variable indices(const Place& shape, std::int64_t extent)
    {
        Array a = Array::empty(DType::i64, shape);
        for (std::int64_t i = 0; i < a.size(); ++i)
            static_cast<std::int64_t*>(a.data())[i] =
                static_cast<std::int64_t>(engine_() % static_cast<unsigned>(2 * extent)) - extent;
        return a;
    }
    ct::Index index(std::int64_t n)
    {
        switch (below(6)) {
        case 0:
            return n > 0 ? ct::Index(below(static_cast<int>(2 * n)) - n) : ct::Index(_);
        case 1:
            return ct::slice(below(5) - 2, _);
        case 2:
            return ct::slice(below(5) - 2, below(7) - 3);
        case 3:
            return ct::slice(_, below(7) - 3, 1 + below(3));
        case 4:
            return ct::slice(below(7) - 3, _, -1 - below(3));
        default:
            return _;
        }
    }

private:
    std::mt19937 engine_;
};

} // namespace

TEST_CASE("every lowering that moves elements agrees with its reference on random shapes")
{
    for (unsigned seed = 0; seed < 60; ++seed) {
        Random random(seed);
        const Place shape = random.shape(3);
        const Variable x = random.array(shape);
        check_lowerings(x(random.index(shape[0]), random.index(shape[1]), random.index(shape[2])));
        const ct::Index i0 = random.index(shape[0]), i1 = random.index(shape[1]);
        check_lowerings(x.set({i0, i1}, -x(i0, i1)));
        check_lowerings(flip(x, {0, random.below(2) + 1}));
        check_lowerings(squeeze(expand_dims(x, {0, -1}), 0));
        check_lowerings(x.T());
        check_lowerings(x.reshape({-1, shape[0] == 0 ? 1 : shape[0]}));
        check_lowerings(tile(x, {2, 1, 3}));
        check_lowerings(repeat(x, 2, 1));
        check_lowerings(pad(x, {1, -1 * (shape[1] > 1), 0}, {0, 2, 1}, 7));
        const int axis = random.below(3);
        Place other = shape;
        other[static_cast<std::size_t>(axis)] = random.below(3);
        check_lowerings(ct::concatenate({x, random.array(other), x}, axis));
        check_lowerings(ct::stack({x, x}, axis));
        check_lowerings(diagonal(x, random.below(3) - 1, axis, (axis + 1) % 3));
        const std::int64_t n = shape[static_cast<std::size_t>(axis)];
        if (n > 0) check_lowerings(take(x, random.indices({2, 3}, n), axis));
        other[static_cast<std::size_t>(axis)] = 5;
        if (n > 0) check_lowerings(take_along_axis(x, random.indices(other, n), axis));
        if (shape[0] * shape[2] == 0) continue;
        const Variable i = random.indices({2, 1}, shape[0]);
        const Variable k = random.indices({3}, shape[2]);
        check_lowerings(x(i, _, k));
        check_lowerings(x.add({i, _, k}, 1));
        check_lowerings(x.set({i, _, k}, x(i, _, k) + 5));
        check_lowerings(x.set({i, ct::slice(1, _), k}, 3));
    }
    for (const auto& [name, count] : lowered)
        CHECK(count > 20);
    CHECK(lowered.size() == 15);
}

TEST_CASE("reductions are NumPy's, of empty axes too")
{
    const Variable x = Array::copy(ct::View<const double, 2>(
        std::array{3.0, -1.0, 3.0, std::nan(""), 5.0, 2.0}.data(), {2, 3}));
    CHECK(numbers(argmax(x, 1)) == std::vector<double>{0, 0});
    CHECK(numbers(argmin(x(0), 0)) == std::vector<double>{1});
    CHECK(numbers(argmax(x)) == std::vector<double>{3});
    CHECK(numbers(max(x(0), Axis{0})) == std::vector<double>{3});
    CHECK(std::isnan(numbers(max(x))[0]));
    CHECK(numbers(any(x == 5, 1)) == std::vector<double>{0, 1});
    CHECK(numbers(all(x(0) > -2)) == std::vector<double>{1});
    CHECK(to_string(max(x, Axis{1}, true).shape()) == "(2, 1)");
    const Variable none = ct::zeros(DType::f32, {0, 2});
    CHECK(numbers(max(none, Axis{0})) == std::vector<double>{-inf, -inf});
    CHECK(numbers(min(none.as(DType::i8), Axis{0})) == std::vector<double>{127, 127});
    CHECK(numbers(prod(none)) == std::vector<double>{1});
    CHECK(std::isnan(numbers(mean(none))[0]));
    CHECK(numbers(logsumexp(none, 0)) == std::vector<double>{-inf, -inf});
    CHECK(mean(none.as(DType::i32)).dtype() == DType::f64);
    CHECK(sum(none.as(DType::u8)).dtype() == DType::u64);
    const Variable v = ct::arange(5).as(DType::f64);
    CHECK(numbers(var(v))[0] == 2);
    CHECK(numbers(var(v, 0, false, 1))[0] == 2.5);
    CHECK(numbers(stddev(v))[0] == std::sqrt(2.0));
    // No fewer degrees of freedom than none: numpy.var([0, 1, 2, 3, 4], ddof=6) is inf.
    for (int ddof : {5, 6}) {
        CHECK(numbers(var(v, 0, false, ddof))[0] == inf);
        CHECK(numbers(stddev(v, 0, false, ddof))[0] == inf);
        CHECK(std::isnan(numbers(var(v * 0, 0, false, ddof))[0]));
    }
    CHECK(numbers(cumsum(v, 0)) == std::vector<double>{0, 1, 3, 6, 10});
    CHECK(numbers(cumprod(v + 1, 0, true)) == std::vector<double>{120, 120, 60, 20, 5});
}

TEST_CASE("softmax and its relatives neither overflow nor leave rows of -inf undefined")
{
    const auto row = [](double a, double b) {
        return ct::stack({Variable(Array::scalar(a)), Variable(Array::scalar(b))});
    };
    CHECK(numbers(softmax(row(1000, 1000))) == std::vector<double>{0.5, 0.5});
    CHECK(numbers(log_softmax(row(-1000, 1000)))[0] == -2000);
    CHECK(numbers(logsumexp(row(1000, 1000)))[0] == 1000 + std::log(2.0));
    CHECK(numbers(softmax(row(-inf, -inf))) == std::vector<double>{0, 0});
    CHECK(numbers(log_softmax(row(-inf, -inf))) == std::vector<double>{-inf, -inf});
    CHECK(numbers(logsumexp(row(-inf, -inf)))[0] == -inf);
    CHECK(numbers(logsumexp(row(inf, 0)))[0] == inf);
    CHECK(std::isnan(numbers(logsumexp(row(std::nan(""), 0)))[0]));
}

TEST_CASE("arrays are made as NumPy makes them")
{
    CHECK(numbers(ct::arange(1, 2, 0.25)) == std::vector<double>{1, 1.25, 1.5, 1.75});
    CHECK(numbers(ct::arange(3, 0, -2)) == std::vector<double>{3, 1});
    CHECK(numbers(ct::linspace(1, 3, 5)) == std::vector<double>{1, 1.5, 2, 2.5, 3});
    CHECK(numbers(ct::linspace(1, 3, 1)) == std::vector<double>{1});
    CHECK(numbers(ct::eye(DType::f32, 2, 3, 1)) == std::vector<double>{0, 1, 0, 0, 0, 1});
    CHECK(numbers(ct::full(DType::u8, {2}, 7)) == std::vector<double>{7, 7});
    const Variable m = ct::arange(4).reshape({2, 2});
    CHECK(numbers(tril(m)) == std::vector<double>{0, 0, 2, 3});
    CHECK(numbers(triu(m, 1)) == std::vector<double>{0, 1, 0, 0});
    CHECK(numbers(diag(m)) == std::vector<double>{0, 3});
    CHECK(numbers(diag(m, -1)) == std::vector<double>{2});
    CHECK(numbers(diag(ct::arange(2) + 1, 1)) == std::vector<double>{0, 1, 0, 0, 0, 2, 0, 0, 0});
    CHECK(numbers(diag(ct::arange(2) + 1, -1)) == std::vector<double>{0, 0, 0, 1, 0, 0, 0, 2, 0});
    CHECK(numbers(ct::one_hot(ct::arange(3) - 1, 2)) == std::vector<double>{0, 0, 1, 0, 0, 1});
    const Variables parts = unpack(ct::arange(6), {{2, 2}, {}, {1}});
    CHECK(numbers(parts[0]) == std::vector<double>{0, 1, 2, 3});
    CHECK(to_string(parts[1].shape()) == "()");
}

namespace {

/// einsum by a loop over all letters.
std::vector<double> slow_matmul(const Variable& a, const Variable& b)
{
    const Array x = value(a), y = value(b);
    const auto rows = x.shape()[x.shape().size() - 2], inner = x.shape().back(),
               columns = y.shape().back();
    std::vector<double> z;
    const std::int64_t batches = std::max(x.size() / (rows * inner), y.size() / (inner * columns));
    for (std::int64_t n = 0; n < batches; ++n)
        for (std::int64_t i = 0; i < rows; ++i)
            for (std::int64_t j = 0; j < columns; ++j) {
                double total = 0;
                for (std::int64_t k = 0; k < inner; ++k)
                    total += x.as_double((n * rows * inner + i * inner + k) % x.size()) *
                             y.as_double((n * inner * columns + k * columns + j) % y.size());
                z.push_back(total);
            }
    return z;
}

Variable range(const ct::Shape& shape)
{
    return ct::iota(shape, -1, DType::i64).as(DType::f64) - 3;
}

} // namespace

TEST_CASE("products are NumPy's")
{
    const Variable a = range({2, 3, 4}), b = range({2, 4, 5}), m = range({4, 5}), v = range({4});
    CHECK(numbers(matmul(a, b)) == slow_matmul(a, b));
    CHECK(numbers(matmul(a, m)) == slow_matmul(a, m));
    CHECK(numbers(matmul(a, m)) == numbers(dot(a, m)));
    CHECK(numbers(matmul(a(0), b)) == slow_matmul(a(0), b));
    CHECK(numbers(matmul(a, b(ct::slice(0, 1)))) == slow_matmul(a, b(0)));
    CHECK(numbers(matmul(a(ct::slice(0, 1)), b)) == slow_matmul(a(0), b));
    CHECK(to_string(matmul(a(_, ct::newaxis), b).shape()) == "(2, 2, 3, 5)");
    CHECK(numbers(matmul(a(_, ct::newaxis), b)(0, 1)) == slow_matmul(a(0), b(1)));
    CHECK(numbers(matmul(a, v)) == numbers(matmul(a, v(_, ct::newaxis))));
    CHECK(numbers(matmul(v, b)) == numbers(matmul(v(ct::newaxis), b)));
    CHECK(numbers(dot(v, v)) == numbers(sum(v * v)));
    CHECK(to_string(dot(a, b).shape()) == "(2, 3, 2, 5)");
    CHECK(numbers(outer(v, v)) == numbers(v(_, ct::newaxis) * v));
    CHECK(numbers(tensordot(a, b, {0, 2}, {0, 1})) == numbers(sum(matmul(a, b), 0)));
    CHECK(numbers(ct::einsum("bij,bjk->bik", {a, b})) == slow_matmul(a, b));
    CHECK(numbers(ct::einsum("bij,bjk->kib", {a, b})) == numbers(matmul(a, b).T()));
    CHECK(numbers(ct::einsum("...ij,jk", {a, m})) == slow_matmul(a, m));
    CHECK(numbers(ct::einsum("ii->i", {range({3, 3})})) == numbers(diag(range({3, 3}))));
    CHECK(numbers(ct::einsum("ii", {range({3, 3})})) == std::vector<double>{3});
    CHECK(numbers(ct::einsum("bij,j,bjk->i", {a, v, b})) == numbers(sum(matmul(a * v, b), {0, 2})));
    for (const char* text : {"bij,bjk->bik", "bij,bjk->k", "bij->b"}) { // a dtype for any letters
        const Variable i32 = range({2, 2, 2}).as(ct::DType::i32);
        const ct::Variables operands(text == std::string_view("bij->b") ? 1 : 2, i32);
        CHECK(ct::einsum(text, operands).dtype() == ct::DType::i32);
    }
    CHECK(numbers(ct::einsum("i,j->ij", {v, v})) == numbers(outer(v, v)));
    CHECK(numbers(matmul(ct::zeros(DType::f64, {2, 0}), ct::zeros(DType::f64, {0, 2}))) ==
          std::vector<double>{0, 0, 0, 0});
    CHECK(dot(ct::zeros(DType::i8, {2}), ct::zeros(DType::i8, {2})).dtype() == DType::i8);
}
