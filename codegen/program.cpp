#include <croton/codegen/cost.hpp>
#include <croton/codegen/lower.hpp>
#include <croton/codegen/prelude.hpp>
#include <croton/codegen/program.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <map>

#include "graph_plan.hpp"
#include "names.hpp"
#include "parallel_text.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

namespace {

class ProgramWriter {
public:
    ProgramWriter(std::span<const Variable> inputs,
                  std::span<const Variable> outputs,
                  std::span<const Requirement> requirements,
                  const ProgramOptions& options)
        : options_(options)
    {
        program_.inputs.assign(inputs.begin(), inputs.end());
        program_.outputs.assign(outputs.begin(), outputs.end());
        for (std::string_view word : {"in", "out", "extents", "work", "workspace", "report", "rt"})
            names_.reserve(word);
        bind_extents();
        add_guards(requirements);
    }

    Program take()
    {
        const Variables scheduled = order_contractions(split_reductions(program_.outputs));
        int kernels = 0;
        const GraphPlan plan = plan_graph(scheduled, kernels);
        place_leaves(scheduled);
        for (std::size_t i = 0; i < scheduled.size(); ++i)
            place_output(scheduled[i], i);
        place_workspace(plan);
        write_steps(plan, scheduled);
        program_.unfused = plan.clusters.unfused;
        finish();
        return std::move(program_);
    }

private:
    std::string text(const Extent& e) const { return c_text(e, symbols_); }

    // ---- extents and guards

    /// An axis that is a symbol, or linear in one that is not known yet, gives the symbol its
    /// value.
    void bind_extents()
    {
        std::size_t slot = 0;
        std::vector<std::pair<std::size_t, Extent>> later;
        for (const Variable& v : program_.inputs)
            for (const Extent& e : v.shape()) {
                if (const detail::Atom* s = as_symbol(e); s && !symbols_.contains(s)) {
                    const std::string name = symbols_[s] = names_.fresh(croton::name(s), "n");
                    prologue_.line("const i64 {} = extents[{}];", name, slot);
                } else
                    later.emplace_back(slot, e);
                ++slot;
            }
        bool progress = true;
        while (progress) {
            progress = false;
            for (auto& [at, e] : later)
                progress |= solve(at, e);
        }
        for (const Variable& v : program_.outputs)
            for (const Extent& e : v.shape())
                require_bound(e, v);
    }

    bool solve(std::size_t slot, const Extent& e)
    {
        const detail::Atom* unknown = nullptr;
        std::int64_t factor = 0;
        Extent rest = 0;
        for (const ExtentTerm& t : terms(e)) {
            Extent product = t.coefficient;
            bool open = false;
            for (const detail::Atom* f : t.factors) {
                product = product * as_extent(f);
                for (const detail::Atom* s : symbols(as_extent(f)))
                    open |= !symbols_.contains(s);
            }
            if (!open)
                rest = rest + product;
            else if (unknown || t.factors.size() != 1 || kind(t.factors[0]) != AtomKind::symbol)
                return false;
            else {
                unknown = t.factors[0];
                factor = t.coefficient;
            }
        }
        if (!unknown) return false;
        const std::string name = symbols_[unknown] = names_.fresh(croton::name(unknown), "n");
        prologue_.line("const i64 {} = (extents[{}] - ({})) / {};", name, slot, text(rest), factor);
        return true;
    }

    void require_bound(const Extent& e, const Variable& v) const
    {
        for (const detail::Atom* s : symbols(e))
            if (!symbols_.contains(s))
                throw user_error(Code::shape, v.location(), "function",
                                 "extent {} of {} follows from no input", to_string(as_extent(s)),
                                 to_string(v.type()));
    }

    void
    guard(const std::string& found, const Extent& expected, std::string what, const Location* where)
    {
        program_.guards.push_back({std::move(what), expected, where});
        const std::size_t code = program_.guards.size();
        prologue_.line("if ({} != {}) return guard_failed(report, {}, {}, {});", found,
                       c_factor(expected, symbols_), code, found, text(expected));
    }

    void add_guards(std::span<const Requirement> requirements)
    {
        std::size_t slot = 0;
        const auto axes = [&](const std::vector<Variable>& values, std::string_view what) {
            for (std::size_t i = 0; i < values.size(); ++i) {
                const Shape shape = values[i].shape();
                for (std::size_t a = 0; a < shape.size(); ++a, ++slot) {
                    if (binds(slot, shape[a])) continue;
                    const std::string name(values[i].name());
                    guard(fmt::format("extents[{}]", slot), shape[a],
                          name.empty() ? fmt::format("axis {} of {} {}", a, what, i)
                                       : fmt::format("axis {} of {} '{}'", a, what, name),
                          values[i].location());
                }
            }
        };
        axes(program_.inputs, "input");
        for (const Requirement& r : requirements)
            guard(c_factor(r.a, symbols_), r.b, r.text, nullptr);
        axes(program_.outputs, "output");
    }

