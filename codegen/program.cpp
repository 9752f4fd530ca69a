#include <croton/codegen/lower.hpp>
#include <croton/codegen/prelude.hpp>
#include <croton/codegen/units.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>

#include "extent_guards.hpp"
#include "kernel_info.hpp"
#include "long_sums.hpp"
#include "number_table.hpp"
#include "parallel_text.hpp"
#include "program_writer.hpp"
#include "run_text.hpp"
#include "tokens.hpp"

namespace croton::inline v1::codegen {

namespace {

/// Marks the kernels that are called often: with a copy of them at each call, `run` takes long to
/// compile.
void set_apart(std::string& text, const std::map<std::string, int>& calls)
{
    constexpr int often = 8;
    constexpr std::string_view head = "CT_KERNEL ";
    constexpr std::string_view mark = "CT_APART ";
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
        if (text.compare(at, head.size(), head) != 0) continue;
        const std::size_t open = text.find('(', at);
        std::size_t name = open;
        while (is_word(text[name - 1]))
            --name;
        const auto of = calls.find(text.substr(name, open - name));
        if (of == calls.end() || of->second < often) continue;
        text.insert(at + head.size(), mark);
        // Parameters below one another stay so.
        const std::size_t end = text.find(')', open);
        for (std::size_t line = text.find('\n', open); line < text.find(')', open);
             line = text.find('\n', line + 1))
            if (text[line + 1] == ' ') text.insert(line + 1, mark.size(), ' ');
        at = end;
    }
}

} // namespace

ProgramWriter::ProgramWriter(std::span<const Variable> inputs,
                             std::span<const Variable> outputs,
                             std::span<const Requirement> requirements,
                             const ProgramOptions& options)
    : options_(options)
{
    program_.inputs.assign(inputs.begin(), inputs.end());
    program_.outputs.assign(outputs.begin(), outputs.end());
    for (std::string_view word : {"in", "out", "extents", "work", "workspace", "report", "rt"})
        names_.reserve(word);
    options_.outputs.resize(outputs.size());
    ExtentGuards(program_, names_, symbols_, symbols_text_, prologue_, limits_)
        .write(requirements, options_);
}

/// Of an extent; a long sum in it gets a name.
std::string ProgramWriter::text(const Extent& e)
{
    for (const LongSum& s : long_sums(e, true)) {
        const auto [at, fresh] = symbols_.sums.try_emplace(s.sum.polynomial());
        if (!fresh) continue;
        at->second = names_.fresh({}, "total");
        sums_.push_back(s.sum);
    }
    return c_text(e, symbols_);
}

/// What the sums with a name are: each goes on from the longest one that it begins with.
std::string ProgramWriter::sums_text() const
{
    std::vector<std::vector<ExtentTerm>> all;
    for (const Extent& e : sums_)
        all.push_back(terms(e));
    std::ranges::sort(all, {}, [](const auto& sum) { return sum.size(); });
    const auto same_terms = [](const ExtentTerm& a, const ExtentTerm& b) {
        return a.coefficient == b.coefficient && a.factors == b.factors;
    };
    const auto name_of = [&](const std::vector<ExtentTerm>& sum) {
        return symbols_.sums.at(extent_of(sum).polynomial());
    };
    SymbolNames plain = symbols_;
    plain.sums.clear();
    Writer w(in_run);
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::vector<ExtentTerm>& sum = all[i];
        std::string text;
        auto rest = sum.begin();
        for (std::size_t k = i; k-- > 0 && text.empty();) {
            const auto [mine, end] = std::ranges::mismatch(sum, all[k], same_terms);
            if (end != all[k].end()) continue;
            text = name_of(all[k]);
            rest = mine;
        }
        for (; rest != sum.end(); ++rest)
            append_signed(text, rest->coefficient < 0,
                          c_text(extent_of({{std::abs(rest->coefficient), rest->factors}}), plain));
        w.line("const i64 {} = {};", name_of(sum), text);
    }
    return w.take();
}

