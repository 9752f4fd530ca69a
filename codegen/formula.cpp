#include "formula.hpp"

#include <croton/codegen/clusters.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/print.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "c_precedence.hpp"
#include "extent_text.hpp"
#include "index_range.hpp"
#include "known_extent.hpp"
#include "puller.hpp"

namespace croton::inline v1::codegen {

namespace {

using Index = std::vector<Extent>;

constexpr std::size_t most_lines = 10;
constexpr int most_values = 400; ///< that are looked at: a comment is no listing

/// "+" of "{a} + {b}"; "" for a template that is no binary operator.
std::string_view infix(std::string_view text)
{
    if (!text.starts_with("{a} ") || !text.ends_with(" {b}") || text.size() < 9) return {};
    const std::string_view symbol = text.substr(4, text.size() - 8);
    return binding_of_operator(symbol) == Binding::atom ? std::string_view() : symbol;
}

std::string number(const Array& scalar)
{
    if (!is_float(scalar.dtype())) return std::to_string(scalar.as_int(0));
    return float_text(scalar.as_double(0), scalar.dtype() != DType::f64);
}

class Formula {
public:
    /// Longer operands get a name and a line.
    Formula(const LoopNest& nest, const SymbolNames& symbols, std::size_t longest_operand)
        : nest_(nest), symbols_(symbols), longest_operand_(longest_operand)
    {
        for (const Buffer& b : nest.buffers) {
            stored_.emplace(b.value.value(), b.name);
            for (const Variable& before : b.before)
                stored_.emplace(before.value(), b.name);
            arrays_.insert(b.name);
        }
        for (const StripArray& s : nest.strip_arrays) {
            stored_.emplace(s.of.value(), s.array.name);
            arrays_.insert(s.array.name);
        }
        taken_ = arrays_;
        for (const auto& [symbol, name] : symbols)
            taken_.insert(name);
        for (const Apply& a : nest.applies)
            count_uses(a.output());
    }

    std::vector<std::string> lines()
    {
        std::size_t partial = 0;
        for (const Apply& a : nest_.applies) {
            if (lines_.size() > most_lines) break;
            const bool reduces = std::holds_alternative<Reduce>(a.op().lowering);
            if (reduces && partial < nest_.partials.size())
                write_blocked(a, nest_.partials[partial++]);
            else
                write_value(a);
        }
        if (lines_.size() > most_lines) {
            lines_.resize(most_lines - 1);
            lines_.emplace_back(".. and more");
        }
        return std::move(lines_);
    }

private:
    // ---- what gets a line

    void count_uses(const Variable& v)
    {
        std::vector<Variable> open{v};
        while (!open.empty() && static_cast<int>(uses_.size()) < most_values) {
            const Apply a = open.back().owner();
            open.pop_back();
            if (!a || !counted_.insert(a.node()).second) continue;
            for (const Variable& in : a.inputs()) {
                ++uses_[in.value()];
                if (!stored_.contains(in.value())) open.push_back(in);
            }
        }
    }

    /// A root: a line if it is stored or used several times; else it stands where it is used.
    void write_value(const Apply& a)
    {
        const Variable v = a.output();
        if (std::holds_alternative<Scatter>(a.op().lowering)) return write_scatter(a);
        if (std::holds_alternative<Scan>(a.op().lowering)) return write_steps(a);
        if (stored_.contains(v.value())) write_line(v, stored_.at(v.value()));
    }

    /// Of a loop over steps: what each state becomes, and what is collected.
    void write_steps(const Apply& scan)
    {
        const auto& p = scan.params_as<ScanParams>();
        const auto inside = p.body.inputs();
        const auto sequences = static_cast<std::size_t>(p.sequences);
        const auto states = static_cast<std::size_t>(p.states);
        const std::string n = extent_text(p.steps, symbols_);
        const std::string t = taken_.contains("t") ? "step" : "t";
        lines_.push_back(p.reverse ? fmt::format("for {} from {} - 1 down to 0:", t, n)
                                   : fmt::format("for {} from 0 to {} - 1:", t, n));
        for (std::size_t i = 0; i < inside.size(); ++i) {
            const bool is_state = i >= sequences && i < sequences + states;
            const auto given = stored_.find(scan.input(i).value());
            std::string label(inside[i].name());
            if (label.empty())
                label = is_state                 ? fmt::format("state{}", i - sequences)
                        : given != stored_.end() ? given->second
                                                 : fmt::format("x{}", i);
            stored_.emplace(inside[i].value(), label);
            taken_.insert(label);
        }
        for (std::size_t k = 0; k < p.body.outputs().size(); ++k) {
            if (lines_.size() > most_lines) return;
            const Variable& v = p.body.outputs()[k];
            const int kept = scan_output(p, states + k);
            if (k >= states && kept < 0) continue;
            const std::string name =
                k < states ? "next " + stored_.at(inside[sequences + k].value())
                           : stored_.at(scan.output(static_cast<std::size_t>(kept)).value());
            const Index index = letters_of(v.shape(), std::nullopt);
            std::string left = reference(name, index, v.shape());
            if (k >= states)
                left = left == name ? name + "[" + t + "]" : left.insert(name.size() + 1, t + ", ");
            lines_.push_back(fmt::format("  {} = {}", left, body(v, index, true)));
        }
    }

