#pragma once

#include <croton/ir/array.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/variable.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace croton::test {

/// What a maker sees of the values it is applied to, and of the numbers that were drawn for it.
struct MakerArgs {
    const Variables& x;
    const std::vector<std::string>& names; ///< what the program's text calls them
    const std::vector<int>& choices;       ///< not negative

    int choice(std::size_t i, int count) const { return count == 0 ? 0 : choices[i] % count; }
    /// An axis of x[0]; it must have one.
    int axis(std::size_t i) const;
};

/// An expression twice: as a user's program builds it, and as the user writes it.
struct Made {
    Variable value;
    std::string text;
};

/// A number as C++ writes it; <cmath> has to be included.
std::string number_text(double v);

/// One function of the API applied to values. Refusals are UserErrors: another draw may fit.
struct Maker {
    std::string name;
    std::size_t arity;
    Made (*make)(const Maker&, const MakerArgs&);
    const Op* op = nullptr; ///< of makers that apply a record
};

/// Every function that a random program may call: all pointwise ops, and the others by hand.
const std::vector<Maker>& makers();
/// Derivatives of the first operand by the second.
const std::vector<Maker>& derivative_makers();

/// A random program as plain data, which shrinking edits. Values are numbered: leaves, then nodes.
struct Recipe {
    struct Dim {
        std::string name;
        std::int64_t extent;
        bool known; ///< to the function; a symbol otherwise
    };
    struct Leaf {
        std::string name;
        std::vector<int> dims; ///< of `dims` below, -1 for a known 1
        Array value;
    };
    struct Node {
        const Maker* maker;
        std::vector<int> operands;
        std::vector<int> choices;
    };
    std::vector<Dim> dims;
    std::vector<Leaf> leaves;
    std::vector<Node> nodes;
    std::vector<int> outputs;

    int value_count() const { return static_cast<int>(leaves.size() + nodes.size()); }
};

/// A recipe as a graph.
struct Program {
    Variables inputs;
    std::vector<Array> arguments;
    Variables values; ///< inputs, then one a node
    std::vector<std::string> texts;
    Variables outputs;
};

/// The graph's leaves alone, and one node more; UserError where the node makes no sense.
Program begin_program(const Recipe& recipe, const std::string& suffix = "");
void add_node(Program& program, const Recipe::Node& node);
Program build(const Recipe& recipe, const std::string& suffix = "");

/// The recipe as a C++ program that compares the compiled function with the reference evaluation.
std::string to_program(const Recipe& recipe);
/// As one that does something else with its `inputs`, `outputs` and `arguments`: the rest of main.
std::string to_program(const Recipe& recipe, std::string_view rest);

} // namespace croton::test
