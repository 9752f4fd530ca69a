#include <croton/ir/bind_symbols.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/convert.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace croton::inline v1 {

namespace {

std::vector<std::int64_t> known(const Shape& shape)
{
    std::vector<std::int64_t> extents;
    for (const Extent& e : shape)
        extents.push_back(e.value());
    return extents;
}

/// Calls a scalar reference for each element, in T, operands converted to T some at a time.
template <class T>
Array map_elements(T (*f)(const T*), DType as, std::span<const Array> x, DType to)
{
    constexpr std::int64_t at_a_time = 256;
    const auto shape = x[0].shape();
    Array y = Array::empty_of(to, shape);
    std::vector<T> operands(x.size() * at_a_time);
    std::vector<T> of_one(x.size());
    T results[at_a_time];
    for (std::int64_t first = 0; first < y.size(); first += at_a_time) {
        const std::int64_t n = std::min(at_a_time, y.size() - first);
        for (std::size_t k = 0; k < x.size(); ++k)
            convert_elements(x[k].dtype(), x[k].data(), first, as, operands.data(),
                             static_cast<std::int64_t>(k) * at_a_time, n);
        for (std::int64_t i = 0; i < n; ++i) {
            for (std::size_t k = 0; k < x.size(); ++k)
                of_one[k] = operands[k * at_a_time + static_cast<std::size_t>(i)];
            results[i] = f(of_one.data());
        }
        convert_elements(as, results, 0, to, y.data(), first, n);
    }
    return y;
}

Array evaluate_scalar(const Apply& apply,
                      const ScalarReference& f,
                      std::span<const Array> x,
                      DType to)
{
    bool real = is_float(to);
    bool natural = to == DType::u64;
    for (const Array& a : x) {
        real |= is_float(a.dtype());
        natural |= a.dtype() == DType::u64;
    }
    if (real && f.real) return map_elements<double>(f.real, DType::f64, x, to);
    if (!real && natural && f.natural)
        return map_elements<std::uint64_t>(f.natural, DType::u64, x, to);
    if (!real && f.integer) return map_elements<std::int64_t>(f.integer, DType::i64, x, to);
    throw user_error(
        Code::dtype, apply.location(), apply.op().name,
        "its record's reference has no form for {}: reference_of<N>(..) takes one from "
        "a lambda of {}",
        name(x[0].dtype()),
        real      ? "doubles"
        : natural ? "unsigned 64-bit integers"
                  : "64-bit integers");
}

} // namespace

