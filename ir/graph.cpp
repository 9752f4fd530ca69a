#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/hash.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <unordered_map>

namespace croton::inline v1 {

using detail::hash_pointer;
using detail::HashIndex;

namespace {

/// What stands for the outputs of nodes that changed.
class Replaced {
public:
    const Variable* find(const Variable& v) const
    {
        const detail::Node* node = v.value()->node;
        const std::uint32_t at =
            index_.find(hash_pointer(node), [&](std::uint32_t i) { return nodes_[i] == node; });
        if (at == HashIndex::none) return nullptr;
        return &values_[first_[at] + static_cast<std::size_t>(v.index())];
    }
    void add(const detail::Node* node, std::span<const Variable> outputs)
    {
        index_.insert(hash_pointer(node), static_cast<std::uint32_t>(nodes_.size()));
        nodes_.push_back(node);
        first_.push_back(values_.size());
        values_.insert(values_.end(), outputs.begin(), outputs.end());
    }
    bool is_empty() const { return nodes_.empty(); }

private:
    HashIndex index_;
    std::vector<const detail::Node*> nodes_;
    std::vector<std::size_t> first_;
    Variables values_;
};

void check_type(const Variable& old, const Variable& by, std::string_view reason)
{
    if (old.type() == by.type()) return;
    throw internal_error("graph", "{} replaces {} by {}", reason, to_string(old.type()),
                         to_string(by.type()));
}

/// A new value without a name takes that of the one it stands for. Applies older than `newest` are
/// the user's own, whose names are not ours to give.
void keep_name(const Variable& old, const Variable& by, std::uint64_t newest)
{
    const std::string* name = old.value()->name.load(std::memory_order_acquire);
    const Apply owner = by.owner();
    if (!name || !owner || owner.serial() <= newest || by.value()->name.load()) return;
    by.value()->name.store(name, std::memory_order_release);
}

} // namespace

namespace {

/// The Apply with other inputs and parameters, of the same types.
Variables copied(const Apply& apply, std::span<const Variable> inputs, const Params& params)
{
    std::vector<Type> types;
    for (std::size_t i = 0; i < apply.output_count(); ++i)
        types.push_back(apply.output(i).type());
    const auto requirements = apply.requirements();
    const Variables made = rebuild(apply.op(), inputs, params, types, apply.location(),
                                   apply.node()->weak, {requirements.begin(), requirements.end()});
    for (std::size_t i = 0; i < made.size(); ++i)
        made[i].value()->name.store(apply.output(i).value()->name.load());
    return made;
}

} // namespace

Variables with_inputs(const Apply& apply, std::span<const Variable> inputs)
{
    return copied(apply, inputs, apply.params());
}

bool has_regions(const Op& op)
{
    if (!op.params) return false;
    const Params fresh = Params::adopt(op.params());
    return std::ranges::any_of(fresh->fields(), [](const FieldRef& f) {
        return std::holds_alternative<Region*>(f.value) ||
               std::holds_alternative<std::vector<Region>*>(f.value);
    });
}

std::vector<Region> regions_of(const Apply& apply)
{
    std::vector<Region> regions;
    if (!apply.params()) return regions;
    for (const FieldRef& f : apply.params()->fields()) {
        if (Region* const* r = std::get_if<Region*>(&f.value); r && **r) regions.push_back(**r);
        if (const auto* v = std::get_if<std::vector<Region>*>(&f.value))
            regions.insert(regions.end(), (*v)->begin(), (*v)->end());
    }
    return regions;
}

Variables with_regions(const Apply& apply, std::span<const Region> regions)
{
    ParamsBase* copy = apply.params()->fresh();
    const Params params = Params::adopt(copy);
    const auto from = apply.params()->fields();
    const auto to = copy->fields();
    std::size_t next = 0;
    for (std::size_t i = 0; i < from.size(); ++i)
        std::visit(overloaded{
                       [&](Region* r) {
                           if (*std::get<Region*>(from[i].value)) *r = regions[next++];
                       },
                       [&](std::vector<Region>* v) {
                           const std::size_t n =
                               std::get<std::vector<Region>*>(from[i].value)->size();
                           v->assign(regions.begin() + static_cast<std::ptrdiff_t>(next),
                                     regions.begin() + static_cast<std::ptrdiff_t>(next + n));
                           next += n;
                       },
                       [&]<class T>(T* v) { *v = *std::get<T*>(from[i].value); },
                   },
                   to[i].value);
    return copied(apply, apply.inputs(), params);
}

Graph::Graph(Variables inputs, Variables outputs)
    : inputs_(std::move(inputs)), outputs_(std::move(outputs))
{}

void Graph::forget()
{
    ordered_ = indexed_ = counted_ = false;
    order_.clear();
    positions_.clear();
    uses_ = {};
}

const std::vector<Apply>& Graph::order() const
{
    if (!ordered_) build_order();
    return order_;
}

void Graph::build_order() const
{
    order_ = applies_of(outputs_);
    ordered_ = true;
}

std::uint32_t Graph::find(const detail::Node* node) const
{
    const std::vector<Apply>& all = order();
    if (!indexed_) {
        positions_.reserve(all.size());
        for (std::size_t i = 0; i < all.size(); ++i)
            positions_.insert(hash_pointer(all[i].node()), static_cast<std::uint32_t>(i));
        indexed_ = true;
    }
    return positions_.find(hash_pointer(node),
                           [&](std::uint32_t i) { return all[i].node() == node; });
}

bool Graph::contains(const Apply& apply) const { return find(apply.node()) != HashIndex::none; }

std::size_t Graph::position(const Apply& apply) const
{
    const std::uint32_t at = find(apply.node());
    if (at == HashIndex::none)
        throw internal_error("graph", "an apply of {} is not in the graph", apply.op().name);
    return at;
}

void Graph::build_uses() const
{
    const std::vector<Apply>& all = order();
    uses_.first.assign(all.size() + 1, 0);
    const auto each_edge = [&](auto f) {
        for (std::uint32_t i = 0; i < all.size(); ++i)
            for (std::uint32_t k = 0; k < all[i].inputs().size(); ++k)
                if (const detail::Node* from = all[i].input(k).value()->node; from->op)
                    f(find(from), Use{i, k});
    };
    each_edge([&](std::uint32_t from, Use) { ++uses_.first[from + 1]; });
    for (std::size_t i = 0; i < all.size(); ++i)
        uses_.first[i + 1] += uses_.first[i];
    uses_.uses.resize(uses_.first.back());
    std::vector<std::uint32_t> next(uses_.first.begin(), uses_.first.end() - 1);
    each_edge([&](std::uint32_t from, Use use) { uses_.uses[next[from]++] = use; });
    counted_ = true;
}

std::span<const Graph::Use> Graph::uses(const Apply& apply) const
{
    if (!counted_) build_uses();
    const std::size_t at = position(apply);
    return std::span(uses_.uses).subspan(uses_.first[at], uses_.first[at + 1] - uses_.first[at]);
}

std::size_t Graph::use_count(const Variable& v) const
{
    std::size_t count = 0;
    for (const Variable& output : outputs_)
        count += same(output, v);
    if (const Apply owner = v.owner()) {
        for (const Use& use : uses(owner))
            count += same(order()[use.apply].input(use.input), v);
        return count;
    }
    for (const Apply& a : order()) // leaves are not in the index
        for (const Variable& in : a.inputs())
            count += same(in, v);
    return count;
}

void Graph::replace(const Variable& old, const Variable& by, std::string_view reason)
{
    const Variable from = resolve(old);
    const Variable to = resolve(by);
    check_type(from, to, reason);
    if (same(from, to)) return;
    staged_index_.insert(hash_pointer(from.value()), static_cast<std::uint32_t>(staged_.size()));
    staged_.push_back({from, to});
}

Variable Graph::resolve(const Variable& v) const
{
    const auto next = [&](const Variable& from) {
        return staged_index_.find(hash_pointer(from.value()),
                                  [&](std::uint32_t i) { return same(staged_[i].old, from); });
    };
    if (staged_.empty()) return v;
    Variable end = v;
    for (std::uint32_t i = next(end); i != HashIndex::none; i = next(end))
        end = staged_[i].by;
    for (std::uint32_t i = next(v); i != HashIndex::none;) { // later look-ups take one step
        const Variable by = staged_[i].by;
        staged_[i].by = end;
        i = next(by);
    }
    return end;
}

namespace {

/// What outputs need once staged replacements stand for what they replace: only Applies that read
/// something else than before are made anew, inputs before users.
class Rebuilt {
public:
    explicit Rebuilt(const Graph& graph) : graph_(graph) {}

