#include <croton/ir/ops/params.hpp>
#include <croton/ir/scan_parts.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>

#include "dependence.hpp"

namespace croton::inline v1::detail {

namespace {

/// Ops that are looked at in the steps of one loop, one by one.
constexpr std::int64_t most_looked_at = std::int64_t{1} << 22;
/// Rounds after which a loop's states are taken to depend on all that goes into it.
constexpr int most_rounds = 64;

std::int64_t row_count(const Variable& row)
{
    std::vector<std::int64_t> extents;
    return known_extents(row, extents) ? product(extents) : 0;
}

std::int64_t ops_in(const ScanParts& loop)
{
    Variables results = loop.next;
    results.insert(results.end(), loop.out.begin(), loop.out.end());
    return static_cast<std::int64_t>(applies_of(results).size()) + 1;
}

/// The sets that an Apply has, in the order of ScanParams::kept.
void keep(const Apply& apply, std::span<const Sets> all, std::unordered_map<const Value*, Sets>& of)
{
    const std::vector<int>& kept = apply.params_as<ScanParams>().kept;
    std::size_t next = 0;
    for (std::size_t i = 0; i < kept.size(); ++i)
        if (kept[i]) of[apply.output(next++).value()] = i < all.size() ? all[i] : nullptr;
}

} // namespace

void Dependence::push_scan(const Apply& apply)
{
    const ScanParts loop = take_apart(apply);
    // Where a loop may begin behind its first place, a step is not tied to one.
    const bool tied = loop.steps.is_known() && !loop.endless && !loop.at_end && is_known(apply);
    if (tied && loop.steps.value() <= most_looked_at / ops_in(loop))
        push_steps(apply);
    else
        push_any_steps(apply);
}

void Dependence::push_steps(const Apply& apply)
{
    const ScanParts loop = take_apart(apply);
    const std::int64_t steps = loop.steps.value();
    std::vector<Sets> states, last;
    std::vector<Array> known; // of states that count, say
    for (const Variable& v : loop.init) {
        states.push_back(sets(v));
        known.push_back(is_float(v.dtype()) ? Array() : value(v));
    }
    last = states;
    Variables results = loop.next;
    results.insert(results.end(), loop.out.begin(), loop.out.end());
    std::vector<std::vector<Sets>> rows(results.size(),
                                        std::vector<Sets>(static_cast<std::size_t>(steps)));
    for (std::int64_t s = 0; s < steps; ++s) {
        const std::int64_t place = loop.reverse ? steps - 1 - s : s;
        Dependence body(*this, shared_);
        for (std::size_t i = 0; i < loop.x.size(); ++i) {
            const std::int64_t count = row_count(loop.x[i]);
            body.given(loop.x[i], part(sets(loop.sequences[i]), place * count, count));
            if (is_float(loop.x[i].dtype())) continue;
            if (const Array all = value(loop.sequences[i])) body.given(loop.x[i], all[place]);
        }
        for (std::size_t i = 0; i < loop.constant.size(); ++i) {
            body.given(loop.constant[i], sets(loop.constants[i]));
            if (const Array all = value(loop.constants[i])) body.given(loop.constant[i], all);
        }
        for (std::size_t i = 0; i < states.size(); ++i) {
            body.given(loop.state[i], states[i]);
            if (known[i]) body.given(loop.state[i], known[i]);
        }
        for (std::size_t i = 0; i < results.size(); ++i)
            rows[i][static_cast<std::size_t>(place)] = body.of(results[i]);
        for (std::size_t i = 0; i < states.size(); ++i) {
            states[i] = rows[i][static_cast<std::size_t>(place)];
            if (known[i]) known[i] = body.value(loop.next[i]);
            const Sets any[] = {last[i], states[i]};
            last[i] = loop.stop.is_empty() && loop.limit.is_empty()
                          ? states[i]
                          : united(any, row_count(loop.next[i]));
        }
    }
    std::vector<Sets> all = last;
    for (std::size_t i = 0; i < results.size(); ++i) {
        const std::vector<std::int64_t> counts(rows[i].size(), row_count(results[i]));
        all.push_back(rows[i].empty() ? nullptr : joined(rows[i], counts));
    }
    keep(apply, all, of_);
}

/// Steps that may be any: what they depend on together, until nothing is new.
void Dependence::push_any_steps(const Apply& apply)
{
    const ScanParts loop = take_apart(apply);
    const std::vector<Sets> inputs = sets_of_inputs(apply);
    std::vector<Sets> states;
    for (const Variable& v : loop.init)
        states.push_back(sets(v));
    const auto all_of = [](const Sets& s) { return in_one(std::span(&s, 1)); };
    Variables results = loop.next;
    results.insert(results.end(), loop.out.begin(), loop.out.end());
    std::vector<Sets> found(results.size());
    for (int round = 0;; ++round) {
        Dependence step(*this, shared_);
        for (std::size_t i = 0; i < loop.x.size(); ++i)
            step.given(loop.x[i], all_of(sets(loop.sequences[i])));
        for (std::size_t i = 0; i < loop.constant.size(); ++i)
            step.given(loop.constant[i], sets(loop.constants[i]));
        bool more = false;
        for (std::size_t i = 0; i < states.size(); ++i)
            step.given(loop.state[i], states[i]);
        for (std::size_t i = 0; i < results.size(); ++i)
            found[i] = step.of(results[i]);
        for (std::size_t i = 0; i < states.size(); ++i) {
            const Sets both[] = {states[i], found[i]};
            const Sets next =
                round < most_rounds ? united(both, row_count(loop.next[i])) : in_one(inputs);
            more |= !equal(next, states[i]);
            states[i] = next;
        }
        if (!more) break;
    }
    std::vector<Sets> all = states;
    for (const Sets& s : found)
        all.push_back(all_of(s));
    keep(apply, all, of_);
}

void Dependence::push_switch(const Apply& apply)
{
    std::vector<std::vector<Sets>> found(apply.output_count());
    for (const Region& branch : apply.params_as<SwitchParams>().branches) {
        Dependence body(*this, shared_);
        for (std::size_t i = 0; i < branch.inputs().size(); ++i) {
            body.given(branch.inputs()[i], sets(apply.input(i + 1)));
            if (const Array known = value(apply.input(i + 1)))
                body.given(branch.inputs()[i], known);
        }
        for (std::size_t o = 0; o < found.size(); ++o)
            found[o].push_back(body.of(branch.outputs()[o]));
    }
    for (std::size_t o = 0; o < found.size(); ++o) {
        const Variable y = apply.output(o);
        of_[y.value()] = united(found[o], row_count(y));
    }
}

} // namespace croton::inline v1::detail
