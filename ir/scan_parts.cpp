#include "scan_parts.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/traverse.hpp>

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

Variables joined(const Variables& a, const Variables& b, const Variables& c)
{
    Variables all = a;
    all.insert(all.end(), b.begin(), b.end());
    all.insert(all.end(), c.begin(), c.end());
    return all;
}

} // namespace

ScanParts take_apart(const Apply& scan)
{
    const auto& p = scan.params_as<ScanParams>();
    const auto sequences = static_cast<std::size_t>(p.sequences);
    const auto states = static_cast<std::size_t>(p.states);
    ScanParts parts;
    parts.steps = p.steps;
    parts.reverse = p.reverse;
    std::span<const Variable> outside = scan.inputs();
    parts.sequences = take(outside, sequences);
    parts.init = take(outside, states);
    parts.constants = take(outside, outside.size());
    std::span<const Variable> inside = p.body.inputs();
    parts.x = take(inside, sequences);
    parts.state = take(inside, states);
    parts.constant = take(inside, inside.size());
    std::span<const Variable> results = p.body.outputs();
    parts.next = take(results, states);
    parts.out = take(results, results.size());
    return parts;
}

void drop_unused(ScanParts& parts)
{
    std::unordered_set<const Value*> used;
    for (const Variable& v : leaves(joined(parts.next, parts.out, {})))
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

ScanResult build_scan(const ScanParts& parts, const Location* where)
{
    const Variables inside = joined(parts.x, parts.state, parts.constant);
    ScanParams p;
    p.body = Region(inside, joined(parts.next, parts.out, {}));
    p.sequences = static_cast<int>(parts.x.size());
    p.states = static_cast<int>(parts.state.size());
    p.outs = static_cast<int>(parts.out.size());
    p.reverse = parts.reverse;
    p.steps = parts.steps;
    p.kept.assign(2 * parts.state.size() + parts.out.size(), 1);
    const Variables all = apply_all(scan_op, joined(parts.sequences, parts.init, parts.constants),
                                    make_params(std::move(p)), where);
    std::span<const Variable> rest = all;
    ScanResult r;
    r.last = take(rest, parts.state.size());
    r.history = take(rest, parts.state.size());
    r.out = take(rest, rest.size());
    return r;
}

} // namespace croton::inline v1::detail
