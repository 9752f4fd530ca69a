#include "emit_contract.hpp"

#include <croton/ir/format.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

#include "contract_sizes.hpp"
#include "puller.hpp"

namespace croton::inline v1::codegen {

namespace {

class ContractText {
public:
    ContractText(Writer& writer,
                 const LoopNest& nest,
                 const EmittedKernel& kernel,
                 const SymbolNames& symbols)
        : w_(writer), nest_(nest), c_(nest.contract[0]), kernel_(kernel), symbols_(symbols),
          dtype_(nest.buffers[static_cast<std::size_t>(c_.out)].dtype()),
          type_(scalar_type(dtype_)), bytes_(static_cast<int>(size_bytes(dtype_)))
    {
        for (const Extent& e : kernel.extents)
            shared_[as_symbol(e)] = "s->" + symbols.at(as_symbol(e));
    }

    void write()
    {
        write_parts();
        switch (c_.kind) {
        case ContractKind::small:
            write_small();
            return write_kernel(text(c_.batch, symbols_));
        case ContractKind::dots:
            write_dots();
            return write_kernel(pieces(c_.m * c_.n, piece_dots));
        case ContractKind::row:
            write_row();
            return write_kernel(pieces(c_.n, piece_bytes / bytes_));
        case ContractKind::blocks:
            write_block();
            write_rows();
            if (packs()) write_packing();
            write_tile();
            return write_kernel(fmt::format("{} * ({}) * ({})", c_factor(c_.batch, symbols_),
                                            row_tiles(symbols_),
                                            ceiling(c_.n, tile_columns(), symbols_)));
        }
    }

private:
    // ---- words

    std::string row_tiles(const SymbolNames& names) const
    {
        return fmt::format("({0} + {1} - 1) / {1}", text(c_.m, names), tile_rows(names));
    }

    static std::string text(const Extent& e, const SymbolNames& names) { return c_text(e, names); }
    std::string text(const Extent& e) const { return c_text(e, shared_); }
    std::string factor(const Extent& e) const { return c_factor(e, shared_); }

    /// Pieces of `size` in n.
    static std::string ceiling(const Extent& n, int size, const SymbolNames& names)
    {
        if (n.is_known()) return std::to_string((n.value() + size - 1) / size);
        return fmt::format("({} + {}) / {}", text(n, names), size - 1, size);
    }
    std::string pieces(const Extent& n, int size) const
    {
        return fmt::format("{} * ({})", c_factor(c_.batch, symbols_), ceiling(n, size, symbols_));
    }
    /// Rows that a thread takes at a time, multiples of every CPU's blocks: many reuse what is
    /// cached of b, few keep all threads busy.
    std::string tile_rows(const SymbolNames& names) const
    {
        if (!c_.m.is_known())
            return fmt::format("({0} >= 768 ? 192 : {0} >= 384 ? 96 : 48)", c_factor(c_.m, names));
        return c_.m.value() >= 768 ? "192" : c_.m.value() >= 384 ? "96" : "48";
    }
    int tile_columns() const { return tile_row_bytes / bytes_; }
    int depth() const { return depth_bytes / bytes_; }
    std::string columns() const { return fmt::format("CT_BLOCK_COLUMNS({})", type_); }
    const std::string& name_of(BufferId id) const
    {
        return nest_.buffers[static_cast<std::size_t>(id)].name;
    }
    std::string buffer(BufferId id) const { return "s->" + name_of(id); }
    bool packs() const { return c_.packed_a >= 0 || c_.packed_b >= 0; }

    /// `base + h * stride`, without what is 0.
    std::string at_batch(BufferId id, const Extent& stride) const
    {
        const Extent offset = as_extent(loop_symbol(0)) * stride;
        if (is_known_as(c_.batch, 1) || is_known_as(stride, 0)) return buffer(id);
        return fmt::format("{} + {}", buffer(id), indexed(offset));
    }
    /// An offset that mentions h, i, j and p, the symbols 0 to 3.
    std::string indexed(const Extent& offset) const
    {
        SymbolNames names = shared_;
        const char* const indices[] = {"h", "i", "j", "p"};
        for (std::size_t k = 0; k < std::size(indices); ++k)
            names[loop_symbol(k)] = indices[k];
        return c_text(offset, names);
    }
    static Extent symbol(std::size_t k) { return as_extent(loop_symbol(k)); }
    Extent batch_index() const { return is_known_as(c_.batch, 1) ? Extent(0) : symbol(0); }