    void add(const Variable& output)
    {
        enter(graph_.resolve(output));
        while (!stack_.empty()) {
            Frame& top = stack_.back();
            if (top.next < top.apply.inputs().size())
                enter(graph_.resolve(top.apply.input(top.next++)));
            else
                leave();
        }
    }

    /// What stands for a value that was added, or that one of those needs.
    Variable current(const Variable& v) const
    {
        const Variable end = graph_.resolve(v);
        const Variable* made = replaced_.find(end);
        return made ? *made : end;
    }

private:
    enum class State : std::uint8_t { open, done };
    struct Frame {
        Apply apply;
        std::uint32_t at;
        std::size_t next;
    };

    void enter(const Variable& v)
    {
        const detail::Node* node = v.value()->node;
        if (!node->op) return;
        const std::uint32_t at =
            seen_.find(hash_pointer(node), [&](std::uint32_t i) { return nodes_[i] == node; });
        if (at != HashIndex::none) {
            if (states_[at] == State::open)
                throw internal_error("graph", "a replacement needs what it replaces: {}",
                                     node->op->name);
            return;
        }
        const auto fresh = static_cast<std::uint32_t>(nodes_.size());
        seen_.insert(hash_pointer(node), fresh);
        nodes_.push_back(node);
        states_.push_back(State::open);
        stack_.push_back({v.owner(), fresh, 0});
    }

