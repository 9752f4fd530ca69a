#include <croton/ir/format.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/ir/verify.hpp>

#include <algorithm>
#include <unordered_set>

namespace croton::inline v1 {

namespace {

/// Equal, or not known to differ: an equality that only a call decides is checked by the function.
bool may_be_equal(const Shape& a, const Shape& b)
{
    return std::ranges::equal(
        a, b, [](const Extent& x, const Extent& y) { return same(x, y) || !never_equal(x, y); });
}

void check_all(std::span<const Variable> inputs,
               std::span<const Variable> outputs,
               const std::vector<Apply>& order,
               std::vector<Requirement>* undecided);

class Verifier {
public:
    /// `undecided`: what the rules require goes there; may be null.
    explicit Verifier(std::vector<Requirement>* undecided) : undecided_(undecided) {}

    void check(const Apply& apply, std::size_t at)
    {
        name_ = fmt::format("{}.{}", apply.op().name, at);
        const Op& op = apply.op();
        if (op.arity != 0 && apply.inputs().size() != op.arity)
            fail("has {} inputs, its op takes {}", apply.inputs().size(), op.arity);
        for (const Variable& in : apply.inputs())
            if (in.type().is_pattern() || in.leaf() == Leaf::wildcard) fail("reads a pattern");
        try {
            if (op.types)
                check_types(apply);
            else {
                check_dtypes(apply);
                check_shape(apply);
            }
        } catch (const UserError& error) {
            fail("is refused by its own rule: {}", error.message());
        }
        for (const Region& region : regions_of(apply))
            check_all(region.inputs(), region.outputs(), applies_of(region.outputs()), undecided_);
    }

private:
    template <class... A>
    [[noreturn]] void fail(fmt::format_string<A...> text, A&&... values) const
    {
        throw internal_error("verify", "{} {}", name_,
                             fmt::format(text, std::forward<A>(values)...));
    }

    void check_types(const Apply& apply)
    {
        std::vector<Requirement> undecided;
        ShapeArgs args{apply.op(), apply.location(), apply.params().get(), apply.inputs(),
                       undecided};
        const std::vector<Type> types = apply.op().types(args);
        if (types.size() != apply.output_count())
            fail("has {} outputs, its rule says {}", apply.output_count(), types.size());
        for (std::size_t i = 0; i < types.size(); ++i) {
            const Type have = apply.output(i).type();
            if (have.dtype() != types[i].dtype() || !may_be_equal(have.shape(), types[i].shape()))
                fail("is {} in output {}, its rule says {}", to_string(have), i,
                     to_string(types[i]));
            require(apply, have.shape(), types[i].shape());
        }
        keep(apply, undecided);
    }

    void check_dtypes(const Apply& apply)
    {
        operands_.clear();
        for (const Variable& in : apply.inputs())
            operands_.push_back({in.dtype(), in.is_weak()});
        DTypeArgs args{apply.op(), apply.location(), apply.params().get(), operands_};
        apply.op().dtype(args);
        for (std::size_t i = 0; i < operands_.size(); ++i)
            if (apply.input(i).dtype() != operands_[i].dtype)
                fail("reads {} as operand {}, its rule says {}", name(apply.input(i).dtype()),
                     i + 1, name(operands_[i].dtype));
        if (args.result != apply.output().dtype())
            fail("is {}, its rule says {}", name(apply.output().dtype()), name(args.result));
    }

    void check_shape(const Apply& apply)
    {
        const Shape& have = apply.output().type().data()->shape;
        if (is_pointwise(apply.op()))
            for (const Variable& in : apply.inputs()) {
                const Shape& s = in.type().data()->shape;
                if (!may_be_equal(s, have))
                    fail("has shape {}, its operand {}", to_string(have), to_string(s));
                require(apply, s, have);
            }
        std::vector<Requirement> undecided;
        ShapeArgs args{apply.op(), apply.location(), apply.params().get(), apply.inputs(),
                       undecided};
        const Shape rule = apply.op().shape(args);
        if (!may_be_equal(have, rule))
            fail("has shape {}, its rule says {}", to_string(have), to_string(rule));
        require(apply, have, rule);
        keep(apply, undecided);
    }

    /// That the shapes are equal.
    void require(const Apply& apply, const Shape& a, const Shape& b)
    {
        if (!undecided_) return;
        for (std::size_t i = 0; i < a.size(); ++i)
            if (!same(a[i], b[i]))
                undecided_->push_back({Requirement::Kind::equal,
                                       a[i],
                                       b[i],
                                       fmt::format("{}: axis {} of {{}} and {{}}", name_, i),
                                       apply.location(),
                                       {a, b}});
    }

    void keep(const Apply& apply, const std::vector<Requirement>& more)
    {
        if (!undecided_) return;
        for (Requirement r : more) {
            r.where = apply.location();
            undecided_->push_back(std::move(r));
        }
    }

    std::vector<Requirement>* undecided_;
    std::string name_;
    std::vector<OperandDType> operands_;
};

void check_leaves(std::span<const Variable> inputs, std::span<const Variable> outputs)
{
    std::unordered_set<const detail::Value*> given;
    for (const Variable& v : inputs)
        given.insert(v.value());
    for (const Variable& leaf : leaves(outputs)) {
        if (leaf.leaf() == Leaf::constant || leaf.leaf() == Leaf::shared) continue;
        if (!given.contains(leaf.value()))
            throw internal_error("verify", "the outputs need '{}', which is no input", leaf.name());
    }
}

void check_all(std::span<const Variable> inputs,
               std::span<const Variable> outputs,
               const std::vector<Apply>& order,
               std::vector<Requirement>* undecided)
{
    check_leaves(inputs, outputs);
    Verifier verifier(undecided);
    for (std::size_t i = 0; i < order.size(); ++i)
        verifier.check(order[i], i);
}

} // namespace

void verify(const Graph& graph)
{
    check_all(graph.inputs(), graph.outputs(), graph.order(), nullptr);
}

void verify(std::span<const Variable> inputs, std::span<const Variable> outputs)
{
    check_all(inputs, outputs, applies_of(outputs), nullptr);
}

std::vector<Requirement> verify_stored(std::span<const Variable> inputs,
                                       std::span<const Variable> outputs)
{
    std::vector<Requirement> undecided;
    check_all(inputs, outputs, applies_of(outputs), &undecided);
    return undecided;
}

} // namespace croton::inline v1