    std::string
    multiply_add(const std::string& a, const std::string& b, const std::string& sum) const
    {
        if (is_float(dtype_)) return fmt::format("fma_{}({}, {}, {})", type_, a, b, sum);
        return fmt::format("add_{0}({3}, mul_{0}({1}, {2}))", type_, a, b, sum);
    }

    Writer::Scope callback(const char* part) const
    {
        auto scope =
            w_.function(fmt::format("static void {}_{}(void* context, i64 t)", kernel_.name, part));
        w_.line("const struct {0}_parts* s = (const struct {0}_parts*)context;", kernel_.name);
        return scope;
    }

    void finish(const char* i0, const char* i1, const char* j0, const char* j1) const
    {
        if (nest_.body.empty()) return;
        std::vector<std::string> arguments{is_known_as(c_.batch, 1) ? "0" : "h", i0, i1, j0, j1};
        if (c_.turned) std::swap(arguments[1], arguments[3]), std::swap(arguments[2], arguments[4]);
        for (const Extent& e : kernel_.extents)
            arguments.push_back(text(e));
        for (const Buffer& b : nest_.buffers)
            arguments.push_back("s->" + b.name);
        w_.raw(parameter_list(kernel_.name + "_finish", arguments, w_.indent()) + ";");
    }

    // ---- what the functions share

    std::vector<std::string> parameters() const
    {
        std::vector<std::string> list;
        for (const Extent& e : kernel_.extents)
            list.push_back("i64 " + symbols_.at(as_symbol(e)));
        for (const Buffer& b : nest_.buffers)
            list.push_back(fmt::format("{}{}* {}", b.access == Buffer::Access::read ? "const " : "",
                                       memory_type(b.dtype()), b.name));
        return list;
    }

    void write_parts() const
    {
        w_.raw(fmt::format("struct {}_parts {{", kernel_.name));
        for (const std::string& p : parameters())
            w_.line("    {};", p);
        if (c_.packed_a >= 0) w_.line("    b8 packs_{};", name_of(c_.packed_a));
        if (c_.packed_b >= 0) w_.line("    b8 packs_{};", name_of(c_.packed_b));
        w_.raw("};");
        w_.blank();
    }

    /// The kernel: fills the struct, packs, and calls the tiles.
    void write_kernel(const std::string& tiles) const
    {
        w_.blank();
        std::vector<std::string> list = parameters();
        list.insert(list.begin(), "const struct ct_runtime* rt");
        const auto scope = w_.function(parameter_list("CT_KERNEL void " + kernel_.name, list));
        w_.line("struct {}_parts s;", kernel_.name);
        for (const Extent& e : kernel_.extents)
            w_.line("s.{0} = {0};", symbols_.at(as_symbol(e)));
        for (const Buffer& b : nest_.buffers)
            w_.line("s.{0} = {0};", b.name);
        write_pack_calls();
        w_.line("const i64 cost = {};", text(Extent(2) * c_.batch * c_.m * c_.n * c_.k, symbols_));
        w_.line("for_each_block(rt, {}_tile, &s, {}, cost);", kernel_.name, tiles);
    }

    // ---- small

    void write_small() const
    {
        const std::int64_t n = std::max<std::int64_t>(c_.n.value(), 1);
        const std::int64_t m = c_.m.value();
        std::int64_t rows = 1;
        for (std::int64_t r : {2, 3, 4})
            if (m % r == 0 && r * n * bytes_ <= 512) rows = r;
        const auto scope = callback("tile");
        w_.line("const i64 h = t;");
        if (is_known_as(c_.batch, 1)) w_.raw("(void)h;");
        {
            const auto outer = w_.block("for (i64 i = 0; i < {}; i += {})", m, rows);
            w_.line("{} acc[{}][{}] = {{{{0}}}};", type_, rows, n);
            {
                const auto terms = w_.block("for (i64 p = 0; p < {}; ++p)", c_.k.value());
                const auto inner = w_.block("for (i64 r = 0; r < {}; ++r)", rows);
                w_.line("const {} x = {}[{}];", type_, buffer(c_.a),
                        row_offset(batch_index() * c_.a_batch + symbol(3) * c_.a_k, c_.a_m));
                w_.line("for (i64 j = 0; j < {}; ++j)", c_.n.value());
                const std::string b = fmt::format(
                    "{}[{}]", buffer(c_.b),
                    indexed(batch_index() * c_.b_batch + symbol(3) * c_.b_k + symbol(2) * c_.b_n));
                w_.line("    acc[r][j] = {};", multiply_add("x", b, "acc[r][j]"));
            }
            w_.line("for (i64 r = 0; r < {}; ++r)", rows);
            w_.line("    for (i64 j = 0; j < {}; ++j)", c_.n.value());
            w_.line("        {}[{}] = acc[r][j];", buffer(c_.out),
                    row_offset(batch_index() * c_.m * c_.n + symbol(2), c_.n));
        }
        finish("0", std::to_string(m).c_str(), "0", std::to_string(c_.n.value()).c_str());
    }

