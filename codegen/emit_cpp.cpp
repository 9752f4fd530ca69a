#include <croton/codegen/emit_cpp.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/overloaded.hpp>

#include <algorithm>
#include <set>

#include "emit_contract.hpp"
#include "expression.hpp"
#include "monoid_text.hpp"
#include "puller.hpp"
#include "use_depths.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

namespace {

class Emitter {
public:
    Emitter(LoopNest& nest, const std::string& name)
        : nest_(nest), expressions_(nest, names_, symbols_), use_depth_(use_depths(nest))
    {
        kernel_.name = name;
        kernel_.checks_index = nest.checks_index;
    }

    EmittedKernel take()
    {
        if (!nest_.contract.empty()) reserve_contract_names(names_);
        collect_extents();
        name_buffers();
        if (const Loop* first = parallel_loop()) {
            kernel_.parallel = true;
            kernel_.parallel_extent = first->extent;
        }
        if (nest_.contract.empty() && has_fast_twin())
            write_twins();
        else if (nest_.contract.empty())
            write_kernel();
        else
            write_contract_kernel();
        kernel_.text = helpers_ + writer_.take();
        return std::move(kernel_);
    }

private:
    // ---- what stands in the signature

    void need(const Extent& e)
    {
        for (const detail::Atom* s : symbols(e)) {
            if (is_index(s) || symbols_.contains(s)) continue;
            symbols_.emplace(s, names_.fresh(croton::name(s), "n"));
            kernel_.extents.push_back(as_extent(s));
            kernel_.extent_names.push_back(symbols_.at(s));
        }
    }
    static bool is_index(const detail::Atom* s) { return id(s) < 256; }

    void collect_extents()
    {
        for (const Scalar& s : nest_.scalars)
            std::visit(overloaded{
                           [&](const Load& l) { need(l.at); },
                           [&](const IndexValue& v) { need(v.value); },
                           [&](const InRange& r) {
                               for (const auto& g : r.guards)
                                   need(g.value), need(g.bound);
                           },
                           [&](const CheckedIndex& x) { need(x.extent); },
                           [](const auto&) {},
                       },
                       s.expression);
        for (const ContractNest& c : nest_.contract)
            for (const Extent& e :
                 {c.batch, c.m, c.n, c.k, c.a_batch, c.a_m, c.a_k, c.b_batch, c.b_k, c.b_n})
                need(e);
        collect_extents(nest_.body);
    }

    void collect_extents(const Block& block)
    {
        for (const Statement& st : block)
            std::visit(overloaded{
                           [](const Let&) {},
                           [&](const Store& s) { need(s.at); },
                           [&](const Loop& l) {
                               if (&l != parallel_loop())
                                   need(l.extent); // else it is given as begin and end
                               collect_extents(l.body);
                           },
                           [&](const ColumnLoop& l) {
                               need(l.rows), need(l.columns);
                               for (const auto& t : l.targets)
                                   need(t.at);
                               collect_extents(l.body);
                           },
                       },
                       static_cast<const std::variant<Let, Store, Loop, ColumnLoop>&>(st));
    }

    void name_buffers()
    {
        for (Buffer& b : nest_.buffers)
            b.name = names_.fresh(b.value.name(), b.value.owner() ? "v" : "x");
    }

    std::string buffer_parameter(const Buffer& b) const
    {
        const std::string_view constant = b.access == Buffer::Access::read ? "const " : "";
        return fmt::format("{}{}* CT_RESTRICT {}", constant, memory_type(b.dtype()), b.name);
    }

    std::vector<std::string> parameters() const
    {
        std::vector<std::string> list;
        if (kernel_.parallel) list = {"i64 begin", "i64 end"};
        for (const Extent& e : kernel_.extents)
            list.push_back("i64 " + symbols_.at(as_symbol(e)));
        for (const Buffer& b : nest_.buffers)
            list.push_back(buffer_parameter(b));
        return list;
    }

