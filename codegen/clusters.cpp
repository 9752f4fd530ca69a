#include <croton/codegen/clusters.hpp>
#include <croton/codegen/cost.hpp>
#include <croton/codegen/loop_nest.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/hash_index.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/shape.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "cluster_index.hpp"
#include "cluster_roots.hpp"
#include "known_extent.hpp"
#include "lower_contract.hpp"
#include "lower_steps.hpp"
#include "product_operands.hpp"
#include "puller.hpp"
#include "row_stages.hpp"

namespace croton::inline v1::codegen {

std::string_view name(ClusterKind kind)
{
    switch (kind) {
    case ClusterKind::rows:
        return "rows";
    case ClusterKind::columns:
        return "columns";
    case ClusterKind::prefix:
        return "prefix";
    case ClusterKind::scatter:
        return "scatter";
    case ClusterKind::contract:
        return "product";
    case ClusterKind::scan:
        return "loop";
    case ClusterKind::steps:
        return "steps";
    case ClusterKind::branch:
        return "branch";
    }
    return "";
}

Shape squeezed(const Shape& shape)
{
    Shape rest;
    for (const Extent& e : shape)
        if (!is_known_as(e, 1)) rest.push_back(e);
    return rest;
}

ReducedAxes reduced_axes(const Apply& reduce)
{
    const Shape shape = reduce.input(0).shape();
    const auto& axes = reduce.params_as<ReduceParams>().axes;
    ReducedAxes r;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (is_known_as(shape[i], 1)) continue;
        const bool reduced = std::ranges::count(axes, static_cast<int>(i)) > 0;
        if (!reduced)
            (r.inner.empty() ? r.outer : r.behind).push_back(shape[i]);
        else {
            if (!r.behind.empty()) r.separate = true;
            r.inner.push_back(shape[i]);
        }
    }
    return r;
}

At symbols_of(const Cluster& cluster, bool inner)
{
    At at;
    std::size_t i = 0;
    for (const Extent& e : cluster.outer) {
        at.index.push_back(as_extent(loop_symbol(i++)));
        at.shape.push_back(e);
    }
    if (inner)
        for (const Shape* axes : {&cluster.inner, &cluster.behind})
            for (const Extent& e : *axes) {
                at.index.push_back(as_extent(loop_symbol(i++)));
                at.shape.push_back(e);
            }
    return at;
}

void read_others(Puller& puller, const Cluster& cluster)
{
    for (const Root& r : cluster.roots)
        for (const Variable& v : r.reads) {
            const bool own =
                std::ranges::any_of(cluster.roots, [&](const Root& o) { return same(o.value, v); });
            if (!own) puller.in_memory(v);
        }
}

namespace {

class Builder {
public:
    Builder(std::span<const Variable> outputs, bool library_products)
        : roots_(outputs, !library_products), library_products_(library_products)
    {
        for (const Apply& a : roots_.order())
            for (const Variable& out : a.outputs())
                if (roots_.contains(out)) place(out, a);
        for (const Variable& v : outputs)
            need(v, nullptr);
        for (const Unfused& u : result_.unfused)
            has_reason_.insert(u.value.value());
        for (const Cluster& c : result_.list)
            for (const Root& r : c.roots)
                for (const Variable& read : r.reads)
                    need(read, &c);
        for (Cluster& c : result_.list)
            if (c.kind == ClusterKind::contract)
                store_sums(c);
            else if (c.kind == ClusterKind::rows)
                store_what_is_dear(c);
            else if (c.kind == ClusterKind::steps)
                keep_in_strips(c);
            else
                for (Root& r : c.roots)
                    r.stored = true;
    }

    Clusters take() { return std::move(result_); }

private:
    struct Shapes {
        ClusterKind kind = ClusterKind::rows;
        Shape outer, inner, behind;
        bool reduces = false;
        bool joins = true; ///< may share a nest
    };

    Shapes shapes_of(const Variable& value, const Apply& apply) const
    {
        Shapes s;
        std::visit(overloaded{
                       [&](const Reduce& r) {
                           const ReducedAxes axes = reduced_axes(apply);
                           s.reduces = true;
                           s.outer = axes.outer;
                           s.inner = axes.inner;
                           s.behind = axes.behind;
                           if (!axes.behind.empty()) s.kind = ClusterKind::columns;
                           // The loop of a position keeps an element and where it was.
                           if (is_position(r.monoid)) s.joins = false;
                       },
                       [&](const Prefix&) { s.kind = ClusterKind::prefix, s.joins = false; },
                       [&](const Scatter&) { s.kind = ClusterKind::scatter, s.joins = false; },
                       [&](const Contract&) {
                           s.kind = ClusterKind::contract, s.joins = false;
                           s.outer = squeezed(value.shape());
                       },
                       [&](const Scan&) {
                           const Roots::Loop& loop = roots_.loop(apply);
                           s.kind = loop.is_kernel ? ClusterKind::steps : ClusterKind::scan;
                           s.outer = loop.members;
                           s.joins = !s.outer.empty();
                       },
                       [&](const Switch&) { s.kind = ClusterKind::branch, s.joins = false; },
                       [&](const auto&) { s.outer = squeezed(value.shape()); },
                   },
                   apply.op().lowering);
        return s;
    }

