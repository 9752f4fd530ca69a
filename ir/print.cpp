#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/ops/linalg.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/param_wildcard.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>

namespace croton::inline v1 {

namespace {

std::string constant_text(const Array& a)
{
    if (a.size() != 1)
        return fmt::format("{}{}", name(a.dtype()),
                           to_string(Shape(a.shape().begin(), a.shape().end())));
    if (a.dtype() == DType::boolean) return a.as_int(0) ? "true" : "false";
    if (a.dtype() == DType::u64)
        return fmt::format("{}", *static_cast<const std::uint64_t*>(a.data()));
    if (is_integer(a.dtype())) return fmt::format("{}", a.as_int(0));
    return float_text(a.as_double(0), a.dtype() != DType::f64);
}

// ---- one line per Apply

class TextPrinter {
public:
    TextPrinter(const PrintOptions& options, std::string indent)
        : options_(options), indent_(std::move(indent))
    {}

    std::string print(std::span<const Variable> inputs,
                      std::span<const Variable> outputs,
                      const std::vector<Apply>& order)
    {
        number(order);
        std::string text = indent_ + "inputs ";
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            if (inputs[i].name().empty()) inputs_.emplace(inputs[i].value(), i);
            text += fmt::format("{} {} {}", i ? "," : "", label(inputs[i]),
                                to_string(inputs[i].type()));
        }
        text += '\n';
        std::size_t printed = 0;
        for (const Apply& a : order) {
            if (printed++ == options_.max_lines) {
                text += fmt::format("{}... {} more\n", indent_, order.size() - options_.max_lines);
                break;
            }
            text += line(a);
        }
        text += indent_ + "outputs";
        for (std::size_t i = 0; i < outputs.size(); ++i)
            text += fmt::format("{} {}", i ? "," : "", label(outputs[i]));
        return text + '\n';
    }

private:
    void number(const std::vector<Apply>& order)
    {
        std::size_t next = 0;
        for (const Apply& a : order) {
            first_.emplace(a.node(), next);
            next += a.output_count();
        }
    }

    std::string label(const Variable& v) const
    {
        if (v.owner()) {
            const std::size_t at = first_.at(v.value()->node) + static_cast<std::size_t>(v.index());
            return v.name().empty() ? fmt::format("%{}", at) : fmt::format("%{}:{}", at, v.name());
        }
        if (v.leaf() == Leaf::constant) return constant_text(v.constant());
        if (!v.name().empty()) return std::string(v.name());
        const auto at = inputs_.find(v.value());
        return at == inputs_.end() ? "?" : fmt::format("input{}", at->second);
    }

    std::string line(const Apply& a) const
    {
        std::string text = indent_;
        for (std::size_t i = 0; i < a.output_count(); ++i)
            text += fmt::format("{}{} {}", i ? ", " : "", label(a.output(i)),
                                to_string(a.output(i).type()));
        text += fmt::format(" = {}", a.op().name);
        for (std::size_t i = 0; i < a.inputs().size(); ++i)
            text += fmt::format("{} {}", i ? "," : "", label(a.input(i)));
        if (const std::string params = to_string(a.params()); !params.empty())
            text += "  " + params;
        if (options_.locations && a.location())
            text += fmt::format("{:{}}{}", "", text.size() < 60 ? 60 - text.size() : 2,
                                to_string(*a.location()));
        text += '\n';
        for (const Region& r : regions_of(a)) {
            TextPrinter inner(options_, indent_ + "    ");
            text += inner.print(r.inputs(), r.outputs(), applies_of(r.outputs()));
        }
        return text;
    }

