#pragma once

#include <croton/ir/error.hpp>
#include <croton/ir/params.hpp>
#include <croton/ir/requirement.hpp>
#include <croton/ir/variable.hpp>

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace croton::inline v1 {

struct Op;

// ---- dtype rule

struct OperandDType {
    DType dtype; ///< in: what the operand has; out: what it is converted to
    bool weak;   ///< a literal or an Extent: takes the others' dtype
};

/// What a dtype rule sees and fills in.
struct DTypeArgs {
    const Op& op;
    const Location* where;
    const ParamsBase* params;
    std::span<OperandDType> operands;
    DType result = DType::f64;
    /// The result has a dtype that the op or its params name, so it is never weak. Otherwise it is
    /// where all operands are.
    bool named = false;

    /// A dtype that the op refuses: "add: bool is not supported: ..".
    [[noreturn]] void refuse(std::string_view why) const;
};
using DTypeRule = void (*)(DTypeArgs&);

// The common rules. Weak operands take the dtype of the others; a weak float among integers is f64.
void promote_operands(DTypeArgs&); ///< together; the result is that dtype; any but complex
void promote_numbers(DTypeArgs&);  ///< the same, bool refused
void promote_to_float(DTypeArgs&); ///< together, integers become floats
void promote_integers(DTypeArgs&); ///< together, floats refused; bool allowed
void promote_compare(DTypeArgs&);  ///< together; the result is bool
void float_to_boolean(DTypeArgs&); ///< floats (integers converted); the result is bool
void logical_dtypes(DTypeArgs&);   ///< bool operands only; the result is bool
void select_dtypes(DTypeArgs&);    ///< a bool, then operands promoted together
void same_dtype(DTypeArgs&);       ///< the first operand's; the others keep theirs
void widen_sum(DTypeArgs&);        ///< bool and small integers widen to i64 / u64, floats stay

/// What errors of an op at `where` say: the function that the user called there, or the op's name.
std::string_view name_at(const Op& op, const Location* where);

// ---- shape rule

/// What a shape rule sees. The requirements throw where they hold for no values, and are kept on
/// the Apply where that is undecided. `text` names the sides of an equality, "axis 1 of {} and axis
/// 0 of {}", and the place of an order, "on axis 0 of {}", with a {} for each of `shapes`: so what
/// a call says has the extents' names of its function.
struct ShapeArgs {
    const Op& op;
    const Location* where;
    const ParamsBase* params;
    std::span<const Variable> operands;
    std::vector<Requirement>& requirements;

    const Shape& shape(std::size_t operand) const { return operands[operand].type().data()->shape; }
    template <class P>
    const P& params_as() const
    {
        return params_cast<P>(params);
    }
    void require_equal(const Extent& a,
                       const Extent& b,
                       std::string_view text,
                       std::vector<Shape> shapes = {});
    /// a <= b.
    void require_at_most(const Extent& a,
                         const Extent& b,
                         std::string_view text,
                         std::vector<Shape> shapes = {});
    [[noreturn]] void refuse(Code code, std::string_view why) const;
};
using ShapeRule = Shape (*)(ShapeArgs&);

/// All operands have one shape, which is the result's (build inserts broadcasts before).
Shape same_shape(ShapeArgs&);
/// The first operand's shape.
Shape shape_of_first(ShapeArgs&);

/// For ops with several outputs: the type of each. Replaces dtype and shape rule.
using TypesRule = std::vector<Type> (*)(ShapeArgs&);

// ---- lowering: a closed set

/// out[i] = text(x[i], ..): operands and result have one shape. One text serves C, C++ and CUDA.
///
///   placeholder    becomes                                    example
///   {a} {b} {c}    operand 0, 1, 2: a name or a parenthesised expression
///   {t}            name of operand 0's dtype (of the result's for no operand)   f32
///   {r}            name of the result's dtype                 bool
///   {p:NAME}       parameter NAME as a literal                0.5f
///
/// The kind is the first operand's; of an op with a bool before two others, a select, the result's.
/// A kind of dtype without a text takes `real`'s; 16-bit floats are computed in f32.
///
/// Ops that share a function with several results are parts of it: the function's op, which no
/// graph has, takes the operands and is a struct, {a} in the text of each part ("{a}.sin").
struct Pointwise {
    std::string_view real = {};
    std::string_view integer = {};
    std::string_view boolean = {};
    const Op* part_of = nullptr;
    std::string_view structure = {}; ///< of such a function: "sincos_result" of the struct's name
                                     ///< sincos_result_f64
    /// All derivatives are finite where operands and result are: not so of sqrt at 0. A tangent of
    /// 0 is then 0 behind it, and does not become NaN.
    bool finite_slopes = false;
};

/// One place that an output element may come from: operand[index], where every guard holds.
struct IndexPiece {
    std::size_t operand;
    std::vector<Extent>
        index; ///< one per axis of the operand, in terms of the output's index symbols
    struct Guard {
        Extent value; ///< holds where 0 <= value < bound
        Extent bound;
    };
    std::vector<Guard> guards = {};
};
struct IndexMapArgs {
    const ParamsBase* params;
    std::span<const Type> operands;
    const Type& result;
    std::span<const Extent> out; ///< the output index, a symbol or expression per axis
    /// Of each axis, what its index stays below, or the extent; empty: the extents. A map may leave
    /// out pieces that no such index is in.
    std::span<const Extent> end = {};
    template <class P>
    const P& params_as() const
    {
        return params_cast<P>(params);
    }
};
/// Moves elements without changing them: out[i] is the first piece whose guards hold; the last
/// piece has none. Every reshape, transpose, slice, pad, flip, broadcast, concatenation.
struct IndexMap {
    std::vector<IndexPiece> (*map)(const IndexMapArgs&);
    /// One operand whose elements stay in C order, only under another shape: no memory need move.
    bool keeps_order = false;
};

/// The index along an axis, as a value: no operands. `value` gives it from the output index.
struct Iota {
    Extent (*value)(const IndexMapArgs&);
};

/// max and min keep NaN; max_number, which is of floats, passes over it (IEEE's maximumNumber).
enum class Monoid : std::uint8_t { sum, prod, max, max_number, min, any, all, argmax, argmin };
std::string_view name(Monoid monoid);
/// Where an element is, rather than what is made of all.
constexpr bool is_position(Monoid m) { return m == Monoid::argmax || m == Monoid::argmin; }

/// Combines along axes, in the order that docs/design.md fixes. The axes are gone in the result.
struct Reduce {
    Monoid monoid;
};
struct ReduceParams {
    std::vector<int> axes; ///< normalised: sorted, unique, not negative
    static constexpr auto fields = std::tuple{field("axes", &ReduceParams::axes)};
};

/// Running combination along one axis.
struct Prefix {
    Monoid monoid;
};
struct PrefixParams {
    int axis = 0;
    bool reverse = false;
    static constexpr auto fields =
        std::tuple{field("axis", &PrefixParams::axis), field("reverse", &PrefixParams::reverse)};
};

/// Where a gather reads, or a scatter writes: for each axis of the data, an affine expression or
/// the value of an index operand at some place.
struct GatherAxis {
    int index_operand = -1; ///< -1: `at` is the index itself
    std::vector<Extent> at; ///< where in the index operand; or one expression
};
struct Gather {
    /// operands[0] is the data, the others are indices; `out` is the output's index.
    std::vector<GatherAxis> (*map)(const IndexMapArgs&);
};
/// out = operands[0] with operands[1] added (monoid sum) or written at places that operands[2..]
/// name, in C order of operands[1]; `out` in the map's arguments is the index into operands[1].
struct Scatter {
    bool accumulate;
    std::vector<GatherAxis> (*map)(const IndexMapArgs&);
};

/// out[batch.., m.., n..] = sum over k of a[..] * b[..].
struct Contract {};
struct ContractParams {
    std::vector<int> a_batch, b_batch; ///< axes that both and the result share, in order
    std::vector<int> a_sum, b_sum;     ///< axes summed over, in order
    static constexpr auto fields = std::tuple{
        field("a_batch", &ContractParams::a_batch), field("b_batch", &ContractParams::b_batch),
        field("a_sum", &ContractParams::a_sum), field("b_sum", &ContractParams::b_sum)};
};

/// A loop over steps with a Region for a body (ScanParams in ops/control.hpp).
struct Scan {};

/// One of several Regions, chosen by a number (SwitchParams in ops/params.hpp).
struct Switch {};

/// Means an expression of other ops, written when code is generated: rules and gradients see the
/// op, the schedule sees the expression. Batching, bounds and cost follow from the expression.
struct CompositeArgs {
    const ParamsBase* params;
    std::span<const Variable> x;
    template <class P>
    const P& params_as() const
    {
        return params_cast<P>(params);
    }
};
struct Composite {
    Variable (*expand)(const CompositeArgs&) = nullptr;
    Variables (*expand_all)(const CompositeArgs&) = nullptr; ///< of an op of several values

    /// One for each value of the op.
    Variables values(const CompositeArgs& args) const;
};

using Lowering = std::variant<Pointwise,
                              IndexMap,
                              Iota,
                              Reduce,
                              Prefix,
                              Gather,
                              Scatter,
                              Contract,
                              Scan,
                              Switch,
                              Composite>;

/// Its body, or bodies, are Regions in the parameters.
constexpr bool has_body(const Lowering& lowering)
{
    return std::holds_alternative<Scan>(lowering) || std::holds_alternative<Switch>(lowering);
}

// ---- reference

/// The obvious meaning of a pointwise op, in f64, i64 or u64; null where the op has no such
/// operands. Where operands are bool they are 0 or 1 in the type of the others.
struct ScalarReference {
    double (*real)(const double* x) = nullptr;
    std::int64_t (*integer)(const std::int64_t* x) = nullptr;
    std::uint64_t (*natural)(const std::uint64_t* x) = nullptr;
    std::size_t arity = 0; ///< that they read; 0: not said
};

namespace detail {
template <class F, class T, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>)
{
    return std::invocable<F, decltype((void)I, T{})...>;
}
template <class F, class T, std::size_t... I>
T call_reference(const T* x, std::index_sequence<I...>)
{
    return static_cast<T>(F{}(x[I]...));
}
} // namespace detail