    /// What a root reads when it stands in `cluster`, and whether what it reads of the cluster's
    /// own roots is at its own index.
    struct Reading {
        std::vector<Variable> reads;
        int statements = 0;
        int flops = 0;
        bool aligned = true;
    };

    /// `cluster` has the axes, the cluster numbered `at` the roots so far, all of which become
    /// inner ones if `splits`.
    Reading read(const Variable& value,
                 const Apply& apply,
                 const Shapes& s,
                 const Cluster& cluster,
                 bool inner,
                 int at = -1,
                 bool splits = false)
    {
        Reading reading;
        if (s.kind != ClusterKind::rows && s.kind != ClusterKind::columns) {
            reading.reads = direct_reads(apply);
            return reading;
        }
        LoopNest scratch;
        Puller puller(scratch);
        for (const Variable& r : bases_)
            puller.in_memory(r);
        puller.pull(s.reduces ? apply.input(0) : value, symbols_of(cluster, inner || s.reduces));
        detail::PointerSet<detail::Value> read;
        for (const Puller::Access& a : puller.accesses()) {
            if (read.insert(a.value.value())) reading.reads.push_back(a.value);
            if (const Root* own = find(at, a.value))
                reading.aligned &= is_aligned(a.at, cluster, own->inner || splits);
        }
        reading.statements = static_cast<int>(puller.statement_count());
        for (const Scalar& x : scratch.scalars)
            if (const auto* computed = std::get_if<Compute>(&x.expression))
                reading.flops += flops(*computed, x.dtype);
        return reading;
    }

    /// The root of the cluster numbered `at` that `v` is, or null.
    const Root* find(int at, const Variable& v) const
    {
        const Home* const home = home_.find(v.value());
        if (!home || home->cluster != at) return nullptr;
        return &result_.list[static_cast<std::size_t>(at)].roots[home->root];
    }

    static bool is_aligned(const At& at, const Cluster& cluster, bool inner)
    {
        const At mine = symbols_of(cluster, inner);
        return croton::same(reindex(at.index, at.shape, mine.shape), mine.index);
    }

    std::vector<Variable> direct_reads(const Apply& apply) const
    {
        Variables reads;
        const bool product = std::holds_alternative<Contract>(apply.op().lowering);
        for (std::size_t i = 0; i < apply.inputs().size(); ++i) {
            // What a product reads where it lies is memory, also a single number.
            const bool lies = product && !operand_in_memory(apply, i, kept_).is_empty();
            for (const Variable& v : roots_.read_for(apply, i))
                std::ranges::copy(in_memory_behind(v, kept_, lies), std::back_inserter(reads));
        }
        return reads;
    }

    /// The sums of a product are kept where nothing that follows from them has room for them.
    static void store_sums(Cluster& c)
    {
        Root& product = c.roots[0];
        const bool carried = std::ranges::any_of(c.roots, [&](const Root& r) {
            return &r != &product && r.stored && r.value.dtype() == product.value.dtype();
        });
        if (!carried) product.stored = true;
    }

    /// A chain of reductions over rows would compute what stands before each again in every pass
    /// behind it. The last of what is dear gets an array, which others may use before it.
    void store_what_is_dear(Cluster& c)
    {
        for (;;) {
            const std::vector<std::int64_t> again = RowStages(c).flops_again();
            const auto last = std::find_if(again.rbegin(), again.rend(), [](std::int64_t flops) {
                return flops > flops_worth_an_array;
            });
            if (last == again.rend()) return;
            Root& dear = c.roots[static_cast<std::size_t>(again.rend() - last) - 1];
            dear.stored = true;
            result_.unfused.push_back(
                {dear.value, fmt::format("later passes over the rows would take {} operations "
                                         "to compute each of the value's elements again",
                                         *last)});
        }
    }

