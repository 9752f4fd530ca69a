#include "fuzz/judge.hpp"

#include <croton/croton.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/batch.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/expand_composites.hpp>
#include <croton/passes/pipelines.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <unordered_map>

#include "fuzz/marks.hpp"

namespace croton::test {

namespace {

struct Format {
    double epsilon; ///< the distance between 1 and the next number
    double least;   ///< the smallest number above 0
};

Format format_of(DType t)
{
    switch (t) {
    case DType::f16:
        return {0x1p-10, 0x1p-24};
    case DType::bf16:
        return {0x1p-7, 0x1p-133};
    case DType::f32:
        return {0x1p-23, 0x1p-149};
    case DType::f64:
        return {0x1p-52, 0x1p-1074};
    case DType::boolean:
    case DType::i8:
    case DType::i16:
    case DType::i32:
    case DType::i64:
    case DType::u8:
    case DType::u16:
    case DType::u32:
    case DType::u64:
    case DType::complex64:
    case DType::complex128:
        break;
    }
    throw internal_error("judge", "{} is no real float", name(t));
}
double epsilon(DType t) { return format_of(t).epsilon; }

Substitution extents_of(const Program& p)
{
    Substitution extents;
    for (std::size_t i = 0; i < p.inputs.size(); ++i) {
        const Shape shape = p.inputs[i].shape();
        for (std::size_t k = 0; k < shape.size(); ++k)
            if (const auto* symbol = as_symbol(shape[k]))
                extents.push_back({symbol, p.arguments[i].shape()[k]});
    }
    return extents;
}

constexpr double noise_units = 6; // what a function's bound and the reference's rounding come to

/// Every float some units off, each its own way; what is subnormal may be all that rounding left.
Array with_noise(const Array& a, std::mt19937_64& random, double units = noise_units)
{
    if (!is_float(a.dtype())) return a;
    Array wide = a.cast(DType::f64).clone();
    auto* x = static_cast<double*>(wide.data());
    const auto [epsilon, least] = format_of(a.dtype());
    for (std::int64_t i = 0; i < wide.size(); ++i) {
        const double unit = static_cast<double>(random() >> 11) * 0x1p-52 - 1;
        const bool subnormal = x[i] != 0 && std::abs(x[i]) < least / epsilon;
        x[i] = subnormal ? x[i] + least * unit : x[i] * (1 + units * epsilon * unit);
    }
    return wide.cast(a.dtype());
}

/// Decides what is nearly a tie: noise takes a number to either side of another, seldom onto it.
/// `coarsest` is the largest epsilon of what the operands were computed from; `quiet` are the
/// operands without noise, if they are known: how far noise took them counts whatever their size.
void break_ties(const Apply& a,
                std::span<const Array> x,
                std::span<const Array> quiet,
                Array& y,
                bool ties,
                double coarsest)
{
    const bool compares = std::holds_alternative<Pointwise>(a.op().lowering) && x.size() == 2 &&
                          y.dtype() == DType::boolean && is_float(x[0].dtype());
    const auto is_leaf = [](const Variable& v) { return v.leaf() != Leaf::none; };
    if (!compares || std::ranges::all_of(a.inputs(), is_leaf)) return;
    auto* result = static_cast<bool*>(y.data());
    for (std::int64_t i = 0; i < y.size(); ++i) {
        const double left = x[0].as_double(i), right = x[1].as_double(i);
        const double scale = std::max(std::abs(left), std::abs(right));
        // Zeros that noise leaves are no differences that rounding made 0.
        if (!quiet.empty() && scale == 0 && quiet[0].as_double(i) == 0 &&
            quiet[1].as_double(i) == 0)
            continue;
        double near = 64 * noise_units * coarsest * scale;
        if (!quiet.empty())
            near = std::max(near, 64 * (std::abs(left - quiet[0].as_double(i)) +
                                        std::abs(right - quiet[1].as_double(i))));
        if (std::isfinite(scale) && std::abs(left - right) <= near) result[i] = ties;
    }
}

/// Marks tangents of what rounding, or noise, took a notable part of the way to a pole: of the
/// draws that follow from it, any may be the largest. Operands as of break_ties.
void mark_tangents(const Apply& a,
                   std::span<const Array> x,
                   std::span<const Array> quiet,
                   const Array& y,
                   double coarsest,
                   Marks& marks)
{
    if (a.op().name != std::string_view("tan")) return;
    for (std::int64_t i = 0; i < y.size(); ++i) {
        const double at = x[0].as_double(i);
        double off = noise_units * coarsest * std::abs(at);
        if (!quiet.empty()) off = std::max(off, std::abs(at - quiet[0].as_double(i)));
        if (off * (1 + std::abs(y.as_double(i))) > 0.1) mark(marks, y, i);
    }
}

/// 0 between equal infinities and between NaNs.
double distance(double a, double b)
{
    if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
    return std::isfinite(a) && std::isfinite(b) ? std::abs(a - b) : INFINITY;
}

/// How many terms go into an element of the result: rounding that often is as if each term were
/// that much off, as the differences of many terms cancel one another.
double terms_of(const Apply& a, std::span<const Array> x)
{
    const Lowering& lowering = a.op().lowering;
    if (std::holds_alternative<Pointwise>(lowering) || std::holds_alternative<IndexMap>(lowering) ||
        std::holds_alternative<Gather>(lowering))
        return 0;
    if (has_body(lowering)) return 4;
    double most = 1;
    for (const Array& operand : x)
        most = std::max(most, static_cast<double>(operand.size()));
    const auto elements = static_cast<double>(element_count(a.output().shape()).value());
    const bool each = std::holds_alternative<Prefix>(lowering);
    return each || elements == 0 ? most : 1 + most / elements;
}

} // namespace

/// evaluate_reference, op by op, with a look at each result.
class Expectation::Evaluation {
public:
    Evaluation(const Program& p)
    {
        VariableMap by;
        for (std::size_t i = 0; i < p.inputs.size(); ++i) {
            const auto shape = p.arguments[i].shape();
            const Variable known =
                input(p.inputs[i].name(), p.inputs[i].dtype(), Shape(shape.begin(), shape.end()));
            by.emplace(p.inputs[i], known);
            leaves_.emplace(known.value(), p.arguments[i]);
            kept_.push_back(known);
        }
        outputs_ = copy_graph(p.outputs, by, extents_of(p));
        order_ = applies_of(outputs_);
        // What a composite op rounds inside counts as well.
        Graph parts(kept_, outputs_);
        const PassOptions options;
        PassReport report;
        PassContext context{options, report};
        (void)ExpandComposites{}.run(parts, context);
        noisy_outputs_ = parts.outputs();
        noisy_order_ = applies_of(noisy_outputs_);
        quiet_ = leaves_;
        (void)run(noisy_order_, noisy_outputs_, quiet_, nullptr);
    }

