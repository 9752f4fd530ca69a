#include "rules/instances.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/error.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/ir/verify.hpp>

#include <algorithm>
#include <map>

namespace croton::test {

namespace {

using Values = std::map<std::string, Variable, std::less<>>;
using ParamValues = std::map<std::string, ParamValue, std::less<>>;

struct NoInstance {};

/// Axes must be sorted, unique and in range; an order, a permutation.
void check_axes(const std::vector<int>& axes, std::string_view field, int rank)
{
    std::vector<int> sorted = axes;
    std::ranges::sort(sorted);
    const bool unique = std::ranges::adjacent_find(sorted) == sorted.end();
    const bool in_range = axes.empty() || (sorted.front() >= 0 && sorted.back() < rank);
    const bool is_order = field == "order";
    if (!unique || !in_range || (is_order && static_cast<int>(axes.size()) != rank))
        throw NoInstance{};
    if (!is_order && sorted != axes) throw NoInstance{};
}

/// A gather has an index for each of its axes, and puts theirs among those that are left.
void check_gather(const Params& params, const Variables& operands)
{
    if (!params) return;
    const auto fields = params->fields();
    if (fields.size() != 2 || fields[1].name != "position") return;
    const std::size_t axes = std::get<std::vector<int>*>(fields[0].value)->size();
    if (axes + 1 != operands.size()) throw NoInstance{};
    const int left = operands[0].rank() - static_cast<int>(axes);
    if (*std::get<int*>(fields[1].value) > left) throw NoInstance{};
}

class Builder {
public:
    Builder(const Values& values, const ParamValues& params) : values_(values), params_(params) {}

    Variable build(const Variable& pattern) const
    {
        if (pattern.leaf() == Leaf::wildcard) return values_.find(pattern.name())->second;
        const Apply a = pattern.owner();
        if (!a) return pattern;
        Variables operands;
        for (const Variable& in : a.inputs())
            operands.push_back(build(in));
        const int rank = operands.empty() ? 0 : operands[0].rank();
        if (a.params() && a.params()->fields()[0].name == "axis") // such ops align their operands
            for (const Variable& v : operands)
                if (v.rank() != rank) throw NoInstance{};
        const Params params = with_values(a.params(), rank);
        check_gather(params, operands);
        return apply(a.op(), operands, params, nullptr);
    }

private:
    Params with_values(const Params& params, int rank) const
    {
        if (!params) return params;
        ParamsBase* copy = params->fresh();
        const Params result = Params::adopt(copy);
        const auto from = params->fields();
        const auto to = copy->fields();
        for (std::size_t i = 0; i < from.size(); ++i) {
            std::visit([&]<class T>(T* t) { *t = *std::get<T*>(from[i].value); }, to[i].value);
            const std::string_view name = wildcard_name(from[i].value);
            if (name.empty()) continue;
            const ParamValue& value = params_.find(name)->second;
            if (auto* const* list = std::get_if<std::vector<int>*>(&to[i].value)) {
                **list = std::get<std::vector<int>>(value);
                check_axes(**list, from[i].name, rank);
            } else if (auto* const* axis = std::get_if<int*>(&to[i].value)) {
                **axis = std::get<int>(value);
                if (**axis >= rank) throw NoInstance{};
                if (from[i].name == "axis2" && **axis == *std::get<int*>(to[0].value))
                    throw NoInstance{};
            } else if (auto* const* steps = std::get_if<std::vector<std::int64_t>*>(&to[i].value)) {
                **steps = std::get<std::vector<std::int64_t>>(value);
                if (static_cast<int>((*steps)->size()) != rank) throw NoInstance{}; // of a slice
            } else if (auto* const* shape = std::get_if<Shape*>(&to[i].value)) {
                **shape = std::get<Shape>(value);
            } else {
                *std::get<DType*>(to[i].value) = std::get<DType>(value);
            }
        }
        return result;
    }

