#include <croton/ir/format.hpp>

#include <algorithm>

#include "kernel_writer.hpp"

namespace croton::inline v1::codegen {

namespace {

/// Bytes of a row of a square, at most: a line of the cache.
constexpr int row_bytes = 64;
constexpr int longest_side = 16;

const Loop& inner_loop(const Loop& l)
{
    const auto found = std::ranges::find_if(
        l.body, [](const Statement& st) { return std::holds_alternative<Loop>(st); });
    return std::get<Loop>(*found);
}

/// A loop without its statements, over a part of its range.
Loop part(const Loop& loop, const std::string& first, std::string end)
{
    Loop part{loop.index, loop.name, loop.extent};
    part.first = first;
    part.end = std::move(end);
    part.depth = loop.depth;
    return part;
}

} // namespace

/// Two loops over squares. One with all its sides is first copied, row by row as it lies in memory,
/// to where it is read along its columns; what is left at the edges is read where it lies.
void KernelWriter::write_squares(const Loop& l, const std::string& index)
{
    const Loop& inner = inner_loop(l);
    const std::string inner_index = symbols_[inner.index] = index_name(inner);
    const int side = side_of(l);
    const std::string i0 = first_name(index), j0 = first_name(inner_index);
    const auto [i_first, i_end] = bounds_of(l);
    const auto [j_first, j_end] = bounds_of(inner);
    const auto rows =
        writer_.block("for (i64 {0} = {1}; {0} < {2}; {0} += {3})", i0, i_first, i_end, side);
    const auto columns =
        writer_.block("for (i64 {0} = {1}; {0} < {2}; {0} += {3})", j0, j_first, j_end, side);
    const Names before = names_;
    {
        const auto edge =
            writer_.block("if ({} - {} < {} || {} - {} < {})", i_end, i0, side, j_end, j0, side);
        write_part_of_squares(
            l, part(l, i0, fmt::format("min_i64({} + {}, {})", i0, side, i_end)),
            part(inner, j0, fmt::format("min_i64({} + {}, {})", j0, side, j_end)));
        writer_.raw("continue;");
    }
    names_ = before;
    const Loop rows_of_one = part(l, i0, fmt::format("{} + {}", i0, side));
    const Loop columns_of_one = part(inner, j0, fmt::format("{} + {}", j0, side));
    for (const ScalarId id : l.across) {
        const auto& load = std::get<Load>(nest_.scalars[static_cast<std::size_t>(id)].expression);
        in_square_[id] = write_square(load, rows_of_one, columns_of_one, side);
    }
    write_part_of_squares(l, rows_of_one, columns_of_one);
    in_square_.clear();
}

/// The statements of `l`, with the bounds of `rows` and `columns`.
void KernelWriter::write_part_of_squares(const Loop& l, Loop rows, Loop columns)
{
    for (const Statement& st : l.body)
        if (const auto* inner = std::get_if<Loop>(&st))
            columns.body = inner->body;
        else
            rows.body.push_back(st);
    expressions_.forget_flags();
    const auto scope = writer_.block("{}", loop_head(rows, symbols_.at(rows.index)));
    write(rows.body);
    open_names_.push_back(symbols_.at(columns.index));
    write_plain_loop(columns, open_names_.back());
    open_names_.pop_back();
}

int KernelWriter::side_of(const Loop& l) const
{
    int side = longest_side;
    for (const ScalarId id : l.across) {
        const auto& load = std::get<Load>(nest_.scalars[static_cast<std::size_t>(id)].expression);
        const DType t = nest_.buffers[static_cast<std::size_t>(load.buffer)].dtype();
        side = std::min(side, row_bytes / static_cast<int>(size_bytes(t)));
    }
    return side;
}

/// Copies a square. Returns the text of its element at the loops' indices.
std::string
KernelWriter::write_square(const Load& load, const Loop& rows, const Loop& columns, int side)
{
    const Buffer& b = nest_.buffers[static_cast<std::size_t>(load.buffer)];
    const std::string name = names_.fresh(b.name + "_square", "squares");
    const std::string i = symbols_.at(rows.index), j = symbols_.at(columns.index);
    const std::string element =
        fmt::format("{}[{} - {}][{} - {}]", name, i, rows.first, j, columns.first);
    writer_.line("{} {}[{}][{}];", memory_type(b.dtype()), name, side, side);
    const auto over_columns = writer_.block("{}", loop_head(columns, j));
    const auto over_rows = writer_.block("{}", loop_head(rows, i));
    writer_.line("{} = {};", element, expressions_.element(load.buffer, load.at));
    return Expressions::loaded(b.dtype(), element);
}

} // namespace croton::inline v1::codegen