    /// Whether slot `slot` is where the symbol got its value.
    bool binds(std::size_t slot, const Extent& e)
    {
        const detail::Atom* s = as_symbol(e);
        if (!s || !bound_.emplace(s, slot).second) return false;
        return true;
    }

    // ---- where values lie

    void pointer(Writer& w,
                 const Variable& v,
                 std::string_view stem,
                 const std::string& from,
                 bool written)
    {
        const std::string name = names_.fresh(v.name(), stem);
        const std::string type =
            fmt::format("{}{}*", written ? "" : "const ", memory_type(v.dtype()));
        w.line("{} {} = ({}){};", type, name, type, from);
        place_[v.value()] = name;
    }

    void place_leaves(std::span<const Variable> outputs)
    {
        for (std::size_t i = 0; i < program_.inputs.size(); ++i)
            pointer(prologue_, program_.inputs[i], "x", fmt::format("in[{}]", i), false);
        place_constants(outputs);
    }

    void place_constants(std::span<const Variable> outputs)
    {
        for (const Variable& leaf : leaves(outputs)) {
            if (leaf.leaf() != Leaf::constant || place_.contains(leaf.value())) continue;
            const bool is_output =
                std::ranges::any_of(outputs, [&](const Variable& v) { return same(v, leaf); });
            const bool whole = is_output || feeds_a_loop(leaf, outputs);
            if (leaf.constant().size() == 1 && !whole) continue;
            const std::size_t at = program_.inputs.size() + program_.constants.size();
            program_.constants.push_back(leaf.constant().contiguous());
            pointer(prologue_, leaf, "constant", fmt::format("in[{}]", at), false);
        }
        for (const Apply& a : applies_of(outputs))
            if (std::holds_alternative<Scan>(a.op().lowering))
                place_constants(a.params_as<ScanParams>().body.outputs());
    }

    /// Loops and products take whole arrays, also of one element.
    static bool feeds_a_loop(const Variable& leaf, std::span<const Variable> outputs)
    {
        for (const Apply& a : applies_of(outputs)) {
            const bool whole = std::holds_alternative<Scan>(a.op().lowering) ||
                               std::holds_alternative<Contract>(a.op().lowering);
            if (whole &&
                std::ranges::any_of(a.inputs(), [&](const Variable& v) { return same(v, leaf); }))
                return true;
        }
        return false;
    }

    void place_output(const Variable& v, std::size_t i)
    {
        if (place_.contains(v.value()))
            return; // a leaf, or the same value twice: copied at the end
        pointer(prologue_, v, "y", fmt::format("out[{}]", i), true);
        output_slot_[v.value()] = i;
    }

    void place_workspace(const GraphPlan& plan)
    {
        const MemoryPlan& m = plan.memory;
        std::vector<std::string> offsets;
        Extent offset = 0;
        bool known = true;
        for (std::size_t k = 0; k < m.slot_bytes.size(); ++k) {
            const Extent& bytes = m.slot_bytes[k];
            if (known) {
                offsets.push_back(text(offset));
                known = bytes.is_known();
                if (known)
                    offset = offset + floor_div(bytes + 63, 64) * 64;
                else
                    sizes_.line("const i64 end{} = {} + align_64({});", k, text(offset),
                                text(bytes));
                continue;
            }
            offsets.push_back(fmt::format("end{}", k - 1));
            sizes_.line("const i64 end{} = end{} + align_64({});", k, k - 1, text(bytes));
        }
        if (known) program_.workspace_bytes = offset.value();
        total_ = known ? text(offset) : fmt::format("end{}", m.slot_bytes.size() - 1);
        for (std::size_t i = 0; i < plan.lifetimes.size(); ++i) {
            const Lifetime& l = plan.lifetimes[i];
            offsets_.push_back(offsets[m.slot_of[i]]);
            if (l.value.is_empty()) continue;
            program_.workspace.push_back({l.value, l.bytes, m.slot_of[i]});
            pointer(body_, l.value, "v", fmt::format("(work + {})", offsets[m.slot_of[i]]), true);
        }
    }

    // ---- steps

    void write_steps(const GraphPlan& plan, const Variables& outputs)
    {
        for (const PlannedStep& step : plan.steps)
            if (step.body)
                write_loop(step);
            else
                write_calls(step);
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            const auto own = output_slot_.find(outputs[i].value());
            if (own == output_slot_.end() || own->second != i)
                copy(fmt::format("out[{}]", i), place_.at(outputs[i].value()), outputs[i]);
        }
    }

