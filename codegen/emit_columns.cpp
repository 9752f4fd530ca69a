#include <croton/ir/format.hpp>

#include <algorithm>
#include <utility>

#include "c_precedence.hpp"
#include "kernel_writer.hpp"
#include "monoid_text.hpp"
#include "use_depths.hpp"

namespace croton::inline v1::codegen {

/// The term of one row and column as a function of its own, so that eight rows read as eight calls.
KernelWriter::Term KernelWriter::column_term(const ColumnLoop& l, ScalarId value)
{
    std::set<ScalarId> needed;
    mark_needed(nest_, value, needed);
    std::vector<std::string> lines;
    const std::size_t room = line_width - 4;
    const auto add = [&](const std::vector<std::string>& more) {
        lines.insert(lines.end(), more.begin(), more.end());
    };
    for (ScalarId id : needed) {
        add(expressions_.name_hard_arguments(id, room));
        const std::string hard = expressions_.hard_argument(id);
        if (!hard.empty()) lines.push_back(hard);
        add(expressions_.define(id, false, id == value, room));
    }
    add(expressions_.shorten(value, room - 8, room)); // "return " and a semicolon
    const std::string result = expressions_.whole(value);
    const std::string text = fmt::format("{}\n{}", fmt::join(lines, "\n"), result);

    Term term{fmt::format("{}_term{}", kernel_.name, terms_ == 0 ? "" : std::to_string(terms_)),
              {}};
    ++terms_;
    std::vector<std::string> list;
    const auto pass = [&](const std::string& parameter, const std::string& name) {
        if (!mentions(text, name)) return;
        list.push_back(parameter);
        term.arguments.push_back(name);
    };
    for (const std::string& open : open_names_)
        pass("i64 " + open, open);
    for (const std::string& index : {l.row_name, l.column_name})
        pass("i64 " + index, index);
    for (const std::string& name : kernel_.extent_names)
        pass("i64 " + name, name);
    for (const Buffer& b : nest_.buffers)
        pass(buffer_parameter(b), b.name);
    // What it has to report: an index out of range, or an argument too large for a fast form.
    const std::string_view reported = nest_.checks_index               ? "bad"
                                      : expressions_.uses_fast_forms() ? "hard"
                                                                       : "";
    const std::string_view flag = nest_.checks_index ? "i64" : "i32";
    if (!reported.empty()) {
        list.push_back(fmt::format("{}* flag", flag));
        term.arguments.push_back(fmt::format("&{}", reported));
    }
    Writer w;
    {
        const auto scope = w.function(parameter_list(
            fmt::format("CT_MATH {} {}", scalar_type(dtype_of(value)), term.function), list));
        if (!reported.empty()) w.line("{} {} = 0;", flag, reported);
        for (const std::string& line : lines)
            w.raw(line);
        if (!reported.empty()) w.line("*flag |= {};", reported);
        w.line("return {};", result);
    }
    expressions_.forget();
    helpers_ += w.take() + "\n";
    return term;
}

/// The call for a row, `row` a name or a sum.
std::string
KernelWriter::term_call(const ColumnLoop& l, const Term& term, const std::string& row) const
{
    std::vector<std::string> arguments = term.arguments;
    std::ranges::replace(arguments, l.row_name, row);
    return fmt::format("{}({})", term.function, fmt::join(arguments, ", "));
}

/// How many results a block of rows has: an array's worth.
Extent KernelWriter::results_of_block(const ColumnLoop::Target& t) const
{
    return element_count(nest_.buffers[static_cast<std::size_t>(t.buffer)].shape());
}

/// The element that holds a column's result. Of several blocks the first one has its results where
/// they belong, so that few rows cost no more than in a loop over all of them.
std::string KernelWriter::column_slot(const ColumnLoop& l, const ColumnLoop::Target& t)
{
    if (t.partial < 0) return expressions_.element(t.buffer, t.at + as_extent(l.column));
    const Buffer& buffer = nest_.buffers[static_cast<std::size_t>(t.buffer)];
    const std::string& partial = nest_.buffers[static_cast<std::size_t>(t.partial)].name;
    const std::string& block = symbols_.at(l.block);
    const std::string at = same(t.at, 0) ? "" : " + " + c_text(t.at, symbols_);
    const std::string results = names_.numbered(name(t.monoid));
    writer_.line("{}* {} = {}{};", memory_type(buffer.dtype()), results, buffer.name, at);
    writer_.if_line(block + " > 0",
                    fmt::format("{} = {} + ({} - 1) * {}{};", results, partial, block,
                                c_factor(results_of_block(t), symbols_), at));
    return fmt::format("{}[{}]", results, l.column_name);
}

void KernelWriter::write_columns(const ColumnLoop& l)
{
    symbols_[l.row] = l.row_name;
    symbols_[l.column] = l.column_name;
    std::string first = c_text(l.first, symbols_), end = c_text(l.end, symbols_);
    if (l.block) {
        const std::string row = std::exchange(first, names_.numbered("first"));
        writer_.line("const i64 {} = {};", first, row);
    }
    if (end.find_first_of("( ") != end.npos) // computed once, not at each step
        writer_.line("const i64 stop = {};", std::exchange(end, "stop"));
    const std::string each = fmt::format("for (i64 {0} = 0; {0} < {1}; ++{0})", l.column_name,
                                         c_text(l.columns, symbols_));
    std::vector<Column> columns;
    for (const ColumnLoop::Target& t : l.targets)
        columns.push_back(begin_column(l, t, each));
    const Extent rows = l.end - l.first;
    // Places that blocks found are one by one compared with what lies in the same array. Nothing
    // else is in that loop: positions join no other reduction (clusters.cpp).
    const bool few = (rows.is_known() && rows.value() < 8) ||
                     std::ranges::any_of(l.targets, [](const auto& t) { return t.place >= 0; });
    if (!few) {
        const auto trees =
            writer_.block("for (i64 {0} = {1}; {0} + 8 <= {2}; {0} += 8)", l.row_name, first, end);
        for (std::size_t i = 0; i < columns.size(); ++i) {
            note_lanes();
            const auto inner = writer_.block("{}", each);
            if (is_position(l.targets[i].monoid))
                write_choices(l, l.targets[i], columns[i], first, 8);
            else
                write_tree(l, l.targets[i], columns[i]);
        }
    }
    if (few || !rows.is_known() || rows.value() % 8 != 0) {
        // Blocks begin at multiples of eight.
        const std::string rest = few ? first : end + " / 8 * 8";
        const auto last =
            writer_.block("for (i64 {0} = {1}; {0} < {2}; ++{0})", l.row_name, rest, end);
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const ColumnLoop::Target& t = l.targets[i];
            const auto inner = writer_.block("{}", each);
            if (is_position(t.monoid))
                write_choices(l, t, columns[i], first, 1);
            else
                writer_.raw(combine_into(t.monoid, dtype_of(t.value), columns[i].result,
                                         term_call(l, columns[i].value, l.row_name)));
        }
    }
    for (const Column& c : columns) {
        if (c.row.empty()) continue;
        writer_.raw(each);
        writer_.line("    {} = {}{};", c.result, first == "0" ? "" : first + " + ", c.row);
    }
}