Program ProgramWriter::take()
{
    const Variables scheduled = order_contractions(split_reductions(program_.outputs));
    int kernels = 0;
    const GraphPlan plan =
        plan_graph(scheduled,
                   {{program_.inputs, options_.outputs, options_.finite_checks || options_.gaps},
                    options_.gaps,
                    options_.library_products,
                    options_.packs_once && !options_.gaps,
                    {},
                    !options_.finite_checks},
                   kernels);
    for (std::size_t k = 0; k < plan.outputs.size(); ++k)
        program_.replaces_input.push_back(replaces_input(plan, k));
    program_.apart = plan.apart;
    place_leaves(scheduled);
    for (std::size_t i = 0; i < scheduled.size(); ++i)
        place_output(plan, i);
    place_workspace(plan);
    write_steps(plan, scheduled);
    program_.unfused = plan.clusters.unfused;
    for (const PlannedStep& step : plan.steps)
        for (const PlannedKernel& k : step.kernels)
            add_partials(k.nest);
    if (body_.line_count() > 0) end_part();
    set_apart(kernels_, calls_);
    kernels_ += write_run({symbols_text_.take() + sums_text() + prologue_.take(), limits_.take(),
                           sizes_.take(), values_.take(), std::move(parts_), total_});
    program_.source = std::move(kernels_);
    return std::move(program_);
}

/// Long reductions whose partial results this kernel hands to the next.
void ProgramWriter::add_partials(const LoopNest& nest)
{
    if (same(nest.blocked, Extent(0))) return;
    std::size_t left = nest.partials.size();
    for (const Apply& a : nest.applies) {
        if (left == 0) return;
        if (!std::holds_alternative<Reduce>(a.op().lowering)) continue;
        --left;
        program_.unfused.push_back({a.output(),
                                    "a long reduction: each block of it leaves a partial "
                                    "result, and these are reduced after that"});
    }
}

void ProgramWriter::pointer(Writer& w,
                            const Variable& v,
                            std::string_view stem,
                            const std::string& from,
                            bool written)
{
    const std::string name = names_.fresh(v.name(), stem);
    const std::string type = fmt::format("{}{}*", written ? "" : "const ", memory_type(v.dtype()));
    w.line("{} {} = ({}){};", type, name, type, from);
    place_[v.value()] = name;
}

/// The output that is written over input `i`, element by element, or -1.
int ProgramWriter::output_over(std::size_t i) const
{
    for (std::size_t k = 0; k < options_.outputs.size(); ++k)
        if (options_.outputs[k].input == static_cast<int>(i) && program_.replaces_input[k])
            return static_cast<int>(k);
    return -1;
}

bool ProgramWriter::replaces_input(const GraphPlan& plan, std::size_t output) const
{
    if (options_.outputs[output].input < 0) return false;
    const Variable& u = program_.inputs[static_cast<std::size_t>(options_.outputs[output].input)];
    const Variable& v = plan.outputs[output];
    return same(u, v) || std::ranges::any_of(plan.shares, [&](const auto& share) {
               return same(share.first, v) && same(share.second, u);
           });
}

void ProgramWriter::place_leaves(std::span<const Variable> outputs)
{
    for (std::size_t i = 0; i < program_.inputs.size(); ++i) {
        const Variable& v = program_.inputs[i];
        const int over = output_over(i);
        if (over < 0) {
            pointer(prologue_, v, "x", fmt::format("in[{}]", i), false);
            continue;
        }
        pointer(prologue_, v, "x", fmt::format("out[{}]", over), true);
        const std::string& place = place_.at(v.value());
        prologue_.if_line(fmt::format("in[{}] != {}", i, place),
                          fmt::format("copy_bytes((char*){}, (const char*)in[{}], {});", place, i,
                                      text(bytes_of(v))));
    }
    place_constants(outputs);
}

void ProgramWriter::place_constants(std::span<const Variable> outputs)
{
    const std::vector<Apply> applies = applies_of(outputs);
    const std::set<const detail::Value*> whole = taken_whole(applies, outputs);
    for (const Variable& leaf : leaves(outputs)) {
        if (leaf.leaf() != Leaf::constant || place_.contains(leaf.value())) continue;
        if (leaf.constant().size() == 1 && !whole.contains(leaf.value())) continue;
        const std::size_t at = program_.inputs.size() + program_.constants.size();
        program_.constants.push_back(leaf.constant().contiguous());
        pointer(prologue_, leaf, "constant", fmt::format("in[{}]", at), false);
    }
    for (const Apply& a : applies)
        for (const Region& body : regions_of(a))
            place_constants(body.outputs());
}

