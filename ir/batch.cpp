#include "batch.hpp"

#include <croton/ir/apply.hpp>
#include <croton/ir/batch.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph_text.hpp>
#include <croton/ir/inputs_first.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <limits>

#include "switch_parts.hpp"

namespace croton::inline v1 {

Variable BatchArgs::all(std::size_t i) const
{
    return detail::all_members({x[i], batched[i]}, members);
}

Variable BatchArgs::with(Params other) const
{
    Variables operands;
    for (std::size_t i = 0; i < x.size(); ++i)
        operands.push_back(all(i));
    return croton::apply(apply.op(), operands, std::move(other), apply.location());
}

namespace detail {

Variable repeated(const Variable& v, const Extent& members)
{
    Shape shape = v.shape();
    shape.insert(shape.begin(), members);
    return broadcast_to(v, shape);
}

Variable all_members(const Batched& v, const Extent& members)
{
    return v.own ? v.value : repeated(v.value, members);
}

Variable placeholder_for_all(const Variable& member, const Extent& members)
{
    Shape shape = member.shape();
    shape.insert(shape.begin(), members);
    return input(member.name(), member.dtype(), shape);
}

const Location* place_of_batch(const Apply& apply, std::string_view what, const Batch& batch)
{
    const Location* at = apply.location();
    if (!at) return at;
    const ScopeFrame* word = scope_frame(what, batch.place ? batch.place : at);
    return locate(at->file_name(), at->line(), at->function_name(), word, at->called);
}

Variable both(const Variable& a, const Variable& b)
{
    if (a.is_empty()) return b;
    return b.is_empty() ? a : a && b;
}

Variable choose(const Variable& c, const Variable& a, const Variable& b)
{
    Shape ones = c.shape();
    ones.resize(static_cast<std::size_t>(a.rank()), 1);
    return croton::where(c.reshape(ones), a, b);
}

namespace {

/// Indices of members that are not active are 0.
void mask_indices(const Batch& batch, const Op& op, Variables& x, std::vector<bool>& own)
{
    const bool gathers = std::holds_alternative<Gather>(op.lowering);
    if (!gathers && !std::holds_alternative<Scatter>(op.lowering)) return;
    for (std::size_t i = gathers ? 1 : 2; i < x.size(); ++i) {
        x[i] = choose(batch.active, all_members({x[i], own[i]}, batch.members), Variable(0));
        own[i] = true;
    }
}

std::vector<int> shifted(std::vector<int> axes)
{
    for (int& axis : axes)
        ++axis;
    return axes;
}

/// Members that both operands have are one more axis that they share; those of one operand are one
/// of its own axes, which comes first of these.
Variable batch_contract(const BatchArgs& args)
{
    ContractParams p = args.params_as<ContractParams>();
    const auto shared = static_cast<int>(p.a_batch.size());
    const bool a_own = args.batched[0], b_own = args.batched[1];
    if (a_own) {
        p.a_batch = shifted(p.a_batch);
        p.a_sum = shifted(p.a_sum);
    }
    if (b_own) {
        p.b_batch = shifted(p.b_batch);
        p.b_sum = shifted(p.b_sum);
    }
    const auto product = [&](const Variable& a, const Variable& b, ContractParams params) {
        const Variable operands[] = {a, b};
        return croton::apply(args.apply.op(), operands, make_params(std::move(params)),
                             args.apply.location());
    };
    if (a_own && b_own) {
        p.a_batch.insert(p.a_batch.begin(), 0);
        p.b_batch.insert(p.b_batch.begin(), 0);
        return product(args.x[0], args.x[1], p);
    }
    if (a_own) return moveaxis(product(args.x[0], args.x[1], p), shared, 0);
    const int b_rest = args.apply.input(1).rank() - shared - static_cast<int>(p.b_sum.size());
    // Members of a vector: the other way round they come first by themselves.
    if (b_rest == 0)
        return moveaxis(product(args.x[1], args.x[0], {p.b_batch, p.a_batch, p.b_sum, p.a_sum}),
                        shared, 0);
    const int a_rest = args.apply.input(0).rank() - shared - static_cast<int>(p.a_sum.size());
    return moveaxis(product(args.x[0], args.x[1], p), shared + a_rest, 0);
}

} // namespace

bool minds_inactive(const Apply& apply)
{
    const Lowering& lowering = apply.op().lowering;
    if (std::holds_alternative<Gather>(lowering) || std::holds_alternative<Scatter>(lowering))
        return true;
    if (std::holds_alternative<Scan>(lowering)) {
        const auto& p = apply.params_as<ScanParams>();
        if (p.until || p.limited) return true;
    }
    return std::ranges::any_of(regions_of(apply), [](const Region& region) {
        return std::ranges::any_of(applies_of(region.outputs()), minds_inactive);
    });
}

std::vector<bool> depend(std::span<const Variable> ys,
                         std::span<const Variable> xs,
                         const std::vector<bool>& flagged,
                         bool inactive)
{
    PointerSet<Value> reached;
    for (std::size_t i = 0; i < xs.size(); ++i)
        if (flagged[i]) reached.insert(xs[i].value());
    for (const Apply& a : applies_of(ys)) {
        const bool any = std::ranges::any_of(
            a.inputs(), [&](const Variable& in) { return reached.contains(in.value()); });
        if (!any && !(inactive && minds_inactive(a))) continue;
        for (const Variable& y : a.outputs())
            reached.insert(y.value());
    }
    std::vector<bool> result;
    for (const Variable& y : ys)
        result.push_back(reached.contains(y.value()));
    return result;
}

Batched Batcher::lookup(const Variable& v) const
{
    const Variable* const all = known_.find(v.value());
    return all ? Batched{*all, true} : Batched{v, false};
}

Batched Batcher::operator()(const Variable& v)
{
    // A node is younger than its inputs: at the oldest one the walk turns back.
    const auto enter = [&](const Variable& in) {
        const Node* node = in.value()->node;
        return node->op && node->serial > oldest_ && !known_.contains(in.value()) &&
               done_.insert(node);
    };
    inputs_first(v, enter, [&](const Node* node) { make(apply_of(node)); });
    return lookup(v);
}

void Batcher::make(const Apply& apply)
{
    std::vector<Batched> x;
    bool any = !batch_.active.is_empty() && minds_inactive(apply);
    for (const Variable& in : apply.inputs()) {
        x.push_back(lookup(in));
        any |= x.back().own;
    }
    if (!any) return;
    const OriginScope origin(apply.location());
    std::vector<Batched> results;
    if (std::holds_alternative<Scan>(apply.op().lowering)) {
        results = batch_scan(apply, x, batch_);
    } else if (std::holds_alternative<Switch>(apply.op().lowering)) {
        results = x[0].own ? select(apply, x) : batch_switch(apply, x, batch_);
    } else {
        Variables values;
        std::vector<bool> own;
        for (Batched& v : x) {
            values.push_back(std::move(v.value));
            own.push_back(v.own);
        }
        const Variable first = make_plain(apply, std::move(values), std::move(own));
        if (apply.output_count() == 1)
            results = {{first, true}};
        else
            for (const Variable& y : first.owner().outputs())
                results.push_back({y, true});
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
        const Variable member = apply.output(i);
        const Variable all = all_members(results[i], batch_.members);
        if (all.dtype() != member.dtype() || all.rank() != member.rank() + 1)
            throw internal_error(apply.op().name, "its batching rule gives {} for members {}",
                                 to_string(all.type()), to_string(member.type()));
        if (!member.name().empty()) all.named(member.name());
        add(member, all);
    }
}

/// What a lowering implies; the op's own rule comes first.
Variable Batcher::make_plain(const Apply& apply, Variables x, std::vector<bool> own)
{
    const Op& op = apply.op();
    if (!batch_.active.is_empty()) mask_indices(batch_, op, x, own);
    const BatchArgs args{apply, x, own, batch_.members, apply.params().get(), &batch_};
    if (op.batch) return op.batch(args);
    return std::visit(
        overloaded{
            [&](const Pointwise&) {
                return croton::apply(op, x, apply.params(), apply.location());
            },
            [&](const Reduce&) { return batch_axes<ReduceParams>(args); },
            [&](const Prefix&) { return batch_axis<PrefixParams>(args); },
            [&](const Contract&) { return batch_contract(args); },
            [&](const Composite& composite) {
                kept_.push_back(composite.values({apply.params().get(), apply.inputs()})[0]);
                return all_members((*this)(Variable(kept_.back())), batch_.members);
            },
            [&](const auto&) -> Variable {
                throw user_error(Code::domain, batch_.place, batch_.function,
                                 "{} ({}) has no batching rule: its record needs Op::batch",
                                 written_name(apply),
                                 apply.location() ? to_string(*apply.location()) : "no place");
            },
        },
        op.lowering);
}

/// Members that take different branches: all are computed, none with indices out of range in those
/// that a member does not take.
std::vector<Batched> Batcher::select(const Apply& apply, const std::vector<Batched>& x)
{
    const std::vector<Region>& branches = apply.params_as<SwitchParams>().branches;
    const Variable& number = x[0].value;
    const bool two = number.dtype() == DType::boolean;
    const OriginScope origin(
        place_of_batch(apply, "vmap (all branches, then a selection)", batch_));
    const std::size_t last = branches.size() - 1;
    const auto taken = [&](std::size_t b) {
        if (two) return b == 0 ? !number : number;
        const auto n = static_cast<std::int64_t>(b);
        return b == 0 ? number <= 0 : b == last ? number >= n : number == n;
    };
    std::vector<Variables> values;
    for (std::size_t b = 0; b < branches.size(); ++b) {
        VariableMap by;
        for (std::size_t i = 0; i < branches[b].inputs().size(); ++i)
            by.emplace(branches[b].inputs()[i], apply.input(i + 1));
        Batch inside = batch_;
        inside.active = both(batch_.active, taken(b));
        // The copy is younger than all that it is made of, and so than what is not the branch's.
        const Variable youngest = input("", DType::boolean, {});
        const Variables copy = copy_graph(branches[b].outputs(), by);
        Batcher branch(inside, youngest.value()->node->serial);
        for (std::size_t i = 1; i < x.size(); ++i)
            if (x[i].own) branch.add(apply.input(i), x[i].value);
        values.emplace_back();
        for (const Variable& v : copy)
            values.back().push_back(all_members(branch(v), batch_.members));
    }
    std::vector<Batched> results;
    for (std::size_t i = 0; i < values[0].size(); ++i) {
        Variable chosen = values[last][i];
        for (std::size_t b = last; b-- > 0;)
            chosen = choose(taken(b), values[b][i], chosen);
        results.push_back({chosen, true});
    }
    return results;
}

std::vector<Batched> batch_switch(const Apply& a, const std::vector<Batched>& x, const Batch& batch)
{
    const std::vector<Region>& branches = a.params_as<SwitchParams>().branches;
    Variables operands;
    for (std::size_t i = 1; i < x.size(); ++i)
        operands.push_back(x[i].value);
    if (!batch.active.is_empty()) operands.push_back(batch.active);
    std::vector<Variables> inputs;
    std::vector<std::vector<Batched>> given;
    for (const Region& branch : branches) {
        Batch inside = batch;
        if (!batch.active.is_empty()) inside.active = placeholder_like(batch.active);
        Batcher batcher(inside, 0);
        Variables ins;
        for (std::size_t i = 0; i < branch.inputs().size(); ++i) {
            const Variable& member = branch.inputs()[i];
            ins.push_back(x[i + 1].own ? placeholder_for_all(member, batch.members) : member);
            if (x[i + 1].own) batcher.add(member, ins.back());
        }
        if (!inside.active.is_empty()) ins.push_back(inside.active);
        given.emplace_back();
        for (const Variable& v : branch.outputs())
            given.back().push_back(batcher(v));
        inputs.push_back(std::move(ins));
    }
    std::vector<Batched> results(a.output_count());
    std::vector<Variables> values(branches.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
        for (const std::vector<Batched>& g : given)
            results[i].own |= g[i].own;
        for (std::size_t b = 0; b < branches.size(); ++b)
            values[b].push_back(results[i].own ? all_members(given[b][i], batch.members)
                                               : given[b][i].value);
    }
    const Variables kept = build_switch(a.op(), x[0].value, operands, inputs, values, a.location());
    for (std::size_t i = 0; i < results.size(); ++i)
        results[i].value = kept[i];
    return results;
}

} // namespace detail

Variables batch(std::span<const Variable> ys,
                std::span<const Variable> xs,
                std::span<const Variable> all,
                const Extent& members,
                std::string_view function,
                const Location* place)
{
    std::uint64_t oldest = std::numeric_limits<std::uint64_t>::max();
    for (const Variable& x : xs)
        oldest = std::min(oldest, x.value()->node->serial);
    detail::Batcher batcher({members, {}, function, place}, oldest);
    for (std::size_t i = 0; i < xs.size(); ++i)
        batcher.add(xs[i], all[i]);
    Variables results;
    for (const Variable& y : ys)
        results.push_back(detail::all_members(batcher(y), members));
    return results;
}

} // namespace croton::inline v1
