#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/hash.hpp>
#include <croton/ir/inputs_first.hpp>
#include <croton/ir/traverse.hpp>

#include <unordered_map>

namespace croton::inline v1 {

namespace {

template <class OnApply, class OnLeaf>
void walk(std::span<const Variable> outputs, OnApply on_apply, OnLeaf on_leaf)
{
    detail::PointerSet<detail::Node> done;
    const auto enter = [&](const Variable& v) {
        const detail::Node* node = v.value()->node;
        if (!done.insert(node)) return false;
        if (!node->op) on_leaf(v);
        return node->op != nullptr;
    };
    for (const Variable& output : outputs)
        detail::inputs_first(output, enter, on_apply);
}

} // namespace

std::vector<Apply> applies_of(std::span<const Variable> outputs)
{
    std::vector<Apply> order;
    walk(
        outputs, [&](const detail::Node* n) { order.push_back(detail::apply_of(n)); },
        [](const Variable&) {});
    return order;
}

Variables leaves(std::span<const Variable> outputs)
{
    Variables found;
    walk(outputs, [](const detail::Node*) {}, [&](const Variable& v) { found.push_back(v); });
    return found;
}

namespace {

Type substituted(const Type& type, const Substitution& extents)
{
    if (extents.empty() || type.is_pattern()) return type;
    Shape shape = type.shape();
    for (Extent& e : shape)
        e = substitute(e, extents);
    return Type(type.dtype(), shape);
}

} // namespace

GraphCopy::GraphCopy(const VariableMap& by, Substitution extents) : extents_(std::move(extents))
{
    for (const auto& [from, to] : by)
        replace(from, to);
}

void GraphCopy::replace(const Variable& from, const Variable& to)
{
    const auto [value, fresh] = map_.insert(from.value());
    if (!fresh)
        throw internal_error("copy", "{} was copied before it was replaced",
                             to_string(from.type()));
    value = to;
}

Variable GraphCopy::operator()(const Variable& root)
{
    std::vector<const detail::Node*> stack{root.value()->node};
    while (!stack.empty()) {
        const detail::Node* node = stack.back();
        if (map_.contains(node->values()) && all_mapped(node)) {
            stack.pop_back();
            continue;
        }
        bool ready = true;
        for (std::uint32_t i = 0; i < node->input_count; ++i) {
            const Variable& in = node->inputs()[i];
            if (!map_.contains(in.value())) {
                stack.push_back(in.value()->node);
                ready = false;
            }
        }
        if (!ready) continue;
        make(node);
        stack.pop_back();
    }
    return *map_.find(root.value());
}

bool GraphCopy::all_mapped(const detail::Node* node) const
{
    for (std::uint32_t i = 0; i < node->output_count; ++i)
        if (!map_.contains(node->values() + i)) return false;
    return true;
}

void GraphCopy::make(const detail::Node* node)
{
    const auto share = [](const detail::Value* v) {
        return Variable(detail::Ref<const detail::Value>::share(v));
    };
    if (!node->op) {
        map_[node->values()] = share(node->values());
        return;
    }
    Variables inputs;
    bool changed = false;
    for (std::uint32_t i = 0; i < node->input_count; ++i) {
        inputs.push_back(*map_.find(node->inputs()[i].value()));
        changed |= !same(inputs.back(), node->inputs()[i]);
    }
    std::vector<Type> types;
    for (std::uint32_t i = 0; i < node->output_count; ++i) {
        types.push_back(substituted(Type(node->values()[i].type), extents_));
        changed |= types.back().data() != node->values()[i].type;
    }
    const Params params = extents_.empty() ? node->params : substitute(node->params, extents_);
    changed |= params.get() != node->params.get();
    Variables outputs;
    if (changed)
        outputs = rebuild(*node->op, inputs, params, types, node->where, node->weak,
                          requirements_of(node));
    for (std::uint32_t i = 0; i < node->output_count; ++i) {
        const Variable to = changed ? outputs[i] : share(node->values() + i);
        if (const std::string* name = node->values()[i].name; changed && name) to.named(*name);
        if (const auto [value, fresh] = map_.insert(node->values() + i); fresh) value = to;
    }
}

std::vector<Requirement> GraphCopy::requirements_of(const detail::Node* node) const
{
    std::vector<Requirement> all;
    if (!node->requirements) return all;
    for (const Requirement& r : *node->requirements) {
        Requirement now = substitute(r, extents_);
        if (!always_holds(now)) all.push_back(std::move(now));
    }
    return all;
}

Variables
copy_graph(std::span<const Variable> outputs, const VariableMap& by, const Substitution& extents)
{
    GraphCopy copy(by, extents);
    Variables copies;
    for (const Variable& v : outputs)
        copies.push_back(copy(v));
    return copies;
}

std::size_t structural_hash(std::span<const Variable> inputs, std::span<const Variable> outputs)
{
    std::unordered_map<const detail::Node*, std::size_t> hashes;
    for (std::size_t i = 0; i < inputs.size(); ++i)
        hashes[inputs[i].value()->node] = hash_of(i, inputs[i].type().data());
    walk(
        outputs,
        [&](const detail::Node* node) {
            std::size_t h = hash_of(node->op, hash(node->params));
            for (std::uint32_t i = 0; i < node->input_count; ++i) {
                const Variable& in = node->inputs()[i];
                h = hash_of(h, hashes.at(in.value()->node), in.index());
            }
            hashes[node] = hash_of(h, node->values()->type);
        },
        [&](const Variable& leaf) {
            const detail::Node* node = leaf.value()->node;
            if (leaf.leaf() == Leaf::constant)
                hashes.emplace(node, hash_array(leaf.constant()));
            else
                hashes.emplace(node, hash_of(node)); // another graph's input: by identity
        });
    std::size_t h = outputs.size();
    for (const Variable& v : outputs)
        h = hash_of(h, hashes.at(v.value()->node), v.index());
    return h;
}

namespace {
bool equal_nodes(const detail::Node* x, const detail::Node* y)
{
    if (x == y) return true;
    if (x->leaf == Leaf::constant && y->leaf == Leaf::constant) return equal(x->params, y->params);
    if (!x->op || x->op != y->op) return false;
    if (x->input_count != y->input_count || x->output_count != y->output_count) return false;
    for (std::uint32_t i = 0; i < x->output_count; ++i)
        if (x->values()[i].type != y->values()[i].type) return false;
    return equal(x->params, y->params);
}
} // namespace

bool structurally_equal(std::span<const Variable> a_inputs,
                        std::span<const Variable> a_outputs,
                        std::span<const Variable> b_inputs,
                        std::span<const Variable> b_outputs)
{
    if (a_inputs.size() != b_inputs.size() || a_outputs.size() != b_outputs.size()) return false;
    std::unordered_map<const detail::Node*, const detail::Node*> matched;
    for (std::size_t i = 0; i < a_inputs.size(); ++i) {
        if (a_inputs[i].type() != b_inputs[i].type()) return false;
        matched[a_inputs[i].value()->node] = b_inputs[i].value()->node;
    }
    std::vector<std::pair<const detail::Node*, const detail::Node*>> todo;
    const auto pair_up = [&](const Variable& x, const Variable& y) {
        if (x.index() != y.index()) return false;
        auto [at, fresh] = matched.emplace(x.value()->node, y.value()->node);
        if (!fresh) return at->second == y.value()->node;
        todo.emplace_back(x.value()->node, y.value()->node);
        return true;
    };
    for (std::size_t i = 0; i < a_outputs.size(); ++i)
        if (!pair_up(a_outputs[i], b_outputs[i])) return false;
    while (!todo.empty()) {
        const auto [x, y] = todo.back();
        todo.pop_back();
        if (!equal_nodes(x, y)) return false;
        for (std::uint32_t i = 0; i < x->input_count; ++i)
            if (!pair_up(x->inputs()[i], y->inputs()[i])) return false;
    }
    return true;
}

} // namespace croton::inline v1
