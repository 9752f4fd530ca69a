#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/passes/pattern.hpp>

#include <algorithm>
#include <cmath>

namespace croton::inline v1 {

std::optional<double> constant_value(const Variable& v)
{
    double value = 0;
    if (!uniform_value(v, value)) return std::nullopt;
    if (v.leaf() == Leaf::constant || v.dtype() == DType::f64) return value;
    // Through a cast: only if the cast keeps the value.
    if (v.dtype() == DType::f32)
        return static_cast<float>(value) == value ? std::optional(value) : std::nullopt;
    const double kept = Array::scalar(value).cast(v.dtype()).as_double(0);
    return kept == value ? std::optional(value) : std::nullopt;
}

namespace {

bool equals_literal(double value, double literal, DType dtype)
{
    if (value == literal) return std::signbit(value) == std::signbit(literal);
    return dtype == DType::f32 && static_cast<float>(literal) == static_cast<float>(value);
}

bool equal_values(const Variable& a, const Variable& b)
{
    if (same(a, b)) return true;
    if (a.type() != b.type() || a.type().is_pattern()) return false;
    const std::optional<double> x = constant_value(a);
    if (!x) return false;
    const std::optional<double> y = constant_value(b);
    return y && *x == *y && std::signbit(*x) == std::signbit(*y);
}

std::optional<ParamValue> as_value(const FieldPointer& field)
{
    return std::visit(
        overloaded{
            [](const int* v) { return std::optional<ParamValue>(*v); },
            [](const std::vector<int>* v) { return std::optional<ParamValue>(*v); },
            [](const std::vector<std::int64_t>* v) { return std::optional<ParamValue>(*v); },
            [](const Shape* v) { return std::optional<ParamValue>(*v); },
            [](const Extent* v) { return std::optional<ParamValue>(*v); },
            [](const DType* v) { return std::optional<ParamValue>(*v); },
            [](const auto*) { return std::optional<ParamValue>(); },
        },
        field);
}

bool same_value(const ParamValue& a, const ParamValue& b)
{
    if (a.index() != b.index()) return false;
    return std::visit(
        [&]<class T>(const T& x) {
            if constexpr (std::is_same_v<T, Shape> || std::is_same_v<T, Extent>)
                return same(x, std::get<T>(b));
            else
                return x == std::get<T>(b);
        },
        a);
}

/// One axis serves as a list of axes, and a list of one as an axis.
void assign(const FieldPointer& to, const ParamValue& value, std::string_view name)
{
    const bool done = std::visit(
        overloaded{
            [](int* t, int v) { return *t = v, true; },
            [](int* t, const std::vector<int>& v) { return v.size() == 1 && (*t = v[0], true); },
            [](std::vector<int>* t, int v) { return *t = {v}, true; },
            [](std::vector<int>* t, const std::vector<int>& v) { return *t = v, true; },
            [](std::vector<std::int64_t>* t, const std::vector<std::int64_t>& v) {
                return *t = v, true;
            },
            [](Shape* t, const Shape& v) { return *t = v, true; },
            [](Extent* t, const Extent& v) { return *t = v, true; },
            [](DType* t, DType v) { return *t = v, true; },
            [](auto*, const auto&) { return false; },
        },
        to, value);
    if (!done)
        throw internal_error("rules", "parameter '{}' does not fit where the right side uses it",
                             name);
}

} // namespace

// ---- Match

const Variable& Match::operator[](std::string_view wildcard) const
{
    for (const auto& [have, value] : values_)
        if (have == wildcard) return value;
    return *bound_[static_cast<std::size_t>(pattern_->slot(wildcard))];
}

bool Match::has_param(std::string_view name) const
{
    return std::ranges::any_of(params_, [&](const auto& p) { return p.first == name; });
}

const ParamValue& Match::param(std::string_view name) const
{
    for (const auto& [have, value] : params_)
        if (have == name) return value;
    throw internal_error("rules", "the pattern has no parameter '{}'", name);
}

const std::vector<int>& Match::ints(std::string_view name) const
{
    return std::get<std::vector<int>>(param(name));
}
const Shape& Match::shape(std::string_view name) const { return std::get<Shape>(param(name)); }
DType Match::dtype(std::string_view name) const { return std::get<DType>(param(name)); }

void Match::set_param(std::string_view name, ParamValue value)
{
    params_.emplace_back(name, std::move(value));
}
void Match::set_value(std::string_view name, Variable value)
{
    values_.emplace_back(name, std::move(value));
}

// ---- making a pattern ready

Pattern::Pattern(const Variable& expression) : expression_(expression) { add(expression); }

int Pattern::slot(std::string_view wildcard) const
{
    const auto at = std::ranges::find(wildcards_, wildcard);
    if (at == wildcards_.end()) throw internal_error("rules", "the pattern has no '{}'", wildcard);
    return static_cast<int>(at - wildcards_.begin());
}

std::size_t Pattern::occurrences(std::string_view wildcard) const
{
    const auto at = std::ranges::find(wildcards_, wildcard);
    return at == wildcards_.end() ? 0
                                  : occurrences_[static_cast<std::size_t>(at - wildcards_.begin())];
}

void Pattern::add_param_names(const Params& params, bool& any)
{
    if (!params) return;
    for (const FieldRef& f : params->fields())
        if (const std::string_view wild = wildcard_name(f.value); !wild.empty()) {
            any = true;
            if (std::ranges::find(params_, wild) == params_.end()) params_.emplace_back(wild);
        }
}

// Recursion over a rule's few nodes.
std::uint32_t Pattern::add(const Variable& v)
{
    ++size_;
    Node node;
    if (v.leaf() == Leaf::wildcard) {
        auto at = std::ranges::find(wildcards_, v.name());
        if (at == wildcards_.end()) {
            if (wildcards_.size() == 8)
                throw internal_error("rules", "more than 8 wildcards: '{}'", v.name());
            wildcards_.emplace_back(v.name());
            occurrences_.push_back(0);
            at = wildcards_.end() - 1;
        }
        node.slot = static_cast<int>(at - wildcards_.begin());
        ++occurrences_[static_cast<std::size_t>(node.slot)];
    } else if (const Apply a = v.owner()) {
        node.kind = Kind::apply;
        node.op = &a.op();
        node.params = a.params();
        add_param_names(a.params(), node.wild_params);
        for (const Variable& in : a.inputs())
            node.inputs.push_back(add(in));
        if (a.op().commutative && a.inputs().size() == 2 && !same(a.input(0), a.input(1)))
            node.order_bit = order_bits_++;
    } else if (v.leaf() == Leaf::constant && v.constant().size() == 1) {
        node.kind = Kind::literal;
        node.literal = v.constant().as_double(0);
        node.constant = v;
    } else {
        throw internal_error(
            "rules", "a pattern holds '{}', which is neither a wildcard nor a literal", v.name());
    }
    nodes_.push_back(std::move(node));
    return static_cast<std::uint32_t>(nodes_.size() - 1);
}

// ---- matching

bool Pattern::operands_fit(const Apply& apply, bool swap) const
{
    const Node& root = nodes_.back();
    const std::span<const Variable> inputs = apply.inputs();
    if (inputs.size() != root.inputs.size()) return false;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Op* const op = nodes_[root.inputs[swap ? 1 - i : i]].op;
        if (op && inputs[i].value()->node->op != op) return false;
    }
    return true;
}

