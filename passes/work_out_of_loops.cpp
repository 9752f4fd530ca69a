#include <croton/ir/batch.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/ops/arithmetic.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/linalg.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/scan_parts.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/passes/work_out_of_loops.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <span>

#include "loop_body.hpp"
#include "outer_product.hpp"

namespace croton::inline v1 {

namespace {

using detail::ScanParts;

/// The ops of +, -, * and /, for which there are no names.
struct Arithmetic {
    const Op &add, &sub, &neg, &mul, &div;
};
const Arithmetic& arithmetic()
{
    static const Arithmetic ops = [] {
        const Variable a = scalar<double>(""), b = scalar<double>("");
        return Arithmetic{(a + b).owner().op(), (a - b).owner().op(), (-a).owner().op(),
                          (a * b).owner().op(), (a / b).owner().op()};
    }();
    return ops;
}

bool is_op(const Apply& a, const Op& op) { return a && &a.op() == &op; }

/// A product of all steps is stored where it has at most so many times its operands' bytes.
constexpr std::int64_t most_times_larger = 8;

/// Whether one of the applies, or what is in a branch of theirs, is a loop.
bool has_loop(std::span<const Apply> applies)
{
    return std::ranges::any_of(applies, [](const Apply& a) {
        if (is_a<Scan>(a)) return true;
        if (!has_body(a.op().lowering)) return false;
        return std::ranges::any_of(regions_of(a), [](const Region& branch) {
            return has_loop(applies_of(branch.outputs()));
        });
    });
}

/// Whether a loop has stored these rows.
bool is_stored_by_loop(Variable rows)
{
    while (const Apply a = rows.owner()) {
        if (is_a<Scan>(a)) return true;
        if (!is_a<IndexMap>(a)) return false;
        rows = a.input(0); // of what is delayed, or in chunks
    }
    return false;
}

/// The same axes behind one for the steps.
std::vector<int> behind_steps(std::vector<int> axes)
{
    for (int& a : axes)
        ++a;
    return axes;
}

class Loop {
public:
    Loop(const Apply& scan, const PassOptions& options)
        : scan_(scan), params_(scan.params_as<ScanParams>()), options_(options),
          parts_(detail::take_apart(scan))
    {
        look();
        runs_again_ = has_loop(applies_) || parts_.snapshots > 0;
        for (std::size_t i = 0; i < parts_.x.size(); ++i)
            if (is_stored_by_loop(parts_.sequences[i])) room_ = room_ + bytes_of(parts_.x[i]);
    }

    /// One Variable for each output of the loop; its own outputs where nothing changes.
    Variables rewritten()
    {
        if (parts_.endless) return scan_.outputs();
        bool in_front = false;
        if (runs_all_steps()) {
            in_front = take_products_in_front();
            collect_products();
            collect_sums();
        }
        add_up_terms();
        if (!in_front && behind_.empty()) return scan_.outputs();
        return built();
    }

private:
    // ---- the body

    void look()
    {
        const Variables results = body_results(parts_);
        applies_ = applies_of(results);
        uses_.clear();
        for (const Variable& v : results)
            ++uses_[v.value()];
        for (const Apply& a : applies_)
            for (const Variable& in : a.inputs())
                ++uses_[in.value()];
    }

    bool runs_all_steps() const
    {
        return parts_.stop.is_empty() && parts_.limit.is_empty() &&
               std::ranges::all_of(parts_.sequences, [&](const Variable& s) {
                   return same(s.shape()[0], parts_.steps);
               });
    }

    bool has_room(const Extent& bytes) const
    {
        return !runs_again_ || never_negative(room_ - bytes);
    }

    bool used_once(const Variable& v) const { return uses_.at(v.value()) == 1; }

    /// What each step adds to state k and does nothing else with; nothing: an empty Variable.
    Variable addend(std::size_t k) const
    {
        const auto states = static_cast<std::size_t>(params_.states);
        const Variable& state = parts_.state[k];
        const Apply add = parts_.next[k].owner();
        if (scan_output(params_, states + k) >= 0) return {}; // its history is read
        if (!is_op(add, arithmetic().add) || !used_once(add.output(0))) return {};
        const DType t = state.dtype();
        if (is_float(t) && size_bytes(t) == 2) return {};
        for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
            const Variable& other = add.input(1 - i);
            if (same(add.input(i), state) && used_once(state) && other.owner() &&
                used_once(other) && other.dtype() == t)
                return other;
        }
        return {};
    }

    // ---- in front

