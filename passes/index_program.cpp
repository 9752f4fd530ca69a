#include "index_program.hpp"

#include <croton/ir/format.hpp>

#include <algorithm>

namespace croton::inline v1::detail {

IndexProgram::IndexProgram(std::span<const Extent> symbols)
    : symbols_(symbols.size()), values_(symbols.size(), 0)
{
    for (std::size_t i = 0; i < symbols.size(); ++i)
        atoms_.emplace(as_symbol(symbols[i]), static_cast<int>(i));
}

int IndexProgram::push(Step step)
{
    steps_.push_back(std::move(step));
    values_.push_back(0);
    return static_cast<int>(values_.size()) - 1;
}

int IndexProgram::atom(const Atom* a)
{
    if (const auto at = atoms_.find(a); at != atoms_.end()) return at->second;
    if (kind(a) == AtomKind::symbol)
        throw internal_error("sparse", "an index depends on the symbol {}", name(a));
    const auto [left, right] = operands(a);
    const int l = add(left), r = add(right);
    const int at = push({kind(a), l, r, {}});
    atoms_.emplace(a, at);
    return at;
}

int IndexProgram::add(const Extent& e)
{
    if (const Atom* symbol = as_symbol(e)) return atom(symbol);
    Step sum{AtomKind::symbol, 0, 0, {}};
    for (const ExtentTerm& t : terms(e)) {
        std::vector<int> factors;
        for (const Atom* f : t.factors)
            factors.push_back(atom(f));
        sum.terms.emplace_back(t.coefficient, std::move(factors));
    }
    return push(std::move(sum));
}

void IndexProgram::run(std::span<const std::int64_t> symbols)
{
    std::ranges::copy(symbols, values_.begin());
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        const Step& s = steps_[i];
        const std::int64_t a = value(s.a), b = value(s.b);
        std::int64_t& to = values_[symbols_ + i];
        switch (s.kind) {
        case AtomKind::symbol:
            to = 0;
            for (const auto& [coefficient, factors] : s.terms) {
                std::int64_t term = coefficient;
                for (const int f : factors)
                    term *= value(f);
                to += term;
            }
            break;
        case AtomKind::floor_div:
            to = floor_div(Extent(a), Extent(b)).value();
            break;
        case AtomKind::mod:
            to = mod(Extent(a), Extent(b)).value();
            break;
        case AtomKind::minimum:
            to = std::min(a, b);
            break;
        case AtomKind::maximum:
            to = std::max(a, b);
            break;
        }
    }
}

} // namespace croton::inline v1::detail