/// `reference_of<2>([](auto a, auto b) { return a + b; })`; restrict the lambda's parameters
/// (std::floating_point auto) for ops that have no integer form.
template <std::size_t Arity, class F>
constexpr ScalarReference reference_of(F)
{
    using Each = std::make_index_sequence<Arity>;
    ScalarReference r;
    r.arity = Arity;
    if constexpr (detail::takes<F, double>(Each{}))
        r.real = [](const double* x) { return detail::call_reference<F>(x, Each{}); };
    if constexpr (detail::takes<F, std::int64_t>(Each{}))
        r.integer = [](const std::int64_t* x) { return detail::call_reference<F>(x, Each{}); };
    if constexpr (detail::takes<F, std::uint64_t>(Each{}))
        r.natural = [](const std::uint64_t* x) { return detail::call_reference<F>(x, Each{}); };
    return r;
}

struct ReferenceArgs {
    const ParamsBase* params;
    std::span<const Array> x; ///< row-major
    Type result;              ///< of the Apply, with every extent known
    template <class P>
    const P& params_as() const
    {
        return params_cast<P>(params);
    }
};
/// The slow, obvious meaning of a structured op.
using ArrayReference = Array (*)(const ReferenceArgs&);
/// The meaning is what the record's other facets say: a Composite's expression, a Region run step
/// by step.
struct DerivedReference {};

