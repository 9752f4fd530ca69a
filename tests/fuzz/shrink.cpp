#include "fuzz/shrink.hpp"

#include <croton/ir/error.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace croton::test {

namespace {

/// The recipe without values that no output needs.
Recipe trimmed(const Recipe& r)
{
    std::vector<bool> needed(static_cast<std::size_t>(r.value_count()), false);
    for (const int o : r.outputs)
        needed[static_cast<std::size_t>(o)] = true;
    const std::size_t leaves = r.leaves.size();
    for (std::size_t i = r.nodes.size(); i-- > 0;)
        if (needed[leaves + i])
            for (const int operand : r.nodes[i].operands)
                needed[static_cast<std::size_t>(operand)] = true;
    std::vector<int> place(needed.size(), -1);
    Recipe small{r.dims, {}, {}, {}};
    int next = 0;
    for (std::size_t i = 0; i < leaves; ++i)
        if (needed[i]) place[i] = next++, small.leaves.push_back(r.leaves[i]);
    for (std::size_t i = 0; i < r.nodes.size(); ++i)
        if (needed[leaves + i]) place[leaves + i] = next++, small.nodes.push_back(r.nodes[i]);
    for (Recipe::Node& node : small.nodes)
        for (int& operand : node.operands)
            operand = place[static_cast<std::size_t>(operand)];
    for (const int o : r.outputs)
        small.outputs.push_back(place[static_cast<std::size_t>(o)]);
    return small;
}

/// Reads `by` wherever `of` was read.
Recipe redirected(Recipe r, int of, int by)
{
    for (Recipe::Node& node : r.nodes)
        std::ranges::replace(node.operands, of, by);
    std::ranges::replace(r.outputs, of, by);
    return trimmed(r);
}

/// A node's value as an input: one leaf more, before the nodes.
Recipe cut(const Recipe& r, std::size_t node)
{
    const Program p = build(r);
    const Variable v = p.values[r.leaves.size() + node];
    const Array value = evaluate_reference(p.inputs, p.arguments, std::span(&v, 1))[0];
    Recipe c = r;
    std::size_t number = r.leaves.size();
    const auto taken = [&](const Recipe::Leaf& l) { return l.name == fmt::format("c{}", number); };
    while (std::ranges::any_of(r.leaves, taken))
        ++number;
    Recipe::Leaf leaf{fmt::format("c{}", number), {}, value};
    for (const std::int64_t n : value.shape()) {
        if (n == 1) {
            leaf.dims.push_back(-1);
            continue;
        }
        const auto same = std::ranges::find_if(
            c.dims, [&](const Recipe::Dim& d) { return d.extent == n && d.known; });
        leaf.dims.push_back(static_cast<int>(same - c.dims.begin()));
        if (same == c.dims.end()) c.dims.push_back({"n", n, true});
    }
    const int first_node = static_cast<int>(r.leaves.size());
    const auto moved = [&](int value_number) {
        return value_number >= first_node ? value_number + 1 : value_number;
    };
    for (Recipe::Node& each : c.nodes)
        std::ranges::transform(each.operands, each.operands.begin(), moved);
    std::ranges::transform(c.outputs, c.outputs.begin(), moved);
    c.leaves.push_back(std::move(leaf));
    return redirected(std::move(c), first_node + 1 + static_cast<int>(node), first_node);
}

/// The first `extent` elements along the axes that have dim `d`.
Array shortened(const Array& a, const std::vector<int>& dims, int d, std::int64_t extent)
{
    std::vector<std::int64_t> shape = a.extents();
    for (std::size_t k = 0; k < dims.size(); ++k)
        if (dims[k] == d) shape[k] = extent;
    const std::vector<std::int64_t> strides(a.strides().begin(), a.strides().end());
    return Array::copy_strided(a.dtype(), a.data(), shape, strides);
}

class Shrinker {
public:
    Shrinker(Recipe recipe, const std::function<bool(const Recipe&)>& fails, int attempts)
        : best_(trimmed(recipe)), fails_(fails), attempts_(attempts)
    {}

