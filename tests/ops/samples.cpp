#include "ops/samples.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <set>

namespace croton::test {

void Sample::add(std::string text, const Variable& output, Tolerance tolerance)
{
    outputs.push_back(output);
    texts.push_back(std::move(text));
    tolerances.push_back(tolerance);
}

std::vector<DType> real_dtypes()
{
    std::vector<DType> list;
    for (const DTypeInfo& t : dtype_table)
        if (t.kind != DTypeKind::complex) list.push_back(t.dtype);
    return list;
}

std::vector<DType> swept_dtypes()
{
    std::vector<DType> list = real_dtypes();
    std::erase_if(list, [](DType t) { return is_float(t) && size_bytes(t) == 2; });
    return list;
}

std::vector<Family> pointwise_families()
{
    return {{"arithmetic", arithmetic_ops()},       {"math", elementwise_math_ops()},
            {"trigonometric", trigonometric_ops()}, {"activation", activation_ops()},
            {"rounding", rounding_ops()},           {"compare", compare_logic_ops()}};
}

namespace {

/// Values at which ops go wrong, in every dtype. Floats out of a dtype's range become infinite or 0
/// there, which is as good.
std::vector<double> special_reals(DType t)
{
    const double largest = t == DType::f64    ? std::numeric_limits<double>::max()
                           : t == DType::f16  ? 65504.0
                           : t == DType::bf16 ? 3.3895313892515355e38
                                              : std::numeric_limits<float>::max();
    const double least = t == DType::f64    ? std::numeric_limits<double>::denorm_min()
                         : t == DType::f16  ? 0x1p-24
                         : t == DType::bf16 ? 0x1p-133
                                            : std::numeric_limits<float>::denorm_min();
    const double inf = std::numeric_limits<double>::infinity();
    return {0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            -2.5,
            3.0,
            1e-3,
            -1e4,
            inf,
            -inf,
            least,
            -least,
            largest,
            -largest,
            0x1p62,
            std::numeric_limits<double>::quiet_NaN()};
}

std::vector<std::int64_t> special_integers(DType t)
{
    if (t == DType::boolean) return {0, 1};
    const int bits = 8 * static_cast<int>(size_bytes(t));
    const auto all = ~std::uint64_t{0};
    std::vector<std::int64_t> list = {0, 1, 2, 3, 7, 31, 64};
    if (is_unsigned(t)) {
        const std::uint64_t largest = all >> (64 - bits);
        for (std::uint64_t v : {largest, largest - 1, largest / 2, largest / 2 + 1})
            list.push_back(static_cast<std::int64_t>(v));
        return list;
    }
    const auto largest = static_cast<std::int64_t>(all >> (65 - bits));
    for (std::int64_t v : {std::int64_t{-1}, std::int64_t{-2}, std::int64_t{-7}, std::int64_t{-64},
                           largest, largest - 1, -largest - 1, -largest})
        list.push_back(v);
    return list;
}

/// Operand `k` of up to three: specials first so that two operands meet in all pairs, then
/// `random` in each domain.
template <class T, class Draw>
Array operand_values(DType t, std::size_t k, const std::vector<T>& specials, Draw draw, int draws)
{
    const std::size_t s = specials.size();
    std::vector<T> values;
    for (std::size_t i = 0; i < s * s; ++i)
        values.push_back(specials[k == 0 ? i / s : k == 1 ? i % s : (i / s + 3 * (i % s)) % s]);
    for (int i = 0; i < draws; ++i)
        values.push_back(draw(i));
    return Array::copy(View<const T>(values)).cast(t);
}

Array operand(DType t, std::size_t k, const std::vector<Domain>& domains)
{
    constexpr int each = 60;
    std::mt19937_64 random(17 + k);
    const int draws = each * static_cast<int>(domains.size());
    const auto real = [&](int i) {
        const Domain& d = domains[static_cast<std::size_t>(i / each)];
        return std::uniform_real_distribution<double>(d.lo, d.hi)(random);
    };
    if (is_float(t)) return operand_values<double>(t, k, special_reals(t), real, draws);
    const auto integer = [&](int i) {
        // Every third one from all bits: casts wrap.
        const auto bits = static_cast<std::int64_t>(random());
        if (t == DType::boolean) return bits & 1;
        return i % 3 == 0 ? bits : static_cast<std::int64_t>(std::floor(real(i)));
    };
    return operand_values<std::int64_t>(t, k, special_integers(t), integer, draws);
}

std::vector<Domain> domains_of(const Family& family)
{
    std::set<std::pair<double, double>> all;
    for (const Op* op : family.ops)
        all.emplace(op->domain.lo, op->domain.hi);
    std::vector<Domain> list;
    for (const auto& [lo, hi] : all)
        list.push_back({lo, hi});
    return list;
}

/// 0 for ops whose text rounds once, or not at all. Others: the stated bound of the
/// function, and what the reference, rounded from the C library's f64, may itself be off by.
Tolerance tolerance_of(const Op& op, DType dtype)
{
    const auto* text = std::get_if<Pointwise>(&op.lowering);
    if (!text) return {8, dtype == DType::f64 ? 4e-16 : dtype == DType::f32 ? 2.5e-7 : 1e-2};
    static const std::set<std::string_view> more = {"pow", "erfc"};
    if (more.contains(op.name)) return {6};
    static const std::set<std::string_view> exact = {
        "add",     "sub",     "mul",  "div",  "neg",       "abs", "square", "sqrt",
        "maximum", "minimum", "clip", "sign", "floor_div", "mod", "relu",   "where"};
    const bool rounds =
        text->real.find("rint") != std::string_view::npos || exact.contains(op.name);
    if (rounds || op.grad.index() == 0) return {};
    return {4};
}

/// The op on the first of `operands`; a select's condition in front of them. Empty if the dtype
/// rule refuses.
Variable apply_sample(const Op& op, const Variables& operands, const Variable& condition)
{
    Variables x(operands.begin(), operands.begin() + static_cast<std::ptrdiff_t>(op.arity));
    if (op.dtype == select_dtypes) x[0] = condition;
    try {
        return apply(op, x, {}, nullptr);
    } catch (const UserError& e) {
        if (e.code() != Code::dtype) throw;
        return {};
    }
}

} // namespace

namespace {

/// The first `count` elements of each array of a call, or one without axes.
std::vector<Array> first_elements(const std::vector<Array>& values, std::int64_t count, int rank)
{
    std::vector<Array> few;
    for (const Array& a : values) {
        Array part = Array::empty(a.dtype(), {count});
        if (count > 0) std::memcpy(part.data(), a.data(), part.size_bytes());
        few.push_back(rank == 0 ? part.reshape({}) : part);
    }
    return few;
}

} // namespace

Sample pointwise_sample(const Family& family, DType dtype, int rank)
{
    Sample sample;
    sample.name = fmt::format("{} {}{}", family.name, name(dtype), rank == 0 ? " 0-d" : "");
    const Shape shape = rank == 0 ? Shape{} : Shape{dim("n")};
    const std::vector<Domain> domains = domains_of(family);
    std::vector<Array> values;
    for (std::size_t k = 0; k < 3; ++k) {
        sample.inputs.push_back(input(std::string_view("abc").substr(k, 1), dtype, shape));
        values.push_back(operand(dtype, k, domains));
    }
    const Variables operands = sample.inputs;
    const Variable condition = input("p", DType::boolean, shape);
    bool selects = false;
    for (const Op* op : family.ops) {
        const Variable y = apply_sample(*op, operands, condition);
        if (y.is_empty()) continue;
        selects |= op->dtype == select_dtypes;
        sample.add(std::string(op->name), y, tolerance_of(*op, dtype));
    }
    if (selects) {
        Array chosen = Array::zeros(DType::boolean, values[0].extents());
        for (std::int64_t i = 0; i < chosen.size(); ++i)
            static_cast<std::uint8_t*>(chosen.data())[i] = i % 3 == 1;
        sample.inputs.push_back(condition);
        values.push_back(chosen);
    }
    if (rank == 0) {
        sample.calls.push_back(first_elements(values, 1, 0));
        return sample;
    }
    for (const std::int64_t count : {0, 1})
        sample.calls.push_back(first_elements(values, count, 1));
    sample.calls.push_back(std::move(values));
    return sample;
}

Sample cast_sample(DType from)
{
    Sample sample;
    sample.name = fmt::format("cast {}", name(from));
    const Variable x = input("x", from, {dim("n")});
    sample.inputs = {x};
    for (DType to : real_dtypes())
        if (to != from) sample.add(fmt::format("to {}", name(to)), cast(x, to));
    sample.calls.push_back({operand(from, 0, {{-300, 300}, {-1e10, 1e10}, {-1e-4, 1e-4}})});
    return sample;
}

std::vector<Sample> pointwise_samples()
{
    std::vector<Sample> list;
    for (DType t : real_dtypes()) {
        list.push_back(cast_sample(t));
        for (const Family& family : pointwise_families()) {
            for (int rank : {0, 1}) {
                Sample sample = pointwise_sample(family, t, rank);
                if (!sample.outputs.empty()) list.push_back(std::move(sample));
            }
        }
    }
    return list;
}

} // namespace croton::test