/// The terms of a target and its results, which begin with what changes nothing. `each` is the head
/// of a loop over columns.
KernelWriter::Column KernelWriter::begin_column(const ColumnLoop& l,
                                                const ColumnLoop::Target& t,
                                                const std::string& each)
{
    Column c;
    c.value = column_term(l, t.value);
    c.result = column_slot(l, t);
    const auto begin_with = [&](const std::string& slot, const std::string& value) {
        if (t.begun) return;
        writer_.raw(each);
        writer_.line("    {} = {};", slot, value);
    };
    const std::string nothing = identity(t.monoid, dtype_of(t.value));
    if (!is_position(t.monoid)) {
        begin_with(c.result, nothing);
        return c;
    }
    const Extent at = t.best_at + as_extent(l.column);
    c.best = expressions_.element(t.best, at);
    begin_with(c.best, nothing);
    if (t.place >= 0) {
        c.place = column_term(l, t.place);
    } else {
        c.row = expressions_.element(t.row, at);
        begin_with(c.row, "0");
    }
    return c;
}

/// The best of so many rows in sequence and of what was found before, and where that is.
void KernelWriter::write_choices(const ColumnLoop& l,
                                 const ColumnLoop::Target& t,
                                 const Column& column,
                                 const std::string& first,
                                 int rows)
{
    const Names before = names_; // the rows that are left use the same ones
    const DType dtype = dtype_of(t.value);
    const bool by_row = t.row >= 0;
    const std::string& place = by_row ? column.row : column.result;
    const std::string best = names_.fresh("best", "best"), at = names_.fresh("at", "at");
    writer_.line("{} {} = {};", scalar_type(dtype), best, column.best);
    writer_.line("{} {} = {};", by_row ? "i32" : "i64", at, place);
    const auto choose = [&](const std::string& row) {
        const std::string value = names_.fresh("value", "value");
        writer_.line("const {} {} = {};", scalar_type(dtype), value,
                     term_call(l, column.value, row));
        write_choice(t.monoid, dtype, best, at, value,
                     by_row ? fmt::format("(i32)({}{})", row, first == "0" ? "" : " - " + first)
                            : term_call(l, column.place, row));
    };
    if (rows == 1) {
        choose(l.row_name);
    } else {
        const std::string next = names_.fresh("r", "r");
        writer_.raw("CT_UNROLL");
        const auto loop = writer_.block("for (i64 {0} = 0; {0} < {1}; ++{0})", next, rows);
        choose(l.row_name + " + " + next);
    }
    writer_.line("{} = {};", column.best, best);
    writer_.line("{} = {};", place, at);
    names_ = before;
}

/// Eight rows as a tree: neighbours, then pairs of them. In sequence where NaN is passed over, as
/// only the result so far is known to be a number.
void KernelWriter::write_tree(const ColumnLoop& l,
                              const ColumnLoop::Target& t,
                              const Column& column)
{
    const DType dtype = dtype_of(t.value);
    const std::string_view type = scalar_type(dtype);
    for (int row = 0; row < 8; ++row)
        writer_.line(
            "const {} t{} = {};", type, row,
            term_call(l, column.value, row ? fmt::format("{} + {}", l.row_name, row) : l.row_name));
    if (t.monoid == Monoid::max_number) {
        for (int row = 0; row < 8; ++row)
            writer_.raw(combine_into(t.monoid, dtype, column.result, fmt::format("t{}", row)));
        return;
    }
    const auto pair = [&](const std::string& a, const std::string& b) {
        return combine(t.monoid, dtype, a, b);
    };
    const auto quad = [&](const char* sum, const std::string& a, const std::string& b) {
        // The left one keeps its parentheses, for the reader.
        writer_.line("const {} {} = {};", type, sum, pair(any_operand(a), any_operand(b)));
    };
    quad("s0", pair("t0", "t1"), pair("t2", "t3"));
    quad("s1", pair("t4", "t5"), pair("t6", "t7"));
    writer_.raw(combine_into(t.monoid, dtype, column.result, pair("s0", "s1")));
}

} // namespace croton::inline v1::codegen
