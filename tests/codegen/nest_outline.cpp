#include "codegen/nest_outline.hpp"

#include <croton/codegen/lower.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/overloaded.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "codegen/expanded.hpp"
#include "support/catch.hpp"

namespace croton::test {

using namespace croton::codegen;

namespace {

constexpr std::size_t loop_letters = 4;

std::string index_text(const Extent& extent)
{
    Substitution none;
    std::string text = to_string(extent), result;
    for (std::size_t at = 0; at < text.size();) {
        if (text.compare(at, 5, "index") != 0) {
            result += text[at++];
            continue;
        }
        std::size_t end = at + 5;
        while (end < text.size() && text[end] >= '0' && text[end] <= '9')
            ++end;
        const std::size_t number = std::stoul(text.substr(at + 5, end - at - 5));
        result += number < loop_letters ? std::string(1, "ijkl"[number])
                  : number < most_axes  ? fmt::format("loop{}", number)
                                        : fmt::format("g{}", number - most_axes);
        at = end;
    }
    return result;
}

class Outline {
public:
    explicit Outline(const LoopNest& nest) : nest_(nest) {}

    std::string text()
    {
        for (const ContractNest& c : nest_.contract)
            contract(c);
        block(nest_.body);
        return text_;
    }

private:
    void line(const std::string& text) { text_ += std::string(2 * depth_, ' ') + text + '\n'; }

    const Scalar& scalar(ScalarId id) const { return nest_.scalars[static_cast<std::size_t>(id)]; }

    std::string buffer(BufferId id) const
    {
        if (id < 0) return "strip";
        const Variable& v = nest_.buffers[static_cast<std::size_t>(id)].value;
        return v.name().empty() ? fmt::format("b{}", id) : std::string(v.name());
    }
    std::string element(BufferId id, const Extent& at) const
    {
        return buffer(id) + "[" + index_text(at) + "]";
    }

    std::string use(ScalarId id)
    {
        if (const auto* l = std::get_if<Literal>(&scalar(id).expression))
            return to_string(l->value);
        const auto found = names_.find(id);
        return found == names_.end() ? "undefined" : found->second;
    }
    std::string define(ScalarId id)
    {
        return names_.emplace(id, fmt::format("v{}", names_.size())).first->second;
    }

    std::string expression(const Scalar& s)
    {
        return std::visit(overloaded{
                              [](const Literal&) { return std::string(); },
                              [&](const TableEntry& t) { return element(t.buffer, t.at); },
                              [&](const Load& l) {
                                  return element(l.buffer, l.at) +
                                         (l.guard < 0 ? "" : " if " + use(l.guard));
                              },
                              [&](const Compute& c) {
                                  std::string list;
                                  for (ScalarId id : c.operands)
                                      list += (list.empty() ? "" : ", ") + use(id);
                                  return std::string(c.op->name) + "(" + list + ")";
                              },
                              [](const IndexValue& v) { return "index " + index_text(v.value); },
                              [&](const InRange& r) {
                                  std::string list = r.also < 0 ? "" : use(r.also);
                                  for (const auto& g : r.guards)
                                      list += (list.empty() ? "0 <= " : " and 0 <= ") +
                                              index_text(g.value) + " < " + index_text(g.bound);
                                  return list;
                              },
                              [&](const Select& x) {
                                  return use(x.condition) + " ? " + use(x.a) + " : " + use(x.b);
                              },
                              [&](const CheckedIndex& c) {
                                  return "checked " + use(c.raw) + " < " + index_text(c.extent);
                              },
                              [](const Accumulated&) { return std::string("accumulated"); },
                              [](const ProductSum&) { return std::string("sum of the product"); },
                          },
                          s.expression);
    }

    void let(ScalarId id)
    {
        const Scalar& s = scalar(id);
        if (std::holds_alternative<Literal>(s.expression)) return;
        const std::string right = expression(s);
        const std::string left = s.symbol ? index_text(as_extent(s.symbol)) : define(id);
        line(left + " = " + right);
    }

    void loop(const Loop& l)
    {
        static constexpr std::string_view kinds[] = {"serial", "lanes", "backward", "unrolled"};
        std::string head = std::string(kinds[static_cast<std::size_t>(l.kind)]) + " " +
                           index_text(as_extent(l.index)) + " < " + index_text(l.extent);
        if (!l.first.empty()) head += " from " + l.first + " to " + l.end;
        line(head + (l.parallel ? ", parallel" : "") + (l.across.empty() ? "" : ", in squares"));
        ++depth_;
        for (const Accumulator& a : l.accumulators)
            if (a.running) define(a.result);
        block(l.body, &l.accumulators);
        for (const Accumulator& a : l.accumulators)
            if (!a.running) line(define(a.result) + " = " + combined(a));
        --depth_;
    }
    std::string combined(const Accumulator& a)
    {
        return std::string(name(a.monoid)) + (a.running ? " so far of " : " of ") + use(a.value);
    }

