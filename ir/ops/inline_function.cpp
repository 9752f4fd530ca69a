#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/derivatives.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph_text.hpp>
#include <croton/ir/ops/custom.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>

#include "custom_parts.hpp"

namespace croton::inline v1 {

namespace {

std::string called(const Variable& input, std::size_t i)
{
    return input.name().empty() ? fmt::format("{}", i) : fmt::format("{}, '{}',", i, input.name());
}

/// The operands of one use, of the types that the inputs have there.
class Use {
public:
    Use(const char* name, const Variables& inputs, const Location* place)
        : name_(name), inputs_(inputs), place_(place)
    {}

    const Substitution& extents() const { return extents_; }

    Variables operands(const Variables& given)
    {
        if (given.size() != inputs_.size())
            refuse(Code::domain, "it takes {}, given {}", counted(inputs_.size(), "operand"),
                   given.size());
        Variables typed;
        for (std::size_t i = 0; i < given.size(); ++i)
            typed.push_back(with_dtype(given[i], i));
        for (std::size_t i = 0; i < given.size(); ++i)
            bind(typed[i], inputs_[i]);
        const OriginScope origin(place_);
        for (std::size_t i = 0; i < given.size(); ++i)
            typed[i] = with_shape(typed[i], i);
        return typed;
    }

private:
    template <class... A>
    [[noreturn]] void refuse(Code code, fmt::format_string<A...> text, A&&... values) const
    {
        throw user_error(code, place_, name_, text, std::forward<A>(values)...);
    }

    Variable with_dtype(const Variable& v, std::size_t i) const
    {
        const Variable& input = inputs_[i];
        if (v.is_empty())
            refuse(Code::domain, "operand {} is an empty Variable: nothing was assigned to it", i);
        const Variable x =
            v.is_weak() ? cast(literal_as(v, input.dtype(), name_, place_), input.dtype(), place_)
                        : v;
        if (x.dtype() != input.dtype() || x.rank() != input.rank())
            refuse(x.dtype() != input.dtype() ? Code::dtype : Code::shape,
                   "operand {} is {}, given {}: {}", called(input, i), to_string(input.type()),
                   to_string(x.type()), describe(v));
        return x;
    }

    /// An axis that is a symbol is the operand's; the first one counts.
    void bind(const Variable& x, const Variable& input)
    {
        for (int k = 0; k < input.rank(); ++k) {
            const detail::Atom* symbol = as_symbol(input.extent(k));
            const auto is_symbol = [&](const auto& known) { return known.first == symbol; };
            if (symbol && std::ranges::none_of(extents_, is_symbol))
                extents_.emplace_back(symbol, x.extent(k));
        }
    }

    /// What is only known to fit at a call is required there.
    Variable with_shape(const Variable& x, std::size_t i) const
    {
        Shape shape = inputs_[i].shape();
        for (std::size_t k = 0; k < shape.size(); ++k) {
            shape[k] = substitute(shape[k], extents_);
            if (never_equal(shape[k], x.shape()[k]))
                refuse(Code::shape, "operand {} is {}, given {}: {}", called(inputs_[i], i),
                       to_string(Type(x.dtype(), shape)), to_string(x.type()), describe(x));
        }
        return same(shape, x.shape()) ? x : broadcast_to(x, shape, place_);
    }

    const char* name_;
    const Variables& inputs_;
    const Location* place_;
    Substitution extents_;
};

/// `at` inside a function of the name that is used at `use`.
const Location* place_inside(const Location* at, const char* name, const Location* use)
{
    const ScopeFrame* inner = at->scope;
    const ScopeFrame* frame = inner
                                  ? scope_frame(inner->name, place_inside(inner->opened, name, use))
                                  : scope_frame(name, use);
    const Location* place =
        locate(at->file_name(), at->line(), at->function_name(), frame, at->called);
    return at->of_gradient ? gradient_place(place, at->called) : place;
}

/// A copy whose ops say where they are used.
Variables placed_inside(std::span<const Variable> outputs, const char* name, const Location* use)
{
    VariableMap by;
    const auto current = [&](const Variable& v) {
        const auto at = by.find(v);
        return at == by.end() ? v : at->second;
    };
    for (const Apply& a : applies_of(outputs)) {
        Variables inputs;
        std::vector<Type> types;
        for (const Variable& v : a.inputs())
            inputs.push_back(current(v));
        for (const Variable& y : a.outputs())
            types.push_back(y.type());
        const Location* place = a.location() && use ? place_inside(a.location(), name, use) : use;
        const Variables made =
            rebuild(a.op(), inputs, a.params(), types, place, a.output(0).is_weak(),
                    {a.requirements().begin(), a.requirements().end()});
        for (std::size_t i = 0; i < made.size(); ++i) {
            if (!a.output(i).name().empty()) made[i].named(a.output(i).name());
            by.emplace(a.output(i), made[i]);
        }
    }
    Variables placed;
    for (const Variable& v : outputs)
        placed.push_back(current(v));
    return placed;
}

} // namespace

InlineFunction inline_function(std::string_view name,
                               const Variables& inputs,
                               const Variables& outputs,
                               Where where)
{
    const Location* place = locate(where, "inline_function");
    const auto refuse = [&](const std::string& text) {
        throw user_error(Code::domain, place, "inline_function", "{}", text);
    };
    refuse_empty("inline_function", where, inputs);
    if (name.empty()) refuse("it needs a name");
    if (outputs.empty()) refuse(fmt::format("{} has no outputs", name));
    for (std::size_t i = 0; i < outputs.size(); ++i)
        if (outputs[i].is_empty())
            refuse(fmt::format("output {} of {} is an empty Variable: nothing was assigned to it",
                               i, name));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i].leaf() != Leaf::input)
            refuse(fmt::format("input {} of {} is {}: an input is a leaf", i, name,
                               describe(inputs[i])));
        for (std::size_t j = 0; j < i; ++j)
            if (same(inputs[i], inputs[j]))
                refuse(fmt::format("{} is given twice to {}", describe(inputs[i]), name));
    }
    for (const Variable& leaf : leaves(outputs))
        if (leaf.leaf() == Leaf::input &&
            std::ranges::none_of(inputs, [&](const Variable& v) { return same(v, leaf); }))
            refuse(fmt::format("{} needs {}, which is none of its inputs", name, describe(leaf)));
    InlineFunction f;
    f.inputs_ = inputs;
    f.outputs_ = outputs;
    f.name_ = locate(where.file_name(), where.line(), where.function_name(), nullptr, name)->called;
    return f;
}

Variables InlineFunction::operator()(const Variables& x, Where where) const
{
    const Location* use = locate(where, name_);
    Use at(name_, inputs_, use);
    Variables operands = at.operands(x);
    // A graph of its own for each use, of the extents that it has there.
    VariableMap by;
    Variables inside;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
        inside.push_back(input(inputs_[i].name(), operands[i].dtype(), operands[i].shape()));
        by.emplace(inputs_[i], inside.back());
    }
    for (const Variable& leaf : leaves(outputs_)) {
        if (leaf.leaf() != Leaf::shared) continue;
        inside.push_back(input(leaf.name(), leaf.dtype(), leaf.shape()));
        by.emplace(leaf, inside.back());
        operands.push_back(leaf);
    }
    const Variables values = placed_inside(copy_graph(outputs_, by, at.extents()), name_, use);
    return detail::call_function(name_, Region(inside, values), operands, false, use);
}

} // namespace croton::inline v1
