#include "element_sets.hpp"

#include <algorithm>
#include <iterator>

namespace croton::inline v1::detail {

namespace {

/// Sets that are written one after another.
class Writer {
public:
    explicit Writer(std::int64_t count)
    {
        sets_->starts.reserve(static_cast<std::size_t>(count) + 1);
        sets_->starts.push_back(0);
    }

    void add(std::span<const std::int32_t> elements)
    {
        sets_->of.insert(sets_->of.end(), elements.begin(), elements.end());
        end();
    }
    /// In any order, some more than once.
    void add_mixed(std::vector<std::int32_t>& elements)
    {
        std::ranges::sort(elements);
        elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
        add(elements);
    }
    void add_union(std::span<const std::int32_t> a, std::span<const std::int32_t> b)
    {
        std::ranges::set_union(a, b, std::back_inserter(sets_->of));
        end();
    }
    Sets finish()
    {
        if (sets_->of.empty()) return nullptr;
        return sets_;
    }
    Sets alike()
    {
        sets_->alike = true;
        return finish();
    }

private:
    void end()
    {
        if (sets_->of.size() > most_elements) throw TooManyElements{};
        sets_->starts.push_back(static_cast<std::int64_t>(sets_->of.size()));
    }

    std::shared_ptr<ElementSets> sets_ = std::make_shared<ElementSets>();
};

std::span<const std::int32_t> set_of(const Sets& sets, std::int64_t element)
{
    return sets ? (*sets)[element] : std::span<const std::int32_t>();
}

} // namespace

Sets each_itself(std::int64_t count)
{
    Writer writer(count);
    for (std::int32_t i = 0; i < count; ++i)
        writer.add({&i, 1});
    return writer.finish();
}

Sets in_one(std::span<const Sets> all)
{
    std::vector<Sets> some;
    std::ranges::copy_if(all, std::back_inserter(some), [](const Sets& s) { return s != nullptr; });
    if (some.size() == 1 && some[0]->alike) return some[0];
    std::vector<std::int32_t> elements;
    for (const Sets& s : some)
        elements.insert(elements.end(), s->of.begin(), s->of.end());
    Writer writer(1);
    writer.add_mixed(elements);
    return writer.alike();
}

Sets united(std::span<const Sets> all, std::int64_t count)
{
    std::vector<Sets> some;
    for (const Sets& s : all)
        if (s && std::ranges::none_of(some, [&](const Sets& have) { return equal(have, s); }))
            some.push_back(s);
    if (some.empty()) return nullptr;
    if (some.size() == 1) return some[0];
    if (std::ranges::all_of(some, [](const Sets& s) { return s->alike; })) return in_one(some);
    Writer writer(count);
    std::vector<std::int32_t> elements;
    for (std::int64_t i = 0; i < count; ++i) {
        if (some.size() == 2) {
            writer.add_union((*some[0])[i], (*some[1])[i]);
            continue;
        }
        elements.clear();
        for (const Sets& s : some)
            elements.insert(elements.end(), (*s)[i].begin(), (*s)[i].end());
        writer.add_mixed(elements);
    }
    return writer.finish();
}

Sets common(const Sets& a, const Sets& b, std::int64_t count)
{
    if (!a || !b) return nullptr;
    Writer writer(count);
    std::vector<std::int32_t> elements;
    for (std::int64_t i = 0; i < count; ++i) {
        elements.clear();
        std::ranges::set_intersection((*a)[i], (*b)[i], std::back_inserter(elements));
        writer.add(elements);
    }
    return writer.finish();
}

Sets joined(std::span<const Sets> all, std::span<const std::int64_t> counts)
{
    if (all.size() == 1) return all[0];
    Writer writer(0);
    for (std::size_t k = 0; k < all.size(); ++k)
        for (std::int64_t i = 0; i < counts[k]; ++i)
            writer.add(set_of(all[k], i));
    return writer.finish();
}

Sets picked(const Sets& from, std::span<const std::int64_t> ids)
{
    if (!from) return nullptr;
    if (from->alike && std::ranges::none_of(ids, [](std::int64_t id) { return id < 0; }))
        return from;
    Writer writer(static_cast<std::int64_t>(ids.size()));
    for (const std::int64_t id : ids)
        writer.add(id < 0 ? std::span<const std::int32_t>() : (*from)[id]);
    return writer.finish();
}

Sets collected(const Sets& from,
               std::vector<std::pair<std::int64_t, std::int64_t>> pairs,
               std::int64_t count)
{
    if (!from) return nullptr;
    std::ranges::sort(pairs);
    std::int64_t reached = 0;
    for (std::size_t k = 0; k < pairs.size(); ++k)
        reached += k == 0 || pairs[k].first != pairs[k - 1].first;
    if (from->alike && reached == count) return from;
    Writer writer(count);
    std::vector<std::int32_t> elements;
    std::size_t next = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::size_t first = next;
        while (next < pairs.size() && pairs[next].first == i)
            ++next;
        if (next == first + 1 || (next > first && from->alike)) {
            writer.add((*from)[pairs[first].second]);
            continue;
        }
        elements.clear();
        for (std::size_t k = first; k < next; ++k) {
            const auto more = (*from)[pairs[k].second];
            elements.insert(elements.end(), more.begin(), more.end());
        }
        writer.add_mixed(elements);
    }
    return writer.finish();
}

