#include "fuzz/marks.hpp"

#include <croton/ir/overloaded.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>
#include <cmath>

namespace croton::test {

namespace {

std::int64_t* numbers(Marks& marks) { return static_cast<std::int64_t*>(marks.data()); }

Marks none_marked(const Array& a) { return Array::zeros(DType::i64, a.extents()); }

template <class Predicate>
bool any_element(const Array& a, Predicate is)
{
    if (!is_float(a.dtype())) return false;
    for (std::int64_t i = 0; i < a.size(); ++i)
        if (is(a.as_double(i))) return true;
    return false;
}

/// 1 where the predicate holds; nothing where it holds nowhere.
template <class Predicate>
Marks mark_where(const Array& a, Predicate is)
{
    if (!any_element(a, is)) return {};
    Marks marks = none_marked(a);
    for (std::int64_t i = 0; i < a.size(); ++i)
        numbers(marks)[i] = is(a.as_double(i));
    return marks;
}

bool is_nan(double x) { return std::isnan(x); }
bool is_infinite(double x) { return std::isinf(x); }

Marks either(const Marks& a, const Marks& b)
{
    if (!a || !b) return a ? a : b;
    Marks both = a.clone();
    for (std::int64_t i = 0; i < both.size(); ++i)
        numbers(both)[i] = is_marked(a, i) || is_marked(b, i);
    return both;
}

std::vector<Marks> filled(std::span<const Array> x, std::span<const Marks> marks)
{
    std::vector<Marks> all;
    for (std::size_t k = 0; k < x.size(); ++k)
        all.push_back(marks[k] ? marks[k] : none_marked(x[k]));
    return all;
}

/// What becomes of marks of one Apply's operands in its only result.
class Spread {
public:
    Spread(const Apply& apply, std::span<const Array> x, std::span<const Marks> marks)
        : apply_(apply), x_(x), marks_(marks)
    {}

    Marks operator()(const Pointwise&) const
    {
        Marks all;
        for (const Marks& m : marks_)
            all = either(all, m);
        return all;
    }
    Marks operator()(const IndexMap&) const { return by_reference(filled(x_, marks_)); }
    Marks operator()(const Iota&) const { return {}; }
    Marks operator()(const Reduce&) const { return reference::reduce_with(Monoid::sum, marked(0)); }
    Marks operator()(const Prefix&) const { return reference::cumulate(Monoid::sum, marked(0)); }
    Marks operator()(const Gather&) const { return by_places(1); }
    Marks operator()(const Scatter&) const { return by_places(2); }
    Marks operator()(const Contract&) const { return both_sides(); }
    Marks operator()(const Scan&) const { return everywhere(); }
    Marks operator()(const Switch&) const { return everywhere(); }
    Marks operator()(const Composite&) const { return everywhere(); }

private:
    Type type() const { return {DType::i64, apply_.output(0).shape()}; }
    Marks everywhere() const
    {
        std::vector<std::int64_t> shape;
        for (const Extent& e : apply_.output(0).shape())
            shape.push_back(e.value());
        return Array::full<std::int64_t>(shape, 1);
    }
    Marks by_reference(std::span<const Array> x) const
    {
        return std::get<ArrayReference>(apply_.op().reference)({apply_.params().get(), x, type()});
    }
    /// Operands from `first` on are indices: one that is marked may name any place.
    Marks by_places(std::size_t first) const
    {
        std::vector<Array> x = filled(x_, marks_);
        for (std::size_t k = first; k < x.size(); ++k) {
            if (marks_[k]) return everywhere();
            x[k] = x_[k];
        }
        return by_reference(x);
    }
    Marks both_sides() const
    {
        const std::vector<Array> marks = filled(x_, marks_);
        const Array left[] = {marks[0], all_marked(x_[1])}, right[] = {all_marked(x_[0]), marks[1]};
        const auto* params = apply_.params().get();
        return either(reference::contract({params, left, type()}),
                      reference::contract({params, right, type()}));
    }
    ReferenceArgs marked(std::size_t k) const
    {
        return {apply_.params().get(), marks_.subspan(k, 1), type()};
    }

