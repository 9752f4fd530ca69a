#include "puller.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/overloaded.hpp>

#include <algorithm>

#include "cluster_index.hpp"
#include "known_extent.hpp"
#include "use_depths.hpp"

namespace croton::inline v1::codegen {

namespace {

bool same(const At& a, const At& b)
{
    return croton::same(a.shape, b.shape) && croton::same(a.index, b.index);
}

} // namespace

const detail::Atom* loop_symbol(std::size_t i) { return index_symbol(i); }
const detail::Atom* lane_symbol() { return loop_symbol(most_axes - 1); }
const detail::Atom* block_symbol() { return loop_symbol(most_axes - 2); }
const detail::Atom* gather_symbol(std::size_t i) { return index_symbol(most_axes + i); }

std::string loop_name(std::size_t i)
{
    constexpr std::string_view letters[] = {"i", "j", "k", "l"};
    return i < std::size(letters) ? std::string(letters[i]) : fmt::format("loop_{}", i);
}

Extent flat(const At& at) { return flat_index(at.index, at.shape); }

int lane_count(DType dtype)
{
    if (!is_float(dtype)) return 1;
    return dtype == DType::f64 ? 16 : 32;
}

Puller::Puller(LoopNest& nest) : nest_(nest)
{
    open_.push_back({Statement(Let{-1}), &nest.body, {}, {}, {}});
    for (std::size_t i = 0; i < nest.buffers.size(); ++i) // of loops that another wrote
        buffers_.emplace(nest.buffers[i].value.value(), static_cast<BufferId>(i));
}

namespace {
/// What an op's text of its operand alone is: as all of an op, rounded to 16 bits where it has
/// them.
constexpr Op rounded_op{.name = "rounded",
                        .doc = "The operand, rounded to the result's dtype.",
                        .dtype = same_dtype,
                        .shape = shape_of_first,
                        .lowering = Pointwise{"{a}"},
                        .reference = DerivedReference{},
                        .grad = not_differentiable("it stands in loop nests alone")};
} // namespace

ScalarId Puller::known_result(const Variable& value, const At& at, ScalarId scalar)
{
    const DType computed = computed_dtype(value.dtype());
    if (computed != value.dtype())
        scalar = add({computed, Compute{&rounded_op, {}, {scalar}}, depth(), 0, value});
    known(value, at, scalar);
    return scalar;
}

void Puller::known(const Variable& value, const At& at, ScalarId scalar)
{
    known_[value.value()].emplace_back(at, scalar);
}

BufferId Puller::buffer(const Variable& value, Buffer::Access access)
{
    const auto [at, fresh] =
        buffers_.emplace(value.value(), static_cast<BufferId>(nest_.buffers.size()));
    if (fresh)
        nest_.buffers.push_back({value, {}, access});
    else if (nest_.buffers[static_cast<std::size_t>(at->second)].access != access)
        nest_.buffers[static_cast<std::size_t>(at->second)].access = Buffer::Access::read_write;
    return at->second;
}

void Puller::reload_from(const Variable& value, const Variable& carrier)
{
    buffers_[value.value()] = buffer(carrier, Buffer::Access::read);
    reload(value);
}

void Puller::open(Loop loop)
{
    loop.depth = depth() + 1;
    symbol_depth_[loop.index] = loop.depth;
    ranges_.insert_or_assign(loop.index, loop.extent);
    open_.push_back({Statement(std::move(loop)), nullptr, {}, {}, {}});
    open_.back().block = &innermost().body;
    // The vector may have moved its elements, and with them the blocks inside the loops.
    const auto body_of = overloaded{
        [](Loop& l) { return &l.body; },
        [](ColumnLoop& l) { return &l.body; },
        [](auto&) -> Block* { return nullptr; },
    };
    for (std::size_t i = 1; i + 1 < open_.size(); ++i)
        open_[i].block = visit(open_[i].statement, body_of);
}

void Puller::open_column(ColumnLoop loop)
{
    loop.depth = depth() + 1;
    symbol_depth_[loop.row] = loop.depth;
    symbol_depth_[loop.column] = loop.depth;
    ranges_.insert_or_assign(loop.row, loop.end);
    ranges_.insert_or_assign(loop.column, loop.columns);
    open_.push_back({Statement(std::move(loop)), nullptr, {}, {}, {}});
    open_.back().block = &innermost_column().body;
    for (std::size_t i = 1; i + 1 < open_.size(); ++i)
        open_[i].block = &std::get<Loop>(open_[i].statement).body;
}

Statement& Puller::close()
{
    Statement done = std::move(open_.back().statement);
    open_.pop_back();
    Block& outer = *open_.back().block;
    outer.push_back(std::move(done));
    return outer.back();
}

ScalarId Puller::add(Scalar scalar)
{
    const auto id = static_cast<ScalarId>(nest_.scalars.size());
    for (const ScalarId o : operands_of(scalar))
        keep(o);
    const int at = scalar.depth;
    const bool statement = !std::holds_alternative<Accumulated>(scalar.expression);
    nest_.scalars.push_back(std::move(scalar));
    if (statement) block_at(at).push_back(Statement(Let{id}));
    return id;
}

int Puller::depth_of(const Extent& index) const
{
    int deepest = 0;
    for (const detail::Atom* s : symbols(index))
        if (const auto at = symbol_depth_.find(s); at != symbol_depth_.end())
            deepest = std::max(deepest, at->second);
    return deepest;
}

At Puller::adapted(const At& at, const Shape& shape)
{
    if (croton::same(at.shape, shape)) return at;
    return {reindex(at.index, at.shape, shape), shape};
}

void Puller::note_division(const Extent& index)
{
    for (const ExtentTerm& t : terms(index))
        for (const detail::Atom* f : t.factors)
            divides_ |= kind(f) != AtomKind::symbol;
}

Puller::Key Puller::key(const Variable& value, const At& at, ScalarId guard)
{
    Key k{value.value(), {}, guard};
    for (const auto* list : {&at.index, &at.shape})
        for (const Extent& e : *list)
            k.index.emplace_back(e.polynomial(), e.is_known() ? e.value() : 0);
    return k;
}

ScalarId Puller::pull(const Variable& value, const At& at, ScalarId guard)
{
    const Key k = key(value, at, guard);
    for (const OpenLoop& loop : open_)
        if (const auto found = loop.memo.find(k); found != loop.memo.end()) return found->second;
    const ScalarId id = pull_fresh(value, at, guard);
    int at_depth = nest_.scalars[static_cast<std::size_t>(id)].depth;
    // Which piece of an array it is may follow from how far a loop over a part of an axis runs.
    if (value.owner() && !in_memory_.contains(value.value()))
        at_depth = std::max(at_depth, depth_of_part());
    open_[static_cast<std::size_t>(at_depth)].memo.emplace(k, id);
    return id;
}

/// Of the innermost loop that others over the rest of its axis follow; 0: there is none.
int Puller::depth_of_part() const
{
    for (int d = depth(); d > 0; --d) {
        const auto* loop = std::get_if<Loop>(&open_[static_cast<std::size_t>(d)].statement);
        if (loop && loop->in_part) return d;
    }
    return 0;
}

ScalarId Puller::pull_fresh(const Variable& value, const At& at, ScalarId guard)
{
    if (const auto found = known_.find(value.value()); found != known_.end())
        for (const auto& [place, scalar] : found->second)
            if (same(adapted(at, place.shape), place)) return scalar;
    if (in_memory_.contains(value.value())) return load(value, at, guard);
    if (value.leaf() == Leaf::constant && value.constant().size() == 1) {
        const DType t = computed_dtype(value.dtype());
        return add({t, Literal{value.constant().reshape({}).cast(t)}, 0, 0, value});
    }
    const Apply apply = value.owner();
    if (!apply) return load(value, at, guard);
    return pull_apply(apply, value, at, guard);
}

void Puller::keep_in_strip(const Variable& value, std::vector<bool> along)
{
    Shape shape;
    for (std::size_t i = 0; i < along.size(); ++i)
        if (!along[i]) shape.push_back(value.shape()[i]);
    int width = 0;
    for (const OpenLoop& open : open_)
        if (const auto* l = std::get_if<Loop>(&open.statement); l && l->width > 0) width = l->width;
    shape.emplace_back(width);
    strips_[value.value()] = {strip_array(nest_.strip_arrays.size()), std::move(along)};
    nest_.strip_arrays.push_back(
        {value, {input(std::string(value.name()), value.dtype(), shape), {}}});
    in_memory_[value.value()] = false;
}

void Puller::copy_to_strip(const Variable& value, std::vector<bool> along)
{
    At all{{}, value.shape()};
    std::vector<const detail::Atom*> indices;
    std::size_t member = 0;
    for (const bool is_member : along) {
        if (!is_member) indices.push_back(loop_symbol(open_.size() + indices.size()));
        all.index.push_back(as_extent(is_member ? loop_symbol(member++) : indices.back()));
    }
    const BufferId from = buffer(value, Buffer::Access::read);
    keep_in_strip(value, std::move(along));
    StripArray& array = nest_.strip_arrays.back();
    array.from = from;
    array.at = flat(all);
    array.indices = std::move(indices);
}

/// Where `value` at `at` lies in the array that a strip has of it.
bool Puller::find_in_strip(const Variable& value, const At& at, BufferId& id, Extent& index) const
{
    const auto found = strips_.find(value.value());
    if (found == strips_.end()) return false;
    const InStrip& array = found->second;
    const At here = adapted(at, value.shape());
    At inside;
    std::size_t member = 0;
    for (std::size_t i = 0; i < array.along.size(); ++i) {
        if (!array.along[i])
            inside.index.push_back(here.index[i]);
        else if (!same(here.index[i], as_extent(loop_symbol(member++))))
            return false;
    }
    inside.index.push_back(as_extent(lane_symbol()));
    id = array.id;
    inside.shape = buffer_at(nest_, id).shape();
    index = flat(inside);
    return true;
}

ScalarId Puller::load(const Variable& value, const At& at, ScalarId guard)
{
    BufferId strip = -1;
    Extent place = 0;
    if (find_in_strip(value, at, strip, place)) {
        note_division(place);
        return add({computed_dtype(value.dtype()), Load{strip, place, guard}, depth(), 0, value});
    }
    const auto stored = in_memory_.find(value.value());
    const bool own = stored != in_memory_.end() && !stored->second;
    const BufferId b = buffer(value, Buffer::Access::read);
    accesses_.push_back({value, at});
    const Extent index = flat(at);
    note_division(index);
    int d = own ? depth() : depth_of(index);
    if (guard >= 0) d = std::max(d, nest_.scalars[static_cast<std::size_t>(guard)].depth);
    return add({computed_dtype(value.dtype()), Load{b, index, guard}, d, 0, value});
}

void Puller::note_reach(const Extent& row)
{
    std::map<BufferId, std::int64_t> reaches;
    for (Buffer& b : nest_.buffers)
        if (b.access == Buffer::Access::write) b.reach = 0;
    for (const auto& [value, at] : accesses_) {
        std::int64_t& reach = reaches[buffers_.at(value.value())];
        const Shape shape = value.shape();
        if (shape.empty()) reach = -1;
        if (reach < 0) continue;
        const Extent away = adapted(at, shape).index[0] - row;
        reach = away.is_known() ? std::max(reach, std::abs(away.value())) : -1;
    }
    for (const auto& [id, reach] : reaches)
        nest_.buffers[static_cast<std::size_t>(id)].reach = reach;
}

ScalarId Puller::pull_apply(const Apply& apply, const Variable& value, const At& at, ScalarId guard)
{
    const auto cannot = [&](std::string_view what) -> ScalarId {
        throw internal_error("code generation",
                             "{} '{}' is pulled into a kernel that does not compute it", what,
                             apply.op().name);
    };
    return std::visit(
        overloaded{
            [&](const Pointwise& pointwise) {
                const DType computed = computed_dtype(value.dtype());
                Compute compute{&apply.op(), apply.params(), {}};
                int d = 0;
                for (const Variable& in : apply.inputs()) {
                    compute.operands.push_back(pull(in, at, guard));
                    d = std::max(
                        d, nest_.scalars[static_cast<std::size_t>(compute.operands.back())].depth);
                }
                if (pointwise.part_of)
                    compute.operands = {whole_of_part(*pointwise.part_of, computed,
                                                      std::move(compute.operands), d)};
                return add({computed, std::move(compute), d, 0, value});
            },
            [&](const IndexMap& map) { return pull_pieces(map, apply, at, guard); },
            [&](const Iota& iota) {
                const At here = adapted(at, value.shape());
                const Extent index =
                    iota.value({apply.params().get(), {}, value.type(), here.index});
                note_division(index);
                return add({value.dtype(), IndexValue{index}, depth_of(index), 0, value});
            },
            [&](const Gather& gather) { return pull_gather(gather, apply, at, guard); },
            [&](const Reduce&) { return cannot("reduction"); },
            [&](const Prefix&) { return cannot("prefix"); },
            [&](const Scatter&) { return cannot("scatter"); },
            [&](const Contract&) { return cannot("contraction"); },
            [&](const Scan&) { return cannot("loop"); },
            [&](const Switch&) { return cannot("branch"); },
            [&](const Composite&) { return cannot("unexpanded"); },
        },
        apply.op().lowering);
}

/// What a function with several results gives, once for all ops that are parts of it.
ScalarId
Puller::whole_of_part(const Op& function, DType dtype, std::vector<ScalarId> operands, int depth)
{
    const auto k = std::pair(&function, operands);
    for (const OpenLoop& loop : open_)
        if (const auto found = loop.wholes.find(k); found != loop.wholes.end())
            return found->second;
    const ScalarId id = add({dtype, Compute{&function, {}, std::move(operands)}, depth});
    const int in = std::max(depth, depth_of_part());
    open_[static_cast<std::size_t>(in)].wholes.emplace(k, id);
    return id;
}

ScalarId Puller::in_range(const std::vector<IndexPiece::Guard>& guards, ScalarId also)
{
    std::vector<std::pair<const void*, std::int64_t>> k{{nullptr, also}};
    int d = also >= 0 ? nest_.scalars[static_cast<std::size_t>(also)].depth : 0;
    for (const auto& g : guards) {
        for (const Extent& e : {g.value, g.bound})
            k.emplace_back(e.polynomial(), e.is_known() ? e.value() : 0);
        d = std::max({d, depth_of(g.value), depth_of(g.bound)});
        note_division(g.value);
    }
    auto& known_guards = open_[static_cast<std::size_t>(d)].guards;
    if (const auto found = known_guards.find(k); found != known_guards.end()) return found->second;
    const ScalarId id = add({DType::boolean, InRange{guards, also}, d, 0, Variable()});
    open_[static_cast<std::size_t>(d)].guards.emplace(k, id);
    return id;
}

namespace {

std::vector<Type> operand_types(const Apply& apply)
{
    std::vector<Type> types;
    for (const Variable& in : apply.inputs())
        types.push_back(in.type());
    return types;
}

} // namespace

/// Drops guards that hold always; `never` tells that one cannot hold.
std::vector<IndexPiece::Guard> Puller::undecided(const std::vector<IndexPiece::Guard>& guards,
                                                 bool& never) const
{
    std::vector<IndexPiece::Guard> rest;
    never = false;
    for (const auto& g : guards) {
        const Holds known = holds(g, ranges_);
        never |= known == Holds::never;
        if (known == Holds::sometimes) rest.push_back(g);
    }
    return rest;
}

/// What must hold for an operand to have an element at `index`; axes along which the result at
/// `here` runs need nothing.
std::vector<IndexPiece::Guard>
Puller::bounds(const std::vector<Extent>& index, const Shape& shape, const At& here) const
{
    std::vector<IndexPiece::Guard> guards;
    for (std::size_t i = 0; i < index.size(); ++i) {
        bool runs_along = false;
        for (std::size_t k = 0; k < here.index.size(); ++k)
            runs_along |= same(index[i], here.index[k]) && same(shape[i], here.shape[k]);
        if (!runs_along) guards.push_back({index[i], shape[i]});
    }
    bool never = false;
    return undecided(guards, never);
}

ScalarId Puller::pull_pieces(const IndexMap& map, const Apply& apply, const At& at, ScalarId guard)
{
    if (map.keeps_order) return pull(apply.input(0), at, guard);
    const Variable y = apply.output(0);
    const At here = adapted(at, y.shape());
    const std::vector<Type> types = operand_types(apply);
    const std::vector<Extent> ends = ends_of(here.index, ranges_, here.shape);
    std::vector<IndexPiece> pieces =
        map.map({apply.params().get(), types, y.type(), here.index, ends});
    struct Choice {
        ScalarId guard;
        ScalarId value;
    };
    std::vector<Choice> choices;
    ScalarId otherwise = -1;
    for (IndexPiece& p : pieces) {
        bool never = false;
        const auto guards = undecided(p.guards, never);
        if (never) continue;
        const Variable& operand = apply.input(p.operand);
        const ScalarId condition = guards.empty() ? -1 : in_range(guards, -1);
        // The last piece has no condition, and no element where one of the others holds.
        const auto reads =
            guards.empty() && !choices.empty() ? bounds(p.index, operand.shape(), here) : guards;
        const ScalarId safe = reads.empty() ? guard : in_range(reads, guard);
        if (guards.empty() && choices.size() == 1 && guard < 0) otherwise = safe;
        open_guards_.insert(open_guards_.end(), guards.begin(), guards.end());
        choices.push_back({condition, pull(operand, {std::move(p.index), operand.shape()}, safe)});
        if (guards.empty()) break;
    }
    ScalarId result = choices.back().value;
    for (std::size_t i = choices.size() - 1; i-- > 0;) {
        const Select s{choices[i].guard, choices[i].value, result, otherwise};
        int d = 0;
        for (ScalarId id : {s.condition, s.a, s.b})
            d = std::max(d, nest_.scalars[static_cast<std::size_t>(id)].depth);
        result = add({computed_dtype(y.dtype()), s, d, 0, y});
    }
    return result;
}

Extent Puller::checked(ScalarId raw, const Extent& extent, const Apply& apply)
{
    const detail::Atom* symbol = gather_symbol(gathers_++);
    const int d = std::max(nest_.scalars[static_cast<std::size_t>(raw)].depth, depth_of(extent));
    symbol_depth_[symbol] = d;
    nest_.checks_index = true;
    if (std::ranges::find(nest_.checked, apply.node(), &Apply::node) == nest_.checked.end())
        nest_.checked.push_back(apply);
    Scalar s{DType::i64, CheckedIndex{raw, extent}, d, 0, Variable()};
    s.symbol = symbol;
    add(std::move(s));
    return as_extent(symbol);
}

ScalarId Puller::pull_gather(const Gather& gather, const Apply& apply, const At& at, ScalarId guard)
{
    const Variable y = apply.output(0);
    const At here = adapted(at, y.shape());
    const std::vector<Type> types = operand_types(apply);
    const Variable& data = apply.input(0);
    At place{{}, data.shape()};
    const auto axes = gather.map({apply.params().get(), types, y.type(), here.index});
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const GatherAxis& axis = axes[i];
        if (axis.index_operand < 0) {
            place.index.push_back(axis.at[0]);
            continue;
        }
        const Variable& index = apply.input(static_cast<std::size_t>(axis.index_operand));
        const ScalarId raw = pull(index, {axis.at, index.shape()}, guard);
        place.index.push_back(checked(raw, place.shape[i], apply));
    }
    return pull(data, place, guard);
}

