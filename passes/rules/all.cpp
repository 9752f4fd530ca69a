#include <croton/passes/rules.hpp>

#include <algorithm>

namespace croton::inline v1 {

std::vector<RuleSet> all_rules()
{
    return {canonical_rules(), cast_rules(),  shape_rules(), compare_rules(),
            reduce_rules(),    arith_rules(), stable_rules()};
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

/// How many characters to insert, remove or change to get from one text to the other.
std::size_t edits(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t k = 0; k < row.size(); ++k)
        row[k] = k;
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t before = row[0];
        row[0] = i + 1;
        for (std::size_t k = 0; k < b.size(); ++k) {
            const std::size_t changed = before + (a[i] == b[k] ? 0 : 1);
            before = row[k + 1];
            row[k + 1] = std::min({changed, row[k] + 1, row[k + 1] + 1});
        }
    }
    return row.back();
}

} // namespace

bool is_rule(std::string_view name)
{
    return std::ranges::any_of(all_infos(), [&](const std::shared_ptr<const RuleInfo>& info) {
        return info->is_called(name);
    });
}

std::vector<std::string> rules_near(std::string_view name, std::size_t count)
{
    std::vector<std::pair<std::size_t, std::string>> found;
    for (const auto& info : all_infos()) {
        std::string text = info->text();
        const std::size_t apart = std::min(edits(name, info->name()), edits(name, text));
        found.emplace_back(apart, std::move(text));
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