    struct Results {
        std::vector<Array> values;
        std::vector<Marks> marks;
    };

    /// Key 0: without noise, and without marks.
    Results run(std::uint64_t key) const
    {
        std::mt19937_64 random(key);
        auto have = leaves_;
        if (key == 0) return run(order_, outputs_, have, nullptr);
        Noise noise{random, key % 2 == 1, &quiet_};
        return run(noisy_order_, noisy_outputs_, have, &noise);
    }

private:
    using Values = std::unordered_map<const detail::Value*, Array>;
    struct Noise {
        std::mt19937_64& random;
        bool ties;           ///< what comparisons of equal numbers give
        const Values* quiet; ///< all values without noise; null in a loop's steps
    };

    static Results
    run(std::span<const Apply> order, std::span<const Variable> outputs, Values& have, Noise* noise)
    {
        const auto value_of = [&](const Variable& v) {
            return v.leaf() == Leaf::constant ? v.constant() : have.at(v.value());
        };
        std::unordered_map<const detail::Value*, Marks> marks; // none of leaves
        const auto marks_of = [&](const Variable& v) {
            const auto at = marks.find(v.value());
            return at == marks.end() ? Marks() : at->second;
        };
        std::unordered_map<const detail::Value*, double> coarsest; // none of leaves: no noise
        for (const Apply& a : order) {
            std::vector<Array> x, quiet;
            std::vector<Marks> x_marks;
            double coarse = 0;
            for (const Variable& in : a.inputs()) {
                x.push_back(value_of(in));
                x_marks.push_back(marks_of(in));
                if (noise && noise->quiet)
                    quiet.push_back(in.leaf() == Leaf::constant ? in.constant()
                                                                : noise->quiet->at(in.value()));
                if (const auto at = coarsest.find(in.value()); at != coarsest.end())
                    coarse = std::max(coarse, at->second);
            }
            if (const double terms = terms_of(a, x); noise && terms > 0)
                for (Array& operand : x)
                    operand = with_noise(operand, noise->random, noise_units * terms);
            auto [y, y_marks] = evaluate(a, x, x_marks, noise);
            for (std::size_t i = 0; i < y.size(); ++i) {
                if (noise) mark_tangents(a, x, quiet, y[i], coarse, y_marks[i]);
                if (noise) marks[a.output(i).value()] = y_marks[i];
                if (noise) break_ties(a, x, quiet, y[i], noise->ties, coarse);
                if (is_float(y[i].dtype()))
                    coarsest[a.output(i).value()] = std::max(coarse, epsilon(y[i].dtype()));
                have[a.output(i).value()] = noise ? with_noise(y[i], noise->random) : y[i];
            }
        }
        Results results;
        for (const Variable& v : outputs) {
            results.values.push_back(value_of(v));
            results.marks.push_back(marks_of(v));
        }
        return results;
    }