    /// `offset + (i + r) * stride`.
    std::string row_offset(const Extent& offset, const Extent& stride) const
    {
        const std::string rest = indexed(offset);
        const std::string row =
            is_known_as(stride, 1) ? "i + r" : fmt::format("(i + r) * {}", factor(stride));
        if (is_known_as(stride, 0)) return rest;
        return rest == "0" ? row : fmt::format("{} + {}", rest, row);
    }

    // ---- vectors

    void write_dots() const
    {
        const int lanes = lane_count(dtype_);
        {
            const auto scope = w_.function(fmt::format(
                "CT_MATH {0} {1}_dot(const {0}* CT_RESTRICT a, const {0}* CT_RESTRICT b, i64 n)",
                type_, kernel_.name));
            if (lanes == 1) {
                w_.line("{} total = 0;", type_);
                w_.line("for (i64 p = 0; p < n; ++p) total = {};",
                        multiply_add("a[p]", "b[p]", "total"));
                w_.raw("return total;");
            } else {
                w_.line("{} acc[{}] = {{0}};", type_, lanes);
                w_.raw("i64 p = 0;");
                w_.line("for (; p + {0} <= n; p += {0})", lanes);
                w_.line("    for (i64 l = 0; l < {}; ++l) acc[l] = {};", lanes,
                        multiply_add("a[p + l]", "b[p + l]", "acc[l]"));
                w_.line("for (i64 l = 0; l < n - p; ++l) acc[l] = {};",
                        multiply_add("a[p + l]", "b[p + l]", "acc[l]"));
                w_.line("return sum_lanes_{}(acc);", type_);
            }
        }
        w_.blank();
        const auto scope = callback("tile");
        // One of m and n is 1: the other counts the dot products.
        const bool row = is_known_as(c_.m, 1);
        write_piece(row ? c_.n : c_.m, piece_dots);
        {
            const auto each = w_.block("for (i64 j = j0; j < j1; ++j)");
            const Extent a = batch_index() * c_.a_batch + (row ? Extent(0) : symbol(2) * c_.a_m);
            const Extent b = batch_index() * c_.b_batch + (row ? symbol(2) * c_.b_n : Extent(0));
            w_.line("{}[{}] = {}_dot({} + {}, {} + {}, {});", buffer(c_.out),
                    indexed(batch_index() * c_.m * c_.n + symbol(2)), kernel_.name, buffer(c_.a),
                    indexed(a), buffer(c_.b), indexed(b), text(c_.k));
        }
        if (row)
            finish("0", "1", "j0", "j1");
        else
            finish("j0", "j1", "0", "1");
    }

    /// h, j0 and j1 of piece t of rows of n.
    void write_piece(const Extent& n, int size) const
    {
        w_.line("const i64 pieces = {};", ceiling(n, size, shared_));
        if (!is_known_as(c_.batch, 1)) w_.raw("const i64 h = t / pieces;");
        w_.line("const i64 j0 = t % pieces * {};", size);
        w_.line("const i64 j1 = j0 + {0} < {1} ? j0 + {0} : {1};", size, factor(n));
    }