    void write_line(const Variable& v, const std::string& name)
    {
        const std::size_t outer = std::exchange(open_letters_, 0);
        const bool stored = stored_.contains(v.value());
        const Index index = letters_of(v.shape(), stored ? nest_.part : std::nullopt);
        const std::string left = reference(name, index, v.shape());
        const std::string right = body(v, index, true);
        lines_.push_back(left + " = " + right);
        open_letters_ = outer;
    }

    void write_scatter(const Apply& a)
    {
        const Variable y = a.output();
        const std::string& name = stored_.at(y.value());
        open_letters_ = 0;
        const Index all = letters_of(y.shape());
        const std::string whole = reference(name, all, y.shape());
        if (const std::string from = text(a.input(0), all); from != whole) // else it lies there
            lines_.push_back(whole + " = " + from);
        const auto& scatter = std::get<Scatter>(a.op().lowering);
        const Variable& updates = a.input(1);
        const Index at = letters_of(updates.shape());
        const std::vector<Type> types = operand_types(a);
        const Index place = gathered(scatter.map({a.params().get(), types, y.type(), at}), a);
        lines_.push_back(fmt::format("{} {} {}", reference(name, place, y.shape()),
                                     scatter.accumulate ? "+=" : "=", text(updates, at)));
    }

    /// One of the two nests of a long reduction.
    void write_blocked(const Apply& a, BufferId partial)
    {
        const Variable y = a.output();
        if (!squeezed(y.shape()).empty()) return write_blocks_of_columns(a, partial);
        const std::string& name = nest_.buffers[static_cast<std::size_t>(partial)].name;
        const std::string_view monoid = croton::name(std::get<Reduce>(a.op().lowering).monoid);
        if (same(nest_.blocked, Extent(0))) {
            named_[y.value()] = fmt::format("{}_i({}[i])", monoid, name);
            if (stored_.contains(y.value()))
                lines_.push_back(
                    fmt::format("{} = {}_i {}[i]", stored_.at(y.value()), monoid, name));
            return;
        }
        // An axis that is left has extent 1.
        const std::string whole = text(y, Index(y.shape().size(), Extent(0)));
        const std::string b = block_letter();
        lines_.push_back(fmt::format("{}[{}] = {} of block {}", name, b, whole, b));
    }

    /// The same of columns, of which the first block's results lie where they belong.
    void write_blocks_of_columns(const Apply& a, BufferId partial)
    {
        const Variable y = a.output();
        const Buffer& buffer = nest_.buffers[static_cast<std::size_t>(partial)];
        const std::size_t outer = std::exchange(open_letters_, 0);
        const Index index = letters_of(y.shape());
        const std::string result = reference(stored_.at(y.value()), index, y.shape());
        Index kept = squeezed_index(index, y.shape());
        if (same(nest_.blocked, Extent(0))) {
            kept.insert(kept.begin(), fresh_letter(open_letters_));
            const Monoid monoid = std::get<Reduce>(a.op().lowering).monoid;
            const std::string other = reference(buffer.name, kept, buffer.shape());
            const std::string others =
                fmt::format("{}_{} {}", croton::name(monoid), letter_name(open_letters_), other);
            lines_.push_back(
                is_position(monoid)
                    ? fmt::format("{} = that of it and {} with the best value", result, other)
                : monoid == Monoid::sum ? fmt::format("{} += {}", result, others)
                : monoid == Monoid::prod
                    ? fmt::format("{} *= {}", result, others)
                    : fmt::format("{0} = {1}({0}, {2})", result, croton::name(monoid), others));
        } else {
            const std::string b = block_letter();
            std::string list = b;
            for (const Extent& e : kept)
                list += ", " + extent_text(e, symbols_);
            lines_.push_back(fmt::format("{} = {} of block 0", result, body(y, index, true)));
            lines_.push_back(
                fmt::format("{}[{}] = the same of block {} + 1", buffer.name, list, b));
        }
        open_letters_ = outer;
    }

