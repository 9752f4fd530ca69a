#include <croton/codegen/cost.hpp>
#include <croton/codegen/lower.hpp>
#include <croton/codegen/units.hpp>
#include <croton/compiler/environment.hpp>
#include <croton/compiler/function.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/step_scope.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/ir/verify.hpp>
#include <croton/passes/pipelines.hpp>
#include <croton/passes/rules.hpp>
#include <croton/runtime/kernel_cache.hpp>
#include <croton/runtime/sanitizers.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "call_check.hpp"
#include "compile_cache.hpp"
#include "count_limits.hpp"
#include "dump.hpp"
#include "function_data.hpp"
#include "name_extents.hpp"
#include "own_text.hpp"
#include "prepare_arguments.hpp"
#include "solve_extents.hpp"

namespace croton::inline v1 {

namespace {

/// Adds the names of the symbols in the inputs' shapes.
void add_extent_names(std::span<const Variable> inputs, std::vector<std::string>& names)
{
    for (const Variable& v : inputs)
        for (const Extent& e : v.shape())
            for (const detail::Atom* s : symbols(e))
                if (!croton::name(s).empty() && std::ranges::count(names, croton::name(s)) == 0)
                    names.emplace_back(croton::name(s));
}

using detail::FunctionData;
using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start)
{
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::string described(const Variable& v)
{
    const std::string_view name = v.name();
    return name.empty()
               ? fmt::format("an unnamed {} at {}", to_string(v.type()), to_string(v.where()))
               : fmt::format("'{}'", name);
}

/// Whether an input of this type may have the value.
bool fits(const Array& a, const Type& type)
{
    return a.dtype() == type.dtype() &&
           std::ranges::equal(a.shape(), type.shape(), [](std::int64_t have, const Extent& wanted) {
               return !never_equal(Extent(have), wanted);
           });
}

using VariableSet = std::unordered_set<Variable, Hash, Same>;
using Names = std::unordered_set<std::string_view>;

bool contains(const std::vector<Variable>& list, const Variable& v)
{
    return std::ranges::any_of(list, [&](const Variable& w) { return same(v, w); });
}

/// What is asked for, checked one thing at a time.
class Request {
public:
    Request(const Inputs& inputs, const Outputs& outputs, Options options, Where where)
        : options_(std::move(options)), where_(locate(where))
    {
        for (const Input& i : inputs) {
            inputs_.push_back(i.variable);
            layouts_.push_back(i.layout);
            defaults_.push_back(i.otherwise ? i.otherwise.clone() : Array());
        }
        refuse_control_characters(options_.name, "function", where_);
        Names output_names;
        for (const Output& o : outputs) {
            if (o.variable.is_empty()) fail("an output is an empty Variable");
            refuse_control_characters(o.name, name(), where_);
            if (!o.name.empty() && !output_names.insert(o.name).second)
                fail("two outputs are named '{}'", o.name);
            outputs_.push_back(o.variable);
            output_layouts_.push_back(o.layout);
            names_.push_back(o.name.empty() ? std::string(o.variable.name()) : o.name);
        }
        if (options_.threads < 0) fail("threads is {}; 0 is all there are", options_.threads);
        check_inputs();
        check_rules_off();
        for (const Update& u : options_.updates)
            add_update(u);
        if (outputs_.empty()) fail("there is nothing to compute: no outputs and no updates");
        apply_givens();
        check_leaves();
    }

    detail::Ref<const FunctionData> compile();

private:
    template <class... A>
    [[noreturn]] void fail_as(Code code, fmt::format_string<A...> text, A&&... values) const
    {
        throw user_error(code, where_, name(), text, std::forward<A>(values)...);
    }
    template <class... A>
    [[noreturn]] void fail(fmt::format_string<A...> text, A&&... values) const
    {
        fail_as(Code::domain, text, std::forward<A>(values)...);
    }
    std::string name() const { return options_.name.empty() ? "function" : options_.name; }

    void check_inputs() const
    {
        VariableSet before;
        Names names;
        for (std::size_t i = 0; i < inputs_.size(); ++i) {
            const Variable& v = inputs_[i];
            if (v.is_empty()) fail("input {} is an empty Variable", i);
            if (v.leaf() == Leaf::shared)
                fail("input {} '{}' is shared: functions read it without being given it", i,
                     v.name());
            if (v.leaf() != Leaf::input)
                fail("input {} is no input but {}; use givens to replace a value", i,
                     v.owner() ? op_word(v.owner()) : "a constant");
            if (!before.insert(v).second) fail("input {} is given twice", described(v));
            if (!v.name().empty() && !names.insert(v.name()).second)
                fail("two inputs are named '{}'", v.name());
            if (const Array& a = defaults_[i]; a && !fits(a, v.type()))
                fail_as(a.dtype() != v.dtype() ? Code::dtype : Code::shape,
                        "the default of {} is {} ({}), the input {}", described(v),
                        croton::name(a.dtype()), fmt::join(a.shape(), ", "), to_string(v.type()));
        }
    }

    void check_rules_off() const
    {
        for (const std::string& rule : options_.rules_off) {
            if (is_rule(rule)) continue;
            const std::vector<std::string> near = rules_near(rule, 3);
            if (near.empty()) fail("rules_off names no rule: '{}'; docs/rules.md lists them", rule);
            fail("rules_off names no rule: '{}', did you mean '{}'?", rule,
                 fmt::join(near, "' or '"));
        }
    }

    /// As an operand is converted: where it is a literal, or `dtype` has all its values.
    Variable converted(const Variable& v, DType dtype) const
    {
        const Variable value = literal_as(v, dtype, name(), where_);
        if (!value.is_weak() && promote(value.dtype(), dtype) != dtype) return value;
        return cast(value, dtype, value.location() ? value.location() : where_);
    }

    void add_update(const Update& u)
    {
        if (contains(targets_, u.target)) fail("'{}' is updated twice", u.target.name());
        Variable value = u.value;
        if (value.is_empty()) fail("the update of '{}' is an empty Variable", u.target.name());
        value = converted(value, u.target.dtype());
        // Where the value is computed; a leaf's line says nothing of the update.
        const Location* place = value.owner() && value.location() ? value.location() : where_;
        const Type type = u.target.type();
        if (value.dtype() != u.target.dtype())
            throw user_error(Code::dtype, place, name(),
                             "the update of '{}' is {}, the variable {}; convert it with .as()",
                             u.target.name(), croton::name(value.dtype()),
                             croton::name(type.dtype()));
        if (value.rank() != u.target.rank())
            throw user_error(Code::shape, place, name(),
                             "the update of '{}' has shape {}, the variable {}", u.target.name(),
                             to_string(value.shape()), to_string(type.shape()));
        for (std::size_t i = 0; i < type.shape().size(); ++i)
            if (never_equal(value.shape()[i], type.shape()[i]))
                throw user_error(
                    Code::shape, place, name(), "the update of '{}' has shape {}, the variable {}",
                    u.target.name(), to_string(value.shape()), to_string(type.shape()));
        targets_.push_back(u.target);
        outputs_.push_back(value);
    }

    /// That each update has its variable's shape.
    std::vector<AskedEquality> shapes_of_updates() const
    {
        std::vector<AskedEquality> asked;
        for (std::size_t i = 0; i < targets_.size(); ++i) {
            const Variable& value = outputs_[outputs_.size() - targets_.size() + i];
            const Shape have = value.shape(), wanted = targets_[i].shape();
            const Location* place = value.location() ? value.location() : where_;
            const std::string by = fmt::format("the update of '{}'", targets_[i].name());
            for (std::size_t k = 0; k < have.size(); ++k)
                if (!same(have[k], wanted[k]))
                    asked.push_back({{Requirement::Kind::equal,
                                      have[k],
                                      wanted[k],
                                      fmt::format("axis {} of {} {{}}", k, by),
                                      place,
                                      {have}},
                                     by});
        }
        return asked;
    }

    /// `to` with the type of `from`, of the same values.
    Variable standing_for(const Variable& from, const Variable& to) const
    {
        const Variable value = converted(to, from.dtype());
        const Shape have = value.shape(), wanted = from.shape();
        bool stretches = have.size() <= wanted.size();
        for (std::size_t i = 1; stretches && i <= have.size(); ++i) {
            const Extent& e = have[have.size() - i];
            stretches = same(e, 1) || !never_equal(e, wanted[wanted.size() - i]);
        }
        if (value.dtype() != from.dtype() || !stretches)
            fail_as(value.dtype() != from.dtype() ? Code::dtype : Code::shape,
                    "givens replace {}, {}, by {}: its dtype must be {}, convert it with .as(), "
                    "and its shape broadcast to {}",
                    described(from), to_string(from.type()), to_string(to.type()),
                    croton::name(from.dtype()), to_string(wanted));
        return same(have, wanted) ? value : broadcast_to(value, wanted, where_);
    }

    void apply_givens()
    {
        VariableMap by;
        for (const auto& [from, to] : options_.givens) {
            if (from.is_empty() || to.is_empty()) fail("givens have an empty Variable");
            if (!by.emplace(from, standing_for(from, to)).second)
                fail("givens replace {} twice", described(from));
        }
        if (!options_.allow_unused_inputs) check_givens_used(by);
        // A replacement may itself need what another given replaces: as often as there are givens.
        for (std::size_t round = 0; round < options_.givens.size(); ++round) {
            const Variables replaced = copy_graph(outputs_, by);
            if (std::ranges::equal(replaced, outputs_, Same{})) return;
            outputs_ = replaced;
        }
        for (const Variable& v : leaves(outputs_))
            if (by.contains(v))
                fail("givens are cyclic: {} is replaced by something that needs it", described(v));
    }

    void check_givens_used(const VariableMap& by) const
    {
        Variables all = outputs_;
        for (const auto& [from, to] : by)
            all.push_back(to);
        const Variables needed = leaves(all);
        VariableSet used(outputs_.begin(), outputs_.end());
        used.insert(needed.begin(), needed.end());
        for (const Apply& a : applies_of(all))
            used.insert(a.inputs().begin(), a.inputs().end());
        for (const auto& [from, to] : options_.givens)
            if (!used.contains(from))
                fail("givens replace {}, which no output needs; allow_unused_inputs accepts it",
                     described(from));
    }

    void check_leaves()
    {
        const Variables all = leaves(outputs_);
        const VariableSet needed(all.begin(), all.end()), given(inputs_.begin(), inputs_.end());
        for (const Variable& v : all) {
            if (v.leaf() == Leaf::input && !given.contains(v)) {
                detail::refuse_kept(outputs_, name(), where_);
                refuse_leaf(v);
            }
            if (v.leaf() == Leaf::wildcard) fail("an output needs a wildcard of a rewrite rule");
            if (v.leaf() == Leaf::shared) shared_.push_back(v);
        }
        if (options_.allow_unused_inputs) return;
        for (std::size_t i = 0; i < inputs_.size(); ++i)
            if (!needed.contains(inputs_[i]) && !names_an_extent(inputs_[i]))
                fail("input {} {} is not needed by any output; allow_unused_inputs accepts it", i,
                     described(inputs_[i]));
    }

    [[noreturn]] void refuse_leaf(const Variable& v) const
    {
        if (v.name().empty()) fail("{} is needed but not among the inputs", described(v));
        const auto other = std::ranges::find_if(
            inputs_, [&](const Variable& input) { return input.name() == v.name(); });
        if (other == inputs_.end())
            fail("'{}' of {} is needed but not among the inputs", v.name(), to_string(v.where()));
        if (other->location() == v.location())
            fail("'{}' of {} is needed but not among the inputs, one of which has the same name "
                 "and place: it was made twice there",
                 v.name(), to_string(v.where()));
        fail("two variables are named '{}': that of {} is an input, that of {} is needed but not "
             "among the inputs; make one and use it for both",
             v.name(), to_string(other->where()), to_string(v.where()));
    }

    /// An input may be there for its shape alone.
    bool names_an_extent(const Variable& v) const
    {
        for (const Apply& a : applies_of(outputs_))
            for (const Variable& out : a.outputs())
                for (const Extent& e : out.shape())
                    for (const detail::Atom* s : symbols(e))
                        for (const Extent& mine : v.shape())
                            if (std::ranges::count(symbols(mine), s) > 0) return true;
        return false;
    }

    std::vector<Variable> inputs_;
    std::vector<Layout> layouts_;
    std::vector<Array> defaults_;
    std::vector<Variable> outputs_;
    std::vector<Layout> output_layouts_;
    std::vector<std::string> names_;
    std::vector<Variable> targets_;
    std::vector<Variable> shared_;
    Options options_;
    const Location* where_;
};

/// `outputs` with those that have no name called as the function calls them, so that the emitted
/// text does. They are Applies of the function's own: the user's stay as they are, and may be
/// outputs of other functions under other names, made by other threads at the same time.
Variables named_apart(const std::vector<Variable>& outputs, const std::vector<std::string>& names)
{
    std::unordered_map<Variable, std::string, Hash, Same> wanted; // looked up only
    for (std::size_t i = 0; i < names.size(); ++i)
        if (outputs[i].owner() && outputs[i].name().empty() && !names[i].empty())
            wanted.emplace(outputs[i], names[i]);
    if (wanted.empty()) return outputs;
    GraphCopy copy;
    for (const Apply& a : applies_of(outputs)) {
        const Variables before = a.outputs();
        if (std::ranges::none_of(before, [&](const Variable& v) { return wanted.contains(v); }))
            continue;
        Variables inputs;
        for (const Variable& v : a.inputs())
            inputs.push_back(copy(v));
        std::vector<Type> types;
        for (const Variable& v : before)
            types.push_back(v.type());
        const Variables after =
            rebuild(a.op(), inputs, a.params(), types, a.location(), before[0].is_weak(),
                    {a.requirements().begin(), a.requirements().end()});
        for (std::size_t i = 0; i < before.size(); ++i) {
            const auto name = wanted.find(before[i]);
            if (name != wanted.end())
                after[i].named(name->second);
            else if (!before[i].name().empty())
                after[i].named(before[i].name());
            copy.replace(before[i], after[i]);
        }
    }
    Variables all;
    for (const Variable& v : outputs)
        all.push_back(copy(v));
    return all;
}

void optimise(FunctionData& f, std::size_t most_history_bytes)
{
    Graph graph(f.leaves, f.outputs);
    PassOptions options;
    options.strict = f.options.strict;
    options.rules_off = f.options.rules_off;
    options.flops = codegen::flops;
    options.flops_worth_storing = codegen::flops_worth_storing;
    options.fits_a_kernel = codegen::fits_a_kernel;
    options.elements_in_registers = codegen::elements_in_registers;
#ifdef CROTON_VERIFY
    options.verify = true;
#else
    options.verify = environment().verify;
#endif
    options.record_texts = !environment().dump_folder.empty();
    options.most_history_bytes = static_cast<std::int64_t>(most_history_bytes);
    f.passes = cpu_pipeline().run(graph, options);
    f.outputs = graph.outputs();
}

void build(FunctionData& f, bool packs_once)
{
    codegen::ProgramOptions options = detail::program_options(f);
    options.packs_once = packs_once;
    f.program = codegen::make_program(f.leaves, f.outputs, f.requirements, options);
    const std::vector<bool>& replaced = f.program.replaces_input;
    f.shared_use.replace(
        {replaced.begin() + static_cast<std::ptrdiff_t>(f.result_count()), replaced.end()});
    f.result_extents =
        detail::ResultExtents(f.inputs, std::span(f.written).first(f.result_count()));
}

/// The fastest program; where it needs more memory than is allowed, or may, the first that does not
/// of some that hold nothing for later steps of a loop but what these need, and less and less for
/// reverse loops, else the smallest of them.
void build_within_limit(FunctionData& f)
{
    const Variables written = f.outputs;
    const auto build_as = [&](std::size_t most_history_bytes) {
        f.outputs = written;
        optimise(f, most_history_bytes);
        build(f, false);
        return f.program.workspace_bytes;
    };
    const auto fits = [&](std::int64_t bytes) {
        return bytes <= 0 || static_cast<std::size_t>(bytes) <= f.options.memory_limit_bytes;
    };
    constexpr std::size_t little = 1024; // less than this is worth no further try
    optimise(f, 0);
    build(f, true);
    if (f.options.memory_limit_bytes == 0) return;
    const bool known = f.program.workspace_bytes > 0;
    if (f.program.keeps_packed && !(known && fits(f.program.workspace_bytes))) build(f, false);
    std::int64_t least = f.program.workspace_bytes;
    std::size_t best = 0, built = 0;
    for (std::size_t most = static_cast<std::size_t>(std::max(least, std::int64_t{0})) / 4;
         !fits(least) && most > little; most /= 8) {
        const std::int64_t bytes = build_as(built = most);
        if (bytes >= least) continue;
        least = bytes;
        best = most;
    }
    if (best != built) (void)build_as(best);
}

void load(FunctionData& f)
{
    const auto start = Clock::now();
    CompileOptions options;
    options.opt_level = f.options.fast_start ? 1 : 2;
    f.sanitize =
        sanitizers(f.options.sanitize.empty() ? environment().sanitize : f.options.sanitize);
    options.sanitize = f.sanitize;
    options.remarks = f.sanitize.empty(); // no instrumented loop is vectorised
    std::vector<ProgramUnit> units;
    std::vector<codegen::LinesOfProgram> lines;
    std::unordered_map<std::string, std::size_t> unit_of; // looked up only
    for (codegen::SourceUnit& u : codegen::cut_units(f.program.source)) {
        lines.push_back(u.line_of_program);
        for (std::string& kernel : u.kernels)
            unit_of.emplace(std::move(kernel), units.size());
        units.push_back({std::move(u.text), std::move(u.canonical.text),
                         std::move(u.canonical.names), std::move(u.canonical.lines)});
    }
    for (const codegen::KernelInfo& k : f.program.kernels)
        if (const auto at = unit_of.find(k.name); at != unit_of.end())
            f.unit_of_kernel.push_back(at->second);
        else
            throw internal_error("units", "kernel {} is in none", k.name);
    try {
        f.library = kernel_cache(f.options.cache).load(units, f.name, options, &f.compile);
    } catch (const TextError& error) {
        refuse_own_text(f);
        throw internal_error("code generation",
                             "the program of '{}' does not compile: {}; CROTON_DUMP=FOLDER in the "
                             "environment writes it there",
                             f.name, detail::first_error(error));
    }
    for (Remark& r : f.compile.missed_vectorisation)
        r.line = lines[r.unit](r.line);
    f.run = reinterpret_cast<RunFunction>(f.library.symbol("run"));
    f.workspace_bytes = reinterpret_cast<WorkspaceFunction>(f.library.symbol("workspace_bytes"));
    f.runtime = cpu_runtime(f.options.threads);
    if (f.blas) use_blas(f.runtime, *f.blas);
    if (f.options.profile) {
        std::size_t axes = 0;
        for (const auto* list : {&f.program.inputs, &f.program.outputs})
            for (const Variable& v : *list)
                axes += v.shape().size();
        f.profile.start(f.program.kernels.size(), axes);
        f.runtime.context = &f.profile;
        f.runtime.mark = &detail::Profile::mark;
    }
    f.serial_runtime = f.runtime;
    f.serial_runtime.parallel_for = nullptr;
    detail::plan_calls(f);
    f.compile_ms = milliseconds_since(start);
}

detail::Ref<const FunctionData> Request::compile()
{
    auto* f = new FunctionData(options_);
    auto owner = detail::Ref<const FunctionData>::adopt(f);
    f->name = name();
    f->where = where_;
    f->output_names = names_;
    f->targets = targets_;
    f->shared = shared_;
    SolvedExtents solved = solve_extents(outputs_, shapes_of_updates());
    const Substitution named = name_extents(inputs_, solved.substitution);
    solved.substitution = composed(solved.substitution, named);
    for (Requirement& r : solved.undecided)
        r = substitute(r, named);
    add_extent_names(inputs_, f->extent_names);
    VariableMap by;
    for (const Variable& v : inputs_) {
        Shape shape = v.shape();
        for (Extent& e : shape)
            e = substitute(e, solved.substitution);
        if (same(shape, v.shape())) {
            f->inputs.push_back(v);
            continue;
        }
        const OriginScope origin(v.location());
        f->inputs.push_back(input(v.name(), v.dtype(), shape));
        by.emplace(v, f->inputs.back());
    }
    f->axis_reasons = AxisReasons(inputs_, f->inputs, std::move(solved.equalities));
    f->written = named_apart(copy_graph(outputs_, by, solved.substitution), names_);
    f->requirements = solved.undecided;
    detail::add_count_limits(f->inputs, f->written, f->requirements);
    f->layouts = layouts_;
    f->layouts.insert(f->layouts.end(), output_layouts_.begin(), output_layouts_.end());
    f->defaults = defaults_;
    detail::compile(*f);
    return owner;
}

} // namespace

KernelCache& kernel_cache(bool on_disk)
{
    if (!environment().jit_folder.empty()) {
        static const bool told = (use_jit_folder(environment().jit_folder), true);
        (void)told;
    }
    // Never destroyed: static Functions of the user's hold programs of theirs until a process ends.
    static KernelCache& disk =
        *new KernelCache({environment().cache_folder, environment().cache_limit_bytes});
    static KernelCache& memory = *new KernelCache({});
    return on_disk ? disk : memory;
}

namespace detail {

void compile(FunctionData& f)
{
    const auto start = Clock::now();
    require_bound(f.inputs, f.written);
    add_extent_names(f.inputs, f.extent_names); // those that had none have one now
    for (const Variable& v : f.inputs)
        f.input_names.emplace_back(v.name());
    prepare_arguments(f);
    if (f.options.reference) {
        f.program = codegen::make_guards(f.leaves, f.outputs, f.requirements, {});
        return plan_calls(f);
    }
    build_within_limit(f);
    if (f.program.calls_library) f.blas = &open_blas(environment().blas);
    f.build_ms = milliseconds_since(start);
    check_memory_limit(f, f.program.workspace_bytes); // where it is known for all calls
    dump(f);
    load(f);
}

std::string written_text(const FunctionData& f)
{
    std::vector<Variable> inputs = f.inputs;
    inputs.insert(inputs.end(), f.shared.begin(), f.shared.end());
    return to_text(inputs, f.written);
}

std::string compiled_text(const FunctionData& f) { return to_text(f.leaves, f.outputs); }

} // namespace detail

Function function(Inputs inputs, Outputs outputs, Options options, Where where)
{
    return Function(detail::at_place(
        where, [&] { return Request(inputs, outputs, std::move(options), where).compile(); }));
}

} // namespace croton::inline v1
