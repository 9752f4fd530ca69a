#include "scan_snapshots.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/gather.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>

#include "batch.hpp"

namespace croton::inline v1::detail {

namespace {

Variable number() { return input("", DType::i64, {}); }
Variable number(std::int64_t n) { return constant(Array::scalar(n), nullptr); }

/// A row of an array for each of a known number; no index can be out of range.
Variable row_of(const Variable& rows, const Variable& at) { return take(rows, at, Axis{0}); }

Variables placeholders(const Variables& like)
{
    Variables all;
    for (const Variable& v : like)
        all.push_back(placeholder_like(v));
    return all;
}

void append(Variables& to, const Variables& more) { to.insert(to.end(), more.begin(), more.end()); }

/// b(s, r) for s up to `most` and r as far as `steps` need, but none larger than those.
std::vector<std::vector<std::int64_t>> binomials(std::int64_t most, std::int64_t steps)
{
    std::vector<std::vector<std::int64_t>> b(static_cast<std::size_t>(most) + 1);
    for (std::size_t r = 0; r == 0 || b.back()[r - 1] < steps; ++r)
        for (std::size_t s = 0; s < b.size(); ++s) {
            const std::int64_t sum = s == 0 || r == 0 ? 1 : b[s - 1][r] + b[s][r - 1];
            b[s].push_back(std::min(sum, steps + 1));
        }
    return b;
}

/// What is the same in all steps of the loop: its sequences as a whole, and its constants.
struct Shared {
    Variables sequences, constants;
};

class Snapshots {
public:
    explicit Snapshots(const ScanParts& loop) : loop_(loop), count_(loop.snapshots)
    {
        if (count_ == 1) return; // there is nowhere to store another one
        const auto b = binomials(count_, loop.steps.value());
        std::vector<std::int64_t> all;
        for (const auto& row : b)
            all.insert(all.end(), row.begin(), row.end());
        const std::vector<std::int64_t> shape{static_cast<std::int64_t>(b.size()),
                                              static_cast<std::int64_t>(b[0].size())};
        Array table = Array::empty_of(DType::i64, shape);
        std::ranges::copy(all, static_cast<std::int64_t*>(table.data()));
        table_ = constant(std::move(table), nullptr);
    }

    void add_to(ScanParts& adjoint) const
    {
        // Counted, as an array of numbers would be as long as the loop.
        const Variable step = number(), top = number();
        const Variable position = input("", DType::i64, {count_});
        const Shared shared{placeholders(loop_.sequences), loop_.constant};
        append(adjoint.constant, shared.sequences);
        append(adjoint.constants, loop_.sequences);
        Variables stored;
        for (const Variable& v : loop_.state)
            stored.push_back(placeholder_for_all(v, count_));
        Held held{stored, position, top, {}, {}};
        for (const Variable& v : stored)
            held.state.push_back(row_of(v, top));
        held.at = row_of(position, top);
        if (count_ > 1) store_on_the_way(held, step, shared);
        const Variables before = advance(held.state, held.at, step - held.at, shared);

        VariableMap by;
        for (std::size_t k = 0; k < before.size(); ++k)
            by.emplace(loop_.state[k], before[k]);
        adjoint.next = copy_graph(adjoint.next, by);
        adjoint.out = copy_graph(adjoint.out, by);
        for (std::size_t k = 0; k < stored.size(); ++k) {
            adjoint.state.push_back(stored[k]);
            adjoint.init.push_back(repeated(loop_.init[k], count_));
            adjoint.next.push_back(held.stored[k]);
        }
        append(adjoint.state, {step, position, top});
        append(adjoint.init,
               {number(loop_.steps.value() - 1), zeros(DType::i64, {count_}), number(0)});
        // The state before this step is not needed any more.
        const Variable below = where(held.at == step, held.top - 1, held.top);
        append(adjoint.next, {step - 1, held.position, maximum(below, number(0))});
    }

private:
    /// Places 0 .. top hold the states before the steps of these positions; `state` is the one at
    /// the top, `at` its position.
    struct Held {
        Variables stored;
        Variable position, top;
        Variables state;
        Variable at;
    };