    void leave()
    {
        const Frame& top = stack_.back();
        inputs_.clear();
        bool changed = false;
        for (const Variable& in : top.apply.inputs()) {
            inputs_.push_back(current(in));
            changed |= !same(inputs_.back(), in);
        }
        if (changed) replaced_.add(top.apply.node(), with_inputs(top.apply, inputs_));
        states_[top.at] = State::done;
        stack_.pop_back();
    }

    const Graph& graph_;
    Replaced replaced_;
    HashIndex seen_;
    std::vector<const detail::Node*> nodes_;
    std::vector<State> states_;
    std::vector<Frame> stack_;
    Variables inputs_; ///< of the Apply that is left
};

} // namespace

bool Graph::commit()
{
    if (staged_.empty()) return false;
    std::uint64_t newest = 0;
    for (const Apply& a : order())
        newest = std::max(newest, a.serial());
    for (const Staged& s : staged_)
        keep_name(s.old, resolve(s.by), newest);

    Rebuilt rebuilt(*this);
    for (const Variable& output : outputs_)
        rebuilt.add(output);
    bool changed = false;
    for (Variable& output : outputs_) {
        const Variable now = rebuilt.current(output);
        changed |= !same(now, output);
        output = now;
    }
    staged_.clear();
    staged_index_.clear();
    if (changed) forget();
    return changed;
}

bool Graph::rewrite(const Visitor& visitor)
{
    if (!staged_.empty()) commit();
    std::uint64_t newest = 0;
    for (const Apply& a : order())
        newest = std::max(newest, a.serial());
    Replaced replaced;
    Variables inputs;
    Variables made;
    for (const Apply& old : order()) {
        Apply apply = old;
        if (!replaced.is_empty()) {
            inputs.clear();
            bool changed = false;
            for (const Variable& in : old.inputs()) {
                const Variable* now = replaced.find(in);
                inputs.push_back(now ? *now : in);
                changed |= now != nullptr;
            }
            if (changed) apply = with_inputs(old, inputs)[0].owner();
        }
        made.clear();
        if (visitor(apply, made)) {
            for (std::size_t i = 0; i < made.size(); ++i) {
                check_type(old.output(i), made[i], old.op().name);
                keep_name(old.output(i), made[i], newest);
            }
            replaced.add(old.node(), made);
        } else if (apply.node() != old.node()) {
            replaced.add(old.node(), apply.outputs());
        }
    }
    if (replaced.is_empty()) return false;
    bool changed = false;
    for (Variable& output : outputs_)
        if (const Variable* now = replaced.find(output)) {
            changed |= !same(*now, output);
            output = *now;
        }
    if (changed) forget();
    return changed;
}

namespace {

/// Which operands and outputs are one value, in regions too.
std::size_t hash_sharing(std::span<const Variable> outputs)
{
    std::unordered_map<const detail::Value*, std::size_t> numbers; // as they first come
    std::size_t h = 0;
    const auto add = [&](const Variable& v) {
        h = hash_of(h, numbers.try_emplace(v.value(), numbers.size()).first->second);
    };
    for (const Apply& a : applies_of(outputs)) {
        for (const Variable& in : a.inputs())
            add(in);
        if (has_regions(a.op()))
            for (const Region& region : regions_of(a))
                h = hash_of(h, hash_sharing(region.outputs()));
    }
    for (const Variable& v : outputs)
        add(v);
    return h;
}

} // namespace

std::size_t Graph::hash() const
{
    // A structural hash sees values, not which of them are computed once.
    return hash_of(structural_hash(inputs_, outputs_), hash_sharing(outputs_));
}

} // namespace croton::inline v1