Sets collected(const Sets& from, std::span<const std::int64_t> targets, std::int64_t count)
{
    if (!from) return nullptr;
    std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
    pairs.reserve(targets.size());
    for (std::size_t e = 0; e < targets.size(); ++e)
        if (targets[e] >= 0) pairs.emplace_back(targets[e], static_cast<std::int64_t>(e));
    return collected(from, std::move(pairs), count);
}

Sets part(const Sets& from, std::int64_t first, std::int64_t count)
{
    if (!from || from->alike) return from;
    Writer writer(count);
    for (std::int64_t i = first; i < first + count; ++i)
        writer.add((*from)[i]);
    return writer.finish();
}

Sets accumulated(const Sets& from,
                 std::int64_t count,
                 std::int64_t length,
                 std::int64_t stride,
                 bool reverse)
{
    if (!from || from->alike || length == 0) return from;
    std::vector<std::vector<std::int32_t>> all(static_cast<std::size_t>(count));
    std::size_t total = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t at = reverse ? count - 1 - i : i;
        const std::int64_t step = at / stride % length;
        const bool first = step == (reverse ? length - 1 : 0);
        std::vector<std::int32_t>& mine = all[static_cast<std::size_t>(at)];
        const auto own = (*from)[at];
        if (first) {
            mine.assign(own.begin(), own.end());
        } else {
            const auto& before = all[static_cast<std::size_t>(reverse ? at + stride : at - stride)];
            std::ranges::set_union(before, own, std::back_inserter(mine));
        }
        total += mine.size();
        if (total > most_elements) throw TooManyElements{};
    }
    Writer writer(count);
    for (const auto& elements : all)
        writer.add(elements);
    return writer.finish();
}

Sets transposed(const Sets& from, std::int64_t elements, std::int64_t count)
{
    if (!from) return nullptr;
    std::vector<std::size_t> next(static_cast<std::size_t>(count) + 1, 0);
    auto sets = std::make_shared<ElementSets>();
    for (std::int64_t e = 0; e < elements; ++e)
        for (const std::int32_t x : (*from)[e])
            ++next[static_cast<std::size_t>(x) + 1];
    sets->starts.assign(1, 0);
    for (std::size_t i = 1; i < next.size(); ++i) {
        next[i] += next[i - 1];
        sets->starts.push_back(static_cast<std::int64_t>(next[i]));
    }
    if (next.back() > most_elements) throw TooManyElements{};
    sets->of.resize(next.back());
    for (std::int64_t e = 0; e < elements; ++e)
        for (const std::int32_t x : (*from)[e])
            sets->of[next[static_cast<std::size_t>(x)]++] = static_cast<std::int32_t>(e);
    return sets;
}

Sets one_each(const Sets& from, std::int64_t count)
{
    if (!from || !from->alike) return from;
    Writer writer(count);
    for (std::int64_t i = 0; i < count; ++i)
        writer.add((*from)[i]);
    return writer.finish();
}

bool equal(const Sets& a, const Sets& b)
{
    if (a == b) return true;
    return a && b && a->alike == b->alike && a->starts == b->starts && a->of == b->of;
}

std::int64_t product(std::span<const std::int64_t> extents)
{
    std::int64_t all = 1;
    for (const std::int64_t e : extents)
        all *= e;
    return all;
}

std::vector<std::int64_t> strides_of(std::span<const std::int64_t> extents)
{
    std::vector<std::int64_t> strides(extents.size(), 1);
    for (std::size_t i = extents.size(); i-- > 1;)
        strides[i - 1] = strides[i] * extents[i];
    return strides;
}

std::vector<std::int64_t> positions(std::span<const std::int64_t> extents,
                                    std::span<const std::int64_t> strides)
{
    std::vector<std::int64_t> all;
    const std::int64_t count = product(extents);
    all.reserve(static_cast<std::size_t>(count));
    std::vector<std::int64_t> at(extents.size(), 0);
    std::int64_t position = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        all.push_back(position);
        for (std::size_t k = extents.size(); k-- > 0;) {
            position += strides[k];
            if (++at[k] < extents[k]) break;
            position -= strides[k] * extents[k];
            at[k] = 0;
        }
    }
    return all;
}

} // namespace croton::inline v1::detail
