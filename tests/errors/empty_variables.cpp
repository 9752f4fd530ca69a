// Every function that builds graph, given a Variable to which nothing was assigned: refused at the
// user's line.
#include <croton/croton.hpp>
#include <croton/ir/print.hpp>

#include <string>

#include "support/catch.hpp"

namespace ct = croton;

namespace {

template <class F>
void check_refused(F call, const std::string& text, unsigned line)
{
    INFO(text);
    try {
        (void)call();
    } catch (const ct::UserError& e) {
        CHECK(std::string(e.what()).find("empty") != std::string::npos);
        CHECK(e.where().line() == line);
        return;
    }
    FAIL_CHECK("nothing was refused");
}

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): the line and the text of the call
#define CHECK_EMPTY(...)                                                                           \
    check_refused([&] { return __VA_ARGS__; }, #__VA_ARGS__, static_cast<unsigned>(__LINE__))

const ct::Variable none;

} // namespace

TEST_CASE("an empty Variable is refused by reductions, at the user's line")
{
    CHECK_EMPTY(ct::sum(none));
    CHECK_EMPTY(ct::sum(none, 0));
    CHECK_EMPTY(ct::prod(none));
    CHECK_EMPTY(ct::max(none));
    CHECK_EMPTY(ct::max(none, ct::Axis(0)));
    CHECK_EMPTY(ct::min(none));
    CHECK_EMPTY(ct::any(none));
    CHECK_EMPTY(ct::all(none));
    CHECK_EMPTY(ct::argmax(none));
    CHECK_EMPTY(ct::argmin(none));
    CHECK_EMPTY(ct::argmax(none, 0));
    CHECK_EMPTY(ct::mean(none));
    CHECK_EMPTY(ct::mean(none, 0));
    CHECK_EMPTY(ct::var(none));
    CHECK_EMPTY(ct::var(none, 0));
    CHECK_EMPTY(ct::stddev(none));
    CHECK_EMPTY(ct::stddev(none, 0));
}

TEST_CASE("an empty Variable is refused by softmax and running sums")
{
    CHECK_EMPTY(ct::logsumexp(none));
    CHECK_EMPTY(ct::logsumexp(none, 0));
    CHECK_EMPTY(ct::softmax(none));
    CHECK_EMPTY(ct::log_softmax(none));
    CHECK_EMPTY(ct::cumsum(none, 0));
    CHECK_EMPTY(ct::cumprod(none, 0));
}

TEST_CASE("an empty Variable is refused by what moves elements")
{
    CHECK_EMPTY(ct::reshape(none, {2}));
    CHECK_EMPTY(ct::transpose(none));
    CHECK_EMPTY(ct::transpose(none, {0}));
    CHECK_EMPTY(ct::expand_dims(none, 0));
    CHECK_EMPTY(ct::squeeze(none));
    CHECK_EMPTY(ct::squeeze(none, 0));
    CHECK_EMPTY(ct::flip(none, 0));
    CHECK_EMPTY(ct::tile(none, {2}));
    CHECK_EMPTY(ct::moveaxis(none, 0, 1));
    CHECK_EMPTY(ct::swapaxes(none, 0, 1));
    CHECK_EMPTY(ct::broadcast_to(none, {2}));
    CHECK_EMPTY(ct::cast(none, ct::DType::f32));
    CHECK_EMPTY(none.as(ct::DType::f32));
}

TEST_CASE("an empty Variable is refused by what joins and cuts")
{
    const auto x = ct::matrix<double>("x");
    CHECK_EMPTY(ct::concatenate({none, x}));
    CHECK_EMPTY(ct::concatenate({x, none}));
    CHECK_EMPTY(ct::stack({none, x}));
    CHECK_EMPTY(ct::stack({x, none}));
    CHECK_EMPTY(ct::split(none, 2, 0));
    CHECK_EMPTY(ct::pad(none, {1}, {1}));
}

TEST_CASE("an empty Variable is refused by what picks elements")
{
    const auto x = ct::matrix<double>("x");
    const auto i = ct::input("i", ct::DType::i64, {3});
    CHECK_EMPTY(x(ct::slice(none, 3)));
    CHECK_EMPTY(x(ct::slice(1, none)));
    CHECK_EMPTY(x(ct::slice(0, 1, none)));
    CHECK_EMPTY(ct::take(none, i));
    CHECK_EMPTY(ct::take(x, none));
    CHECK_EMPTY(ct::take(x, none, 0));
    CHECK_EMPTY(ct::take_along_axis(none, i, 0));
    CHECK_EMPTY(ct::take_along_axis(x, none, 0));
    CHECK_EMPTY(ct::gather(none, {i}));
    CHECK_EMPTY(ct::gather(x, {none}));
    CHECK_EMPTY(ct::scatter_add(none, {i}, x));
    CHECK_EMPTY(ct::scatter_add(x, {none}, x));
    CHECK_EMPTY(ct::scatter_add(x, {i}, none));
    CHECK_EMPTY(ct::scatter_set(x, {i}, none));
    CHECK_EMPTY(ct::one_hot(none, 3));
}