    void columns(const ColumnLoop& c)
    {
        const std::string from = same(c.first, 0) ? "" : " from " + index_text(c.first);
        line("columns " + index_text(as_extent(c.column)) + " < " + index_text(c.columns) +
             " over rows " + index_text(as_extent(c.row)) + " < " + index_text(c.end) + from);
        ++depth_;
        block(c.body);
        for (const ColumnLoop::Target& t : c.targets) {
            const std::string to = element(t.buffer, t.at + as_extent(c.column));
            line(to + (t.partial < 0 ? "" : " or " + buffer(t.partial)) + " = " +
                 (t.begun ? to + " and " : "") + std::string(name(t.monoid)) + " of " +
                 use(t.value) + (t.place < 0 ? "" : " at " + use(t.place)) +
                 (t.best < 0 ? "" : ", " + element(t.best, t.best_at + as_extent(c.column))));
        }
        --depth_;
    }

    /// `running`: of the loop around it. They are combined once their values are there.
    void block(const Block& statements, const std::vector<Accumulator>* running = nullptr)
    {
        for (const Statement& st : statements)
            visit(st, overloaded{
                          [&](const Let& l) {
                              let(l.scalar);
                              for (const Accumulator& a : running ? *running : none_)
                                  if (a.running && a.value == l.scalar)
                                      line(use(a.result) + " = " + combined(a));
                          },
                          [&](const Store& s) {
                              line(element(s.buffer, s.at) + (s.accumulate ? " += " : " = ") +
                                   use(s.value));
                          },
                          [&](const Loop& l) { loop(l); },
                          [&](const ColumnLoop& c) { columns(c); },
                      });
    }

    void contract(const ContractNest& c)
    {
        static constexpr std::string_view kinds[] = {"small", "dots", "row", "blocks", "library"};
        const auto operand = [&](BufferId id, const Extent& batch, const Extent& a, const Extent& b,
                                 BufferId packed) {
            if (id < 0) return std::string("a strip") + (packed < 0 ? "" : ", packed");
            return buffer(id) + " strides " + index_text(batch) + ", " + index_text(a) + ", " +
                   index_text(b) + (packed < 0 ? "" : ", packed");
        };
        line(buffer(c.out) + " = product, " + std::string(kinds[static_cast<std::size_t>(c.kind)]) +
             (c.turned ? ", turned" : "") + ": batch " + index_text(c.batch) + ", m " +
             index_text(c.m) + ", n " + index_text(c.n) + ", k " + index_text(c.k));
        line("  of " + operand(c.a, c.a_batch, c.a_m, c.a_k, c.packed_a));
        line("  by " + operand(c.b, c.b_batch, c.b_k, c.b_n, c.packed_b));
        for (const Prologue* p : {&c.prologue_a, &c.prologue_b}) {
            if (!*p) continue;
            line(p == &c.prologue_a ? "strip of a" : "strip of b");
            ++depth_;
            block(p->body);
            --depth_;
        }
    }

    const LoopNest& nest_;
    const std::vector<Accumulator> none_;
    std::map<ScalarId, std::string> names_;
    std::size_t depth_ = 0;
    std::string text_;
};

/// Follows a nest as it would run.
class Checker {
public:
    explicit Checker(const LoopNest& nest) : nest_(nest) {}

    std::vector<std::string> found()
    {
        if (!nest_.contract.empty()) open_.insert(index_symbol(0)); // the batch, around all of it
        for (const ContractNest& c : nest_.contract)
            for (const Prologue* p : {&c.prologue_a, &c.prologue_b}) {
                const auto before = open_;
                open_.insert({index_symbol(4), index_symbol(5)}); // where the strip begins
                block(p->body);
                open_ = before;
            }
        block(nest_.body);
        for (std::size_t i = 0; i < nest_.scalars.size(); ++i)
            if (!written_.contains(static_cast<ScalarId>(i)) &&
                !std::holds_alternative<Accumulated>(nest_.scalars[i].expression))
                problem(fmt::format("no statement defines scalar {}", i));
        return problems_;
    }

private:
    using Scope = std::set<ScalarId>;

    void problem(std::string_view text) { problems_.emplace_back(text); }