    void copy(const std::string& to, const std::string& from, const Variable& v)
    {
        const Extent bytes = element_count(v.shape()) * Extent(size_bytes(v.dtype()));
        body_.line("copy_bytes((char*){}, (const char*){}, {});", to, from, text(bytes));
    }

    /// `array + t * n`: the slice of step t.
    std::string slice(const std::string& array, const std::string& t, const Variable& element) const
    {
        return fmt::format("{} + {} * {}", array, t,
                           c_factor(element_count(element.shape()), symbols_));
    }

    /// A scan: its body's steps inside a loop. States alternate between two buffers, or are written
    /// straight into their history.
    void write_loop(const PlannedStep& step)
    {
        const Apply scan = step.cluster->roots[0].value.owner();
        const auto& p = scan.params_as<ScanParams>();
        const auto states = static_cast<std::size_t>(p.states);
        const auto sequences = static_cast<std::size_t>(p.sequences);
        const auto inner = p.body.inputs();
        const Variables results = step.body->outputs;
        if (scan.location())
            body_.line("// loop over steps        {}", to_string(*scan.location()));
        Extent offset = 0;
        const std::string base = offsets_.at(step.workspace);
        std::vector<std::string> current(states), next(states), spare(states);
        const std::vector<Extent> buffers = state_buffers(scan);
        for (std::size_t k = 0; k < states; ++k) {
            const Variable& init = scan.input(sequences + k);
            const std::string_view type = memory_type(init.dtype());
            current[k] = names_.fresh(inner[sequences + k].name(), "state");
            body_.line("const {}* {} = {};", type, current[k], place_.at(init.value()));
            place_[inner[sequences + k].value()] = current[k];
            next[k] = names_.fresh({}, "next");
            if (history(scan, k) >= 0) continue;
            spare[k] = names_.fresh({}, "spare");
            body_.line("{0}* {1} = ({0}*)(work + {2} + {3});", type, next[k], base, text(offset));
            offset = offset + aligned(buffers[k]);
            body_.line("{0}* {1} = ({0}*)(work + {2} + {3});", type, spare[k], base, text(offset));
            offset = offset + aligned(buffers[k]);
        }
        for (std::size_t k = sequences + states; k < inner.size(); ++k)
            place_[inner[k].value()] = place_.at(scan.input(k).value());
        {
            const std::string t = names_.fresh({}, "t");
            const std::string n = text(p.steps);
            const auto loop = p.reverse ? body_.block("for (i64 {0} = {1}; {0}-- > 0;)", t, n)
                                        : body_.block("for (i64 {0} = 0; {0} < {1}; ++{0})", t, n);
            write_body(step, scan, t, next, fmt::format("{} + {}", base, text(offset)));
            for (std::size_t k = 0; k < states; ++k) {
                body_.line("{} = {};", current[k], next[k]);
                if (history(scan, k) >= 0) continue;
                body_.line("{} = {};", next[k], spare[k]);
                body_.line("{} = ({}*){};", spare[k], memory_type(results[k].dtype()), current[k]);
            }
        }
        for (std::size_t k = 0; k < states; ++k)
            if (const int last = scan_output(p, k); last >= 0) {
                const Variable v = scan.output(static_cast<std::size_t>(last));
                copy(place_.at(v.value()), current[k], v);
            }
    }

    static int history(const Apply& scan, std::size_t state)
    {
        const auto& p = scan.params_as<ScanParams>();
        return scan_output(p, static_cast<std::size_t>(p.states) + state);
    }

