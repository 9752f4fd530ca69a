#include <croton/ir/build.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/passes/sums_of_pairs.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace croton::inline v1 {

namespace {

constexpr std::size_t most_applies = 1000;

/// Ops that say what becomes of signs.
struct SignedOps {
    const Op *add, *sub, *mul, *div, *neg, *square, *abs;
};
const SignedOps& signed_ops()
{
    static const SignedOps ops = [] {
        const Variable x = wildcard("x"), y = wildcard("y");
        const auto op = [](const Variable& v) { return &v.owner().op(); };
        return SignedOps{op(x + y), op(x - y),     op(x * y), op(x / y),
                         op(-x),    op(square(x)), op(abs(x))};
    }();
    return ops;
}

bool is_one(const Extent& e) { return e.is_known() && e.value() == 1; }

/// `broadcast_to(base, ..)` with the axes of its result along which `base` has elements, in order.
struct Spread {
    Variable base;
    std::vector<std::size_t> axes;
};

/// Behind axes of extent 1 that come and go.
Variable without_ones(Variable v)
{
    const auto extents = [](const Variable& x) {
        Shape rest;
        for (const Extent& e : x.shape())
            if (!is_one(e)) rest.push_back(e);
        return rest;
    };
    while (const Apply a = v.owner()) {
        const auto* map = std::get_if<IndexMap>(&a.op().lowering);
        if (!map || !map->keeps_order || a.inputs().size() != 1) break;
        if (!same(extents(v), extents(a.input(0)))) break;
        v = a.input(0);
    }
    return v;
}

std::optional<Spread> spread_of(const Variable& v)
{
    if (v.leaf() == Leaf::constant && v.rank() == 0) return Spread{v, {}};
    const Apply a = v.owner();
    if (!a || &a.op() != &broadcast_to_op) return {};
    const Shape from = a.input(0).shape();
    Spread s{without_ones(a.input(0)), {}};
    for (std::size_t i = 0; i < from.size(); ++i)
        if (!is_one(from[i])) s.axes.push_back(v.rank() - from.size() + i);
    return s;
}

/// Which axes are reduced, and where each axis goes when those come last.
struct Turn {
    explicit Turn(const Apply& reduce) : from(reduce.input(0).rank())
    {
        const auto& axes = reduce.params_as<ReduceParams>().axes;
        reduced.assign(from.size(), false);
        for (const int axis : axes)
            reduced[static_cast<std::size_t>(axis)] = true;
        std::size_t next = 0;
        for (const bool behind : {false, true})
            for (std::size_t i = 0; i < reduced.size(); ++i)
                if (reduced[i] == behind) from[next++] = i;
        for (std::size_t i = 0; i < axes.size(); ++i)
            last.push_back(static_cast<int>(from.size() - axes.size() + i));
    }
    bool changes() const { return !std::ranges::is_sorted(from); }
    Shape of(const Shape& shape) const
    {
        Shape turned;
        for (const std::size_t i : from)
            turned.push_back(shape[i]);
        return turned;
    }
    /// Where axis i is after it.
    std::size_t place(std::size_t i) const
    {
        return static_cast<std::size_t>(std::ranges::find(from, i) - from.begin());
    }

    std::vector<std::size_t> from; ///< the axis that lies at each place
    std::vector<bool> reduced;
    std::vector<int> last; ///< the reduced axes after it
};

/// The pointwise values of a reduction's operand, if all that they are made of has one of the two
/// groups of axes: those with a true in `group`, or the others.
struct Pairs {
    Variables list;
    std::set<const detail::Value*> set; // looked up only
    bool contains(const Variable& v) const { return set.contains(v.value()); }
};
std::optional<Pairs> pairs_of(const Variable& operand, const std::vector<bool>& group)
{
    Pairs inside;
    Variables open{operand};
    while (!open.empty()) {
        const Variable v = open.back();
        open.pop_back();
        if (inside.contains(v)) continue;
        if (const auto spread = spread_of(v)) {
            std::size_t in_group = 0;
            for (const std::size_t axis : spread->axes)
                in_group += group[axis];
            if (in_group > 0 && in_group < spread->axes.size()) return {};
            continue;
        }
        const Apply a = v.owner();
        if (!a || !is_pointwise(a.op()) || inside.list.size() == most_applies) return {};
        inside.set.insert(v.value());
        inside.list.push_back(v);
        for (const Variable& in : a.inputs())
            open.push_back(in);
    }
    return inside;
}

/// Compares values with others whose axes are exchanged.
class Mirror {
public:
    explicit Mirror(const Turn& turn) : turn_(turn) {}

