#include "prepare_arguments.hpp"

#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>

#include "layouts.hpp"

namespace croton::inline v1 {

Inputs::Inputs(std::initializer_list<Input> list) : std::vector<Input>(list) {}
Inputs::Inputs(const Variable& v) : std::vector<Input>{Input(v)} {}
Inputs::Inputs(const Variables& list) : std::vector<Input>(list.begin(), list.end()) {}

Outputs::Outputs(const Variable& v) : std::vector<Output>{Output(v)} {}
Outputs::Outputs(const Output& o) : std::vector<Output>{o} {}
Outputs::Outputs(std::initializer_list<Output> list) : std::vector<Output>(list) {}
Outputs::Outputs(const Variables& list) : std::vector<Output>(list.begin(), list.end()) {}

} // namespace croton::inline v1

namespace croton::inline v1::detail {

namespace {

std::string described(const Variable& v)
{
    return v.name().empty() ? fmt::format("{}", to_string(v.type()))
                            : fmt::format("'{}'", v.name());
}

template <class... A>
[[noreturn]] void fail(const FunctionData& f, fmt::format_string<A...> text, A&&... values)
{
    throw user_error(Code::domain, nullptr, f.name, text, std::forward<A>(values)...);
}

void check_aliases(const FunctionData& f)
{
    const std::vector<Alias>& list = f.options.in_place;
    const auto inputs = static_cast<int>(f.inputs.size());
    const auto outputs = static_cast<int>(f.result_count());
    for (std::size_t i = 0; i < list.size(); ++i) {
        const Alias& a = list[i];
        if (a.input < 0 || a.input >= inputs || a.output < 0 || a.output >= outputs)
            fail(f, "in_place names input {} and output {}: there are {} and {}", a.input, a.output,
                 inputs, outputs);
        for (std::size_t k = 0; k < i; ++k) {
            if (list[k].input == a.input) fail(f, "in_place names input {} twice", a.input);
            if (list[k].output == a.output) fail(f, "in_place names output {} twice", a.output);
        }
        const Variable& x = f.inputs[static_cast<std::size_t>(a.input)];
        const Type& y = f.written[static_cast<std::size_t>(a.output)].type();
        if (x.type() != y)
            fail(f, "output {} cannot lie in place of input {}: it is {}, the input {}", a.output,
                 described(x), to_string(y), to_string(x.type()));
        const Layout from = f.arguments[static_cast<std::size_t>(a.input)].layout;
        const Layout to = f.arguments[static_cast<std::size_t>(inputs + a.output)].layout;
        if (from != to)
            fail(f, "output {} cannot lie in place of input {}: it is {}, the input {}", a.output,
                 described(x), name(to), name(from));
    }
}

int alias_of(const FunctionData& f, std::size_t output)
{
    for (const Alias& a : f.options.in_place)
        if (a.output == static_cast<int>(output)) return a.input;
    return -1;
}

/// Extents and strides in the order of the program: of its leaves, then of its outputs.
void describe_arguments(FunctionData& f)
{
    std::uint32_t at = 0;
    const auto add = [&](const Type& type, Layout layout) {
        const int rank = static_cast<int>(type.shape().size());
        f.arguments.push_back({type.dtype(), rank, effective(layout, rank),
                               static_cast<std::uint32_t>(size_bytes(type.dtype())), at, 0, -1});
        at += static_cast<std::uint32_t>(rank);
    };
    const auto place_strides = [&](ArgumentInfo& info) {
        if (info.layout != Layout::any) return;
        info.strides_at = at;
        at += static_cast<std::uint32_t>(info.rank);
    };
    for (std::size_t i = 0; i < f.inputs.size(); ++i)
        add(f.inputs[i].type(), f.layouts[i]);
    f.shared_extents_at = at;
    for (const Variable& v : f.shared)
        at += static_cast<std::uint32_t>(v.rank());
    for (ArgumentInfo& info : f.arguments)
        place_strides(info);
    // The strides of outputs come before the outputs' extents.
    std::vector<ArgumentInfo> results;
    for (std::size_t i = 0; i < f.result_count(); ++i) {
        const int rank = f.written[i].rank();
        results.push_back({});
        results.back().rank = rank;
        results.back().layout = effective(f.layouts[f.inputs.size() + i], rank);
        place_strides(results.back());
    }
    for (std::size_t i = 0; i < f.written.size(); ++i) {
        const bool result = i < results.size();
        if (i == results.size()) f.target_extents_at = at;
        add(f.written[i].type(), result ? results[i].layout : Layout::row_major);
        if (!result) continue;
        f.arguments.back().strides_at = results[i].strides_at;
        f.arguments.back().alias = alias_of(f, i);
    }
    f.extent_count = at;
}

void describe_shared(FunctionData& f)
{
    f.by_reference = f.options.reference;
    f.has_shared = !f.shared.empty() || !f.targets.empty();
    f.shared_use = SharedUse(f.shared, f.targets);
    const auto add_extents = [](std::vector<std::int64_t>& to, const std::vector<Variable>& of) {
        for (const Variable& v : of)
            for (const Extent& e : v.shape())
                to.push_back(e.value());
    };
    add_extents(f.shared_extents, f.shared);
    add_extents(f.target_extents, f.targets);
}

/// The program's inputs and outputs: leaves over the caller's memory in the graph of `written`.
void make_leaves(FunctionData& f)
{
    VariableMap by;
    std::vector<Variable> strides;
    for (std::size_t i = 0; i < f.inputs.size(); ++i) {
        const InputMemory memory = memory_of_input(f.inputs[i], f.arguments[i].layout);
        f.leaves.push_back(memory.leaf);
        if (!memory.strides.is_empty()) strides.push_back(memory.strides);
        if (!same(memory.value, f.inputs[i])) by.emplace(f.inputs[i], memory.value);
    }
    f.leaves.insert(f.leaves.end(), f.shared.begin(), f.shared.end());
    f.leaves.insert(f.leaves.end(), strides.begin(), strides.end());
    if (!by.empty()) f.outputs = copy_graph(f.written, by);
    for (std::size_t i = 0; i < f.result_count(); ++i) {
        Variable& v = f.outputs[i];
        const Layout layout = f.arguments[f.inputs.size() + i].layout;
        if (layout == Layout::any)
            f.leaves.push_back(strides_of_output(f.output_names[i], v.rank()));
        if (layout != Layout::column_major) continue;
        // A column-major result is its transpose in row-major order.
        const OriginScope origin(v.location());
        const std::string_view name = v.name();
        v = transpose(v);
        if (!name.empty()) v.named(name);
    }
}

} // namespace

Array default_number(const Variable& v, const Array& number, const Where& where)
{
    if (v.is_empty() || v.rank() != 0)
        throw user_error(Code::shape, locate(where), "function",
                         "a number is the default of a 0-d input, not of {}; give an Array",
                         v.is_empty() ? "an empty Variable" : described(v));
    if (const std::string why = misfit(number, v.dtype()); !why.empty())
        throw user_error(Code::dtype, locate(where), "function", "the default of {} ({}): {}",
                         described(v), croton::name(v.dtype()), why);
    return number.cast(v.dtype());
}

void prepare_arguments(FunctionData& f)
{
    f.packed_calls = std::vector<std::atomic<std::uint64_t>>(f.inputs.size());
    describe_arguments(f);
    describe_shared(f);
    check_aliases(f);
    f.outputs = f.written;
    if (!f.options.reference) return make_leaves(f);
    f.leaves = f.inputs;
    f.leaves.insert(f.leaves.end(), f.shared.begin(), f.shared.end());
}

codegen::ProgramOptions program_options(const FunctionData& f)
{
    codegen::ProgramOptions options{f.name,
                                    f.options.threads != 1,
                                    f.options.profile,
                                    f.options.finite_checks,
                                    f.options.gaps,
                                    f.options.matmul == Matmul::library};
    options.inputs.resize(f.leaves.size());
    options.outputs.resize(f.outputs.size());
    std::size_t next_strides = f.inputs.size() + f.shared.size();
    for (std::size_t i = 0; i < f.inputs.size(); ++i) {
        options.inputs[i].reversed = f.arguments[i].layout == Layout::column_major;
        if (f.arguments[i].layout == Layout::any) ++next_strides;
    }
    const bool in_place = f.options.publish == Publish::in_place;
    for (std::size_t i = f.result_count(); i < f.outputs.size() && in_place; ++i) {
        const Variable& target = f.targets[i - f.result_count()];
        const auto at =
            std::ranges::find_if(f.shared, [&](const Variable& v) { return same(v, target); });
        if (at == f.shared.end()) continue;
        options.outputs[i].input =
            static_cast<int>(f.inputs.size()) + static_cast<int>(at - f.shared.begin());
        options.outputs[i].if_safe = true;
    }
    for (std::size_t i = 0; i < f.result_count(); ++i) {
        const ArgumentInfo& info = f.arguments[f.inputs.size() + i];
        options.outputs[i].reversed = info.layout == Layout::column_major;
        options.outputs[i].input = info.alias;
        if (info.layout == Layout::any)
            options.outputs[i].strides = f.leaves[next_strides++].shape();
    }
    return options;
}

} // namespace croton::inline v1::detail