TEST_CASE("an empty Variable is refused by products")
{
    const auto x = ct::matrix<double>("x");
    CHECK_EMPTY(ct::dot(none, x));
    CHECK_EMPTY(ct::dot(x, none));
    CHECK_EMPTY(ct::matmul(none, x));
    CHECK_EMPTY(ct::matmul(x, none));
    CHECK_EMPTY(ct::outer(none, x));
    CHECK_EMPTY(ct::outer(x, none));
    CHECK_EMPTY(ct::tensordot(x, none, 1));
    CHECK_EMPTY(ct::einsum("ij, jk->ik", {x, none}));
}

TEST_CASE("an empty Variable is refused by what makes arrays")
{
    const auto x = ct::matrix<double>("x");
    CHECK_EMPTY(ct::tril(none));
    CHECK_EMPTY(ct::triu(none));
    CHECK_EMPTY(ct::diag(none));
    CHECK_EMPTY(ct::diagonal(none));
    CHECK_EMPTY(ct::linspace(none, 1, 3));
    CHECK_EMPTY(ct::where(x > 0, none, x));
    CHECK_EMPTY(ct::where(none, x, x));
    CHECK_EMPTY(ct::clip(none, 0, 1));
    CHECK_EMPTY(ct::clip(x, none, 1));
}

TEST_CASE("an empty Variable is refused by pointwise functions and indices")
{
    const auto x = ct::matrix<double>("x");
    CHECK_EMPTY(ct::stop_gradient(none));
    CHECK_EMPTY(ct::round_through(none));
    CHECK_EMPTY(ct::relu(none));
    CHECK_EMPTY(ct::gelu(none));
    CHECK_EMPTY(ct::isfinite(none));
    CHECK_EMPTY(ct::pow(none, 2));
    CHECK_EMPTY(ct::pow(2, none));
    CHECK_EMPTY(ct::maximum(none, x));
    CHECK_EMPTY(ct::max(none, x));
    CHECK_EMPTY(none.reshape({2}));
    CHECK_EMPTY(none.set({0}, x));
    CHECK_EMPTY(x.set({0}, none));
    CHECK_EMPTY(x.add({0}, none));
    CHECK_EMPTY(none(0));
    CHECK_EMPTY(none[0]);
    CHECK_EMPTY(none(ct::_));
    CHECK_EMPTY(x(none));
}

TEST_CASE("an empty Variable is refused by branches and other loops")
{
    const auto x = ct::scalar<double>("x");
    const auto same = [](const ct::Variable& s) { return s; };
    const auto second = [](const ct::Variable&, const ct::Variable& s) { return s; };
    const auto nothing = [](const ct::Variable&) { return none; };
    CHECK_EMPTY(ct::cond(none, [&] { return x; }, [&] { return x; }));
    CHECK_EMPTY(ct::cond(x > 0.0, [&] { return x; }, [&] { return none; }));
    CHECK_EMPTY(ct::switch_case(none, {[&] { return x; }}));
    CHECK_EMPTY(ct::while_loop([](const ct::Variable& s) { return s > 0.0; }, same, {none}));
    CHECK_EMPTY(ct::fori_loop(none, second, {x}));
    CHECK_EMPTY(ct::fori_loop(3, second, {none}));
    CHECK_EMPTY(ct::map(same, {none}));
    CHECK_EMPTY(ct::map(nothing, {ct::vector<double>("v")}));
    CHECK_EMPTY(ct::reduce(second, {none}, {x}));
    CHECK_EMPTY(ct::reduce(second, {ct::vector<double>("v")}, {none}));
}

