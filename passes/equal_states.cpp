#include "equal_states.hpp"

#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "loop_body.hpp"
#include "value_numbers.hpp"

namespace croton::inline v1 {

namespace {

using detail::ScanParts;
using Id = ValueNumbers::Id;

/// Numbers of keys as they first come: an order that does not depend on the keys'.
template <class Key>
class Numbered {
public:
    explicit Numbered(Id first = 0) : first_(first) {}
    Id operator()(const Key& key)
    {
        return first_ + known_.try_emplace(key, static_cast<Id>(known_.size())).first->second;
    }
    Id end() const { return first_ + static_cast<Id>(known_.size()); }
    Id size() const { return static_cast<Id>(known_.size()); }

private:
    Id first_;
    std::map<Key, Id> known_; // looked up only
};

class Partition {
public:
    explicit Partition(const ScanParts& parts) : parts_(parts), numbers_(body_results(parts))
    {
        class_inputs();
        class_states();
        for (int round = 0; number_and_split(); ++round)
            if (round == most_rounds) tell_all_apart();
    }

    const std::vector<Id>& states() const { return classes_; }
    const std::vector<Id>& sequences() const { return sequences_; }
    const std::vector<Id>& constants() const { return constants_; }
    Id of(const Variable& v) const { return numbers_.of(v); }

private:
    void class_inputs()
    {
        using Key = std::tuple<const void*, const void*>; // outside, and the type inside
        const auto class_all = [&](const Variables& outside, const Variables& inside) {
            Numbered<Key> numbered(inputs_);
            std::vector<Id> classes;
            for (std::size_t i = 0; i < inside.size(); ++i)
                classes.push_back(numbered({outside[i].value(), inside[i].type().data()}));
            inputs_ = numbered.end();
            return classes;
        };
        sequences_ = class_all(parts_.sequences, parts_.x);
        constants_ = class_all(parts_.constants, parts_.constant);
    }

    void class_states()
    {
        Numbered<std::tuple<const void*, const void*, const void*>> numbered;
        for (std::size_t k = 0; k < parts_.state.size(); ++k)
            classes_.push_back(numbered({parts_.init[k].value(), parts_.state[k].type().data(),
                                         parts_.next[k].type().data()}));
        count_ = numbered.size();
    }

    /// A state with taps far back is a thousand that begin alike, of which each round finds one.
    static constexpr int most_rounds = 64;

    void tell_all_apart()
    {
        std::iota(classes_.begin(), classes_.end(), Id{0});
        count_ = static_cast<Id>(classes_.size());
    }

    /// Whether a class has split.
    bool number_and_split()
    {
        ValueNumbers::Classes leaves;
        for (std::size_t i = 0; i < parts_.x.size(); ++i)
            leaves[parts_.x[i].value()] = sequences_[i];
        for (std::size_t i = 0; i < parts_.constant.size(); ++i)
            leaves[parts_.constant[i].value()] = constants_[i];
        for (std::size_t k = 0; k < parts_.state.size(); ++k)
            leaves[parts_.state[k].value()] = inputs_ + classes_[k];
        numbers_.number(leaves, inputs_ + count_);
        if (count_ == classes_.size()) return false; // no two in one class
        Numbered<std::pair<Id, Id>> split;
        for (std::size_t k = 0; k < classes_.size(); ++k)
            classes_[k] = split({classes_[k], numbers_.of(parts_.next[k])});
        return std::exchange(count_, split.size()) != split.size();
    }

    const ScanParts& parts_;
    ValueNumbers numbers_;
    std::vector<Id> sequences_, constants_; ///< classes of what goes in
    std::vector<Id> classes_;               ///< of states
    Id inputs_ = 0, count_ = 0;             ///< classes of either
};

/// Of each the place of the first of its class.
std::vector<std::size_t> firsts(const std::vector<Id>& classes)
{
    std::map<Id, std::size_t> first; // looked up only
    std::vector<std::size_t> all;
    for (std::size_t k = 0; k < classes.size(); ++k)
        all.push_back(first.try_emplace(classes[k], k).first->second);
    return all;
}

/// Whether a Variable is there twice.
bool repeats(const Variables& all)
{
    detail::PointerSet<detail::Value> seen;
    return std::ranges::any_of(all, [&](const Variable& v) { return !seen.insert(v.value()); });
}

bool may_have_equals(const ScanParts& parts)
{
    Variables collected = parts.next;
    collected.insert(collected.end(), parts.out.begin(), parts.out.end());
    return repeats(parts.init) || repeats(parts.sequences) || repeats(parts.constants) ||
           (!parts.out.empty() && repeats(collected));
}

/// What is left, with the first of each class for all of it.
class Merging {
public:
    Merging(const ScanParts& parts, const std::vector<int>& kept)
        : parts_(parts), equal_(parts), kept_(kept), first_state_(firsts(equal_.states()))
    {}

