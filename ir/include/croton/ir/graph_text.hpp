#pragma once

#include <croton/ir/apply.hpp>
#include <croton/ir/shared.hpp>

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace croton::inline v1 {

/// A graph as lines of text and arrays beside it, for files: GraphWriter writes, GraphReader reads.
///
///   atom a0 symbol "n"                              a symbol of extents, or floor_div .. of two
///   place p0 "model.cpp" 12 "main" - "dot"          where a user wrote something; in which scope;
///                                                   what was called there; then perhaps `gradient`
///   v0 input f32(a0,3):"x" p0
///   v1 shared f32(3):"W" p1 shared_0
///   v2 constant f32() p1 weak 3f800000              its bits, or the name of an array
///   region r0 v3,v4 -> v5                           an inner graph, of values above it
///   v6 apply add v0,v2 -> f32(a0,3):"y" p2          then parameters: axis=1 body=r0
///
/// Values are in the order in which they were made, and extents' atoms too, so that what is read
/// compiles to the same text as what was written.

using NamedArrays = std::vector<std::pair<std::string, Array>>;

class GraphWriter {
public:
    /// `values` and all that they need, and the symbols of `requirements`.
    /// throws   UserError where a user's own op has parameters but names no factory for them, or
    ///          the name of another op.
    GraphWriter(std::span<const Variable> values, std::span<const Requirement> requirements);

    std::string text() const { return atoms_ + places_ + nodes_; }
    const NamedArrays& arrays() const noexcept { return arrays_; }

    // For the lines that follow the graph's.
    std::string reference(const Variable& v) const; ///< "v6", "v6.1" for its second output
    std::string reference(std::span<const Variable> list) const; ///< "v1,v2"; "-" for none
    std::string place(const Location* place);                    ///< "p0"; "-" for none
    std::string extent(const Extent& extent) const;              ///< "2*a0*a1+-3"
    static std::string quoted(std::string_view text);

private:
    void collect(std::span<const Variable> values);
    void collect(const Extent& extent);
    void write_atoms();
    void write_leaf(const Variable& v);
    void write_apply(const Apply& apply);
    std::string type(const Variable& v) const;
    std::string field(const FieldPointer& value);
    std::string array(const Array& value, std::string_view stem);
    std::string region(const Region& region);
    std::string scope(const ScopeFrame* scope);

    std::map<std::uint32_t, const detail::Atom*> used_atoms_; ///< by id: in order of creation
    std::map<const detail::Atom*, std::size_t> atom_numbers_;
    std::map<std::uint64_t, Variable> values_;            ///< first outputs, by serial
    std::map<const detail::Value*, Array> shared_values_; ///< all of one moment
    std::map<const detail::Node*, std::size_t> numbers_;
    std::map<const Location*, std::size_t> place_numbers_;
    std::map<const ScopeFrame*, std::size_t> scope_numbers_;
    std::map<const void*, std::size_t> region_numbers_;
    std::map<std::string_view, const Op*> ops_; ///< that the text names, and Croton's
    std::string atoms_, places_, nodes_;
    NamedArrays arrays_;
};

/// One line of such a text, read word by word. Every refusal names the file and the line.
class StoredLine {
public:
    StoredLine(std::string_view text, std::string_view file, std::size_t number)
        : text_(text), file_(file), number_(number)
    {}
    bool at_end() const noexcept { return text_.empty(); }
    std::string_view word();
    std::string quoted();
    std::int64_t integer();
    /// Takes `word` if it is next.
    bool accept(std::string_view word);
    [[noreturn]] void refuse(std::string_view why) const;
    std::string_view file() const noexcept { return file_; }

private:
    std::string_view text_;
    std::string_view file_;
    std::size_t number_;
};

class GraphReader {
public:
    /// arrays   what the text names.
    /// ops      users' own; Croton's are known.
    ///          UserError where two have one name.
    /// shared   variables that stand for the text's shared ones of the same name.
    GraphReader(const NamedArrays& arrays,
                std::span<const Op* const> ops,
                std::span<const Shared> shared);

    /// Takes a line if it is one of a graph's.
    /// throws   UserError naming file and line: what is damaged, an op or an array that is missing.
    bool take(std::string_view first_word, StoredLine& line);

    Variable reference(StoredLine& line) const;
    Variables references(StoredLine& line) const;
    const Location* place(StoredLine& line) const;
    Extent extent(StoredLine& line) const;
    /// Of the text's shared variables, as often as there are.
    const std::vector<std::string>& shared_names() const noexcept { return shared_names_; }

private:
    void read_atom(StoredLine& line);
    void read_place(StoredLine& line);
    void read_scope(StoredLine& line);
    void read_region(StoredLine& line);
    void read_value(StoredLine& line);
    Variable read_leaf(std::string_view kind, StoredLine& line);
    Variable read_apply(StoredLine& line);
    Params read_params(const Op& op, StoredLine& line) const;
    void read_field(const FieldPointer& field, std::string_view text, StoredLine& line) const;
    const Op& find_op(std::string_view name, StoredLine& line) const;
    const Array& find_array(std::string_view name, StoredLine& line) const;
    Variable value_of(std::string_view text, StoredLine& line) const;
    Extent extent_of(std::string_view text, StoredLine& line) const;
    Shape shape_of(std::string_view text, StoredLine& line) const;
    Type type_of(std::string_view text, StoredLine& line) const;

    std::map<std::string_view, const Array*> arrays_;
    std::map<std::string_view, const Op*> ops_;
    std::span<const Shared> shared_;
    std::vector<std::string> shared_names_;
    std::vector<Extent> atoms_;
    std::vector<const Location*> places_;
    std::vector<const ScopeFrame*> scopes_;
    std::vector<Region> regions_;
    std::vector<Variables> values_;
};

} // namespace croton::inline v1