    static Results
    evaluate(const Apply& a, std::span<const Array> x, std::span<const Marks> x_marks, Noise* noise)
    {
        if (noise && has_body(a.op().lowering)) return evaluate_body(a, x, x_marks, *noise);
        std::vector<Array> y = evaluate_reference(a, x);
        if (!noise) return {y, {}};
        return {y, marks_of_results(a, x, x_marks, y)};
    }

    /// What a loop's steps and a branch round inside counts as well. One mark there marks all
    /// results.
    static Results evaluate_body(const Apply& a,
                                 std::span<const Array> x,
                                 std::span<const Marks> x_marks,
                                 const Noise& noise)
    {
        bool marked = false;
        const auto step = [&](std::span<const Variable> inputs, std::span<const Array> values,
                              std::span<const Variable> outputs) {
            Noise inner{noise.random, noise.ties, nullptr};
            Values have;
            for (std::size_t i = 0; i < inputs.size(); ++i)
                have.emplace(inputs[i].value(), values[i]);
            Results results = run(applies_of(outputs), outputs, have, &inner);
            marked |= std::ranges::any_of(results.marks, has_marks);
            return results.values;
        };
        const bool loop = std::holds_alternative<Scan>(a.op().lowering);
        std::vector<Array> y =
            loop ? reference::scan(a, x, step) : reference::switch_case(a, x, step);
        std::vector<Marks> marks = marks_of_results(a, x, x_marks, y);
        if (marked) std::ranges::transform(y, marks.begin(), all_marked);
        return {y, marks};
    }

