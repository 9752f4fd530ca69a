#include "cluster_roots.hpp"

#include <croton/codegen/cost.hpp>
#include <croton/codegen/loop_nest.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <utility>
#include <variant>

#include "lower_steps.hpp"
#include "puller.hpp"

namespace croton::inline v1::codegen {

bool is_structured(const Op& op)
{
    return !is_of_elements(op) && !std::holds_alternative<Gather>(op.lowering);
}

bool repeats(const Apply& apply)
{
    const auto* map = std::get_if<IndexMap>(&apply.op().lowering);
    if (!map || map->keeps_order || apply.inputs().size() != 1) return false;
    return !same(squeezed(apply.output(0).shape()), squeezed(apply.input(0).shape())) &&
           !never_negative(element_count(apply.input(0).shape()) -
                           element_count(apply.output(0).shape()));
}

bool joins_many(const Apply& apply)
{
    constexpr std::size_t many = 5;
    return std::holds_alternative<IndexMap>(apply.op().lowering) && apply.inputs().size() >= many;
}

namespace {

/// Numbers that follow from inputs alone come before all else, so that no kernel of theirs stands
/// between a loop and what follows from it: such is 1 / n, where a mean's gradient begins.
std::vector<Apply> numbers_first(const std::vector<Apply>& order)
{
    detail::PointerSet<detail::Node> early;
    std::vector<Apply> first, rest;
    for (const Apply& a : order) {
        const Extent size = element_count(a.output(0).shape());
        const bool is_number = !is_structured(a.op()) && size.is_known() && size.value() == 1;
        const bool is_early = is_number && std::ranges::all_of(a.inputs(), [&](const Variable& in) {
                                  const Apply owner = in.owner();
                                  return !owner || early.contains(owner.node());
                              });
        if (is_early) early.insert(a.node());
        (is_early ? first : rest).push_back(a);
    }
    first.insert(first.end(), rest.begin(), rest.end());
    return first;
}

} // namespace

Roots::Roots(std::span<const Variable> outputs, bool prologues)
    : order_(numbers_first(applies_of(outputs))), prologues_(prologues)
{
    for (const Variable& v : outputs)
        mark(v);
    known_.reserve(order_.size());
    for (const Apply& a : order_)
        for (std::size_t i = computed_in_strips(a); i < a.inputs().size(); ++i)
            ++known_[a.input(i).value()].uses;
    for (const Apply& a : order_)
        if (const Op* const whole = whole_of(a)) {
            int& uses = whole_uses_[{whole, a.input(0).value()}];
            uses = std::max(uses, known_[a.output(0).value()].uses);
        }
    for (const Apply& a : order_)
        if (std::holds_alternative<Scan>(a.op().lowering)) mark_late_rows(a);
    for (const Apply& a : order_)
        visit(a);
}

/// What a loop in `run` reads row by row where it lies, before any other use of it is looked at.
void Roots::mark_late_rows(const Apply& loop)
{
    for (int i = 0; i < loop.params_as<ScanParams>().sequences; ++i)
        if (const auto late = late_rows_of(loop, static_cast<std::size_t>(i))) {
            mark(late->rows);
            mark(late->first);
        }
}

std::optional<LateRows> Roots::late_rows_of(const Apply& a, std::size_t input) const
{
    if (!std::holds_alternative<Scan>(a.op().lowering) || loop(a).is_kernel) return {};
    const bool is_sequence = input < static_cast<std::size_t>(a.params_as<ScanParams>().sequences);
    return is_sequence ? late_rows(a.input(input)) : std::nullopt;
}

Variables Roots::read_for(const Apply& a, std::size_t input) const
{
    const auto late = late_rows_of(a, input);
    return late ? Variables{late->rows, late->first} : Variables{a.input(input)};
}

const Op* Roots::whole_of(const Apply& a)
{
    const auto* pointwise = std::get_if<Pointwise>(&a.op().lowering);
    return pointwise ? pointwise->part_of : nullptr;
}

int Roots::uses_of(const Apply& a) const
{
    if (const Op* const whole = whole_of(a)) return whole_uses_.at({whole, a.input(0).value()});
    const Known* const known = known_.find(a.output(0).value());
    return known ? known->uses : 0;
}

/// How many of a loop's inputs, sequences, it computes where its members read them, once.
std::size_t Roots::computed_in_strips(const Apply& a) const
{
    const bool members = std::holds_alternative<Scan>(a.op().lowering) && !loop(a).members.empty();
    return members ? static_cast<std::size_t>(a.params_as<ScanParams>().sequences) : 0;
}

const Roots::Loop& Roots::loop(const Apply& scan) const
{
    const auto [at, fresh] = loops_.try_emplace(scan.node());
    if (fresh && fits_a_kernel(scan)) at->second = {true, members_of(scan)};
    return at->second;
}

std::string Roots::why_stored(const Variable& v) const
{
    const auto at = why_stored_.find(v.value());
    return at == why_stored_.end() ? std::string() : at->second;
}

void Roots::visit(const Apply& a)
{
    const Op& op = a.op();
    if (is_structured(op))
        for (const Variable& out : a.outputs())
            mark(out);
    if (has_body(op.lowering)) mark_inputs(a);
    if (std::holds_alternative<Contract>(op.lowering))
        for (const std::size_t operand : {std::size_t{0}, std::size_t{1}})
            mark_operand(a, operand);
    if (std::holds_alternative<Scatter>(op.lowering)) mark(a.input(0));
    if (repeats(a) && effort_of(a.input(0)).flops >= flops_worth_storing) mark(a.input(0));
    const Variable y = a.output(0);
    if (joins_many(a)) mark(y);
    if (contains(y)) return;
    Effort all{is_pointwise(op) ? flops(op, y.dtype()) : 1, 1};
    for (const Variable& in : a.inputs()) {
        const Effort one = effort_of(in);
        all.flops += one.flops;
        all.statements += one.statements;
    }
    Known& known = known_[y.value()];
    known.effort = all;
    const bool shared = uses_of(a) > 1 && all.flops >= flops_worth_storing;
    const bool long_chain = all.statements >= most_statements_in_a_vector_loop / 2;
    if (shared || long_chain) mark(y);
}

/// A loop in one kernel computes what it reads, but for dear sequences if it has no members: a loop
/// of their own computes those in vectors. Other loops and branches take whole arrays.
void Roots::mark_inputs(const Apply& a)
{
    const bool in_kernel = std::holds_alternative<Scan>(a.op().lowering) && loop(a).is_kernel;
    const std::size_t sequences =
        in_kernel && computed_in_strips(a) == 0
            ? static_cast<std::size_t>(a.params_as<ScanParams>().sequences)
            : 0;
    const bool members = in_kernel && !loop(a).members.empty();
    for (std::size_t i = 0; i < a.inputs().size(); ++i) {
        const Variable& in = a.input(i);
        const bool dear = i < sequences && effort_of(in).flops >= flops_worth_storing;
        if (late_rows_of(a, i)) continue;
        if (!in_kernel || dear || (members && gathers(in))) mark(in);
    }
}

/// Whether elements of `v` are found by indices that are read.
bool Roots::gathers(const Variable& v) const
{
    detail::PointerSet<detail::Node> seen;
    Variables open{v};
    while (!open.empty()) {
        const Variable next = open.back();
        open.pop_back();
        const Apply a = next.owner();
        if (!a || contains(next) || !seen.insert(a.node())) continue;
        if (std::holds_alternative<Gather>(a.op().lowering)) return true;
        open.insert(open.end(), a.inputs().begin(), a.inputs().end());
    }
    return false;
}

void Roots::mark_operand(const Apply& product, std::size_t operand)
{
    const Variable& v = product.input(operand);
    const Kept kept = this->kept();
    if (!operand_in_memory(product, operand, kept).is_empty()) return;
    const Variable base = behind_maps(v, kept);
    bool once = true;
    for (Variable x = v;; x = x.owner().input(0)) {
        if (kept(x)) break;
        once &= known_[x.value()].uses == 1;
        if (same(x, base)) break;
    }
    std::string why = prologues_ ? why_no_prologue(product, operand, kept, once)
                                 : "products are a library's: they read whole arrays";
    if (why.empty()) return;
    const Kept with_base = [&](const Variable& x) { return kept(x) || same(x, base); };
    const Variable& stored = operand_in_memory(product, operand, with_base).is_empty() ? v : base;
    mark(stored);
    why_stored_.emplace(stored.value(), std::move(why));
}

Roots::Effort Roots::effort_of(const Variable& v) const
{
    const Known* const known = known_.find(v.value());
    return known && !known->is_root ? known->effort : Effort{};
}

std::vector<Extent> strides_of(const Extent& offset, std::size_t rank)
{
    std::vector<Extent> strides;
    for (std::size_t i = 0; i < rank; ++i)
        strides.push_back(substitute(offset, {{loop_symbol(i), Extent(1)}}) -
                          substitute(offset, {{loop_symbol(i), Extent(0)}}));
    return strides;
}

bool is_strided(const Variable& v, const Variable& base, const std::vector<std::size_t>& classes)
{
    LoopNest scratch;
    Puller puller(scratch);
    puller.in_memory(base);
    At at;
    at.shape = v.shape();
    for (std::size_t i = 0; i < at.shape.size(); ++i)
        at.index.push_back(as_extent(loop_symbol(i)));
    const ScalarId id = puller.pull(v, at);
    const auto* load = std::get_if<Load>(&scratch.scalars[static_cast<std::size_t>(id)].expression);
    if (!load || load->guard >= 0 || puller.divides()) return false;
    for (const ExtentTerm& t : terms(load->at)) {
        int indices = 0;
        for (const detail::Atom* f : t.factors) {
            if (kind(f) != AtomKind::symbol) return false;
            for (std::size_t i = 0; i < at.shape.size(); ++i)
                indices += f == loop_symbol(i);
        }
        if (indices != 1) return false; // an offset or a product of indices
    }
    const std::vector<Extent> strides = strides_of(load->at, at.shape.size());
    for (std::size_t i = 0; i + 1 < strides.size(); ++i) {
        const bool boundary = std::ranges::count(classes, i + 1) > 0;
        if (!boundary && !same(strides[i], strides[i + 1] * at.shape[i + 1])) return false;
    }
    return true;
}

} // namespace croton::inline v1::codegen