    const PrintOptions& options_;
    std::string indent_;
    std::unordered_map<const detail::Node*, std::size_t> first_;
    std::unordered_map<const detail::Value*, std::size_t> inputs_;
};

// ---- one expression

/// How an op is written, read off its template: "{a} + {b}" is infix, "-{a}" a prefix.
struct Notation {
    std::string_view symbol;
    int precedence = 100; ///< of a call
    bool prefix = false;
};

int precedence(std::string_view symbol)
{
    static constexpr std::string_view levels[] = {"||",    "&&",        "|",     "^",   "&",
                                                  "== !=", "< <= > >=", "<< >>", "+ -", "* / %"};
    for (int i = 0; i < static_cast<int>(std::size(levels)); ++i) {
        std::string_view rest = levels[i];
        while (!rest.empty()) {
            const std::string_view word = rest.substr(0, rest.find(' '));
            if (word == symbol) return i;
            rest.remove_prefix(std::min(rest.size(), word.size() + 1));
        }
    }
    return -1;
}

std::optional<Notation> notation(const Op& op)
{
    const auto* pointwise = std::get_if<Pointwise>(&op.lowering);
    if (!pointwise) return std::nullopt;
    std::string_view t = pointwise->real;
    if (t == "-{a}" || t == "!{a}" || t == "~{a}") return Notation{t.substr(0, 1), 50, true};
    if (!t.starts_with("{a} ") || !t.ends_with(" {b}")) return std::nullopt;
    t.remove_prefix(4);
    t.remove_suffix(4);
    const int level = precedence(t);
    if (level < 0) return std::nullopt;
    return Notation{t, level, false};
}

class ExpressionPrinter {
public:
    explicit ExpressionPrinter(int depth) : depth_(depth) {}

    std::string print(const Variable& v, int outer, int depth) const
    {
        const Apply a = v.owner();
        if (!a) return leaf(v);
        if (&a.op() == &broadcast_to_op && !v.type().is_pattern())
            return print(a.input(0), outer, depth);
        if (depth == depth_) return v.name().empty() ? ".." : std::string(v.name());
        if (const auto n = notation(a.op())) {
            std::string text;
            if (n->prefix)
                text = fmt::format("{}{}", n->symbol, print(a.input(0), n->precedence, depth + 1));
            else
                text = fmt::format("{} {} {}", print(a.input(0), n->precedence, depth + 1),
                                   n->symbol, print(a.input(1), n->precedence + 1, depth + 1));
            return n->precedence < outer ? "(" + text + ")" : text;
        }
        std::string list;
        for (const Variable& in : a.inputs())
            list += (list.empty() ? "" : ", ") + print(in, 0, depth + 1);
        if (&a.op() == &cast_op && !v.type().is_pattern())
            return fmt::format("{}({})", name(v.dtype()), list);
        const std::string params = param_values(a.params());
        if (std::holds_alternative<Contract>(a.op().lowering))
            if (const std::string text = contraction_text(a, list); !text.empty()) return text;
        if (!params.empty()) list += (list.empty() ? "" : ", ") + params;
        return fmt::format("{}({})", a.op().name, list);
    }

private:
    static std::string leaf(const Variable& v)
    {
        if (v.leaf() == Leaf::constant) return constant_text(v.constant());
        return v.name().empty() ? "input" : std::string(v.name());
    }

    /// "axes=(1)"; a rule's wildcard is its name alone.
    static std::string param_values(const Params& params)
    {
        if (!params) return {};
        std::string text;
        bool any_wildcard = false;
        for (const FieldRef& f : params->fields())
            if (const std::string_view wild = wildcard_name(f.value); !wild.empty()) {
                text += fmt::format("{}{}", text.empty() ? "" : ", ", wild);
                any_wildcard = true;
            }
        return any_wildcard ? text : to_string(params);
    }

    int depth_;
};

} // namespace

std::string to_text(std::span<const Variable> inputs,
                    std::span<const Variable> outputs,
                    const PrintOptions& options)
{
    return TextPrinter(options, "").print(inputs, outputs, applies_of(outputs));
}

std::string to_text(const Graph& graph, const PrintOptions& options)
{
    return TextPrinter(options, "").print(graph.inputs(), graph.outputs(), graph.order());
}

