#include <croton/codegen/units.hpp>
#include <croton/compiler/function.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/ir/verify.hpp>
#include <croton/passes/pipelines.hpp>
#include <croton/runtime/kernel_cache.hpp>

#include <algorithm>
#include <chrono>
#include <set>

#include "dump.hpp"
#include "function_data.hpp"
#include "layouts.hpp"
#include "solve_extents.hpp"

namespace croton::inline v1 {

namespace {

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
            defaults_.push_back(i.otherwise);
        }
        for (const Output& o : outputs) {
            if (o.variable.is_empty()) fail("an output is an empty Variable");
            outputs_.push_back(o.variable);
            output_layouts_.push_back(detail::effective(o.layout, o.variable.rank()));
            names_.push_back(o.name.empty() ? std::string(o.variable.name()) : o.name);
            // The emitted text then calls it by the output's name.
            if (o.variable.name().empty() && !o.name.empty()) o.variable.named(o.name);
        }
        check_inputs();
        for (const Update& u : options_.updates)
            add_update(u);
        if (outputs_.empty()) fail("there is nothing to compute: no outputs and no updates");
        apply_givens();
        check_leaves();
    }

    detail::Ref<const FunctionData> compile();

private:
    template <class... A>
    [[noreturn]] void fail(fmt::format_string<A...> text, A&&... values) const
    {
        throw user_error(Code::domain, where_, name(), text, std::forward<A>(values)...);
    }
    std::string name() const { return options_.name.empty() ? "function" : options_.name; }

    void check_inputs() const
    {
        for (std::size_t i = 0; i < inputs_.size(); ++i) {
            const Variable& v = inputs_[i];
            if (v.is_empty()) fail("input {} is an empty Variable", i);
            if (v.leaf() == Leaf::shared)
                fail("input {} '{}' is shared: functions read it without being given it", i,
                     v.name());
            if (v.leaf() != Leaf::input)
                fail("input {} is no input but {}; use givens to replace a value", i,
                     v.owner() ? v.owner().op().name : "a constant");
            for (std::size_t k = 0; k < i; ++k) {
                if (same(inputs_[k], v)) fail("input {} is given twice", described(v));
                if (!v.name().empty() && inputs_[k].name() == v.name())
                    fail("two inputs are named '{}'", v.name());
            }
            if (const Array& a = defaults_[i];
                a && (a.dtype() != v.dtype() || a.rank() != v.rank()))
                fail("the default of {} is {} of rank {}, the input {}", described(v),
                     croton::name(a.dtype()), a.rank(), to_string(v.type()));
        }
    }

    /// The inputs as the program sees them: `by` gets what is read in place of each.
    void make_leaves(FunctionData& f, const SolvedExtents& solved, VariableMap& by) const;
    void turn_outputs(FunctionData& f) const;
    void describe_arguments(FunctionData& f) const;
    void check_aliases(const FunctionData& f) const;
    /// The input that output `i` may be the same memory as, or -1.
    int alias_of(std::size_t output) const
    {
        for (const Alias& a : options_.in_place)
            if (a.output == static_cast<int>(output)) return a.input;
        return -1;
    }

    void add_update(const Update& u)
    {
        if (contains(targets_, u.target)) fail("'{}' is updated twice", u.target.name());
        Variable value = u.value;
        if (value.is_empty()) fail("the update of '{}' is an empty Variable", u.target.name());
        if (value.is_weak() || (value.dtype() != u.target.dtype() &&
                                promote(value.dtype(), u.target.dtype()) == u.target.dtype()))
            value = value.as(u.target.dtype());
        const Type type = u.target.type();
        if (value.dtype() != u.target.dtype())
            throw user_error(Code::dtype, value.location(), name(),
                             "the update of '{}' is {}, the variable {}; convert it with .as()",
                             u.target.name(), croton::name(value.dtype()),
                             croton::name(type.dtype()));
        if (value.rank() != u.target.rank())
            throw user_error(Code::shape, value.location(), name(),
                             "the update of '{}' has shape {}, the variable {}", u.target.name(),
                             to_string(value.shape()), to_string(type.shape()));
        for (std::size_t i = 0; i < type.shape().size(); ++i)
            if (never_equal(value.shape()[i], type.shape()[i]))
                throw user_error(Code::shape, value.location(), name(),
                                 "the update of '{}' has shape {}, the variable {}",
                                 u.target.name(), to_string(value.shape()),
                                 to_string(type.shape()));
        targets_.push_back(u.target);
        outputs_.push_back(value);
    }

    void apply_givens()
    {
        VariableMap by;
        for (const auto& [from, to] : options_.givens) {
            if (from.type() != to.type())
                fail("givens replace {} {} by {}", described(from), to_string(from.type()),
                     to_string(to.type()));
            if (!by.emplace(from, to).second) fail("givens replace {} twice", described(from));
        }
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

    void check_leaves()
    {
        const Variables needed = leaves(outputs_);
        for (const Variable& v : needed) {
            if (v.leaf() == Leaf::input && !contains(inputs_, v))
                throw user_error(Code::domain, v.location(), name(),
                                 "{} is needed but not among the inputs", described(v));
            if (v.leaf() == Leaf::wildcard) fail("an output needs a wildcard of a rewrite rule");
            if (v.leaf() == Leaf::shared) shared_.push_back(v);
        }
        if (options_.allow_unused_inputs) return;
        for (std::size_t i = 0; i < inputs_.size(); ++i)
            if (!contains(needed, inputs_[i]) && !names_an_extent(inputs_[i]))
                fail("input {} {} is not needed by any output; allow_unused_inputs accepts it", i,
                     described(inputs_[i]));
    }

    /// An input may be there for its shape alone.
    bool names_an_extent(const Variable& v) const
    {
        for (const Apply& a : applies_of(outputs_))
            for (const Variable& out : a.outputs())
                for (const Extent& e : out.shape())
                    for (const detail::Atom* s : symbols(e))
                        for (const Extent& mine : v.shape())
                            if (as_symbol(mine) == s) return true;
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

KernelCache& kernel_cache(bool on_disk)
{
    if (!environment().jit_folder.empty()) {
        static const bool added = (add_jit_folder(environment().jit_folder), true);
        (void)added;
    }
    static KernelCache disk({environment().cache_folder, environment().cache_limit_bytes});
    static KernelCache memory({});
    return on_disk ? disk : memory;
}

void optimise(FunctionData& f)
{
    Graph graph(f.leaves, f.outputs);
    f.graph_before = to_text(graph);
    PassOptions options;
    options.strict = f.options.strict;
    options.rules_off = f.options.rules_off;
#ifdef CROTON_VERIFY
    options.verify = true;
#else
    options.verify = environment().verify;
#endif
    options.record_texts = !environment().dump_folder.empty();
    f.passes = cpu_pipeline().run(graph, options);
    f.graph_after = to_text(graph);
    f.outputs = graph.outputs();
}

void build(FunctionData& f, std::span<const Requirement> requirements)
{
    codegen::ProgramOptions options{f.name, f.options.threads != 1, {}, {}};
    options.inputs.resize(f.leaves.size());
    options.outputs.resize(f.outputs.size());
    std::size_t next_strides = f.inputs.size() + f.shared.size();
    for (std::size_t i = 0; i < f.inputs.size(); ++i) {
        options.inputs[i].reversed = f.arguments[i].layout == Layout::column_major;
        if (f.arguments[i].layout == Layout::any) ++next_strides;
    }
    for (std::size_t i = 0; i < f.outputs.size(); ++i) {
        const detail::ArgumentInfo& info = f.arguments[f.inputs.size() + i];
        options.outputs[i].reversed = info.layout == Layout::column_major;
        options.outputs[i].input = info.alias;
        if (info.layout == Layout::any)
            options.outputs[i].strides = f.leaves[next_strides++].shape();
    }
    f.program = codegen::make_program(f.leaves, f.outputs, requirements, options);
}

void load(FunctionData& f)
{
    const auto start = Clock::now();
    CompileOptions options;
    options.opt_level = f.options.fast_start ? 1 : 2;
    std::vector<ProgramUnit> units;
    std::vector<int> lines_to_program;
    for (codegen::SourceUnit& u : codegen::cut_units(f.program.source)) {
        lines_to_program.push_back(u.lines_to_program);
        units.push_back({std::move(u.text), std::move(u.canonical.text),
                         std::move(u.canonical.names), std::move(u.canonical.lines)});
    }
    f.library = kernel_cache(f.options.cache).load(units, f.name, options, &f.compile);
    for (Remark& r : f.compile.missed_vectorisation)
        r.line += lines_to_program[r.unit];
    f.run = reinterpret_cast<RunFunction>(f.library.symbol("run"));
    f.workspace_bytes = reinterpret_cast<WorkspaceFunction>(f.library.symbol("workspace_bytes"));
    f.runtime = f.serial_runtime = cpu_runtime(f.options.threads);
    f.serial_runtime.parallel_for = nullptr;
    f.only_numbers = f.extent_count == 0 && f.is_pure() && f.program.constants.empty() &&
                     f.options.in_place.empty();
    f.compile_ms = milliseconds_since(start);
}

void Request::make_leaves(FunctionData& f, const SolvedExtents& solved, VariableMap& by) const
{
    std::vector<Variable> strides;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
        const Variable& v = inputs_[i];
        Shape shape = v.shape();
        for (Extent& e : shape)
            e = substitute(e, solved.substitution);
        const OriginScope origin(v.location());
        f.inputs.push_back(same(shape, v.shape()) ? v : input(v.name(), v.dtype(), shape));
        const Layout layout =
            options_.reference ? Layout::row_major : detail::effective(layouts_[i], v.rank());
        const detail::InputMemory memory = detail::memory_of_input(f.inputs.back(), layout);
        f.leaves.push_back(memory.leaf);
        if (!memory.strides.is_empty()) strides.push_back(memory.strides);
        if (!same(memory.value, v)) by.emplace(v, memory.value);
    }
    f.defaults = defaults_;
    f.packed_calls = std::vector<std::atomic<std::uint64_t>>(inputs_.size());
    f.leaves.insert(f.leaves.end(), f.shared.begin(), f.shared.end());
    f.leaves.insert(f.leaves.end(), strides.begin(), strides.end());
    for (std::size_t i = 0; i < names_.size(); ++i)
        if (output_layouts_[i] == Layout::any)
            f.leaves.push_back(detail::strides_of_output(names_[i], outputs_[i].rank()));
}

/// A column-major result is its transpose in row-major order.
void Request::turn_outputs(FunctionData& f) const
{
    for (std::size_t i = 0; i < names_.size(); ++i) {
        if (output_layouts_[i] != Layout::column_major) continue;
        const OriginScope origin(f.outputs[i].location());
        const std::string_view name = f.outputs[i].name();
        f.outputs[i] = transpose(f.outputs[i]);
        if (!name.empty()) f.outputs[i].named(name);
    }
}

/// The order of extents is that of the program: its leaves, then its outputs.
void Request::describe_arguments(FunctionData& f) const
{
    std::uint32_t at = 0;
    const auto add = [&](const Type& type, Layout layout) -> detail::ArgumentInfo& {
        const int rank = static_cast<int>(type.shape().size());
        f.arguments.push_back({type.dtype(), rank, layout,
                               static_cast<std::uint32_t>(size_bytes(type.dtype())), at, 0, -1});
        at += static_cast<std::uint32_t>(rank);
        return f.arguments.back();
    };
    for (std::size_t i = 0; i < inputs_.size(); ++i)
        add(f.inputs[i].type(), detail::effective(layouts_[i], inputs_[i].rank()));
    for (const Variable& v : f.shared)
        at += static_cast<std::uint32_t>(v.rank());
    const auto place_strides = [&](detail::ArgumentInfo& info) {
        if (info.layout != Layout::any) return;
        info.strides_at = at;
        at += static_cast<std::uint32_t>(info.rank);
    };
    for (detail::ArgumentInfo& info : f.arguments)
        place_strides(info);
    std::uint32_t strides = at;
    for (std::size_t i = 0; i < names_.size(); ++i)
        if (output_layouts_[i] == Layout::any) at += static_cast<std::uint32_t>(outputs_[i].rank());
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
        const bool result = i < names_.size();
        detail::ArgumentInfo& info =
            add(f.output_types[i], result ? output_layouts_[i] : Layout::row_major);
        info.alias = result ? alias_of(i) : -1;
        if (info.layout != Layout::any) continue;
        info.strides_at = strides;
        strides += static_cast<std::uint32_t>(info.rank);
    }
    f.extent_count = at;
}