    Variables kept_, outputs_, noisy_outputs_;
    std::vector<Apply> order_, noisy_order_;
    Values leaves_, quiet_;
};

bool meets_requirements(const Program& program)
{
    const Substitution extents = extents_of(program);
    const auto meets = [&](const auto& self, std::span<const Variable> outputs) -> bool {
        for (const Apply& a : applies_of(outputs)) {
            for (const Requirement& r : a.requirements())
                if (!always_holds(substitute(r, extents))) return false;
            for (const Region& region : regions_of(a))
                if (!self(self, region.outputs())) return false;
        }
        return true;
    };
    return meets(meets, program.values);
}

Expectation::Expectation(const Program& program)
    : evaluation_(std::make_shared<const Evaluation>(program)), exact_(evaluation_->run(0).values)
{
    for (const Array& a : exact_) {
        std::vector<double> bound(static_cast<std::size_t>(a.size()));
        for (std::size_t i = 0; i < bound.size() && is_float(a.dtype()); ++i) {
            const double size = std::abs(a.as_double(static_cast<std::int64_t>(i)));
            if (std::isfinite(size)) bound[i] = 8 * epsilon(a.dtype()) * size;
        }
        bounds_.push_back(std::move(bound));
    }
    widen(1, 3, 6);
}

void Expectation::widen(std::uint64_t first_key, std::uint64_t last_key, double factor)
{
    for (std::uint64_t key = first_key; key <= last_key; ++key) {
        const auto [noisy, marks] = evaluation_->run(key);
        for (std::size_t k = 0; k < exact_.size(); ++k)
            for (std::int64_t i = 0; i < exact_[k].size(); ++i) {
                double& bound = bounds_[k][static_cast<std::size_t>(i)];
                const double off = distance(noisy[k].as_double(i), exact_[k].as_double(i));
                bound = std::max(bound, is_marked(marks[k], i) ? INFINITY : factor * off);
            }
    }
}

std::string Expectation::difference(std::size_t output, const Array& got)
{
    std::string wrong = difference_within_bounds(output, got);
    if (wrong.empty() || looked_again_) return wrong;
    looked_again_ = true;
    widen(4, 32, 3); // of more draws the largest is larger
    return difference_within_bounds(output, got);
}

std::string Expectation::difference_within_bounds(std::size_t output, const Array& got) const
{
    const Array& expected = exact_[output];
    if (got.dtype() != expected.dtype() || got.extents() != expected.extents())
        return fmt::format("output {} is {} ({}), not {} ({})", output, name(got.dtype()),
                           fmt::join(got.shape(), ", "), name(expected.dtype()),
                           fmt::join(expected.shape(), ", "));
    // Below the least normal number nothing is relative any more.
    const double least = expected.dtype() == DType::f16 ? 0x1p-20 : 0x1p-120;
    for (std::int64_t i = 0; i < expected.size(); ++i) {
        const double bound = bounds_[output][static_cast<std::size_t>(i)];
        if (bound == INFINITY) continue;
        if (!is_float(expected.dtype())) {
            if (bound == 0 && got.as_int(i) != expected.as_int(i))
                return fmt::format("output {}, element {} is {}, not {}", output, i, got.as_int(i),
                                   expected.as_int(i));
            continue;
        }
        const double a = got.as_double(i), b = expected.as_double(i);
        if (distance(a, b) <= bound + least) continue;
        return fmt::format("output {}, element {} is {}, not {} (within {})", output, i, a, b,
                           bound);
    }
    return "";
}

std::string check_passes(const Program& program)
{
    try {
        Graph graph(program.inputs, program.outputs);
        cpu_pipeline().run(graph, {.verify = true, .check_hash = true});
    } catch (const Error& e) {
        return std::string(e.message());
    }
    return "";
}

namespace {

/// The same elements from the last to the first: for another member.
Array reversed(const Array& a)
{
    Array y = Array::empty_of(a.dtype(), a.shape());
    const std::size_t bytes = size_bytes(a.dtype());
    for (std::int64_t i = 0; i < a.size(); ++i)
        std::memcpy(static_cast<char*>(y.data()) + static_cast<std::size_t>(i) * bytes,
                    static_cast<const char*>(a.data()) +
                        static_cast<std::size_t>(a.size() - 1 - i) * bytes,
                    bytes);
    return y;
}

Array pair_of(const Array& a, const Array& b)
{
    std::vector<std::int64_t> shape = a.extents();
    shape.insert(shape.begin(), 2);
    Array y = Array::empty_of(a.dtype(), shape);
    std::memcpy(y.data(), a.data(), a.size_bytes());
    std::memcpy(static_cast<char*>(y.data()) + a.size_bytes(), b.data(), b.size_bytes());
    return y;
}

bool same_elements(const Array& a, const Array& b)
{
    if (a.dtype() != b.dtype() || a.extents() != b.extents()) return false;
    for (std::int64_t i = 0; i < a.size(); ++i)
        if (is_float(a.dtype()) ? distance(a.as_double(i), b.as_double(i)) > 0
                                : a.as_int(i) != b.as_int(i))
            return false;
    return true;
}

/// By the references.
std::vector<Array>
evaluate(const Variables& inputs, const Variables& outputs, const std::vector<Array>& at)
{
    Options options{.name = "fuzz", .reference = true};
    options.allow_unused_inputs = true;
    const Results got =
        function(inputs, outputs, options).call(std::vector<Any>(at.begin(), at.end()));
    std::vector<Array> all;
    for (std::size_t k = 0; k < outputs.size(); ++k)
        all.push_back(got[k]);
    return all;
}

} // namespace

std::string check_batch(const Program& program)
{
    Variables inputs = program.inputs, xs, all;
    std::vector<Array> second = program.arguments, pairs = program.arguments;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if ((program.values.size() + i) % 3 == 0) continue; // members share it
        Shape shape = inputs[i].shape();
        shape.insert(shape.begin(), 2);
        xs.push_back(inputs[i]);
        all.push_back(input(inputs[i].name(), inputs[i].dtype(), shape));
        inputs[i] = all.back();
        second[i] = reversed(program.arguments[i]);
        pairs[i] = pair_of(program.arguments[i], second[i]);
    }
    Variables values; // not the outputs alone: what follows may hide a difference
    for (const Apply& a : applies_of(program.outputs))
        for (const Variable& v : a.outputs())
            values.push_back(v);
    if (xs.empty() || values.empty()) return "";
    std::vector<std::vector<Array>> expected;
    try {
        for (const std::vector<Array>& at : {program.arguments, second})
            expected.push_back(evaluate(program.inputs, values, at));
    } catch (const UserError& e) {
        if (e.code() != Code::index) throw;
        return ""; // a member may read out of range, and the batch does then
    }
    const Variables outputs = batch(values, xs, all, 2, "batch", nullptr);
    const std::vector<Array> got = evaluate(inputs, outputs, pairs);
    for (std::size_t k = 0; k < got.size(); ++k)
        for (std::int64_t m = 0; m < 2; ++m)
            if (!same_elements(got[k][m].clone(), expected[static_cast<std::size_t>(m)][k]))
                return fmt::format("{} in member {} of a batch is not what it is in the member",
                                   describe(values[k]), m);
    return "";
}

