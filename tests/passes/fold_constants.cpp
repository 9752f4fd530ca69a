#include <croton/ir/build.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/print.hpp>
#include <croton/passes/fold_constants.hpp>
#include <croton/passes/pipelines.hpp>

#include "support/catch.hpp"

using namespace croton;

namespace {

const PassOptions checked{.verify = true, .check_hash = true};

Variable folded(const Variable& y)
{
    Graph graph({}, {y});
    PassReport report;
    PassContext context{checked, report};
    FoldConstants{}.run(graph, context);
    return graph.outputs()[0];
}

Variable numbers(std::int64_t rows, std::int64_t columns)
{
    Array a = Array::empty(DType::f64, {rows, columns});
    for (std::int64_t i = 0; i < a.size(); ++i)
        static_cast<double*>(a.data())[i] = static_cast<double>(i);
    return constant(a, nullptr);
}

bool is_constant(const Variable& v) { return v.leaf() == Leaf::constant; }

} // namespace

TEST_CASE("constants are computed up to 1,024 elements, and more only where they do not grow")
{
    const auto widened = [](std::int64_t n) {
        const Variable floats = folded(numbers(1, n).as(DType::f32)); // half as many bytes
        REQUIRE(is_constant(floats));
        return folded(floats.as(DType::f64)); // twice as many
    };
    CHECK(is_constant(folded(sin(numbers(1, 10)))));
    CHECK(is_constant(folded(sin(numbers(100, 1000))))); // as many
    REQUIRE(is_constant(widened(1024)));
    CHECK(widened(1024).constant().as_double(1023) == 1023);
    CHECK_FALSE(is_constant(widened(1025)));
    CHECK_FALSE(is_constant(widened(100000)));
}

TEST_CASE("a sequence is computed where it is read, whatever its length")
{
    for (const std::int64_t n : {10, 100000}) {
        Graph graph({}, {sin(arange(n, DType::f64))});
        cpu_pipeline().run(graph, checked);
        CHECK(graph.outputs()[0].owner());
        CHECK(to_expression(graph.outputs()[0]).starts_with("sin("));
    }
}

TEST_CASE("scalars repeated are computed as one, whatever their number")
{
    const Variable many = folded(exp(zeros(DType::f64, {1000, 1000})));
    REQUIRE(many.owner());
    CHECK(to_expression(many).find("exp") == std::string::npos);
    CHECK(many.owner().input(0).constant().as_double(0) == 1);
}

TEST_CASE("arrays without elements become zeros")
{
    const Variable none = folded(sin(numbers(0, 100000)));
    REQUIRE(none.owner());
    CHECK(to_expression(none).find("sin") == std::string::npos);
}