    const Loop* parallel_loop() const
    {
        int loops = 0;
        const Loop* found = nullptr;
        for (const Statement& st : nest_.body)
            if (const auto* l = std::get_if<Loop>(&st)) {
                ++loops;
                if (l->parallel) found = l;
            }
        return loops == 1 ? found : nullptr;
    }

    // ---- the header comment

    void write_header()
    {
        std::string formulas;
        for (const Buffer& b : nest_.buffers) {
            const char* use = b.access == Buffer::Access::read    ? ""
                              : b.access == Buffer::Access::write ? "written"
                                                                  : "read and written";
            formulas += fmt::format("//   {}  {} {}  {}\n", b.name, croton::name(b.dtype()),
                                    shape_text(b), use);
        }
        writer_.line("// {}: {}", kernel_.name, description());
        writer_.raw("//");
        std::size_t start = 0;
        while (start < formulas.size()) {
            const std::size_t end = formulas.find('\n', start);
            std::string line = formulas.substr(start, end - start);
            while (line.ends_with(' '))
                line.pop_back();
            writer_.raw(line);
            start = end + 1;
        }
        writer_.blank();
    }

    std::string shape_text(const Buffer& b) const
    {
        std::string text = "(";
        for (const Extent& e : b.shape()) {
            std::string part;
            bool named = true;
            for (const detail::Atom* s : symbols(e))
                named &= symbols_.contains(s);
            part = named ? c_text(e, symbols_) : to_string(e);
            text += (text.size() > 1 ? ", " : "") + part;
        }
        return text + ")";
    }

    std::string description() const
    {
        std::string text;
        for (const Apply& a : nest_.applies) {
            if (text.size() > 50) {
                text += ", ..";
                break;
            }
            text += fmt::format("{}{}", text.empty() ? "" : ", ", a.op().name);
        }
        std::vector<std::string> places;
        for (const Apply& a : nest_.applies)
            if (a.location()) {
                std::string place = to_string(*a.location());
                if (std::ranges::count(places, place) == 0) places.push_back(std::move(place));
            }
        if (places.size() > 2) places.resize(2);
        return fmt::format("{}        {}", text, fmt::join(places, ", "));
    }

    // ---- the function

    void write_kernel()
    {
        write_header();
        const std::string type = nest_.checks_index ? "CT_KERNEL i32 " : "CT_KERNEL void ";
        const auto scope = writer_.function(parameter_list(type + kernel_.name, parameters()));
        if (nest_.checks_index) writer_.raw("i32 bad = 0;");
        write(nest_.body);
        if (nest_.checks_index) writer_.raw("return bad;");
    }

    /// Sines in a loop over lanes: the straight-line form, exact up to 2^20, keeps the loop a
    /// vector loop; a lane beyond sets a flag, and the whole is then computed by the exact form.
    bool has_fast_twin() const
    {
        if (nest_.checks_index) return false;
        const bool in_lanes = std::ranges::any_of(nest_.scalars, [&](const Scalar& s) {
            return s.depth > 0 && expressions_.has_fast_form(s);
        });
        const bool columns = std::ranges::any_of(
            nest_.body, [](const Statement& st) { return std::holds_alternative<ColumnLoop>(st); });
        return in_lanes && !columns;
    }

    void write_twins()
    {
        const std::vector<std::string> list = parameters();
        std::vector<std::string> arguments;
        for (const std::string& p : list)
            arguments.push_back(p.substr(p.rfind(' ') + 1));
        const auto twin = [&](std::string_view type, std::string_view form) {
            return writer_.function(
                parameter_list(fmt::format("static {} {}_{}", type, kernel_.name, form), list));
        };
        write_header();
        {
            const Names names = names_;
            const auto scope = twin("i32", "fast");
            writer_.raw("i32 hard = 0;");
            expressions_.use_fast_forms(true);
            write(nest_.body);
            writer_.raw("return hard;");
            expressions_.use_fast_forms(false);
            expressions_.forget();
            loop_names_.clear();
            names_ = names;
        }
        writer_.blank();
        {
            const auto scope = twin("void", "exact");
            write(nest_.body);
        }
        writer_.blank();
        const auto scope = writer_.function(parameter_list("CT_KERNEL void " + kernel_.name, list));
        writer_.raw("// Arguments beyond 2^20 need more digits of pi: then all is computed again.");
        writer_.line("if ({}) {};", parameter_list(kernel_.name + "_fast", arguments),
                     parameter_list(kernel_.name + "_exact", arguments));
    }