namespace {

Options options_of(const JudgeOptions& options)
{
    Options o{.name = "fuzz"};
    o.fast_start = options.fast_start;
    o.strict = options.strict;
    o.gaps = options.gaps;
    o.cache = false;
    o.allow_unused_inputs = true;
    return o;
}

/// An input of known shape as a shared variable, and which output becomes its update.
struct Updated {
    Shared variable;
    std::size_t output;
};

/// The variables of a program, which gets an output more for each: the last value of its type, or
/// else one that is made of it.
std::vector<Updated> add_updates(Program& p, Options& options)
{
    std::vector<Updated> all;
    for (std::size_t i = 0; i < p.inputs.size(); ++i) {
        const Variable& x = p.inputs[i];
        if (!std::ranges::all_of(x.shape(), &Extent::is_known)) continue;
        const auto last = std::find_if(p.values.rbegin(), p.values.rend(), [&](const Variable& v) {
            return v.owner() && v.type() == x.type();
        });
        const Variable other = x.dtype() == DType::boolean ? !x : x + 1;
        all.push_back({shared(fmt::format("s{}", i), p.arguments[i]), p.outputs.size()});
        p.outputs.push_back(last == p.values.rend() ? other : *last);
        options.givens.emplace_back(x, all.back().variable);
        options.updates.emplace_back(all.back().variable, p.outputs.back());
    }
    return all;
}

/// What its outputs are where the updates are the last ones.
std::vector<Array> results_by_updates(Program& p, Options options)
{
    Variables outputs = p.outputs;
    const std::vector<Updated> updated = add_updates(p, options);
    Variables inputs;
    std::vector<Any> arguments;
    for (std::size_t i = 0; i < p.inputs.size(); ++i) {
        if (std::ranges::any_of(options.givens,
                                [&](const auto& given) { return same(given.first, p.inputs[i]); }))
            continue;
        inputs.push_back(p.inputs[i]);
        arguments.emplace_back(p.arguments[i]);
    }
    const Results got = function(inputs, outputs, options).call(arguments);
    std::vector<Array> results;
    for (std::size_t k = 0; k < outputs.size(); ++k)
        results.push_back(got[k]);
    for (const Updated& u : updated)
        results.push_back(u.variable.value());
    return results;
}

std::string judge_updates(Program program, const JudgeOptions& options)
{
    const std::vector<Array> got = results_by_updates(program, options_of(options));
    Expectation expectation(program);
    std::string wrong = check_passes(program);
    if (wrong.empty()) wrong = check_batch(program);
    for (std::size_t k = 0; k < got.size() && wrong.empty(); ++k)
        wrong = expectation.difference(k, got[k]);
    return wrong;
}

} // namespace

