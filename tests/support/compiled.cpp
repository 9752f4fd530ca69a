#include "support/compiled.hpp"

#include "support/catch.hpp"

namespace croton::test {

std::vector<double>
compiled_values(const Variable& y, const Inputs& inputs, const std::vector<Any>& at)
{
    const auto values = [&](bool reference) {
        const Options options{.reference = reference, .allow_unused_inputs = true};
        const Array a = function(inputs, y, options).call(at)[0];
        std::vector<double> all;
        for (std::int64_t i = 0; i < a.size(); ++i)
            all.push_back(a.as_double(i));
        return all;
    };
    const std::vector<double> found = values(false), expected = values(true);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        INFO("element " << i);
        CHECK(found[i] == Approx(expected[i]).epsilon(1e-10).margin(1e-14));
    }
    return found;
}

std::vector<double> dense(const SparsePattern& pattern, const Array& values)
{
    const bool by_rows = pattern.format == Compressed::rows;
    REQUIRE(values.size() == static_cast<std::int64_t>(pattern.size()));
    REQUIRE(pattern.starts.size() ==
            static_cast<std::size_t>(by_rows ? pattern.rows : pattern.columns) + 1);
    REQUIRE(pattern.starts.back() == static_cast<std::int32_t>(pattern.size()));
    std::vector<double> matrix(static_cast<std::size_t>(pattern.rows * pattern.columns), 0);
    bool ascending = true;
    for (std::size_t g = 0; g + 1 < pattern.starts.size(); ++g)
        for (std::int32_t i = pattern.starts[g]; i < pattern.starts[g + 1]; ++i) {
            const std::int64_t other = pattern.indices[static_cast<std::size_t>(i)];
            if (i > pattern.starts[g])
                ascending &= other > pattern.indices[static_cast<std::size_t>(i) - 1];
            const auto group = static_cast<std::int64_t>(g);
            const std::int64_t at =
                by_rows ? group * pattern.columns + other : other * pattern.columns + group;
            matrix[static_cast<std::size_t>(at)] = values.as_double(i);
        }
    CHECK(ascending);
    return matrix;
}

std::vector<double> dense_of_loops(const SparsePattern& pattern,
                                   const Array& values,
                                   std::int64_t rows,
                                   std::int64_t columns,
                                   const Substitution& by)
{
    const auto size = [&](const Extent& e) { return substitute(e, by).value(); };
    std::vector<double> all(static_cast<std::size_t>(rows * columns), 0);
    std::int64_t next = 0;
    for (const SparseBand& b : pattern.bands) {
        std::vector<std::int64_t> at(b.extents.size(), 0);
        const std::int64_t count = size(element_count(b.extents));
        for (std::int64_t i = 0; i < count; ++i) {
            std::int64_t row = size(b.row), column = size(b.column);
            for (std::size_t k = 0; k < at.size(); ++k) {
                row += size(b.row_steps[k]) * at[k];
                column += size(b.column_steps[k]) * at[k];
            }
            REQUIRE((row >= 0 && row < rows && column >= 0 && column < columns));
            all[static_cast<std::size_t>(row * columns + column)] += values.as_double(next++);
            for (std::size_t k = at.size(); k-- > 0;) {
                if (++at[k] < size(b.extents[k])) break;
                at[k] = 0;
            }
        }
    }
    CHECK(next == values.size());
    return all;
}

} // namespace croton::test
