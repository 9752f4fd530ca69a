#include "fuzz/recipe.hpp"

#include <croton/ir/format.hpp>
#include <croton/ir/ops.hpp>

#include <cmath>
#include <limits>

namespace croton::test {

int MakerArgs::axis(std::size_t i) const
{
    if (x[0].rank() == 0) throw user_error(Code::index, nullptr, "fuzz", "no axis");
    return choice(i, x[0].rank());
}

namespace {

std::string leaf_name(std::size_t i) { return fmt::format("x{}", i); }

} // namespace

Program begin_program(const Recipe& recipe, const std::string& suffix)
{
    std::vector<Extent> extents;
    for (const Recipe::Dim& d : recipe.dims)
        extents.push_back(d.known ? Extent(d.extent) : dim(d.name));
    Program p;
    for (std::size_t i = 0; i < recipe.leaves.size(); ++i) {
        const Recipe::Leaf& leaf = recipe.leaves[i];
        Shape shape;
        for (const int d : leaf.dims)
            shape.push_back(d < 0 ? Extent(1) : extents[static_cast<std::size_t>(d)]);
        p.inputs.push_back(input(leaf.name + suffix, leaf.value.dtype(), shape));
        p.arguments.push_back(leaf.value);
        p.texts.push_back(leaf_name(i));
    }
    p.values = p.inputs;
    return p;
}

void add_node(Program& program, const Recipe::Node& node)
{
    Variables x;
    std::vector<std::string> names;
    for (const int operand : node.operands) {
        const auto k = static_cast<std::size_t>(operand);
        x.push_back(program.values[k]);
        const bool leaf = k < program.inputs.size();
        names.push_back(leaf ? leaf_name(k) : fmt::format("v{}", k - program.inputs.size()));
    }
    Made made = node.maker->make(*node.maker, {x, names, node.choices});
    program.values.push_back(made.value);
    program.texts.push_back(std::move(made.text));
}

Program build(const Recipe& recipe, const std::string& suffix)
{
    Program p = begin_program(recipe, suffix);
    for (const Recipe::Node& node : recipe.nodes)
        add_node(p, node);
    for (const int o : recipe.outputs)
        p.outputs.push_back(p.values[static_cast<std::size_t>(o)]);
    return p;
}

std::string number_text(double v)
{
    if (std::isnan(v)) return "NAN";
    if (std::isinf(v)) return v < 0 ? "-INFINITY" : "INFINITY";
    return fmt::format("{}", v);
}

namespace {

std::string integer_text(std::int64_t v)
{
    if (v == std::numeric_limits<std::int64_t>::min()) return fmt::format("{} - 1", v + 1);
    return fmt::format("{}", v);
}

std::string array_text(const Array& a)
{
    std::string values;
    for (std::int64_t i = 0; i < a.size(); ++i)
        values += (i > 0 ? ", " : "") +
                  (is_float(a.dtype()) ? number_text(a.as_double(i)) : integer_text(a.as_int(i)));
    return fmt::format("array<{}>(ct::DType::{}, {{{}}}, {{{}}})",
                       is_float(a.dtype()) ? "double" : "std::int64_t",
                       a.dtype() == DType::boolean ? "boolean" : name(a.dtype()),
                       fmt::join(a.shape(), ", "), values);
}

std::string shape_text(const Recipe& recipe, const Recipe::Leaf& leaf)
{
    std::vector<std::string> extents;
    for (const int d : leaf.dims) {
        if (d < 0) {
            extents.emplace_back("1");
            continue;
        }
        const Recipe::Dim& dim = recipe.dims[static_cast<std::size_t>(d)];
        extents.push_back(dim.known ? fmt::format("{}", dim.extent) : fmt::format("d{}", d));
    }
    return fmt::format("{}", fmt::join(extents, ", "));
}

constexpr std::string_view head = R"(#include <croton/croton.hpp>
#include <cmath>
#include <cstdio>
#include <vector>
namespace ct = croton;

template <class T>
ct::Array array(ct::DType dtype, std::vector<std::int64_t> shape, std::vector<T> values)
{
    return ct::Array::copy(ct::View<const T>(values)).reshape(shape).cast(dtype);
}

int main()
{
)";

constexpr std::string_view compares_values =
    R"(    ct::Options options{.allow_unused_inputs = true};
    const ct::Results got = ct::function(inputs, outputs, options).call(arguments);
    options.reference = true;
    const ct::Results expected = ct::function(inputs, outputs, options).call(arguments);
    for (std::size_t i = 0; i < outputs.size(); ++i)
        std::printf("got\n%s\nexpected\n%s\n", ct::to_string(got[i]).c_str(),
                    ct::to_string(expected[i]).c_str());
)";

} // namespace

std::string to_program(const Recipe& recipe) { return to_program(recipe, compares_values); }

std::string to_program(const Recipe& recipe, std::string_view rest)
{
    const Program p = build(recipe);
    std::string text(head);
    std::vector<std::string> inputs, arguments, outputs;
    std::vector<bool> used(recipe.dims.size(), false);
    for (const Recipe::Leaf& leaf : recipe.leaves)
        for (const int d : leaf.dims)
            if (d >= 0) used[static_cast<std::size_t>(d)] = true;
    for (std::size_t d = 0; d < recipe.dims.size(); ++d)
        if (used[d] && !recipe.dims[d].known)
            text += fmt::format("    const auto d{} = ct::dim(\"{}\");\n", d, recipe.dims[d].name);
    for (std::size_t i = 0; i < recipe.leaves.size(); ++i) {
        const Recipe::Leaf& leaf = recipe.leaves[i];
        const DType t = leaf.value.dtype();
        text += fmt::format("    const auto {} = ct::input(\"{}\", ct::DType::{}, {{{}}});\n",
                            leaf_name(i), leaf.name, t == DType::boolean ? "boolean" : name(t),
                            shape_text(recipe, leaf));
        inputs.push_back(leaf_name(i));
        arguments.push_back(array_text(leaf.value));
    }
    for (std::size_t i = 0; i < recipe.nodes.size(); ++i)
        text += fmt::format("    const auto v{} = {};\n", i, p.texts[recipe.leaves.size() + i]);
    for (const int o : recipe.outputs) {
        const auto k = static_cast<std::size_t>(o);
        const bool leaf = k < recipe.leaves.size();
        outputs.push_back(leaf ? leaf_name(k) : fmt::format("v{}", k - recipe.leaves.size()));
    }
    text += fmt::format("    const std::vector<ct::Variable> inputs{{{}}};\n"
                        "    const ct::Variables outputs{{{}}};\n"
                        "    const std::vector<ct::Any> arguments{{{}}};\n",
                        fmt::join(inputs, ", "), fmt::join(outputs, ", "),
                        fmt::join(arguments, ",\n        "));
    return text + std::string(rest) + "}\n";
}

} // namespace croton::test