namespace reference {

Array broadcast_to(const ReferenceArgs& args)
{
    const std::vector<std::int64_t> shape = known(args.result.shape());
    const auto from = args.x[0].shape();
    std::vector<std::int64_t> strides(shape.size(), 0);
    const std::size_t added = shape.size() - from.size();
    for (std::size_t i = 0; i < from.size(); ++i)
        if (from[i] != 1) strides[added + i] = args.x[0].strides()[i];
    return Array::copy_strided(args.x[0].dtype(), args.x[0].data(), shape, strides);
}

namespace {

template <class T>
T combine(Monoid m, T a, T b)
{
    switch (m) {
    case Monoid::sum:
        if constexpr (std::is_integral_v<T>)
            return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
        else
            return a + b;
    case Monoid::prod:
        if constexpr (std::is_integral_v<T>)
            return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
        else
            return a * b;
    case Monoid::max:
        return a != a || a > b ? a : b;
    case Monoid::max_number:
        return b != b || a > b ? a : b;
    case Monoid::min:
        return a != a || a < b ? a : b;
    case Monoid::any:
        return (a != 0) | (b != 0);
    case Monoid::all:
        return (a != 0) & (b != 0);
    case Monoid::argmax:
    case Monoid::argmin:
        break;
    }
    throw internal_error("reference", "{} combines positions", name(m));
}

/// Whether `b`, later in order, replaces `a` as the extremum; the first NaN wins, as in NumPy.
template <class T>
bool replaces(Monoid m, T a, T b)
{
    if (a != a) return false;
    if (b != b) return true;
    return m == Monoid::argmax ? b > a : b < a;
}

template <class T>
struct Reduction {
    T value{};
    std::int64_t position = 0;
    std::int64_t seen = 0;
};

/// What changes nothing: the least value for max, the greatest for min, of the operand's dtype.
template <class T>
T value_of_none(Monoid m, DType dtype)
{
    if (m == Monoid::prod || m == Monoid::all) return T{1};
    if (m != Monoid::max && m != Monoid::max_number && m != Monoid::min) return T{0};
    const double infinite = m == Monoid::min ? HUGE_VAL : -HUGE_VAL;
    if constexpr (std::is_floating_point_v<T>) return infinite;
    // Out of range clamps, which is the extreme of an integer dtype.
    Array extreme = Array::empty_of(dtype, {});
    convert_element(DType::f64, &infinite, 0, dtype, extreme.data(), 0);
    if (dtype == DType::boolean) return m == Monoid::max ? T{0} : T{1};
    T value{};
    convert_element(dtype, extreme.data(), 0, dtype_of<T>(), &value, 0);
    return value;
}

template <class T>
Array reduce_as(DType as,
                Monoid monoid,
                const Array& x,
                const std::vector<int>& axes,
                const Type& result)
{
    Array y = Array::empty_of(result.dtype(), known(result.shape()));
    std::vector<Reduction<T>> states(static_cast<std::size_t>(y.size()));
    std::vector<std::int64_t> index(x.shape().size(), 0);
    for (std::int64_t i = 0; i < x.size(); ++i) {
        std::int64_t at = 0;
        for (std::size_t k = 0; k < index.size(); ++k)
            if (!std::ranges::count(axes, static_cast<int>(k))) at = at * x.shape()[k] + index[k];
        T value{};
        convert_element(x.dtype(), x.data(), i, as, &value, 0);
        Reduction<T>& s = states[static_cast<std::size_t>(at)];
        const bool positional = is_position(monoid);
        if (s.seen == 0 && monoid == Monoid::max_number)
            s.value = combine(monoid, value_of_none<T>(monoid, x.dtype()), value);
        else if (s.seen == 0)
            s.value = value;
        else if (!positional)
            s.value = combine(monoid, s.value, value);
        else if (replaces(monoid, s.value, value)) {
            s.value = value;
            s.position = s.seen;
        }
        ++s.seen;
        for (std::size_t k = index.size(); k-- > 0;) {
            if (++index[k] < x.shape()[k]) break;
            index[k] = 0;
        }
    }
    for (std::int64_t i = 0; i < y.size(); ++i) {
        Reduction<T>& s = states[static_cast<std::size_t>(i)];
        if (s.seen == 0) s.value = value_of_none<T>(monoid, x.dtype());
        if (is_position(monoid))
            convert_element(DType::i64, &s.position, 0, y.dtype(), y.data(), i);
        else
            convert_element(as, &s.value, 0, y.dtype(), y.data(), i);
    }
    return y;
}

} // namespace

Array reduce_with(Monoid monoid, const ReferenceArgs& args)
{
    const Array& x = args.x[0];
    const auto& axes = args.params_as<ReduceParams>().axes;
    if (is_float(x.dtype())) return reduce_as<double>(DType::f64, monoid, x, axes, args.result);
    if (x.dtype() == DType::u64)
        return reduce_as<std::uint64_t>(DType::u64, monoid, x, axes, args.result);
    return reduce_as<std::int64_t>(DType::i64, monoid, x, axes, args.result);
}

namespace {

template <class T>
Array contract_as(DType as, const ReferenceArgs& args)
{
    const auto& p = args.params_as<ContractParams>();
    const Array a = args.x[0].cast(as);
    const Array b = args.x[1].cast(as);
    const auto free_axes = [](const Array& x, const std::vector<int>& batch,
                              const std::vector<int>& summed) {
        std::vector<int> axes;
        for (int i = 0; i < x.rank(); ++i)
            if (!std::ranges::count(batch, i) && !std::ranges::count(summed, i)) axes.push_back(i);
        return axes;
    };
    const std::vector<int> a_free = free_axes(a, p.a_batch, p.a_sum);
    const std::vector<int> b_free = free_axes(b, p.b_batch, p.b_sum);
    // Loop axes in order: batch, a's own, b's own, summed; each with its stride in a, b and the
    // result.
    struct LoopAxis {
        std::int64_t extent, a, b, y;
    };
    std::vector<LoopAxis> loops;
    const auto add = [&](int a_axis, int b_axis) {
        LoopAxis l{0, 0, 0, 0};
        if (b_axis >= 0) {
            l.extent = b.shape()[static_cast<std::size_t>(b_axis)];
            l.b = b.strides()[static_cast<std::size_t>(b_axis)];
        }
        if (a_axis >= 0) {
            l.extent = a.shape()[static_cast<std::size_t>(a_axis)];
            l.a = a.strides()[static_cast<std::size_t>(a_axis)];
        }
        loops.push_back(l);
    };
    for (std::size_t i = 0; i < p.a_batch.size(); ++i)
        add(p.a_batch[i], p.b_batch[i]);
    for (int i : a_free)
        add(i, -1);
    for (int i : b_free)
        add(-1, i);
    std::int64_t stride = 1;
    for (std::size_t i = loops.size(); i-- > 0; stride *= loops[i].extent)
        loops[i].y = stride;
    for (std::size_t i = 0; i < p.a_sum.size(); ++i)
        add(p.a_sum[i], p.b_sum[i]);
    Array y = Array::zeros(as, known(args.result.shape()));
    T* out = static_cast<T*>(y.data());
    const T* pa = static_cast<const T*>(a.data());
    const T* pb = static_cast<const T*>(b.data());
    std::int64_t total = 1;
    for (const LoopAxis& l : loops)
        total *= l.extent;
    for (std::int64_t i = 0; i < total; ++i) {
        std::int64_t rest = i, ia = 0, ib = 0, iy = 0;
        for (std::size_t k = loops.size(); k-- > 0; rest /= loops[k].extent) {
            const std::int64_t at = rest % loops[k].extent;
            ia += at * loops[k].a;
            ib += at * loops[k].b;
            iy += at * loops[k].y;
        }
        out[iy] = combine(Monoid::sum, out[iy], combine(Monoid::prod, pa[ia], pb[ib]));
    }
    return y.cast(args.result.dtype());
}

} // namespace

Array contract(const ReferenceArgs& args)
{
    const DType t = args.result.dtype();
    if (is_float(t)) return contract_as<double>(DType::f64, args);
    if (t == DType::u64) return contract_as<std::uint64_t>(DType::u64, args);
    return contract_as<std::int64_t>(DType::i64, args);
}

} // namespace reference