/// Outputs, and what loops and products take, through what these are a view of: whole arrays,
/// also of one element.
std::set<const detail::Value*> ProgramWriter::taken_whole(std::span<const Apply> applies,
                                                          std::span<const Variable> outputs)
{
    std::set<const detail::Value*> whole; // looked up only
    for (const Variable& v : outputs)
        whole.insert(v.value());
    for (std::size_t i = applies.size(); i-- > 0;) {
        const Apply& a = applies[i];
        const Lowering& lowering = a.op().lowering;
        const bool takes = has_body(lowering) || std::holds_alternative<Contract>(lowering);
        const bool views =
            std::holds_alternative<IndexMap>(lowering) && whole.contains(a.output().value());
        if (!takes && !views) continue;
        for (const Variable& v : a.inputs())
            whole.insert(v.value());
    }
    return whole;
}

void ProgramWriter::place_output(const GraphPlan& plan, std::size_t i)
{
    const Variable& v = plan.outputs[i];
    for (const LateOutput& late : plan.late)
        if (same(late.from, v)) return;
    // A leaf, or the same value twice: copied at the end.
    if (place_.contains(v.value()) || output_slot_.contains(v.value())) return;
    output_slot_[v.value()] = i;
    for (const auto& [value, home] : plan.shares)
        if (same(value, v)) return;
    pointer(prologue_, v, "y", fmt::format("out[{}]", i), true);
}

void ProgramWriter::place_workspace(const GraphPlan& plan)
{
    const MemoryPlan& m = plan.memory;
    std::vector<std::string> ends; // where each slot begins, then where the last one ends
    ends.push_back(text(m.known_bytes));
    for (std::size_t k = 0; k < m.slot_bytes.size(); ++k) {
        sizes_.line("const i64 end{} = {} + align_64({});", k, ends.back(), text(m.slot_bytes[k]));
        ends.push_back(fmt::format("end{}", k));
    }
    if (m.slot_bytes.empty()) program_.workspace_bytes = m.known_bytes;
    total_ = ends.back();
    for (std::size_t i = 0; i < plan.lifetimes.size(); ++i) {
        const Lifetime& l = plan.lifetimes[i];
        const MemoryPlan::Place& place = m.place_of[i];
        offsets_.push_back(place.slot < 0 ? text(place.offset)
                                          : ends[static_cast<std::size_t>(place.slot)]);
        if (l.value.is_empty()) continue;
        program_.workspace.push_back({l.value, l.bytes,
                                      place.slot < 0 ? fmt::format("offset {}", place.offset)
                                                     : fmt::format("slot {}", place.slot)});
        pointer(values_, l.value, "v", in_workspace(offsets_.back()), true);
    }
    place_views(values_, plan);
    place_shared(plan);
    for (const ViewOfLeaf& view : plan.views)
        program_.workspace.push_back(
            {view.value, 0, fmt::format("in {}", place_.at(view.leaf.value()))});
    for (const auto& [value, home] : plan.shares)
        program_.workspace.push_back({value, 0, "as " + place_.at(home.value())});
    for (const RowBlocks& blocks : plan.row_blocks)
        for (const RowBlocks::Local& l : blocks.local)
            program_.workspace.push_back({l.value, 0, "on the stack, a block of rows at a time"});
    for (const LateOutput& late : plan.late)
        program_.workspace.push_back(
            {late.from, 0, fmt::format("copied to output {}: {}", late.output, late.why)});
}

/// Where a value lies whose lifetime has this offset.
std::string ProgramWriter::in_workspace(const std::string& offset) const
{
    return options_.gaps ? fmt::format("(work + {} + {})", offset, gap_bytes)
                         : fmt::format("(work + {})", offset);
}