    /// 1 where `b` turned has the elements of `a`, -1 where they are the opposite, 0 where neither
    /// is seen.
    int sign(const Variable& a, const Variable& b)
    {
        const auto key = std::pair(a.value(), b.value());
        if (const auto at = known_.find(key); at != known_.end()) return at->second;
        if (known_.size() > 4 * most_applies || depth_ > 200) return 0;
        ++depth_;
        const int found = fresh_sign(a, b);
        --depth_;
        return known_[key] = found;
    }

private:
    int fresh_sign(const Variable& a, const Variable& b)
    {
        const auto x = spread_of(a), y = spread_of(b);
        if (x || y) return x && y && is_same(*x, *y) ? 1 : 0;
        const Apply p = a.owner(), q = b.owner();
        if (&p.op() != &q.op() || !equal(p.params(), q.params())) return 0;
        if (a.dtype() != b.dtype()) return 0;
        if (p.inputs().size() == 2) return of_two(p, q);
        std::vector<int> signs;
        for (std::size_t i = 0; i < p.inputs().size(); ++i)
            signs.push_back(sign(p.input(i), q.input(i)));
        if (std::ranges::count(signs, 0) > 0) return 0;
        if (&p.op() == signed_ops().neg) return signs[0];
        if (&p.op() == signed_ops().square) return 1;
        if (&p.op() == signed_ops().abs && !is_unsigned(a.dtype())) return 1;
        return std::ranges::count(signs, 1) == std::ssize(signs) ? 1 : 0;
    }

    int of_two(const Apply& p, const Apply& q)
    {
        const Op* op = &p.op();
        const int straight = combined(op, sign(p.input(0), q.input(0)), p.input(1), q.input(1));
        if (straight != 0) return straight;
        const bool is_difference = op == signed_ops().sub;
        if (!op->commutative && !is_difference) return 0;
        const int crossed = combined(op, sign(p.input(0), q.input(1)), p.input(1), q.input(0));
        return is_difference ? -crossed : crossed;
    }

    /// Of the first operands the sign is known.
    int combined(const Op* op, int first, const Variable& a, const Variable& b)
    {
        if (first == 0) return 0;
        const int second = sign(a, b);
        if (op == signed_ops().mul || op == signed_ops().div) return first * second;
        if (op == signed_ops().add || op == signed_ops().sub) return first == second ? first : 0;
        return first == 1 && second == 1 ? 1 : 0;
    }

    bool is_same(const Spread& x, const Spread& y) const
    {
        if (!same(x.base, y.base) || x.axes.size() != y.axes.size()) return false;
        for (std::size_t i = 0; i < x.axes.size(); ++i)
            if (x.axes[i] != turn_.place(y.axes[i])) return false;
        return true;
    }

    const Turn& turn_;
    std::map<std::pair<const detail::Value*, const detail::Value*>, int> known_; // looked up only
    int depth_ = 0;
};

/// A copy of pairs with their axes in another order.
class Turned {
public:
    explicit Turned(const Turn& turn) : turn_(turn) {}

    Variable of(const Variable& operand)
    {
        Variables open{operand};
        while (!open.empty()) {
            const Variable v = open.back();
            if (made_.contains(v.value())) {
                open.pop_back();
                continue;
            }
            const auto spread = spread_of(v);
            const std::size_t before = open.size();
            if (!spread)
                for (const Variable& in : v.owner().inputs())
                    if (!made_.contains(in.value())) open.push_back(in);
            if (open.size() > before) continue;
            open.pop_back();
            made_.emplace(v.value(), spread ? turned(*spread, v) : turned(v.owner()));
        }
        return made_.at(operand.value());
    }

private:
    Variable turned(const Spread& s, const Variable& v) const
    {
        if (v.rank() == 0) return v;
        Shape shape(v.rank(), Extent(1));
        for (const std::size_t axis : s.axes)
            shape[turn_.place(axis)] = v.shape()[axis];
        const auto first = std::ranges::find_if_not(shape, is_one);
        shape.erase(shape.begin(), first);
        const Variable base = same(shape, s.base.shape()) ? s.base : reshape(s.base, shape);
        return broadcast_to(base, turn_.of(v.shape()), v.location());
    }

