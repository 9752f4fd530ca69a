// Arrays with extents of their own, joined: text and what was made for it grow as their number
// does.
#include <croton/codegen/program.hpp>
#include <croton/croton.hpp>

#include <fmt/format.h>

#include <string>

#include "support/catch.hpp"

namespace ct = croton;
using ct::Variable;

namespace {

struct Joined {
    ct::Variables parts;
    Variable whole;
};

Joined joined(int count, int axis)
{
    const ct::Extent common = ct::dim("common");
    ct::Variables parts;
    for (int k = 0; k < count; ++k) {
        const ct::Extent own = ct::dim(fmt::format("d{}", k));
        const ct::Shape shape = axis == 0 ? ct::Shape{own, common} : ct::Shape{common, own};
        parts.push_back(ct::matrix<double>(fmt::format("x{}", k), shape));
    }
    return {parts, ct::concatenate(parts, axis)};
}

std::string text_of(const ct::Variables& inputs, const ct::Variables& outputs)
{
    return ct::codegen::make_program(inputs, outputs, {}, {}).source;
}

std::size_t length_of(int count, int axis, bool gradient)
{
    const Joined j = joined(count, axis);
    if (!gradient) return text_of(j.parts, {j.whole}).size();
    return text_of(j.parts, ct::grad(ct::sum(square(j.whole)), j.parts)).size();
}

} // namespace

TEST_CASE("the text of joined arrays grows as their number does")
{
    for (const int axis : {0, 1})
        for (const bool gradient : {false, true}) {
            CAPTURE(axis, gradient);
            const std::size_t few = length_of(20, axis, gradient);
            const std::size_t more = length_of(40, axis, gradient);
            const std::size_t most = length_of(80, axis, gradient);
            CHECK((most - more) * 10 < (more - few) * 23); // twice, and longer numbers
        }
}

TEST_CASE(
    "a long sum of extents is an argument of a kernel, and in run goes on from the one before")
{
    const Joined j = joined(6, 1);
    const std::string text = text_of(j.parts, {j.whole});
    CHECK((text.find("v0[i * length + j + first] = x4[i * d4 + j];") != text.npos));
    CHECK((text.find("//   first, first_0, length: sums of extents\n") != text.npos));
    CHECK((text.find("const i64 total1 = d0 + d1 + d2 + d3;") != text.npos));
    CHECK((text.find("= total1 + d4;") != text.npos));
}

TEST_CASE("what kernels of parts of joined arrays do is one text")
{
    const Joined j = joined(12, 1);
    const std::string text = text_of(j.parts, ct::grad(ct::sum(square(j.whole)), j.parts));
    std::size_t kernels = 0;
    for (std::size_t at = 0; (at = text.find("CT_KERNEL void fused_", at)) != text.npos; ++at)
        ++kernels;
    CHECK(kernels > 0);
    CHECK(kernels < 8);
}

TEST_CASE("products of joined arrays agree with their meaning")
{
    Joined j = joined(5, 0);
    const Variable w = ct::matrix<double>("w");
    const Variable product = dot(exp(j.whole), w);
    const ct::Variables outputs{dot(j.whole, w), tanh(product), dot(j.whole.T(), exp(j.whole)),
                                ct::grad(ct::sum(tanh(product)), w),
                                ct::grad(ct::sum(square(product)), j.parts[3])};
    std::vector<ct::Any> arguments;
    for (int k = 0; k < 5; ++k)
        arguments.emplace_back(
            ct::Array::normal(static_cast<unsigned>(k + 1), {k + 2, 6}, ct::DType::f64));
    arguments.emplace_back(ct::Array::normal(9, {6, 3}, ct::DType::f64));
    j.parts.push_back(w);
    ct::Options by_references;
    by_references.reference = true;
    const ct::Results got = ct::function(j.parts, outputs).call(arguments);
    const ct::Results wanted = ct::function(j.parts, outputs, by_references).call(arguments);
    for (std::size_t k = 0; k < outputs.size(); ++k)
        for (std::int64_t i = 0; i < wanted[k].size(); ++i) {
            CAPTURE(k, i);
            CHECK(got[k].as_double(i) == Approx(wanted[k].as_double(i)).epsilon(1e-10));
        }
}