std::string to_expression(const Variable& v, std::size_t max_length, Where where)
{
    refuse_empty("to_expression", where, {&v});
    // Each step deeper can double the text; stop at the first that is too long.
    std::string text = ExpressionPrinter(1).print(v, 0, 0);
    for (int depth = 2; depth <= 32; ++depth) {
        std::string deeper = ExpressionPrinter(depth).print(v, 0, 0);
        if (deeper.size() > max_length || deeper == text) break;
        text = std::move(deeper);
    }
    return text;
}

namespace {

/// Graphviz's text of a graph, and inside it of the regions of its Applies: what has a number in a
/// region has the number of the Apply in front.
class DotWriter {
public:
    void write(const Graph& graph, const std::string& prefix)
    {
        std::unordered_map<const detail::Value*, std::size_t> leaf_numbers;
        const auto id = [&](const Variable& v) {
            if (const Apply a = v.owner()) return fmt::format("{}a{}", prefix, graph.position(a));
            const auto [at, fresh] = leaf_numbers.emplace(v.value(), leaf_numbers.size());
            const std::string name = fmt::format("{}l{}", prefix, at->second);
            if (fresh)
                node(name,
                     v.leaf() == Leaf::constant ? constant_text(v.constant())
                                                : std::string(v.name()),
                     v.type(), ", style = rounded");
            return name;
        };
        for (std::size_t i = 0; i < graph.order().size(); ++i) {
            const Apply& a = graph.order()[i];
            const std::string name = fmt::format("{}a{}", prefix, i);
            node(name, std::string(a.op().name), a.output().type(), "");
            for (const Variable& in : a.inputs())
                text += fmt::format("    {} -> {};\n", id(in), name);
            write_regions(a, name);
        }
        for (std::size_t i = 0; i < graph.outputs().size(); ++i)
            text += fmt::format("    {0}out{1} [label = \"output {1}\", shape = plain];\n"
                                "    {2} -> {0}out{1};\n",
                                prefix, i, id(graph.outputs()[i]));
    }

    std::string text;

private:
    void write_regions(const Apply& a, const std::string& name)
    {
        const std::vector<Region> regions = regions_of(a);
        for (std::size_t i = 0; i < regions.size(); ++i) {
            const bool one = regions.size() == 1;
            const std::string prefix = one ? name : fmt::format("{}_{}", name, i);
            text += fmt::format("    subgraph cluster_{} {{\n    label = \"{} of {}\";\n", prefix,
                                one ? "body" : branch_name(a, i), a.op().name);
            write(Graph({regions[i].inputs().begin(), regions[i].inputs().end()},
                        {regions[i].outputs().begin(), regions[i].outputs().end()}),
                  prefix + "_");
            text += fmt::format("    }}\n    {}_out0 -> {} [style = dashed];\n", prefix, name);
        }
    }

    void node(const std::string& name,
              const std::string& label,
              const Type& type,
              std::string_view style)
    {
        std::string quoted;
        for (const char c : label) {
            if (c == '"' || c == '\\') quoted += '\\';
            quoted += c;
        }
        text +=
            fmt::format("    {} [label = \"{}\\n{}\"{}];\n", name, quoted, to_string(type), style);
    }
};

} // namespace

std::string_view op_word(const Apply& apply)
{
    return std::holds_alternative<Contract>(apply.op().lowering) ? contraction_word(apply)
                                                                 : apply.op().name;
}

std::string_view written_name(const Apply& apply)
{
    const Location* at = apply.location();
    return at && *at->called && !at->of_gradient ? std::string_view(at->called) : op_word(apply);
}

std::string branch_name(const Apply& apply, std::size_t branch)
{
    if (!std::holds_alternative<Switch>(apply.op().lowering))
        return fmt::format("graph {}", branch);
    if (apply.input(0).dtype() == DType::boolean) return branch == 0 ? "otherwise" : "then";
    return fmt::format("case {}", branch);
}

const Location* gradient_place(const Apply& apply)
{
    return gradient_place(apply.location(), op_word(apply));
}

std::string to_graphviz(const Graph& graph)
{
    DotWriter dot;
    dot.write(graph, "");
    return "digraph croton {\n    rankdir = LR;\n    node [shape = box];\n" + dot.text + "}\n";
}

} // namespace croton::inline v1
