#include "contract_text.hpp"
#include "known_extent.hpp"
#include "nest_cost.hpp"

namespace croton::inline v1::codegen {

ContractText::Packed ContractText::packed_operand_a() const
{
    return {"a", c_.packed_a, c_.a, c_.a_batch, c_.a_k, c_.a_m, c_.m, "CT_BLOCK_ROWS", c_.keeps_a};
}

ContractText::Packed ContractText::packed_operand_b() const
{
    return {"b", c_.packed_b, c_.b, c_.b_batch, c_.b_k, c_.b_n, c_.n, columns(), c_.keeps_b};
}

void ContractText::write_packing() const
{
    if (c_.packed_a >= 0) write_pack(packed_operand_a());
    if (c_.packed_b >= 0) write_pack(packed_operand_b());
}

void ContractText::write_pack(const Packed& operand) const
{
    w_.blank();
    const auto scope = callback(fmt::format("pack_{}", operand.side).c_str());
    const bool one = is_same_in_batch(operand.batch);
    if (!one) {
        w_.line("const i64 pieces = {};", ceiling(c_.k, pack_terms, shared_));
        w_.raw("const i64 h = t / pieces;");
    }
    w_.line("const i64 p0 = {} * {};", one ? "t" : "t % pieces", pack_terms);
    if (operand.from < 0)
        write_computed(operand);
    else
        write_copied(operand);
}

void ContractText::write_copied(const Packed& operand) const
{
    const bool one = is_same_in_batch(operand.batch);
    w_.line("const {}* from = {}{};", type_,
            one ? buffer(operand.from) : at_batch(operand.from, operand.batch),
            is_known_as(operand.row, 1) ? " + p0" : fmt::format(" + p0 * {}", factor(operand.row)));
    w_.line("{}* to = {};", type_,
            packed_place(operand.packed, operand.batch, operand.n, operand.width));
    w_.raw(argument_list(fmt::format("product_pack_{}_{}", operand.side, type_),
                         {"from", text(operand.row), text(operand.column), text(c_.k),
                          text(operand.n), "p0", "to"},
                         w_.indent()) +
           ";");
}

/// Of b: a strip of values at a time, which stays in the nearest cache until it is packed.
void ContractText::write_computed(const Packed& operand) const
{
    const int most = strip_column_bytes / bytes_;
    w_.line("const i64 terms = {0} - p0 < {1} ? {0} - p0 : {1};", factor(c_.k), pack_terms);
    w_.line("{}* to = {};", type_,
            packed_place(operand.packed, operand.batch, operand.n, operand.width));
    w_.line("{} values[{} * {}];", type_, most, pack_terms);
    const std::string n = factor(operand.n);
    const auto strips = w_.block("for (i64 j0 = 0; j0 < {0}; j0 += {1})", n, most);
    w_.line("const i64 columns = {0} - j0 < {1} ? {0} - j0 : {1};", n, most);
    w_.raw(call("values_b", calls_.values_b,
                {{"h", "h"},
                 {"j0", "j0"},
                 {"columns", "columns"},
                 {"p0", "p0"},
                 {"terms", "terms"},
                 {"values", "values"}}));
    const bool along_terms = c_.prologue_b.along_terms;
    w_.raw(argument_list("product_pack_b_" + type_,
                         {"values", along_terms ? "1" : std::to_string(most),
                          along_terms ? std::to_string(pack_terms) : "1", text(c_.k), "columns",
                          "p0", fmt::format("to + j0 * {}", factor(c_.k))},
                         w_.indent()) +
           ";");
}

void ContractText::write_pack_calls() const
{
    if (c_.packed_a >= 0) write_pack_call(packed_operand_a(), packs_a());
    if (c_.packed_b >= 0) write_pack_call(packed_operand_b(), packs_b());
}

void ContractText::write_pack_call(const Packed& operand, const std::string& when) const
{
    const bool always = when == "1";
    const Extent copies = copies_of(c_.batch, operand.batch);
    Extent flops = Extent(2) * copies * c_.k * operand.n;
    if (operand.from < 0) flops = flops + flops_of(nest_, c_.prologue_b.body, copies);
    const std::string call =
        argument_list("for_each_block",
                      {"rt", fmt::format("{}_pack_{}", kernel_.name, operand.side), "&s",
                       product({text(copies, symbols_), ceiling(c_.k, pack_terms, symbols_)}),
                       text(flops, symbols_)},
                      w_.indent() + (always && !operand.kept ? 0 : 4));
    if (always && !operand.kept) return w_.raw(call + ";");
    if (!always) w_.line("s.packs_{} = {};", operand.side, when);
    w_.if_line(always         ? "first_step"
               : operand.kept ? fmt::format("first_step && s.packs_{}", operand.side)
                              : fmt::format("s.packs_{}", operand.side),
               call + ";");
}

namespace {

/// Conditions of which one suffices, without those known to be false; "1" if one is known to hold.
std::string any_of(std::vector<std::string> conditions)
{
    if (std::ranges::count(conditions, "1") > 0) return "1";
    std::erase(conditions, "0");
    if (conditions.empty()) return "0";
    if (conditions.size() > 1)
        for (std::string& c : conditions)
            if (c.find("&&") != c.npos) c = "(" + c + ")";
    return fmt::format("{}", fmt::join(conditions, " || "));
}

std::string decided(bool holds) { return holds ? "1" : "0"; }

} // namespace

std::string ContractText::packs_a() const
{
    const std::string other =
        c_.a_k.is_known() ? decided(c_.a_k.value() != 1) : text(c_.a_k, symbols_) + " != 1";
    const std::string apart =
        c_.a_m.is_known() ? decided(c_.a_m.value() * bytes_ % 4096 == 0)
                          : fmt::format("{} * {} % 4096 == 0", c_factor(c_.a_m, symbols_), bytes_);
    return any_of({other, apart});
}

std::string ContractText::packs_b() const
{
    if (c_.prologue_b) return "1";
    const std::string other =
        c_.b_n.is_known() ? decided(c_.b_n.value() != 1) : text(c_.b_n, symbols_) + " != 1";
    const std::string n = c_factor(c_.n, symbols_);
    const std::string edge = no_edge() ? "0" : fmt::format("{} % {} != 0", n, columns());
    const std::string rows = fmt::format("{} > {}", text(c_.m, symbols_), few_rows);
    const int narrow = narrow_bytes / bytes_;
    std::string wide = fmt::format("{} > {} && {}", text(c_.n, symbols_), narrow, rows);
    const bool is_wide = c_.n.is_known() && c_.n.value() > narrow;
    if ((c_.n.is_known() && !is_wide) || (c_.m.is_known() && c_.m.value() <= few_rows))
        wide = "0";
    else if (c_.m.is_known())
        wide = is_wide ? "1" : fmt::format("{} > {}", text(c_.n, symbols_), narrow);
    else if (is_wide)
        wide = rows;
    return any_of({other, edge, wide});
}

void ContractText::write_tile() const
{
    w_.blank();
    w_.line("// One of the parts of the product: {} columns of some rows.", tile_columns());
    const auto scope = callback("tile");
    write_tile_place();
    write_operand_places();
    if (c_.keeps_sums) return write_kept_sums();
    w_.raw("i64 p = 0;");
    {
        const auto steps = w_.block("do");
        w_.line("i64 depth = {} - p;", factor(c_.k));
        w_.line("if (depth > {0}) depth = depth < {1} ? (depth / 2 + 15) / 16 * 16 : {0};",
                depth_bytes / bytes_, 2 * depth_bytes / bytes_);
        if (c_.prologue_a) write_strip("p", "depth");
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
        const bool changes = !c_.k.is_known() || !(always || copy.empty());
        const std::string_view constant = changes ? "" : "const ";
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
    if (c_.prologue_a) {
        const bool along_terms = c_.prologue_a.along_terms;
        w_.line("{} values[{} * {}];", type_, strip_rows, depth_bytes / bytes_);
        w_.line("const i64 a_row = {};", along_terms ? depth_bytes / bytes_ : 1);
        w_.line("const i64 a_step = {};", along_terms ? 1 : strip_rows);
    } else
        write("a", c_.a, c_.a_batch, {text(c_.a_m), text(c_.a_m), text(c_.a_k)}, copy_of_a,
              {text(c_.k), "1", "CT_BLOCK_ROWS"}, copy_of_a.empty() ? "" : packs_a());
    write("b", c_.b, c_.b_batch, {text(c_.b_n), "", text(c_.b_k)}, copy_of_b,
          {text(c_.k), "", columns()}, copy_of_b.empty() ? "" : packs_b());
    if (!c_.k.is_known()) // nothing is added to a null pointer
        w_.line("if ({} == 0) {}b_first = 0;", factor(c_.k),
                c_.prologue_a ? "" : "a_first = a_row = ");
    if (!c_.keeps_sums) w_.line("{}* out = {};", type_, at_batch(c_.out, c_.m * c_.n));
}

std::string ContractText::packed_place(BufferId packed,
                                       const Extent& batch,
                                       const Extent& n,
                                       const std::string& width) const
{
    if (is_same_in_batch(batch)) return buffer(packed);
    return fmt::format("{} + h * round_up({}, {}) * {}", buffer(packed), text(n), width,
                       factor(c_.k));
}

void ContractText::write_block_rows(const std::string& depth,
                                    const std::string& begun,
                                    const std::string& sums,
                                    const std::string& sums_row) const
{
    w_.raw("i64 rows = 0;");
    const auto down = w_.block("for (i64 i = i0; i < i1; i += rows)");
    w_.raw("rows = product_block_rows(i1 - i, a_row);");
    const std::string p = begun == "0" ? "" : " + p * ";
    const std::string a = c_.prologue_a ? "values + (i - i0) * a_row"
                                        : "a + i * a_first" + (p.empty() ? p : p + "a_step");
    const std::string b = "b + j * b_first" + (p.empty() ? p : p + "b_step");
    w_.raw(argument_list(
               "product_rows_" + type_,
               {"rows", "width", depth, begun, a, "a_row", "a_step", b, "b_step", sums, sums_row},
               w_.indent()) +
           ";");
}

void ContractText::write_strip(const std::string& p, const std::string& depth) const
{
    w_.raw(call("values_a", calls_.values_a,
                {{"h", "h"},
                 {"i0", "i0"},
                 {"rows", "i1 - i0"},
                 {"p0", p},
                 {"terms", depth},
                 {"values", "values"}}));
}

/// All terms at once: the sums of a column of blocks wait in the first cache for what follows.
void ContractText::write_kept_sums() const
{
    w_.line("{} sums[{} * {}];", type_, most_tile_rows(), columns());
    if (c_.prologue_a) write_strip("0", factor(c_.k));
    const auto across = w_.block("for (i64 j = j0; j < j1; j += {})", columns());
    if (no_edge())
        w_.line("const i64 width = {};", columns());
    else
        w_.line("const i64 width = j1 - j < {0} ? j1 - j : {0};", columns());
    write_block_rows(factor(c_.k), "0", fmt::format("sums + (i - i0) * {}", columns()), columns());
    if (no_edge()) return w_.raw(finish_call("i0", "i1", "j", "j + width", 0));
    // A loop of so many lanes as a block has is compiled without a rest.
    w_.if_line(fmt::format("width == {}", columns()),
               finish_call("i0", "i1", "j", ("j + " + columns()).c_str(), 4));
    w_.if_line(fmt::format("width < {}", columns()), finish_call("i0", "i1", "j", "j1", 4));
}

void ContractText::write_blocks_of_tile() const
{
    {
        const auto across = w_.block("for (i64 j = j0; j < j1; j += {})", columns());
        w_.line("const i64 width = j1 - j < {0} ? j1 - j : {0};", columns());
        const std::string n = factor(c_.n);
        write_block_rows("depth", "p > 0", fmt::format("out + i * {} + j", n), n);
    }
    if (nest_.body.empty()) return;
    w_.if_line(fmt::format("p + depth == {}", text(c_.k)), finish_call("i0", "i1", "j0", "j1", 4));
}

} // namespace croton::inline v1::codegen