    Variable turned(const Apply& a) const
    {
        Variables inputs;
        for (const Variable& in : a.inputs())
            inputs.push_back(made_.at(in.value()));
        const Type type(a.output().dtype(), turn_.of(a.output().shape()));
        return rebuild(a.op(), inputs, a.params(), {&type, 1}, a.location())[0];
    }

    const Turn& turn_;
    std::map<const detail::Value*, Variable> made_; // looked up only
};

/// What becomes of a reduction.
enum class Way : std::uint8_t { stays, mirrored, opposite, turned };

class Reductions {
public:
    Reductions(const Graph& graph, const PassOptions& options) : graph_(graph), options_(options)
    {
        for (const Apply& a : graph.order())
            ways_.push_back(is_reduction(a) ? way_of(a) : Way::stays);
    }

    Way operator[](std::size_t i) const { return ways_[i]; }

private:
    static bool is_reduction(const Apply& a)
    {
        const auto* reduce = std::get_if<Reduce>(&a.op().lowering);
        return reduce && !is_position(reduce->monoid) && a.input(0).rank() >= 2;
    }

    Way way_of(const Apply& reduce)
    {
        const Variable& operand = reduce.input(0);
        const Turn turn(reduce);
        if (!turn.changes()) return Way::stays;
        const auto pairs = pairs_of(operand, turn.reduced);
        if (!pairs || pairs->list.empty()) return Way::stays;
        if (!is_shared(*pairs, reduce)) return Way::stays;
        if (same(turn.of(operand.shape()), operand.shape())) {
            const int sign = Mirror(turn).sign(operand, operand);
            const bool sums = std::get<Reduce>(reduce.op().lowering).monoid == Monoid::sum;
            if (sign == 1) return Way::mirrored;
            if (sign == -1 && sums && is_float(operand.dtype())) return Way::opposite;
        }
        return is_cheaper_again(*pairs, operand) ? Way::turned : Way::stays;
    }

    /// Whether anything else reads some of the pairs.
    bool is_shared(const Pairs& pairs, const Apply& reduce) const
    {
        for (const Variable& v : pairs.list)
            for (const Graph::Use& use : graph_.uses(v.owner())) {
                const Apply& reader = graph_.order()[use.apply];
                if (reader.node() != reduce.node() && !pairs.contains(reader.output())) return true;
            }
        return false;
    }

    /// Than to store them, and load them once or more.
    bool is_cheaper_again(const Pairs& pairs, const Variable& operand) const
    {
        constexpr std::int64_t in_the_cache = 32768; // elements
        const Extent n = element_count(operand.shape());
        if (!options_.flops || (n.is_known() && n.value() <= in_the_cache)) return false;
        int flops = 0;
        for (const Variable& v : pairs.list)
            flops += options_.flops(v.owner().op(), v.dtype());
        return flops <= 4 * options_.flops_worth_storing;
    }

    const Graph& graph_;
    const PassOptions& options_;
    std::vector<Way> ways_; ///< by position in the graph's order
};

Variable rewritten(const Apply& reduction, Way way)
{
    const Variable& operand = reduction.input(0);
    const Turn turn(reduction);
    const Variable of = way == Way::turned ? Turned(turn).of(operand) : operand;
    const Variable rows = reduce(reduction.op(), of, turn.last, false, reduction.location());
    return way == Way::opposite ? -rows : rows;
}

} // namespace

Changed SumsOfPairs::run(Graph& graph, PassContext& context) const
{
    if (context.options.strict) return Changed::no;
    const Reductions ways(graph, context.options);
    std::size_t next = 0;
    return changed_if(graph.rewrite([&](const Apply& apply, Variables& out) {
        const Way way = ways[next++];
        if (way == Way::stays) return false;
        const OriginScope origin(apply.location());
        out = {rewritten(apply, way)};
        return true;
    }));
}

} // namespace croton::inline v1
