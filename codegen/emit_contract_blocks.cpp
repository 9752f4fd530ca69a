#include "contract_text.hpp"

namespace croton::inline v1::codegen {

namespace {

class BlocksText : ContractText {
public:
    BlocksText(Writer& w,
               const LoopNest& nest,
               const EmittedKernel& kernel,
               const SymbolNames& names)
        : ContractText(w, nest, kernel, names)
    {}

    void write()
    {
        write_parts();
        write_block();
        write_rows();
        if (packs()) write_packing();
        write_tile();
        write_kernel(fmt::format("{} * ({}) * ({})", c_factor(c_.batch, symbols_),
                                 row_tiles(symbols_), ceiling(c_.n, tile_columns(), symbols_)));
    }

private:
    void write_block() const
    {
        w_.raw("// A block of sums in registers: sums[r][c] += a[r][p] * b[p][c], p in sequence.");
        const auto scope = w_.function(parameter_list(
            fmt::format("CT_MATH void {}_block", kernel_.name),
            {"i64 rows", "i64 depth", "b8 begun", fmt::format("const {}* CT_RESTRICT a", type_),
             "i64 a_row", "i64 a_step", fmt::format("const {}* CT_RESTRICT b", type_), "i64 b_step",
             fmt::format("{}* CT_RESTRICT sums", type_), "i64 sums_row"}));
        const std::string rows = "for (i64 r = 0; r < rows; ++r)";
        const std::string each = fmt::format("    for (i64 c = 0; c < {}; ++c) ", columns());
        w_.line("{} acc[CT_BLOCK_ROWS][{}];", type_, columns());
        for (const bool begun : {true, false}) {
            const auto branch = begun ? w_.block("if (begun)") : w_.block("else");
            w_.raw("CT_UNROLL");
            w_.raw(rows);
            w_.raw(each + (begun ? "acc[r][c] = sums[r * sums_row + c];" : "acc[r][c] = 0;"));
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
        w_.raw(each + "sums[r * sums_row + c] = acc[r][c];");
    }

    /// Whether all rows of blocks are whole, on every CPU.
    bool no_edge() const { return c_.n.is_known() && c_.n.value() % (128 / bytes_) == 0; }

    void write_rows() const
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
            return parameter_list(kernel_.name + "_block",
                                  {rows, "depth", "begun", a, "a_row", "a_step", "b", "b_step",
                                   sums, "sums_row"},
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
            const auto rest = four ? w_.block("for (; r + 4 <= rows; r += 4)")
                                   : w_.block("for (; r < rows; ++r)");
            w_.raw(call(four ? "4" : "1", "r"));
        }
        if (no_edge()) return;
        w_.line("if (width < {})", columns());
        w_.raw("    for (r = 0; r < rows; ++r)");
        w_.line("        for (i64 c = 0; c < width; ++c) out[r * out_row + c] = edge[r * {} + c];",
                columns());
    }

    void write_packing() const
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
            w_.raw("    for (i64 c = 0; c < width; ++c) to[c] = x[c * column];");
            w_.raw("else");
            w_.raw("    for (i64 c = 0; c < width; ++c) to[c] = c < n - j ? x[c * column] : 0;");
        }
        if (c_.packed_a >= 0)
            write_pack(c_.packed_a, c_.a, c_.a_batch, c_.a_k, c_.a_m, c_.m, "CT_BLOCK_ROWS");
        if (c_.packed_b >= 0)
            write_pack(c_.packed_b, c_.b, c_.b_batch, c_.b_k, c_.b_n, c_.n, columns());
    }

    void write_pack(BufferId packed,
                    BufferId from,
                    const Extent& batch,
                    const Extent& row,
                    const Extent& column,
                    const Extent& n,
                    const std::string& width) const
    {
        w_.blank();
        const auto scope = callback(fmt::format("pack_{}", name_of(packed)).c_str());
        w_.line("const i64 pieces = {};", ceiling(c_.k, 32, shared_));
        const bool one = copies_of(batch) == 1;
        if (!one) w_.raw("const i64 h = t / pieces;");
        w_.raw(parameter_list(kernel_.name + "_pack",
                              {one ? buffer(from) : at_batch(from, batch), text(row), text(column),
                               text(c_.k), text(n), "t % pieces * 32", width,
                               packed_place(packed, batch, n, width)},
                              w_.indent()) +
               ";");
    }

