#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/structure.hpp>

#include <algorithm>
#include <cmath>

#include "node.hpp"

namespace croton::inline v1 {

namespace {

Variable make_apply(const Op& op,
                    std::span<const Variable> inputs,
                    Params params,
                    std::span<const Type> types,
                    const Location* where,
                    bool weak,
                    std::vector<Requirement> requirements = {})
{
    detail::Node* node = detail::make_node(inputs, types);
    node->op = &op;
    node->params = std::move(params);
    node->where = where;
    node->weak = weak;
    if (!requirements.empty())
        node->requirements = new std::vector<Requirement>(std::move(requirements));
    return detail::adopt(node);
}

UserError empty_operand(std::string_view function, const Location* where, std::size_t i)
{
    return user_error(Code::domain, where, function,
                      "operand {} is an empty Variable: nothing was assigned to it", i);
}

void check_operands(const Op& op, std::span<const Variable> operands, const Location* where)
{
    for (std::size_t i = 0; i < operands.size(); ++i)
        if (operands[i].is_empty()) throw empty_operand(name_at(op, where), where, i);
}

Variable convert(const Op& op, const Variable& v, DType to, const Location* where)
{
    if (v.dtype() == to) return v;
    if (v.is_weak() && v.leaf() == Leaf::constant)
        return literal_as(v, to, name_at(op, where), where);
    return cast(v, to, where);
}

bool is_pattern_graph(std::span<const Variable> operands)
{
    return std::any_of(operands.begin(), operands.end(),
                       [](const Variable& v) { return v.type().is_pattern(); });
}

/// What a record of one's own may lack.
void check_record(const Op& op, std::size_t operands, const Location* where)
{
    const auto refuse = [&](const std::string& why) {
        throw user_error(Code::domain, where, op.name, "{}", why);
    };
    if (op.arity != 0 && operands != op.arity)
        refuse(fmt::format("its record takes {} (.arity), given {}", counted(op.arity, "operand"),
                           operands));
    if (op.name.empty()) refuse("a record without a name (.name)");
    if (const auto* p = std::get_if<Pointwise>(&op.lowering);
        p && p->real.empty() && p->integer.empty() && p->boolean.empty())
        refuse("its record has no lowering (.lowering), as Pointwise{\"..\"} is");
    if (const auto* r = std::get_if<ScalarReference>(&op.reference)) {
        if (!r->real && !r->integer && !r->natural)
            refuse("its record has no reference (.reference); a pointwise op's is "
                   "reference_of<N>(..), another's a function of ReferenceArgs");
        if (r->arity != 0 && r->arity != operands)
            refuse(fmt::format("its reference takes {} (reference_of<{}>), given {}",
                               counted(r->arity, "operand"), r->arity, operands));
    }
    if (std::holds_alternative<DerivedReference>(op.reference) &&
        !std::holds_alternative<Composite>(op.lowering) && !has_body(op.lowering))
        refuse("its record has a DerivedReference, which only the expression of a Composite gives; "
               "a pointwise op's is reference_of<N>(..), another's a function of ReferenceArgs");
    if (op.types) return;
    if (!op.dtype) refuse("its record has no dtype rule; promote_to_float is a usual one");
    if (!op.shape) refuse("its record has no shape rule; same_shape is a usual one");
}

/// Whether all that the result has its dtype from is weak: of a select, what it selects from.
bool are_weak(const Op& op, std::span<const Variable> operands)
{
    const std::size_t first = op.dtype == select_dtypes ? 1 : 0;
    return !operands.empty() && std::ranges::all_of(operands.subspan(first), &Variable::is_weak);
}

struct ResultDType {
    DType dtype;
    bool weak;
};

/// Applies the dtype rule: converts `operands` in place.
ResultDType
apply_dtype_rule(const Op& op, Variables& operands, const Params& params, const Location* where)
{
    const bool weak = are_weak(op, operands);
    std::vector<OperandDType> dtypes;
    for (const Variable& v : operands)
        dtypes.push_back({v.dtype(), v.is_weak()});
    DTypeArgs args{op, where, params.get(), dtypes};
    op.dtype(args);
    for (std::size_t i = 0; i < operands.size(); ++i)
        operands[i] = convert(op, operands[i], dtypes[i].dtype, where);
    return {args.result, weak && !args.named};
}

void broadcast_operands(const Op& op,
                        Variables& operands,
                        const Location* where,
                        std::vector<Requirement>& requirements)
{
    bool equal = true;
    for (const Variable& v : operands)
        equal &= same(v.shape(), operands[0].shape());
    if (equal) return;
    const Shape shape = broadcast_shape(op, operands, where, requirements);
    for (Variable& v : operands)
        if (!same(v.shape(), shape)) v = broadcast_to(v, shape, where);
}

bool is_extent_of(const Extent& e, std::span<const Variable> operands)
{
    return std::ranges::any_of(operands, [&](const Variable& v) {
        const Shape& shape = v.type().data()->shape;
        return std::ranges::any_of(shape, [&](const Extent& have) { return same(have, e); });
    });
}

/// Whether `e` is not negative where the requirements hold.
bool follows(const Extent& e, const std::vector<Requirement>& requirements)
{
    // floor_div(a, 2) is negative where a is.
    if (const std::vector<ExtentTerm> all = terms(e);
        all.size() == 1 && all[0].coefficient == 1 && all[0].factors.size() == 1 &&
        kind(all[0].factors[0]) == AtomKind::floor_div) {
        const auto [a, b] = operands(all[0].factors[0]);
        if (b.is_known() && b.value() > 0) return follows(a, requirements);
    }
    return never_negative(e) || std::ranges::any_of(requirements, [&](const Requirement& r) {
               return r.kind == Requirement::Kind::at_most && never_negative(e - (r.b - r.a));
           });
}

/// An extent that a rule derives, as n - 3, must not be negative. What an operand has is no
/// question here: it is checked where that was made, or is an array's.
void require_extents(ShapeArgs& args, std::span<const Type> types)
{
    for (const Type& type : types) {
        const Shape& shape = type.data()->shape;
        refuse_negative(shape, name_at(args.op, args.where), args.where);
        refuse_too_large(type, name_at(args.op, args.where), args.where);
        for (const Extent& e : shape) {
            if (e.is_known() || as_symbol(e) || is_extent_of(e, args.operands) ||
                follows(e, args.requirements))
                continue;
            args.require_at_most(0, e, "of shape {}", {shape});
        }
    }
}

} // namespace

void refuse_empty(std::string_view function,
                  const Where& where,
                  std::initializer_list<const Variable*> operands)
{
    std::size_t i = 0;
    for (const Variable* v : operands) {
        if (v->is_empty()) throw empty_operand(function, locate(where), i);
        ++i;
    }
}

void refuse_empty(std::string_view function, const Where& where, const Variables& operands)
{
    for (std::size_t i = 0; i < operands.size(); ++i)
        if (operands[i].is_empty()) throw empty_operand(function, locate(where), i);
}

void refuse_complex(DType dtype, std::string_view function, const Location* where)
{
    if (is_complex(dtype))
        throw user_error(Code::dtype, where, function, "{} is not supported", name(dtype));
}

void refuse_negative(const Shape& shape, std::string_view function, const Location* where)
{
    for (const Extent& e : shape)
        if (e.is_known() ? e.value() < 0 : never_negative(-e - 1))
            throw user_error(Code::shape, where, function, "a negative extent: {}",
                             to_string(shape));
}

void refuse_too_large(const Type& type, std::string_view function, const Location* where)
{
    if (type.shape().size() > most_axes)
        throw user_error(Code::shape, where, function, "{} axes; at most {} are supported",
                         type.shape().size(), most_axes);
    std::int64_t bytes = static_cast<std::int64_t>(size_bytes(type.dtype()));
    for (const Extent& e : type.shape())
        if (e.is_known() && e.value() == 0) return;
    for (const Extent& e : type.shape())
        if (e.is_known() && (__builtin_mul_overflow(bytes, e.value(), &bytes) || bytes > 1LL << 62))
            throw user_error(Code::memory, where, function, "too large: {}", to_string(type));
}

Shape broadcast_shape(const Op& op,
                      std::span<const Variable> operands,
                      const Location* where,
                      std::vector<Requirement>& requirements)
{
    Shape shape;
    for (const Variable& v : operands)
        if (v.shape().size() > shape.size()) shape.resize(v.shape().size(), 1);
    std::vector<std::size_t> from(shape.size(), 0);
    for (std::size_t k = 0; k < operands.size(); ++k) {
        const Shape s = operands[k].shape();
        const std::size_t offset = shape.size() - s.size();
        for (std::size_t i = 0; i < s.size(); ++i) {
            Extent& have = shape[offset + i];
            if (same(have, s[i]) || (s[i].is_known() && s[i].value() == 1)) continue;
            if (have.is_known() && have.value() == 1) {
                have = s[i];
                from[offset + i] = k;
                continue;
            }
            const auto axis = static_cast<int>(offset + i) - static_cast<int>(shape.size());
            const Variable& other = operands[from[offset + i]];
            if (never_equal(have, s[i]))
                throw user_error(Code::shape, where, name_at(op, where),
                                 "shapes {} and {} do not broadcast: axis {} is {} and {}",
                                 to_string(other.shape()), to_string(s), axis, to_string(have),
                                 to_string(s[i]));
            requirements.push_back(
                {Requirement::Kind::equal,
                 have,
                 s[i],
                 fmt::format("{}: axis {} of shapes {{}} and {{}}", name_at(op, where), axis),
                 nullptr,
                 {other.shape(), s}});
            if (s[i].is_known()) have = s[i];
        }
    }
    return shape;
}

Variables
apply_all(const Op& op, std::span<const Variable> given, Params params, const Location* where)
{
    check_operands(op, given, where);
    if (is_pattern_graph(given)) {
        const Type type = Type::pattern();
        return {make_apply(op, given, std::move(params), {&type, 1}, where, false)};
    }
    Variables operands(given.begin(), given.end());
    bool weak = false;
    check_record(op, operands.size(), where);
    std::vector<Requirement> requirements;
    std::vector<Type> types;
    if (op.types) {
        ShapeArgs args{op, where, params.get(), operands, requirements};
        types = op.types(args);
        require_extents(args, types);
    } else {
        const ResultDType result = apply_dtype_rule(op, operands, params, where);
        weak = result.weak;
        if (is_pointwise(op)) broadcast_operands(op, operands, where, requirements);
        ShapeArgs args{op, where, params.get(), operands, requirements};
        types = {Type(result.dtype, op.shape(args))};
        require_extents(args, types);
    }
    return make_apply(op, operands, std::move(params), types, where, weak, std::move(requirements))
        .owner()
        .outputs();
}

Variable
apply(const Op& op, std::span<const Variable> operands, Params params, const Location* where)
{
    return apply_all(op, operands, std::move(params), where)[0];
}

Variable apply(const Op& op, std::initializer_list<Variable> operands, Params params, Where where)
{
    return apply(op, std::span(operands.begin(), operands.size()), std::move(params),
                 locate(where));
}

Variables rebuild(const Op& op,
                  std::span<const Variable> inputs,
                  Params params,
                  std::span<const Type> types,
                  const Location* where,
                  bool weak,
                  std::vector<Requirement> requirements)
{
    return make_apply(op, inputs, std::move(params), types, where, weak, std::move(requirements))
        .owner()
        .outputs();
}

Variable full_like(const Variable& like, double value)
{
    const Location* where = like.location();
    const Variable one = constant(Array::scalar(value).cast(like.dtype()), where);
    return like.rank() == 0 ? one : broadcast_to(one, like.shape(), where);
}
Variable zeros_like(const Variable& like) { return full_like(like, 0); }
Variable ones_like(const Variable& like) { return full_like(like, 1); }

int normalize_axis(int axis, int rank, std::string_view function, const Location* where)
{
    const int a = axis < 0 ? axis + rank : axis;
    if (a < 0 || a >= rank)
        throw user_error(Code::index, where, function, "axis {} is out of range for rank {}", axis,
                         rank);
    return a;
}

std::vector<int> normalize_axes(std::span<const int> axes,
                                int rank,
                                std::string_view function,
                                const Location* where)
{
    std::vector<int> normal;
    for (int axis : axes) {
        const int a = normalize_axis(axis, rank, function, where);
        if (std::ranges::count(normal, a) > 0)
            throw user_error(Code::index, where, function, "axis {} is given twice", axis);
        normal.push_back(a);
    }
    std::ranges::sort(normal);
    return normal;
}

bool number_fits(const Array& number, DType to)
{
    if (is_float(to)) // which round; 1e300 in f32 would be infinite
        return !std::isfinite(number.as_double(0)) || std::isfinite(number.cast(to).as_double(0));
    // The largest integers are no doubles: what is clamped to them would look equal.
    if (is_float(number.dtype()) && std::fabs(number.as_double(0)) >= 0x1p63) return false;
    const Array there = number.cast(to);
    const bool keeps_sign = (number.as_double(0) < 0) == (there.as_double(0) < 0);
    return keeps_sign && (is_float(number.dtype()) ? there.as_double(0) == number.as_double(0)
                                                   : identical(there.cast(number.dtype()), number));
}

std::string misfit(const Array& number, DType to)
{
    if (!number_fits(number, to)) return to_string(number) + " does not fit";
    if (is_float(number.dtype()) || !is_float(to)) return {};
    // What is beyond the integers is clamped to the last one, which would look equal.
    const Array there = number.cast(to);
    const int bits = static_cast<int>(8 * size_bytes(number.dtype()));
    const double end = std::ldexp(1.0, is_unsigned(number.dtype()) ? bits : bits - 1);
    if (there.as_double(0) < end && identical(there.cast(number.dtype()), number)) return {};
    return fmt::format("{} does not fit exactly; a floating-point number is rounded",
                       to_string(number));
}

/// u8 array + 300 is an error, as in NumPy.
Variable literal_as(const Variable& v, DType to, std::string_view function, const Location* where)
{
    if (!v.is_weak() || v.leaf() != Leaf::constant) return v;
    if (!number_fits(v.constant(), to))
        throw user_error(Code::dtype, where, function, "literal {} does not fit {}",
                         to_string(v.constant()), name(to));
    return constant(v.constant().cast(to), v.location());
}

bool uniform_value(const Variable& v, double& value)
{
    const Variable* at = &v;
    while (const Apply a = at->owner()) {
        if (&a.op() != &cast_op && &a.op() != &broadcast_to_op) return false;
        at = &at->value()->node->inputs()[0];
    }
    if (at->leaf() != Leaf::constant) return false;
    const Array& array = at->constant();
    if (array.size() == 0) return false;
    if (array.size() > 1) { // large constants are not searched: rules look at scalars
        if (array.size() > 64) return false;
        for (std::int64_t i = 1; i < array.size(); ++i)
            if (array.as_double(i) != array.as_double(0)) return false;
    }
    value = array.as_double(0);
    if (is_integer(array.dtype()) && size_bytes(array.dtype()) == 8)
        return value > -9e15 && value < 9e15;
    return true;
}

} // namespace croton::inline v1
