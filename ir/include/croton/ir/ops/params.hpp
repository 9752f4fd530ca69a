#pragma once

#include <croton/ir/op.hpp>

#include <cstdint>
#include <vector>

namespace croton::inline v1 {

// Parameters of ops that references, rules, gradients or schedules look into. They stand apart from
// the functions that make those ops, as a user's program needs no records.

struct CastParams {
    DType to = DType::f64;
    static constexpr auto fields = std::tuple{field("to", &CastParams::to)};
};

struct ShapeParams {
    Shape shape;
    static constexpr auto fields = std::tuple{field("shape", &ShapeParams::shape)};
};

struct ExtentParams {
    Extent extent = 0;
    static constexpr auto fields = std::tuple{field("extent", &ExtentParams::extent)};
};

struct AxesParams {
    std::vector<int> axes; ///< normalised: sorted, unique, not negative
    static constexpr auto fields = std::tuple{field("axes", &AxesParams::axes)};
};

struct AxisParams {
    int axis = 0;
    static constexpr auto fields = std::tuple{field("axis", &AxisParams::axis)};
};

/// The index along `axis` at every place of an array of `shape`; the position in C order if -1.
struct IotaParams {
    Shape shape;
    int axis = 0;
    DType dtype = DType::i64;
    static constexpr auto fields =
        std::tuple{field("shape", &IotaParams::shape), field("axis", &IotaParams::axis),
                   field("dtype", &IotaParams::dtype)};
};

/// x[start], x[start + step], .. before `stop` on every axis, both counted from the front. With a
/// negative step `stop` may be -1. Axes in `dropped` have one element and are gone in the result.
struct SliceParams {
    Shape start;
    Shape stop;
    std::vector<std::int64_t> step;
    std::vector<int> dropped;
    static constexpr auto fields =
        std::tuple{field("start", &SliceParams::start), field("stop", &SliceParams::stop),
                   field("step", &SliceParams::step), field("dropped", &SliceParams::dropped)};
};

/// Which axes of the data the indices address, and where the index axes go among the others.
struct GatherParams {
    std::vector<int> axes; ///< one per index, ascending
    int position = 0;
    static constexpr auto fields =
        std::tuple{field("axes", &GatherParams::axes), field("position", &GatherParams::position)};
};

/// Inputs of the Apply: sequences, start values, then what the body uses besides (constants), then
/// the limit of a limited loop. The body takes a slice of each sequence, the states, the constants;
/// it gives the states and the outs, and whether to stop if the loop has `until`. Outputs of the
/// Apply: last states, histories, outs, the number of steps that ran; of these only the ones that
/// are kept.
struct ScanParams {
    Region body;
    int sequences = 0;
    int states = 0;
    int outs = 0;
    bool reverse = false;
    bool until = false;   ///< the step after which the body says so is the last
    bool limited = false; ///< no more steps than the last input says, an i64 scalar
    /// Of a loop that runs fewer than `steps`: these are the last places, not the first. Rows of
    /// other places are 0.
    bool at_end = false;
    bool endless = false; ///< `steps`, which is 0, is no bound: nothing is collected
    /// A gradient holds the states before so many steps (ir/scan_snapshots.hpp); 0: before each.
    int snapshots = 0;
    Extent steps = 0;
    std::vector<int> kept; ///< 1 or 0 for each of last, history, out, and the number of steps
    static constexpr auto fields = std::tuple{
        field("body", &ScanParams::body),       field("sequences", &ScanParams::sequences),
        field("states", &ScanParams::states),   field("outs", &ScanParams::outs),
        field("reverse", &ScanParams::reverse), field("until", &ScanParams::until),
        field("limited", &ScanParams::limited), field("at_end", &ScanParams::at_end),
        field("endless", &ScanParams::endless), field("snapshots", &ScanParams::snapshots),
        field("steps", &ScanParams::steps),     field("kept", &ScanParams::kept)};
};

/// Which of the regions runs: the first input, a bool (false is 0) or an integer, which is held
/// between 0 and the last. All take the other inputs and give values of the same types. A
/// switch_op has two or more, a recompute_op one.
struct SwitchParams {
    std::vector<Region> branches;
    static constexpr auto fields = std::tuple{field("branches", &SwitchParams::branches)};
};

} // namespace croton::inline v1
