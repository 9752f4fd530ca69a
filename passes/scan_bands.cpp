#include <croton/ir/build.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/print.hpp>
#include <croton/ir/scan_parts.hpp>

#include <algorithm>

#include "sparse_bands.hpp"

namespace croton::inline v1::detail {

namespace {

/// Rounds after which bands of a step that still become more are none.
constexpr int most_rounds = 16;

bool same_kind(const Band& a, const Band& b)
{
    return same(a.ranges, b.ranges) &&
           std::ranges::equal(a.column, b.column,
                              [](const Extent& p, const Extent& q) { return same(p, q); });
}

bool is_everywhere(const Band& b) { return std::ranges::any_of(b.places, &Band::Guards::empty); }

/// Adds a step's bands to those before it, 0 there so far.
/// returns  whether there are more now, or more places.
bool add_bands(std::vector<Band>& to, const std::vector<Band>& more)
{
    bool grew = false;
    for (const Band& b : more) {
        const auto have = std::ranges::find_if(to, [&](const Band& t) { return same_kind(t, b); });
        if (have == to.end()) {
            to.push_back(b);
            to.back().d = zeros_like(b.d);
            grew = true;
            continue;
        }
        const bool everywhere = is_everywhere(*have);
        const std::size_t places = have->places.size();
        have->places = either(have->places, b.places);
        grew = grew || have->places.size() != places || is_everywhere(*have) != everywhere;
    }
    return grew;
}

/// A leaf for each band of a value within a step.
std::vector<Band> with_leaves(std::vector<Band> bands)
{
    for (Band& b : bands)
        b.d = placeholder_like(b.d);
    return bands;
}

Variables values_of(const std::vector<Band>& bands)
{
    Variables all;
    for (const Band& b : bands)
        all.push_back(b.d);
    return all;
}

void append(Variables& to, const Variables& more) { to.insert(to.end(), more.begin(), more.end()); }

} // namespace

/// What a step adds to bands of its state: none but new ones are there in the next round, and where
/// there are no new ones, all bands of a state are states of a loop themselves.
void Bands::push_scan(const Apply& apply)
{
    if (!loops_) refuse(apply, "is looked at step by step");
    const ScanParts loop = take_apart(apply);
    for (const Variable& s : loop.sequences)
        if (!of_[s.value()].empty()) refuse(apply, "reads what depends on x step by step");
    std::vector<std::vector<Band>> first, constants; // of what is outside
    for (const Variable& v : loop.init)
        first.push_back(of_[v.value()]);
    for (const Variable& v : loop.constants)
        constants.push_back(of_[v.value()]);
    for (int round = 0; round < most_rounds; ++round) {
        // Bands within the step.
        std::vector<std::vector<Band>> state, constant, next, out;
        Bands step(*this);
        for (std::size_t i = 0; i < first.size(); ++i)
            step.of_[loop.state[i].value()] = state.emplace_back(with_leaves(first[i]));
        for (std::size_t i = 0; i < constants.size(); ++i)
            step.of_[loop.constant[i].value()] = constant.emplace_back(with_leaves(constants[i]));
        for (const Variable& v : loop.next)
            next.push_back(step.of(v));
        for (const Variable& v : loop.out)
            out.push_back(step.of(v));
        bool grew = false;
        for (std::size_t i = 0; i < first.size(); ++i)
            grew = add_bands(first[i], next[i]) || grew;
        if (grew) continue;
        ScanParts parts = loop;
        std::vector<std::size_t> first_state, first_out;
        for (std::size_t i = 0; i < first.size(); ++i) {
            first_state.push_back(parts.state.size());
            append(parts.init, values_of(first[i]));
            append(parts.state, values_of(state[i]));
            for (const Band& b : state[i]) {
                const auto at =
                    std::ranges::find_if(next[i], [&](const Band& n) { return same_kind(n, b); });
                parts.next.push_back(at == next[i].end() ? zeros_like(b.d) : at->d);
            }
        }
        for (std::size_t i = 0; i < constants.size(); ++i) {
            append(parts.constants, values_of(constants[i]));
            append(parts.constant, values_of(constant[i]));
        }
        for (const std::vector<Band>& bands : out) {
            first_out.push_back(parts.out.size());
            append(parts.out, values_of(bands));
        }
        const ScanResult all = build_scan(parts, apply.location());
        const auto& p = apply.params_as<ScanParams>();
        const std::size_t states = first.size();
        for (std::size_t k = 0; k < p.kept.size(); ++k) {
            const int output = scan_output(p, k);
            if (output < 0 || k == p.kept.size() - 1) continue;
            const bool is_last = k < states, is_out = k >= 2 * states;
            const std::size_t i = is_last ? k : is_out ? k - 2 * states : k - states;
            std::vector<Band> bands = is_out ? out[i] : first[i];
            for (std::size_t b = 0; b < bands.size(); ++b) {
                if (is_last)
                    bands[b].d = all.last[first_state[i] + b];
                else
                    bands[b] = along_steps(bands[b], is_out ? all.out[first_out[i] + b]
                                                            : all.history[first_state[i] + b]);
            }
            of_[apply.output(static_cast<std::size_t>(output)).value()] = std::move(bands);
        }
        return;
    }
    refuse(apply, "has more bands with each step");
}

/// A band of a step as one of what is collected along a new axis 0, which is in front of its
/// ranges.
Band Bands::along_steps(Band band, const Variable& collected)
{
    const auto ranges = static_cast<int>(band.ranges.size());
    std::vector<int> order;
    Substitution by;
    for (int i = 0; i < collected.rank(); ++i) {
        order.push_back(i < ranges ? i + 1 : i == ranges ? 0 : i);
        if (i <= ranges) continue;
        const auto axis = static_cast<std::size_t>(i - ranges);
        by.emplace_back(as_symbol(row_symbol(axis - 1)), row_symbol(axis));
    }
    by = tables_->with(by, band.expressions());
    for (Extent& e : band.column)
        e = substitute(e, by);
    for (Band::Guards& guards : band.places)
        for (IndexPiece::Guard& g : guards)
            g = {substitute(g.value, by), substitute(g.bound, by)};
    band.d = ranges == 0 ? collected : transpose(collected, order);
    return band;
}

} // namespace croton::inline v1::detail