using Reference = std::variant<ScalarReference, ArrayReference, DerivedReference>;

// ---- gradient

struct NotDifferentiable {
    std::string_view reason = {}; ///< the user sees it
};
constexpr NotDifferentiable not_differentiable(std::string_view reason) { return {reason}; }

/// Its result is a constant to gradients of any order: what it is made of need not have one.
struct StopsGradient {};

struct UnaryGrad {
    const Variable& x;
    const Variable& y;
    const Variable& y_bar;
};
struct BinaryGrad {
    const Variable& a;
    const Variable& b;
    const Variable& y;
    const Variable& y_bar;
};
struct GeneralGrad {
    const Apply& apply;
    std::span<const Variable> x;
    const Variables& y;
    const Variables& y_bar; ///< one per output; zeros where an output is not used
    const ParamsBase* params;
    template <class P>
    const P& params_as() const
    {
        return params_cast<P>(params);
    }
};
/// Cotangents of the inputs from the cotangent of the output. An empty Variable: no gradient flows
/// there (an index, a condition). Forward mode is derived from it, see passes/grad.hpp.
using Gradient = std::variant<NotDifferentiable,
                              StopsGradient,
                              Variable (*)(const UnaryGrad&),
                              std::array<Variable, 2> (*)(const BinaryGrad&),
                              Variables (*)(const GeneralGrad&)>;