    /// The indices of axes other than those known to be 1.
    static Index squeezed_index(const Index& index, const Shape& shape)
    {
        Index rest;
        for (std::size_t i = 0; i < index.size(); ++i)
            if (!is_known_as(shape[i], 1)) rest.push_back(index[i]);
        return rest;
    }

    /// None that names an array, an extent or an index.
    std::string block_letter() const
    {
        for (const char* letter : {"b", "g", "h"})
            if (!taken_.contains(letter)) return letter;
        return "block";
    }

    // ---- indices

    static constexpr std::string_view letters = "ijklpqrs";

    /// Index symbols of the formula's own: loops use the first ones.
    static Extent letter(std::size_t i) { return as_extent(index_symbol(128 + i)); }

    std::string letter_name(std::size_t i) const
    {
        std::size_t free = 0;
        for (char c : letters)
            if (!taken_.contains(std::string(1, c)) && free++ == i) return std::string(1, c);
        return fmt::format("i{}", i);
    }

    /// `part`: of the first axis that has letters.
    Index letters_of(const Shape& shape, const std::optional<AxisPart>& part = {})
    {
        Index index;
        std::size_t next = 0;
        bool first = true;
        for (const Extent& e : shape) {
            const bool in_part = part && first && !is_known_as(e, 1);
            const Extent& count = in_part ? part->count : e;
            Extent at = 0;
            if (!is_known_as(count, 1)) {
                ranges_.insert_or_assign(index_symbol(128 + next), count);
                at = fresh_letter(next++);
            }
            if (in_part) {
                at = part->first + at;
                first = false;
            }
            index.push_back(at);
        }
        open_letters_ = std::max(open_letters_, next);
        return index;
    }

    Extent fresh_letter(std::size_t i)
    {
        symbols_[index_symbol(128 + i)] = letter_name(i);
        return letter(i);
    }

    std::string reference(const std::string& name, const Index& index, const Shape& shape) const
    {
        const bool array = arrays_.contains(name);
        std::string list;
        for (std::size_t i = 0; i < index.size(); ++i)
            if (array || !is_known_as(shape[i], 1))
                list += (list.empty() ? "" : ", ") + extent_text(index[i], symbols_);
        return list.empty() ? name : name + "[" + list + "]";
    }

    static std::vector<Type> operand_types(const Apply& a)
    {
        std::vector<Type> types;
        for (const Variable& in : a.inputs())
            types.push_back(in.type());
        return types;
    }

    /// Indices read from memory stand in an index under a symbol that is printed as what is read.
    Index gathered(const std::vector<GatherAxis>& axes, const Apply& a)
    {
        Index place;
        for (const GatherAxis& axis : axes) {
            if (axis.index_operand < 0) {
                place.push_back(axis.at[0]);
                continue;
            }
            const detail::Atom* symbol = index_symbol(192 + gathers_++ % 64);
            symbols_[symbol] = text(a.input(static_cast<std::size_t>(axis.index_operand)), axis.at);
            place.push_back(as_extent(symbol));
        }
        return place;
    }

    // ---- values

    /// A value as an operand: the name it has, or an expression that is not too long.
    std::string text(const Variable& v, const Index& index)
    {
        if (const auto found = named_.find(v.value()); found != named_.end())
            return found->second.find('(') != std::string::npos
                       ? found->second
                       : reference(found->second, index, v.shape());
        if (const auto found = stored_.find(v.value()); found != stored_.end())
            return reference(found->second, index, v.shape());
        if (v.leaf() == Leaf::constant && v.constant().size() == 1)
            return number(v.constant().reshape({}));
        if (!v.owner()) return reference(std::string(v.name()), index, v.shape());
        std::string expression = body(v, index, false);
        const bool moves = std::holds_alternative<IndexMap>(v.owner().op().lowering);
        const auto uses = uses_.find(v.value());
        const bool reduces = std::holds_alternative<Reduce>(v.owner().op().lowering);
        const bool shared =
            uses != uses_.end() && uses->second > 1 && (reduces || expression.size() > 16);
        if (moves || (!shared && expression.size() <= longest_operand_)) return expression;
        named_[v.value()] = intermediate_name(v);
        const std::string name = named_.at(v.value());
        write_line(v, name);
        return reference(name, index, v.shape());
    }