    void use(ScalarId id, std::string_view by)
    {
        if (id < 0) return;
        if (!defined_.contains(id))
            problem(fmt::format("scalar {} is used by {} where it is not defined", id, by));
    }
    void use(const Extent& index, std::string_view by)
    {
        for (const detail::Atom* s : symbols(index))
            if (name(s).starts_with("index") && !open_.contains(s))
                problem(
                    fmt::format("{} has {}, of no loop around it", by, index_text(as_extent(s))));
    }

    void let(ScalarId id, int depth)
    {
        const Scalar& s = nest_.scalars[static_cast<std::size_t>(id)];
        if (!written_.insert(id).second) problem("a scalar is defined twice");
        if (s.depth != depth) problem("a scalar says another depth than its statement has");
        std::visit(overloaded{
                       [&](const Load& l) { use(l.at, "a load"), use(l.guard, "a load"); },
                       [&](const Compute& c) {
                           for (ScalarId operand : c.operands)
                               use(operand, c.op->name);
                       },
                       [&](const IndexValue& v) { use(v.value, "an index"); },
                       [&](const InRange& r) {
                           for (const auto& g : r.guards)
                               use(g.value, "a guard"), use(g.bound, "a guard");
                           use(r.also, "a guard");
                       },
                       [&](const Select& x) {
                           for (ScalarId operand : {x.condition, x.a, x.b})
                               use(operand, "a choice");
                       },
                       [&](const CheckedIndex& c) { use(c.raw, "a checked index"); },
                       [](const auto&) {},
                   },
                   s.expression);
        defined_.insert(id);
        if (s.symbol) open_.insert(s.symbol);
    }

    void store(const Store& s)
    {
        use(s.value, "a store");
        use(s.at, "a store");
        write_to(s.buffer);
    }
    void write_to(BufferId id)
    {
        if (id < 0) return; // a strip
        const Buffer& b = nest_.buffers[static_cast<std::size_t>(id)];
        if (b.access == Buffer::Access::read) problem("a buffer that is only read is written to");
    }

    void loop(const Loop& l)
    {
        if (open_.contains(l.index)) problem("two loops, one in the other, have one index");
        const Scope before = defined_;
        const auto symbols_before = open_;
        open_.insert(l.index);
        for (const Accumulator& a : l.accumulators)
            if (a.running) defined_.insert(a.result);
        block(l.body, l.depth);
        for (const Accumulator& a : l.accumulators)
            use(a.value, "an accumulator");
        defined_ = before; // what a loop computes ends with it
        open_ = symbols_before;
        for (const Accumulator& a : l.accumulators)
            if (!a.running) defined_.insert(a.result);
    }

    void columns(const ColumnLoop& c)
    {
        const Scope before = defined_;
        const auto symbols_before = open_;
        for (const Extent& bound : {c.first, c.end})
            use(bound, "a column's rows");
        if (c.block) use(as_extent(c.block), "a block of rows");
        open_.insert(c.row);
        open_.insert(c.column);
        block(c.body, c.depth);
        for (const ColumnLoop::Target& t : c.targets)
            use(t.value, "a column's result"), write_to(t.buffer), write_to(t.partial);
        for (const ColumnLoop::Target& t : c.targets) {
            if (t.place >= 0) use(t.place, "a place");
            write_to(t.best), write_to(t.row);
        }
        defined_ = before;
        open_ = symbols_before;
    }

    void block(const Block& statements, int depth = 0)
    {
        for (const Statement& st : statements)
            visit(st, overloaded{
                          [&](const Let& l) { let(l.scalar, depth); },
                          [&](const Store& s) { store(s); },
                          [&](const Loop& l) { loop(l); },
                          [&](const ColumnLoop& c) { columns(c); },
                      });
    }

    const LoopNest& nest_;
    Scope defined_, written_;
    std::set<const detail::Atom*> open_;
    std::vector<std::string> problems_;
};

} // namespace

std::string outline(const LoopNest& nest) { return Outline(nest).text(); }

std::vector<std::string> problems(const LoopNest& nest) { return Checker(nest).found(); }

std::vector<codegen::LoopNest> nests_of(const Variables& outputs)
{
    const Variables ordered = codegen::order_contractions(expanded(outputs));
    std::vector<codegen::LoopNest> nests;
    for (const auto& cluster : codegen::make_clusters(ordered).list)
        for (codegen::LoopNest& nest : codegen::lower(cluster).nests)
            nests.push_back(std::move(nest));
    return nests;
}

std::string outlines(const Variables& outputs)
{
    std::string text;
    for (const codegen::LoopNest& nest : nests_of(outputs)) {
        CHECK(problems(nest) == std::vector<std::string>());
        text += '\n';
        text += outline(nest);
    }
    return text;
}

} // namespace croton::test
