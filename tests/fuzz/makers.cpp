// What random programs are made of: every pointwise record, and functions that reduce, move, pick,
// multiply and loop.
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops.hpp>
#include <croton/passes/grad.hpp>

#include <cmath>
#include <map>

#include "fuzz/loops.hpp"
#include "fuzz/recipe.hpp"

namespace croton::test {

namespace {

using A = const MakerArgs&;

/// Records that users write as an operator, or under another name.
std::string call_text(std::string_view op, const std::vector<std::string>& names)
{
    static const std::map<std::string_view, std::string_view> operators{
        {"add", "{0} + {1}"},
        {"sub", "{0} - {1}"},
        {"mul", "{0} * {1}"},
        {"div", "{0} / {1}"},
        {"mod", "{0} % {1}"},
        {"neg", "-{0}"},
        {"equal", "{0} == {1}"},
        {"not_equal", "{0} != {1}"},
        {"less", "{0} < {1}"},
        {"less_equal", "{0} <= {1}"},
        {"greater", "{0} > {1}"},
        {"greater_equal", "{0} >= {1}"},
        {"logical_and", "{0} && {1}"},
        {"logical_or", "{0} || {1}"},
        {"logical_not", "!{0}"},
        {"bitwise_and", "{0} & {1}"},
        {"bitwise_or", "{0} | {1}"},
        {"bitwise_xor", "{0} ^ {1}"},
        {"invert", "~{0}"}};
    const auto found = operators.find(op);
    if (found == operators.end()) return fmt::format("ct::{}({})", op, fmt::join(names, ", "));
    return fmt::format(fmt::runtime(found->second), names[0], names.back());
}

Made make_pointwise(const Maker& maker, A a)
{
    return {apply(*maker.op, a.x, {}, nullptr), call_text(maker.op->name, a.names)};
}

/// A function of one array and an axis, its axis kept or not.
template <Variable (*f)(const Variable&, const Axis&, bool, Where)>
Made make_reduction(const Maker& maker, A a)
{
    const int axis = a.axis(0);
    const bool keep = a.choice(1, 3) == 0;
    return {f(a.x[0], axis, keep, Where::current()),
            fmt::format("ct::{}({}, {}, {})", maker.name, a.names[0], axis, keep)};
}

/// A function of one array and some of its axes, at least one.
template <Variable (*f)(const Variable&, const Axis&, bool, Where)>
Made make_reduction_of_several(const Maker& maker, A a)
{
    std::vector<int> axes{a.axis(0)};
    const int others = a.choice(1, 64);
    for (int i = 0; i < a.x[0].rank(); ++i)
        if (i != axes[0] && (others >> (i % 6)) % 2 != 0) axes.push_back(i);
    const bool keep = a.choice(2, 3) == 0;
    return {
        f(a.x[0], Axis(axes), keep, Where::current()),
        fmt::format("ct::{}({}, {{{}}}, {})", maker.name, a.names[0], fmt::join(axes, ", "), keep)};
}

template <Variable (*f)(const Variable&, Where)>
Made make_unary(const Maker& maker, A a)
{
    return {f(a.x[0], Where::current()), fmt::format("ct::{}({})", maker.name, a.names[0])};
}

template <Variable (*f)(const Variable&, const Axis&, Where)>
Made make_along(const Maker& maker, A a)
{
    const int axis = a.axis(0);
    return {f(a.x[0], axis, Where::current()),
            fmt::format("ct::{}({}, {})", maker.name, a.names[0], axis)};
}

template <Variable (*f)(const Variable&, const Variable&, Where)>
Made make_binary(const Maker& maker, A a)
{
    return {f(a.x[0], a.x[1], Where::current()),
            fmt::format("ct::{}({}, {})", maker.name, a.names[0], a.names[1])};
}

template <Variable (*f)(const Variable&, int, Where)>
Made make_triangle(const Maker& maker, A a)
{
    const int offset = a.choice(0, 3) - 1;
    return {f(a.x[0], offset, Where::current()),
            fmt::format("ct::{}({}, {})", maker.name, a.names[0], offset)};
}

std::vector<Maker> reductions()
{
    return {{"sum", 1, make_reduction<sum>},
            {"prod", 1, make_reduction<prod>},
            {"max", 1, make_reduction<max>},
            {"max_number", 1, make_reduction<max_number>},
            {"min", 1, make_reduction<min>},
            {"any", 1, make_reduction<any>},
            {"all", 1, make_reduction<all>},
            {"argmax", 1, make_reduction<argmax>},
            {"argmin", 1, make_reduction<argmin>},
            {"mean", 1, make_reduction<mean>},
            {"logsumexp", 1, make_reduction<logsumexp>},
            {"sum", 1, make_reduction_of_several<sum>},
            {"max", 1, make_reduction_of_several<max>},
            {"mean", 1, make_reduction_of_several<mean>},
            {"sum", 1, make_unary<sum>},
            {"max", 1, make_unary<max>},
            {"mean", 1, make_unary<mean>},
            {"var", 1, make_unary<var>},
            {"stddev", 1, make_unary<stddev>},
            {"softmax", 1, make_along<softmax>},
            {"log_softmax", 1, make_along<log_softmax>},
            {"cumsum", 1, make_reduction<cumsum>},
            {"cumprod", 1, make_reduction<cumprod>}};
}

std::string extent_text(const std::string& x, int axis)
{
    return fmt::format("{}.extent({})", x, axis);
}

Made make_transpose(const Maker&, A a)
{
    std::vector<int> order;
    for (int i = 0; i < a.x[0].rank(); ++i)
        order.insert(order.begin() + a.choice(static_cast<std::size_t>(i % 3), i + 1), i);
    return {transpose(a.x[0], order), fmt::format("ct::transpose({}, std::vector<int>{{{}}})",
                                                  a.names[0], fmt::join(order, ", "))};
}

Made make_flat(const Maker&, A a)
{
    return {reshape(a.x[0], {-1}), fmt::format("ct::reshape({}, {{-1}})", a.names[0])};
}

/// Two neighbouring axes become one.
Made make_merged(const Maker&, A a)
{
    const int axis = a.axis(0);
    Shape shape;
    std::string text;
    for (int i = 0; i < a.x[0].rank(); ++i) {
        if (i == axis + 1) continue;
        const bool both = i == axis && i + 1 < a.x[0].rank();
        shape.push_back(both ? a.x[0].extent(i) * a.x[0].extent(i + 1) : a.x[0].extent(i));
        text += (text.empty() ? "" : ", ") + extent_text(a.names[0], i) +
                (both ? " * " + extent_text(a.names[0], i + 1) : "");
    }
    return {reshape(a.x[0], shape), fmt::format("ct::reshape({}, {{{}}})", a.names[0], text)};
}

Made make_slice(const Maker&, A a)
{
    const int axis = a.axis(0);
    static constexpr int bounds[][3] = {{1, 0, 1}, {0, -1, 1}, {0, 0, -1},
                                        {0, 0, 2}, {1, -1, 1}, {-1, 0, -2}};
    const auto [first, last, step] = bounds[a.choice(1, 6)];
    const Slice s =
        slice(first == 0 ? Bound(_) : Bound(first), last == 0 ? Bound(_) : Bound(last), step);
    std::vector<Index> index(static_cast<std::size_t>(axis), Index(_));
    index.emplace_back(s);
    std::string text;
    for (int i = 0; i < axis; ++i)
        text += "ct::_, ";
    const auto bound = [](int b) { return b == 0 ? std::string("ct::_") : fmt::format("{}", b); };
    text += fmt::format("ct::slice({}, {}, {})", bound(first), bound(last), step);
    return {croton::index(a.x[0], index), fmt::format("{}({})", a.names[0], text)};
}

Made make_element(const Maker&, A a)
{
    const int at = a.choice(0, 3) - 1;
    return {a.x[0](at), fmt::format("{}({})", a.names[0], at)};
}

Made make_last_axis_element(const Maker&, A a)
{
    const int at = a.choice(0, 3) - 1;
    return {a.x[0](ellipsis, at), fmt::format("{}(ct::ellipsis, {})", a.names[0], at)};
}

Made make_new_axis(const Maker&, A a)
{
    const int axis = a.choice(0, a.x[0].rank() + 1);
    return {expand_dims(a.x[0], axis), fmt::format("ct::expand_dims({}, {})", a.names[0], axis)};
}

Made make_pad(const Maker&, A a)
{
    Shape before, after;
    std::vector<int> b, e;
    for (int i = 0; i < a.x[0].rank(); ++i) {
        b.push_back(a.choice(static_cast<std::size_t>(i % 2), 3));
        e.push_back(a.choice(static_cast<std::size_t>((i + 1) % 2), 2));
        before.push_back(b.back());
        after.push_back(e.back());
    }
    return {pad(a.x[0], before, after), fmt::format("ct::pad({}, {{{}}}, {{{}}})", a.names[0],
                                                    fmt::join(b, ", "), fmt::join(e, ", "))};
}

Made make_tile(const Maker&, A a)
{
    Shape counts(static_cast<std::size_t>(a.x[0].rank()), 1);
    std::vector<int> numbers(counts.size(), 1);
    const auto axis = static_cast<std::size_t>(a.axis(0));
    numbers[axis] = 2 + a.choice(1, 2);
    counts[axis] = numbers[axis];
    return {tile(a.x[0], counts),
            fmt::format("ct::tile({}, {{{}}})", a.names[0], fmt::join(numbers, ", "))};
}

Made make_concatenate(const Maker& maker, A a)
{
    const int axis = a.axis(0);
    const Variables parts{a.x[0], a.x[1]};
    const bool joins = maker.name == "concatenate";
    return {joins ? concatenate(parts, axis) : stack(parts, axis),
            fmt::format("ct::{}({{{}, {}}}, {})", maker.name, a.names[0], a.names[1], axis)};
}

std::vector<Maker> movers()
{
    return {{"transpose", 1, make_transpose}, {"flat", 1, make_flat},
            {"merged", 1, make_merged},       {"flip", 1, make_along<flip>},
            {"slice", 1, make_slice},         {"slice", 1, make_slice},
            {"element", 1, make_element},     {"last element", 1, make_last_axis_element},
            {"new axis", 1, make_new_axis},   {"pad", 1, make_pad},
            {"tile", 1, make_tile},           {"concatenate", 2, make_concatenate},
            {"stack", 2, make_concatenate},   {"tril", 1, make_triangle<tril>},
            {"triu", 1, make_triangle<triu>}, {"diag", 1, make_triangle<diag>}};
}

// Indices are made to be in range: every integer modulo the extent.

struct IndexText {
    Variable index;
    std::string text;
};

IndexText in_range(A a, std::size_t operand, int axis)
{
    if (is_float(a.x[operand].dtype()) || a.x[operand].dtype() == DType::boolean)
        throw user_error(Code::dtype, nullptr, "fuzz", "no index");
    const Variable wide = cast(a.x[operand], DType::i64);
    return {wide % a.x[0].extent(axis),
            fmt::format("ct::cast({}, ct::DType::i64) % {}", a.names[operand],
                        extent_text(a.names[0], axis))};
}

Made make_take(const Maker&, A a)
{
    const int axis = a.axis(0);
    const IndexText i = in_range(a, 1, axis);
    return {take(a.x[0], i.index, axis),
            fmt::format("ct::take({}, {}, {})", a.names[0], i.text, axis)};
}

Made make_take_along(const Maker&, A a)
{
    const int axis = a.axis(0);
    const IndexText i = in_range(a, 1, axis);
    return {take_along_axis(a.x[0], i.index, axis),
            fmt::format("ct::take_along_axis({}, {}, {})", a.names[0], i.text, axis)};
}

Made make_scatter(const Maker& maker, A a)
{
    a.axis(0);
    const IndexText i = in_range(a, 2, 0);
    const Variable y = maker.name == "scatter_add" ? scatter_add(a.x[0], {i.index}, a.x[1])
                                                   : scatter_set(a.x[0], {i.index}, a.x[1]);
    return {y, fmt::format("ct::{}({}, {{{}}}, {})", maker.name, a.names[0], i.text, a.names[1])};
}

Made make_set(const Maker& maker, A a)
{
    a.axis(0);
    const Slice s = slice(_, _, a.choice(0, 2) + 1);
    const std::string range = fmt::format("ct::slice(ct::_, ct::_, {})", a.choice(0, 2) + 1);
    return {maker.name == "set" ? a.x[0].set({s}, a.x[1]) : a.x[0].add({s}, a.x[1]),
            fmt::format("{}.{}({{{}}}, {})", a.names[0], maker.name, range, a.names[1])};
}

Made make_one_hot(const Maker&, A a)
{
    const int count = 2 + a.choice(0, 4);
    const IndexText i{cast(a.x[0], DType::i64) % count,
                      fmt::format("ct::cast({}, ct::DType::i64) % {}", a.names[0], count)};
    return {one_hot(i.index, count), fmt::format("ct::one_hot({}, {})", i.text, count)};
}

std::vector<Maker> pickers()
{
    return {{"take", 2, make_take},
            {"take_along_axis", 2, make_take_along},
            {"scatter_add", 3, make_scatter},
            {"scatter_set", 3, make_scatter},
            {"set", 2, make_set},
            {"add", 2, make_set},
            {"one_hot", 1, make_one_hot}};
}

Made make_cast(const Maker&, A a)
{
    static constexpr DType to[] = {DType::f64, DType::f32, DType::i32, DType::i64,
                                   DType::i8,  DType::u16, DType::f16, DType::bf16};
    const DType t = to[a.choice(0, 8)];
    return {cast(a.x[0], t), fmt::format("ct::cast({}, ct::DType::{})", a.names[0], name(t))};
}

/// Literals that a kernel's text writes in place, and ones long enough to be given a name.
double literal(A a, std::size_t i)
{
    static constexpr double all[] = {0.5, -1,         2,     3,  0,    1,        -0.25, 1.0 / 3.,
                                     0.1, -2.0 / 7.0, 1e-20, 10, 1e30, INFINITY, -1e30, -INFINITY};
    return all[a.choice(i, static_cast<int>(std::size(all)))];
}

Made make_scaled(const Maker&, A a)
{
    const double k = literal(a, 0);
    const std::string text = number_text(k);
    if (a.choice(1, 2) == 0) return {a.x[0] * k, fmt::format("{} * {}", a.names[0], text)};
    return {a.x[0] + k, fmt::format("{} + {}", a.names[0], text)};
}

Made make_literals(const Maker&, A a)
{
    const double k = literal(a, 0), other = literal(a, 1);
    return {where(a.x[0] > k, a.x[0], other),
            fmt::format("ct::where({0} > {1}, {0}, {2})", a.names[0], number_text(k),
                        number_text(other))};
}

/// Rows of which some elements take no part, as attention writes it.
Made make_masked(const Maker& maker, A a)
{
    const int axis = a.axis(0);
    const Variable masked = where(a.x[1] > a.x[2], a.x[0], -INFINITY);
    const std::string text =
        fmt::format("ct::where({1} > {2}, {0}, -INFINITY)", a.names[0], a.names[1], a.names[2]);
    if (maker.name == "masked max")
        return {max(masked, Axis(axis)), fmt::format("ct::max({}, ct::Axis({}))", text, axis)};
    return {softmax(masked, axis), fmt::format("ct::softmax({}, {})", text, axis)};
}

Made make_power(const Maker&, A a)
{
    const int k = a.choice(0, 5) - 1;
    return {pow(a.x[0], k), fmt::format("ct::pow({}, {})", a.names[0], k)};
}

Made make_counted(const Maker&, A a)
{
    const int axis = a.axis(0);
    const std::string extent = extent_text(a.names[0], axis);
    if (a.choice(1, 2) == 0)
        return {a.x[0] / Variable(a.x[0].extent(axis)),
                fmt::format("{} / ct::Variable({})", a.names[0], extent)};
    return {
        iota(a.x[0].shape(), axis, DType::f64) + a.x[0],
        fmt::format("ct::iota({}.shape(), {}, ct::DType::f64) + {}", a.names[0], axis, a.names[0])};
}

Made make_where(const Maker&, A a)
{
    return {where(a.x[0] > a.x[1], a.x[0], a.x[2]),
            fmt::format("ct::where({0} > {1}, {0}, {2})", a.names[0], a.names[1], a.names[2])};
}

Made make_log_of_sum(const Maker&, A a)
{
    const int axis = a.axis(0);
    return {log(sum(exp(a.x[0]), axis)),
            fmt::format("ct::log(ct::sum(ct::exp({}), {}))", a.names[0], axis)};
}

Made make_outer(const Maker&, A a)
{
    const auto column = expand_dims(a.x[0], -1);
    return {column * a.x[1], fmt::format("ct::expand_dims({}, -1) * {}", a.names[0], a.names[1])};
}

/// Every element with every element: as many axes as both have together.
Made make_outer_product(const Maker&, A a)
{
    Shape shape = a.x[0].shape();
    std::string text;
    for (int i = 0; i < a.x[0].rank(); ++i)
        text += extent_text(a.names[0], i) + ", ";
    if (a.x[0].rank() + a.x[1].rank() > 6)
        throw user_error(Code::shape, nullptr, "fuzz", "too many axes");
    shape.insert(shape.end(), static_cast<std::size_t>(a.x[1].rank()), 1);
    for (int i = 0; i < a.x[1].rank(); ++i)
        text += "1, ";
    return {reshape(a.x[0], shape) * a.x[1],
            fmt::format("ct::reshape({}, {{{}}}) * {}", a.names[0],
                        text.substr(0, text.empty() ? 0 : text.size() - 2), a.names[1])};
}

std::vector<Maker> mixed()
{
    return {{"cast", 1, make_cast},
            {"scaled", 1, make_scaled},
            {"scaled", 1, make_scaled},
            {"literals", 1, make_literals},
            {"masked softmax", 3, make_masked},
            {"masked max", 3, make_masked},
            {"power", 1, make_power},
            {"counted", 1, make_counted},
            {"outer", 2, make_outer},
            {"where", 3, make_where},
            {"log of sum", 1, make_log_of_sum},
            {"outer product", 2, make_outer_product}};
}

/// Compiling one takes as long as ten other kernels: drawn less often.
std::vector<Maker> products()
{
    return {{"dot", 2, make_binary<dot>}, {"matmul", 2, make_binary<matmul>}};
}

/// What depends on another by nothing that has a derivative has zeros.
constexpr GradOptions zeros_allowed{.disconnected_zero = true};

Made make_grad(const Maker&, A a)
{
    return {grad(sum(a.x[0]), a.x[1], zeros_allowed),
            fmt::format("ct::grad(ct::sum({}), {}, {{.disconnected_zero = true}})", a.names[0],
                        a.names[1])};
}

Made make_grad_of_square(const Maker&, A a)
{
    return {grad(sum(square(a.x[0])), a.x[1], zeros_allowed),
            fmt::format("ct::grad(ct::sum(ct::square({})), {}, {{.disconnected_zero = true}})",
                        a.names[0], a.names[1])};
}

Made make_grad_of_checkpoint(const Maker&, A a)
{
    const auto f = checkpoint([](const Variable& v) { return square(v); });
    return {grad(sum(f(a.x[0])), a.x[1], zeros_allowed),
            fmt::format("ct::grad(ct::sum(ct::checkpoint([](const ct::Variable& v) {{ return "
                        "square(v); }})({})), {}, {{.disconnected_zero = true}})",
                        a.names[0], a.names[1])};
}

Made make_jvp(const Maker&, A a)
{
    return {jvp(a.x[0], {a.x[1]}, {ones_like(a.x[1])}),
            fmt::format("ct::jvp({0}, {{{1}}}, {{ct::ones({1}.dtype(), {1}.shape())}})", a.names[0],
                        a.names[1])};
}

Made make_hvp(const Maker&, A a)
{
    return {
        hvp(sum(square(a.x[0])), a.x[1], ones_like(a.x[1]), zeros_allowed),
        fmt::format("ct::hvp(ct::sum(ct::square({0})), {1}, ct::ones({1}.dtype(), {1}.shape()), "
                    "{{.disconnected_zero = true}})",
                    a.names[0], a.names[1])};
}

} // namespace

const std::vector<Maker>& makers()
{
    static const std::vector<Maker> all = [] {
        std::vector<Maker> list;
        for (const Op* op : all_ops())
            if (std::holds_alternative<Pointwise>(op->lowering) && !op->params)
                list.push_back({std::string(op->name), op->arity, make_pointwise, op});
        for (const auto& group : {reductions(), movers(), movers(), pickers(), mixed(), mixed(),
                                  products(), loop_makers(), loop_makers()})
            list.insert(list.end(), group.begin(), group.end());
        return list;
    }();
    return all;
}

const std::vector<Maker>& derivative_makers()
{
    static const std::vector<Maker> all{{"grad", 2, make_grad},
                                        {"grad", 2, make_grad},
                                        {"grad of square", 2, make_grad_of_square},
                                        {"grad of checkpoint", 2, make_grad_of_checkpoint},
                                        {"jvp", 2, make_jvp},
                                        {"hvp", 2, make_hvp}};
    return all;
}

} // namespace croton::test