    /// The states `count` steps further on than before step `from`.
    Variables advance(const Variables& state,
                      const Variable& from,
                      const Variable& count,
                      const Shared& shared) const
    {
        ScanParts p;
        p.steps = loop_.steps;
        p.limit = count;
        p.constants = shared.sequences;
        append(p.constants, shared.constants);
        p.constant = placeholders(p.constants);
        p.state = placeholders(loop_.state);
        p.state.push_back(number());
        p.init = state;
        p.init.push_back(from);
        const Variable step = p.state.back();
        const Variable row = loop_.reverse ? number(loop_.steps.value() - 1) - step : step;
        VariableMap by;
        for (std::size_t k = 0; k < loop_.x.size(); ++k)
            by.emplace(loop_.x[k], row_of(p.constant[k], row));
        for (std::size_t k = 0; k < loop_.constant.size(); ++k)
            by.emplace(loop_.constant[k], p.constant[loop_.x.size() + k]);
        for (std::size_t k = 0; k < loop_.state.size(); ++k)
            by.emplace(loop_.state[k], p.state[k]);
        p.next = copy_graph(loop_.next, by);
        p.next.push_back(step + 1);
        Variables last = build_scan(p, nullptr).last;
        last.pop_back();
        return last;
    }

    /// How far from a state before `left` steps the next one is stored, with `places` for both and
    /// what follows.
    Variable distance(const Variable& left, const Variable& places) const
    {
        const Variable here = row_of(table_, places), fewer = row_of(table_, places - 1);
        const Variable r = sum(cast(here < left, DType::i64));
        const Variable before = maximum(r - 1, number(0));
        return minimum(row_of(here, before), left - row_of(fewer, before));
    }

    /// A loop over the places, of which those behind the top are filled as far as `step` needs it.
    void store_on_the_way(Held& held, const Variable& step, const Shared& shared) const
    {
        ScanParts p;
        p.steps = count_;
        const Variable place = number(), position = number();
        const Variables rows = placeholders(loop_.state);
        p.x = {place, position};
        append(p.x, rows);
        p.sequences = {arange(count_), held.position};
        append(p.sequences, held.stored);
        const Variable at = number(), newest = number();
        p.state = placeholders(loop_.state);
        append(p.state, {at, newest});
        p.init = held.state;
        append(p.init, {held.at, held.top});
        const Variable top = number(), wanted = number();
        const Shared inside{placeholders(shared.sequences), placeholders(shared.constants)};
        p.constant = {top, wanted};
        append(p.constant, inside.sequences);
        append(p.constant, inside.constants);
        p.constants = {held.top, step};
        append(p.constants, shared.sequences);
        append(p.constants, shared.constants);

        const Variable left = wanted - at + 1;
        const Variable stores = place > top && left > 1;
        // In front of the top no distance is looked up that the table does not have.
        const Variable places = minimum(number(count_) - place + 1, number(count_));
        const Variable count = where(stores, distance(left, places), number(0));
        Variables state(p.state.begin(), p.state.end() - 2);
        state = advance(state, at, count, inside);
        p.next = state;
        append(p.next, {at + count, where(stores, place, newest)});
        p.out = {where(place > top, at + count, position)};
        for (std::size_t k = 0; k < rows.size(); ++k)
            p.out.push_back(where(place > top, state[k], rows[k]));
        drop_unused(p);
        const ScanResult r = build_scan(p, nullptr);
        held.position = r.out[0];
        held.stored.assign(r.out.begin() + 1, r.out.end());
        held.state.assign(r.last.begin(), r.last.end() - 2);
        held.at = r.last[r.last.size() - 2];
        held.top = r.last.back();
    }

    const ScanParts& loop_;
    int count_;
    Variable table_;
};

} // namespace

void restore_states(ScanParts& adjoint, const ScanParts& loop) { Snapshots(loop).add_to(adjoint); }

} // namespace croton::inline v1::detail

namespace croton::inline v1 {

Checkpoints binomial(int snapshots, Where where)
{
    constexpr int most = 4096; // each step of the reverse looks at all
    if (snapshots < 1 || snapshots > most)
        throw user_error(Code::domain, locate(where, "binomial"), "binomial",
                         "{} snapshots, not from 1 to {}", snapshots, most);
    Checkpoints c;
    c.snapshots_ = snapshots;
    return c;
}

} // namespace croton::inline v1