    const Values& values_;
    const ParamValues& params_;
};

/// What a field of that name and kind is tried with.
std::vector<ParamValue> candidates(std::string_view name, const FieldPointer& field)
{
    using Axes = std::vector<int>;
    // Of slices; both of a pair are tried with each.
    if (name == "start") return {Shape{2, 0}, Shape{0, 15}, Shape{0, 0}};
    if (name == "stop") return {Shape{9, 16}, Shape{16, -1}, Shape{16, 16}};
    if (name == "step")
        return {std::vector<std::int64_t>{3, 1}, std::vector<std::int64_t>{1, -1},
                std::vector<std::int64_t>{1, 1}};
    if (name == "dropped") return {Axes{}};
    if (std::holds_alternative<std::vector<int>*>(field))
        return {Axes{1}, Axes{0}, Axes{0, 1}, Axes{1, 0}, Axes{}, Axes{0, 1, 2}};
    if (std::holds_alternative<int*>(field)) return {0, 1};
    if (std::holds_alternative<Shape*>(field))
        return {Shape{16, 16}, Shape{256}, Shape{2, 16, 16}, Shape{8, 32}, Shape{3, 2, 16, 16}};
    return {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i64, DType::i32,    DType::i16,
            DType::i8,  DType::u64, DType::u32, DType::u16,  DType::u8,  DType::boolean};
}

void collect_params(const Variable& pattern,
                    std::map<std::string, std::vector<ParamValue>, std::less<>>& found)
{
    const Apply a = pattern.owner();
    if (!a) return;
    if (a.params())
        for (const FieldRef& f : a.params()->fields())
            if (const std::string_view name = wildcard_name(f.value); !name.empty())
                found.emplace(std::string(name), candidates(f.name, f.value));
    for (const Variable& in : a.inputs())
        collect_params(in, found);
}

/// Elements of softmaxes, moved by ops of each lowering, converted to fewer digits and to more.
std::vector<Variable> moved_softmaxes(DType t)
{
    const Variable p = softmax(input("p", t, {16, 16}), -1);
    const Variable cube = softmax(input("cube", t, {16, 16, 4}), -1);
    const Variable i = input("i", DType::i64, {16, 16});
    const Variable k = input("k", DType::i64, {5});
    const DType fewer = p.dtype() == DType::f64 ? DType::f32 : DType::f16;
    const DType more = t == DType::bf16 ? DType::f16 : DType::f64;
    return {flip(transpose(take_along_axis(p, i, 0)), 1),
            squeeze(p(slice(2, 3)).as(fewer), 0),
            diagonal(p.as(more)).reshape({4, 4}),
            gather(cube, {k, k, k}).as(more),
            broadcast_to(expand_dims(p(i), 0), {2, 16, 16, 16}),
            p.as(fewer)};
}

std::vector<Variable> candidates(std::string_view name, DType t, Literals literals)
{
    // What rules that look for a softmax above are tried with.
    if (name == "moved_softmax") return moved_softmaxes(t);
    if (name.starts_with("exp_")) { // what a rule that looks for exps is tried with
        const auto power = [&](const char* more) {
            return croton::exp(input(std::string(name) + more, t, {16, 16}));
        };
        return {power(""), Variable(1), power("") + power("2")};
    }
    if (name == "k") return {input(name, DType::i64, {5})};
    if (name == "i" || name == "j") // an index
        return {input(name, DType::i64, {16, 16}), input(name, DType::i64, {5})};
    if (literals == Literals::extreme) {
        const double large = t == DType::f64 ? 1e160 : t == DType::f16 ? 300 : 1e20;
        return {input(name, t, {16, 16}), Variable(large), Variable(1 / large)};
    }
    const Variable literal = is_float(t)           ? Variable(-2.75)
                             : t == DType::boolean ? Variable(true)
                                                   : Variable(3);
    std::vector<Variable> all{input(name, t, {16, 16}), literal, input(name, t, {})};
    if (is_float(t)) all.emplace_back(0.375); // for factors below 1
    if (t != DType::boolean) all.insert(all.begin() + 1, input(name, DType::boolean, {16, 16}));
    return all;
}

/// Every choice of one from each list, as an odometer.
bool advance(std::vector<std::size_t>& at, const std::vector<std::size_t>& sizes)
{
    for (std::size_t i = 0; i < at.size(); ++i) {
        if (++at[i] < sizes[i]) return true;
        at[i] = 0;
    }
    return false;
}

} // namespace

RuleSet only(const std::shared_ptr<Rule>& rule) { return RuleSet("one", {rule}); }

Variable
rewritten(const Variables& inputs, const Variable& v, const Rewrite& rules, std::size_t& firings)
{
    Graph graph(inputs, {v});
    const PassOptions options;
    PassReport report;
    PassContext context{options, report};
    rules.run(graph, context);
    verify(graph);
    firings = report.firings.size();
    return graph.outputs()[0];
}

std::vector<Instance> instances(const Rule& rule, DType dtype, std::size_t limit, Literals literals)
{
    const Rewrite rewrite(only(std::make_shared<Rule>(rule)));
    std::vector<std::vector<Variable>> values;
    std::vector<std::size_t> sizes;
    for (const std::string& name : rule.left.wildcards()) {
        values.push_back(candidates(name, dtype, literals));
        sizes.push_back(values.back().size());
    }
    std::map<std::string, std::vector<ParamValue>, std::less<>> params;
    collect_params(rule.left.expression(), params);
    for (const auto& [name, list] : params)
        sizes.push_back(list.size());
    std::vector<Instance> found;
    std::map<std::vector<DType>, std::size_t> found_of; // choices of dtypes
    bool has_dtypes = false;
    std::vector<std::size_t> at(sizes.size(), 0);
    do {
        Values chosen;
        Instance instance{{}, {}, {}, dtype};
        for (std::size_t i = 0; i < values.size(); ++i) {
            const Variable& v = values[i][at[i]];
            chosen.emplace(rule.left.wildcards()[i], v);
            for (const Variable& leaf : leaves(std::span(&v, 1)))
                if (leaf.leaf() == Leaf::input) instance.inputs.push_back(leaf);
        }
        ParamValues chosen_params;
        std::size_t next = values.size();
        std::vector<DType> dtypes;
        for (const auto& [name, list] : params) {
            const ParamValue& value = list[at[next++]];
            chosen_params.emplace(name, value);
            if (const auto* dtype_chosen = std::get_if<DType>(&value))
                dtypes.push_back(*dtype_chosen);
        }
        has_dtypes = !dtypes.empty();
        if (found_of[dtypes] == limit) continue;
        try {
            instance.left = Builder(chosen, chosen_params).build(rule.left.expression());
        } catch (const UserError&) {
            continue; // not a program that a user can write
        } catch (const NoInstance&) {
            continue;
        }
        std::size_t firings = 0;
        instance.right = rewritten(instance.inputs, instance.left, rewrite, firings);
        if (firings == 0) continue;
        found.push_back(instance);
        ++found_of[dtypes];
    } while ((has_dtypes || found.size() < limit) && advance(at, sizes));
    return found;
}

} // namespace croton::test
