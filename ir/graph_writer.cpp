#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/graph_text.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/traverse.hpp>

#include <cstring>

namespace croton::inline v1 {

namespace {

/// Larger arrays are kept beside the text.
constexpr std::int64_t inline_elements = 8;

std::string_view atom_word(AtomKind kind)
{
    switch (kind) {
    case AtomKind::symbol:
        return "symbol";
    case AtomKind::floor_div:
        return "floor_div";
    case AtomKind::mod:
        return "mod";
    case AtomKind::minimum:
        return "minimum";
    case AtomKind::maximum:
        return "maximum";
    }
    return {};
}

template <class T>
std::string list_text(const std::vector<T>& list)
{
    return fmt::format("({})", fmt::join(list, ","));
}

} // namespace

GraphWriter::GraphWriter(std::span<const Variable> values,
                         std::span<const Requirement> requirements)
{
    for (const Op* op : all_ops())
        ops_.emplace(op->name, op);
    collect(values);
    for (const Requirement& r : requirements) {
        collect(r.a);
        collect(r.b);
    }
    write_atoms();
    std::vector<Variable> shared;
    for (const auto& [serial, v] : values_)
        if (v.leaf() == Leaf::shared) shared.push_back(v);
    const std::vector<Array> now = detail::read_shared(shared);
    for (std::size_t i = 0; i < shared.size(); ++i)
        shared_values_.emplace(shared[i].value(), now[i]);
    for (const auto& [serial, v] : values_) {
        if (const Apply a = v.owner())
            write_apply(a);
        else
            write_leaf(v);
    }
}

/// Recursion as deep as regions are nested.
void GraphWriter::collect(std::span<const Variable> values)
{
    const auto add = [&](const Variable& v) {
        for (const Extent& e : v.shape())
            collect(e);
        const detail::Node* node = v.value()->node;
        values_.emplace(node->serial,
                        Variable(detail::Ref<const detail::Value>::share(node->values())));
    };
    for (const Variable& v : values) // inputs that nothing needs, too
        add(v);
    for (const Variable& v : leaves(values))
        add(v);
    for (const Apply& a : applies_of(values)) {
        for (const Variable& v : a.outputs())
            add(v);
        if (!a.params()) continue;
        for (const FieldRef& f : a.params()->fields()) {
            if (const auto* extent = std::get_if<Extent*>(&f.value)) collect(**extent);
            if (const auto* shape = std::get_if<Shape*>(&f.value))
                for (const Extent& e : **shape)
                    collect(e);
        }
        for (const Region& r : regions_of(a)) {
            collect(r.inputs());
            collect(r.outputs());
        }
    }
}

void GraphWriter::collect(const Extent& extent)
{
    if (extent.is_known()) return;
    for (const ExtentTerm& t : terms(extent))
        for (const detail::Atom* atom : t.factors) {
            if (!used_atoms_.emplace(id(atom), atom).second || kind(atom) == AtomKind::symbol)
                continue;
            const auto [a, b] = operands(atom);
            collect(a);
            collect(b);
        }
}

void GraphWriter::write_atoms()
{
    for (const auto& [number, atom] : used_atoms_) {
        const std::size_t at = atom_numbers_.size();
        if (kind(atom) == AtomKind::symbol)
            atoms_ += fmt::format("atom a{} symbol {}\n", at, quoted(name(atom)));
        else {
            const auto [a, b] = operands(atom);
            atoms_ +=
                fmt::format("atom a{} {} {} {}\n", at, atom_word(kind(atom)), extent(a), extent(b));
        }
        atom_numbers_.emplace(atom, at);
    }
}

std::string GraphWriter::extent(const Extent& extent) const
{
    if (extent.is_known()) return fmt::format("{}", extent.value());
    std::string text;
    for (const ExtentTerm& t : terms(extent)) {
        text += fmt::format("{}{}", text.empty() ? "" : "+", t.coefficient);
        for (const detail::Atom* atom : t.factors)
            text += fmt::format("*a{}", atom_numbers_.at(atom));
    }
    return text;
}

std::string GraphWriter::quoted(std::string_view text)
{
    std::string result = "\"";
    for (const char c : text)
        if (c == '"' || c == '\\')
            result += {'\\', c};
        else if (static_cast<unsigned char>(c) < 32)
            result += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
        else
            result += c;
    return result + "\"";
}

std::string GraphWriter::reference(const Variable& v) const
{
    const std::size_t number = numbers_.at(v.value()->node);
    return v.index() == 0 ? fmt::format("v{}", number) : fmt::format("v{}.{}", number, v.index());
}

std::string GraphWriter::reference(std::span<const Variable> list) const
{
    std::string text;
    for (const Variable& v : list)
        text += (text.empty() ? "" : ",") + reference(v);
    return text.empty() ? "-" : text;
}

std::string GraphWriter::scope(const ScopeFrame* frame)
{
    if (!frame) return "-";
    const auto known = scope_numbers_.find(frame);
    if (known != scope_numbers_.end()) return fmt::format("s{}", known->second);
    const std::string opened = place(frame->opened);
    const std::size_t number = scope_numbers_.size();
    scope_numbers_.emplace(frame, number);
    places_ += fmt::format("scope s{} {} {}\n", number, quoted(frame->name), opened);
    return fmt::format("s{}", number);
}

std::string GraphWriter::place(const Location* place)
{
    if (!place) return "-";
    const auto known = place_numbers_.find(place);
    if (known != place_numbers_.end()) return fmt::format("p{}", known->second);
    const std::string inside = scope(place->scope);
    const std::size_t number = place_numbers_.size();
    place_numbers_.emplace(place, number);
    places_ += fmt::format("place p{} {} {} {} {} {}{}\n", number, quoted(place->file),
                           place->line(), quoted(place->function), inside, quoted(place->called),
                           place->of_gradient ? " gradient" : "");
    return fmt::format("p{}", number);
}

std::string GraphWriter::type(const Variable& v) const
{
    std::vector<std::string> extents;
    for (const Extent& e : v.shape())
        extents.push_back(extent(e));
    std::string text = fmt::format("{}({})", name(v.dtype()), fmt::join(extents, ","));
    if (!v.name().empty()) text += ":" + quoted(v.name());
    return text;
}

std::string GraphWriter::array(const Array& value, std::string_view stem)
{
    arrays_.emplace_back(fmt::format("{}_{}", stem, arrays_.size()), value);
    return arrays_.back().first;
}

void GraphWriter::write_leaf(const Variable& v)
{
    const std::size_t number = numbers_.size();
    numbers_.emplace(v.value()->node, number);
    std::string kind, value;
    switch (v.leaf()) {
    case Leaf::input:
        kind = "input";
        break;
    case Leaf::shared:
        kind = "shared";
        value = " " + array(shared_values_.at(v.value()), "shared");
        break;
    case Leaf::constant: {
        kind = "constant";
        const Array bytes = v.constant().contiguous();
        if (bytes.size() > inline_elements)
            value = " " + array(bytes, "constant");
        else {
            value = " =";
            for (std::size_t i = 0; i < bytes.size_bytes(); ++i)
                value += fmt::format("{:02x}", static_cast<const unsigned char*>(bytes.data())[i]);
        }
        break;
    }
    case Leaf::none:
    case Leaf::wildcard:
        throw internal_error("save", "a graph holds a wildcard");
    }
    nodes_ += fmt::format("v{} {} {} {}{}{}\n", number, kind, type(v), place(v.location()), value,
                          v.is_weak() ? " weak" : "");
}

std::string GraphWriter::region(const Region& region)
{
    const auto known = region_numbers_.find(region.identity());
    if (known != region_numbers_.end()) return fmt::format("r{}", known->second);
    const std::size_t number = region_numbers_.size();
    region_numbers_.emplace(region.identity(), number);
    nodes_ += fmt::format("region r{} {} -> {}\n", number, reference(region.inputs()),
                          reference(region.outputs()));
    return fmt::format("r{}", number);
}

std::string GraphWriter::field(const FieldPointer& value)
{
    return std::visit(
        overloaded{
            [](const bool* v) { return std::string(*v ? "true" : "false"); },
            [](const double* v) {
                std::uint64_t bits = 0;
                std::memcpy(&bits, v, sizeof bits);
                return fmt::format("{:016x}", bits); // the text keeps every bit
            },
            [](const DType* v) { return std::string(name(*v)); },
            [&](const Extent* v) { return extent(*v); },
            [](const std::string* v) { return quoted(*v); },
            [](const std::vector<int>* v) { return list_text(*v); },
            [](const std::vector<std::int64_t>* v) { return list_text(*v); },
            [&](const Shape* v) {
                std::vector<std::string> extents;
                for (const Extent& e : *v)
                    extents.push_back(extent(e));
                return list_text(extents);
            },
            [&](const Array* v) { return *v ? array(*v, "parameter") : std::string("-"); },
            [&](const Region* v) { return *v ? region(*v) : std::string("-"); },
            [&](const std::vector<Region>* v) {
                std::vector<std::string> names;
                for (const Region& r : *v)
                    names.push_back(region(r));
                return list_text(names);
            },
            [](const auto* v) { return fmt::format("{}", *v); },
        },
        value);
}

void GraphWriter::write_apply(const Apply& apply)
{
    const Op& op = apply.op();
    const auto [known, is_new] = ops_.emplace(op.name, &op);
    if (!is_new && known->second != &op)
        throw user_error(Code::domain, apply.location(), "save",
                         "two ops are named '{}', and a file tells ops apart by their names: give "
                         "yours another one",
                         op.name);
    if (apply.params() && !op.params)
        throw user_error(Code::domain, apply.location(), "save",
                         "op '{}' has parameters that cannot be read back: its record names no "
                         "factory, .params = create_params<..>",
                         op.name);
    std::string types, params;
    for (const Variable& v : apply.outputs())
        types += " " + type(v);
    if (apply.params())
        for (const FieldRef& f : apply.params()->fields())
            params += fmt::format(" {}={}", f.name, field(f.value));
    const std::size_t number = numbers_.size();
    numbers_.emplace(apply.node(), number);
    nodes_ += fmt::format("v{} apply {} {} ->{} {}{}{}\n", number, op.name,
                          reference(apply.inputs()), types, place(apply.location()),
                          apply.output().is_weak() ? " weak" : "", params);
}

} // namespace croton::inline v1
