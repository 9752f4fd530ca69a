#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/variable.hpp>

#include <deque>
#include <mutex>
#include <new>
#include <unordered_set>

#include "node.hpp"

namespace croton::inline v1 {

namespace detail {

void retain(const Value* v) noexcept { v->node->count.fetch_add(1, std::memory_order_relaxed); }

namespace {
void destroy(Node* node) noexcept
{
    for (std::uint32_t i = 0; i < node->input_count; ++i)
        node->inputs()[i].~Variable();
    for (std::uint32_t i = 0; i < node->output_count; ++i)
        node->values()[i].~Value();
    delete node->requirements;
    node->~Node();
    ::operator delete(node);
}
} // namespace

void release(const Value* v) noexcept
{
    if (v->node->count.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    // Destroying a node releases its inputs, which come back here: they wait in the list instead.
    // Neither has a destructor: global Variables are released after this thread's locals have gone.
    thread_local Node* waiting = nullptr;
    thread_local bool draining = false;
    v->node->next_unheld = waiting;
    waiting = v->node;
    if (draining) return;
    draining = true;
    while (waiting) {
        Node* next = waiting;
        waiting = next->next_unheld;
        destroy(next);
    }
    draining = false;
}

Node* make_node(std::span<const Variable> inputs, std::span<const Type> types)
{
    static std::atomic<std::uint64_t> serial{0};
    const std::size_t bytes =
        sizeof(Node) + inputs.size() * sizeof(Variable) + types.size() * sizeof(Value);
    Node* node = new (::operator new(bytes)) Node;
    node->input_count = static_cast<std::uint32_t>(inputs.size());
    node->output_count = static_cast<std::uint16_t>(types.size());
    node->serial = serial.fetch_add(1, std::memory_order_relaxed);
    for (std::size_t i = 0; i < inputs.size(); ++i)
        new (node->inputs() + i) Variable(inputs[i]);
    for (std::size_t i = 0; i < types.size(); ++i)
        new (node->values() + i) Value{node, types[i].data(), nullptr};
    return node;
}

Variable adopt(Node* node) { return Variable(Ref<const Value>::adopt(node->values())); }

const std::string* intern_name(std::string_view text)
{
    static std::mutex mutex;
    static auto* const names = new std::unordered_set<std::string>;
    const std::lock_guard lock(mutex);
    return &*names->emplace(text).first;
}

Variable make_leaf(Leaf leaf, Type type, std::string_view name, Params data, const Location* where)
{
    Node* node = make_node({}, {&type, 1});
    node->leaf = leaf;
    node->params = std::move(data);
    node->where = where;
    if (!name.empty()) node->values()->name = intern_name(name);
    return adopt(node);
}

} // namespace detail

namespace {
const detail::Value& checked(const Variable& v, std::string_view what, const Where& where)
{
    if (v.is_empty())
        throw user_error(Code::domain, locate(where), what,
                         "the Variable is empty: nothing was assigned to it");
    return *v.value();
}
} // namespace

Variable::Variable(const Array& constant_value, Where where)
    : Variable(detail::at_place(where, [&] {
          if (!constant_value)
              throw user_error(Code::domain, nullptr, "constant",
                               "the Array is empty: nothing was assigned to it");
          return croton::constant(constant_value.clone(), locate(where));
      }))
{}

Variable Variable::weak(Array value, const Where& where)
{
    return croton::constant(std::move(value), locate(where), true);
}

Type Variable::type(Where where) const { return type_for("type", where); }

Shape Variable::shape(Where where) const { return type_for("shape", where).shape(); }

Type Variable::type_for(const char* accessor, const Where& where) const
{
    return Type(checked(*this, accessor, where).type);
}

Extent Variable::extent(int axis, Where where) const
{
    const Type all = type_for("extent", where);
    return all.shape()[static_cast<std::size_t>(
        normalize_axis(axis, all.rank(), "extent", locate(where)))];
}

std::string_view Variable::name(Where where) const
{
    const std::string* text = checked(*this, "name", where).name.load(std::memory_order_acquire);
    return text ? std::string_view(*text) : std::string_view();
}

Variable Variable::named(std::string_view name, Where where) const
{
    refuse_control_characters(name, "named", locate(where));
    checked(*this, "named", where).name.store(detail::intern_name(name), std::memory_order_release);
    return *this;
}

const Location* Variable::location() const noexcept
{
    return value_ ? value_->node->where : nullptr;
}

Location Variable::where(Where asked) const
{
    const Location* place = checked(*this, "where", asked).node->where;
    return place ? *place : Location{};
}

Apply Variable::owner() const noexcept
{
    return value_ && value_->node->op ? Apply(*this) : Apply();
}

int Variable::index() const noexcept
{
    return value_ ? static_cast<int>(value_.get() - value_->node->values()) : 0;
}

Leaf Variable::leaf() const noexcept { return value_ ? value_->node->leaf : Leaf::none; }
bool Variable::is_weak() const noexcept { return value_ && value_->node->weak; }

const Array& Variable::constant() const
{
    if (leaf() != Leaf::constant) throw internal_error("variable", "it is no constant");
    return params_cast<detail::ConstantLeaf>(value_->node->params.get()).value;
}

bool same(const Variable& a, const Variable& b) noexcept { return a.value() == b.value(); }

std::size_t Hash::operator()(const Variable& v) const noexcept
{
    return std::hash<const void*>{}(v.value());
}

Variable Apply::output(std::size_t i) const noexcept
{
    return Variable(detail::Ref<const detail::Value>::share(node()->values() + i));
}

Variables Apply::outputs() const
{
    Variables all;
    for (std::size_t i = 0; i < output_count(); ++i)
        all.push_back(output(i));
    return all;
}

std::span<const Requirement> Apply::requirements() const noexcept
{
    if (!node()->requirements) return {};
    return *node()->requirements;
}

Variable input(std::string_view name, DType dtype, const Shape& shape, Where where)
{
    const Location* place = locate(where);
    refuse_control_characters(name, "input", place);
    if (is_complex(dtype))
        throw user_error(Code::dtype, place, "input", "{} is not supported: '{}'",
                         croton::name(dtype), name);
    for (const Extent& e : shape)
        if (e.is_known() && e.value() < 0)
            throw user_error(Code::shape, place, "input", "'{}' has a negative extent: {}", name,
                             to_string(shape));
    refuse_too_large(Type(dtype, shape), "input", place);
    for (std::size_t i = 0; i < shape.size(); ++i)
        if (const detail::Atom* s = as_symbol(shape[i]); s && croton::name(s).empty())
            label_symbol(s,
                         name.empty() ? fmt::format("axis{}", i) : fmt::format("{}.{}", name, i));
    return detail::make_leaf(Leaf::input, Type(dtype, shape), name, {}, place);
}

Variable wildcard(std::string_view name)
{
    return detail::make_leaf(Leaf::wildcard, Type::pattern(), name, {}, nullptr);
}

Variable constant(Array value, const Location* where, bool weak)
{
    const Type type(value.dtype(), Shape(value.shape().begin(), value.shape().end()));
    refuse_complex(value.dtype(), "constant", where);
    Variable v = detail::make_leaf(Leaf::constant, type, {},
                                   make_params(detail::ConstantLeaf{std::move(value)}), where);
    v.value()->node->weak = weak;
    return v;
}

} // namespace croton::inline v1