    void write_row() const
    {
        const int size = piece_bytes / bytes_;
        const auto scope = callback("tile");
        write_piece(c_.n, size);
        w_.line("const {}* CT_RESTRICT a = {};", type_, at_batch(c_.a, c_.a_batch));
        w_.line("const {}* CT_RESTRICT b = {} + j0;", type_, at_batch(c_.b, c_.b_batch));
        w_.line("{}* CT_RESTRICT out = {} + j0;", type_, at_batch(c_.out, c_.n));
        w_.raw("const i64 width = j1 - j0;");
        w_.raw("for (i64 c = 0; c < width; ++c) out[c] = 0;");
        w_.raw("i64 p = 0;");
        {
            const auto terms = w_.block("for (; p + 8 <= {}; p += 8)", text(c_.k));
            const auto inner = w_.block("for (i64 c = 0; c < width; ++c)");
            w_.line("{} total = out[c];", type_);
            for (int r = 0; r < 8; ++r) {
                const Extent p = symbol(3) + Extent(r);
                w_.line("total = {};",
                        multiply_add(fmt::format("a[{}]", indexed(p * c_.a_k)),
                                     fmt::format("b[{} + c]", indexed(p * c_.b_k)), "total"));
            }
            w_.raw("out[c] = total;");
        }
        {
            const auto rest = w_.block("for (; p < {}; ++p)", text(c_.k));
            w_.line("for (i64 c = 0; c < width; ++c)");
            w_.line("    out[c] = {};",
                    multiply_add(fmt::format("a[{}]", indexed(symbol(3) * c_.a_k)),
                                 fmt::format("b[{} + c]", indexed(symbol(3) * c_.b_k)), "out[c]"));
        }
        finish("0", "1", "j0", "j1");
    }

    // ---- register blocks

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

    /// Elements of one batch in a packed array.
    std::string packed_size(const Extent& n, const std::string& width) const
    {
        return fmt::format("({0} + {1} - 1) / {1} * {1} * {2}", text(n), width, factor(c_.k));
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

    /// 1 if the operand is the same for the whole batch; 0: not known, or one for each.
    int copies_of(const Extent& batch_stride) const
    {
        return is_known_as(c_.batch, 1) || is_known_as(batch_stride, 0) ? 1 : 0;
    }

    void write_pack_calls() const
    {
        const auto one = [&](BufferId packed, const std::string& when, const Extent& stride,
                             const Extent& n) {
            if (packed < 0) return;
            w_.line("s.packs_{} = {};", name_of(packed), when);
            w_.line("if (s.packs_{})", name_of(packed));
            const Extent copies = copies_of(stride) == 1 ? Extent(1) : c_.batch;
            w_.raw("    " +
                   parameter_list("for_each_block",
                                  {"rt", fmt::format("{}_pack_{}", kernel_.name, name_of(packed)),
                                   "&s",
                                   fmt::format("{} * ({})", c_factor(copies, symbols_),
                                               ceiling(c_.k, 32, symbols_)),
                                   text(Extent(2) * copies * c_.k * n, symbols_)},
                                  w_.indent() + 4) +
                   ";");
        };
        one(c_.packed_a, packs_a(), c_.a_batch, c_.m);
        one(c_.packed_b, packs_b(), c_.b_batch, c_.n);
    }

    /// Rows whose starts fight for the same lines of the cache are copied, and so are columns.
    std::string packs_a() const
    {
        const bool other = !is_known_as(c_.a_k, 1);
        if (other && c_.a_k.is_known()) return "1";
        const std::string apart =
            fmt::format("{} * {} % 4096 == 0", c_factor(c_.a_m, symbols_), bytes_);
        return other ? fmt::format("{} != 1 || {}", text(c_.a_k, symbols_), apart) : apart;
    }

    std::string packs_b() const
    {
        if (c_.b_n.is_known() && c_.b_n.value() != 1) return "1";
        std::string when =
            fmt::format("{0} % {3} != 0 || ({0} > {1} && {2} > {4})", c_factor(c_.n, symbols_),
                        narrow_bytes / bytes_, c_factor(c_.m, symbols_), columns(), few_rows);
        if (!c_.b_n.is_known()) when = fmt::format("{} != 1 || {}", text(c_.b_n, symbols_), when);
        return when;
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

    std::string packed_place(BufferId packed,
                             const Extent& batch,
                             const Extent& n,
                             const std::string& width) const
    {
        if (copies_of(batch) == 1) return buffer(packed);
        return fmt::format("{} + h * ({})", buffer(packed), packed_size(n, width));
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

    Writer& w_;
    const LoopNest& nest_;
    const ContractNest& c_;
    const EmittedKernel& kernel_;
    const SymbolNames& symbols_;
    DType dtype_;
    std::string type_;
    int bytes_;
    SymbolNames shared_;
};

} // namespace

void emit_contract(Writer& writer,
                   const LoopNest& nest,
                   const EmittedKernel& kernel,
                   const SymbolNames& symbols)
{
    ContractText(writer, nest, kernel, symbols).write();
}

} // namespace croton::inline v1::codegen
