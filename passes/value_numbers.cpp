#include "value_numbers.hpp"

#include <croton/ir/hash.hpp>
#include <croton/ir/op.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>

namespace croton::inline v1 {

using detail::HashIndex;

using Id = ValueNumbers::Id;

namespace {

/// The first of `all` that `equal` holds of, or `next`, which becomes it.
template <class Equal>
Id first_of(HashIndex& index, std::size_t hash, Id next, Equal equal)
{
    const Id at = index.find(hash, equal);
    if (at != HashIndex::none) return at;
    index.insert(hash, next);
    return next;
}

bool same_kind(const Apply& a, const Apply& b)
{
    if (&a.op() != &b.op() || a.output_count() != b.output_count()) return false;
    for (std::size_t i = 0; i < a.output_count(); ++i)
        if (a.output(i).type() != b.output(i).type()) return false;
    return a.inputs().size() == b.inputs().size() && equal(a.params(), b.params());
}

Id as_id(std::size_t n) { return static_cast<Id>(n); }

} // namespace

ValueNumbers::ValueNumbers(std::span<const Variable> outputs)
    : leaves_(leaves(outputs)), applies_(applies_of(outputs))
{
    HashIndex constants, kinds;
    for (const Variable& v : leaves_) {
        const Id next = as_id(same_constant_.size());
        same_constant_.push_back(
            v.leaf() != Leaf::constant
                ? next
                : first_of(constants, hash_array(v.constant()), next, [&](Id i) {
                      return leaves_[i].is_weak() == v.is_weak() &&
                             identical(leaves_[i].constant(), v.constant());
                  }));
        add(v);
    }
    for (const Apply& a : applies_) {
        kinds_.push_back(first_of(kinds, hash_of(&a.op(), hash(a.params())), as_id(kinds_.size()),
                                  [&](Id i) { return same_kind(applies_[i], a); }));
        first_operand_.push_back(operands_.size());
        for (const Variable& in : a.inputs())
            operands_.push_back(*places_.find(in.value()));
        for (std::size_t i = 0; i < a.output_count(); ++i)
            add(a.output(i));
    }
    first_operand_.push_back(operands_.size());
}

void ValueNumbers::add(const Variable& v)
{
    places_[v.value()] = as_id(numbers_.size());
    numbers_.push_back(0);
}

std::span<const Id> ValueNumbers::operands(std::size_t apply) const
{
    return std::span(operands_).subspan(first_operand_[apply],
                                        first_operand_[apply + 1] - first_operand_[apply]);
}

bool ValueNumbers::computes_alike(std::size_t a, std::size_t b) const
{
    if (kinds_[a] != kinds_[b]) return false;
    const std::span<const Id> x = operands(a), y = operands(b);
    const auto same_at = [&](std::size_t i, std::size_t j) {
        return numbers_[x[i]] == numbers_[y[j]];
    };
    bool in_order = true;
    for (std::size_t i = 0; i < x.size(); ++i)
        in_order &= same_at(i, i);
    return in_order ||
           (applies_[a].op().commutative && x.size() == 2 && same_at(0, 1) && same_at(1, 0));
}

void ValueNumbers::number(const Classes& classes, Id count)
{
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
        const Id* const given = classes.find(leaves_[i].value());
        numbers_[i] = given ? *given : count + same_constant_[i];
    }
    Id next = count + as_id(leaves_.size());
    HashIndex seen;
    std::size_t place = leaves_.size(); // of the apply's first output
    std::vector<std::size_t> places;    // of each apply's
    for (std::size_t k = 0; k < applies_.size(); ++k) {
        std::size_t all = 0;
        for (const Id at : operands(k)) {
            const std::size_t one = hash_of(numbers_[at]);
            all = applies_[k].op().commutative ? all + one : hash_of(all, one);
        }
        const Id first = first_of(seen, hash_of(all, kinds_[k]), as_id(k),
                                  [&](Id i) { return computes_alike(i, k); });
        places.push_back(place);
        for (std::size_t i = 0; i < applies_[k].output_count(); ++i)
            numbers_[place + i] = first == k ? next++ : numbers_[places[first] + i];
        place += applies_[k].output_count();
    }
}

} // namespace croton::inline v1
