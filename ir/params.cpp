#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/hash.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/params.hpp>

#include <algorithm>
#include <cstring>

#include "capture.hpp"

namespace croton::inline v1 {

namespace detail {
void wrong_params() { throw internal_error("params", "an op's parameters are of another op"); }
} // namespace detail

namespace {

std::size_t hash_extent(const Extent& e)
{
    return hash_of(e.polynomial(), e.is_known() ? e.value() : 0);
}

std::size_t hash_field(const FieldPointer& f)
{
    return std::visit(overloaded{
                          [](const std::vector<int>* v) {
                              std::size_t h = v->size();
                              for (int x : *v)
                                  h = hash_of(h, x);
                              return h;
                          },
                          [](const std::vector<std::int64_t>* v) {
                              std::size_t h = v->size();
                              for (std::int64_t x : *v)
                                  h = hash_of(h, x);
                              return h;
                          },
                          [](const Shape* v) {
                              std::size_t h = v->size();
                              for (const Extent& e : *v)
                                  h = hash_of(h, hash_extent(e));
                              return h;
                          },
                          [](const Extent* e) { return hash_extent(*e); },
                          [](const Array* a) { return hash_array(*a); },
                          [](const Region* r) { return hash(*r); },
                          [](const std::vector<Region>* v) {
                              std::size_t h = v->size();
                              for (const Region& r : *v)
                                  h = hash_of(h, hash(r));
                              return h;
                          },
                          [](const DType* t) { return hash_of(static_cast<int>(*t)); },
                          [](const double* d) {
                              std::uint64_t bits = 0;
                              std::memcpy(&bits, d, sizeof bits);
                              return hash_of(bits);
                          },
                          [](const auto* v) { return hash_of(*v); },
                      },
                      f);
}

bool equal_field(const FieldPointer& a, const FieldPointer& b)
{
    return std::visit(
        [&]<class T>(const T* x) {
            const auto* y = std::get<T*>(b);
            if constexpr (std::is_same_v<T, Extent> || std::is_same_v<T, Shape>)
                return same(*x, *y);
            else if constexpr (std::is_same_v<T, Array>)
                return identical(*x, *y);
            else if constexpr (std::is_same_v<T, Region>)
                return equal(*x, *y);
            else if constexpr (std::is_same_v<T, std::vector<Region>>)
                return std::ranges::equal(
                    *x, *y, [](const Region& p, const Region& q) { return equal(p, q); });
            else if constexpr (std::is_same_v<T, double>)
                return std::memcmp(x, y, sizeof *x) == 0;
            else
                return *x == *y;
        },
        a);
}

template <class T>
std::string list_text(const std::vector<T>& v)
{
    return fmt::format("({})", fmt::join(v, ", "));
}

std::string field_text(const FieldPointer& f)
{
    return std::visit(overloaded{
                          [](const std::vector<int>* v) { return list_text(*v); },
                          [](const std::vector<std::int64_t>* v) { return list_text(*v); },
                          [](const Shape* v) { return to_string(*v); },
                          [](const Extent* e) { return to_string(*e); },
                          [](const Array* a) { return to_string(*a); },
                          [](const Region* r) {
                              return fmt::format("region of {} outputs", r->outputs().size());
                          },
                          [](const std::vector<Region>* v) { return counted(v->size(), "region"); },
                          [](const DType* t) { return std::string(name(*t)); },
                          [](const auto* v) { return fmt::format("{}", *v); },
                      },
                      f);
}

} // namespace

std::size_t hash(const Params& params)
{
    if (!params) return 0;
    std::size_t h = 1;
    for (const FieldRef& f : params->fields())
        h = hash_of(h, hash_field(f.value));
    return h;
}

bool equal(const Params& a, const Params& b)
{
    if (a.get() == b.get()) return true;
    if (!a || !b) return false;
    const auto x = a->fields();
    const auto y = b->fields();
    return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                      [](const FieldRef& p, const FieldRef& q) {
                          return p.name == q.name && p.value.index() == q.value.index() &&
                                 equal_field(p.value, q.value);
                      });
}

std::string to_string(const Params& params)
{
    if (!params) return {};
    std::string text;
    for (const FieldRef& f : params->fields())
        text += fmt::format("{}{}={}", text.empty() ? "" : ", ", f.name, field_text(f.value));
    return text;
}

Params substitute(const Params& params, const Substitution& by)
{
    if (!params) return params;
    bool changes = false;
    for (const FieldRef& f : params->fields())
        std::visit(overloaded{
                       [&](const Extent* e) { changes |= !same(*e, substitute(*e, by)); },
                       [&](const Shape* s) {
                           for (const Extent& e : *s)
                               changes |= !same(e, substitute(e, by));
                       },
                       [&](const Region* r) {
                           changes |= detail::substituted(*r, by).identity() != r->identity();
                       },
                       [&](const std::vector<Region>* v) {
                           for (const Region& r : *v)
                               changes |= detail::substituted(r, by).identity() != r.identity();
                       },
                       [](const auto*) {},
                   },
                   f.value);
    if (!changes) return params;
    ParamsBase* copy = params->fresh();
    const auto from = params->fields();
    const auto to = copy->fields();
    for (std::size_t i = 0; i < from.size(); ++i)
        std::visit(
            overloaded{
                [&](Extent* e) { *e = substitute(*std::get<Extent*>(from[i].value), by); },
                [&](Shape* s) {
                    *s = *std::get<Shape*>(from[i].value);
                    for (Extent& e : *s)
                        e = substitute(e, by);
                },
                [&](Region* r) { *r = detail::substituted(*std::get<Region*>(from[i].value), by); },
                [&](std::vector<Region>* v) {
                    for (const Region& r : *std::get<std::vector<Region>*>(from[i].value))
                        v->push_back(detail::substituted(r, by));
                },
                [&]<class T>(T* v) { *v = *std::get<T*>(from[i].value); },
            },
            to[i].value);
    return Params::adopt(copy);
}

} // namespace croton::inline v1
