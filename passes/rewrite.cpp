#include <croton/ir/format.hpp>
#include <croton/passes/rewrite.hpp>

#include <algorithm>
#include <unordered_set>

#include "conform.hpp"

namespace croton::inline v1 {

namespace {

using Index = std::unordered_map<const Op*, std::vector<std::shared_ptr<const Rule>>>;

/// A rule's result that rules fire on again is one step deeper; honest chains are a few steps deep.
constexpr std::size_t max_chain = 60;

class Driver {
public:
    Driver(const Index& index, std::unordered_set<const Rule*> off, PassContext& context)
        : index_(index), off_(std::move(off)), context_(context)
    {}

    bool visit(const Apply& apply, Variables& out)
    {
        if (apply.output_count() != 1) return false;
        const Variable y = settle(apply);
        if (same(y, apply.output())) return false;
        out = {y};
        return true;
    }

private:
    /// The value that stands for `apply` when no rule fires any more. Its inputs have settled.
    Variable settle(const Apply& apply)
    {
        const auto rules = index_.find(&apply.op());
        if (rules != index_.end())
            for (const auto& rule : rules->second) {
                const Variable y = fire(*rule, apply);
                if (y.is_empty()) continue;
                chain_.push_back(rule.get());
                if (chain_.size() > max_chain) refuse_cycle(apply);
                const Variable settled = settle_new(y);
                chain_.pop_back();
                return settled;
            }
        return apply.output();
    }

    /// Empty where the rule does not fire. `border_` then holds what the new Applies were built on.
    Variable fire(const Rule& rule, const Apply& apply)
    {
        if (!rule.left.match(apply, match_, rule.when) || !is_on(rule)) return {};
        if (rule.with) rule.with(match_);
        for (const ComputedValue& computed : rule.values) {
            Variable value = computed.value(match_);
            if (value.is_empty()) return {};
            match_.set_value(computed.name, std::move(value));
        }
        const Location* where = apply.location();
        Variable y;
        try {
            y = rule.right.build(match_, where);
        } catch (const UserError& error) {
            throw internal_error("rules", "the right side of '{}' is refused: {}",
                                 rule.info->text(), error.message());
        }
        y = conform(y, apply.output().type(), where);
        if (y.is_empty() || same(y, apply.output())) return {};
        border_.clear();
        for (const std::string& name : rule.right.wildcards())
            border_.push_back(match_[name].value());
        context_.report.firings.push_back({rule.info, where});
        return y;
    }

    /// Settles the Applies between `root` and the values that the rule was built on.
    Variable settle_new(const Variable& root)
    {
        const std::vector<Apply> made = new_applies(root);
        std::vector<std::pair<const detail::Value*, Variable>> settled; // a rule's few
        const auto current = [&](const Variable& v) {
            for (const auto& [from, to] : settled)
                if (from == v.value()) return to;
            return v;
        };
        for (const Apply& a : made) {
            Variables inputs;
            bool changed = false;
            for (const Variable& in : a.inputs()) {
                inputs.push_back(current(in));
                changed |= !same(inputs.back(), in);
            }
            const Apply now = changed ? with_inputs(a, inputs)[0].owner() : a;
            settled.emplace_back(a.output().value(), settle(now));
        }
        return current(root);
    }

    /// Inputs before users; recursion over the few nodes of a right side.
    std::vector<Apply> new_applies(const Variable& root) const
    {
        std::vector<Apply> made;
        collect(root, made);
        return made;
    }
    void collect(const Variable& v, std::vector<Apply>& made) const
    {
        const Apply a = v.owner();
        if (!a || std::ranges::find(border_, v.value()) != border_.end()) return;
        if (std::ranges::any_of(made, [&](const Apply& b) { return b.node() == a.node(); })) return;
        for (const Variable& in : a.inputs())
            collect(in, made);
        made.push_back(a);
    }

    bool is_on(const Rule& rule) const
    {
        const PassOptions& o = context_.options;
        if (o.strict && rule.exactness != Exactness::bitwise &&
            rule.exactness != Exactness::sharper)
            return false;
        return off_.empty() || !off_.contains(&rule);
    }

    [[noreturn]] void refuse_cycle(const Apply& apply) const
    {
        std::string names;
        std::vector<const Rule*> last(chain_.end() - 8, chain_.end());
        std::vector<const Rule*> named;
        for (const Rule* r : last) {
            if (std::ranges::find(named, r) != named.end()) continue;
            named.push_back(r);
            names += fmt::format("{}'{}' ({})", names.empty() ? "" : ", ", r->info->text(),
                                 to_string(*r->info->where));
        }
        throw internal_error("rules", "rules undo each other on {}: {}", apply.op().name, names);
    }

    const Index& index_;
    std::unordered_set<const Rule*> off_; ///< looked up only
    PassContext& context_;
    Match match_;
    std::vector<const detail::Value*> border_;
    std::vector<const Rule*> chain_;
};

} // namespace

Rewrite::Rewrite(RuleSet rules) : Rewrite(rules.name(), {rules}) {}

Rewrite::Rewrite(std::string pass_name, const std::vector<RuleSet>& sets)
    : name(std::move(pass_name))
{
    std::vector<std::shared_ptr<Rule>> all;
    for (const RuleSet& set : sets)
        all.insert(all.end(), set.rules().begin(), set.rules().end());
    RuleSet(name, all).check(); // together: a rule of one set can hide one of a later set
    auto index = std::make_shared<Index>();
    for (const auto& rule : all)
        (*index)[rule->left.root_op()].push_back(rule);
    rules_ = std::move(index);
    order_ = std::make_shared<const std::vector<std::shared_ptr<Rule>>>(std::move(all));
}

Changed Rewrite::run(Graph& graph, PassContext& context) const
{
    std::unordered_set<const Rule*> off;
    if (const auto& texts = context.options.rules_off; !texts.empty())
        for (const auto& rule : *order_)
            if (std::ranges::find(texts, rule->info->text()) != texts.end()) off.insert(rule.get());
    Driver driver(*rules_, std::move(off), context);
    return changed_if(
        graph.rewrite([&](const Apply& a, Variables& out) { return driver.visit(a, out); }));
}

} // namespace croton::inline v1
