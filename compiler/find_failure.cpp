#include "find_failure.hpp"

#include <croton/ir/bind_symbols.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/reference.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace croton::inline v1::detail {

std::vector<std::int64_t> index_at(std::int64_t position, std::span<const std::int64_t> shape)
{
    std::vector<std::int64_t> index(shape.size());
    for (std::size_t i = shape.size(); i-- > 0; position /= shape[i])
        index[i] = position % shape[i];
    return index;
}

namespace {

/// Position of the first element that is not finite; -1: there is none.
std::int64_t first_bad(const Array& array)
{
    if (!is_float(array.dtype())) return -1;
    for (std::int64_t i = 0; i < array.size(); ++i)
        if (!std::isfinite(array.as_double(i))) return i;
    return -1;
}

/// "(1, 3)": an element's index from its position in C order.
std::string index_text(std::int64_t position, std::span<const std::int64_t> shape)
{
    return fmt::format("({})", fmt::join(index_at(position, shape), ", "));
}

std::string type_text(const Array& a)
{
    return fmt::format("{} ({})", croton::name(a.dtype()), fmt::join(a.shape(), ", "));
}

std::string element_text(const Array& a, std::int64_t i)
{
    return is_float(a.dtype()) ? float_text(a.as_double(i), false) : fmt::format("{}", a.as_int(i));
}

/// A graph with every extent known, and its values as far as they were asked for.
class Replay {
public:
    Replay(std::span<const Variable> inputs,
           std::span<const Array> arrays,
           std::span<const Variable> outputs)
    {
        VariableMap by;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            const Variable known = input(inputs[i].name(), inputs[i].dtype(),
                                         Shape(arrays[i].shape().begin(), arrays[i].shape().end()));
            by.emplace(inputs[i], known);
            have_[known.value()] = arrays[i];
            // An argument has the place of the call, which whoever catches the error adds.
            if (inputs[i].leaf() == Leaf::shared) places_[known.value()] = inputs[i].location();
        }
        outputs_ = copy_graph(outputs, by, known_extents(inputs, arrays));
    }

    const Variables& outputs() const noexcept { return outputs_; }
    /// Of a leaf; null for an argument.
    const Location* place_of(const Variable& leaf) const
    {
        const auto found = places_.find(leaf.value());
        return leaf.leaf() == Leaf::constant ? leaf.location()
               : found == places_.end()      ? nullptr
                                             : found->second;
    }

    const Array& value(const Variable& v)
    {
        if (v.leaf() == Leaf::constant) return v.constant();
        if (!have_.contains(v.value()))
            for (const Apply& a : applies_of(std::span(&v, 1))) {
                if (have_.contains(a.output(0).value())) continue;
                const std::vector<Array> y = evaluate_reference(a, operands(a));
                for (std::size_t i = 0; i < y.size(); ++i)
                    have_[a.output(i).value()] = y[i];
            }
        return have_.at(v.value());
    }

    std::vector<Array> operands(const Apply& a)
    {
        std::vector<Array> x;
        for (const Variable& in : a.inputs())
            x.push_back(value(in));
        return x;
    }

private:
    Variables outputs_;
    std::unordered_map<const Value*, Array> have_;
    std::unordered_map<const Value*, const Location*> places_; // looked up only
};