void Request::check_aliases(const FunctionData& f) const
{
    for (std::size_t i = 0; i < options_.in_place.size(); ++i) {
        const Alias& a = options_.in_place[i];
        if (a.input < 0 || a.input >= static_cast<int>(inputs_.size()) || a.output < 0 ||
            a.output >= static_cast<int>(names_.size()))
            fail("in_place names input {} and output {}: there are {} and {}", a.input, a.output,
                 inputs_.size(), names_.size());
        for (std::size_t k = 0; k < i; ++k)
            if (options_.in_place[k].input == a.input || options_.in_place[k].output == a.output)
                fail("in_place names {} {} twice",
                     options_.in_place[k].input == a.input ? "input" : "output",
                     options_.in_place[k].input == a.input ? a.input : a.output);
        const Variable& x = f.inputs[static_cast<std::size_t>(a.input)];
        const Type& y = f.output_types[static_cast<std::size_t>(a.output)];
        if (x.type() != y)
            fail("output {} cannot lie in place of input {}: it is {}, the input {}", a.output,
                 described(x), to_string(y), to_string(x.type()));
        const Layout from = f.arguments[static_cast<std::size_t>(a.input)].layout;
        const Layout to = f.arguments[inputs_.size() + static_cast<std::size_t>(a.output)].layout;
        if (from != to)
            fail("output {} cannot lie in place of input {}: it is {}, the input {}", a.output,
                 described(x), detail::name(to), detail::name(from));
    }
}

detail::Ref<const FunctionData> Request::compile()
{
    const auto start = Clock::now();
    auto* f = new FunctionData(options_);
    auto owner = detail::Ref<const FunctionData>::adopt(f);
    f->name = name();
    f->where = where_;
    f->output_names = names_;
    f->targets = targets_;
    f->shared = shared_;
    const SolvedExtents solved = solve_extents(outputs_);
    VariableMap by;
    make_leaves(*f, solved, by);
    f->outputs = copy_graph(outputs_, by, solved.substitution);
    for (const Variable& v : f->outputs)
        f->output_types.push_back(v.type());
    describe_arguments(*f);
    check_aliases(*f);
    if (options_.reference) return owner;
    turn_outputs(*f);
    optimise(*f);
    build(*f, solved.undecided);
    f->build_ms = milliseconds_since(start);
    dump(*f);
    load(*f);
    return owner;
}

} // namespace

Function function(Inputs inputs, Outputs outputs, Options options, Where where)
{
    return Function(Request(inputs, outputs, std::move(options), where).compile());
}

} // namespace croton::inline v1