void ProgramWriter::place_views(Writer& w, const GraphPlan& plan)
{
    for (const ViewOfLeaf& view : plan.views) {
        const std::string& leaf = place_.at(view.leaf.value());
        // By the leaf's own name only what is all of it: a loop knows its states' sizes by that.
        const bool is_whole =
            same(view.first, 0) && same(bytes_of(view.value), bytes_of(view.leaf));
        if (is_whole)
            place_[view.value.value()] = std::string(leaf);
        else
            pointer(w, view.value, "v", fmt::format("({} + {})", leaf, text(view.first)), false);
    }
}

void ProgramWriter::place_shared(const GraphPlan& plan)
{
    for (const auto& [value, home] : plan.shares)
        place_[value.value()] = place_.at(home.value());
}

void ProgramWriter::write_steps(const GraphPlan& plan, const Variables& outputs)
{
    if (!plan.late.empty()) open_gaps(plan, 0); // what is saved lies in one
    for (const LateOutput& late : plan.late)
        if (late.saved)
            copy(place_.at(late.from.value()), place_.at(outputs[late.output].value()), late.from);
    write_each_step(plan, plan.late.empty() ? 0 : 1);
    // Copies of inputs come first: a late output may lie in the memory of one.
    for (const bool leaf : {true, false})
        for (std::size_t i = 0; i < outputs.size(); ++i)
            if (outputs[i].owner() ? !leaf : leaf) {
                copy_output(plan, outputs[i], i);
                end_long_part();
            }
    for (const LateOutput& late : plan.late) {
        write_late(late);
        end_long_part();
    }
    close_gaps(plan, plan.steps.size());
}

/// `opened`: the gaps of so many steps are there already.
void ProgramWriter::write_each_step(const GraphPlan& plan, std::size_t opened)
{
    for (std::size_t s = 0; s < plan.steps.size(); ++s) {
        if (s >= opened) open_gaps(plan, s);
        if (const RowBlocks* const blocks = blocks_with(plan, s)) {
            if (blocks->first == s) write_blocks(plan, *blocks);
        } else if (plan.steps[s].cluster->kind == ClusterKind::scan)
            write_loop(plan.steps[s]);
        else if (plan.steps[s].cluster->kind == ClusterKind::branch)
            write_branches(plan.steps[s]);
        else
            write_calls(plan.steps[s]);
        close_gaps(plan, s);
        end_long_part();
    }
}

void ProgramWriter::end_long_part()
{
    constexpr int lines_of_a_part = 1000;
    if (loops_ == 0 && body_.line_count() > lines_of_a_part) end_part();
}

void ProgramWriter::end_part()
{
    parts_.push_back(body_.take());
    for (const detail::Value* table : tables_)
        place_.erase(table);
    tables_.clear();
}

void ProgramWriter::open_gaps(const GraphPlan& plan, std::size_t step)
{
    if (!options_.gaps) return;
    for (std::size_t i = 0; i < plan.lifetimes.size(); ++i) {
        const Lifetime& l = plan.lifetimes[i];
        if (l.first == step && !l.value.is_empty())
            body_.line("open_gaps(work + {}, {}, {});", offsets_[i], text(bytes_of(l.value)),
                       pattern(l.value));
    }
}

void ProgramWriter::close_gaps(const GraphPlan& plan, std::size_t step)
{
    if (!options_.gaps) return;
    for (std::size_t i = 0; i < plan.lifetimes.size(); ++i) {
        const Lifetime& l = plan.lifetimes[i];
        if (l.value.is_empty() || (l.first != step && l.last != step)) continue;
        const std::string bytes = text(bytes_of(l.value));
        body_.if_line(fmt::format("!gaps_intact(work + {}, {})", offsets_[i], bytes),
                      fmt::format("return gap_failed(report, {}, {});", gap_overwritten,
                                  program_.gapped.size()));
        program_.gapped.push_back(l.value);
        if (l.last == step)
            body_.line("fill_bytes(work + {} + {}, {}, {});", offsets_[i], gap_bytes, bytes,
                       pattern(l.value));
    }
}

/// An output that lies elsewhere than in the caller's memory.
void ProgramWriter::copy_output(const GraphPlan& plan, const Variable& v, std::size_t i)
{
    if (std::ranges::count(plan.late, i, &LateOutput::output) > 0) return;
    const auto own = output_slot_.find(v.value());
    const int over = options_.outputs[i].input;
    const bool there = own != output_slot_.end() && own->second == i;
    if (there || (over >= 0 && same(program_.inputs[static_cast<std::size_t>(over)], v))) return;
    copy(fmt::format("out[{}]", i), place_.at(v.value()), v);
}