/// Calls visit(graph, where) for each step of a scan with the body's graph at that step, and for
/// the branch that was taken.
template <class Visit>
void for_each_body(const Apply& scan, const std::vector<Array>& x, Visit visit)
{
    if (std::holds_alternative<Switch>(scan.op().lowering)) {
        const std::vector<Region>& branches = scan.params_as<SwitchParams>().branches;
        const std::size_t taken = reference::switch_branch(x[0], branches.size());
        Replay branch(branches[taken].inputs(), {x.begin() + 1, x.end()},
                      branches[taken].outputs());
        visit(branch, branches.size() == 1 ? std::string()
                                           : fmt::format(", in {} of {}", branch_name(scan, taken),
                                                         written_name(scan)));
        return;
    }
    const auto& p = scan.params_as<ScanParams>();
    const auto sequences = static_cast<std::size_t>(p.sequences);
    std::vector<Array> at(x.begin(), x.end() - (p.limited ? 1 : 0));
    const reference::StepPlaces places = reference::step_places(scan, x);
    for (std::int64_t i = 0; i < places.count; ++i) {
        const std::int64_t t = places[i];
        for (std::size_t k = 0; k < sequences; ++k)
            at[k] = x[k][t].clone();
        Replay body(p.body.inputs(), at, p.body.outputs());
        visit(body, fmt::format(", in step {}", t));
        for (std::size_t k = 0; k < static_cast<std::size_t>(p.states); ++k)
            at[sequences + k] = body.value(body.outputs()[k]);
        if (p.until && body.value(body.outputs().back()).as_int(0) != 0) return;
    }
}

// ---- indices

/// The first index of a gather or a scatter that is out of range, as an error's text; else empty.
std::string bad_index(Replay& graph, const Apply& a)
{
    const auto* gather = std::get_if<Gather>(&a.op().lowering);
    const auto* scatter = std::get_if<Scatter>(&a.op().lowering);
    if (!gather && !scatter) return {};
    std::vector<Type> types;
    for (const Variable& in : a.inputs())
        types.push_back(in.type());
    const Type result = a.output(0).type();
    const Shape over = scatter ? a.input(1).shape() : result.shape();
    std::vector<Extent> out;
    for (std::size_t i = 0; i < over.size(); ++i)
        out.push_back(as_extent(index_symbol(i)));
    const IndexMapArgs args{a.params().get(), types, result, out};
    const std::vector<GatherAxis> axes = gather ? gather->map(args) : scatter->map(args);
    const Shape data = a.input(0).shape();
    for (std::size_t axis = 0; axis < axes.size(); ++axis) {
        if (axes[axis].index_operand < 0) continue;
        const Array& index =
            graph.value(a.input(static_cast<std::size_t>(axes[axis].index_operand)));
        const std::int64_t extent = data[axis].value();
        for (std::int64_t i = 0; i < index.size(); ++i) {
            const std::int64_t at = index.as_int(i);
            const bool huge = index.dtype() == DType::u64 && at < 0;
            if (!huge && at >= -extent && at < extent) continue;
            return fmt::format(
                "index {} is out of range for axis {} of extent {}: element {} of {}",
                huge ? fmt::format("{}", static_cast<std::uint64_t>(at)) : fmt::format("{}", at),
                axis, extent, index_text(i, index.shape()), type_text(index));
        }
    }
    return {};
}

/// Throws at the first bad index of an op that `accept`s its line.
template <class Accept>
void check_indices(Replay& graph, const std::string& suffix, Accept accept)
{
    for (const Apply& a : applies_of(graph.outputs())) {
        if (has_body(a.op().lowering)) {
            for_each_body(a, graph.operands(a), [&](Replay& body, const std::string& where) {
                check_indices(body, suffix + where, accept);
            });
            continue;
        }
        if (!accept(a.location())) continue;
        if (const std::string text = bad_index(graph, a); !text.empty())
            throw user_error(Code::index, a.location(), written_name(a), "{}{}{}", text, suffix,
                             gradient_text(a.location()));
    }
}

// ---- values that are not finite

class Blame {
public:
    explicit Blame(std::string function) : function_(std::move(function)) {}