    /// What a product's sums become, element by element, is its epilogue.
    bool try_epilogue(int at, const Variable& value, const Apply& apply, const Shapes& s)
    {
        Cluster& c = result_.list[static_cast<std::size_t>(at)];
        if (s.kind != ClusterKind::rows || s.reduces) return false;
        if (c.by_library) return refuse(at, "the product is a library's");
        if (std::ranges::none_of(bases_, [&](const Variable& v) { return find(at, v) != nullptr; }))
            return false;
        if (!croton::same(c.outer, s.outer))
            return refuse(at, "what reads it does not have the product's extents");
        const Reading reading = read(value, apply, s, c, false, at);
        if (!reading.aligned)
            return refuse(at, "what reads it needs elements other than the one at its own index");
        if (!fits_product(value, c, reading))
            return refuse(
                at, "operands of what reads it do not lie along the product's rows and columns");
        if (c.statements + reading.statements > most_statements_in_a_vector_loop)
            return refuse(at, fmt::format("the kernel would have more than {} statements",
                                          most_statements_in_a_vector_loop));
        add(at, {value, false, false, false, reading.reads, reading.statements, reading.flops});
        return true;
    }

    /// What follows from a loop of members: of each of them, or of all together.
    bool try_steps(int at, const Variable& value, const Apply& apply, const Shapes& s)
    {
        const Cluster& c = result_.list[static_cast<std::size_t>(at)];
        if ((s.kind != ClusterKind::steps && s.kind != ClusterKind::rows) || c.outer.empty())
            return refuse(at, std::string(why_after(c.kind)));
        const bool is_of_all = s.reduces && s.outer.empty(); // not of a part of each member
        if (s.reduces != is_of_all || !croton::same(c.outer, is_of_all ? s.inner : s.outer))
            return refuse(at, "what reads it is not about the loop's members");
        if (!may_join_steps(c, apply, bases_))
            return refuse(at, "members of what reads it read others', or it is too long");
        const Reading reading = read(value, apply, s, c, false);
        add(at, {value, s.reduces, false, false, reading.reads, reading.statements, reading.flops});
        return true;
    }

    /// Whether its elements can be computed from one index each for batch, row and column.
    static bool fits_product(const Variable& value, const Cluster& c, const Reading& reading)
    {
        LoopNest scratch;
        Puller puller(scratch);
        for (const Variable& v : reading.reads)
            puller.in_memory(v);
        puller.pull(value, contract_at(c.roots[0].value.owner()));
        return !puller.divides() && !scratch.checks_index;
    }

    void place(const Variable& value, const Apply& apply)
    {
        if (has_body(apply.op().lowering) && join_same_apply(value, apply)) return;
        const Shapes s = shapes_of(value, apply);
        bases_.clear();
        for (const Variable& in : apply.inputs())
            for (const Variable& r : in_memory_behind(in, kept_))
                if (!croton::same(r, value)) bases_.push_back(r);
        int newest = -1; // of the clusters it needs
        for (const Variable& r : bases_)
            if (const Home* const home = home_.find(r.value()))
                newest = std::max(newest, home->cluster);
        if (!s.joins) return found_new(value, apply, s);
        const int last = static_cast<int>(result_.list.size()) - 1;
        const int oldest = std::max({newest, 0, last - 16});
        for (int i = last; i >= oldest; --i)
            if (try_join(i, value, apply, s, i == newest)) return;
        found_new(value, apply, s);
    }

    bool join_same_apply(const Variable& value, const Apply& apply)
    {
        for (std::size_t i = 0; i < result_.list.size(); ++i) {
            Cluster& c = result_.list[i];
            if (std::ranges::none_of(
                    c.roots, [&](const Root& r) { return r.value.owner().node() == apply.node(); }))
                continue;
            add(static_cast<int>(i), {value, false, false, false, {}, 0});
            return true;
        }
        return false;
    }

    void found_new(const Variable& value, const Apply& apply, const Shapes& s)
    {
        const Cluster axes{s.kind, s.outer, s.inner, s.behind, {}, 0};
        const Reading reading = read(value, apply, s, axes, false);
        result_.list.push_back(axes);
        read_by_.emplace_back();
        add(static_cast<int>(result_.list.size()) - 1,
            {value, s.reduces, false, false, reading.reads, reading.statements, reading.flops});
        Cluster& c = result_.list.back();
        if (s.kind == ClusterKind::contract && library_products_) {
            const std::string why = why_not_by_library(c);
            c.by_library = why.empty();
            c.note = why.empty() ? "by the library" : "not by the library: " + why;
        }
    }