    void write_tile() const
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
                    depth(), 2 * depth());
            write_blocks_of_tile();
            w_.raw("p += depth;");
        }
        w_.line("while (p < {});", factor(c_.k));
    }

    void write_tile_place() const
    {
        w_.line("const i64 across = {};", ceiling(c_.n, tile_columns(), shared_));
        w_.line("const i64 tall = {};", tile_rows(shared_));
        w_.line("const i64 down = ({} + tall - 1) / tall;", text(c_.m));
        if (!is_known_as(c_.batch, 1)) w_.raw("const i64 h = t / (across * down);");
        w_.raw("const i64 i0 = t / across % down * tall;");
        w_.line("const i64 j0 = t % across * {};", tile_columns());
        w_.line("const i64 i1 = i0 + tall < {0} ? i0 + tall : {0};", factor(c_.m));
        w_.line("const i64 j1 = j0 + {0} < {1} ? j0 + {0} : {1};", tile_columns(), factor(c_.n));
    }

    /// Blocks of rows begin at a + i * a_first, of columns at b + j * b_first: packed or not.
    void write_operand_places() const
    {
        w_.line("const {}* a = {};", type_, at_batch(c_.a, c_.a_batch));
        w_.line("i64 a_first = {0}, a_row = {0}, a_step = {1};", text(c_.a_m), text(c_.a_k));
        if (c_.packed_a >= 0) {
            const auto packed = w_.block("if (s->packs_{})", name_of(c_.packed_a));
            w_.line("a = {};", packed_place(c_.packed_a, c_.a_batch, c_.m, "CT_BLOCK_ROWS"));
            w_.line("a_first = {}, a_row = 1, a_step = CT_BLOCK_ROWS;", text(c_.k));
        }
        w_.line("const {}* b = {};", type_, at_batch(c_.b, c_.b_batch));
        w_.line("i64 b_first = {}, b_step = {};", text(c_.b_n), text(c_.b_k));
        if (c_.packed_b >= 0) {
            const auto packed = w_.block("if (s->packs_{})", name_of(c_.packed_b));
            w_.line("b = {};", packed_place(c_.packed_b, c_.b_batch, c_.n, columns()));
            w_.line("b_first = {}, b_step = {};", text(c_.k), columns());
        }
        w_.line("{}* out = {};", type_, at_batch(c_.out, c_.m * c_.n));
    }

    void write_blocks_of_tile() const
    {
        const auto down = w_.block("for (i64 i = i0; i < i1; i += CT_BLOCK_ROWS)");
        w_.raw("const i64 rows = i1 - i < CT_BLOCK_ROWS ? i1 - i : CT_BLOCK_ROWS;");
        {
            const auto across = w_.block("for (i64 j = j0; j < j1; j += {})", columns());
            w_.line("const i64 width = j1 - j < {0} ? j1 - j : {0};", columns());
            const std::string n = factor(c_.n);
            w_.raw(
                parameter_list(kernel_.name + "_rows",
                               {"rows", "width", "depth", "p > 0", "a + i * a_first + p * a_step",
                                "a_row", "a_step", "b + j * b_first + p * b_step", "b_step",
                                fmt::format("out + i * {} + j", n), n},
                               w_.indent()) +
                ";");
        }
        if (nest_.body.empty()) return;
        const auto last = w_.block("if (p + depth == {})", text(c_.k));
        finish("i", "i + rows", "j0", "j1");
    }
};

} // namespace

void emit_contract_blocks(Writer& writer,
                          const LoopNest& nest,
                          const EmittedKernel& kernel,
                          const SymbolNames& symbols)
{
    BlocksText(writer, nest, kernel, symbols).write();
}

} // namespace croton::inline v1::codegen
