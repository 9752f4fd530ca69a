#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/params.hpp>

#include <algorithm>

#include "comment_text.hpp"
#include "late_rows.hpp"
#include "program_writer.hpp"

namespace croton::inline v1::codegen {

/// `array + t * n`: the slice of step t.
std::string
ProgramWriter::slice(const std::string& array, const std::string& t, const Variable& element) const
{
    return fmt::format("{} + {} * {}", array, t,
                       c_factor(element_count(element.shape()), symbols_));
}

/// What step t of a loop has of a sequence.
std::string ProgramWriter::row_of(const Apply& scan,
                                  std::size_t sequence,
                                  const std::string& t,
                                  const Variable& element) const
{
    const Variable& all = scan.input(sequence);
    const auto late = late_rows(all);
    if (!late) return slice(place_.at(all.value()), t, element);
    const Extent last = scan.params_as<ScanParams>().steps - Extent(1);
    const std::string first = late->reverse ? c_factor(last, symbols_) : std::string("0");
    const std::string row = fmt::format("({} {} 1)", t, late->reverse ? '+' : '-');
    return fmt::format("{} == {} ? {} : {}", t, first, place_.at(late->first.value()),
                       slice(place_.at(late->rows.value()), row, element));
}

/// How a loop over steps counts, and what it leaves undone.
struct ProgramWriter::LoopCount {
    std::string first, end; ///< the places that steps take: first <= t < end; no end: ""
    std::string ran;        ///< how many steps ran, after the loop; all, if ""
    /// Whether `t` is the place of the step that runs first.
    std::string is_first(const ScanParams& p, const std::string& t) const
    {
        return p.reverse && !end.empty() ? fmt::format("{} + 1 == {}", t, end)
                                         : fmt::format("{} == {}", t, first);
    }
};

/// In front of the loop: how many steps there are at most.
ProgramWriter::LoopCount ProgramWriter::write_count(const Apply& scan)
{
    const auto& p = scan.params_as<ScanParams>();
    const std::string n = text(p.steps);
    LoopCount count{"0", p.endless ? std::string() : n, {}};
    if (p.limited) {
        const std::string limit = names_.fresh({}, "limit");
        const std::string& given = place_.at(scan.inputs().back().value());
        if (p.endless)
            body_.line("const i64 {} = *{};", limit, given);
        else
            body_.line("const i64 {} = *{} < {} ? (*{} > 0 ? *{} : 0) : {};", limit, given, n,
                       given, given, n);
        if (p.at_end)
            count.first = fmt::format("{} - {}", n, limit);
        else
            count.end = limit;
        count.ran = limit;
    }
    if (p.until) {
        count.ran = names_.fresh({}, "ran");
        body_.line("i64 {} = 0;", count.ran);
    }
    return count;
}

Writer::Scope
ProgramWriter::open_loop(const ScanParams& p, const std::string& t, const LoopCount& count)
{
    if (count.end.empty()) return body_.block("for (i64 {0} = 0;; ++{0})", t);
    if (!p.reverse)
        return body_.block("for (i64 {0} = {1}; {0} < {2}; ++{0})", t, count.first, count.end);
    if (count.first == "0") return body_.block("for (i64 {0} = {1}; {0}-- > 0;)", t, count.end);
    return body_.block("for (i64 {0} = {1}; {0}-- > {2};)", t, count.end, count.first);
}

namespace {

/// Whether some branch's result is what the branch was given, or another of its results.
bool hands_on(const GraphPlan& body)
{
    const auto returns_its_own = [](const GraphPlan& branch) {
        const Variables& all = branch.outputs;
        return hands_on(branch) || std::ranges::any_of(all, [&](const Variable& v) {
                   return !v.owner() ||
                          std::ranges::count_if(all, [&](const auto& w) { return same(v, w); }) > 1;
               });
    };
    return std::ranges::any_of(body.steps, [&](const PlannedStep& step) {
        return step.bodies.size() > 1 && std::ranges::any_of(step.bodies, returns_its_own);
    });
}

/// Small states are copied: that is no slower.
bool takes_part(const StateMemory& memory, const Extent& bytes)
{
    constexpr std::int64_t small_bytes = 64;
    return memory.buffers == 2 && !(bytes.is_known() && bytes.value() <= small_bytes);
}

} // namespace

void ProgramWriter::StatePlaces::add_to_pool(const Extent& bytes, std::size_t state)
{
    const auto fits = [&](const Pool& pool) { return same(pool.bytes, bytes); };
    auto pool = std::ranges::find_if(pools, fits);
    if (pool == pools.end()) pool = pools.insert(pool, {{}, bytes, {}});
    pool->states.push_back(state);
}

bool ProgramWriter::StatePlaces::is_in_pool(std::size_t state) const
{
    return std::ranges::any_of(pools, [&](const Pool& pool) {
        return std::ranges::find(pool.states, state) != pool.states.end();
    });
}

/// Returns what lies behind it.
Extent ProgramWriter::write_pool(const Apply& scan,
                                 StatePlaces& at,
                                 StatePlaces::Pool& pool,
                                 const std::string& base,
                                 const Extent& offset)
{
    const auto& p = scan.params_as<ScanParams>();
    pool.buffers = names_.fresh({}, "pool");
    body_.line("char* const {} = work + {} + {};", pool.buffers, base, text(offset));
    Extent used = 0;
    for (const std::size_t k : pool.states) {
        const std::size_t input = static_cast<std::size_t>(p.sequences) + k;
        body_.line("{0}* {1} = ({0}*)({2} + {3});", memory_type(scan.input(input).dtype()),
                   at.next[k], pool.buffers, text(used));
        used = used + pool.bytes;
    }
    return offset + Extent(2) * used;
}

/// In a loop with pools: the next states of these, and what no step writes over.
ProgramWriter::Movable ProgramWriter::movable_in(const Apply& scan, const StatePlaces& at) const
{
    Movable found;
    if (at.pools.empty()) return found;
    const auto inner = scan.params_as<ScanParams>().body.inputs();
    const auto sequences = static_cast<std::size_t>(scan.params_as<ScanParams>().sequences);
    const std::size_t states = at.memory.size();
    for (std::size_t k = 0; k < states; ++k) {
        const StateMemory& memory = at.memory[k];
        const bool in_pool = at.is_in_pool(k);
        if (in_pool) found.pointers.insert(at.next[k]);
        if (in_pool) found.places.insert(at.next[k]);
        const bool stays = memory.follows == static_cast<int>(k);
        const bool has_history = memory.follows < 0 && memory.buffers == 0;
        if (in_pool || stays || has_history) found.places.insert(at.current[k]);
    }
    for (std::size_t k = sequences + states; k < inner.size(); ++k)
        found.places.insert(place_.at(inner[k].value()));
    return found;
}

/// A scan: its body's steps inside a loop. States take turns in two buffers or more, or are written
/// straight into their history; one that is another's of the step before changes places with it.
void ProgramWriter::write_loop(const PlannedStep& step)
{
    const Apply scan = step.cluster->roots[0].value.owner();
    const auto& p = scan.params_as<ScanParams>();
    const auto states = static_cast<std::size_t>(p.states);
    const auto sequences = static_cast<std::size_t>(p.sequences);
    const auto inner = p.body.inputs();
    if (scan.location())
        body_.line("// loop over steps{}        {}",
                   step.tiles ? ", some at a time in blocks of rows" : "",
                   comment_text(to_string(*scan.location())));
    Extent offset = 0;
    const std::string base = offsets_.at(step.workspace);
    const bool pooled = !step.tiles && hands_on(step.bodies[0]);
    StatePlaces at{std::vector<std::string>(states),
                   std::vector<std::string>(states),
                   std::vector<std::string>(states),
                   state_memory(scan),
                   {},
                   {}};
    for (std::size_t k = 0; k < states; ++k) {
        const Variable& init = scan.input(sequences + k);
        const std::string_view type = memory_type(init.dtype());
        at.current[k] = names_.fresh(inner[sequences + k].name(), "state");
        body_.line("const {}* {} = {};", type, at.current[k], place_.at(init.value()));
        place_[inner[sequences + k].value()] = at.current[k];
        const StateMemory& memory = at.memory[k];
        if (memory.follows >= 0) continue;
        at.next[k] = names_.fresh({}, "next");
        if (memory.buffers == 0) continue;
        const std::string place = fmt::format("(work + {} + {})", base, text(offset));
        if (pooled && takes_part(memory, bytes_of(init))) {
            at.add_to_pool(aligned(bytes_of(init)), k);
            continue;
        }
        if (memory.buffers == 2) {
            at.spare[k] = names_.fresh({}, "spare");
            body_.line("{0}* {1} = ({0}*){2};", type, at.next[k], place);
            body_.line("{0}* {1} = ({0}*)(work + {2} + {3});", type, at.spare[k], base,
                       text(offset + aligned(bytes_of(init))));
        } else {
            at.spare[k] = names_.fresh({}, "ring");
            body_.line("{0}* {1} = ({0}*){2};", type, at.spare[k], place);
            body_.line("{}* {} = {};", type, at.next[k], at.spare[k]);
        }
        offset = offset + memory.bytes;
    }
    for (StatePlaces::Pool& pool : at.pools)
        offset = write_pool(scan, at, pool, base, offset);
    for (std::size_t k = sequences + states; k < inner.size(); ++k)
        place_[inner[k].value()] = place_.at(scan.input(k).value());
    if (p.until) {
        at.stop = names_.fresh({}, "stop");
        const std::string_view type = memory_type(DType::boolean);
        body_.line("{0}* {1} = ({0}*)(work + {2} + {3});", type, at.stop, base, text(offset));
        offset = offset + aligned(Extent(1));
    }
    const Movable around = std::exchange(movable_, movable_in(scan, at));
    const LoopCount count = write_count(scan);
    const std::string own = fmt::format("{} + {}", base, text(offset));
    if (step.tiles) {
        write_passes(step, at, own);
    } else {
        const std::string t = names_.fresh({}, "t");
        const auto loop = open_loop(p, t, count);
        ++loops_;
        const std::string outer = std::exchange(first_step_, count.is_first(p, t));
        write_body(step, scan, t, at, own);
        first_step_ = outer;
        --loops_;
        turn_states(scan, at);
        if (p.until) {
            body_.line("++{};", count.ran);
            body_.line("if (*{}) break;", at.stop);
        }
    }
    movable_ = around;
    for (std::size_t k = 0; k < states; ++k)
        if (const int last = scan_output(p, k); last >= 0) {
            const Variable v = scan.output(static_cast<std::size_t>(last));
            copy(place_.at(v.value()), at.current[k], v);
        }
    finish_loop(step, scan, count);
}

/// The states before the next step.
void ProgramWriter::turn_states(const Apply& scan, const StatePlaces& at)
{
    const auto& p = scan.params_as<ScanParams>();
    const std::size_t states = at.memory.size();
    const auto type = [&](std::size_t k) {
        return memory_type(scan.input(static_cast<std::size_t>(p.sequences) + k).dtype());
    };
    // Those that follow first, each before the one it follows changes.
    std::vector<std::string> from(states);
    std::vector<std::size_t> waiting;
    for (std::size_t k = 0; k < states; ++k) {
        const int follows = at.memory[k].follows;
        if (follows < 0 || follows == static_cast<int>(k)) continue;
        from[k] = at.current[static_cast<std::size_t>(follows)];
        waiting.push_back(k);
    }
    while (!waiting.empty()) {
        const auto is_free = [&](std::size_t k) {
            return std::ranges::none_of(waiting, [&](std::size_t other) {
                return other != k && from[other] == at.current[k];
            });
        };
        auto next = std::ranges::find_if(waiting, is_free);
        if (next == waiting.end()) { // they go round: one is kept aside
            next = waiting.begin();
            const std::string kept = names_.fresh({}, "moved");
            body_.line("const {}* {} = {};", type(*next), kept, at.current[*next]);
            std::ranges::replace(from, at.current[*next], kept);
        }
        body_.line("{} = {};", at.current[*next], from[*next]);
        waiting.erase(next);
    }
    for (std::size_t k = 0; k < states; ++k) {
        const StateMemory& memory = at.memory[k];
        if (memory.follows >= 0) continue;
        body_.line("{} = {};", at.current[k], at.next[k]);
        if (at.is_in_pool(k)) continue;
        if (memory.buffers == 2) {
            body_.line("{} = {};", at.next[k], at.spare[k]);
            body_.line("{} = ({}*){};", at.spare[k], type(k), at.current[k]);
        } else if (memory.buffers > 2) {
            const Variable& init = scan.input(static_cast<std::size_t>(p.sequences) + k);
            const std::string bytes = c_factor(aligned(bytes_of(init)), symbols_);
            body_.line("{0} = (char*){0} - (char*){1} < {2} * {3}", at.next[k], at.spare[k],
                       memory.buffers - 1, bytes);
            body_.line("    ? ({0}*)((char*){1} + {2}) : {3};", type(k), at.next[k], bytes,
                       at.spare[k]);
        }
    }
    for (const StatePlaces::Pool& pool : at.pools) {
        std::vector<std::string> in_use;
        for (const std::size_t k : pool.states)
            in_use.push_back(at.current[k]);
        const std::string taken = names_.fresh({}, "taken"), from = names_.fresh({}, "from");
        body_.line("const void* const {}[] = {{{}}};", taken, fmt::join(in_use, ", "));
        body_.line("i64 {} = 0;", from);
        for (const std::size_t k : pool.states)
            body_.line("{} = ({}*)free_buffer({}, {}, &{}, {}, {});", at.next[k], type(k),
                       pool.buffers, text(pool.bytes), from, taken, in_use.size());
    }
}

/// Behind a loop that may have run fewer steps than there are.
void ProgramWriter::finish_loop(const PlannedStep& step, const Apply& scan, const LoopCount& count)
{
    const auto& p = scan.params_as<ScanParams>();
    if (const int at = scan_output(p, p.kept.size() - 1); at >= 0)
        body_.line("*{} = {};", place_.at(scan.output(static_cast<std::size_t>(at)).value()),
                   count.ran);
    if (count.ran.empty()) return;
    const std::string n = text(p.steps);
    for (std::size_t k = static_cast<std::size_t>(p.states); k + 1 < p.kept.size(); ++k) {
        const int at = scan_output(p, k);
        if (at < 0) continue;
        const Variable v = scan.output(static_cast<std::size_t>(at));
        if (std::ranges::any_of(step.open, [&](const Variable& o) { return same(o, v); })) continue;
        const Shape shape = v.shape();
        const Extent row =
            element_count(Shape(shape.begin() + 1, shape.end())) * Extent(size_bytes(v.dtype()));
        const std::string bytes = c_factor(row, symbols_);
        const std::string from =
            p.at_end ? std::string() : fmt::format(" + {} * {}", count.ran, bytes);
        body_.line("zero_bytes((char*){}{}, ({} - {}) * {});", place_.at(v.value()), from, n,
                   count.ran, bytes);
    }
}

int ProgramWriter::history(const Apply& scan, std::size_t state)
{
    const auto& p = scan.params_as<ScanParams>();
    return scan_output(p, static_cast<std::size_t>(p.states) + state);
}

void ProgramWriter::write_body(const PlannedStep& step,
                               const Apply& scan,
                               const std::string& t,
                               const StatePlaces& at,
                               const std::string& base)
{
    const auto& p = scan.params_as<ScanParams>();
    const auto inner = p.body.inputs();
    const auto states = static_cast<std::size_t>(p.states);
    for (std::size_t k = 0; k < static_cast<std::size_t>(p.sequences); ++k) {
        const std::string name = names_.fresh(inner[k].name(), "x");
        body_.line("const {}* {} = {};", memory_type(inner[k].dtype()), name,
                   row_of(scan, k, t, inner[k]));
        place_[inner[k].value()] = name;
        movable_.places.insert(name);
    }
    std::vector<std::string> to(step.bodies[0].outputs.size());
    for (std::size_t k = 0; k < to.size(); ++k) {
        const Variable& result = step.bodies[0].outputs[k];
        if (p.until && k + 1 == to.size()) {
            to[k] = at.stop;
            continue;
        }
        const int kept = k < states ? history(scan, k) : scan_output(p, states + k);
        if (k < states && kept < 0)
            to[k] = at.next[k];
        else if (kept >= 0) {
            to[k] = k < states ? at.next[k] : names_.fresh({}, "y");
            const std::string array =
                place_.at(scan.output(static_cast<std::size_t>(kept)).value());
            body_.line("{0}* {1} = {2};", memory_type(result.dtype()), to[k],
                       slice(array, t, result));
        }
    }
    write_inner(step.bodies[0], to, base);
}

/// A graph inside the program: its results go where `to` says; nowhere, if that is empty.
void ProgramWriter::write_inner(const GraphPlan& plan,
                                const std::vector<std::string>& to,
                                const std::string& base)
{
    const Variables& results = plan.outputs;
    std::vector<bool> computed(results.size(), false); // there; the others are copied
    for (std::size_t k = 0; k < results.size(); ++k) {
        if (to[k].empty() || !results[k].owner()) continue;
        const bool first =
            std::none_of(results.begin(), results.begin() + static_cast<std::ptrdiff_t>(k),
                         [&](const Variable& v) { return same(v, results[k]); });
        if (!first && place_.contains(results[k].value())) continue;
        place_[results[k].value()] = to[k];
        computed[k] = true;
    }
    std::vector<std::string> offsets = inner_offsets(plan, base);
    for (std::size_t i = 0; i < plan.lifetimes.size(); ++i)
        if (const Lifetime& l = plan.lifetimes[i]; !l.value.is_empty())
            pointer(body_, l.value, "v", in_workspace(offsets[i]), true);
    place_views(body_, plan);
    place_shared(plan);
    const std::vector<std::string> outer = std::exchange(offsets_, std::move(offsets));
    write_each_step(plan, 0);
    offsets_ = outer;
    for (std::size_t k = 0; k < results.size(); ++k)
        if (!to[k].empty() && !computed[k]) hand_on(to[k], results[k]);
}

/// What is there already: by its pointer where a loop's next state may lie anywhere, else a copy.
void ProgramWriter::hand_on(const std::string& to, const Variable& v)
{
    const std::string& from = place_.at(v.value());
    if (!movable_.pointers.contains(to) || !movable_.places.contains(from))
        copy(to, from, v);
    else
        body_.line("{} = ({}*){};", to, memory_type(v.dtype()), from);
}

/// One of several graphs: they write to the same places. The one of a recompute_op always runs.
void ProgramWriter::write_branches(const PlannedStep& step)
{
    const Apply a = step.cluster->roots[0].value.owner();
    const Variable& number = a.input(0);
    const bool chooses = step.bodies.size() > 1;
    const std::string given = chooses ? place_.at(number.value()) : std::string();
    std::vector<std::string> to;
    for (const Variable& y : a.outputs())
        to.push_back(place_.at(y.value()));
    if (a.location())
        body_.line("// {}        {}",
                   chooses ? fmt::format("one of {} branches", step.bodies.size()) : "again",
                   comment_text(to_string(*a.location())));
    const std::vector<Region> branches = regions_of(a);
    const std::size_t last = branches.size() - 1;
    const bool is_signed = is_integer(number.dtype()) && !is_unsigned(number.dtype());
    for (std::size_t b = 0; b <= last; ++b) {
        for (std::size_t i = 0; i < branches[b].inputs().size(); ++i)
            place_[branches[b].inputs()[i].value()] = place_.at(a.input(i + 1).value());
        const std::string condition = number.dtype() == DType::boolean ? fmt::format("!*{}", given)
                                      : b == 0 && is_signed ? fmt::format("*{} <= 0", given)
                                                            : fmt::format("*{} == {}", given, b);
        const auto branch = !chooses    ? body_.block("")
                            : b == 0    ? body_.block("if ({})", condition)
                            : b == last ? body_.block("else")
                                        : body_.block("else if ({})", condition);
        ++loops_;
        write_inner(step.bodies[b], to, offsets_.at(step.workspace));
        --loops_;
    }
}

std::vector<std::string> ProgramWriter::inner_offsets(const GraphPlan& plan,
                                                      const std::string& base)
{
    std::vector<std::string> offsets;
    for (std::size_t i = 0; i < plan.lifetimes.size(); ++i)
        offsets.push_back(fmt::format("{} + {}", base, text(offset_of(plan.memory, i))));
    return offsets;
}

} // namespace croton::inline v1::codegen