    /// Products of sequences, or of elements of them, and of what all steps share.
    bool take_products_in_front()
    {
        detail::PointerSet<detail::Value> from_sequences, shared;
        for (const Variable& x : parts_.x)
            from_sequences.insert(x.value());
        for (const Variable& c : parts_.constant)
            shared.insert(c.value());
        const auto is_shared = [&](const Variable& v) {
            return shared.contains(v.value()) || (!v.owner() && v.leaf() == Leaf::constant);
        };
        Variables products;
        for (const Apply& a : applies_) {
            const bool all_shared = std::ranges::all_of(a.inputs(), is_shared);
            const bool of_sequences = std::ranges::all_of(a.inputs(), [&](const Variable& v) {
                return is_shared(v) || from_sequences.contains(v.value());
            });
            if (!of_sequences || !(computes_elements(a) || is_a<Contract>(a))) continue;
            if (!all_shared && is_a<Contract>(a)) {
                // Not what is much larger than what it is made of.
                Extent operands = 0;
                for (const Variable& in : a.inputs())
                    if (!is_shared(in)) operands = operands + bytes_of(in);
                const Extent bytes = bytes_of(a.output(0));
                const Extent most = Extent(most_times_larger) * operands;
                if (!never_negative(most - bytes) || !has_room(bytes)) continue;
                room_ = room_ - bytes;
                products.push_back(a.output(0));
            }
            (all_shared ? shared : from_sequences).insert(a.output(0).value());
        }
        if (products.empty()) return false;
        VariableMap outside;
        for (std::size_t i = 0; i < parts_.constant.size(); ++i)
            outside.emplace(parts_.constant[i], parts_.constants[i]);
        const Variables with_constants = copy_graph(products, outside);
        const Variables all = batch(with_constants, parts_.x, parts_.sequences, parts_.steps,
                                    scan_.op().name, scan_.location());
        VariableMap inside;
        for (std::size_t i = 0; i < products.size(); ++i) {
            parts_.x.push_back(detail::placeholder_like(products[i]));
            parts_.sequences.push_back(all[i]);
            inside.emplace(products[i], parts_.x.back());
        }
        GraphCopy copy(inside);
        for (Variables* group : {&parts_.next, &parts_.out})
            for (Variable& v : *group)
                v = copy(v);
        detail::drop_unused(parts_);
        look();
        return true;
    }

    // ---- behind

    /// Where the values that a step has of `v` lie for all steps: a sequence, or what is collected.
    /// -1: nowhere yet.
    int place_of(const Variable& v) const
    {
        for (std::size_t i = 0; i < parts_.x.size(); ++i)
            if (same(parts_.x[i], v)) return static_cast<int>(i);
        for (std::size_t j = 0; j < collected_.size(); ++j)
            if (same(collected_[j], v)) return static_cast<int>(parts_.x.size() + j);
        return -1;
    }

    int collect(const Variable& v)
    {
        if (place_of(v) < 0) collected_.push_back(v);
        return place_of(v);
    }

    bool is_shared(const Variable& v) const
    {
        return std::ranges::any_of(parts_.constant,
                                   [&](const Variable& c) { return same(c, v); }) ||
               (!v.owner() && v.leaf() == Leaf::constant);
    }

    /// Products of a step that are added up in it, each used for that alone; empty where there is
    /// something else in the sum.
    Variables products_of(const Variable& sum) const
    {
        Variables found, open{sum};
        while (!open.empty()) {
            const Variable v = open.back();
            open.pop_back();
            const Apply a = v.owner();
            if (!a || !used_once(v)) return {};
            if (is_op(a, arithmetic().add))
                open.insert(open.end(), {a.input(1), a.input(0)});
            else if (operands_of(a).empty())
                return {};
            else
                found.push_back(v);
        }
        return found;
    }

    /// What a product is of, if both change from step to step; an elementwise one where each is
    /// repeated along an axis of the other.
    Variables operands_of(const Apply& a) const
    {
        Variables both;
        if (is_a<Contract>(a))
            both = {a.input(0), a.input(1)};
        else if (const auto outer = outer_product_of(a))
            both = {outer->a, outer->b};
        return std::ranges::any_of(both, [&](const Variable& v) { return is_shared(v); })
                   ? Variables()
                   : both;
    }

    static std::optional<OuterProduct> outer_product_of(const Apply& a)
    {
        return is_op(a, arithmetic().mul) ? outer_product(a) : std::nullopt;
    }

    void collect_products()
    {
        for (std::size_t k = 0; k < parts_.state.size(); ++k) {
            const Variable sum = addend(k);
            const Variables products = sum.is_empty() ? Variables() : products_of(sum);
            if (products.empty()) continue;
            Extent more = 0;
            Variables operands;
            for (const Variable& product : products)
                for (const Variable& v : operands_of(product.owner())) {
                    if (place_of(v) < 0) more = more + bytes_of(v);
                    operands.push_back(v);
                }
            if (!never_negative(bytes_of(sum) - more) || is_kernel()) continue;
            if (!has_room(more)) continue;
            room_ = room_ - more;
            Behind b{sum, products, {}, {}};
            for (const Variable& v : operands)
                b.places.push_back(collect(v));
            behind_.emplace(k, std::move(b));
        }
    }