std::vector<std::string> judge(std::span<const Recipe> recipes, const JudgeOptions& options)
{
    std::vector<std::string> wrong(recipes.size());
    for (std::size_t i = 0; i < recipes.size() && options.updates; ++i)
        wrong[i] = judge_updates(build(recipes[i]), options);
    if (options.updates) return wrong;
    std::vector<Program> programs;
    Variables inputs, outputs;
    std::vector<Any> arguments;
    for (std::size_t i = 0; i < recipes.size(); ++i) {
        // Names stay what they are in a program of one.
        programs.push_back(build(recipes[i], recipes.size() > 1 ? fmt::format("_{}", i) : ""));
        const Program& p = programs.back();
        wrong[i] = check_passes(p);
        if (wrong[i].empty()) wrong[i] = check_batch(p);
        inputs.insert(inputs.end(), p.inputs.begin(), p.inputs.end());
        outputs.insert(outputs.end(), p.outputs.begin(), p.outputs.end());
        arguments.insert(arguments.end(), p.arguments.begin(), p.arguments.end());
    }
    const Function f = function(inputs, outputs, options_of(options));
    const Results got = f.call(arguments);
    std::size_t next = 0;
    for (std::size_t i = 0; i < recipes.size(); ++i) {
        Expectation expectation(programs[i]);
        for (std::size_t k = 0; k < programs[i].outputs.size(); ++k, ++next)
            if (wrong[i].empty()) wrong[i] = expectation.difference(k, got[next]);
    }
    return wrong;
}

bool may_throw(const Recipe& recipe, Code code)
{
    const auto is_empty = [](const Recipe::Leaf& leaf) { return leaf.value.size() == 0; };
    return code == Code::index && std::ranges::any_of(recipe.leaves, is_empty);
}

std::string judge_one(const Recipe& recipe, const JudgeOptions& options)
{
    if (!meets_requirements(build(recipe))) return "";
    try {
        return judge({&recipe, 1}, options)[0];
    } catch (const Error& e) {
        return may_throw(recipe, e.code()) ? "" : std::string(e.message());
    }
}

} // namespace croton::test