    MergedLoop merged()
    {
        MergedLoop loop{parts_, {}, {}, false};
        VariableMap by;
        const auto stand_for = [&](const Variables& all, const std::vector<std::size_t>& first) {
            for (std::size_t i = 0; i < all.size(); ++i)
                if (first[i] != i) by.emplace(all[i], all[first[i]]);
        };
        stand_for(parts_.x, firsts(equal_.sequences()));
        stand_for(parts_.constant, firsts(equal_.constants()));
        stand_for(parts_.state, first_state_);
        place_states();
        place_outs();
        loop.changed =
            !by.empty() || states_.size() < parts_.state.size() || outs_.size() < parts_.out.size();
        GraphCopy copy(by);
        for (Variables* group : {&loop.parts.init, &loop.parts.state, &loop.parts.next})
            group->clear();
        for (const std::size_t k : states_) {
            loop.parts.init.push_back(parts_.init[k]);
            loop.parts.state.push_back(parts_.state[k]);
            loop.parts.next.push_back(copy(parts_.next[k]));
        }
        loop.parts.out.clear();
        for (const std::size_t j : outs_)
            loop.parts.out.push_back(copy(parts_.out[j]));
        if (!parts_.stop.is_empty()) loop.parts.stop = copy(parts_.stop);
        detail::drop_unused(loop.parts);
        set_kept(loop);
        return loop;
    }

private:
    void place_states()
    {
        std::vector<std::size_t> place(parts_.state.size());
        for (std::size_t k = 0; k < place.size(); ++k) {
            const std::size_t first = first_state_[k];
            if (first == k) {
                place[k] = states_.size();
                states_.push_back(k);
            }
            state_place_.push_back(place[first]);
        }
    }

    /// An out is the history of a state, or the first out that is the same.
    void place_outs()
    {
        std::map<Id, std::size_t> history, first; // looked up only
        if (!parts_.endless)
            for (std::size_t at = 0; at < states_.size(); ++at)
                history.emplace(equal_.of(parts_.next[states_[at]]), at);
        for (std::size_t j = 0; j < parts_.out.size(); ++j) {
            const Id number = equal_.of(parts_.out[j]);
            if (const auto at = history.find(number); at != history.end()) {
                out_place_.push_back(states_.size() + at->second);
                continue;
            }
            const auto [at, fresh] = first.try_emplace(number, 2 * states_.size() + outs_.size());
            if (fresh) outs_.push_back(j);
            out_place_.push_back(at->second);
        }
    }

    void set_kept(MergedLoop& loop) const
    {
        loop.place = state_place_;
        for (const std::size_t at : state_place_)
            loop.place.push_back(states_.size() + at);
        loop.place.insert(loop.place.end(), out_place_.begin(), out_place_.end());
        const std::size_t count = 2 * states_.size() + outs_.size();
        loop.place.push_back(count);
        loop.kept.assign(count + 1, 0);
        for (std::size_t k = 0; k < kept_.size(); ++k)
            loop.kept[loop.place[k]] |= kept_[k];
    }

    const ScanParts& parts_;
    Partition equal_;
    const std::vector<int>& kept_;
    std::vector<std::size_t> first_state_;
    std::vector<std::size_t> states_, outs_;           ///< the first of each class
    std::vector<std::size_t> state_place_, out_place_; ///< of all: in the loop that is made
};

} // namespace

Variables MergedLoop::in_place_of(const std::vector<int>& before, const Variables& results) const
{
    std::vector<std::size_t> at(kept.size()); // of each in results
    std::exclusive_scan(kept.begin(), kept.end(), at.begin(), std::size_t{0});
    Variables all;
    for (std::size_t k = 0; k < before.size(); ++k)
        if (before[k] != 0) all.push_back(results[at[place[k]]]);
    return all;
}

MergedLoop merged_states(const ScanParts& parts, const std::vector<int>& kept)
{
    if (may_have_equals(parts)) return Merging(parts, kept).merged();
    MergedLoop loop{parts, kept, std::vector<std::size_t>(kept.size()), false};
    std::iota(loop.place.begin(), loop.place.end(), std::size_t{0});
    return loop;
}

} // namespace croton::inline v1
