#pragma once

#include <croton/ir/graph.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1 {

enum class Changed : bool { no, yes };
constexpr Changed changed_if(bool any) { return any ? Changed::yes : Changed::no; }

/// What a rule says about itself in reports; lives as long as anything that names it. Its text is
/// printed when it is asked for: most rules never are.
struct RuleInfo {
    Variable left, right;
    const Location* where = nullptr;

    std::string text() const; ///< "log(1 + x) -> log1p(x)"
};

/// One rule applied once.
struct Firing {
    std::shared_ptr<const RuleInfo> rule;
    const Location* user = nullptr; ///< of the Apply that was replaced
};
/// "passes/rules/stable.cpp:12  log(1 + x) -> log1p(x)  at model.cpp:14".
std::string to_string(const Firing& firing);

struct PassOptions {
    bool strict = false;       ///< only rules of exactness `bitwise` and `sharper`
    bool verify = false;       ///< verify(graph) after every pass that changed it
    bool check_hash = false;   ///< the structural hash changes if and only if the pass says so
    bool record_texts = false; ///< keep the graph's text after each stage
    std::vector<std::string> rules_off = {}; ///< by text
    /// Operations that one element of a pointwise op takes, by the schedule's cost model. Passes
    /// that weigh work against memory do nothing without it.
    int (*flops)(const Op& op, DType dtype) = nullptr;
    int flops_worth_storing = 0; ///< storing an element costs as much as so many operations
    /// Whether the schedule makes one kernel of a loop, with its states in registers. Without it no
    /// pass knows of one.
    bool (*fits_a_kernel)(const Apply& scan) = nullptr;
    std::int64_t elements_in_registers = 0; ///< that a state in such a kernel has at most
    /// Where a loop holds more for a reverse loop, it holds less for more work; 0: it holds all.
    std::int64_t most_history_bytes = 0;
};

/// One pass as it ran.
struct Stage {
    std::string name; ///< "canonicalize 2: merge duplicates"
    Changed changed = Changed::no;
    std::size_t applies = 0; ///< after it
    double milliseconds = 0;
    std::string text; ///< the graph after it, with PassOptions::record_texts
};

struct PassReport {
    std::vector<Stage> stages;
    std::vector<Firing> firings;
};
/// A line a stage, then how often each rule fired.
std::string to_string(const PassReport& report);

/// What a pass sees beside the graph.
struct PassContext {
    const PassOptions& options;
    PassReport& report;
    int depth = 0;               ///< regions around the graph that it sees
    bool sines_in_pairs = false; ///< FindPairsOfSines has found one
};

/// A small struct; its header says what, when and why then. It sees one graph: the pipeline runs it
/// on regions too, innermost first. Timing, logging and verifying are the pipeline's job.
template <class P>
concept Pass = requires(const P& p, Graph& graph, PassContext& context) {
    { p.name } -> std::convertible_to<std::string_view>;
    { p.run(graph, context) } -> std::same_as<Changed>;
};

} // namespace croton::inline v1