TEST_CASE("an empty Variable is refused by batches, sparse derivatives and rules of one's own")
{
    const auto x = ct::vector<double>("x", {3});
    const auto same = [](const ct::Variable& s) { return s; };
    const auto nothing = [](const ct::Variable&) { return none; };
    const auto rule = [](const ct::Variable&, const ct::Variable&, const ct::Variable& bar) {
        return ct::Variables{bar};
    };
    CHECK_EMPTY(ct::vmap(same)(none));
    CHECK_EMPTY(ct::vmap(nothing)(x));
    CHECK_EMPTY(ct::sparse_jacobian(none, x));
    CHECK_EMPTY(ct::sparse_jacobian(x, none));
    CHECK_EMPTY(ct::sparse_hessian(none, x));
    CHECK_EMPTY(ct::sparse_hessian(ct::sum(x), none));
    CHECK_EMPTY(ct::custom_vjp(same, rule)(none));
    CHECK_EMPTY(ct::custom_vjp(nothing, rule)(x));
    CHECK_EMPTY(ct::clip_gradient(none, -1, 1));
    CHECK_EMPTY(ct::checkpoint(same)(none));
    CHECK_EMPTY(ct::checkpoint(nothing)(x));
    CHECK_EMPTY(ct::inline_function("f", {none}, {x}));
    CHECK_EMPTY(ct::inline_function("f", {x}, {none}));
    CHECK_EMPTY(ct::inline_function("f", {x}, {2.0 * x})(none));
}

TEST_CASE("an empty Variable is refused by scan")
{
    CHECK_EMPTY(ct::scan([](const ct::Variable& h) { return h; }, {.init = {none}, .steps = 3}));
    CHECK_EMPTY(ct::scan([](const ct::Variable& s, const ct::Variable& h) { return h + s; },
                         {.sequences = {none}, .init = {ct::Variable(0.0)}}));
    CHECK_EMPTY(ct::scan([](const ct::Variable&) { return none; },
                         {.init = {ct::Variable(0.0)}, .steps = 3}));
}

TEST_CASE("an empty Variable is refused by derivatives")
{
    const auto x = ct::matrix<double>("x");
    CHECK_EMPTY(ct::vjp(ct::Variables{none}, {x}, {x}));
    CHECK_EMPTY(ct::jvp(none, {x}, {x}));
    CHECK_EMPTY(ct::hvp(none, x, x));
    CHECK_EMPTY(ct::hvp(ct::sum(x), x, none));
    CHECK_EMPTY(ct::grad(ct::sum(x), {x, none}));
    CHECK_EMPTY(ct::vjp(ct::Variables{x}, {x}, {none}));
}

TEST_CASE("an Array that holds nothing")
{
    const auto x = ct::matrix<double>("x");
    CHECK_EMPTY(ct::Variable(ct::Array()));
    CHECK_EMPTY(x + ct::Variable(ct::Array()));
}

TEST_CASE("an empty Array is refused as an operand")
{
    const auto x = ct::matrix<double>("x");
    const auto line = static_cast<unsigned>(__LINE__ + 2);
    try {
        (void)(x + ct::Array());
        FAIL("nothing was refused");
    } catch (const ct::UserError& e) {
        CHECK(e.message() == "constant: the Array is empty: nothing was assigned to it");
        CHECK(e.where().line() == line);
    }
}

TEST_CASE("what is asked of an empty Variable or Type is refused, and says what was asked")
{
    CHECK_EMPTY(none.type());
    CHECK_EMPTY(none.dtype());
    CHECK_EMPTY(none.shape());
    CHECK_EMPTY(none.rank());
    CHECK_EMPTY(none.extent(0));
    CHECK_EMPTY(none.name());
    CHECK_EMPTY(none.where());
    CHECK_EMPTY(none.named("y"));
    CHECK_EMPTY(to_expression(none));
    CHECK_THROWS_WITH(none.shape(), "shape: the Variable is empty: nothing was assigned to it");
    CHECK_THROWS_WITH(to_expression(none), "to_expression: operand 0 is an empty Variable: nothing "
                                           "was assigned to it");
    const ct::Type type;
    CHECK(to_string(type) == "no type");
    CHECK(type.is_empty());
    CHECK(type == ct::Type());
    CHECK(!(type == ct::matrix<double>("x").type()));
    CHECK(!type.is_pattern());
    CHECK_EMPTY(type.dtype());
    CHECK_EMPTY(type.shape());
    CHECK_EMPTY(type.rank());
    CHECK_THROWS_WITH(type.dtype(), "dtype: the Type is empty: it has no dtype and no shape");
    CHECK_THROWS_WITH(type.shape(), "shape: the Type is empty: it has no dtype and no shape");
    CHECK_THROWS_WITH(type.rank(), "rank: the Type is empty: it has no dtype and no shape");
}