    /// Follows an element of `v` that is not finite to where it was made.
    [[noreturn]] void follow(Replay& graph, Variable v, std::int64_t element, std::string suffix)
    {
        while (true) {
            const Apply a = v.owner();
            if (!a) refuse_leaf(graph, v, element, suffix);
            const bool pointwise = is_pointwise(a.op());
            Variable from;
            std::int64_t at = -1;
            for (const Variable& in : a.inputs()) {
                const Array& x = graph.value(in);
                if (!is_float(x.dtype())) continue;
                at = pointwise && std::isfinite(x.as_double(element)) ? -1
                     : pointwise                                      ? element
                                                                      : first_bad(x);
                if (at < 0) continue;
                from = in;
                break;
            }
            if (from.is_empty()) {
                if (has_body(a.op().lowering)) enter(graph, a, suffix);
                refuse(graph, a, v, element, suffix);
            }
            v = from;
            element = at;
        }
    }

private:
    void enter(Replay& graph, const Apply& a, const std::string& suffix)
    {
        for_each_body(a, graph.operands(a), [&](Replay& body, const std::string& where) {
            for (const Variable& out : body.outputs())
                if (const std::int64_t at = first_bad(body.value(out)); at >= 0)
                    follow(body, out, at, suffix + where);
        });
    }

    [[noreturn]] void refuse_leaf(Replay& graph,
                                  const Variable& v,
                                  std::int64_t element,
                                  const std::string& suffix) const
    {
        const Array& x = graph.value(v);
        throw user_error(
            Code::not_finite, graph.place_of(v), function_, "{} is not finite: {} at {} of {}{}",
            v.leaf() == Leaf::constant ? std::string("a constant") : fmt::format("'{}'", v.name()),
            element_text(x, element), index_text(element, x.shape()), type_text(x), suffix);
    }

    [[noreturn]] void refuse(Replay& graph,
                             const Apply& a,
                             const Variable& v,
                             std::int64_t element,
                             const std::string& suffix) const
    {
        const Array& y = graph.value(v);
        std::string operands;
        for (const Variable& in : a.inputs()) {
            const Array& x = graph.value(in);
            operands += operands.empty() ? ", from " : " and ";
            operands +=
                is_pointwise(a.op()) || x.size() == 1
                    ? element_text(x, x.size() == 1 ? 0 : element)
                    : fmt::format("{}{}", is_float(x.dtype()) ? "finite " : "", type_text(x));
        }
        throw user_error(Code::not_finite, a.location(), written_name(a),
                         "its result in '{}' is not finite: {} at {} of {}{}{}{}", function_,
                         element_text(y, element), index_text(element, y.shape()), type_text(y),
                         operands, suffix, gradient_text(a.location()));
    }

    std::string function_;
};

std::vector<Variable> inputs_of(const FunctionData& f)
{
    const auto with_elements = static_cast<std::ptrdiff_t>(f.inputs.size() + f.shared.size());
    return {f.leaves.begin(), f.leaves.begin() + with_elements};
}

} // namespace

bool all_finite(const Array& array) { return first_bad(array) < 0; }

void throw_bad_index(const FailedCall& call, std::span<const Apply> near)
{
    const FunctionData& f = call.function;
    Replay graph(inputs_of(f), call.arrays, f.outputs);
    check_indices(graph, "", [&](const Location* where) {
        return std::ranges::find(near, where, &Apply::location) != near.end();
    });
    check_indices(graph, "", [](const Location*) { return true; });
    throw user_error(Code::index, near.empty() ? nullptr : near.front().location(), f.name,
                     "an index is out of range");
}

void throw_not_finite(const FailedCall& call, const Variable& stored)
{
    const FunctionData& f = call.function;
    Variables wanted = f.outputs;
    if (!stored.is_empty()) {
        const auto applies = applies_of(f.outputs);
        const bool outside = std::ranges::any_of(
            applies, [&](const Apply& a) { return a.node() == stored.value()->node; });
        if (outside) wanted.insert(wanted.begin(), stored);
    }
    Replay graph(inputs_of(f), call.arrays, wanted);
    for (const Variable& v : graph.outputs())
        if (const std::int64_t at = first_bad(graph.value(v)); at >= 0)
            Blame(f.name).follow(graph, v, at, "");
    throw user_error(Code::not_finite, stored.location(), f.name,
                     "'{}' is not finite, computed in the order and precision of the program only",
                     stored.owner() ? written_name(stored.owner()) : stored.name());
}

} // namespace croton::inline v1::detail
