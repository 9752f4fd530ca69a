#include <croton/ir/format.hpp>

#include <algorithm>

#include "c_precedence.hpp"
#include "kernel_writer.hpp"
#include "lower_blocked.hpp"
#include "monoid_text.hpp"
#include "puller.hpp"

namespace croton::inline v1::codegen {

namespace {

/// What a lane holds of values: integers whose position is wanted are as wide as places are.
DType lane_dtype(Monoid monoid, DType value)
{
    if (!is_position(monoid) || is_float(value)) return value;
    return value == DType::u64 ? value : DType::i64;
}

/// Whether taking an element twice changes nothing: sums change, and nothing is to be stored twice.
bool may_repeat(const Loop& l)
{
    return std::ranges::none_of(l.accumulators,
                                [](const Accumulator& a) {
                                    return a.monoid == Monoid::sum || a.monoid == Monoid::prod;
                                }) &&
           std::ranges::all_of(l.body,
                               [](const Statement& st) { return std::holds_alternative<Let>(st); });
}

bool is_at_most(const Extent& extent, std::int64_t bound)
{
    if (extent.is_known()) return extent.value() <= bound;
    const std::vector<ExtentTerm> sum = terms(extent);
    if (sum.size() != 1 || sum[0].coefficient != 1 || sum[0].factors.size() != 1) return false;
    const detail::Atom* atom = sum[0].factors[0];
    if (kind(atom) != AtomKind::minimum) return false;
    const auto [a, b] = operands(atom);
    return is_at_most(a, bound) || is_at_most(b, bound);
}

/// Whether `a` sums so many elements in sequence that digits would be lost: of parts, of `part`
/// iterations each, they lose fewer. (A product loses as many in any order.)
bool sums_parts(const Loop& l, const Accumulator& a, DType t, std::int64_t part)
{
    return a.monoid == Monoid::sum && is_float(t) && !a.running &&
           !is_at_most(iterations_of(l), part);
}

} // namespace

int KernelWriter::lanes_of(const Accumulator& a) const
{
    // Of positions no more than numbers of 64 bits have, as places are.
    return lane_count(is_position(a.monoid) ? DType::f64 : dtype_of(a.value));
}

/// Whether extrema of what lies in memory are taken: one after another is fast enough there.
bool KernelWriter::reads_only(const Loop& l) const
{
    return may_repeat(l) && std::ranges::all_of(l.body, [&](const Statement& st) {
               const auto scalar = static_cast<std::size_t>(std::get<Let>(st).scalar);
               return std::holds_alternative<Load>(nest_.scalars[scalar].expression);
           });
}

bool KernelWriter::is_laned(const Loop& l) const
{
    return l.kind == LoopKind::lanes &&
           std::ranges::any_of(l.accumulators, [&](const auto& a) { return lanes_of(a) > 1; });
}

bool KernelWriter::holds_lanes(const Loop& l) const
{
    return is_laned(l) || l.kind == LoopKind::strips ||
           std::ranges::any_of(l.body, [&](const Statement& st) {
               const auto* inner = std::get_if<Loop>(&st);
               return inner && holds_lanes(*inner);
           });
}

/// The loop's own name unless a loop around it or an argument has it. `l` counts lanes.
std::string KernelWriter::index_name(const Loop& l)
{
    const bool open = std::ranges::count(open_names_, l.name) > 0;
    const bool letter =
        l.name == "i" || l.name == "j" || l.name == "k" || l.name == "p" || l.name == "block";
    const bool lanes = strip_ || holds_lanes(l);
    if (!open && (letter || (l.name == "l" && !lanes))) return l.name;
    return names_.fresh({}, open ? l.name : "i");
}

void KernelWriter::write_loop(const Loop& l)
{
    const bool laned = is_laned(l);
    const std::string index = symbols_[l.index] = index_name(l);
    expressions_.forget_flags();
    open_names_.push_back(index);
    if (laned)
        write_laned_loop(l, index);
    else if (l.kind == LoopKind::strips)
        write_strips(l, index);
    else if (!l.across.empty())
        write_squares(l, index);
    else
        write_plain_loop(l, index);
    open_names_.pop_back();
    expressions_.forget_flags();
}

void KernelWriter::note_lanes()
{
    if (notes_lanes_) kernel_.lane_loops.push_back(writer_.line_count());
}

std::pair<std::string, std::string> KernelWriter::bounds_of(const Loop& l) const
{
    if (kernel_.parallel && l.parallel) return {"begin", "end"};
    if (l.block)
        return {c_text(first_of(l), symbols_),
                c_text(minimum(first_of(l) + Extent(l.block_size), l.extent), symbols_)};
    return {l.first.empty() ? "0" : l.first, l.end.empty() ? c_text(l.extent, symbols_) : l.end};
}

std::string KernelWriter::loop_head(LoopKind kind,
                                    std::string_view index,
                                    std::string_view begin,
                                    std::string_view end)
{
    if (kind == LoopKind::backward)
        return fmt::format("for (i64 {0} = {1}; {0}-- > 0;)", index, end);
    return fmt::format("for (i64 {0} = {1}; {0} < {2}; ++{0})", index, begin, end);
}

std::string KernelWriter::loop_head(const Loop& l, std::string_view index) const
{
    const auto [begin, end] = bounds_of(l);
    return loop_head(l.kind, index, begin, end);
}

/// The monoid's name, numbered from the second one on.
std::string KernelWriter::accumulator_name(const Accumulator& a)
{
    return names_.numbered(croton::name(a.monoid));
}

/// `to` combined with the value, such as `sum[l] += exp_f32(x[j]);`.
void KernelWriter::write_accumulation(Monoid monoid, DType t, const std::string& to, ScalarId value)
{
    constexpr std::size_t call = 12; // "add_i64(", ", ", ");"
    fit(value, 2 * to.size() + call);
    writer_.raw(combine_into(monoid, t, to, expressions_.whole(value)));
}

void KernelWriter::write_plain_loop(const Loop& l, const std::string& index)
{
    std::vector<std::string> best, results;
    for (const Accumulator& a : l.accumulators) {
        best.emplace_back();
        const DType t = dtype_of(a.value);
        if (is_position(a.monoid)) {
            best.back() = names_.fresh("best", "best");
            writer_.line("{} {} = {};", scalar_type(t), best.back(), identity(a.monoid, t));
            results.push_back(expressions_.declare(a.result, "at"));
            writer_.line("i64 {} = 0;", results.back());
        } else {
            const DType r = dtype_of(a.result);
            results.push_back(expressions_.declare(a.result, croton::name(a.monoid)));
            writer_.line("{} {} = {};", scalar_type(r), results.back(), identity(a.monoid, r));
        }
    }
    for (const Carry& c : l.carries) {
        if (strip_) break; // an array, which has been declared
        const std::string name = expressions_.declare(c.state, "state");
        writer_.line("{} {} = {};", scalar_type(dtype_of(c.state)), name,
                     expressions_.whole(c.init));
        expressions_.place(c.result, name);
    }
    const auto [begin, end] = bounds_of(l);
    const auto long_sum = [&](const Accumulator& a) {
        return l.kind == LoopKind::serial && sums_parts(l, a, dtype_of(a.result), column_block);
    };
    if (std::ranges::none_of(l.accumulators, long_sum))
        return write_iterations(l, index, {begin, end, {}}, best, results);
    const std::string last = computed_once(end);
    const std::string part = names_.fresh("part", "part");
    const std::string part_end = names_.fresh("part_end", "part_end");
    const auto parts = writer_.block("for (i64 {0} = {1}; {0} < {2}; {0} += {3})", part, begin,
                                     last, column_block);
    writer_.line("const i64 {} = min_i64({} + {}, {});", part_end, part, column_block, last);
    std::vector<std::string> of_part = results;
    for (std::size_t i = 0; i < l.accumulators.size(); ++i) {
        if (!long_sum(l.accumulators[i])) continue;
        of_part[i] = names_.fresh("part_" + results[i], {});
        writer_.line("{} {} = 0;", scalar_type(dtype_of(l.accumulators[i].result)), of_part[i]);
    }
    write_iterations(l, index, {part, part_end, {}}, best, of_part);
    for (std::size_t i = 0; i < l.accumulators.size(); ++i)
        if (long_sum(l.accumulators[i])) writer_.line("{} += {};", results[i], of_part[i]);
}

/// The iterations of `range`, whose accumulators are called as `results` says.
void KernelWriter::write_iterations(const Loop& l,
                                    const std::string& index,
                                    const Range& range,
                                    const std::vector<std::string>& best,
                                    const std::vector<std::string>& results)
{
    // Across short rows elements lie apart: whether vectors pay there is for LLVM to judge.
    const bool across_rows = std::ranges::any_of(l.body, [](const Statement& st) {
        const auto* inner = std::get_if<Loop>(&st);
        return inner && inner->kind == LoopKind::unrolled;
    });
    if (l.kind == LoopKind::unrolled) writer_.raw("CT_UNROLL");
    // Of loops that ask whether arguments are hard, LLVM would interleave four vectors, as it does
    // of sums: they spill.
    const bool asks = std::ranges::any_of(l.body, [&](const Statement& st) {
        const auto* let = std::get_if<Let>(&st);
        return let && has_fast_form(nest_.scalars[static_cast<std::size_t>(let->scalar)]);
    });
    if (l.kind == LoopKind::lanes && asks && expressions_.uses_fast_forms())
        writer_.raw("CT_ONE_VECTOR");
    if (l.edge_lanes > 0) writer_.line("CT_LANES{}", l.edge_lanes == 8 ? "_8" : "");
    if (l.kind == LoopKind::lanes && !across_rows) note_lanes();
    const auto scope = writer_.block("{}", loop_head(l.kind, index, range.begin, range.end));
    // A running result is redefined before the statements that store it.
    const bool running =
        std::ranges::any_of(l.accumulators, [](const Accumulator& a) { return a.running; });
    if (strip_) return write_stretches(l.body, &l);
    if (running)
        write_running(l);
    else
        write(l.body);
    for (std::size_t i = 0; i < l.accumulators.size(); ++i)
        if (!l.accumulators[i].running) write_update(l.accumulators[i], results[i], best[i], index);
    write_carries(l);
}

/// All change at once: each new value has a name before the first one changes.
void KernelWriter::write_carries(const Loop& l)
{
    std::vector<std::string> next;
    for (const Carry& c : l.carries) {
        const Scalar& value = nest_.scalars[static_cast<std::size_t>(c.next)];
        const bool changes = std::holds_alternative<Accumulated>(value.expression);
        if (expressions_.is_named(c.next) && !changes) {
            next.push_back(expressions_.whole(c.next));
            continue;
        }
        next.push_back(names_.fresh("next", "next"));
        fit(c.next, next.back().size());
        writer_.line("const {} {} = {};", scalar_type(dtype_of(c.state)), next.back(),
                     expressions_.whole(c.next));
    }
    for (std::size_t i = 0; i < next.size(); ++i)
        writer_.line("{} = {};", expressions_.whole(l.carries[i].state), next[i]);
}

void KernelWriter::write_update(const Accumulator& a,
                                const std::string& result,
                                const std::string& best,
                                const std::string& index)
{
    if (best.empty()) return write_accumulation(a.monoid, dtype_of(a.result), result, a.value);
    const DType t = dtype_of(a.value);
    write_lines(expressions_.shorten(a.value, 0, room()));
    const std::string value = expressions_.whole(a.value);
    const auto scope = writer_.block("if ({})", replaces(a.monoid, t, best, value));
    writer_.line("{} = {};", best, value);
    writer_.line("{} = {};", result, index);
}

void KernelWriter::write_running(const Loop& l)
{
    for (const Statement& st : l.body) {
        if (std::holds_alternative<Store>(st))
            for (const Accumulator& a : l.accumulators)
                write_update(a, expressions_.whole(a.result), {}, {});
        if (const auto* let = std::get_if<Let>(&st))
            write_let(let->scalar);
        else
            write_store(std::get<Store>(st));
    }
}

/// Element j goes to lane j % L: blocks of L, the last one shorter; then the lanes are combined.
/// Where an element may be taken twice, the last block of a known number is a whole one that begins
/// further in front; of an unknown number too where elements are only read, and a row that has no
/// block is then taken in sequence.
void KernelWriter::write_laned_loop(const Loop& l, const std::string& index)
{
    int width = 1;
    for (const Accumulator& a : l.accumulators)
        width = std::max(width, lanes_of(a));
    const std::string extent = computed_once(c_text(l.extent, symbols_));
    if (!l.extent.is_known() && reads_only(l)) return write_short_or_laned(l, index, extent, width);
    const std::vector<LaneArrays> arrays = write_lane_arrays(l, width);
    write_blocks(l, index, extent, width, arrays);
    for (std::size_t i = 0; i < l.accumulators.size(); ++i)
        place_result(l.accumulators[i].result, combined(l.accumulators[i], arrays[i]));
}

void KernelWriter::write_short_or_laned(const Loop& l,
                                        const std::string& index,
                                        const std::string& extent,
                                        int width)
{
    std::vector<std::string> results;
    for (const Accumulator& a : l.accumulators) {
        results.push_back(expressions_.declare(a.result, croton::name(a.monoid)));
        writer_.line("{} {};", scalar_type(dtype_of(a.result)), results.back());
    }
    const Names before = names_; // both branches use the same names
    {
        const auto scope = writer_.block("if ({} < {})", extent, width);
        const std::vector<LaneArrays> single = write_lane_arrays(l, 1);
        {
            const auto loop = writer_.block("for (i64 {0} = 0; {0} < {1}; ++{0})", index, extent);
            write_lanes_body(l, {}, 1, single);
        }
        for (std::size_t i = 0; i < results.size(); ++i)
            writer_.line("{} = {};", results[i],
                         single[i].places.empty() ? single[i].values : single[i].places);
    }
    names_ = before;
    expressions_.forget_flags(); // the other branch asks of its own elements whether they are hard
    const auto scope = writer_.block_after("else");
    const std::vector<LaneArrays> arrays = write_lane_arrays(l, width);
    write_blocks(l, index, extent, width, arrays);
    for (std::size_t i = 0; i < results.size(); ++i)
        writer_.line("{} = {};", results[i], combined(l.accumulators[i], arrays[i]));
}

/// The lanes of an accumulator as one result.
std::string KernelWriter::combined(const Accumulator& a, const LaneArrays& arrays) const
{
    if (lanes_of(a) == 1) return arrays.values;
    return fmt::format("{}_lanes_{}({})", croton::name(a.monoid),
                       croton::name(lane_dtype(a.monoid, dtype_of(a.value))), arrays.arguments());
}

/// A result that is used once stands where it is used.
void KernelWriter::place_result(ScalarId result, const std::string& value)
{
    const auto at = static_cast<std::size_t>(result);
    const bool hoisted = use_depth_[at] > nest_.scalars[at].depth;
    if (nest_.scalars[at].uses <= 1 && !hoisted)
        expressions_.place(result, value);
    else
        writer_.line("const {} {} = {};", scalar_type(dtype_of(result)),
                     expressions_.declare(result, "t"), value);
}

std::string KernelWriter::LaneArrays::arguments() const
{
    return places.empty() ? values : fmt::format("{}, {}", values, places);
}

std::vector<KernelWriter::LaneArrays> KernelWriter::write_lane_arrays(const Loop& l, int width)
{
    std::vector<LaneArrays> arrays;
    for (const Accumulator& a : l.accumulators) {
        const bool position = is_position(a.monoid);
        const DType t = lane_dtype(a.monoid, dtype_of(position ? a.value : a.result));
        const std::string_view type = scalar_type(t);
        arrays.push_back({position ? names_.fresh("best", "best") : accumulator_name(a), {}});
        const std::string& array = arrays.back().values;
        const int lanes = std::min(lanes_of(a), width);
        if (position) {
            arrays.back().places = names_.fresh("at", "at");
            const std::string count = lanes == 1 ? "" : fmt::format("[{}]", lanes);
            writer_.line("i64 {}{} = {};", arrays.back().places, count, lanes == 1 ? "0" : "{0}");
        }
        if (lanes == 1)
            writer_.line("{} {} = {};", type, array, identity(a.monoid, t));
        else if (a.monoid == Monoid::sum)
            writer_.line("{} {}[{}] = {{0}};", type, array, lanes);
        else {
            writer_.line("{} {}[{}];", type, array, lanes);
            writer_.line("for (i64 l = 0; l < {}; ++l)", lanes);
            writer_.line("    {}[l] = {};", array, identity(a.monoid, t));
        }
    }
    return arrays;
}

void KernelWriter::write_lanes_body(const Loop& l,
                                    const std::string& lane,
                                    int width,
                                    const std::vector<LaneArrays>& arrays)
{
    write(l.body);
    for (std::size_t i = 0; i < l.accumulators.size(); ++i) {
        const Accumulator& a = l.accumulators[i];
        const int lanes = std::min(lanes_of(a), width);
        const std::string at = lanes == 1       ? std::string()
                               : lanes == width ? fmt::format("[{}]", lane)
                                                : fmt::format("[{} % {}]", lane, lanes);
        const std::string slot = arrays[i].values + at;
        if (is_position(a.monoid)) {
            write_lines(expressions_.shorten(a.value, 0, room()));
            write_choice(a.monoid, lane_dtype(a.monoid, dtype_of(a.value)), slot,
                         arrays[i].places + at, expressions_.whole(a.value), symbols_.at(l.index));
        } else
            write_accumulation(a.monoid, dtype_of(a.result), slot, a.value);
    }
}

/// Without a branch, so that all lanes choose at once. `t`: what `best` is.
void KernelWriter::write_choice(Monoid monoid,
                                DType t,
                                const std::string& best,
                                const std::string& at,
                                const std::string& value,
                                const std::string& place)
{
    const std::string better = names_.fresh("better", "better");
    writer_.line("const i32 {} = {};", better, replaces(monoid, t, best, value));
    writer_.line("{} = {};", best, better_of(monoid, t, best, value));
    writer_.line("{0} = {1} ? {2} : {0};", at, better, place);
}

/// The first index of a block.
std::string KernelWriter::first_name(const std::string& index)
{
    const bool reserved = index == "i" || index == "j" || index == "k";
    return reserved ? index + "0" : names_.fresh({}, "first");
}

/// `extent`, computed once, not at each step.
std::string KernelWriter::computed_once(const std::string& extent)
{
    if (extent.find_first_of("( ") == extent.npos) return extent;
    const std::string counted = names_.numbered("count");
    writer_.line("const i64 {} = {};", counted, extent);
    return counted;
}

/// Blocks of `width` elements.
void KernelWriter::write_whole_blocks(const Loop& l,
                                      const std::string& index,
                                      const Range& range,
                                      int width,
                                      const std::vector<LaneArrays>& arrays)
{
    const std::string first = first_name(index);
    // Unrolled whole, a few blocks of long loops are slow to compile and no faster.
    if (l.extent.is_known()) {
        const std::int64_t blocks = l.extent.value() / width;
        if (blocks > 2 && blocks <= 16) writer_.raw("CT_ROLLED");
    }
    const auto blocks = writer_.block("for (i64 {0} = {1}; {0} < {2}; {0} += {3})", first,
                                      range.begin, range.end, width);
    std::string from = first;
    if (!range.last.empty()) {
        from = names_.fresh("from", "from");
        writer_.line("const i64 {} = min_i64({}, {});", from, first, range.last);
    }
    if (width == 16 && notes_lanes_) writer_.raw("CT_LANES");
    note_lanes();
    const auto lanes = writer_.block("for (i64 l = 0; l < {}; ++l)", width);
    writer_.line("const i64 {} = {} + l;", index, from);
    write_lanes_body(l, "l", width, arrays);
}

/// Whole blocks of all elements. Where sums would be long, those of each part are added up first,
/// and then their lanes to those of `arrays`.
void KernelWriter::write_parts(const Loop& l,
                               const std::string& index,
                               const std::string& end,
                               int width,
                               const std::vector<LaneArrays>& arrays)
{
    const auto long_sum = [&](const Accumulator& a) {
        return sums_parts(l, a, dtype_of(a.result), reduction_block);
    };
    if (std::ranges::none_of(l.accumulators, long_sum))
        return write_whole_blocks(l, index, {"0", end, {}}, width, arrays);
    const std::string part = names_.fresh("part", "part");
    const std::string part_end = names_.fresh("part_end", "part_end");
    const auto parts =
        writer_.block("for (i64 {0} = 0; {0} < {1}; {0} += {2})", part, end, reduction_block);
    writer_.line("const i64 {} = min_i64({} + {}, {});", part_end, part, reduction_block, end);
    std::vector<LaneArrays> of_part = arrays;
    for (std::size_t i = 0; i < l.accumulators.size(); ++i) {
        const Accumulator& a = l.accumulators[i];
        if (!long_sum(a)) continue;
        of_part[i].values = names_.fresh("part_" + arrays[i].values, {});
        writer_.line("{} {}[{}] = {{0}};", scalar_type(dtype_of(a.result)), of_part[i].values,
                     lanes_of(a));
    }
    write_whole_blocks(l, index, {part, part_end, {}}, width, of_part);
    for (std::size_t i = 0; i < l.accumulators.size(); ++i) {
        const Accumulator& a = l.accumulators[i];
        if (!long_sum(a)) continue;
        writer_.raw("CT_LANES");
        writer_.line("for (i64 l = 0; l < {}; ++l)", lanes_of(a));
        writer_.line("    {}[l] += {}[l];", arrays[i].values, of_part[i].values);
    }
}

void KernelWriter::write_blocks(const Loop& l,
                                const std::string& index,
                                const std::string& extent,
                                int width,
                                const std::vector<LaneArrays>& arrays)
{
    const bool counted = l.extent.is_known();
    if (counted && l.extent.value() <= width) {
        note_lanes();
        const auto scope = writer_.block("for (i64 {0} = 0; {0} < {1}; ++{0})", index, extent);
        return write_lanes_body(l, index, width, arrays);
    }
    if (counted && l.extent.value() % width == 0)
        return write_parts(l, index, extent, width, arrays);
    if (may_repeat(l) && (counted || reads_only(l))) {
        const std::string last = counted ? std::to_string(l.extent.value() - width)
                                         : fmt::format("{} - {}", extent, width);
        return write_whole_blocks(l, index, {"0", extent, last}, width, arrays);
    }
    const std::int64_t known = counted ? l.extent.value() / width * width : 0;
    const std::string full = counted ? std::to_string(known) : names_.numbered("full");
    if (!counted) writer_.line("const i64 {0} = {1} - {1} % {2};", full, extent, width);
    const Names before = names_; // both bodies use the same names
    write_parts(l, index, full, width, arrays);
    names_ = before;
    expressions_.forget_flags(); // the rest asks of its own elements whether they are hard
    // The rest has a loop of its own, so that the one over whole blocks has a fixed count.
    const std::string rest =
        counted ? std::to_string(l.extent.value() - known) : extent + " - " + full;
    const auto lanes = writer_.block("for (i64 l = 0; l < {}; ++l)", rest);
    writer_.line("const i64 {} = {} + l;", index, full);
    write_lanes_body(l, "l", width, arrays);
}

} // namespace croton::inline v1::codegen