    Recipe run()
    {
        while (one_output() || cut_nodes() || skip_nodes() || plain_choices() || short_extents() ||
               known_extents() || plain_numbers()) {
        }
        return std::move(best_);
    }

private:
    /// Whether the smaller recipe still fails; it is the best one then.
    bool take(const Recipe& r)
    {
        if (attempts_-- <= 0) return false;
        try {
            if (!fails_(r)) return false;
        } catch (const UserError&) { // makes no sense any more
            return false;
        }
        best_ = r;
        return true;
    }

    template <class Make>
    bool try_each(std::size_t count, Make make)
    {
        for (std::size_t i = count; i-- > 0;) {
            try {
                if (take(make(i))) return true;
            } catch (const UserError&) { // makes no sense
            }
        }
        return false;
    }

    bool one_output()
    {
        if (best_.outputs.size() == 1) return false;
        return try_each(best_.outputs.size(), [&](std::size_t i) {
            Recipe r = best_;
            r.outputs = {best_.outputs[i]};
            return trimmed(r);
        });
    }

    bool cut_nodes()
    {
        return try_each(best_.nodes.size(), [&](std::size_t i) { return cut(best_, i); });
    }

    /// A node's readers get one of its operands.
    bool skip_nodes()
    {
        std::vector<std::pair<int, int>> instead;
        for (std::size_t i = 0; i < best_.nodes.size(); ++i)
            for (const int operand : best_.nodes[i].operands)
                instead.emplace_back(static_cast<int>(best_.leaves.size() + i), operand);
        return try_each(instead.size(), [&](std::size_t k) {
            return redirected(best_, instead[k].first, instead[k].second);
        });
    }

    bool plain_choices()
    {
        return try_each(best_.nodes.size() * 3, [&](std::size_t k) {
            Recipe r = best_;
            int& choice = r.nodes[k / 3].choices[k % 3];
            if (choice == 0) throw user_error(Code::domain, nullptr, "fuzz", "plain already");
            choice = 0;
            return r;
        });
    }

    bool short_extents()
    {
        return try_each(best_.dims.size(), [&](std::size_t d) {
            Recipe r = best_;
            std::int64_t& extent = r.dims[d].extent;
            if (extent < 2) throw user_error(Code::domain, nullptr, "fuzz", "plain already");
            extent = extent > 4 ? extent / 2 : extent - 1;
            for (Recipe::Leaf& leaf : r.leaves)
                leaf.value = shortened(leaf.value, leaf.dims, static_cast<int>(d), extent);
            return r;
        });
    }

    bool known_extents()
    {
        return try_each(best_.dims.size(), [&](std::size_t d) {
            Recipe r = best_;
            if (r.dims[d].known) throw user_error(Code::domain, nullptr, "fuzz", "plain already");
            r.dims[d].known = true;
            return r;
        });
    }

    bool plain_numbers()
    {
        return try_each(best_.leaves.size(), [&](std::size_t i) {
            Recipe r = best_;
            Array& a = r.leaves[i].value;
            Array plain = Array::zeros(DType::f64, a.extents());
            for (std::int64_t k = 0; k < plain.size(); ++k)
                static_cast<double*>(plain.data())[k] = static_cast<double>(1 + k % 7);
            plain = plain.cast(a.dtype());
            if (identical(plain, a))
                throw user_error(Code::domain, nullptr, "fuzz", "plain already");
            a = plain;
            return r;
        });
    }

    Recipe best_;
    const std::function<bool(const Recipe&)>& fails_;
    int attempts_;
};

} // namespace

Recipe shrink(Recipe recipe, const std::function<bool(const Recipe&)>& fails, int attempts)
{
    return Shrinker(std::move(recipe), fails, attempts).run();
}

} // namespace croton::test
