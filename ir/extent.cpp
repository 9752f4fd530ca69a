#include <croton/ir/extent.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/type.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <mutex>
#include <unordered_map>

namespace croton::inline v1 {

namespace detail {

struct Atom {
    AtomKind kind;
    std::uint32_t id;
    std::string name;
    Extent a = 0;
    Extent b = 0;
    const Location* where = nullptr;
    bool is_index = false;
};

/// terms sorted by factors, no zero coefficient, no duplicate; never a lone constant.
struct Polynomial {
    std::vector<ExtentTerm> terms;
};

} // namespace detail

using detail::Atom;
using detail::Polynomial;

namespace {

using Terms = std::vector<ExtentTerm>;

bool before(const ExtentTerm& a, const ExtentTerm& b)
{
    // Higher degree first, then older atoms first; the constant comes last, as people write it.
    if (a.factors.size() != b.factors.size()) return a.factors.size() > b.factors.size();
    return std::lexicographical_compare(a.factors.begin(), a.factors.end(), b.factors.begin(),
                                        b.factors.end(),
                                        [](const Atom* x, const Atom* y) { return x->id < y->id; });
}

/// Every polynomial and atom of the process; they live as long as it does.
class Pool {
public:
    Pool()
    {
        for (std::size_t i = 0; i < early_.size(); ++i) {
            early_[i] = symbol(fmt::format("index{}", i));
            atoms_.back().is_index = true;
        }
        for (std::size_t i = 0; i < axes_.size(); ++i)
            axes_[i] = symbol(fmt::format("n{}", i));
    }
    const Atom* index(std::size_t i)
    {
        if (i < early_.size()) return early_[i];
        const std::lock_guard lock(mutex_);
        for (std::size_t k = early_.size() + late_.size(); k <= i; ++k) {
            const auto number = static_cast<std::uint32_t>(atoms_.size());
            late_.push_back(&atoms_.emplace_back(
                Atom{AtomKind::symbol, number, fmt::format("index{}", k), 0, 0, nullptr, true}));
        }
        return late_[i - early_.size()];
    }
    const Atom* axis(std::size_t i) const { return axes_.at(i); }

    void label(const Atom* atom, std::string_view text)
    {
        const std::lock_guard lock(mutex_);
        labels_.emplace(atom, text);
    }
    std::string label_of(const Atom* atom)
    {
        const std::lock_guard lock(mutex_);
        const auto found = labels_.find(atom);
        return found == labels_.end() ? "?" : found->second;
    }

    const Atom* symbol(std::string_view symbol_name, const Location* where = nullptr)
    {
        const std::lock_guard lock(mutex_);
        const auto number = static_cast<std::uint32_t>(atoms_.size());
        return &atoms_.emplace_back(
            Atom{AtomKind::symbol, number, std::string(symbol_name), 0, 0, where});
    }

    const Atom* opaque(AtomKind atom_kind, const Extent& a, const Extent& b)
    {
        const std::lock_guard lock(mutex_);
        const Key key{atom_kind, {a.polynomial(), known(a)}, {b.polynomial(), known(b)}};
        auto& slot = opaque_[key];
        if (!slot) {
            const auto number = static_cast<std::uint32_t>(atoms_.size());
            slot = &atoms_.emplace_back(Atom{atom_kind, number, {}, a, b});
        }
        return slot;
    }

    const Polynomial* polynomial(Terms terms)
    {
        std::size_t hash = terms.size();
        for (const ExtentTerm& t : terms) {
            hash = hash * 1000003 + static_cast<std::size_t>(t.coefficient);
            for (const Atom* f : t.factors)
                hash = hash * 1000003 + f->id + 1;
        }
        const std::lock_guard lock(mutex_);
        auto [first, last] = by_hash_.equal_range(hash);
        for (; first != last; ++first)
            if (equal(first->second->terms, terms)) return first->second;
        polynomials_.push_back({std::move(terms)});
        return by_hash_.emplace(hash, &polynomials_.back())->second;
    }

private:
    using Operand = std::pair<const Polynomial*, std::int64_t>;
    using Key = std::tuple<AtomKind, Operand, Operand>;