void ProgramWriter::write_late(const LateOutput& late)
{
    if (late.kernels.empty())
        return copy(fmt::format("out[{}]", late.output), place_.at(late.from.value()), late.from);
    pointer(body_, late.to, "y", fmt::format("out[{}]", late.output), true);
    for (const PlannedKernel& k : late.kernels)
        write_call(k, ClusterKind::rows);
}

void ProgramWriter::copy(const std::string& to, const std::string& from, const Variable& v)
{
    body_.line("copy_bytes((char*){}, (const char*){}, {});", to, from, text(bytes_of(v)));
}

Extent ProgramWriter::bytes_of(const Variable& v)
{
    return element_count(v.shape()) * Extent(size_bytes(v.dtype()));
}

void ProgramWriter::write_calls(const PlannedStep& step)
{
    if (rows_) open_level();
    write_kernels(step);
}

void ProgramWriter::write_kernels(const PlannedStep& step)
{
    for (const PlannedKernel& k : step.kernels) {
        write_call(k, kind_of(k.nest, *step.cluster));
        program_.kernels.back().note = step.cluster->note;
        program_.calls_library |= step.cluster->by_library;
    }
}

void ProgramWriter::write_call(const PlannedKernel& step, ClusterKind kind)
{
    const EmittedKernel& k = step.kernel;
    for (const SharedFunction& f : k.shared)
        if (written_.emplace(f.name, f.name).second) kernels_ += f.text + "\n";
    kernel_lines_ +=
        static_cast<int>(std::ranges::count(std::string_view(kernels_).substr(counted_), '\n'));
    counted_ = kernels_.size();
    const bool parallel = k.parallel && options_.threads && !rows_;
    const std::vector<StreamedBuffer> streamed =
        streamed_buffers(k, step.nest, [&](const Variable& v) {
            return loops_ == 0 && output_slot_.contains(v.value());
        });
    const bool streams = !streamed.empty();
    const std::string name = kernel_in_text(step, parallel, streamed);
    std::vector<std::string> arguments;
    for (const Extent& e : k.extents)
        arguments.push_back(text(e));
    for (const Buffer& b : step.nest.buffers) {
        if (b.value.leaf() == Leaf::constant) place_table(b.value, k.name);
        arguments.push_back(place_.at(b.value.value()));
    }
    std::string head = streams ? "stream_" + name : name;
    if (parallel) {
        head = "all_" + name;
        arguments.insert(arguments.begin(), {"rt", text(k.parallel_extent)});
    } else if (rows_ && k.parallel) {
        const auto [begin, end] = rows_of_block(step);
        arguments.insert(arguments.begin(), {begin, end});
    } else if (k.parallel) {
        if (streams) arguments.insert(arguments.begin(), text(k.parallel_extent));
        arguments.insert(arguments.begin(), {"0", text(k.parallel_extent)});
    }
    if (k.takes_first_step) arguments.insert(arguments.begin(), first_step_);
    program_.keeps_packed |= k.takes_first_step;
    if (k.takes_runtime)
        arguments.insert(arguments.begin(), options_.threads || k.calls_library ? "rt" : "0");
    ++calls_[head];
    std::optional<Writer::Scope> where;
    if (rows_ && !k.parallel)
        where.emplace(body_.block("if ({0} <= {2} && {2} < {1})", rows_->first, rows_->end,
                                  text(step.nest.part->row)));
    if (options_.profile) body_.line("begin_kernel(rt, {});", program_.kernels.size());
    if (k.checks_index) {
        program_.checked.push_back(step.nest.checked);
        const std::size_t number = program_.checked.size() - 1;
        body_.if_line(
            argument_list(head, arguments, body_.indent() + 4, body_.width()),
            fmt::format("return index_failed(report, {}, {});", index_out_of_range, number));
    } else
        body_.raw(argument_list(head, arguments, body_.indent(), body_.width()) + ";");
    if (options_.profile) body_.line("end_kernel(rt, {});", program_.kernels.size());
    where.reset();
    if (options_.finite_checks) check_finite(step.nest);
    program_.kernels.push_back(kernel_info(step, kind));
    program_.kernels.back().name = name;
    if (name != k.name) return; // its loops are another's
    for (int line : k.lane_loops)
        program_.kernels.back().lane_loops.push_back(kernel_lines_ + 1 + line);
}

