#include <croton/ir/hash.hpp>
#include <croton/ir/op.hpp>
#include <croton/passes/merge_duplicates.hpp>

namespace croton::inline v1 {

namespace {

using detail::HashIndex;

bool same_operands(const Apply& a, const Apply& b)
{
    const auto x = a.inputs();
    const auto y = b.inputs();
    if (x.size() != y.size()) return false;
    bool equal_in_order = true;
    for (std::size_t i = 0; i < x.size(); ++i)
        equal_in_order &= same(x[i], y[i]);
    if (equal_in_order) return true;
    return a.op().commutative && x.size() == 2 && same(x[0], y[1]) && same(x[1], y[0]);
}

bool same_types(const Apply& a, const Apply& b)
{
    if (a.output_count() != b.output_count()) return false;
    for (std::size_t i = 0; i < a.output_count(); ++i)
        if (a.output(i).type() != b.output(i).type()) return false;
    return true;
}

/// The Applies and constants of one graph seen so far.
class Seen {
public:
    /// The Apply that `apply` repeats; itself if it is new.
    Apply first_of(const Apply& apply)
    {
        std::size_t h = hash_of(&apply.op(), hash(apply.params()));
        std::size_t operands = 0;
        for (const Variable& in : apply.inputs()) {
            const std::size_t one = std::hash<const void*>{}(in.value());
            operands = apply.op().commutative ? operands + hash_of(one) : hash_of(operands, one);
        }
        h = hash_of(h, operands);
        const std::uint32_t at = applies_index_.find(h, [&](std::uint32_t i) {
            const Apply& a = applies_[i];
            return &a.op() == &apply.op() && same_operands(a, apply) && same_types(a, apply) &&
                   equal(a.params(), apply.params());
        });
        if (at != HashIndex::none) return applies_[at];
        applies_index_.insert(h, static_cast<std::uint32_t>(applies_.size()));
        applies_.push_back(apply);
        return apply;
    }

    Variable first_constant(const Variable& v)
    {
        const std::size_t h = hash_array(v.constant());
        const std::uint32_t at = constants_index_.find(h, [&](std::uint32_t i) {
            return constants_[i].is_weak() == v.is_weak() &&
                   identical(constants_[i].constant(), v.constant());
        });
        if (at != HashIndex::none) return constants_[at];
        constants_index_.insert(h, static_cast<std::uint32_t>(constants_.size()));
        constants_.push_back(v);
        return v;
    }

private:
    HashIndex applies_index_;
    std::vector<Apply> applies_;
    HashIndex constants_index_;
    Variables constants_;
};

} // namespace

Changed MergeDuplicates::run(Graph& graph, PassContext&) const
{
    Seen seen;
    for (const Variable& v : graph.outputs()) // these stay, so others become them
        if (v.leaf() == Leaf::constant) seen.first_constant(v);
    Variables inputs;
    return changed_if(graph.rewrite([&](const Apply& apply, Variables& out) {
        Apply now = apply;
        inputs.assign(apply.inputs().begin(), apply.inputs().end());
        bool changed = false;
        for (Variable& in : inputs)
            if (in.leaf() == Leaf::constant) {
                const Variable first = seen.first_constant(in);
                changed |= !same(first, in);
                in = first;
            }
        if (changed) now = with_inputs(apply, inputs)[0].owner();
        const Apply first = seen.first_of(now);
        if (first.node() == apply.node()) return false;
        out = first.outputs();
        return true;
    }));
}

} // namespace croton::inline v1