    void add(int at, Root root)
    {
        Cluster& c = result_.list[static_cast<std::size_t>(at)];
        home_[root.value.value()] = {at, c.roots.size()};
        for (const Variable& v : root.reads)
            read_by_[static_cast<std::size_t>(at)].insert(v.value());
        c.statements += root.statements;
        c.flops += root.flops;
        c.roots.push_back(std::move(root));
    }

    /// The cluster's axes when `s` joins it: equal, or one side is longer by inner axes.
    static bool fits(const Cluster& c, const Shapes& s, Cluster& grown, bool& inner)
    {
        grown.kind = c.kind;
        grown.outer = c.outer;
        grown.inner = c.inner;
        grown.behind = c.behind;
        if (c.kind != s.kind) return false;
        if (c.kind == ClusterKind::columns) {
            inner = false;
            return croton::same(c.outer, s.outer) && croton::same(c.inner, s.inner) &&
                   croton::same(c.behind, s.behind);
        }
        if (s.reduces) {
            inner = false;
            if (c.inner.empty()) { // c is a map so far: over the outer axes, or over all of them
                Shape all = s.outer;
                all.insert(all.end(), s.inner.begin(), s.inner.end());
                if (croton::same(c.outer, all)) return grow(grown, s.outer, s.inner);
                grown.inner = s.inner;
            }
            return croton::same(grown.outer, s.outer) && croton::same(grown.inner, s.inner);
        }
        Shape all = c.outer;
        all.insert(all.end(), c.inner.begin(), c.inner.end());
        inner = !c.inner.empty() && croton::same(s.outer, all);
        if (inner) return true;
        if (croton::same(s.outer, c.outer)) return true;
        // A map over the outer axes and more: those become inner.
        if (!c.inner.empty() || c.outer.empty() || s.outer.size() <= c.outer.size()) return false;
        const auto split = s.outer.begin() + static_cast<std::ptrdiff_t>(c.outer.size());
        if (!croton::same(Shape(s.outer.begin(), split), c.outer)) return false;
        inner = true;
        return grow(grown, c.outer, Shape(split, s.outer.end()));
    }

    static bool grow(Cluster& grown, const Shape& outer, const Shape& inner)
    {
        grown.outer = outer;
        grown.inner = inner;
        return true;
    }

    static bool finds_position(const Cluster& c)
    {
        return std::ranges::any_of(c.roots, [](const Root& r) {
            const auto* reduce =
                r.reduces ? std::get_if<Reduce>(&r.value.owner().op().lowering) : nullptr;
            return reduce && is_position(reduce->monoid);
        });
    }

    static bool is_in_runs(const Cluster& c)
    {
        return std::ranges::any_of(c.roots,
                                   [](const Root& r) { return joins_many(r.value.owner()); });
    }

    bool try_join(int at, const Variable& value, const Apply& apply, const Shapes& s, bool needed)
    {
        Cluster& c = result_.list[static_cast<std::size_t>(at)];
        if (c.kind == ClusterKind::contract) return try_epilogue(at, value, apply, s);
        if (c.kind == ClusterKind::steps && needed) return try_steps(at, value, apply, s);
        if (const std::string_view why = why_after(c.kind); !why.empty())
            return needed ? refuse(at, std::string(why)) : false;
        if (s.reduces && finds_position(c)) return false;
        Cluster grown;
        bool inner = false;
        if (!fits(c, s, grown, inner))
            return needed ? refuse(at, "the loops of what reads it have other extents") : false;
        if (!grown.inner.empty() && (joins_many(apply) || is_in_runs(c)))
            return needed ? refuse(at, "each of the joined arrays gets a loop of its own") : false;
        // Roots that stood for a whole map become inner ones when the axes are split below them.
        const bool splits =
            c.inner.empty() && !grown.inner.empty() && grown.outer.size() < c.outer.size();
        if (grown.outer.empty() && !grown.inner.empty() && (inner || splits) &&
            !is_short(grown.inner))
            return needed ? refuse(at, "the whole array must be reduced first") : false;
        const auto& read_by = read_by_[static_cast<std::size_t>(at)];
        const auto is_own = [&](const Variable& v) { return find(at, v) != nullptr; };
        const auto is_shared = [&](const Variable& v) { return read_by.contains(v.value()); };
        const auto near = [&](const Variable& v) { return is_own(v) || is_shared(v); };
        if (std::ranges::none_of(bases_, near)) return false;
        const Reading reading = read(value, apply, s, grown, inner, at, splits);
        const bool reads_own = std::ranges::any_of(reading.reads, is_own);
        // Columns are done when the last row has been read.
        if (reads_own && c.kind == ClusterKind::columns)
            return refuse(at, "all rows must be reduced first");
        // A second pass over a whole array would wait for the first: each gets blocks of its own.
        if (reads_own && grown.outer.empty() && s.reduces && !is_short(grown.inner))
            return refuse(at, "the whole array must be reduced first");
        if (!reading.aligned)
            return refuse(at, "what reads it needs elements other than the one at its own index");
        if (!reads_own && std::ranges::none_of(reading.reads, is_shared)) return false;
        const bool scalar = grown.outer.empty() && grown.inner.empty();
        const int most = scalar ? most_scalar_statements : most_statements_in_a_vector_loop;
        if (c.statements + reading.statements > most)
            return refuse(at, fmt::format("the kernel would have more than {} statements", most));
        if (scalar && c.flops + reading.flops > most_scalar_flops)
            return refuse(at, fmt::format("the kernel would have more than {} operations",
                                          most_scalar_flops));
        c.outer = grown.outer;
        c.inner = grown.inner;
        c.behind = grown.behind;
        if (splits)
            for (Root& r : c.roots)
                r.inner = true;
        add(at, {value, s.reduces, inner, false, reading.reads, reading.statements, reading.flops});
        return true;
    }