    /// In one kernel such a state is in registers.
    bool is_kernel() const { return options_.fits_a_kernel && options_.fits_a_kernel(scan_); }

    void collect_sums()
    {
        for (std::size_t k = 0; k < parts_.state.size(); ++k) {
            const Variable sum = behind_.contains(k) ? Variable() : addend(k);
            if (sum.is_empty() || !is_sum(sum.owner())) continue;
            const Variable& terms = sum.owner().input(0);
            if (terms.dtype() == sum.dtype() && place_of(terms) >= 0)
                behind_.emplace(k, Behind{sum, {sum}, {place_of(terms)}, {}});
        }
    }

    /// Whether `v` is a sum of sums, each times what all steps share, and nothing else: then that
    /// of all steps is the same of the sums' totals. Adds the sums to `sums`.
    bool is_linear(const Variable& v, Variables& sums) const
    {
        const Apply a = v.owner();
        if (!a) return false;
        if (is_sum(a)) {
            sums.push_back(v);
            return true;
        }
        if (is_a<IndexMap>(a)) return a.inputs().size() == 1 && is_linear(a.input(0), sums);
        const Arithmetic& ops = arithmetic();
        if (is_op(a, ops.add) || is_op(a, ops.sub))
            return is_linear(a.input(0), sums) && is_linear(a.input(1), sums);
        if (is_op(a, ops.neg)) return is_linear(a.input(0), sums);
        if (is_op(a, ops.div)) return is_shared(a.input(1)) && is_linear(a.input(0), sums);
        if (!is_op(a, ops.mul)) return false;
        return is_shared(a.input(0)) ? is_linear(a.input(1), sums)
                                     : is_shared(a.input(1)) && is_linear(a.input(0), sums);
    }

    /// Whether a state or a sequence has as many elements in a step as the terms of a sum, which
    /// are to be a state.
    static bool is_as_large_as_another(const ScanParts& parts, const Variable& terms)
    {
        const auto large = [&](const Variable& v) {
            return never_negative(element_count(v.shape()) - element_count(terms.shape()));
        };
        return std::ranges::any_of(parts.state, large) || std::ranges::any_of(parts.x, large);
    }

    /// Sums in a body that is made of elements otherwise.
    void add_up_terms()
    {
        const ScanParts before = parts_;
        std::map<std::size_t, Behind> found;
        for (std::size_t k = 0; k < before.state.size(); ++k) {
            Variables sums;
            const Variable v = behind_.contains(k) ? Variable() : addend(k);
            if (v.is_empty() || !is_linear(v, sums)) continue;
            if (!std::ranges::all_of(sums, [&](const Variable& sum) {
                    return is_as_large_as_another(before, sum.owner().input(0));
                }))
                continue;
            Behind b{v, sums, {}, {}};
            for (const Variable& sum : sums) {
                const OriginScope origin(sum.location());
                const Variable terms = cast(sum.owner().input(0), sum.dtype());
                b.totals.push_back(parts_.state.size());
                parts_.init.push_back(zeros(terms.dtype(), terms.shape()));
                parts_.state.push_back(detail::placeholder_like(terms));
                parts_.next.push_back(parts_.state.back() + terms);
            }
            found.emplace(k, std::move(b));
        }
        // What is left.
        Variables results = parts_.out;
        if (!parts_.stop.is_empty()) results.push_back(parts_.stop);
        for (std::size_t k = 0; k < parts_.next.size(); ++k)
            if (!found.contains(k) && !behind_.contains(k)) results.push_back(parts_.next[k]);
        if (std::ranges::all_of(applies_of(results), computes_elements))
            behind_.merge(found);
        else
            parts_ = before;
    }

    /// What stands behind the loop for a state.
    struct Behind {
        Variable added;                  ///< in each step
        Variables of;                    ///< the product or sums that it is made of
        std::vector<int> places;         ///< of the operands of each that is computed behind
        std::vector<std::size_t> totals; ///< states that have the sums' terms added up
    };