    void write_contract_kernel()
    {
        write_header();
        if (!nest_.body.empty()) {
            symbols_[loop_symbol(0)] = "h";
            std::vector<std::string> list = parameters();
            list.insert(list.begin(), {"i64 h", "i64 i0", "i64 i1", "i64 j0", "i64 j1"});
            writer_.raw("// What follows from the sums of rows i0 .. i1 and columns j0 .. j1.");
            const auto scope =
                writer_.function(parameter_list("CT_MATH void " + kernel_.name + "_finish", list));
            write(nest_.body);
        }
        kernel_.takes_runtime = true;
        emit_contract(writer_, nest_, kernel_, symbols_);
    }

    void write(const Block& block)
    {
        for (const Statement& st : block)
            std::visit(overloaded{
                           [&](const Let& l) { write_let(l.scalar); },
                           [&](const Store& s) { write_store(s); },
                           [&](const Loop& l) { write_loop(l); },
                           [&](const ColumnLoop& l) { write_columns(l); },
                       },
                       static_cast<const std::variant<Let, Store, Loop, ColumnLoop>&>(st));
    }

    void write_let(ScalarId id)
    {
        const std::string line = expressions_.define(id, use_depth_[static_cast<std::size_t>(id)]);
        if (!line.empty()) writer_.raw(line);
        if (const std::string flag = expressions_.hard_argument(id); !flag.empty())
            writer_.raw(flag);
    }

    void write_store(const Store& s)
    {
        const std::string to = expressions_.element(s.buffer, s.at);
        const std::string value = expressions_.stored(s.buffer, s.value);
        if (!s.accumulate) return writer_.line("{} = {};", to, value);
        const DType t = nest_.buffers[static_cast<std::size_t>(s.buffer)].dtype();
        writer_.line("{} = {};", to, combine(Monoid::sum, t, to, value));
    }

    std::string loop_head(const Loop& l, std::string_view index) const
    {
        const bool blocked = kernel_.parallel && l.parallel;
        const std::string end = blocked         ? "end"
                                : l.end.empty() ? c_text(l.extent, symbols_)
                                                : l.end;
        const std::string begin = blocked ? "begin" : l.first.empty() ? "0" : l.first;
        if (l.kind == LoopKind::backward)
            return fmt::format("for (i64 {0} = {1}; {0}-- > 0;)", index, end);
        return fmt::format("for (i64 {0} = {1}; {0} < {2}; ++{0})", index, begin, end);
    }

    void write_loop(const Loop& l)
    {
        const std::string index = symbols_[l.index] =
            loop_names_.contains(l.name) && in_use(l.name) ? names_.fresh({}, l.name) : l.name;
        loop_names_.insert(index);
        open_names_.push_back(index);
        const bool laned = l.kind == LoopKind::lanes &&
                           std::ranges::any_of(l.accumulators, [&](const Accumulator& a) {
                               return lanes_of(a) > 1;
                           });
        if (laned)
            write_laned_loop(l, index);
        else
            write_plain_loop(l, index);
        open_names_.pop_back();
    }

    bool in_use(const std::string& name) const { return std::ranges::count(open_names_, name) > 0; }

    int lanes_of(const Accumulator& a) const
    {
        if (a.monoid == Monoid::argmax || a.monoid == Monoid::argmin) return 1;
        return lane_count(nest_.scalars[static_cast<std::size_t>(a.value)].dtype);
    }
    DType dtype_of(ScalarId id) const { return nest_.scalars[static_cast<std::size_t>(id)].dtype; }

