#pragma once

#include <croton/compiler/arguments.hpp>
#include <croton/ir/shared.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace croton::inline v1 {

/// What a shared variable becomes after a call. The value is converted to the target's dtype if
/// that loses nothing; its shape must be the target's.
struct Update {
    Update(const Shared& of, const Variable& next) : target(of), value(next) {}
    Variable target; ///< not a Shared, which takes no other one's place: lists are assigned
    Variable value;
};

/// Who computes matrix products.
enum class Matmul : std::uint8_t {
    own,     ///< the emitted text
    library, ///< a BLAS: OpenBLAS, MKL, BLIS, or the one that CROTON_BLAS names
};

/// Where a function computes the next values of shared variables.
enum class Publish : std::uint8_t {
    in_place, ///< where the old ones lie, if nobody needs these
    swap,     ///< beside the old ones
};

/// How a function is compiled.
struct Options {
    /// Names the program in files, debuggers and profilers.
    std::string name{};
    /// Shared variables and what each is after a call: all at one moment, from the old values.
    std::vector<Update> updates{};
    /// Variables replaced by others (or by expressions) before anything else. What stands for one
    /// is converted as an operand is, if no value is lost, and broadcast to its shape. It may need
    /// what another one replaces, but not itself: two inputs are not swapped so.
    std::vector<std::pair<Variable, Variable>> givens{};
    /// Inputs and outputs that may be one memory, by position: a state advanced in place.
    std::vector<Alias> in_place{};
    /// At most this many threads in a call; 0: all that the process may use. Results do not depend
    /// on it.
    int threads = 0;
    /// Every op by its obvious meaning, no compiler, no rules: slow, for comparing.
    bool reference = false;
    /// Stops at the first NaN or infinity that a kernel stores, and names the op, the user's line
    /// and the operands that it came from. Every stored array is read once more.
    bool finite_checks = false;
    /// Measures each kernel: explain() tells its time and what that is of its cost. Two readings
    /// of the clock a kernel.
    bool profile = false;
    /// A call whose intermediate values need more bytes is refused before any work; 0: no limit.
    /// Where all sizes are known, gradients of loops hold fewer states and run steps again, as with
    /// ScanArgs::checkpoint, if that meets it; else function() refuses, with the least it found.
    /// Where a size is known at the call alone, only what ScanArgs::checkpoint says is done again.
    std::size_t memory_limit_bytes = 0;
    /// Only rules that keep every bit or make results more accurate.
    bool strict = false;
    /// Compiles faster (-O1), runs slower.
    bool fast_start = false;
    /// Matmul::library: a BLAS computes the f32 and f64 products that it can, and what could have
    /// been part of such a product is a kernel of its own. explain() says which, and why not.
    /// Results then depend on the library, but not on threads; calls may allocate and lock, as the
    /// library does; such functions are not exported.
    Matmul matmul = Matmul::own;
    /// Publish::swap: next values of shared variables are computed beside the old ones and take
    /// their place at the end, so that no reader waits. Otherwise they are computed where the old
    /// ones lie, if these are not needed any more, nothing can fail after that, and nobody holds
    /// them or read them in the last 16 calls: less memory to go through. Who asks for one during
    /// such a call waits for its end. Where they cannot, as somebody reads at every step, each
    /// call copies the old ones first: then swap is faster.
    Publish publish = Publish::in_place;
    /// Sanitizers that check the compiled program: "address", "undefined", "thread", separated by
    /// commas. The process must have their run-time library. Slow.
    std::string sanitize{};
    /// Puts gaps around values in the workspace, fills them and memory that is not in use with a
    /// pattern, and checks the gaps: what a kernel writes beside its result is an InternalError
    /// that names the op. For tests of Croton itself. Slow.
    bool gaps = false;
    /// Rules not to apply, by the text that explain() prints: "log(exp(x)) -> x". What is no rule
    /// is a UserError. What grad() rewrote before it differentiated stays.
    std::vector<std::string> rules_off{};
    /// Compiled programs are kept for the next process.
    bool cache = true;
    /// Inputs that nothing needs are an error otherwise.
    bool allow_unused_inputs = false;
};

} // namespace croton::inline v1
