#include "scan_parts.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <unordered_set>

namespace croton::inline v1::detail {

namespace {

/// The next `count` of `all`.
Variables take(std::span<const Variable>& all, std::size_t count)
{
    const auto part = all.first(count);
    all = all.subspan(count);
    return {part.begin(), part.end()};
}

Variables joined(const Variables& a, const Variables& b, const Variables& c, const Variable& last)
{
    Variables all = a;
    all.insert(all.end(), b.begin(), b.end());
    all.insert(all.end(), c.begin(), c.end());
    if (!last.is_empty()) all.push_back(last);
    return all;
}

} // namespace

Variable placeholder_like(const Variable& v) { return input("", v.dtype(), v.shape()); }

bool is_zero(const Variable& v)
{
    double value = 1;
    return v.is_empty() || (uniform_value(v, value) && value == 0);
}

Variables in_places(const Apply& a, const std::vector<bool>& used, const Variables& kept)
{
    Variables all;
    std::size_t next = 0;
    for (std::size_t i = 0; i < used.size(); ++i) {
        all.push_back(used[i] ? kept[next++] : Variable());
        if (used[i] && !a.output(i).name().empty()) all[i].named(a.output(i).name());
    }
    return all;
}

ScanParts take_apart(const Apply& scan)
{
    const auto& p = scan.params_as<ScanParams>();
    const auto sequences = static_cast<std::size_t>(p.sequences);
    const auto states = static_cast<std::size_t>(p.states);
    ScanParts parts;
    parts.steps = p.steps;
    parts.reverse = p.reverse;
    parts.at_end = p.at_end;
    parts.endless = p.endless;
    parts.snapshots = p.snapshots;
    std::span<const Variable> outside = scan.inputs();
    parts.sequences = take(outside, sequences);
    parts.init = take(outside, states);
    parts.constants = take(outside, outside.size() - (p.limited ? 1 : 0));
    if (p.limited) parts.limit = outside.back();
    std::span<const Variable> inside = p.body.inputs();
    parts.x = take(inside, sequences);
    parts.state = take(inside, states);
    parts.constant = take(inside, inside.size());
    std::span<const Variable> results = p.body.outputs();
    parts.next = take(results, states);
    parts.out = take(results, results.size() - (p.until ? 1 : 0));
    if (p.until) parts.stop = results.back();
    for (const Requirement& r : scan.requirements()) {
        parts.required.push_back(r);
        if (!r.where) parts.required.back().where = scan.location();
    }
    return parts;
}

void drop_unused(ScanParts& parts)
{
    std::unordered_set<const Value*> used;
    for (const Variable& v : leaves(joined(parts.next, parts.out, {}, parts.stop)))
        used.insert(v.value());
    const auto drop = [&](Variables& inside, Variables& outside) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < inside.size(); ++i) {
            if (!used.contains(inside[i].value())) continue;
            inside[kept] = inside[i];
            outside[kept++] = outside[i];
        }
        inside.resize(kept);
        outside.resize(kept);
    };
    drop(parts.x, parts.sequences);
    drop(parts.constant, parts.constants);
}

namespace {

/// The results of a loop that requires `more` besides what follows from its own operands.
Variables also_requiring(const std::vector<Requirement>& more, const Variables& results)
{
    if (more.empty() || results.empty()) return results;
    const Apply scan = results[0].owner();
    std::vector<Requirement> all(scan.requirements().begin(), scan.requirements().end());
    for (const Requirement& r : more)
        if (std::ranges::none_of(all, [&](const Requirement& have) { return same(have, r); }))
            all.push_back(r);
    std::vector<Type> types;
    for (const Variable& v : results)
        types.push_back(v.type());
    return rebuild(scan_op, scan.inputs(), scan.params(), types, scan.location(), false,
                   std::move(all));
}

} // namespace

Variables build_kept(const ScanParts& parts, std::vector<int> kept, const Location* where)
{
    ScanParams p;
    p.body = Region(joined(parts.x, parts.state, parts.constant, {}),
                    joined(parts.next, parts.out, {}, parts.stop));
    p.sequences = static_cast<int>(parts.x.size());
    p.states = static_cast<int>(parts.state.size());
    p.outs = static_cast<int>(parts.out.size());
    p.reverse = parts.reverse;
    p.until = !parts.stop.is_empty();
    p.limited = !parts.limit.is_empty();
    p.at_end = parts.at_end;
    p.endless = parts.endless;
    p.snapshots = parts.snapshots;
    p.steps = parts.steps;
    p.kept = std::move(kept);
    return also_requiring(
        parts.required,
        apply_all(scan_op, joined(parts.sequences, parts.init, parts.constants, parts.limit),
                  make_params(std::move(p)), where));
}