ScalarId Puller::stored_or(const Variable& value, const At& at, std::size_t axis, int otherwise)
{
    const DType t = value.dtype();
    const ScalarId inside = in_range({{at.index[axis], at.shape[axis]}}, -1);
    const BufferId b = buffer(value, Buffer::Access::read);
    const ScalarId stored = add({t, Load{b, flat(at), inside}, depth(), 0, Variable()});
    if (otherwise == 0) return stored; // as it is where nothing is read
    const ScalarId other = add({t, Literal{Array::scalar(otherwise).cast(t)}, 0, 0, Variable()});
    return add({t, Select{inside, stored, other}, depth(), 0, Variable()});
}

void Puller::store(const Variable& value, const At& at, ScalarId scalar, bool accumulate)
{
    BufferId strip = -1;
    Extent place = 0;
    if (find_in_strip(value, at, strip, place)) {
        keep(scalar);
        open_.back().block->push_back(
            Statement(Store{strip, place, scalar, false, value.location()}));
        return;
    }
    const BufferId b = buffer(value, Buffer::Access::write);
    if (accumulate) nest_.buffers[static_cast<std::size_t>(b)].access = Buffer::Access::read_write;
    keep(scalar);
    open_.back().block->push_back(
        Statement(Store{b, flat(at), scalar, accumulate, value.location()}));
}

void Puller::store_packed(const Variable& value, const Extent& at, ScalarId scalar)
{
    keep(scalar);
    open_.back().block->push_back(Statement(Store{-1, at, scalar, false, value.location()}));
}

} // namespace croton::inline v1::codegen
