#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "late_rows.hpp"
#include "pass_text.hpp"
#include "program_writer.hpp"
#include "tokens.hpp"

namespace croton::inline v1::codegen {

namespace {

/// The rows between two kernels.
std::string times(const std::string& levels, std::int64_t reach)
{
    return reach == 1 ? levels : fmt::format("{} * {}", levels, reach);
}

/// So many that parts which narrow are wide at the end.
Extent rows_of_part(const StepTiles& tiles)
{
    const Extent least =
        tiles.reach == 0 ? tiles.block : Extent(4 * tiles.steps * tiles.levels * tiles.reach);
    return maximum(floor_div(tiles.rows + (most_parts - 1), most_parts), least);
}

} // namespace

/// Adds a parameter that is called as `place` is in `run`, where that is a name. Returns the name.
std::string ProgramWriter::take_in_pass(PassParameters& parameters,
                                        const std::string& type,
                                        const std::string& place)
{
    const bool is_name = std::ranges::all_of(place, is_word);
    parameters.list.push_back({type, is_name ? place : names_.fresh({}, "x")});
    parameters.given.push_back(place);
    return parameters.list.back().name;
}

void ProgramWriter::take_extents_in_pass(PassParameters& parameters, const std::string& text)
{
    std::set<std::string> extents;
    for (const auto& [symbol, name] : symbols_)
        extents.insert(name);
    for (const auto& [sum, name] : symbols_.sums)
        extents.insert(name);
    for (const std::string& name : extents)
        if (mentions(text, name)) take_in_pass(parameters, "i64", name);
}

/// The function of a pass, and that which hands it to threads.
void ProgramWriter::write_pass(const std::string& comment,
                               const std::string& pass,
                               const PassParameters& parameters,
                               const PassRows& rows,
                               const std::string& body)
{
    std::vector<std::string> list{"i64 begin", "i64 end"};
    if (rows.reach > 0) list.insert(list.end(), {"i64 begin_slope", "i64 end_slope"});
    for (const CallerParameter& p : parameters.list)
        list.push_back(p.type + " " + p.name);
    Writer w;
    w.line("// {}", comment);
    {
        const auto scope = w.function(parameter_list("CT_KERNEL void " + pass, list));
        w.lines(body);
    }
    w.blank();
    kernels_ += w.take();
    if (passes_use_threads())
        kernels_ += pass_on_threads(pass, parameters.list, rows.reach, rows.all, rows.part);
}

void ProgramWriter::call_pass(const std::string& pass,
                              const PassParameters& parameters,
                              const PassRows& rows)
{
    std::vector<std::string> given = parameters.given;
    if (passes_use_threads()) {
        given.insert(given.begin(), "rt");
    } else {
        if (rows.reach > 0) given.insert(given.begin(), {"0", "0"});
        given.insert(given.begin(), {"0", rows.all});
    }
    body_.raw(argument_list((passes_use_threads() ? "all_" : "") + pass, given, body_.indent(),
                            body_.width()) +
              ";");
}

/// A pass takes some steps together, see step_tiles.hpp. Its function computes the rows begin ..
/// end of them all, both of which move by a slope from each kernel to the next.
void ProgramWriter::write_passes(const PlannedStep& step,
                                 const StatePlaces& at,
                                 const std::string& base)
{
    const StepTiles& tiles = *step.tiles;
    const Apply scan = step.cluster->roots[0].value.owner();
    const auto& p = scan.params_as<ScanParams>();
    const auto inner = p.body.inputs();
    const auto first_state = static_cast<std::size_t>(p.sequences);
    const auto states = static_cast<std::size_t>(p.states);
    const std::string pass = names_.fresh({}, "pass_"), n = text(p.steps);
    const std::string rows = text(tiles.rows);
    const std::string t = names_.fresh({}, "t"), steps = names_.fresh({}, "steps");

    PassParameters parameters;
    const auto take = [&](const std::string& type, const std::string& place) {
        return take_in_pass(parameters, type, place);
    };
    take("i64", steps);
    const auto pointer = [](const Variable& v) {
        return fmt::format("{}*", memory_type(v.dtype()));
    };
    if (options_.profile) take("const struct ct_runtime*", "rt");
    StatePlaces of_steps = at; // arrays of pointers, one for each step of a pass
    for (std::size_t k = 0; k < states; ++k) {
        const Variable& state = inner[first_state + k];
        of_steps.current[k] = names_.fresh(state.name(), "from");
        if (at.memory[k].follows < 0) of_steps.next[k] = names_.fresh({}, "to");
    }
    // Sequences and what all steps read, then what every step gives.
    std::map<const detail::Value*, std::string> places;
    const auto take_place = [&](const Variable& v, std::string_view constant) {
        const std::string& place = place_.at(v.value());
        const auto [at_v, fresh] = places.try_emplace(v.value(), place);
        if (fresh) place_[v.value()] = take(std::string(constant) + pointer(v), place);
    };
    for (std::size_t k = 0; k < inner.size(); ++k)
        if (const auto late = k < first_state ? late_rows(scan.input(k)) : std::nullopt) {
            take_place(late->rows, "const ");
            take_place(late->first, "const ");
        } else if (k < first_state || k >= first_state + states) {
            take_place(scan.input(k), "const ");
        }
    for (std::size_t k = states; k + 1 < p.kept.size(); ++k)
        if (const int out = scan_output(p, k); out >= 0)
            take_place(scan.output(static_cast<std::size_t>(out)), "");
    for (std::size_t k = first_state + states; k < inner.size(); ++k)
        place_[inner[k].value()] = place_.at(scan.input(k).value());

    for (const Variable& leaf : leaves(step.bodies[0].outputs))
        if (leaf.leaf() == Leaf::constant && place_.contains(leaf.value()))
            take_place(leaf, "const ");
    const std::string own = step.bodies[0].lifetimes.empty() ? base : take("i64", base);

    ++loops_;
    const std::string body = pass_body(step, of_steps, own, t, steps);
    --loops_;
    for (const auto& [value, place] : places)
        place_[value] = place;
    for (std::size_t k = 0; k < states; ++k) {
        const Variable& state = inner[first_state + k];
        if (mentions(body, of_steps.current[k]))
            take(fmt::format("const {} const*", pointer(state)), of_steps.current[k]);
        else
            of_steps.current[k].clear(); // no kernel reads it
        if (!of_steps.next[k].empty()) take(pointer(state) + " const*", of_steps.next[k]);
    }
    const std::string part = text(rows_of_part(tiles));
    if (mentions(body, "work")) take("char*", "work");
    if (mentions(body, t)) take("i64", t);
    take_extents_in_pass(parameters, body + rows + ' ' + part);
    const PassRows of_pass{tiles.reach, rows, part};
    write_pass("The rows begin .. end of some steps, in blocks of rows.", pass, parameters, of_pass,
               body);

    const auto passes = body_.block("for (i64 {0} = 0; {0} < {1}; {0} += {2})", t, n, tiles.steps);
    body_.line("const i64 {} = min_i64({}, {} - {});", steps, tiles.steps, n, t);
    for (std::size_t k = 0; k < states; ++k) {
        const std::string type = pointer(inner[first_state + k]);
        if (!of_steps.current[k].empty())
            body_.line("const {} {}[{}];", type, of_steps.current[k], tiles.steps);
        if (!of_steps.next[k].empty())
            body_.line("{} {}[{}];", type, of_steps.next[k], tiles.steps);
    }
    {
        const std::string s = names_.fresh({}, "s");
        const auto each = body_.block("for (i64 {0} = 0; {0} < {1}; ++{0})", s, steps);
        for (std::size_t k = 0; k < states; ++k) {
            if (!of_steps.current[k].empty())
                body_.line("{}[{}] = {};", of_steps.current[k], s, at.current[k]);
            if (!of_steps.next[k].empty())
                body_.line("{}[{}] = {};", of_steps.next[k], s, at.next[k]);
        }
        turn_states(scan, at);
    }
    call_pass(pass, parameters, of_pass);
}

/// The loops of a pass's function.
std::string ProgramWriter::pass_body(const PlannedStep& step,
                                     const StatePlaces& at,
                                     const std::string& base,
                                     const std::string& t,
                                     const std::string& steps)
{
    const StepTiles& tiles = *step.tiles;
    const Apply scan = step.cluster->roots[0].value.owner();
    const auto& p = scan.params_as<ScanParams>();
    const auto inner = p.body.inputs().subspan(static_cast<std::size_t>(p.sequences));
    Writer outer = std::exchange(body_, Writer(in_run));
    const std::string block = tiles.block.is_known() ? text(tiles.block) : "block";
    if (!tiles.block.is_known()) body_.line("const i64 block = {};", text(tiles.block));
    const std::string row = names_.fresh({}, "row"), s = names_.fresh({}, "s");
    const std::string last = tiles.levels == 1 ? fmt::format("({} - 1)", steps)
                                               : fmt::format("({} * {} - 1)", steps, tiles.levels);
    const std::string late =
        tiles.reach == 0 ? std::string()
                         : fmt::format(" + {} * ({} + max_i64(end_slope, 0))", last, tiles.reach);
    {
        const auto blocks =
            body_.block("for (i64 {0} = begin; {0} < end{1}; {0} += {2})", row, late, block);
        const auto of_block = body_.block("for (i64 {0} = 0; {0} < {1}; ++{0})", s, steps);
        StatePlaces here = at;
        for (std::size_t k = 0; k < here.current.size(); ++k) {
            here.current[k] += fmt::format("[{}]", s);
            if (!here.next[k].empty()) here.next[k] += fmt::format("[{}]", s);
            place_[inner[k].value()] = here.current[k];
        }
        const std::string now = p.reverse ? fmt::format("({} - 1 - {} - {})", text(p.steps), t, s)
                                          : fmt::format("({} + {})", t, s);
        rows_ = {tiles, row, s, block, 0, {}, {}};
        write_body(step, scan, now, here, base);
        rows_.reset();
    }
    return std::exchange(body_, std::move(outer)).take();
}

/// The rows of the kernels that are called next.
void ProgramWriter::open_level()
{
    auto& [tiles, row, step, block, level, first, end] = *rows_;
    if (tiles.reach == 0) { // the same ones for all
        first = row;
        if (level++ > 0) return;
        end = names_.fresh({}, "stop");
        body_.line("const i64 {} = min_i64({} + {}, end);", end, row, block);
        return;
    }
    std::string number = step;
    if (tiles.levels > 1) {
        number = names_.fresh({}, "level");
        body_.line("const i64 {} = {} * {} + {};", number, step, tiles.levels, level);
    }
    const std::string from = fmt::format("{} - {}", row, times(number, tiles.reach));
    first = names_.fresh({}, "first");
    end = names_.fresh({}, "end");
    body_.line("const i64 {} = max_i64({}, begin + {} * begin_slope);", first, from, number);
    body_.line("const i64 {} = min_i64({} + {}, end + {} * end_slope);", end, from, block, number);
    ++level;
}

} // namespace croton::inline v1::codegen
