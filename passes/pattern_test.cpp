#include "pattern_test.hpp"

#include <croton/ir/bind_symbols.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/scan_parts.hpp>
#include <croton/ir/shared.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "element_sets.hpp"

namespace croton::inline v1::detail {

namespace {

/// Elements that the references compute: two tenths of a second.
constexpr double most_work = 1 << 22;
constexpr double endless = std::numeric_limits<double>::infinity();

double count_of(const Variable& v)
{
    const Extent count = element_count(v.shape());
    return count.is_known() ? static_cast<double>(count.value()) : endless;
}

/// Elements that are computed, each term of a product for itself.
double work_of(const Variables& results)
{
    double all = 0;
    for (const Apply& a : applies_of(results)) {
        double one = 0;
        for (const Variable& v : a.inputs())
            one = std::max(one, count_of(v));
        for (const Variable& v : a.outputs())
            one = std::max(one, count_of(v));
        if (std::holds_alternative<Contract>(a.op().lowering))
            for (const int axis : a.params_as<ContractParams>().a_sum) {
                const Extent e = a.input(0).extent(axis);
                one = count_of(a.output()) *
                      (e.is_known() ? static_cast<double>(e.value()) : endless);
            }
        double times = 1;
        if (std::holds_alternative<Scan>(a.op().lowering)) {
            const ScanParts loop = take_apart(a);
            times = loop.endless || !loop.steps.is_known()
                        ? endless
                        : static_cast<double>(loop.steps.value());
        }
        for (const Region& region : regions_of(a))
            one += times * work_of(Variables(region.outputs().begin(), region.outputs().end()));
        all += one;
    }
    return all;
}

/// Where a draw's numbers are from: functions with a domain have it in one of them.
constexpr std::array<std::pair<double, double>, 4> ranges{
    {{0.2, 1.5}, {-0.9, 0.9}, {1.5, 4}, {0.2, 1.5}}};

std::vector<std::int64_t> extents_of(const Variable& v,
                                     const Substitution& by,
                                     std::string_view function,
                                     const Location* place)
{
    std::vector<std::int64_t> extents;
    for (const Extent& e : v.shape()) {
        const Extent known = substitute(e, by);
        if (!known.is_known())
            throw user_error(Code::shape, place, function, "{} has shape {}: a value is needed",
                             describe(v), to_string(v.shape()));
        extents.push_back(known.value());
    }
    return extents;
}

} // namespace

PatternTest::PatternTest(const SparseVariable& derivative,
                         const Variable& y,
                         const Variable& x,
                         std::string_view function,
                         const Location* place)
    : derivative_(derivative), y_(y), x_(x), x_dot_(input("", x.dtype(), x.shape())),
      function_(function), place_(place)
{
    y_dot_ =
        push_forward(std::span(&y, 1), std::span(&x, 1), std::span(&x_dot_, 1), function, place)[0];
    if (y_dot_.is_empty()) y_dot_ = zeros_like(y);
    const Variables results{derivative.values, y_dot_};
    for (const Variable& leaf : leaves(results)) {
        if (leaf.leaf() == Leaf::constant || leaf.value() == x_dot_.value()) continue;
        if (leaf.leaf() == Leaf::shared)
            given(leaf, as_shared(leaf).value());
        else
            leaves_.push_back(leaf);
    }
}

void PatternTest::given(const Variable& v, const Array& value)
{
    if (v.is_empty())
        throw user_error(Code::domain, place_, function_, "a value is given for an empty Variable");
    if (!value)
        throw user_error(Code::domain, place_, function_, "the value given for {} is empty",
                         describe(v));
    if (v.owner() || v.leaf() == Leaf::constant)
        throw user_error(Code::domain, place_, function_,
                         "a value is given for {}, which is no input", describe(v));
    if (value.dtype() != v.dtype())
        throw user_error(Code::dtype, place_, function_, "the value given for {} is {}, not {}",
                         describe(v), name(value.dtype()), name(v.dtype()));
    const std::vector<std::int64_t> extents = value.extents();
    const bool fits = std::ranges::equal(
        v.shape(), extents, [](const Extent& e, std::int64_t n) { return !never_equal(e, n); });
    if (!fits)
        throw user_error(Code::shape, place_, function_, "the value given for {} is {}, not {}",
                         describe(v), to_string(Shape(extents.begin(), extents.end())),
                         to_string(v.shape()));
    given_.emplace_back(v, value);
}

std::string PatternTest::obstacle() const
{
    for (const Variable& leaf : leaves_) {
        const bool has_value = std::ranges::any_of(
            given_, [&](const auto& g) { return g.first.value() == leaf.value(); });
        if (!has_value && !is_float(leaf.dtype()))
            return fmt::format("{} has no value, and integers are not drawn", describe(leaf));
    }
    const double work = work_of({derivative_.values, y_dot_});
    if (work == endless)
        return "an extent or a loop's number of steps is not known before the call";
    if (work > most_work)
        return fmt::format(
            "the references would compute {:.0f} elements, which are more than {:.0f}", work,
            most_work);
    return tolerance() > 1e-2 ? "numbers of 16 bits are too coarse" : "";
}

/// Two orders of computing agree so far.
double PatternTest::tolerance() const
{
    std::size_t bytes = size_bytes(y_.dtype());
    for (const Apply& a : applies_of(Variables{derivative_.values, y_dot_}))
        for (const Variable& v : a.outputs())
            if (is_float(v.dtype())) bytes = std::min<std::size_t>(bytes, size_bytes(v.dtype()));
    return bytes >= 8 ? 1e-9 : bytes >= 4 ? 1e-3 : 0.1;
}

void PatternTest::each_element(const Element& f) const
{
    const SparsePattern& p = derivative_.pattern;
    std::int64_t next = 0;
    for (const SparseBand& b : p.bands) {
        const auto size = [&](const Extent& e) { return substitute(e, extents_).value(); };
        std::vector<std::int64_t> extents, row_steps, column_steps;
        for (std::size_t k = 0; k < b.extents.size(); ++k) {
            extents.push_back(size(b.extents[k]));
            row_steps.push_back(size(b.row_steps[k]));
            column_steps.push_back(size(b.column_steps[k]));
        }
        const std::vector<std::int64_t> rows = positions(extents, row_steps),
                                        columns = positions(extents, column_steps);
        for (std::size_t i = 0; i < rows.size(); ++i)
            f(size(b.row) + rows[i], size(b.column) + columns[i], next++);
    }
    for (std::size_t g = 0; g + 1 < p.starts.size(); ++g)
        for (std::int32_t i = p.starts[g]; i < p.starts[g + 1]; ++i) {
            const std::int64_t other = p.indices[static_cast<std::size_t>(i)];
            const auto group = static_cast<std::int64_t>(g);
            if (p.format == Compressed::rows)
                f(group, other, i);
            else
                f(other, group, i);
        }
}

std::vector<double> PatternTest::product(const Array& vector) const
{
    std::vector<Array> arrays = arrays_;
    arrays[0] = vector;
    const Array y = evaluate_reference(inputs_, arrays, Variables{y_dot_})[0];
    std::vector<double> all;
    for (std::int64_t i = 0; i < y.size(); ++i)
        all.push_back(y.as_double(i));
    return all;
}

/// Of the columns that a row has no element of, one where the derivative is not 0, and what it is
/// there; -1: there is none. Half of the columns that are left are asked for at a time.
std::int64_t PatternTest::missing_column(std::int64_t row, double& found) const
{
    const Array vector = arrays_[0];
    std::vector<bool> there(static_cast<std::size_t>(vector.size()), false);
    each_element([&](std::int64_t r, std::int64_t c, std::int64_t) {
        if (r == row) there[static_cast<std::size_t>(c)] = true;
    });
    std::vector<std::int64_t> columns;
    for (std::int64_t c = 0; c < vector.size(); ++c)
        if (!there[static_cast<std::size_t>(c)]) columns.push_back(c);
    const auto of = [&](std::span<const std::int64_t> some) {
        std::vector<double> values(there.size(), 0);
        for (const std::int64_t c : some)
            values[static_cast<std::size_t>(c)] = vector.as_double(c);
        const Array part = Array::copy(values).cast(x_.dtype()).reshape(vector.extents());
        return product(part)[static_cast<std::size_t>(row)];
    };
    std::span<const std::int64_t> left = columns;
    double all = left.empty() ? 0 : of(left);
    while (left.size() > 1) {
        const std::size_t half = left.size() / 2;
        const double first = of(left.first(half)), second = all - first;
        const bool in_first = std::abs(first) >= std::abs(second);
        left = in_first ? left.first(half) : left.subspan(half);
        all = in_first ? first : second;
    }
    if (left.empty()) return -1;
    found = of(left) / vector.as_double(left[0]);
    return std::abs(found) > tolerance() ? left[0] : -1;
}

std::optional<PatternTest::Contradiction> PatternTest::run(std::uint64_t draw)
{
    inputs_.clear();
    arrays_.clear();
    for (const auto& [v, value] : given_) {
        inputs_.push_back(v);
        arrays_.push_back(value);
    }
    extents_ = known_extents(inputs_, arrays_);
    inputs_.insert(inputs_.begin(), x_dot_);
    arrays_.insert(
        arrays_.begin(),
        Array::uniform(draw, extents_of(x_, extents_, function_, place_), DType::f64, 0.2, 1.5)
            .cast(x_.dtype()));
    const auto [low, high] = ranges[draw % ranges.size()];
    for (const Variable& leaf : leaves_) {
        if (std::ranges::any_of(inputs_,
                                [&](const Variable& v) { return v.value() == leaf.value(); }))
            continue;
        const auto extents = extents_of(leaf, extents_, function_, place_);
        const std::uint64_t key = 1000 * (draw + 1) + inputs_.size();
        arrays_.push_back(
            is_float(leaf.dtype())
                ? Array::uniform(key, extents, DType::f64, low, high).cast(leaf.dtype())
                : Array::zeros(leaf.dtype(), extents));
        inputs_.push_back(leaf);
    }
    const std::vector<Array> found =
        evaluate_reference(inputs_, arrays_, Variables{derivative_.values, y_dot_});
    const auto rows = static_cast<std::size_t>(found[1].size());
    std::vector<double> sums(rows, 0), sizes(rows, 0);
    each_element([&](std::int64_t r, std::int64_t c, std::int64_t at) {
        const auto count = static_cast<std::int64_t>(rows), columns = arrays_[0].size();
        if (r < 0 || r >= count || c < 0 || c >= columns || at >= found[0].size())
            throw user_error(Code::index, place_, function_,
                             "element {} of the pattern is in row {}, column {}: the matrix is {} "
                             "x {}, of {} values",
                             at, r, c, count, columns, found[0].size());
        const double term = found[0].as_double(at) * arrays_[0].as_double(c);
        sums[static_cast<std::size_t>(r)] += term;
        sizes[static_cast<std::size_t>(r)] += std::abs(term);
    });
    tested_.resize(rows, false);
    for (std::size_t r = 0; r < rows; ++r) {
        const double expected = found[1].as_double(static_cast<std::int64_t>(r));
        if (!std::isfinite(expected)) continue;
        tested_[r] = true;
        if (std::abs(sums[r] - expected) <= tolerance() * (sizes[r] + std::abs(expected) + 1))
            continue;
        double slope = 0;
        const std::int64_t column = missing_column(static_cast<std::int64_t>(r), slope);
        if (column >= 0) return Contradiction{static_cast<std::int64_t>(r), column, 0, slope};
        return Contradiction{static_cast<std::int64_t>(r), -1, sums[r], expected};
    }
    return std::nullopt;
}

bool PatternTest::all_tested() const
{
    return std::ranges::all_of(tested_, [](bool tested) { return tested; });
}

} // namespace croton::inline v1::detail