    void write_plain_loop(const Loop& l, const std::string& index)
    {
        std::vector<std::string> best;
        for (const Accumulator& a : l.accumulators) {
            const std::string result = expressions_.declare(a.result, croton::name(a.monoid));
            const bool position = a.monoid == Monoid::argmax || a.monoid == Monoid::argmin;
            if (position) {
                best.push_back(names_.fresh({}, "best"));
                writer_.line("{} {} = {};", scalar_type(dtype_of(a.value)), best.back(),
                             identity(a.monoid, dtype_of(a.value)));
                writer_.line("i64 {} = 0;", result);
            } else {
                best.emplace_back();
                writer_.line("{} {} = {};", scalar_type(dtype_of(a.result)), result,
                             identity(a.monoid, dtype_of(a.result)));
            }
        }
        const auto scope = writer_.block("{}", loop_head(l, index));
        // A running result is redefined before the statements that store it.
        const bool running =
            std::ranges::any_of(l.accumulators, [](const Accumulator& a) { return a.running; });
        if (running)
            write_running(l);
        else
            write(l.body);
        for (std::size_t i = 0; i < l.accumulators.size(); ++i)
            if (!l.accumulators[i].running) write_update(l.accumulators[i], best[i], index);
    }

    void write_update(const Accumulator& a, const std::string& best, const std::string& index)
    {
        const std::string result = expressions_.whole(a.result);
        const std::string value = expressions_.whole(a.value);
        if (best.empty())
            return writer_.line("{} = {};", result,
                                combine(a.monoid, dtype_of(a.result), result, value));
        const std::string v = names_.fresh({}, "t");
        writer_.line("const {} {} = {};", scalar_type(dtype_of(a.value)), v, value);
        const auto scope = writer_.block("if ({})", replaces(a.monoid, dtype_of(a.value), best, v));
        writer_.line("{} = {};", best, v);
        writer_.line("{} = {};", result, index);
    }

    void write_running(const Loop& l)
    {
        for (const Statement& st : l.body) {
            if (std::holds_alternative<Store>(st))
                for (const Accumulator& a : l.accumulators)
                    write_update(a, {}, {});
            if (const auto* let = std::get_if<Let>(&st))
                write_let(let->scalar);
            else
                write_store(std::get<Store>(st));
        }
    }

    /// Element j goes to lane j % L: blocks of L, the last one shorter; then the lanes are
    /// combined.
    void write_laned_loop(const Loop& l, const std::string& index)
    {
        int width = 1;
        std::vector<std::string> arrays;
        for (const Accumulator& a : l.accumulators)
            width = std::max(width, lanes_of(a));
        for (const Accumulator& a : l.accumulators) {
            const DType t = dtype_of(a.result);
            arrays.push_back(names_.fresh({}, fmt::format("{}", croton::name(a.monoid))));
            if (lanes_of(a) == 1) {
                writer_.line("{} {} = {};", scalar_type(t), arrays.back(), identity(a.monoid, t));
                continue;
            }
            if (a.monoid == Monoid::sum)
                writer_.line("{} {}[{}] = {{0}};", scalar_type(t), arrays.back(), lanes_of(a));
            else {
                writer_.line("{} {}[{}];", scalar_type(t), arrays.back(), lanes_of(a));
                writer_.line("for (i64 l = 0; l < {}; ++l) {}[l] = {};", lanes_of(a), arrays.back(),
                             identity(a.monoid, t));
            }
        }
        write_blocks(l, index, width, arrays);
        for (std::size_t i = 0; i < l.accumulators.size(); ++i) {
            const Accumulator& a = l.accumulators[i];
            const DType t = dtype_of(a.result);
            const std::string result = expressions_.declare(a.result, "t");
            if (lanes_of(a) == 1)
                writer_.line("const {} {} = {};", scalar_type(t), result, arrays[i]);
            else
                writer_.line("const {} {} = {}_lanes_{}({});", scalar_type(t), result,
                             croton::name(a.monoid), croton::name(t), arrays[i]);
        }
    }

