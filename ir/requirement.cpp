#include <croton/ir/format.hpp>
#include <croton/ir/requirement.hpp>

#include <optional>

namespace croton::inline v1 {

bool always_holds(const Requirement& r)
{
    return r.kind == Requirement::Kind::equal ? same(r.a, r.b) : never_negative(r.b - r.a);
}

bool never_holds(const Requirement& r)
{
    return r.kind == Requirement::Kind::equal ? never_equal(r.a, r.b)
                                              : never_negative(r.a - r.b - 1);
}

bool same(const Requirement& a, const Requirement& b)
{
    if (a.kind != b.kind) return false;
    if (a.kind == Requirement::Kind::equal)
        return (same(a.a, b.a) && same(a.b, b.b)) || (same(a.a, b.b) && same(a.b, b.a));
    return same(a.b - a.a, b.b - b.a);
}

Requirement substitute(const Requirement& r, const Substitution& by)
{
    Requirement now{r.kind, substitute(r.a, by), substitute(r.b, by), r.text, r.where, r.shapes};
    for (Shape& shape : now.shapes)
        for (Extent& e : shape)
            e = substitute(e, by);
    return now;
}

std::string words(const Requirement& r)
{
    std::string text = r.text;
    std::size_t from = 0;
    for (const Shape& shape : r.shapes) {
        const std::string shown = to_string(shape);
        const std::size_t at = text.find("{}", from);
        if (at == text.npos) break;
        text.replace(at, 2, shown);
        from = at + shown.size();
    }
    return text;
}

Requirement balanced(const Requirement& order)
{
    const Extent difference = order.b - order.a;
    if (difference.is_known()) return order; // one that contradicts itself is told as it is
    Requirement r = order;
    r.a = r.b = 0;
    for (const ExtentTerm& t : terms(difference)) {
        Extent part = t.coefficient;
        for (const detail::Atom* f : t.factors)
            part = part * as_extent(f);
        if (t.coefficient < 0)
            r.a = r.a - part;
        else
            r.b = r.b + part;
    }
    return r;
}

std::string order_text(const Requirement& order)
{
    const Requirement r = balanced(order);
    return r.a.is_known() ? fmt::format("{} >= {}", to_string(r.b), r.a.value())
                          : fmt::format("{} <= {}", to_string(r.a), to_string(r.b));
}

namespace {

/// d where b is floor_div(a, d) * d, which is a only for multiples of d: what reshape with -1
/// needs.
std::optional<Extent> divisor(const Extent& a, const Extent& b)
{
    for (const ExtentTerm& t : terms(b))
        for (const detail::Atom* f : t.factors)
            if (kind(f) == AtomKind::floor_div && same(operands(f).first, a) &&
                same(as_extent(f) * operands(f).second, b))
                return operands(f).second;
    return {};
}

} // namespace

std::string failure_text(const Requirement& r, std::int64_t a, std::int64_t b)
{
    if (r.kind == Requirement::Kind::equal)
        if (const auto d = divisor(r.a, r.b))
            return fmt::format("{} is {}, it must be a multiple of {}", words(r), a, to_string(*d));
    if (r.kind == Requirement::Kind::equal)
        return fmt::format("{} is {}, it must be {}{}", words(r), a, b,
                           r.b.is_known() ? "" : fmt::format(" ({})", to_string(r.b)));
    std::string values;
    if (!r.a.is_known()) values = fmt::format(", {} is {}", to_string(r.a), a);
    if (!r.b.is_known())
        values += fmt::format("{}{} is {}", values.empty() ? ", " : " and ", to_string(r.b), b);
    return fmt::format("{} needs {}{}", words(r), order_text(r), values);
}

} // namespace croton::inline v1