    void write_body(const PlannedStep& step,
                    const Apply& scan,
                    const std::string& t,
                    const std::vector<std::string>& next,
                    const std::string& base)
    {
        const auto& p = scan.params_as<ScanParams>();
        const auto inner = p.body.inputs();
        const auto states = static_cast<std::size_t>(p.states);
        for (std::size_t k = 0; k < static_cast<std::size_t>(p.sequences); ++k) {
            const std::string name = names_.fresh(inner[k].name(), "x");
            body_.line("const {}* {} = {};", memory_type(inner[k].dtype()), name,
                       slice(place_.at(scan.input(k).value()), t, inner[k]));
            place_[inner[k].value()] = name;
        }
        // Where each result of the body goes; the first place of a value is where it is computed.
        const Variables& results = step.body->outputs;
        std::vector<std::string> to(results.size());
        for (std::size_t k = 0; k < results.size(); ++k) {
            const int kept = k < states ? history(scan, k) : scan_output(p, states + k);
            if (k < states && kept < 0)
                to[k] = next[k];
            else if (kept >= 0) {
                to[k] = k < states ? next[k] : names_.fresh({}, "y");
                const std::string array =
                    place_.at(scan.output(static_cast<std::size_t>(kept)).value());
                body_.line("{0}* {1} = {2};", memory_type(results[k].dtype()), to[k],
                           slice(array, t, results[k]));
            }
        }
        std::vector<bool> computed(results.size(), false);
        for (std::size_t k = 0; k < results.size(); ++k) {
            if (to[k].empty() || !results[k].owner()) continue;
            const bool first =
                std::none_of(results.begin(), results.begin() + static_cast<std::ptrdiff_t>(k),
                             [&](const Variable& v) { return same(v, results[k]); });
            if (!first && place_.contains(results[k].value())) continue;
            place_[results[k].value()] = to[k];
            computed[k] = true;
        }
        for (std::size_t i = 0; i < step.body->lifetimes.size(); ++i)
            place_inner(*step.body, i, base);
        const std::vector<std::string> outer =
            std::exchange(offsets_, inner_offsets(*step.body, base));
        for (const PlannedStep& s : step.body->steps)
            if (s.body)
                write_loop(s);
            else
                write_calls(s);
        offsets_ = outer;
        for (std::size_t k = 0; k < results.size(); ++k)
            if (!to[k].empty() && !computed[k])
                copy(to[k], place_.at(results[k].value()), results[k]);
    }

    std::vector<std::string> inner_offsets(const GraphPlan& plan, const std::string& base) const
    {
        std::vector<Extent> slots{0};
        for (const Extent& bytes : plan.memory.slot_bytes)
            slots.push_back(slots.back() + aligned(bytes));
        std::vector<std::string> offsets;
        for (std::size_t slot : plan.memory.slot_of)
            offsets.push_back(fmt::format("{} + {}", base, text(slots[slot])));
        return offsets;
    }

    void place_inner(const GraphPlan& plan, std::size_t i, const std::string& base)
    {
        const Lifetime& l = plan.lifetimes[i];
        if (l.value.is_empty()) return;
        pointer(body_, l.value, "v", fmt::format("(work + {})", inner_offsets(plan, base)[i]),
                true);
    }

    void write_calls(const PlannedStep& step)
    {
        for (const PlannedKernel& k : step.kernels)
            write_call(k, step.cluster->kind);
    }

    void write_call(const PlannedKernel& step, ClusterKind kind)
    {
        const EmittedKernel& k = step.kernel;
        kernels_ += k.text + "\n";
        const bool parallel = k.parallel && options_.threads && !is_small(step);
        std::vector<std::string> arguments;
        for (const Extent& e : k.extents)
            arguments.push_back(text(e));
        for (const Buffer& b : step.nest.buffers)
            arguments.push_back(place_.at(b.value.value()));
        std::string head = k.name;
        if (parallel) {
            kernels_ += parallel_caller(k, step.nest, cost_per_iteration(step));
            head = "all_" + k.name;
            arguments.insert(arguments.begin(), {"rt", text(k.parallel_extent)});
        } else if (k.parallel)
            arguments.insert(arguments.begin(), {"0", text(k.parallel_extent)});
        if (k.takes_runtime) arguments.insert(arguments.begin(), options_.threads ? "rt" : "0");
        if (k.checks_index) {
            program_.checked.push_back(step.nest.checked_where);
            const std::size_t number = program_.checked.size() - 1;
            body_.if_line(
                argument_list(head, arguments, body_.indent() + 4),
                fmt::format("return index_failed(report, {}, {});", index_out_of_range, number));
        } else
            body_.raw(argument_list(head, arguments, body_.indent()) + ";");
        describe(step, kind);
    }

    /// Floating-point operations of one iteration of the outermost loop, where that is known.
    static Extent cost_per_iteration(const PlannedKernel& step)
    {
        int each = 1;
        for (const Scalar& s : step.nest.scalars)
            if (const auto* c = std::get_if<Compute>(&s.expression)) each += flops(*c->op, s.dtype);
        Extent iterations = 1;
        const Block* block = &step.nest.body;
        bool first = true;
        const detail::Atom* loop_symbol_of_first =
            index_symbol(0); // an inner extent may shrink with it
        while (block) {
            const Block* next = nullptr;
            for (const Statement& st : *block)
                if (const auto* l = std::get_if<Loop>(&st)) {
                    if (!first)
                        iterations =
                            iterations * substitute(l->extent, {{loop_symbol_of_first, Extent(0)}});
                    first = false;
                    next = &l->body;
                    break;
                } else if (const auto* c = std::get_if<ColumnLoop>(&st)) {
                    iterations = iterations * c->rows * c->columns;
                    break;
                }
            block = next;
        }
        return iterations * Extent(each);
    }