    static bool is_short(const Shape& shape)
    {
        const Extent n = element_count(shape);
        return n.is_known() && n.value() <= 4096;
    }

    bool refuse(int at, std::string reason)
    {
        const Cluster& c = result_.list[static_cast<std::size_t>(at)];
        std::set<std::size_t> read_here;
        for (const Variable& v : bases_)
            if (const Root* own = find(at, v))
                read_here.insert(static_cast<std::size_t>(own - c.roots.data()));
        for (std::size_t i : read_here)
            result_.unfused.push_back({c.roots[i].value, reason});
        return false;
    }

    /// `reader` null: an output.
    void need(const Variable& v, const Cluster* reader)
    {
        const Home* const home = home_.find(v.value());
        if (!home) return;
        Cluster& c = result_.list[static_cast<std::size_t>(home->cluster)];
        if (&c == reader) return;
        c.roots[home->root].stored = true;
        if (reader && has_reason_.insert(v.value()))
            result_.unfused.push_back({v, why_apart(c, *reader, roots_.why_stored(v))});
    }

    /// Why no map or reduction joins such a cluster; empty where one may.
    static std::string_view why_after(ClusterKind writer)
    {
        switch (writer) {
        case ClusterKind::scan:
        case ClusterKind::steps:
            return "a loop gives whole arrays";
        case ClusterKind::branch:
            return "a branch gives whole arrays";
        case ClusterKind::scatter:
            return "all must be scattered first";
        case ClusterKind::prefix:
            return "running sums are a loop of their own";
        case ClusterKind::rows:
        case ClusterKind::columns:
        case ClusterKind::contract:
            break;
        }
        return {};
    }

    /// Of two clusters that nothing tried to make one.
    static std::string
    why_apart(const Cluster& writer, const Cluster& reader, std::string why_stored)
    {
        if (reader.by_library) return "a library's product reads whole arrays";
        switch (reader.kind) {
        case ClusterKind::contract:
            if (!why_stored.empty()) return why_stored;
            return "a product reads its operands several times, from memory";
        case ClusterKind::scan:
            return "a loop takes whole arrays";
        case ClusterKind::steps:
            return "steps follow one another: a loop of their own";
        case ClusterKind::branch:
            return "a branch takes whole arrays";
        case ClusterKind::scatter:
            return "what is scattered lands anywhere: a loop of its own";
        case ClusterKind::prefix:
            return "running sums are a loop of their own";
        case ClusterKind::rows:
        case ClusterKind::columns:
            break;
        }
        if (writer.kind == ClusterKind::contract)
            return "a product's rows are whole only when it is done";
        if (const std::string_view why = why_after(writer.kind); !why.empty())
            return std::string(why);
        if (finds_position(reader) || finds_position(writer))
            return "the search for a position is a loop of its own";
        return "other kernels stand between the two";
    }

    Roots roots_;
    const Kept kept_ = roots_.kept();
    bool library_products_;
    Clusters result_;
    std::vector<Variable> bases_; ///< roots and leaves behind the value that is placed
    struct Home {
        int cluster = -1;
        std::size_t root = 0;
    };
    detail::PointerMap<detail::Value, Home> home_;
    /// What the roots of each cluster read.
    std::vector<detail::PointerSet<detail::Value>> read_by_;
    detail::PointerSet<detail::Value> has_reason_;
};

} // namespace

Clusters make_clusters(std::span<const Variable> outputs, bool library_products)
{
    return Builder(outputs, library_products).take();
}

} // namespace croton::inline v1::codegen
