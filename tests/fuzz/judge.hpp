#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fuzz/recipe.hpp"

namespace croton::test {

struct JudgeOptions {
    bool fast_start = true;
    bool strict = false;
    bool gaps = false;
    /// Inputs of known shape are shared variables, each updated by a value of the program. A
    /// function for each program: what can fail in one would keep the updates of others beside.
    bool updates = false;
};

/// What is right for each output, and how far from it is still right.
///
/// The reference evaluation is repeated with every floating-point result of every op off by some
/// units in its last place: where results then differ, so may the compiled program's. Nothing is
/// asked of an element that is marked (fuzz/marks.hpp): that is computed from a NaN, or from an
/// infinity made of finite numbers; nor of an integer that such a difference changes. Any other
/// element is compared, a NaN with NaN and an infinity with the same one: what is moved, selected
/// or computed of infinities that were given, as a mask's, and what does not depend on a marked
/// element. A few repetitions may all fall on one side of a jump, as of a rounding or a position:
/// before an element is called wrong, there are many more.
class Expectation {
public:
    explicit Expectation(const Program& program);
    /// Names the first wrong element; empty where all are right.
    std::string difference(std::size_t output, const Array& got);

private:
    class Evaluation;

    void widen(std::uint64_t first_key, std::uint64_t last_key, double factor);
    std::string difference_within_bounds(std::size_t output, const Array& got) const;

    bool looked_again_ = false;
    std::shared_ptr<const Evaluation> evaluation_;
    std::vector<Array> exact_;
    std::vector<std::vector<double>> bounds_;
};

/// Whether the extents of the arguments are what the program's Applies require of them: that two
/// symbols are equal, that an axis is long enough.
bool meets_requirements(const Program& program);

/// Puts the program through the passes, verified and hashed after each; what went wrong.
std::string check_passes(const Program& program);

/// What is wrong with the program as one of a batch, some inputs of which members share: by the
/// references each member's results are those of the program by itself, bit for bit.
std::string check_batch(const Program& program);

/// Whether the recipe's program may throw such an error although it is right: where nothing is read
/// or written, an index may be looked at all the same.
bool may_throw(const Recipe& recipe, Code code);

/// Compiles programs as one function and calls it: what is wrong with each, empty for right ones.
/// What any of them throws is thrown, and what no single one explains.
std::vector<std::string> judge(std::span<const Recipe> recipes, const JudgeOptions& options);
/// The same for one; also what it throws. UserError where the recipe makes no sense.
std::string judge_one(const Recipe& recipe, const JudgeOptions& options);

} // namespace croton::test
