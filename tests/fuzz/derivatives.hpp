#pragma once

#include <cstddef>
#include <string>

#include "fuzz/fuzz.hpp"

namespace croton::test {

/// What became of programs whose derivatives were judged. Whoever judges looks at it at the end: of
/// checks that are mostly excused nothing follows.
struct DerivativeCounts {
    std::size_t first = 0;    ///< gradients that were compared, and are not 0
    std::size_t second = 0;   ///< the same of second derivatives
    std::size_t constant = 0; ///< programs that depend on no float by anything but steps
    std::size_t none = 0;     ///< an op on the way has no gradient
    std::size_t kinks = 0;    ///< derivatives near a kink, a jump or an overflow
    std::size_t rounded = 0;  ///< derivatives that rounding may change by as much

    std::size_t compared() const { return first + second; }
    std::size_t excused() const { return kinks + rounded; }
};
std::string to_string(const DerivativeCounts& counts);
/// Why too little was compared in so many programs; empty where enough was.
std::string too_little(const DerivativeCounts& counts, std::size_t programs);

/// What is wrong with the derivatives of a program's floating-point outputs, by the references. The
/// judge of values compares a compiled derivative with the reference of the same graph, so that a
/// wrong rule agrees with itself; this one compares derivatives with each other and with what they
/// are derivatives of:
///
///     <u, J v> forward with <J' u, v> in reverse, and either with differences of <u, y>
///     <w, H v> forward over reverse with reverse over reverse, and with differences of the
///     gradient
///
/// Differences are believed where they converge: those of three sizes of steps are alike, and those
/// to either side come closer to each other. Near a kink (maximum, where) or a jump (floor, a step
/// at which a loop stops) they do not; and a derivative that is right to both sides of where two
/// numbers are equal may be that of the other case there. What differs from them by no more than
/// rounding may change the derivative is excused as well.
std::string wrong_derivatives(const Program& program, DerivativeCounts& counts);

/// Judges of programs by their derivatives, which need no compiler.
Judges derivative_judges(DerivativeCounts& counts);

/// How programs are drawn for them: floats are f64, and arrays small.
inline constexpr GenerateOptions differentiable{.differentiable = true};

/// The recipe as a C++ program that prints its derivatives and differences beside each other.
std::string to_derivative_program(const Recipe& recipe);

} // namespace croton::test