    void write_blocks(const Loop& l,
                      const std::string& index,
                      int width,
                      const std::vector<std::string>& arrays)
    {
        std::string extent = c_text(l.extent, symbols_);
        if (extent.find_first_of("( ") != extent.npos) { // computed once, not at each step
            const std::string counted = names_.fresh({}, "count");
            writer_.line("const i64 {} = {};", counted, extent);
            extent = counted;
        }
        const bool single = l.extent.is_known() && l.extent.value() <= width;
        const auto body = [&](const std::string& lane) {
            write(l.body);
            for (std::size_t i = 0; i < l.accumulators.size(); ++i) {
                const Accumulator& a = l.accumulators[i];
                const int lanes = lanes_of(a);
                const std::string slot = lanes == 1 ? arrays[i]
                                         : lanes == width
                                             ? fmt::format("{}[{}]", arrays[i], lane)
                                             : fmt::format("{}[{} % {}]", arrays[i], lane, lanes);
                writer_.line(
                    "{} = {};", slot,
                    combine(a.monoid, dtype_of(a.result), slot, expressions_.whole(a.value)));
            }
        };
        if (single) {
            const auto scope = writer_.block("for (i64 {0} = 0; {0} < {1}; ++{0})", index, extent);
            return body(index);
        }
        const std::string first = index + "0";
        const bool counted = l.extent.is_known();
        const auto known = counted ? l.extent.value() / width * width : 0;
        const bool exact = counted && known == l.extent.value();
        std::string full = counted ? std::to_string(known) : "";
        if (!counted) {
            full = names_.fresh({}, "full");
            writer_.line("const i64 {} = {} - {} % {};", full, extent, extent, width);
        }
        const Names before = names_; // both bodies use the same names
        {
            const auto blocks =
                writer_.block("for (i64 {0} = 0; {0} < {1}; {0} += {2})", first, full, width);
            const auto lanes = writer_.block("for (i64 l = 0; l < {}; ++l)", width);
            writer_.line("const i64 {} = {} + l;", index, first);
            body("l");
        }
        if (exact) return;
        names_ = before;
        // The rest has a loop of its own, so that the one over whole blocks has a fixed count.
        const std::string rest = counted ? std::to_string(l.extent.value() - known)
                                         : fmt::format("{} - {}", extent, full);
        const auto lanes = writer_.block("for (i64 l = 0; l < {}; ++l)", rest);
        writer_.line("const i64 {} = {} + l;", index, full);
        body("l");
    }

    // ---- columns

    /// The term of one row and column as a function of its own, so that eight rows read as eight
    /// calls.
    std::string column_term(const ColumnLoop& l, const ColumnLoop::Target& t)
    {
        const std::string function =
            fmt::format("{}_term{}", kernel_.name, terms_ == 0 ? "" : std::to_string(terms_));
        ++terms_;
        std::vector<std::string> list;
        for (const std::string& open : open_names_)
            list.push_back("i64 " + open);
        for (const std::string& index : {l.row_name, l.column_name})
            list.push_back("i64 " + index);
        for (const Extent& e : kernel_.extents)
            list.push_back("i64 " + symbols_.at(as_symbol(e)));
        for (const Buffer& b : nest_.buffers)
            if (b.access == Buffer::Access::read)
                list.push_back(
                    fmt::format("const {}* CT_RESTRICT {}", memory_type(b.dtype()), b.name));
        if (nest_.checks_index) list.push_back("i32* flag");
        std::set<ScalarId> needed;
        mark_needed(nest_, t.value, needed);
        Writer w;
        {
            const auto scope = w.function(parameter_list(
                fmt::format("CT_MATH {} {}", scalar_type(dtype_of(t.value)), function), list));
            for (const Extent& e : kernel_.extents)
                w.line("(void){};", symbols_.at(as_symbol(e)));
            for (const std::string& open : open_names_)
                w.line("(void){};", open);
            if (nest_.checks_index) w.raw("i32 bad = 0;");
            for (ScalarId id : needed) {
                const std::string line =
                    expressions_.define(id, nest_.scalars[static_cast<std::size_t>(id)].depth);
                if (!line.empty()) w.raw(line);
            }
            if (nest_.checks_index) w.raw("*flag |= bad;");
            w.line("return {};", expressions_.whole(t.value));
        }
        expressions_.forget();
        helpers_ += w.take() + "\n";
        return function;
    }