    static bool is_small(const PlannedKernel& step)
    {
        const Extent all = cost_per_iteration(step) * step.kernel.parallel_extent;
        return all.is_known() && all.value() < serial_below_flops;
    }

    void describe(const PlannedKernel& step, ClusterKind kind)
    {
        KernelInfo info;
        info.name = step.kernel.name;
        info.kind = kind;
        info.applies = step.nest.applies;
        info.text = step.kernel.text;
        info.flops = step.kernel.parallel ? cost_per_iteration(step) * step.kernel.parallel_extent
                                          : cost_per_iteration(step);
        if (!step.nest.contract.empty()) {
            const ContractNest& c = step.nest.contract[0];
            info.flops = Extent(2) * c.batch * c.m * c.n * c.k;
        }
        for (const Buffer& b : step.nest.buffers)
            info.bytes = info.bytes + element_count(b.shape()) * Extent(size_bytes(b.dtype()));
        program_.kernels.push_back(std::move(info));
    }

    void finish()
    {
        Writer w;
        w.raw("// Checks extents, then calls the kernels in order. Returns 0, or what failed.");
        w.raw(parameter_list("CT_EXPORT i32 run",
                             {"const struct ct_runtime* rt", "const void* const* in",
                              "void* const* out", "const i64* extents", "void* workspace",
                              "struct ct_report* report"}));
        w.raw("{");
        std::string body = w.take();
        const auto indented = [](std::string text) {
            std::string out;
            for (std::size_t at = 0; at < text.size();) {
                const std::size_t end = text.find('\n', at) + 1;
                out += end - at > 1 ? "    " + text.substr(at, end - at) : "\n";
                at = end;
            }
            return out;
        };
        std::string prologue = indented(prologue_.take());
        std::string sizes = indented(sizes_.take());
        std::string steps = indented(body_.take());
        body += prologue;
        if (mentions(steps, "work"))
            body += "    char* const work = (char*)workspace;\n" + sizes;
        else
            body += "    (void)workspace;\n";
        body += steps;
        for (std::string_view unused : {"rt", "in", "extents", "report"})
            if (!mentions(prologue + steps, unused)) body += fmt::format("    (void){};\n", unused);
        body += "    return 0;\n}\n\n// Bytes that `workspace` must have.\nCT_EXPORT i64 "
                "workspace_bytes(const i64* extents)\n{\n";
        // Only the symbols that the sizes mention.
        std::string symbols;
        for (std::size_t at = 0; at < prologue.size();) {
            const std::size_t end = prologue.find('\n', at) + 1;
            const std::string line = prologue.substr(at, end - at);
            if (line.starts_with("    const i64 ")) {
                symbols += line;
                const std::string name = line.substr(14, line.find(' ', 14) - 14);
                if (!mentions(sizes + total_, name))
                    symbols += fmt::format("    (void){};\n", name);
            }
            at = end;
        }
        if (!symbols.empty() && !sizes.empty())
            body += symbols;
        else
            body += "    (void)extents;\n";
        if (!sizes.empty()) body += sizes;
        body += fmt::format("    return {};\n}}\n", total_.empty() ? "0" : total_);
        const std::string all = kernels_ + body;
        program_.source = prelude_for(all) + std::string(end_of_prelude) + all;
    }

    static bool mentions(const std::string& text, std::string_view word)
    {
        const auto is_word = [](char c) {
            return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
        };
        for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
            const bool left = at == 0 || !is_word(text[at - 1]);
            const bool right = at + word.size() == text.size() || !is_word(text[at + word.size()]);
            if (left && right) return true;
        }
        return false;
    }

    ProgramOptions options_;
    Program program_;
    Names names_;
    SymbolNames symbols_;
    std::map<const detail::Atom*, std::size_t> bound_;
    std::map<const detail::Value*, std::string> place_;
    std::map<const detail::Value*, std::size_t> output_slot_;
    Writer prologue_, sizes_, body_;
    std::string kernels_;
    std::string total_;
    std::vector<std::string> offsets_; ///< of the lifetimes of the graph that is being written
};

} // namespace

Program make_program(std::span<const Variable> inputs,
                     std::span<const Variable> outputs,
                     std::span<const Requirement> requirements,
                     const ProgramOptions& options)
{
    return ProgramWriter(inputs, outputs, requirements, options).take();
}

} // namespace croton::inline v1::codegen