    static std::int64_t known(const Extent& e) { return e.is_known() ? e.value() : 0; }
    static bool equal(const Terms& a, const Terms& b)
    {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](auto& x, auto& y) {
            return x.coefficient == y.coefficient && x.factors == y.factors;
        });
    }

    std::mutex mutex_;
    std::deque<Atom> atoms_;
    std::array<const Atom*, 256> early_; // set once, read by all
    std::array<const Atom*, 64> axes_;   // the same
    std::deque<const Atom*> late_;       // index symbols after the early ones
    std::deque<Polynomial> polynomials_;
    std::map<Key, const Atom*> opaque_;         // looked up, never iterated
    std::map<const Atom*, std::string> labels_; // the same
    std::unordered_multimap<std::size_t, const Polynomial*> by_hash_;
};

Pool& pool()
{
    static Pool* const all = new Pool;
    return *all;
}

std::int64_t wrap_add(std::int64_t a, std::int64_t b)
{
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t wrap_mul(std::int64_t a, std::int64_t b)
{
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}
std::int64_t floor_div_known(std::int64_t a, std::int64_t b)
{
    if (b == 0) return 0;
    if (b == -1) return wrap_mul(a, -1);
    const std::int64_t q = a / b;
    return q * b != a && (a < 0) != (b < 0) ? q - 1 : q;
}

Terms times(const ExtentTerm& t, const Extent& by)
{
    Terms product;
    for (const ExtentTerm& y : terms(by)) {
        ExtentTerm p{wrap_mul(t.coefficient, y.coefficient), t.factors};
        p.factors.insert(p.factors.end(), y.factors.begin(), y.factors.end());
        std::sort(p.factors.begin(), p.factors.end(),
                  [](const Atom* a, const Atom* b) { return a->id < b->id; });
        product.push_back(std::move(p));
    }
    return product;
}

/// floor_div(a, b) * b + mod(a, b) is a again: an index that was taken apart and put together.
bool put_together(Terms& all)
{
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto part = std::ranges::find(all[i].factors, AtomKind::mod, &Atom::kind);
        if (part == all[i].factors.end()) continue;
        const Atom* rest = *part;
        ExtentTerm outside = all[i];
        outside.factors.erase(outside.factors.begin() + (part - all[i].factors.begin()));
        const Extent quotient = floor_div(rest->a, rest->b);
        const Terms whole = times(outside, quotient * rest->b); // several terms where b is a sum
        const auto is_in = [](const Terms& list, const ExtentTerm& t) {
            return std::ranges::any_of(list, [&](const ExtentTerm& other) {
                return t.coefficient == other.coefficient && t.factors == other.factors;
            });
        };
        if (!std::ranges::all_of(whole, [&](const ExtentTerm& t) { return is_in(all, t); }))
            continue;
        Terms added = times(outside, rest->a);
        all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
        std::erase_if(all, [&](const ExtentTerm& t) { return is_in(whole, t); });
        std::ranges::move(added, std::back_inserter(all));
        return true;
    }
    return false;
}

Extent normal(Terms terms);

/// Adds up equal monomials, interns.
Extent normal_of_sorted(Terms terms)
{
    Terms merged;
    merged.reserve(terms.size());
    for (ExtentTerm& t : terms) {
        if (!merged.empty() && merged.back().factors == t.factors)
            merged.back().coefficient = wrap_add(merged.back().coefficient, t.coefficient);
        else
            merged.push_back(std::move(t));
        if (merged.back().coefficient == 0) merged.pop_back();
    }
    if (merged.empty()) return 0;
    if (merged.size() == 1 && merged[0].factors.empty()) return merged[0].coefficient;
    if (merged.size() > 1 && put_together(merged)) return normal(std::move(merged));
    return Extent::from(pool().polynomial(std::move(merged)));
}

Extent normal(Terms terms)
{
    std::sort(terms.begin(), terms.end(), before);
    return normal_of_sorted(std::move(terms));
}

