#include <croton/ir/format.hpp>
#include <croton/ir/overloaded.hpp>

#include <algorithm>
#include <utility>

#include "kernel_writer.hpp"
#include "puller.hpp"
#include "use_depths.hpp"

namespace croton::inline v1::codegen {

namespace {

/// Finds which scalars of a strip loop are used behind a loop's begin or end that lies between them
/// and their definition: they are arrays, with an element a lane.
class Crossings {
public:
    explicit Crossings(const LoopNest& nest) : nest_(nest) {}

    std::vector<ScalarId> find(const Loop& strips)
    {
        walk(strips.body);
        const int last = stretch_;
        for (const auto& [id, stretch] : defined_) {
            stretch_ = stretch;
            for (const ScalarId o : operands_of(nest_.scalars[static_cast<std::size_t>(id)]))
                use(o);
        }
        stretch_ = last;
        for (const Accumulator& a : strips.accumulators)
            use(a.value);
        std::vector<ScalarId> found;
        for (const auto& [id, stretch] : defined_)
            if (crossing_.contains(id)) found.push_back(id);
        return found;
    }

private:
    void walk(const Block& block)
    {
        for (const Statement& st : block)
            visit(st, overloaded{
                          [&](const Let& l) { defined_.emplace(l.scalar, stretch_); },
                          [&](const Store& s) { use(s.value); },
                          [&](const Loop& l) {
                              for (const Carry& c : l.carries)
                                  use(c.init);
                              ++stretch_;
                              walk(l.body);
                              for (const Carry& c : l.carries)
                                  use(c.next);
                              ++stretch_;
                          },
                          [&](const ColumnLoop&) {
                              throw internal_error("code generation", "a strip holds columns");
                          },
                      });
    }

    void use(ScalarId id)
    {
        const auto at = defined_.find(id);
        if (at == defined_.end() || at->second == stretch_) return;
        const ScalarExpression& e = nest_.scalars[static_cast<std::size_t>(id)].expression;
        if (!std::holds_alternative<Literal>(e) && !std::holds_alternative<TableEntry>(e))
            crossing_.insert(id);
    }

