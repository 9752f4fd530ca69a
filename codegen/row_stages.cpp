#include "row_stages.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace croton::inline v1::codegen {

RowStages::RowStages(const Cluster& cluster)
    : roots_(cluster.roots), reads_(roots_.size()), stage_(roots_.size(), 0)
{
    std::unordered_map<const detail::Value*, std::size_t> number; // looked up only
    for (std::size_t i = 0; i < roots_.size(); ++i) {
        for (const Variable& v : roots_[i].reads)
            if (const auto at = number.find(v.value()); at != number.end()) {
                const std::size_t k = at->second;
                reads_[i].push_back(k);
                stage_[i] = std::max(stage_[i], stage_[k] + (roots_[k].reduces ? 1 : 0));
            }
        number.emplace(roots_[i].value.value(), i);
        if (roots_[i].inner || roots_[i].reduces) last_ = std::max(last_, stage_[i]);
    }
    for (std::size_t i = 0; i < roots_.size(); ++i)
        last_use_.push_back({stage_[i], i});
    // What reads a root stands behind it: when its turn comes, its uses are known.
    for (std::size_t i = roots_.size(); i-- > 0;) {
        choose_carrier(i);
        const LastUse here{stage_[i], i}, use = is_computed_again(i) ? last_use_[i] : here;
        for (std::size_t k : reads_[i])
            last_use_[k] = std::max({last_use_[k], here, use});
    }
}

/// Wherever it is read, rather than once.
bool RowStages::is_computed_again(std::size_t root) const
{
    return roots_[root].inner && !roots_[root].stored && !carrier_.contains(root);
}

void RowStages::choose_carrier(std::size_t root)
{
    const Root& r = roots_[root];
    const LastUse& last = last_use_[root];
    if (!r.inner || last.stage == stage_[root]) return;
    if (r.stored) {
        carrier_[root] = root;
        return;
    }
    for (std::size_t k = root + 1; k < roots_.size(); ++k) {
        const Root& out = roots_[k];
        if (out.inner && out.stored && out.value.dtype() == r.value.dtype() &&
            last <= LastUse{stage_[k], k} && is_free(k, last) && !is_read(k)) {
            carrier_[root] = k;
            return;
        }
    }
}

/// Whether another root reads this one. At an index that is written otherwise that computes it once
/// more, from what it was made of: this must not be written over by then.
bool RowStages::is_read(std::size_t root) const
{
    return std::ranges::any_of(
        reads_, [&](const auto& roots) { return std::ranges::count(roots, root) > 0; });
}

/// Whether what the array carries for roots behind is stored there after this use.
bool RowStages::is_free(std::size_t array, const LastUse& until) const
{
    return std::ranges::all_of(carrier_, [&](const auto& c) {
        return c.second != array || until <= LastUse{stage_[c.first], c.first};
    });
}

std::vector<std::int64_t> RowStages::flops_again() const
{
    constexpr std::int64_t most = 1'000'000'000; // sums of sums grow fast
    std::vector<std::int64_t> each; // of one element, with those of what is computed again for it
    for (std::size_t i = 0; i < roots_.size(); ++i) {
        each.push_back(roots_[i].flops);
        for (std::size_t k : reads_[i])
            if (is_computed_again(k)) each[i] = std::min(most, each[i] + each[k]);
    }
    std::vector<std::set<int>> used(roots_.size()); // in stages
    std::vector<std::int64_t> again(roots_.size(), 0);
    for (std::size_t i = roots_.size(); i-- > 0;) {
        const bool repeats = is_computed_again(i);
        if (repeats && used[i].size() > 1)
            again[i] = static_cast<std::int64_t>(used[i].size() - 1) * each[i];
        for (std::size_t k : reads_[i])
            if (repeats)
                used[k].insert(used[i].begin(), used[i].end());
            else
                used[k].insert(stage_[i]);
    }
    return again;
}

} // namespace croton::inline v1::codegen