/// a + sign * b: both have their terms in order.
Extent combine(const Extent& a, const Extent& b, std::int64_t sign)
{
    Terms sum = terms(a);
    const auto count = static_cast<std::ptrdiff_t>(sum.size());
    for (ExtentTerm& t : terms(b))
        sum.push_back({wrap_mul(t.coefficient, sign), std::move(t.factors)});
    std::inplace_merge(sum.begin(), sum.begin() + count, sum.end(), before);
    return normal_of_sorted(std::move(sum));
}

Extent of(const Atom* atom) { return normal({{1, {atom}}}); }

/// a / b where b is a known number that divides every coefficient of a, or where b is a's only
/// factor.
bool divide_exactly(const Extent& a, const Extent& b, Extent& quotient)
{
    if (same(a, b)) {
        quotient = 1;
        return true;
    }
    const Terms divisor = terms(b);
    if (divisor.size() != 1) return false;
    Terms result;
    for (ExtentTerm t : terms(a)) {
        if (t.coefficient % divisor[0].coefficient != 0) return false;
        t.coefficient /= divisor[0].coefficient;
        for (const Atom* f : divisor[0].factors) {
            const auto at = std::find(t.factors.begin(), t.factors.end(), f);
            if (at == t.factors.end()) return false;
            t.factors.erase(at);
        }
        result.push_back(std::move(t));
    }
    quotient = normal(std::move(result));
    return true;
}

Extent opaque(AtomKind atom_kind, const Extent& a, const Extent& b)
{
    return of(pool().opaque(atom_kind, a, b));
}

} // namespace

const Atom* index_symbol(std::size_t i) { return pool().index(i); }
bool is_index_symbol(const Atom* atom) { return atom->is_index; }
const Atom* axis_symbol(std::size_t i) { return pool().axis(i); }
void label_symbol(const Atom* symbol, std::string_view text) { pool().label(symbol, text); }
const Location* location(const Atom* symbol) { return symbol->where; }

Extent dim(std::string_view name, Where where)
{
    const Location* place = locate(where);
    refuse_control_characters(name, "dim", place);
    return of(pool().symbol(name, place));
}

std::int64_t Extent::value(Where where) const
{
    if (polynomial_)
        throw user_error(Code::shape, locate(where), "extent",
                         "{} is known only when a function runs", to_string(*this));
    return known_;
}

Extent operator+(const Extent& a, const Extent& b)
{
    if (a.is_known() && b.is_known()) return wrap_add(a.known_, b.known_);
    return combine(a, b, 1);
}

Extent operator-(const Extent& a) { return Extent(0) - a; }
Extent operator-(const Extent& a, const Extent& b)
{
    if (same(a, b)) return 0;
    if (a.is_known() && b.is_known()) return wrap_add(a.known_, wrap_mul(b.known_, -1));
    return combine(a, b, -1);
}

Extent operator*(const Extent& a, const Extent& b)
{
    if (a.is_known() && b.is_known()) return wrap_mul(a.known_, b.known_);
    Terms product;
    for (const ExtentTerm& x : terms(a))
        std::ranges::move(times(x, b), std::back_inserter(product));
    return normal(std::move(product));
}

namespace {

/// `a` as quotient * b + rest, where b is known and the rest is: that of 2*n + 1 by 2 is 1.
bool divide_with_rest(const Extent& a, const Extent& b, Extent& quotient, std::int64_t& rest)
{
    if (!b.is_known() || b.value() <= 0) return false;
    Terms whole;
    rest = 0;
    for (ExtentTerm t : terms(a)) {
        if (t.factors.empty()) {
            rest = t.coefficient - floor_div_known(t.coefficient, b.value()) * b.value();
            t.coefficient = floor_div_known(t.coefficient, b.value());
        } else if (t.coefficient % b.value() == 0) {
            t.coefficient /= b.value();
        } else {
            return false;
        }
        whole.push_back(std::move(t));
    }
    quotient = extent_of(std::move(whole));
    return true;
}

} // namespace