    const LoopNest& nest_;
    int stretch_ = 0; ///< of statements with no loop between them
    std::map<ScalarId, int> defined_;
    std::set<ScalarId> crossing_;
};

} // namespace

/// Iterations in strips of as many as there are lanes, then the rest of them: a strip has the loops
/// inside once, and in them loops over lanes.
void KernelWriter::write_strips(const Loop& l, const std::string& index)
{
    int lanes = l.width;
    for (const Accumulator& a : l.accumulators)
        lanes = std::max(lanes, lanes_of(a));
    const std::vector<LaneArrays> arrays = write_lane_arrays(l, lanes);
    write_full_and_rest(l, first_name(index), arrays);
    for (std::size_t i = 0; i < l.accumulators.size(); ++i)
        place_result(l.accumulators[i].result, combined(l.accumulators[i], arrays[i]));
}

void KernelWriter::write_full_and_rest(const Loop& l,
                                       const std::string& first,
                                       const std::vector<LaneArrays>& arrays)
{
    const auto [begin, last] = bounds_of(l);
    const std::string end = computed_once(last);
    const Names before = names_;
    const bool counted = begin == "0" && l.extent.is_known();
    const std::int64_t known = counted ? l.extent.value() / l.width * l.width : 0;
    // Threads and blocks begin with whole strips.
    const bool no_rest = l.extent.is_known() && l.extent.value() % l.width == 0;
    const std::string full = no_rest   ? end
                             : counted ? std::to_string(known)
                                       : names_.numbered("full");
    if (!no_rest && !counted)
        writer_.line("const i64 {0} = {1} - ({1} - {2}) % {3};", full, end, begin, l.width);
    if (!counted || known > 0) {
        const auto strip = writer_.block("for (i64 {0} = {1}; {0} < {2}; {0} += {3})", first, begin,
                                         full, l.width);
        write_strip(l, first, std::to_string(l.width), arrays);
    }
    if (no_rest) return;
    names_ = before; // both have the same names
    names_.reserve(full);
    expressions_.forget_flags();
    const std::string rest =
        counted ? std::to_string(l.extent.value() - known) : fmt::format("{} - {}", end, full);
    if (counted) return write_strip(l, full, rest, arrays);
    const auto strip = writer_.block("if ({} < {})", full, end);
    write_strip(l, full, rest, arrays);
}

void KernelWriter::write_strip(const Loop& l,
                               const std::string& first,
                               const std::string& lanes,
                               const std::vector<LaneArrays>& arrays)
{
    strip_ = Strip{l.index, symbols_.at(l.index), first, lanes, l.width, {}, arrays, {}};
    for (const StripArray& s : nest_.strip_arrays) {
        writer_.line("{} {}[{}];", memory_type(s.array.dtype()), s.array.name,
                     c_text(element_count(s.array.shape()), symbols_));
        if (s.from >= 0) write_copy(s);
    }
    for (const ScalarId id : Crossings(nest_).find(l)) {
        strip_->crossing.insert(id);
        declare_lanes(id, "t");
    }
    write_stretches(l.body, &l);
    strip_.reset();
}

/// Of a copy of members that each are a row of memory: how far apart the rows are, and where the
/// first one begins.
std::optional<std::pair<Extent, Extent>> KernelWriter::rows_of_copy(const StripArray& s) const
{
    const DType t = s.array.dtype();
    if (s.indices.size() != 1 || (t != DType::f32 && t != DType::f64)) return std::nullopt;
    const Extent column = as_extent(s.indices[0]);
    const Extent row = as_extent(strip_->symbol);
    const Extent first = substitute(s.at, {{s.indices[0], Extent(0)}});
    const Extent begin = substitute(first, {{strip_->symbol, Extent(0)}});
    const Extent apart = substitute(first, {{strip_->symbol, Extent(1)}}) - begin;
    if (!same(s.at, begin + row * apart + column)) return std::nullopt;
    return std::pair(apart, first);
}

/// Along the rows of what is copied, a member after the other.
void KernelWriter::write_copy(const StripArray& s)
{
    if (const auto rows = rows_of_copy(s)) {
        const std::string index = std::exchange(symbols_[strip_->symbol], strip_->first);
        writer_.line("transpose_{}(&{}, {}, {}, {}, {}, {});", name(s.array.dtype()),
                     expressions_.element(s.from, rows->second), c_text(rows->first, symbols_),
                     strip_->lanes, c_text(s.array.shape()[0], symbols_), s.array.name,
                     c_text(s.array.shape()[1], symbols_));
        if (strip_->is_full()) {
            symbols_[strip_->symbol] = fmt::format("({} + {})", strip_->first, strip_->width);
            strip_->ahead.push_back(
                {s.array.shape()[0],
                 fmt::format("prefetch_rows_{}(&{}, {}, {}", name(s.array.dtype()),
                             expressions_.element(s.from, rows->second),
                             c_text(rows->first, symbols_), strip_->width)});
        }
        symbols_[strip_->symbol] = index;
        return;
    }
    std::vector<Writer::Scope> scopes;
    scopes.push_back(writer_.block("for (i64 l = 0; l < {}; ++l)", strip_->lanes));
    writer_.line("const i64 {} = {} + l;", strip_->index, strip_->first);
    Extent to = 0;
    const Names before = names_;
    for (std::size_t i = 0; i < s.indices.size(); ++i) {
        const std::string index = names_.fresh({}, "r");
        const Extent extent = s.array.shape()[i];
        symbols_[s.indices[i]] = index;
        scopes.push_back(
            writer_.block("for (i64 {0} = 0; {0} < {1}; ++{0})", index, c_text(extent, symbols_)));
        to = to * extent + as_extent(s.indices[i]);
    }
    to = to * s.array.shape().back() + as_extent(lane_symbol());
    writer_.line("{}[{}] = {};", s.array.name, c_text(to, symbols_),
                 expressions_.element(s.from, s.at));
    while (!scopes.empty())
        scopes.pop_back();
    names_ = before;
}

/// An array with an element a lane.
void KernelWriter::declare_lanes(ScalarId id, std::string_view stem)
{
    const std::string array = expressions_.declare(id, stem);
    writer_.line("{} {}[{}];", scalar_type(dtype_of(id)), array, strip_->width);
    expressions_.declare_as(id, array + "[l]");
}

/// Of the next strip's rows, where a loop of as many steps has begun.
void KernelWriter::write_prefetches(const Loop& steps)
{
    std::erase_if(strip_->ahead, [&](const Strip::Ahead& a) {
        const bool now = same(a.steps, steps.extent);
        if (now) writer_.line("{}, {});", a.call, symbols_.at(steps.index));
        return now;
    });
}

/// A block in which each stretch of statements between loops is a loop over lanes. `around` is the
/// loop whose iterations the block is, or that over strips.
void KernelWriter::write_stretches(const Block& block, const Loop* around)
{
    if (around && around->kind != LoopKind::strips) write_prefetches(*around);
    const Statement* at = block.begin();
    while (true) {
        const Statement* const stretch = at;
        while (at != block.end() && !std::holds_alternative<Loop>(*at))
            ++at;
        const Loop* const loop = at != block.end() ? &std::get<Loop>(*at) : nullptr;
        if (loop)
            for (const Carry& c : loop->carries)
                declare_lanes(c.state, "state");
        write_lanes(stretch, at, loop, loop ? nullptr : around);
        if (!loop) return;
        for (const Carry& c : loop->carries)
            expressions_.declare_as(c.result, expressions_.whole(c.state));
        write_loop(*loop);
        ++at;
    }
}

/// The statements for each lane, then what `next` begins with, or what ends an iteration of
/// `around`.
void KernelWriter::write_lanes(const Statement* first,
                               const Statement* end,
                               const Loop* next,
                               const Loop* around)
{
    const bool begins = next && !next->carries.empty();
    const bool ends = around && !(around->carries.empty() && around->accumulators.empty());
    if (first == end && !begins && !ends) return;
    Writer before = std::exchange(writer_, Writer());
    const std::size_t margin = std::exchange(margin_, before.indent() + 4);
    expressions_.forget_flags();
    for (; first != end; ++first)
        visit(*first, overloaded{
                          [&](const Let& let) { write_let_in_lanes(let.scalar); },
                          [&](const Store& s) { write_store(s); },
                          [](const auto&) {},
                      });
    if (next)
        for (const Carry& c : next->carries) {
            const std::string& state = expressions_.whole(c.state);
            fit(c.init, state.size() + 4);
            writer_.line("{} = {};", state, expressions_.whole(c.init));
        }
    if (around) {
        write_carries(*around);
        for (std::size_t i = 0; i < around->accumulators.size(); ++i) {
            const Accumulator& a = around->accumulators[i];
            const std::string& values = strip_->arrays[i].values;
            write_accumulation(a.monoid, dtype_of(a.result),
                               lanes_of(a) == 1 ? values : values + "[l]", a.value);
        }
    }
    expressions_.forget_flags();
    margin_ = margin;
    const std::string body = std::exchange(writer_, std::move(before)).take();
    const bool is_step = around && around->kind != LoopKind::strips;
    if (is_step && strip_->is_full()) note_lanes();
    const auto lanes = writer_.block("for (i64 l = 0; l < {}; ++l)", strip_->lanes);
    if (mentions(body, strip_->index))
        writer_.line("const i64 {} = {} + l;", strip_->index, strip_->first);
    writer_.lines(body);
}

void KernelWriter::write_let_in_lanes(ScalarId id)
{
    if (!strip_->crossing.contains(id)) return write_let(id);
    const std::string element = expressions_.whole(id);
    write_lines(expressions_.name_hard_arguments(id, room()));
    if (const std::string flag = expressions_.hard_argument(id); !flag.empty()) writer_.raw(flag);
    write_lines(expressions_.write_out(id, room() - element.size() - 4, room()));
    writer_.line("{} = {};", element, expressions_.whole(id));
    expressions_.declare_as(id, element);
}

} // namespace croton::inline v1::codegen
