#include <croton/ir/edit_distance.hpp>
#include <croton/passes/rules.hpp>

#include <algorithm>

namespace croton::inline v1 {

std::vector<RuleSet> all_rules()
{
    return {canonical_rules(), cast_rules(),  shape_rules(),  compare_rules(),
            reduce_rules(),    arith_rules(), stable_rules(), softmax_rules()};
}

namespace {

/// What all rules say of themselves: made once, as making the rules takes a while.
const std::vector<std::shared_ptr<const RuleInfo>>& all_infos()
{
    static const auto* const infos = [] {
        auto* all = new std::vector<std::shared_ptr<const RuleInfo>>;
        for (const RuleSet& set : all_rules())
            for (const auto& rule : set.rules())
                all->push_back(rule->info);
        return all;
    }();
    return *infos;
}

} // namespace

bool is_rule(std::string_view text)
{
    return std::ranges::any_of(all_infos(), [&](const std::shared_ptr<const RuleInfo>& info) {
        return info->text() == text;
    });
}

std::vector<std::string> rules_near(std::string_view text, std::size_t count)
{
    std::vector<std::pair<std::size_t, std::string>> found;
    for (const auto& info : all_infos()) {
        std::string other = info->text();
        const std::size_t distance = edit_distance(text, other);
        if (is_near(distance, text, other)) found.emplace_back(distance, std::move(other));
    }
    std::ranges::sort(found); // equally near ones by text
    const auto twice = std::ranges::unique(found);
    found.erase(twice.begin(), twice.end());
    std::vector<std::string> nearest;
    for (std::size_t i = 0; i < std::min(count, found.size()); ++i)
        nearest.push_back(std::move(found[i].second));
    return nearest;
}

} // namespace croton::inline v1