Extent floor_div(const Extent& a, const Extent& b)
{
    if (a.is_known() && b.is_known()) return floor_div_known(a.value(), b.value());
    if (b.is_known() && b.value() == 1) return a;
    if (b.is_known() && b.value() == 0) return 0;
    // With a symbolic divisor n the quotient is exact only where n != 0; n / n of an empty axis is
    // 0 elements either way, as every use multiplies by an extent that contains n.
    Extent quotient = 0;
    std::int64_t rest = 0;
    if (divide_exactly(a, b, quotient) || divide_with_rest(a, b, quotient, rest)) return quotient;
    return opaque(AtomKind::floor_div, a, b);
}

Extent mod(const Extent& a, const Extent& b)
{
    if (a.is_known() && b.is_known())
        return wrap_add(a.value(), -wrap_mul(floor_div_known(a.value(), b.value()), b.value()));
    Extent quotient = 0;
    if (divide_exactly(a, b, quotient)) return 0;
    if (std::int64_t rest = 0; divide_with_rest(a, b, quotient, rest)) return rest;
    return opaque(AtomKind::mod, a, b);
}

Extent minimum(const Extent& a, const Extent& b)
{
    if (never_negative(b - a)) return a;
    if (never_negative(a - b)) return b;
    return opaque(AtomKind::minimum, a, b);
}

Extent maximum(const Extent& a, const Extent& b)
{
    if (never_negative(b - a)) return b;
    if (never_negative(a - b)) return a;
    return opaque(AtomKind::maximum, a, b);
}

namespace {
bool never_negative(const Atom* atom)
{
    switch (atom->kind) {
    case AtomKind::symbol:
        return true;
    case AtomKind::floor_div:
    case AtomKind::mod:
    case AtomKind::minimum:
        return never_negative(atom->a) && never_negative(atom->b);
    case AtomKind::maximum:
        return never_negative(atom->a) || never_negative(atom->b);
    }
    return false;
}
} // namespace

bool never_negative(const Extent& a)
{
    if (a.is_known()) return a.value() >= 0;
    return std::ranges::all_of(a.polynomial()->terms, [](const ExtentTerm& t) {
        return t.coefficient >= 0 &&
               std::ranges::all_of(t.factors, [](const Atom* f) { return never_negative(f); });
    });
}

bool never_more(const Extent& a, const Extent& b)
{
    if (a.is_known() && b.is_known()) return a.value() <= b.value();
    const Terms own[] = {a.polynomial() ? Terms{} : terms(a), b.polynomial() ? Terms{} : terms(b)};
    const Terms& less = a.polynomial() ? a.polynomial()->terms : own[0];
    const Terms& more = b.polynomial() ? b.polynomial()->terms : own[1];
    const auto holds = [](std::int64_t coefficient, const ExtentTerm& t) {
        return coefficient >= 0 &&
               (coefficient == 0 ||
                std::ranges::all_of(t.factors, [](const Atom* f) { return never_negative(f); }));
    };
    bool all = true;
    for (auto x = less.begin(), y = more.begin(); all && (x != less.end() || y != more.end());) {
        if (y == more.end() || (x != less.end() && before(*x, *y)))
            all = holds(wrap_mul(x->coefficient, -1), *x), ++x;
        else if (x == less.end() || before(*y, *x))
            all = holds(y->coefficient, *y), ++y;
        else
            all = holds(wrap_add(y->coefficient, wrap_mul(x->coefficient, -1)), *x), ++x, ++y;
    }
    // Quotients and remainders may come together in the difference.
    const auto is_symbol = [](const Atom* f) { return f->kind == AtomKind::symbol; };
    const auto is_plain = [&](const ExtentTerm& t) {
        return std::ranges::all_of(t.factors, is_symbol);
    };
    if (all || (std::ranges::all_of(less, is_plain) && std::ranges::all_of(more, is_plain)))
        return all;
    return never_negative(b - a);
}

bool never_equal(const Extent& a, const Extent& b)
{
    const Extent difference = a - b;
    if (difference.is_known()) return difference.value() != 0;
    return never_negative(difference - 1) || never_negative(-difference - 1);
}

Extent element_count(const Shape& shape)
{
    Extent count = 1;
    for (const Extent& e : shape)
        count = count * e;
    return count;
}