    void write_columns(const ColumnLoop& l)
    {
        symbols_[l.row] = l.row_name;
        symbols_[l.column] = l.column_name;
        const std::string rows = c_text(l.rows, symbols_);
        const std::string columns = c_text(l.columns, symbols_);
        for (const ColumnLoop::Target& t : l.targets) {
            const std::string function = column_term(l, t);
            const DType dtype = nest_.buffers[static_cast<std::size_t>(t.buffer)].dtype();
            const Extent at = t.at + as_extent(l.column);
            const std::string slot = expressions_.element(t.buffer, at);
            const std::string each =
                fmt::format("for (i64 {0} = 0; {0} < {1}; ++{0})", l.column_name, columns);
            const auto term = [&](int row) {
                std::string call = function + "(";
                for (const std::string& open : open_names_)
                    call += open + ", ";
                call += fmt::format("{}{}, {}", l.row_name, row ? fmt::format(" + {}", row) : "",
                                    l.column_name);
                for (const Extent& e : kernel_.extents)
                    call += ", " + symbols_.at(as_symbol(e));
                for (const Buffer& b : nest_.buffers)
                    if (b.access == Buffer::Access::read) call += ", " + b.name;
                return call + (nest_.checks_index ? ", &bad)" : ")");
            };
            writer_.line("{} {} = {};", each, slot, identity(t.monoid, dtype));
            const auto scope = writer_.block("");
            writer_.line("i64 {} = 0;", l.row_name);
            {
                const auto blocks =
                    writer_.block("for (; {0} + 8 <= {1}; {0} += 8)", l.row_name, rows);
                const auto inner = writer_.block("{}", each);
                write_tree(t.monoid, dtype, slot, term);
            }
            const auto rest = writer_.block("for (; {0} < {1}; ++{0})", l.row_name, rows);
            const auto inner = writer_.block("{}", each);
            writer_.line("{} = {};", slot, combine(t.monoid, dtype, slot, term(0)));
        }
    }

    template <class Term>
    void write_tree(Monoid monoid, DType t, const std::string& slot, Term term)
    {
        std::vector<std::string> level;
        for (int row = 0; row < 8; row += 2) {
            level.push_back(fmt::format("s{}", row / 2));
            writer_.line("const {} {} = {};", scalar_type(t), level.back(),
                         combine(monoid, t, term(row), term(row + 1)));
        }
        writer_.line("const {} s01 = {};", scalar_type(t), combine(monoid, t, level[0], level[1]));
        writer_.line("const {} s23 = {};", scalar_type(t), combine(monoid, t, level[2], level[3]));
        writer_.line("{} = {};", slot,
                     combine(monoid, t, slot, combine_operand(monoid, t, "s01", "s23")));
    }

    LoopNest& nest_;
    Names names_;
    SymbolNames symbols_;
    Expressions expressions_;
    std::vector<int> use_depth_;
    Writer writer_;
    EmittedKernel kernel_;
    std::set<std::string> loop_names_;
    std::vector<std::string> open_names_;
    std::string helpers_;
    int terms_ = 0;
};

} // namespace

EmittedKernel emit_cpp(LoopNest& nest, const std::string& name)
{
    return Emitter(nest, name).take();
}

} // namespace croton::inline v1::codegen
