#pragma once

#include <croton/ir/dtype.hpp>
#include <croton/ir/extent.hpp>

#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1::codegen {

/// Identifiers of one scope of emitted text: the user's names where they are free.
class Names {
public:
    /// `wanted` made an identifier that is neither taken nor a word of C, C++ or the prelude; from
    /// `stem` where `wanted` is empty: t0, t1, ..
    std::string fresh(std::string_view wanted, std::string_view stem);
    /// `stem` itself, or from the second one on stem2, stem3, ..
    std::string numbered(std::string_view stem);
    /// Whether `fresh` would give `wanted` as it is.
    bool is_free(std::string_view wanted) const;
    void reserve(std::string_view name) { taken_.emplace(name); }

private:
    std::set<std::string, std::less<>> taken_;
    std::map<std::string, int, std::less<>> next_;
};

/// What kernels are called before their number: by ClusterKind, then copies into strided outputs.
inline constexpr std::array<std::string_view, 9> kernel_stems = {
    "fused", "columns", "running", "scatter", "matmul", "loop", "steps", "branch", "strided"};

/// Whether a name means something in emitted text: a word of C, C++ or the prelude, or a macro.
bool is_taken_by_the_text(std::string_view name);

/// What symbols of extents are called in a text, and long sums of extents (long_sums.hpp).
struct SymbolNames : std::map<const detail::Atom*, std::string> {
    std::map<const detail::Polynomial*, std::string> sums = {}; ///< in no order
};

/// An index expression in C: `i * n1 + j`. Symbols that have no name yet are an InternalError.
std::string c_text(const Extent& extent, const SymbolNames& names);
/// The same, in parentheses unless it is a name or a number.
std::string c_factor(const Extent& extent, const SymbolNames& names);

/// Type of an element in memory, and of a scalar.
std::string_view memory_type(DType dtype);
std::string_view scalar_type(DType dtype);

/// Appends a term, `product` without its sign.
inline void append_signed(std::string& sum, bool negative, const std::string& product)
{
    if (sum.empty())
        sum = negative ? "-" : "";
    else
        sum += negative ? " - " : " + ";
    sum += product;
}

} // namespace croton::inline v1::codegen