bool same(const Shape& a, const Shape& b) noexcept
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const Extent& x, const Extent& y) { return same(x, y); });
}

std::vector<ExtentTerm> terms(const Extent& extent)
{
    if (extent.polynomial()) return extent.polynomial()->terms;
    if (extent.value() == 0) return {};
    return {{extent.value(), {}}};
}

Extent extent_of(std::vector<ExtentTerm> terms) { return normal(std::move(terms)); }

AtomKind kind(const Atom* atom) { return atom->kind; }
std::string_view name(const Atom* atom) { return atom->name; }
std::string label(const Atom* symbol)
{
    return symbol->name.empty() ? pool().label_of(symbol) : symbol->name;
}
std::uint32_t id(const Atom* atom) { return atom->id; }
std::pair<Extent, Extent> operands(const Atom* atom) { return {atom->a, atom->b}; }
Extent as_extent(const Atom* atom) { return of(atom); }

const Atom* as_symbol(const Extent& extent)
{
    if (!extent.polynomial()) return nullptr;
    const Terms& all = extent.polynomial()->terms;
    if (all.size() != 1 || all[0].coefficient != 1 || all[0].factors.size() != 1) return nullptr;
    return all[0].factors[0]->kind == AtomKind::symbol ? all[0].factors[0] : nullptr;
}

namespace {
void collect(const Extent& extent, std::vector<const Atom*>& found)
{
    if (extent.is_known()) return;
    for (const ExtentTerm& t : extent.polynomial()->terms)
        for (const Atom* f : t.factors) {
            if (f->kind == AtomKind::symbol)
                found.push_back(f);
            else {
                collect(f->a, found);
                collect(f->b, found);
            }
        }
}
} // namespace

std::vector<const Atom*> symbols(const Extent& extent)
{
    std::vector<const Atom*> found;
    collect(extent, found);
    std::sort(found.begin(), found.end(),
              [](const Atom* a, const Atom* b) { return a->id < b->id; });
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

namespace {
Extent rebuild(AtomKind atom_kind, const Extent& a, const Extent& b)
{
    switch (atom_kind) {
    case AtomKind::symbol:
        break;
    case AtomKind::floor_div:
        return floor_div(a, b);
    case AtomKind::mod:
        return mod(a, b);
    case AtomKind::minimum:
        return minimum(a, b);
    case AtomKind::maximum:
        return maximum(a, b);
    }
    throw internal_error("extent", "a symbol has no operands");
}
} // namespace

Extent substitute(const Extent& extent, const Substitution& by)
{
    if (extent.is_known() || by.empty()) return extent;
    Terms sum;
    for (const ExtentTerm& t : extent.polynomial()->terms) {
        Extent product = t.coefficient;
        for (const Atom* f : t.factors) {
            Extent factor = of(f);
            if (f->kind == AtomKind::symbol) {
                for (const auto& [symbol, value] : by)
                    if (symbol == f) factor = value;
            } else
                factor = rebuild(f->kind, substitute(f->a, by), substitute(f->b, by));
            product = product * factor;
        }
        std::ranges::move(terms(product), std::back_inserter(sum));
    }
    return normal(std::move(sum));
}

std::int64_t evaluate(const Extent& extent,
                      const std::vector<std::pair<const Atom*, std::int64_t>>& values)
{
    std::int64_t sum = 0;
    for (const ExtentTerm& t : terms(extent)) {
        std::int64_t product = t.coefficient;
        for (const Atom* f : t.factors) {
            if (f->kind == AtomKind::symbol) {
                const auto at = std::find_if(values.begin(), values.end(),
                                             [&](const auto& v) { return v.first == f; });
                if (at == values.end())
                    throw internal_error("extent", "symbol {} has no value", to_string(of(f)));
                product = wrap_mul(product, at->second);
            } else {
                const Extent a = evaluate(f->a, values);
                const Extent b = evaluate(f->b, values);
                product = wrap_mul(product, rebuild(f->kind, a, b).value());
            }
        }
        sum = wrap_add(sum, product);
    }
    return sum;
}

} // namespace croton::inline v1