    Variables built()
    {
        const auto before = static_cast<std::size_t>(params_.states);
        ScanParts kept = parts_;
        for (Variables* group : {&kept.init, &kept.state, &kept.next})
            group->clear();
        std::vector<int> lasts, histories;
        for (std::size_t k = 0; k < parts_.state.size(); ++k) {
            if (behind_.contains(k)) continue;
            kept.init.push_back(parts_.init[k]);
            kept.state.push_back(parts_.state[k]);
            kept.next.push_back(parts_.next[k]);
            lasts.push_back(k < before ? params_.kept[k] : 1);
            histories.push_back(k < before ? params_.kept[before + k] : 0);
        }
        kept.out.insert(kept.out.end(), collected_.begin(), collected_.end());
        std::vector<int> flags = lasts;
        flags.insert(flags.end(), histories.begin(), histories.end());
        flags.insert(flags.end(), params_.kept.begin() + static_cast<std::ptrdiff_t>(2 * before),
                     params_.kept.end());
        flags.insert(flags.end() - 1, collected_.size(), 1);
        detail::drop_unused(kept);
        if (std::ranges::count(flags, 1) > 0)
            results_ = detail::build_kept(kept, flags, scan_.location());
        // Where in the results: of states, then of histories, outs, what is collected, the count.
        std::size_t next = 0;
        for (std::size_t k = 0; k < parts_.state.size(); ++k)
            if (!behind_.contains(k) && (k >= before || params_.kept[k] != 0)) last_[k] = next++;
        const bool counts = flags.back() != 0;
        first_collected_ = results_.size() - collected_.size() - (counts ? 1 : 0);
        Variables all;
        for (std::size_t i = 0; i < params_.kept.size(); ++i) {
            if (params_.kept[i] == 0) continue;
            if (i < before)
                all.push_back(behind_.contains(i) ? behind(i) : results_[last_.at(i)]);
            else if (i + 1 == params_.kept.size())
                all.push_back(results_.back());
            else
                all.push_back(results_[next++]);
        }
        return all;
    }

    /// What stands behind the loop for state k.
    Variable behind(std::size_t k) const
    {
        const Behind& b = behind_.at(k);
        VariableMap by;
        for (std::size_t i = 0; i < parts_.constant.size(); ++i)
            by.emplace(parts_.constant[i], parts_.constants[i]);
        for (std::size_t i = 0; i < b.of.size(); ++i) {
            const Apply a = b.of[i].owner();
            const OriginScope origin(a.location());
            if (b.places.empty()) {
                by.insert_or_assign(b.of[i],
                                    apply_all(a.op(), Variables{results_[last_.at(b.totals[i])]},
                                              a.params(), a.location())[0]);
                continue;
            }
            const std::size_t operands = b.places.size() / b.of.size();
            by.insert_or_assign(
                b.of[i], of_all_steps(a, std::span(b.places).subspan(i * operands, operands)));
        }
        const Variable total = copy_graph(Variables{b.added}, by)[0];
        const OriginScope origin(b.added.location());
        return scan_.input(static_cast<std::size_t>(params_.sequences) + k) + total;
    }

    /// A product, or a sum, that sums over the steps too.
    Variable of_all_steps(const Apply& a, std::span<const int> places) const
    {
        const auto lies = [&](int place) {
            const auto at = static_cast<std::size_t>(place);
            return at < parts_.x.size() ? parts_.sequences[at]
                                        : results_[first_collected_ + at - parts_.x.size()];
        };
        if (is_a<Contract>(a)) {
            const auto& p = a.params_as<ContractParams>();
            ContractParams all{behind_steps(p.a_batch), behind_steps(p.b_batch),
                               behind_steps(p.a_sum), behind_steps(p.b_sum)};
            all.a_sum.insert(all.a_sum.begin(), 0);
            all.b_sum.insert(all.b_sum.begin(), 0);
            return contract(lies(places[0]), lies(places[1]), all, scan_.op().name, a.location());
        }
        if (const auto outer = outer_product_of(a))
            return outer->summed(lies(places[0]), lies(places[1]), a);
        ReduceParams all{behind_steps(a.params_as<ReduceParams>().axes)};
        all.axes.insert(all.axes.begin(), 0);
        return apply_all(a.op(), Variables{lies(places[0])}, make_params(all), a.location())[0];
    }

    const Apply& scan_;
    const ScanParams& params_;
    const PassOptions& options_;
    ScanParts parts_;
    std::vector<Apply> applies_;
    /// Where a step has a loop of its own, as one between checkpoints that runs steps again, or
    /// its gradient has, no more is stored for a step than is already: that is what checkpoints
    /// are for.
    bool runs_again_ = false;
    Extent room_ = 0;                          ///< bytes that are stored for a step
    std::map<const detail::Value*, int> uses_; // looked up only
    Variables collected_;                      ///< values of a step
    std::map<std::size_t, Behind> behind_;     ///< by state, which the loop then does not have
    Variables results_;                        ///< of the loop that is made
    std::map<std::size_t, std::size_t> last_;  ///< where in them a state is
    std::size_t first_collected_ = 0;
};

} // namespace

Changed WorkOutOfLoops::run(Graph& graph, PassContext& context) const
{
    if (context.options.strict) return Changed::no;
    const bool any = graph.rewrite([&](const Apply& apply, Variables& out) {
        if (!is_a<Scan>(apply)) return false;
        out = Loop(apply, context.options).rewritten();
        return !std::ranges::equal(out, apply.outputs(), Same());
    });
    return changed_if(any);
}

} // namespace croton::inline v1
