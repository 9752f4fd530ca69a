#pragma once

#include <croton/ir/source_location.hpp>

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace croton::inline v1 {

namespace detail {
struct Polynomial;
struct Atom;
} // namespace detail

/// The length of an axis: a known integer, or an integer polynomial over symbols (`dim("n")`) and
/// opaque atoms (`floor_div`, `mod`, `minimum`, `maximum` of extents). Interned: structurally equal
/// extents are identical, so comparing costs a pointer. Symbols are equal by identity, not by name,
/// and stand for integers >= 0. Two words; copying is free; safe from several threads.
///
/// There is no operator== (it would read as an expression) and no operator/ (which rounding?).
class Extent {
public:
    template <std::integral I>
    Extent(I known) : known_(static_cast<std::int64_t>(known))
    {}
    bool is_known() const noexcept { return polynomial_ == nullptr; }
    /// UserError while symbolic.
    std::int64_t value(Where where = Where::current()) const;

    friend Extent operator+(const Extent&, const Extent&);
    friend Extent operator-(const Extent&, const Extent&);
    friend Extent operator*(const Extent&, const Extent&);
    friend Extent operator-(const Extent&);

    /// Identity: the same for every value of the symbols.
    friend bool same(const Extent& a, const Extent& b) noexcept
    {
        return a.known_ == b.known_ && a.polynomial_ == b.polynomial_;
    }

    /// Null while known.
    const detail::Polynomial* polynomial() const noexcept { return polynomial_; }
    static Extent from(const detail::Polynomial* polynomial) noexcept
    {
        Extent e(0);
        e.polynomial_ = polynomial;
        return e;
    }

private:
    std::int64_t known_;
    const detail::Polynomial* polynomial_ = nullptr;
};

// Also a declaration that qualified calls find: croton::same(e, f) of Variables otherwise.
bool same(const Extent& a, const Extent& b) noexcept;

using Shape = std::vector<Extent>;

/// A new symbol. Two calls give two, also for one name: dim("q") and dim("q") are two extents until
/// an op requires them to be equal; a function knows the second as n0. To say that two axes have
/// one extent, call dim once and use what it returned for both. Without a name it is printed as the
/// axis of the first input that has it, "x.0", or as "?".
/// errors   UserError for a name with control characters.
Extent dim(std::string_view name, Where where = Where::current());

/// Rounds towards minus infinity; by zero it is 0, as everywhere in Croton.
Extent floor_div(const Extent& a, const Extent& b);
/// a - floor_div(a, b) * b.
Extent mod(const Extent& a, const Extent& b);
Extent minimum(const Extent& a, const Extent& b);
Extent maximum(const Extent& a, const Extent& b);

/// False for all values of the symbols: 3 and 4; n and n + 1.
bool never_equal(const Extent& a, const Extent& b);
/// True for all values: structurally non-negative (coefficients >= 0 over symbols).
bool never_negative(const Extent& a);
/// never_negative(b - a), for which no difference is made where it need not be.
bool never_more(const Extent& a, const Extent& b);

std::string to_string(const Extent& extent);
/// "(3, n, 2*n + 1)"; "()" for a scalar, "(5,)" is written "(5)".
std::string to_string(const Shape& shape);
/// What tells symbols of one name apart, after these extents in an error: ", where q is declared at
/// a.cpp:3 and another q at a.cpp:9"; empty where each name is one symbol.
std::string alike_text(const Shape& extents);
bool same(const Shape& a, const Shape& b) noexcept;
/// The product of the extents: how many elements.
Extent element_count(const Shape& shape);

// ---- for passes and code generation

/// The parts of a symbolic extent: sum of coefficient * product of atoms.
struct ExtentTerm {
    std::int64_t coefficient;
    std::vector<const detail::Atom*> factors; ///< sorted; a power is a repetition
};
std::vector<ExtentTerm> terms(const Extent& extent);
/// The sum of terms, which need no order.
Extent extent_of(std::vector<ExtentTerm> terms);

enum class AtomKind : std::uint8_t { symbol, floor_div, mod, minimum, maximum };
AtomKind kind(const detail::Atom* atom);
std::string_view name(const detail::Atom* atom); ///< of a symbol
std::string label(const detail::Atom* symbol);   ///< what it is printed as
/// The line of the dim() that made it; null for any other.
const Location* location(const detail::Atom* symbol);
std::uint32_t id(const detail::Atom* atom); ///< in order of creation
/// The two operands of an atom that is no symbol.
std::pair<Extent, Extent> operands(const detail::Atom* atom);
Extent as_extent(const detail::Atom* atom);
/// The symbol that `extent` is, or null when it is anything else.
const detail::Atom* as_symbol(const Extent& extent);
/// Every symbol in it, also inside atoms, each once, in order of creation.
std::vector<const detail::Atom*> symbols(const Extent& extent);

/// Symbols for the indices of emitted loops: the first 256 are made before any other symbol, so
/// that the order of a printed expression is the same in every process.
const detail::Atom* index_symbol(std::size_t i);
bool is_index_symbol(const detail::Atom* atom);

/// The symbols n0, n1, .. under which functions know extents that have no name; made early as well.
/// `i` < 64.
const detail::Atom* axis_symbol(std::size_t i);
/// What a symbol without a name is printed as; the first text stays.
void label_symbol(const detail::Atom* symbol, std::string_view text);

using Substitution = std::vector<std::pair<const detail::Atom*, Extent>>;
/// Replaces symbols, all at once.
Extent substitute(const Extent& extent, const Substitution& by);
/// Value under an assignment; every symbol must be assigned (InternalError otherwise).
std::int64_t evaluate(const Extent& extent,
                      const std::vector<std::pair<const detail::Atom*, std::int64_t>>& values);

} // namespace croton::inline v1