ScanResult build_scan(const ScanParts& parts, const Location* where)
{
    const std::size_t states = parts.state.size();
    std::vector<int> kept(2 * states + parts.out.size() + 1, 1);
    if (parts.endless) std::fill(kept.begin() + static_cast<std::ptrdiff_t>(states), kept.end(), 0);
    kept.back() = parts.stop.is_empty() ? 0 : 1;
    const Variables all = build_kept(parts, kept, where);
    std::span<const Variable> rest = all;
    ScanResult r;
    r.last = take(rest, states);
    r.history = take(rest, parts.endless ? 0 : states);
    r.out = take(rest, parts.endless ? 0 : parts.out.size());
    if (!rest.empty()) r.count = rest[0];
    return r;
}

namespace {

/// Which states, histories and outs of a loop are asked for, and which states those need in turn.
class Liveness {
public:
    Liveness(const Apply& scan, const ScanParts& parts, const std::vector<bool>& used)
        : parts_(parts), states_(parts.state.size())
    {
        const auto& p = scan.params_as<ScanParams>();
        for (std::size_t k = 0; k < p.kept.size(); ++k) {
            const int at = scan_output(p, k);
            asked_.push_back(at >= 0 && used[static_cast<std::size_t>(at)] ? 1 : 0);
        }
        for (std::size_t k = 0; k < states_; ++k) {
            live_.push_back(asked_[k] || asked_[states_ + k]);
            still_.push_back(same(parts.next[k], parts.state[k]) && !asked_[states_ + k]);
        }
        while (spread()) {
        }
    }

    bool state(std::size_t k) const { return live_[k] && !still_[k]; }
    /// A state that no step changes is a constant.
    bool constant(std::size_t k) const { return live_[k] && still_[k]; }
    bool out(std::size_t j) const { return asked_[2 * states_ + j] != 0; }

    /// Flags of the outputs of the loop without dead states and outs.
    std::vector<int> kept() const
    {
        std::vector<int> flags;
        for (std::size_t k = 0; k + 1 < asked_.size(); ++k)
            if (k < 2 * states_ ? state(k % states_) : asked_[k] != 0) flags.push_back(asked_[k]);
        flags.push_back(asked_.back()); // the number of steps
        return flags;
    }

private:
    bool spread()
    {
        Variables results;
        for (std::size_t k = 0; k < states_; ++k)
            if (live_[k]) results.push_back(parts_.next[k]);
        for (std::size_t j = 0; j < parts_.out.size(); ++j)
            if (out(j)) results.push_back(parts_.out[j]);
        if (!parts_.stop.is_empty()) results.push_back(parts_.stop);
        std::unordered_set<const Value*> needed;
        for (const Variable& v : leaves(results))
            needed.insert(v.value());
        bool again = false;
        for (std::size_t k = 0; k < states_; ++k)
            if (!live_[k] && needed.contains(parts_.state[k].value())) again = live_[k] = true;
        return again;
    }

    const ScanParts& parts_;
    std::size_t states_;
    std::vector<int> asked_;
    std::vector<bool> live_, still_;
};

ScanParts live_parts(const ScanParts& parts, const Liveness& live)
{
    ScanParts kept = parts;
    for (Variables* group : {&kept.init, &kept.state, &kept.next, &kept.out})
        group->clear();
    for (std::size_t k = 0; k < parts.state.size(); ++k) {
        if (live.constant(k)) {
            kept.constants.push_back(parts.init[k]);
            kept.constant.push_back(parts.state[k]);
        }
        if (!live.state(k)) continue;
        kept.init.push_back(parts.init[k]);
        kept.state.push_back(parts.state[k]);
        kept.next.push_back(parts.next[k]);
    }
    for (std::size_t j = 0; j < parts.out.size(); ++j)
        if (live.out(j)) kept.out.push_back(parts.out[j]);
    drop_unused(kept);
    return kept;
}

} // namespace

} // namespace croton::inline v1::detail

namespace croton::inline v1 {

Variables trim_scan(const Apply& scan, const std::vector<bool>& used)
{
    const detail::ScanParts parts = detail::take_apart(scan);
    const detail::Liveness live(scan, parts, used);
    const detail::ScanParts kept = detail::live_parts(parts, live);
    const std::size_t inputs =
        kept.x.size() + kept.state.size() + kept.constant.size() + (kept.limit.is_empty() ? 0 : 1);
    const std::vector<int> flags = live.kept();
    if (inputs == scan.inputs().size() && kept.out.size() == parts.out.size() &&
        flags == scan.params_as<ScanParams>().kept)
        return scan.outputs();
    std::vector<bool> by_loop = used;
    Variables constants(used.size());
    for (std::size_t k = 0; k < parts.state.size(); ++k)
        if (const int at = scan_output(scan.params_as<ScanParams>(), k);
            at >= 0 && live.constant(k)) {
            by_loop[static_cast<std::size_t>(at)] = false;
            constants[static_cast<std::size_t>(at)] = parts.init[k];
        }
    const bool any = std::ranges::count(by_loop, true) > 0;
    const Variables trimmed = any ? detail::build_kept(kept, flags, scan.location()) : Variables();
    Variables all = detail::in_places(scan, by_loop, trimmed);
    for (std::size_t i = 0; i < all.size(); ++i)
        if (used[i] && !by_loop[i]) all[i] = constants[i];
    return all;
}

} // namespace croton::inline v1
