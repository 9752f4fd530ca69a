#include "count_limits.hpp"

#include <croton/ir/format.hpp>
#include <croton/ir/graph.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "layouts.hpp"

namespace croton::inline v1::detail {

namespace {

/// Factors of a product, sorted; one that is repeated is a power.
using Product = std::vector<const Atom*>;

/// Products of extents in the order in which a graph has them, each once.
class Products {
public:
    struct Found {
        Product factors;
        Variable value; ///< that has it first
    };

    void add_graph(std::span<const Variable> outputs)
    {
        for (const Apply& a : applies_of(outputs)) {
            for (const Variable& v : a.outputs())
                add(v);
            for (const Region& region : regions_of(a))
                add_graph(region.outputs());
        }
    }

    const std::vector<Found>& found() const { return found_; }
    /// At least the bytes of all values together, in units of the largest product.
    std::int64_t scale() const { return scale_; }

private:
    void add(const Variable& v)
    {
        const Extent count = element_count(v.shape());
        if (count.is_known()) return;
        scale_ += static_cast<std::int64_t>(size_bytes(v.dtype())) * add_terms(count, v);
    }

    /// The sum of its coefficients' magnitudes.
    std::int64_t add_terms(const Extent& e, const Variable& v)
    {
        if (const auto seen = sums_.find(e.polynomial()); seen != sums_.end()) return seen->second;
        std::int64_t sum = 0;
        for (const ExtentTerm& term : terms(e)) {
            sum += std::abs(term.coefficient);
            for (const Atom* factor : term.factors)
                if (kind(factor) != AtomKind::symbol) {
                    add_inner(operands(factor).first, v);
                    add_inner(operands(factor).second, v);
                }
            if (!term.factors.empty() && known_.insert(term.factors).second)
                found_.push_back({term.factors, v});
        }
        sums_.emplace(e.polynomial(), sum);
        return sum;
    }

    void add_inner(const Extent& e, const Variable& v)
    {
        if (!e.is_known()) add_terms(e, v);
    }

    std::vector<Found> found_;
    std::set<Product> known_;                        // looked up only
    std::map<const Polynomial*, std::int64_t> sums_; // looked up only
    std::int64_t scale_ = 0;
};

/// The products that an input's count has, if no part of it can be negative: at most as large.
std::vector<Product> products_of_inputs(std::span<const Variable> inputs)
{
    std::vector<Product> products;
    for (const Variable& v : inputs) {
        const Extent count = element_count(v.shape());
        if (count.is_known() || !never_negative(count)) continue;
        for (ExtentTerm& term : terms(count))
            products.push_back(std::move(term.factors));
    }
    return products;
}

/// Factors are sorted by number, not by address.
bool older(const Atom* a, const Atom* b) { return id(a) < id(b); }

/// The greatest part of `factors` that an input has as well; each symbol is an extent of one.
Product bounded_part(const Product& factors, std::span<const Product> by_inputs)
{
    Product best{factors.front()};
    for (const Product& p : by_inputs) {
        Product both;
        std::ranges::set_intersection(factors, p, std::back_inserter(both), older);
        if (both.size() > best.size()) best = std::move(both);
    }
    return best;
}

} // namespace

void add_count_limits(std::span<const Variable> inputs,
                      std::span<const Variable> outputs,
                      std::vector<Requirement>& requirements)
{
    Products products;
    products.add_graph(outputs);
    // Sums of all bytes stay below 2^62.
    std::int64_t limit = most_elements;
    while (limit > 1 && products.scale() > (1LL << 62) / limit)
        limit /= 2;
    const std::vector<Product> by_inputs = products_of_inputs(inputs);
    for (const auto& [factors, value] : products.found()) {
        const Product bounded =
            limit == most_elements ? bounded_part(factors, by_inputs) : Product{};
        Product others;
        std::ranges::set_difference(factors, bounded, std::back_inserter(others), older);
        Extent product = 1;
        for (const Atom* factor : bounded)
            product = product * as_extent(factor);
        for (const Atom* factor : others) {
            const Extent most = floor_div(limit, maximum(product, 1));
            requirements.push_back({Requirement::Kind::at_most,
                                    as_extent(factor),
                                    most,
                                    "no memory holds an array of shape {}: it",
                                    value.location(),
                                    {value.shape()}});
            product = product * as_extent(factor);
        }
    }
}

} // namespace croton::inline v1::detail