    std::string intermediate_name(const Variable& v)
    {
        const auto* reduce = std::get_if<Reduce>(&v.owner().op().lowering);
        std::string stem = !v.name().empty() ? std::string(v.name())
                           : reduce          ? std::string(croton::name(reduce->monoid))
                                             : "u";
        for (int n = reduce || !v.name().empty() ? -1 : 0;; ++n) {
            std::string name = n < 0 ? stem : fmt::format("{}{}", stem, n);
            if (taken_.insert(name).second) return name;
        }
    }

    /// The definition of a value that is not a leaf. `alone`: it is a whole side of a line.
    std::string body(const Variable& v, const Index& index, bool alone)
    {
        const Apply a = v.owner();
        if (!a) return reference(std::string(v.name()), index, v.shape());
        if (--budget_ < 0 || lines_.size() > most_lines) return "..";
        return std::visit(
            overloaded{
                [&](const Pointwise& p) { return pointwise(p, a, v, index); },
                [&](const IndexMap& map) { return moved(map, a, v, index); },
                [&](const Iota& iota) {
                    return extent_text(iota.value({a.params().get(), {}, v.type(), index}),
                                       symbols_);
                },
                [&](const Reduce& r) { return reduced(r.monoid, a, index, alone); },
                [&](const Prefix& p) { return running(p.monoid, a, index, alone); },
                [&](const Gather& g) {
                    const std::vector<Type> types = operand_types(a);
                    return text(a.input(0),
                                gathered(g.map({a.params().get(), types, v.type(), index}), a));
                },
                [&](const Contract&) { return contracted(a, index, alone); },
                [&](const auto&) { return called(a, index); },
            },
            a.op().lowering);
    }

    std::string called(const Apply& a, const Index& index)
    {
        std::string list;
        for (const Variable& in : a.inputs())
            list += (list.empty() ? "" : ", ") +
                    text(in, in.rank() == static_cast<int>(index.size()) ? index
                                                                         : letters_of(in.shape()));
        return fmt::format("{}({})", op_word(a), list);
    }

    std::string pointwise(const Pointwise& p, const Apply& a, const Variable& v, const Index& index)
    {
        if (p.real == "{a}") return text(a.input(0), index);
        if (p.real == "-{a}" || p.real == "!{a}")
            return p.real[0] + prefix_operand(text(a.input(0), index), p.real[0]);
        // An own op may lack an operand that its text names: refused where that is written.
        const std::string_view symbol = infix(p.real);
        if (!symbol.empty() && a.inputs().size() == 2) {
            const std::string left = text(a.input(0), index);
            const std::string right = text(a.input(1), index);
            return fmt::format("{} {} {}", left_operand(left, symbol), symbol,
                               right_operand(right, symbol));
        }
        std::string list;
        for (const Variable& in : a.inputs())
            list += (list.empty() ? "" : ", ") + text(in, index);
        if (p.part_of) return fmt::format("{}({}){}", p.part_of->name, list, p.real.substr(3));
        const bool converts = p.real.find("{r}") != p.real.npos && a.inputs().size() == 1;
        return fmt::format("{}({})", converts ? croton::name(v.dtype()) : a.op().name, list);
    }

    std::string moved(const IndexMap& map, const Apply& a, const Variable& v, const Index& index)
    {
        const std::vector<Type> types = operand_types(a);
        const std::vector<Extent> ends = ends_of(index, ranges_, v.shape());
        const auto pieces = map.map({a.params().get(), types, v.type(), index, ends});
        std::string result;
        for (const IndexPiece& piece : pieces) {
            std::string conditions;
            bool never = false;
            for (const auto& g : piece.guards) {
                const Holds known = holds(g, ranges_);
                never |= known == Holds::never;
                if (known != Holds::sometimes) continue;
                const std::string low = never_negative(g.value) ? "" : "0 <= ";
                conditions += (conditions.empty() ? "" : " and ") + low +
                              extent_text(g.value, symbols_) + " < " +
                              extent_text(g.bound, symbols_);
            }
            if (never) continue;
            const std::string value = text(a.input(piece.operand), piece.index);
            if (conditions.empty()) return result + value;
            result += fmt::format("{} if {}, else ", value, conditions);
        }
        return result;
    }