// ---- batching

namespace detail {
struct Batch;
} // namespace detail

/// What a batching rule sees: an Apply as it is for one member of a batch, and its operands for all
/// members.
struct BatchArgs {
    const Apply& apply;
    std::span<const Variable> x;      ///< those that are `batched` have the members on an axis 0
    const std::vector<bool>& batched; ///< one flag per operand; of the others all members share it
    const Extent& members;
    const ParamsBase* params;
    const detail::Batch* batch; ///< for ops with regions
    template <class P>
    const P& params_as() const
    {
        return params_cast<P>(params);
    }
    /// Operand i with the members on axis 0: repeated if they share it.
    Variable all(std::size_t i) const;
    /// The op with other parameters, of all() operands.
    Variable with(Params other) const;
};
/// The result for all members, along a new axis 0; of an op of several values the first of an Apply
/// that has all. See batch.hpp for the rules of ops that have none: it follows from most lowerings.
using BatchRule = Variable (*)(const BatchArgs&);

/// The rule of an op whose parameters name axes: they are one further on.
template <class P>
Variable batch_axes(const BatchArgs& args)
{
    P p = args.params_as<P>();
    for (int& axis : p.axes)
        ++axis;
    return args.with(make_params(std::move(p)));
}
template <class P>
Variable batch_axis(const BatchArgs& args)
{
    P p = args.params_as<P>();
    ++p.axis;
    return args.with(make_params(std::move(p)));
}

// ---- the record

/// Inputs on which tests sample the op: each real operand uniform in [lo, hi].
struct Domain {
    double lo = -2;
    double hi = 2;
};

/// One operation: everything Croton knows about it. A user's own op is the same record.
struct Op {
    std::string_view name = {};
    std::string_view doc = {};
    DTypeRule dtype = nullptr;
    ShapeRule shape = nullptr;
    TypesRule types = nullptr;
    Lowering lowering = {};
    Reference reference = {};
    Gradient grad = {};
    BatchRule batch = nullptr; ///< null: by the lowering; moves, gathers, scatters need one
    Domain domain = {};
    std::size_t arity = 1;             ///< operands; 0 also for "as many as given"
    bool commutative = false;          ///< of its two operands
    ParamsBase* (*params)() = nullptr; ///< create_params<P>; null for none
};

bool is_pointwise(const Op& op);
/// Whether an element is made of single elements of its operands, at places that its index gives.
bool is_of_elements(const Op& op);

} // namespace croton::inline v1
