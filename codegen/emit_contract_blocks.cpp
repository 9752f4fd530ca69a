#include "contract_text.hpp"

namespace croton::inline v1::codegen {

void ContractText::write_block() const
{
    w_.raw("// A block of sums in registers: sums[r][c] += a[r][p] * b[p][c], p in sequence.");
    const auto scope = w_.function(parameter_list(
        fmt::format("CT_MATH void {}_block", kernel_.name),
        {"i64 rows", "i64 depth", "b8 begun", fmt::format("const {}* CT_RESTRICT a", type_),
         "i64 a_row", "i64 a_step", fmt::format("const {}* CT_RESTRICT b", type_), "i64 b_step",
         fmt::format("{}* CT_RESTRICT sums", type_), "i64 sums_row"}));
    const std::string rows = "for (i64 r = 0; r < rows; ++r)";
    const std::string each = fmt::format("    for (i64 c = 0; c < {}; ++c)", columns());
    w_.line("{} acc[CT_BLOCK_ROWS][{}];", type_, columns());
    for (const bool begun : {true, false}) {
        const auto branch = begun ? w_.block("if (begun)") : w_.block_after("else");
        w_.raw("CT_UNROLL");
        w_.raw(rows);
        w_.raw(each);
        w_.line("        acc[r][c] = {};", begun ? "sums[r * sums_row + c]" : "0");
    }
    {
        // Unrolled, it would keep more addresses than there are registers.
        w_.raw("CT_NO_UNROLL");
        const auto terms = w_.block("for (i64 p = 0; p < depth; ++p)");
        w_.raw("CT_UNROLL");
        {
            const auto inner = w_.block("{}", rows);
            w_.line("const {} x = a[r * a_row];", type_);
            w_.line("for (i64 c = 0; c < {}; ++c)", columns());
            w_.line("    acc[r][c] = {};", multiply_add("x", "b[c]", "acc[r][c]"));
        }
        w_.raw("a += a_step;");
        w_.raw("b += b_step;");
    }
    w_.raw("CT_UNROLL");
    w_.raw(rows);
    w_.raw(each);
    w_.raw("        sums[r * sums_row + c] = acc[r][c];");
}

void ContractText::write_rows() const
{
    w_.blank();
    w_.raw("// The same for up to CT_BLOCK_ROWS rows and a part of a block's columns.");
    const auto scope = w_.function(parameter_list(
        fmt::format("static void {}_rows", kernel_.name),
        {"i64 rows", "i64 width", "i64 depth", "b8 begun", fmt::format("const {}* a", type_),
         "i64 a_row", "i64 a_step", fmt::format("const {}* b", type_), "i64 b_step",
         fmt::format("{}* sums", type_), "i64 sums_row"}));
    if (no_edge())
        w_.raw("(void)width;");
    else {
        w_.line("{} edge[CT_BLOCK_ROWS * {}];", type_, columns());
        w_.line("{}* const out = sums;", type_);
        w_.raw("const i64 out_row = sums_row;");
        const auto narrow = w_.block("if (width < {})", columns());
        w_.raw("for (i64 r = 0; r < rows; ++r)");
        w_.line("    for (i64 c = 0; c < {0}; ++c)", columns());
        w_.line("        edge[r * {} + c] = begun && c < width ? out[r * out_row + c] : 0;",
                columns());
        w_.raw("sums = edge;");
        w_.line("sums_row = {};", columns());
    }
    const auto call = [&](const char* rows, const char* first) {
        const std::string a = *first ? fmt::format("a + {} * a_row", first) : "a";
        const std::string sums = *first ? fmt::format("sums + {} * sums_row", first) : "sums";
        return argument_list(
                   kernel_.name + "_block",
                   {rows, "depth", "begun", a, "a_row", "a_step", "b", "b_step", sums, "sums_row"},
                   w_.indent()) +
               ";";
    };
    w_.raw("i64 r = 0;");
    {
        const auto whole = w_.block("if (rows == CT_BLOCK_ROWS)");
        w_.raw(call("CT_BLOCK_ROWS", ""));
        w_.raw("r = rows;");
    }
    for (const bool four : {true, false}) {
        const auto rest =
            four ? w_.block("for (; r + 4 <= rows; r += 4)") : w_.block("for (; r < rows; ++r)");
        w_.raw(call(four ? "4" : "1", "r"));
    }
    if (no_edge()) return;
    w_.line("if (width < {})", columns());
    w_.raw("    for (r = 0; r < rows; ++r)");
    w_.raw("        for (i64 c = 0; c < width; ++c)");
    w_.line("            out[r * out_row + c] = edge[r * {} + c];", columns());
}

void ContractText::write_packing() const
{
    w_.blank();
    w_.raw("// Rows first .. first + 32 of k x n elements, `width` columns at a time, each "
           "such panel in one");
    w_.raw("// piece, filled up with zeros.");
    {
        const auto scope = w_.function(parameter_list(
            fmt::format("CT_MATH void {}_pack", kernel_.name),
            {fmt::format("const {}* CT_RESTRICT from", type_), "i64 row", "i64 column", "i64 k",
             "i64 n", "i64 first", "i64 width", fmt::format("{}* CT_RESTRICT packed", type_)}));
        w_.raw("const i64 last = first + 32 < k ? first + 32 : k;");
        const auto panels = w_.block("for (i64 j = 0; j < n; j += width)");
        const auto rows = w_.block("for (i64 p = first; p < last; ++p)");
        w_.line("const {}* x = from + p * row + j * column;", type_);
        w_.line("{}* to = packed + j * k + p * width;", type_);
        w_.raw("if (n - j >= width)");
        w_.raw("    for (i64 c = 0; c < width; ++c)");
        w_.raw("        to[c] = x[c * column];");
        w_.raw("else");
        w_.raw("    for (i64 c = 0; c < width; ++c)");
        w_.raw("        to[c] = c < n - j ? x[c * column] : 0;");
    }
    if (c_.packed_a >= 0)
        write_pack(c_.packed_a, c_.a, c_.a_batch, c_.a_k, c_.a_m, c_.m, "CT_BLOCK_ROWS");
    if (c_.packed_b >= 0)
        write_pack(c_.packed_b, c_.b, c_.b_batch, c_.b_k, c_.b_n, c_.n, columns());
}

void ContractText::write_pack(BufferId packed,
                              BufferId from,
                              const Extent& batch,
                              const Extent& row,
                              const Extent& column,
                              const Extent& n,
                              const std::string& width) const
{
    w_.blank();
    const auto scope = callback(fmt::format("pack_{}", side(packed)).c_str());
    const bool one = copies_of(batch) == 1;
    std::string piece = "t";
    if (!one) {
        w_.line("const i64 pieces = {};", ceiling(c_.k, 32, shared_));
        w_.raw("const i64 h = t / pieces;");
        piece = "t % pieces";
    }
    w_.line("const {}* from = {};", type_, one ? buffer(from) : at_batch(from, batch));
    w_.line("{}* to = {};", type_, packed_place(packed, batch, n, width));
    w_.raw(argument_list(
               kernel_.name + "_pack",
               {"from", text(row), text(column), text(c_.k), text(n), piece + " * 32", width, "to"},
               w_.indent()) +
           ";");
}

int ContractText::copies_of(const Extent& batch_stride) const
{
    return is_known_as(c_.batch, 1) || is_known_as(batch_stride, 0) ? 1 : 0;
}

void ContractText::write_pack_calls() const
{
    const auto one = [&](BufferId packed, const std::string& when, const Extent& stride,
                         const Extent& n) {
        if (packed < 0) return;
        const bool always = when == "1";
        if (!always) {
            w_.line("s.packs_{} = {};", side(packed), when);
            w_.line("if (s.packs_{})", side(packed));
        }
        const Extent copies = copies_of(stride) == 1 ? Extent(1) : c_.batch;
        const std::string call =
            argument_list("for_each_block",
                          {"rt", fmt::format("{}_pack_{}", kernel_.name, side(packed)), "&s",
                           product({text(copies, symbols_), ceiling(c_.k, 32, symbols_)}),
                           text(Extent(2) * copies * c_.k * n, symbols_)},
                          w_.indent() + (always ? 0 : 4));
        w_.line("{}{};", always ? "" : "    ", call);
    };
    one(c_.packed_a, packs_a(), c_.a_batch, c_.m);
    one(c_.packed_b, packs_b(), c_.b_batch, c_.n);
}

std::string ContractText::packs_a() const
{
    const bool other = !is_known_as(c_.a_k, 1);
    if (other && c_.a_k.is_known()) return "1";
    const std::string apart =
        fmt::format("{} * {} % 4096 == 0", c_factor(c_.a_m, symbols_), bytes_);
    return other ? fmt::format("{} != 1 || {}", text(c_.a_k, symbols_), apart) : apart;
}

std::string ContractText::packs_b() const
{
    if (c_.b_n.is_known() && c_.b_n.value() != 1) return "1";
    std::string when =
        fmt::format("{0} % {3} != 0 || ({0} > {1} && {2} > {4})", c_factor(c_.n, symbols_),
                    narrow_bytes / bytes_, c_factor(c_.m, symbols_), columns(), few_rows);
    if (!c_.b_n.is_known()) when = fmt::format("{} != 1 || {}", text(c_.b_n, symbols_), when);
    return when;
}

void ContractText::write_tile() const
{
    w_.blank();
    w_.line("// One of the parts of the product: {} columns of some rows.", tile_columns());
    const auto scope = callback("tile");
    write_tile_place();
    write_operand_places();
    w_.raw("i64 p = 0;");
    {
        const auto steps = w_.block("do");
        w_.line("i64 depth = {} - p;", factor(c_.k));
        w_.line("if (depth > {0}) depth = depth < {1} ? (depth / 2 + 15) / 16 * 16 : {0};",
                depth_bytes / bytes_, 2 * depth_bytes / bytes_);
        write_blocks_of_tile();
        w_.raw("p += depth;");
    }
    w_.line_after(fmt::format("while (p < {});", factor(c_.k)));
}

void ContractText::write_tile_place() const
{
    const bool batched = !is_known_as(c_.batch, 1);
    const bool one_across = c_.n.is_known() && c_.n.value() <= tile_columns();
    std::string down = "t"; // which tile, counted down the rows of all batches
    if (!one_across) {
        w_.line("const i64 across = {};", ceiling(c_.n, tile_columns(), shared_));
        down = "t / across";
    }
    if (batched) {
        write_row_tiles(shared_);
        w_.line("const i64 h = {};", one_across ? "t / down" : "t / (across * down)");
        down += " % down";
    } else
        w_.line("const i64 tall = {};", tile_rows(shared_));
    w_.line("const i64 i0 = {} * tall;", down);
    w_.line("const i64 i1 = i0 + tall < {0} ? i0 + tall : {0};", factor(c_.m));
    if (one_across) {
        w_.raw("const i64 j0 = 0;");
        return w_.line("const i64 j1 = {};", c_.n.value());
    }
    w_.line("const i64 j0 = t % across * {};", tile_columns());
    w_.line("const i64 j1 = j0 + {0} < {1} ? j0 + {0} : {1};", tile_columns(), factor(c_.n));
}

void ContractText::write_operand_places() const
{
    struct Place {
        std::string first, row, step; ///< strides of blocks, of a block's rows, of terms
    };
    const auto write = [&](const std::string& x, BufferId operand, const Extent& batch,
                           const Place& lies, const std::string& copy, const Place& packed,
                           const std::string& when) {
        const bool always = when == "1";
        const Place& at = always ? packed : lies;
        const std::string_view constant = always || copy.empty() ? "const " : "";
        w_.line("const {}* {} = {};", type_, x, always ? copy : at_batch(operand, batch));
        const auto strides = [&](std::string_view before, const Place& p) {
            w_.line("{}{}_first = {};", before, x, p.first);
            if (!p.row.empty()) w_.line("{}{}_row = {};", before, x, p.row);
            w_.line("{}{}_step = {};", before, x, p.step);
        };
        strides(fmt::format("{}i64 ", constant), at);
        if (always || copy.empty()) return;
        const auto scope = w_.block("if (s->packs_{})", x);
        w_.line("{} = {};", x, copy);
        strides("", packed);
    };
    std::string copy_of_a, copy_of_b;
    if (c_.packed_a >= 0) copy_of_a = packed_place(c_.packed_a, c_.a_batch, c_.m, "CT_BLOCK_ROWS");
    if (c_.packed_b >= 0) copy_of_b = packed_place(c_.packed_b, c_.b_batch, c_.n, columns());
    write("a", c_.a, c_.a_batch, {text(c_.a_m), text(c_.a_m), text(c_.a_k)}, copy_of_a,
          {text(c_.k), "1", "CT_BLOCK_ROWS"}, copy_of_a.empty() ? "" : packs_a());
    write("b", c_.b, c_.b_batch, {text(c_.b_n), "", text(c_.b_k)}, copy_of_b,
          {text(c_.k), "", columns()}, copy_of_b.empty() ? "" : packs_b());
    w_.line("{}* out = {};", type_, at_batch(c_.out, c_.m * c_.n));
}

std::string ContractText::packed_place(BufferId packed,
                                       const Extent& batch,
                                       const Extent& n,
                                       const std::string& width) const
{
    if (copies_of(batch) == 1) return buffer(packed);
    return fmt::format("{} + h * round_up({}, {}) * {}", buffer(packed), text(n), width,
                       factor(c_.k));
}

void ContractText::write_blocks_of_tile() const
{
    const auto down = w_.block("for (i64 i = i0; i < i1; i += CT_BLOCK_ROWS)");
    w_.raw("const i64 rows = i1 - i < CT_BLOCK_ROWS ? i1 - i : CT_BLOCK_ROWS;");
    {
        const auto across = w_.block("for (i64 j = j0; j < j1; j += {})", columns());
        w_.line("const i64 width = j1 - j < {0} ? j1 - j : {0};", columns());
        const std::string n = factor(c_.n);
        w_.raw(argument_list(kernel_.name + "_rows",
                             {"rows", "width", "depth", "p > 0", "a + i * a_first + p * a_step",
                              "a_row", "a_step", "b + j * b_first + p * b_step", "b_step",
                              fmt::format("out + i * {} + j", n), n},
                             w_.indent()) +
               ";");
    }
    if (nest_.body.empty()) return;
    w_.line("if (p + depth == {})", text(c_.k));
    w_.raw("    " + finish_call("i", "i + rows", "j0", "j1", 4));
}

} // namespace croton::inline v1::codegen
