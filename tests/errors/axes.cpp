#include <croton/croton.hpp>

#include "errors/expect.hpp"

namespace ct = croton;

TEST_CASE("an axis out of range, and one given twice, are refused")
{
    const auto x = ct::matrix<float>("x", {3, 4});
    CHECK_REFUSED(ct::sum(x, 2), index, "sum: axis 2 is out of range for rank 2");
    CHECK_REFUSED(ct::max(x, ct::Axis{-3}), index, "max: axis -3 is out of range for rank 2");
    CHECK_REFUSED(ct::mean(x, {0, -2}), index, "mean: axis -2 is given twice");
    CHECK_REFUSED(ct::softmax(x, 5), index, "softmax: axis 5 is out of range for rank 2");
}

TEST_CASE("an index out of range names axis and extent")
{
    const auto x = ct::matrix<float>("x", {3, 4});
    CHECK_REFUSED(x(3), index, "index: index 3 is out of range for axis 0 of (3, 4)");
    CHECK_REFUSED(x(0, -5), index, "index: index -5 is out of range for axis 1 of (3, 4)");
}