    /// "sum_j x[i, j]" alone, "sum_j(x[i, j])" beside an operator.
    std::string
    over(std::string_view monoid, const std::string& range, const std::string& term, bool alone)
    {
        const bool bare = alone && binding_of(term) >= Binding::product;
        return fmt::format("{}_{}{}", monoid, range, bare ? " " + term : "(" + term + ")");
    }

    std::string reduced(Monoid monoid, const Apply& a, const Index& index, bool alone)
    {
        const auto& axes = a.params_as<ReduceParams>().axes;
        const Shape shape = a.input(0).shape();
        Index inner;
        std::string range;
        std::size_t kept = 0;
        const std::size_t outer = open_letters_;
        for (std::size_t i = 0; i < shape.size(); ++i) {
            if (!std::ranges::count(axes, static_cast<int>(i)))
                inner.push_back(index[kept++]);
            else if (is_known_as(shape[i], 1))
                inner.emplace_back(0);
            else {
                range += letter_name(open_letters_);
                inner.push_back(fresh_letter(open_letters_++));
            }
        }
        const std::string term = text(a.input(0), inner);
        open_letters_ = outer;
        return over(croton::name(monoid), range, term, alone);
    }

    std::string running(Monoid monoid, const Apply& a, const Index& index, bool alone)
    {
        const auto& p = a.params_as<PrefixParams>();
        const std::size_t next = open_letters_++;
        Index inner = index;
        const auto axis = static_cast<std::size_t>(p.axis);
        inner[axis] = fresh_letter(next);
        const std::string range =
            fmt::format("{{{} {} {}}}", letter_name(next),
                        p.reverse ? ">=" : "<=", extent_text(index[axis], symbols_));
        const std::string term = text(a.input(0), inner);
        --open_letters_;
        return over(croton::name(monoid), range, term, alone);
    }

    std::string contracted(const Apply& a, const Index& index, bool alone)
    {
        const auto& p = a.params_as<ContractParams>();
        std::string range;
        Index sums;
        const std::size_t outer = open_letters_;
        for (int axis : p.a_sum) {
            const bool one = is_known_as(a.input(0).shape()[static_cast<std::size_t>(axis)], 1);
            if (!one) range += letter_name(open_letters_);
            sums.push_back(one ? Extent(0) : fresh_letter(open_letters_++));
        }
        std::size_t out = p.a_batch.size();
        const auto operand = [&](const Variable& v, const std::vector<int>& batch,
                                 const std::vector<int>& summed) {
            Index at;
            for (int i = 0; i < v.rank(); ++i) {
                const auto b = std::ranges::find(batch, i);
                const auto s = std::ranges::find(summed, i);
                if (b != batch.end())
                    at.push_back(index[static_cast<std::size_t>(b - batch.begin())]);
                else if (s != summed.end())
                    at.push_back(sums[static_cast<std::size_t>(s - summed.begin())]);
                else
                    at.push_back(index[out++]);
            }
            return text(v, at);
        };
        const std::string left = operand(a.input(0), p.a_batch, p.a_sum);
        const std::string right = operand(a.input(1), p.b_batch, p.b_sum);
        open_letters_ = outer;
        const std::string_view star = "*";
        return over(croton::name(Monoid::sum), range,
                    left_operand(left, star) + " * " + right_operand(right, star), alone);
    }

    const LoopNest& nest_;
    SymbolNames symbols_;
    IndexRanges ranges_;                                         ///< of letters
    std::map<const detail::Value*, std::string> stored_, named_; // looked up only
    std::map<const detail::Value*, int> uses_;
    std::set<const detail::Node*> counted_;
    std::set<std::string> arrays_; ///< names
    std::set<std::string> taken_;  ///< and those of indices and lines
    std::vector<std::string> lines_;
    std::size_t gathers_ = 0;
    std::size_t open_letters_ = 0; ///< that the line being written uses
    int budget_ = most_values;
    std::size_t longest_operand_;
};

} // namespace

std::vector<std::string>
formula_lines(const LoopNest& nest, const SymbolNames& symbols, std::size_t width)
{
    std::vector<std::string> lines;
    for (const std::size_t longest_operand : {std::size_t{64}, std::size_t{40}}) {
        lines = Formula(nest, symbols, longest_operand).lines();
        if (std::ranges::all_of(lines, [&](const auto& line) { return line.size() <= width; }))
            return lines;
    }
    for (std::string& line : lines)
        if (line.size() > width) line = line.substr(0, width - 3) + " ..";
    return lines;
}

} // namespace croton::inline v1::codegen
