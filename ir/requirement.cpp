#include <croton/ir/format.hpp>
#include <croton/ir/requirement.hpp>

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
    return {r.kind, substitute(r.a, by), substitute(r.b, by), r.text, r.where};
}

std::string failure_text(const Requirement& r, std::int64_t a, std::int64_t b)
{
    if (r.kind == Requirement::Kind::equal)
        return fmt::format("{} is {}, it must be {}{}", r.text, a, b,
                           r.b.is_known() ? "" : fmt::format(" ({})", to_string(r.b)));
    std::string values;
    if (!r.a.is_known()) values = fmt::format(", {} is {}", to_string(r.a), a);
    if (!r.b.is_known())
        values += fmt::format("{}{} is {}", values.empty() ? ", " : " and ", to_string(r.b), b);
    return fmt::format("{} needs {} <= {}{}", r.text, to_string(r.a), to_string(r.b), values);
}

} // namespace croton::inline v1
