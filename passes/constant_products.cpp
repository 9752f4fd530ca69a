#include "constant_products.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/index.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>

#include <algorithm>
#include <iterator>

namespace croton::inline v1::detail {

namespace {

constexpr std::size_t most_terms = std::size_t{1} << 24;
constexpr std::int64_t most_diagonals = 16;

/// The axes of one operand of a product.
struct Axes {
    std::vector<int> batch, own, sum;
};

Axes axes_of(const Apply& product, std::size_t operand)
{
    const auto& p = product.params_as<ContractParams>();
    Axes axes{operand == 0 ? p.a_batch : p.b_batch, {}, operand == 0 ? p.a_sum : p.b_sum};
    for (int i = 0; i < product.input(operand).rank(); ++i)
        if (std::ranges::count(axes.batch, i) + std::ranges::count(axes.sum, i) == 0)
            axes.own.push_back(i);
    return axes;
}

std::vector<int> joined(std::vector<int> a, const std::vector<int>& b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

std::vector<std::int64_t> extents_of(const Variable& v)
{
    std::vector<std::int64_t> extents;
    for (const Extent& e : v.shape())
        extents.push_back(e.value());
    return extents;
}

std::vector<std::int64_t> along(const std::vector<std::int64_t>& all, const std::vector<int>& axes)
{
    std::vector<std::int64_t> some;
    for (const int axis : axes)
        some.push_back(all[static_cast<std::size_t>(axis)]);
    return some;
}

/// Of a batch of matrices: their extents, and where elements lie.
struct Matrices {
    Matrices(const Array& constant, const Axes& axes)
    {
        const std::vector<std::int64_t> extents = constant.extents(), strides = strides_of(extents);
        batch = along(extents, axes.batch);
        first = positions(batch, along(strides, axes.batch));
        rows = along(extents, axes.own)[0];
        columns = along(extents, axes.sum)[0];
        row_stride = along(strides, axes.own)[0];
        column_stride = along(strides, axes.sum)[0];
    }
    std::vector<std::int64_t> batch, first;
    std::int64_t rows, columns, row_stride, column_stride;
};

/// Those that are not 0: column - row, ascending.
std::vector<std::int64_t> diagonals_of(const Array& constant, const Matrices& m)
{
    std::vector<bool> there(static_cast<std::size_t>(std::max<std::int64_t>(m.rows + m.columns, 1)),
                            false);
    for (const std::int64_t first : m.first)
        for (std::int64_t r = 0; r < m.rows; ++r)
            for (std::int64_t c = 0; c < m.columns; ++c)
                if (constant.as_double(first + r * m.row_stride + c * m.column_stride) != 0)
                    there[static_cast<std::size_t>(c - r + m.rows)] = true;
    std::vector<std::int64_t> all;
    for (std::size_t i = 0; i < there.size(); ++i)
        if (there[i]) all.push_back(static_cast<std::int64_t>(i) - m.rows);
    return all;
}

} // namespace

std::vector<std::int64_t> strides_in_result(const Apply& product, std::size_t operand)
{
    const Axes axes = axes_of(product, operand);
    const std::vector<std::int64_t> lies = strides_of(extents_of(product.input(operand)));
    std::vector<std::int64_t> strides(product.output().shape().size(), 0);
    std::ranges::copy(along(lies, axes.batch), strides.begin());
    const std::vector<std::int64_t> own = along(lies, axes.own);
    const std::size_t first = operand == 0 ? axes.batch.size() : strides.size() - own.size();
    std::ranges::copy(own, strides.begin() + static_cast<std::ptrdiff_t>(first));
    return strides;
}

std::optional<std::vector<std::pair<std::int64_t, std::int64_t>>>
terms_of_constant(const Apply& product, std::size_t operand, const Array& constant)
{
    // The axes of all terms: those of the result, then those summed over.
    std::vector<std::int64_t> extents = extents_of(product.output()), to = strides_of(extents);
    std::vector<std::int64_t> of[] = {strides_in_result(product, 0), strides_in_result(product, 1)};
    for (std::size_t k = 0; k < 2; ++k) {
        const Variable& v = product.input(k);
        const std::vector<int> sum = axes_of(product, k).sum;
        std::ranges::copy(along(strides_of(extents_of(v)), sum), std::back_inserter(of[k]));
        if (k == 0) std::ranges::copy(along(extents_of(v), sum), std::back_inserter(extents));
    }
    to.resize(extents.size(), 0);
    // First along the axes that the constant has, then, where it is not 0, along the others.
    const auto part = [&](const std::vector<std::int64_t>& all, bool of_constant) {
        std::vector<std::int64_t> some;
        for (std::size_t i = 0; i < all.size(); ++i)
            if ((of[1 - operand][i] != 0) == of_constant) some.push_back(all[i]);
        return some;
    };
    const auto where = [&](const std::vector<std::int64_t>& strides, bool of_constant) {
        return positions(part(extents, of_constant), part(strides, of_constant));
    };
    const auto lies = where(of[1 - operand], true);
    const auto targets = where(to, true), elements = where(of[operand], true);
    const auto more_targets = where(to, false), more_elements = where(of[operand], false);
    std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
    for (std::size_t i = 0; i < lies.size(); ++i) {
        if (constant.as_double(lies[i]) == 0) continue;
        if (pairs.size() + more_elements.size() > most_terms) return std::nullopt;
        for (std::size_t k = 0; k < more_elements.size(); ++k)
            pairs.emplace_back(targets[i] + more_targets[k], elements[i] + more_elements[k]);
    }
    return pairs;
}

Variable by_diagonals(const Apply& product, std::size_t operand, const Array& constant)
{
    const Axes mine = axes_of(product, operand), other = axes_of(product, 1 - operand);
    if (other.own.size() != 1 || other.sum.size() != 1) return {};
    const Matrices m(constant, other);
    const std::vector<std::int64_t> diagonals = diagonals_of(constant, m);
    const auto count = static_cast<std::int64_t>(diagonals.size());
    if (count == 0 || count > most_diagonals ||
        2 * count * std::min(m.rows, m.columns) > m.rows * m.columns)
        return {};
    // The operand's axes as those of the result, where the constant's row is instead of what is
    // summed over.
    const Variable& v = product.input(operand);
    const Variable moved =
        transpose(v, operand == 0 ? joined(joined(mine.batch, mine.own), mine.sum)
                                  : joined(joined(mine.batch, mine.sum), mine.own));
    const std::size_t axis = mine.batch.size() + (operand == 0 ? mine.own.size() : 0);
    const auto rank = static_cast<std::size_t>(moved.rank());
    Variable sum;
    for (const std::int64_t diagonal : diagonals) {
        const std::int64_t begin = std::max<std::int64_t>(0, -diagonal),
                           end = std::min(m.rows, m.columns - diagonal);
        std::vector<double> elements;
        for (const std::int64_t first : m.first)
            for (std::int64_t r = begin; r < end; ++r)
                elements.push_back(constant.as_double(first + r * m.row_stride +
                                                      (r + diagonal) * m.column_stride));
        std::vector<std::int64_t> extents(rank, 1);
        std::ranges::copy(m.batch, extents.begin());
        extents[axis] = end - begin;
        const Variable factor = Array::copy(elements).cast(constant.dtype()).reshape(extents);
        SliceParams part = whole(moved.shape());
        part.start[axis] = begin + diagonal;
        part.stop[axis] = end + diagonal;
        Shape before(rank, 0), after(rank, 0);
        before[axis] = begin;
        after[axis] = m.rows - end;
        const Variable term = pad(slice_of(moved, part) * factor, before, after);
        sum = sum.is_empty() ? term : sum + term;
    }
    return cast(sum, product.output().dtype());
}

} // namespace croton::inline v1::detail
