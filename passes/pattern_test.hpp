#pragma once

#include <croton/ir/array.hpp>
#include <croton/ir/extent.hpp>
#include <croton/ir/variable.hpp>
#include <croton/passes/sparse.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace croton::inline v1::detail {

/// Tests a sparse derivative dy/dx by products with random vectors, by the references: its own, and
/// that of y's forward mode. Shared variables have their values, inputs those that are given, or
/// random ones.
class PatternTest {
public:
    PatternTest(const SparseVariable& derivative,
                const Variable& y,
                const Variable& x,
                std::string_view function,
                const Location* place);

    void given(const Variable& v, const Array& value);

    /// Why no values can be drawn, or the test would take long; empty: nothing stands against it.
    std::string obstacle() const;

    /// An element of y's derivative that the derivative does not have, or, of column -1, a row of
    /// which a product is another.
    struct Contradiction {
        std::int64_t row, column;
        double found, expected;
    };
    /// With random values of inputs, other ones for each draw. Rows where a product is not finite
    /// are left out.
    /// errors  UserError: what a reference says, as of an index that is out of range; an extent is
    ///         not known.
    std::optional<Contradiction> run(std::uint64_t draw);
    /// Whether each row was finite in a run.
    bool all_tested() const;

private:
    using Element = std::function<void(std::int64_t row, std::int64_t column, std::int64_t at)>;
    void each_element(const Element& f) const;
    std::vector<double> product(const Array& vector) const;
    std::int64_t missing_column(std::int64_t row, double& found) const;
    double tolerance() const;

    const SparseVariable& derivative_;
    Variable y_, x_, x_dot_, y_dot_;
    std::string_view function_;
    const Location* place_;
    Variables leaves_; ///< that need a value
    std::vector<std::pair<Variable, Array>> given_;
    std::vector<bool> tested_;
    // Of the present run:
    Variables inputs_;
    std::vector<Array> arrays_;
    Substitution extents_;
};

} // namespace croton::inline v1::detail