std::vector<Array> evaluate_reference(const Apply& apply, std::span<const Array> inputs)
{
    std::vector<Array> x;
    for (const Array& a : inputs)
        x.push_back(a.contiguous());
    const ReferenceArgs args{apply.params().get(), x, apply.output(0).type()};
    return std::visit(
        overloaded{
            [&](const ScalarReference& f) -> std::vector<Array> {
                return {evaluate_scalar(apply, f, x, args.result.dtype())};
            },
            [&](const ArrayReference& f) -> std::vector<Array> { return {f(args)}; },
            [&](const DerivedReference&) -> std::vector<Array> {
                if (has_body(apply.op().lowering)) {
                    const auto run = std::holds_alternative<Scan>(apply.op().lowering)
                                         ? reference::scan
                                         : reference::switch_case;
                    return run(apply, x,
                               [](const auto&... body) { return evaluate_reference(body...); });
                }
                const auto* composite = std::get_if<Composite>(&apply.op().lowering);
                if (!composite)
                    throw internal_error("reference", "{} has no expression to derive one from",
                                         apply.op().name);
                const Variables y = composite->values({apply.params().get(), apply.inputs()});
                return evaluate_reference(apply.inputs(), x, y);
            },
        },
        apply.op().reference);
}

namespace {

/// References trust the extents of what they are given.
void check_requirements(std::span<const Variable> outputs, const Substitution& extents)
{
    for (const Apply& a : applies_of(outputs))
        for (const Requirement& r : a.requirements()) {
            const Extent x = substitute(r.a, extents), y = substitute(r.b, extents);
            if (!x.is_known() || !y.is_known() || always_holds({r.kind, x, y, {}, nullptr}))
                continue;
            throw UserError(Code::shape, failure_text(r, x.value(), y.value()), a.location(),
                            written_name(a));
        }
}

} // namespace

std::vector<Array> evaluate_reference(std::span<const Variable> inputs,
                                      std::span<const Array> values,
                                      std::span<const Variable> outputs)
{
    // Symbols take the extents that the values have; then every type and parameter is known.
    const Substitution extents = known_extents(inputs, values);
    check_requirements(outputs, extents);
    std::unordered_map<const detail::Value*, Array> have;
    VariableMap by;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        Shape shape(values[i].shape().begin(), values[i].shape().end());
        const Variable known_input = input(inputs[i].name(), inputs[i].dtype(), shape);
        by.emplace(inputs[i], known_input);
        have[known_input.value()] = values[i];
    }
    const Variables bound = copy_graph(outputs, by, extents);
    const auto value_of = [&](const Variable& v) {
        return v.leaf() == Leaf::constant ? v.constant() : have.at(v.value());
    };
    for (const Apply& a : applies_of(bound)) {
        std::vector<Array> x;
        for (const Variable& in : a.inputs())
            x.push_back(value_of(in));
        const std::vector<Array> y = evaluate_reference(a, x);
        for (std::size_t i = 0; i < y.size(); ++i)
            have[a.output(i).value()] = y[i];
    }
    std::vector<Array> results;
    for (const Variable& v : bound)
        results.push_back(value_of(v));
    return results;
}

} // namespace croton::inline v1
