#include "support/sparse_checks.hpp"

#include <vector>

namespace croton::test {

void check_sparse(const SparseVariable& sparse,
                  const Variable& full,
                  const Variable& x,
                  Triangle triangle,
                  std::int64_t elements)
{
    std::vector<std::int64_t> shape;
    for (const Extent& e : x.shape())
        shape.push_back(e.value());
    const Array at = Array::uniform(11, shape, DType::f64, 0.2, 1.5);
    for (const bool reference : {false, true}) {
        const Options options{.reference = reference, .allow_unused_inputs = true};
        const Results r = function({x}, {sparse.values, full}, options)(at);
        const std::vector<double> got = dense(sparse.pattern, r[0]);
        const std::int64_t columns = sparse.pattern.columns;
        REQUIRE(r[1].size() == static_cast<std::int64_t>(got.size()));
        for (std::size_t i = 0; i < got.size(); ++i) {
            const auto row = static_cast<std::int64_t>(i) / columns;
            const auto column = static_cast<std::int64_t>(i) % columns;
            const bool in = triangle == Triangle::full ||
                            (triangle == Triangle::lower ? row >= column : row <= column);
            INFO("row " << row << ", column " << column << (reference ? ", reference" : ""));
            const double expected = in ? r[1].as_double(static_cast<std::int64_t>(i)) : 0.0;
            CHECK(got[i] == Approx(expected).epsilon(1e-12).margin(1e-13));
        }
    }
    if (elements >= 0) CHECK(static_cast<std::int64_t>(sparse.pattern.size()) == elements);
}

} // namespace croton::test
