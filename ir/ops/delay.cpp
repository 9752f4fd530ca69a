#include "ops/delay.hpp"

#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/scan_parts.hpp>

#include <cstring>

#include "param_checks.hpp"

namespace croton::inline v1::detail {

namespace {

struct DelayParams {
    bool reverse = false;
    static constexpr auto fields = std::tuple{field("reverse", &DelayParams::reverse)};
};
struct EdgeParams {
    bool at_end = false;
    static constexpr auto fields = std::tuple{field("at_end", &EdgeParams::at_end)};
};

std::vector<IndexPiece> delay_map(const IndexMapArgs& args)
{
    const Extent steps = args.operands[0].shape()[0];
    const Extent from = args.out[0] + (args.params_as<DelayParams>().reverse ? 1 : -1);
    IndexPiece moved{0, {from}, {{from, steps}}};
    IndexPiece first{1, {}};
    for (const Extent& e : args.out.subspan(1)) {
        moved.index.push_back(e);
        first.index.push_back(e);
    }
    return {moved, first};
}

std::vector<IndexPiece> edge_map(const IndexMapArgs& args)
{
    const Extent steps = args.operands[0].shape()[0];
    const Extent at = args.params_as<EdgeParams>().at_end ? steps - 1 : Extent(0);
    IndexPiece taken{0, {at}, {{at, steps}}};
    IndexPiece otherwise{1, {}};
    for (const Extent& e : args.out) {
        taken.index.push_back(e);
        otherwise.index.push_back(e);
    }
    return {taken, otherwise};
}

/// Slices of a row-major array along axis 0.
struct Rows {
    explicit Rows(const Array& a)
        : base(static_cast<const char*>(a.data())), count(a.shape()[0]),
          bytes(count == 0 ? 0 : a.size_bytes() / static_cast<std::size_t>(count))
    {}
    const char* row(std::int64_t t) const { return base + static_cast<std::size_t>(t) * bytes; }
    const char* base;
    std::int64_t count;
    std::size_t bytes;
};

Array delay_reference(const ReferenceArgs& args)
{
    const Array& x = args.x[0];
    Array y = Array::empty_of(x.dtype(), x.shape());
    const Rows from(x);
    const std::int64_t step = args.params_as<DelayParams>().reverse ? 1 : -1;
    for (std::int64_t t = 0; t < from.count && from.bytes > 0; ++t) {
        const bool inside = t + step >= 0 && t + step < from.count;
        std::memcpy(static_cast<char*>(y.data()) + static_cast<std::size_t>(t) * from.bytes,
                    inside ? from.row(t + step) : static_cast<const char*>(args.x[1].data()),
                    from.bytes);
    }
    return y;
}

Array edge_reference(const ReferenceArgs& args)
{
    const std::int64_t steps = args.x[0].shape()[0];
    if (steps == 0) return args.x[1].clone();
    return args.x[0][args.params_as<EdgeParams>().at_end ? steps - 1 : 0].clone();
}

/// That operand `one` is a slice of operand `all` along axis 0.
void require_slice(ShapeArgs& args, std::size_t one, std::size_t all)
{
    check_rank(args, all, args.shape(one).size() + 1);
    for (std::size_t i = 0; i < args.shape(one).size(); ++i)
        args.require_equal(args.shape(one)[i], args.shape(all)[i + 1],
                           fmt::format("axis {} of a slice {{}} of {{}}", i),
                           {args.shape(one), args.shape(all)});
}

/// The first operand's; the second is converted to it.
void dtype_of_both(DTypeArgs& args)
{
    same_dtype(args);
    args.operands[1].dtype = args.result;
}

constexpr Op delay_op{
    .name = "delay",
    .doc = "One step later along axis 0, with a first value; from the other end if reverse.",
    .dtype = dtype_of_both,
    .shape =
        [](ShapeArgs& args) {
            require_slice(args, 1, 0);
            return args.shape(0);
        },
    .lowering = IndexMap{delay_map},
    .reference = delay_reference,
    .grad = [](const GeneralGrad& g) -> Variables {
        const bool reverse = g.params_as<DelayParams>().reverse;
        const Variable none = zeros_like(g.x[1]);
        return {delay(g.y_bar[0], none, !reverse), edge(g.y_bar[0], none, reverse)};
    },
    .batch =
        [](const BatchArgs& args) {
            const bool reverse = args.params_as<DelayParams>().reverse;
            return moveaxis(delay(moveaxis(args.all(0), 0, 1), args.all(1), reverse), 1, 0);
        },
    .arity = 2,
    .params = create_params<DelayParams>,
};

constexpr Op edge_op{
    .name = "edge",
    .doc = "The first slice along axis 0, or the last; another value where there is none.",
    .dtype = dtype_of_both,
    .shape =
        [](ShapeArgs& args) {
            require_slice(args, 1, 0);
            return args.shape(1);
        },
    .lowering = IndexMap{edge_map},
    .reference = edge_reference,
    .grad = [](const GeneralGrad& g) -> Variables {
        const bool at_end = g.params_as<EdgeParams>().at_end;
        const Variable none = zeros_like(g.x[0]);
        return {delay(none, g.y_bar[0], at_end), edge(none, g.y_bar[0], at_end)};
    },
    .batch =
        [](const BatchArgs& args) {
            const bool at_end = args.params_as<EdgeParams>().at_end;
            return edge(moveaxis(args.all(0), 0, 1), args.all(1), at_end);
        },
    .arity = 2,
    .params = create_params<EdgeParams>,
};

} // namespace

bool is_delay(const Apply& a, bool reverse)
{
    return a && &a.op() == &delay_op && a.params_as<DelayParams>().reverse == reverse;
}

Variable delay(const Variable& x, const Variable& first, bool reverse)
{
    const Variable operands[] = {x, first};
    return apply(delay_op, operands, make_params(DelayParams{reverse}), x.location());
}

Variable edge(const Variable& x, const Variable& otherwise, bool at_end)
{
    const Variable operands[] = {x, otherwise};
    return apply(edge_op, operands, make_params(EdgeParams{at_end}), x.location());
}

std::span<const Op* const> delay_ops()
{
    static constexpr const Op* ops[] = {&delay_op, &edge_op};
    return ops;
}

} // namespace croton::inline v1::detail