/// Of the rows that are asked for, those that the kernel has, from its first one on.
std::pair<std::string, std::string> ProgramWriter::rows_of_block(const PlannedKernel& step)
{
    const std::string &first = rows_->first, &end = rows_->end;
    const Extent row = step.nest.part ? step.nest.part->row : Extent(0);
    const Extent& count = step.kernel.parallel_extent;
    const bool from_0 = same(row, Extent(0));
    const std::string less = from_0 ? "" : " - " + c_factor(row, symbols_);
    return {from_0 ? first : fmt::format("max_i64({}{}, 0)", first, less),
            same(row + count, rows_->tiles.rows)
                ? end + less
                : fmt::format("min_i64({}{}, {})", end, less, text(count))};
}

/// A kernel's table of numbers stands in front of its call.
void ProgramWriter::place_table(const Variable& table, const std::string& kernel)
{
    const auto [at, is_new] = place_.try_emplace(table.value());
    if (!is_new) return;
    at->second = names_.fresh(fmt::format("{}_{}", kernel, table.name()), {});
    tables_.push_back(table.value());
    for (const std::string& line : table_text(at->second, table.constant()))
        body_.raw(line);
}

/// Writes a kernel unless one that differs in nothing but names stands in the text already.
/// Returns what it is called there.
std::string ProgramWriter::kernel_in_text(const PlannedKernel& step,
                                          bool parallel,
                                          const std::vector<StreamedBuffer>& streamed)
{
    const EmittedKernel& k = step.kernel;
    std::string text = k.text + "\n";
    if (!streamed.empty()) text += streaming_caller(k, step.nest, streamed);
    const auto [at, is_new] = written_.emplace(canonical_text(text).text, k.name);
    if (is_new) kernels_ += text;
    if (parallel && written_.emplace("all_" + at->second, at->second).second) {
        EmittedKernel named = k;
        named.name = at->second;
        kernels_ +=
            parallel_caller(named, step.nest, cost_per_iteration(step.nest), !streamed.empty());
    }
    return at->second;
}

/// After the call: stops if an array that the kernel wrote holds NaN or an infinity.
void ProgramWriter::check_finite(const LoopNest& nest)
{
    if (nest.part && !nest.part->last) return;
    for (const Buffer& b : nest.buffers) {
        if (b.access == Buffer::Access::read || !is_float(b.dtype()) || !b.value.owner()) continue;
        // The result of a first block, with which the others' are combined by the next kernel.
        const bool is_first = !same(nest.blocked, Extent(0)) &&
                              std::holds_alternative<Reduce>(b.value.owner().op().lowering);
        if (is_first) continue;
        const std::string_view type = croton::name(b.dtype());
        const std::string& place = place_.at(b.value.value());
        body_.line("if (!all_finite_{}({}, {}))", type, place, text(element_count(b.shape())));
        body_.line("    return finite_failed_{}(report, {}, {}, {});", type, not_finite,
                   program_.finite.size(), place);
        program_.finite.push_back(b.value);
    }
}

Program make_program(std::span<const Variable> inputs,
                     std::span<const Variable> outputs,
                     std::span<const Requirement> requirements,
                     const ProgramOptions& options)
{
    return ProgramWriter(inputs, outputs, requirements, options).take();
}

Program make_guards(std::span<const Variable> inputs,
                    std::span<const Variable> outputs,
                    std::span<const Requirement> requirements,
                    const ProgramOptions& options)
{
    Program program;
    program.inputs.assign(inputs.begin(), inputs.end());
    program.outputs.assign(outputs.begin(), outputs.end());
    Names names;
    SymbolNames symbols;
    Writer values, prologue, limits;
    ExtentGuards(program, names, symbols, values, prologue, limits).write(requirements, options);
    return program;
}

} // namespace croton::inline v1::codegen
