#include <croton/ir/apply.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/op.hpp>

#include <algorithm>

namespace croton::inline v1 {

namespace {

/// The dtype of all operands together; weak ones count only by kind.
DType together(const DTypeArgs& args, std::size_t first = 0)
{
    bool strong = false;
    DType t = DType::boolean;
    for (std::size_t i = first; i < args.operands.size(); ++i)
        if (const OperandDType& o = args.operands[i]; !o.weak) {
            t = strong ? promote(t, o.dtype) : o.dtype;
            strong = true;
        }
    for (std::size_t i = first; i < args.operands.size(); ++i) {
        const OperandDType& o = args.operands[i];
        if (!o.weak) continue;
        if (!strong)
            t = i == first ? o.dtype : promote(t, o.dtype);
        else if (is_float(o.dtype) && !is_float(t))
            t = DType::f64;
        else if (is_integer(o.dtype) && t == DType::boolean)
            t = DType::i64;
    }
    if (is_complex(t)) args.refuse("complex numbers have no ops yet");
    return t;
}

void convert_all(DTypeArgs& args, DType t, std::size_t first = 0)
{
    for (std::size_t i = first; i < args.operands.size(); ++i)
        args.operands[i].dtype = t;
    args.result = t;
}

} // namespace

void DTypeArgs::refuse(std::string_view why) const
{
    std::string list;
    for (const OperandDType& o : operands)
        list += fmt::format("{}{}", list.empty() ? "" : ", ", name(o.dtype));
    throw user_error(Code::dtype, where, name_at(op, where), "{}: operands are {}", why, list);
}

Variables Composite::values(const CompositeArgs& args) const
{
    return expand_all ? expand_all(args) : Variables{expand(args)};
}

std::string_view name_at(const Op& op, const Location* where)
{
    return where && *where->called ? std::string_view(where->called) : op.name;
}

void ShapeArgs::require_equal(const Extent& a,
                              const Extent& b,
                              std::string_view text,
                              std::vector<Shape> shapes)
{
    if (same(a, b)) return;
    Requirement r{Requirement::Kind::equal, a, b, std::string(text), nullptr, std::move(shapes)};
    if (never_holds(r))
        refuse(Code::shape, fmt::format("{}: {} and {}", words(r), to_string(a), to_string(b)));
    r.text = fmt::format("{}: {}", name_at(op, where), text);
    requirements.push_back(std::move(r));
}

void ShapeArgs::require_at_most(const Extent& a,
                                const Extent& b,
                                std::string_view text,
                                std::vector<Shape> shapes)
{
    Requirement r{Requirement::Kind::at_most, a, b, std::string(text), nullptr, std::move(shapes)};
    if (never_holds(r))
        refuse(Code::index, fmt::format("{} {} does not hold", order_text(r), words(r)));
    r.text = fmt::format("{} {}", name_at(op, where), text);
    const bool known =
        std::ranges::any_of(requirements, [&](const Requirement& other) { return same(other, r); });
    if (!known && !always_holds(r)) requirements.push_back(std::move(r));
}

void ShapeArgs::refuse(Code code, std::string_view why) const
{
    throw user_error(code, where, name_at(op, where), "{}", why);
}

void promote_operands(DTypeArgs& args) { convert_all(args, together(args)); }

void promote_numbers(DTypeArgs& args)
{
    const DType t = together(args);
    if (t == DType::boolean)
        args.refuse("bool is not supported, convert with .as() or use logic ops");
    convert_all(args, t);
}

void promote_to_float(DTypeArgs& args) { convert_all(args, to_float(together(args))); }

void promote_integers(DTypeArgs& args)
{
    const DType t = together(args);
    if (is_float(t)) {
        const bool integers = std::ranges::none_of(
            args.operands, [](const OperandDType& o) { return is_float(o.dtype); });
        args.refuse(integers ? "no integer dtype holds both operands, convert one with .as()"
                             : "only integers and bool are supported");
    }
    convert_all(args, t);
}

void promote_compare(DTypeArgs& args)
{
    convert_all(args, together(args));
    args.result = DType::boolean;
}

void float_to_boolean(DTypeArgs& args)
{
    convert_all(args, to_float(together(args)));
    args.result = DType::boolean;
}

void logical_dtypes(DTypeArgs& args)
{
    if (together(args) != DType::boolean) args.refuse("operands must be bool, compare them first");
    convert_all(args, DType::boolean);
}

void select_dtypes(DTypeArgs& args)
{
    if (args.operands[0].dtype != DType::boolean) args.refuse("the condition must be bool");
    convert_all(args, together(args, 1), 1);
}

void same_dtype(DTypeArgs& args)
{
    if (is_complex(args.operands[0].dtype)) args.refuse("complex numbers have no ops yet");
    args.result = args.operands[0].dtype;
}

void widen_sum(DTypeArgs& args)
{
    const DType t = together(args);
    convert_all(args, is_float(t) ? t : is_unsigned(t) ? DType::u64 : DType::i64);
}

Shape same_shape(ShapeArgs& args)
{
    // build has broadcast the operands: their shapes are equal, or required to be.
    return args.shape(0);
}

Shape shape_of_first(ShapeArgs& args) { return args.shape(0); }

std::string_view name(Monoid monoid)
{
    switch (monoid) {
    case Monoid::sum:
        return "sum";
    case Monoid::prod:
        return "prod";
    case Monoid::max:
        return "max";
    case Monoid::max_number:
        return "max_number";
    case Monoid::min:
        return "min";
    case Monoid::any:
        return "any";
    case Monoid::all:
        return "all";
    case Monoid::argmax:
        return "argmax";
    case Monoid::argmin:
        return "argmin";
    }
    return "";
}

bool is_pointwise(const Op& op) { return std::holds_alternative<Pointwise>(op.lowering); }

bool is_of_elements(const Op& op)
{
    return is_pointwise(op) || std::holds_alternative<IndexMap>(op.lowering) ||
           std::holds_alternative<Iota>(op.lowering);
}

} // namespace croton::inline v1