    const Apply& apply_;
    std::span<const Array> x_;
    std::span<const Marks> marks_;
};

Marks spread(const Apply& apply, std::span<const Array> x, std::span<const Marks> marks)
{
    if (std::ranges::none_of(marks, has_marks)) return {};
    return std::visit(Spread(apply, x, marks), apply.op().lowering);
}

/// An element of c where the condition holds, else one of the other: the rest is not looked at.
Marks marks_of_selection(std::span<const Array> x, std::span<const Marks> marks)
{
    if (std::ranges::none_of(marks, has_marks)) return {};
    Marks chosen = none_marked(x[0]);
    for (std::int64_t i = 0; i < chosen.size(); ++i)
        numbers(chosen)[i] =
            is_marked(marks[0], i) || is_marked(marks[x[0].as_int(i) != 0 ? 1 : 2], i);
    return chosen;
}

bool is_selection(const Op& op) { return op.dtype == select_dtypes; }

bool only_moves(const Op& op)
{
    const auto* scatter = std::get_if<Scatter>(&op.lowering);
    return std::holds_alternative<IndexMap>(op.lowering) ||
           std::holds_alternative<Gather>(op.lowering) || (scatter && !scatter->accumulate);
}

/// Of none they are infinite.
bool takes_extremes(const Op& op)
{
    const auto* reduce = std::get_if<Reduce>(&op.lowering);
    return reduce && (reduce->monoid == Monoid::max || reduce->monoid == Monoid::max_number ||
                      reduce->monoid == Monoid::min);
}

/// Infinities of y that no infinite operand explains.
Marks made_infinite(const Apply& apply, std::span<const Array> x, const Array& y)
{
    const Marks infinite = mark_where(y, is_infinite);
    if (!infinite || takes_extremes(apply.op())) return {};
    std::vector<Marks> given;
    for (const Array& operand : x)
        given.push_back(mark_where(operand, is_infinite));
    const Marks explained = spread(apply, x, given);
    Marks made = infinite.clone();
    for (std::int64_t i = 0; i < made.size(); ++i)
        numbers(made)[i] = is_marked(infinite, i) && !is_marked(explained, i);
    return made;
}

} // namespace

bool is_marked(const Marks& marks, std::int64_t i) { return marks && marks.as_int(i) != 0; }

bool has_marks(const Marks& marks)
{
    for (std::int64_t i = 0; marks && i < marks.size(); ++i)
        if (is_marked(marks, i)) return true;
    return false;
}

Marks all_marked(const Array& a) { return Array::full<std::int64_t>(a.extents(), 1); }

void mark(Marks& marks, const Array& a, std::int64_t i)
{
    if (!marks) marks = none_marked(a);
    numbers(marks)[i] = 1;
}

std::vector<Marks> marks_of_results(const Apply& apply,
                                    std::span<const Array> x,
                                    std::span<const Marks> x_marks,
                                    std::span<const Array> y)
{
    const Op& op = apply.op();
    if (is_selection(op)) return {marks_of_selection(x, x_marks)};
    if (only_moves(op)) return {spread(apply, x, x_marks)};
    std::vector<Marks> used;
    for (std::size_t k = 0; k < x.size(); ++k)
        used.push_back(either(x_marks[k], mark_where(x[k], is_nan)));
    const bool single = y.size() == 1 && !has_body(op.lowering);
    if (single)
        return {either(either(spread(apply, x, used), mark_where(y[0], is_nan)),
                       made_infinite(apply, x, y[0]))};
    std::vector<Marks> all(y.size());
    if (std::ranges::any_of(used, has_marks)) std::ranges::transform(y, all.begin(), all_marked);
    return all;
}

} // namespace croton::test