bool Pattern::match(const Apply& apply,
                    Match& match,
                    const std::function<bool(const Match&)>& when) const
{
    const int root_bit = nodes_.back().order_bit;
    const bool fits[2] = {operands_fit(apply, false), root_bit >= 0 && operands_fit(apply, true)};
    if (!fits[0] && !fits[1]) return false; // nearly every try ends here
    const Variable root = apply.output();
    match.pattern_ = this;
    match.root_ = &apply;
    match.values_.clear();
    for (unsigned orders = 0; orders < (1U << order_bits_); ++orders) {
        if (!fits[root_bit >= 0 && ((orders >> root_bit) & 1U)]) continue;
        match.bound_.fill(nullptr);
        match.params_.clear();
        if (match_node(static_cast<std::uint32_t>(nodes_.size() - 1), root, orders, match) &&
            (!when || when(match)))
            return true;
    }
    return false;
}

bool Pattern::match_node(std::uint32_t at, const Variable& v, unsigned orders, Match& match) const
{
    const Node& node = nodes_[at];
    switch (node.kind) {
    case Kind::wildcard: {
        const Variable*& bound = match.bound_[static_cast<std::size_t>(node.slot)];
        if (bound) return equal_values(*bound, v);
        bound = &v;
        return true;
    }
    case Kind::literal: {
        const std::optional<double> value = constant_value(v);
        return value && equals_literal(*value, node.literal, v.dtype());
    }
    case Kind::apply:
        break;
    }
    const detail::Node* subject = v.value()->node;
    if (subject->op != node.op || subject->input_count != node.inputs.size() || v.index() != 0)
        return false;
    if (!match_params(node, subject->params, match)) return false;
    const bool swap = node.order_bit >= 0 && ((orders >> node.order_bit) & 1U);
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
        if (!match_node(node.inputs[i], subject->inputs()[swap ? 1 - i : i], orders, match))
            return false;
    return true;
}

bool Pattern::match_params(const Node& node, const Params& params, Match& match) const
{
    if (!node.wild_params) return equal(node.params, params);
    const auto wanted = node.params->fields();
    const auto have = params->fields();
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const std::string_view name = wildcard_name(wanted[i].value);
        const std::optional<ParamValue> value = as_value(have[i].value);
        if (!value) return false;
        if (name.empty()) {
            if (!same_value(*as_value(wanted[i].value), *value)) return false;
        } else if (match.has_param(name)) {
            if (!same_value(match.param(name), *value)) return false;
        } else
            match.params_.emplace_back(name, *value);
    }
    return true;
}

// ---- building

Params Pattern::build_params(const Node& node, const Match& match) const
{
    if (!node.wild_params) return node.params;
    ParamsBase* copy = node.params->fresh();
    const Params params = Params::adopt(copy);
    const auto from = node.params->fields();
    const auto to = copy->fields();
    for (std::size_t i = 0; i < from.size(); ++i) {
        const std::string_view name = wildcard_name(from[i].value);
        if (!name.empty())
            assign(to[i].value, match.param(name), name);
        else
            std::visit([&]<class T>(T* t) { *t = *std::get<T*>(from[i].value); }, to[i].value);
    }
    return params;
}

Variable Pattern::build(const Match& match, const Location* where) const
{
    Variables made(nodes_.size());
    Variables operands;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const Node& node = nodes_[i];
        switch (node.kind) {
        case Kind::wildcard:
            made[i] = match[wildcards_[static_cast<std::size_t>(node.slot)]];
            break;
        case Kind::literal:
            made[i] = constant(node.constant.constant(), where, true);
            break;
        case Kind::apply:
            operands.clear();
            for (std::uint32_t in : node.inputs)
                operands.push_back(made[in]);
            made[i] = apply(*node.op, operands, build_params(node, match), where);
            break;
        }
    }
    return made.back();
}

} // namespace croton::inline v1
