#include "caller_parameters.hpp"
#include "contract_text.hpp"
#include "known_extent.hpp"
#include "nest_cost.hpp"

namespace croton::inline v1::codegen {

std::vector<std::string> ContractText::parameters() const
{
    SymbolNames names = symbols_;
    std::vector<std::string> list;
    for (const CallerParameter& p : caller_parameters(kernel_, nest_, names))
        list.push_back(p.type + " " + p.name);
    return list;
}

void ContractText::write_parts() const
{
    w_.raw(fmt::format("struct {}_parts {{", kernel_.name));
    for (const std::string& p : parameters())
        w_.line("    {};", p);
    if (c_.packed_a >= 0 && packs_a() != "1") w_.raw("    b8 packs_a;");
    if (c_.packed_b >= 0 && packs_b() != "1") w_.raw("    b8 packs_b;");
    w_.raw("};");
    w_.blank();
}

void ContractText::write_kernel(const std::string& tiles) const
{
    w_.blank();
    std::vector<std::string> list = parameters();
    if (kernel_.takes_first_step) list.insert(list.begin(), "b8 first_step");
    list.insert(list.begin(), "const struct ct_runtime* rt");
    const auto scope = w_.function(parameter_list("CT_KERNEL void " + kernel_.name, list));
    w_.line("struct {}_parts s;", kernel_.name);
    for (const std::string& name : kernel_.extent_names)
        w_.line("s.{0} = {0};", name);
    for (const Buffer& b : nest_.buffers)
        w_.line("s.{0} = {0};", b.name);
    write_pack_calls();
    const Extent products = Extent(2) * c_.batch * c_.m * c_.n * c_.k;
    w_.line("const i64 cost = {};", text(products + prologue_flops(nest_), symbols_));
    if (c_.kind == ContractKind::blocks && !c_.m.is_known()) write_row_tiles(symbols_);
    w_.raw(argument_list("for_each_block", {"rt", kernel_.name + "_tile", "&s", tiles, "cost"},
                         w_.indent()) +
           ";");
}

void ContractText::write_library() const
{
    std::vector<std::string> list = parameters();
    list.insert(list.begin(), "const struct ct_runtime* rt");
    const auto scope = w_.function(parameter_list("CT_KERNEL void " + kernel_.name, list));
    const auto matrix = [&](const char* name, BufferId id, const Extent& batch, const Extent& row,
                            const Extent& column) {
        w_.line("const struct ct_matrix {} = {{{}, {}, {}, {}}};", name, name_of(id),
                text(batch, symbols_), text(row, symbols_), text(column, symbols_));
    };
    matrix("left", c_.a, c_.a_batch, c_.a_m, c_.a_k);
    matrix("right", c_.b, c_.b_batch, c_.b_k, c_.b_n);
    w_.raw(
        argument_list(fmt::format("rt->gemm_{}", type_),
                      {"rt", text(c_.batch, symbols_), text(c_.m, symbols_), text(c_.n, symbols_),
                       text(c_.k, symbols_), "&left", "&right", name_of(c_.out)},
                      w_.indent()) +
        ";");
}

void ContractText::write_small() const
{
    const std::int64_t n = std::max<std::int64_t>(c_.n.value(), 1);
    const std::int64_t m = c_.m.value();
    std::int64_t rows = 1;
    for (std::int64_t r : {2, 3, 4})
        if (m % r == 0 && r * n * bytes_ <= 512) rows = r;
    const auto scope = callback("tile");
    w_.raw(is_known_as(c_.batch, 1) ? "(void)t;" : "const i64 h = t;");
    if (m == 1)
        write_small_row(n);
    else if (m == rows)
        write_small_rows("r", rows, n);
    else {
        const auto outer = w_.block("for (i64 i = 0; i < {}; i += {})", m, rows);
        write_small_rows("i + r", rows, n);
    }
    finish("0", std::to_string(m).c_str(), "0", std::to_string(c_.n.value()).c_str());
}

void ContractText::write_small_row(std::int64_t n) const
{
    w_.line("{} acc[{}] = {{0}};", type_, n);
    {
        const auto terms = w_.block("for (i64 p = 0; p < {}; ++p)", c_.k.value());
        w_.line("const {} x = {};", type_, small_element(c_.a, c_.a_batch, "", 0, "p", c_.a_k));
        w_.line("for (i64 j = 0; j < {}; ++j)", n);
        w_.line(
            "    acc[j] = {};",
            multiply_add("x", small_element(c_.b, c_.b_batch, "p", c_.b_k, "j", c_.b_n), "acc[j]"));
    }
    w_.line("for (i64 j = 0; j < {}; ++j)", n);
    w_.line("    {} = acc[j];", small_element(c_.out, c_.m * c_.n, "", 0, "j", 1));
}

/// Some rows of sums at a time; `row` is the row of the product that r stands for.
void ContractText::write_small_rows(const char* row, std::int64_t rows, std::int64_t n) const
{
    w_.line("{} acc[{}][{}] = {{{{0}}}};", type_, rows, n);
    {
        const auto terms = w_.block("for (i64 p = 0; p < {}; ++p)", c_.k.value());
        const auto inner = w_.block("for (i64 r = 0; r < {}; ++r)", rows);
        w_.line("const {} x = {};", type_,
                small_element(c_.a, c_.a_batch, row, c_.a_m, "p", c_.a_k));
        w_.line("for (i64 j = 0; j < {}; ++j)", n);
        w_.line("    acc[r][j] = {};",
                multiply_add("x", small_element(c_.b, c_.b_batch, "p", c_.b_k, "j", c_.b_n),
                             "acc[r][j]"));
    }
    w_.line("for (i64 r = 0; r < {}; ++r)", rows);
    w_.line("    for (i64 j = 0; j < {}; ++j)", n);
    w_.line("        {} = acc[r][j];", small_element(c_.out, c_.m * c_.n, row, c_.n, "j", 1));
}

std::string ContractText::small_element(BufferId id,
                                        const Extent& batch,
                                        const std::string& row,
                                        const Extent& row_stride,
                                        const std::string& column,
                                        const Extent& column_stride) const
{
    std::vector<std::string> terms;
    const auto add = [&](const std::string& index, const Extent& stride) {
        if (is_known_as(stride, 0) || index.empty()) return;
        terms.push_back(is_known_as(stride, 1) ? index
                                               : left_operand(index, "*") + " * " + factor(stride));
    };
    if (!is_known_as(c_.batch, 1)) add("h", batch);
    add(row, row_stride);
    add(column, column_stride);
    return fmt::format("{}[{}]", buffer(id),
                       terms.empty() ? "0" : fmt::format("{}", fmt::join(terms, " + ")));
}

void ContractText::write_dots() const
{
    const int lanes = lane_count(dtype_);
    {
        const auto scope = w_.function(fmt::format(
            "CT_MATH {0} {1}_dot(const {0}* CT_RESTRICT a, const {0}* CT_RESTRICT b, i64 n)", type_,
            kernel_.name));
        if (lanes == 1) {
            w_.line("{} total = 0;", type_);
            w_.raw("for (i64 p = 0; p < n; ++p)");
            w_.line("    total = {};", multiply_add("a[p]", "b[p]", "total"));
            w_.raw("return total;");
        } else {
            const bool in_one = c_.k.is_known() && c_.k.value() <= dot_terms;
            const auto sum_of = [&](const char* first, const char* last) {
                w_.line("{} acc[{}] = {{0}};", type_, lanes);
                w_.line("i64 p = {};", first);
                w_.line("for (; p + {0} <= {1}; p += {0})", lanes, last);
                w_.line("    for (i64 l = 0; l < {}; ++l)", lanes);
                w_.line("        acc[l] = {};", multiply_add("a[p + l]", "b[p + l]", "acc[l]"));
                w_.line("for (i64 l = 0; l < {} - p; ++l)", last);
                w_.line("    acc[l] = {};", multiply_add("a[p + l]", "b[p + l]", "acc[l]"));
            };
            if (in_one) {
                sum_of("0", "n");
                w_.line("return sum_lanes_{}(acc);", type_);
            } else {
                w_.line("{} total = 0;", type_);
                {
                    const auto parts =
                        w_.block("for (i64 first = 0; first < n; first += {})", dot_terms);
                    w_.line("const i64 last = first + {0} < n ? first + {0} : n;", dot_terms);
                    sum_of("first", "last");
                    w_.line("total += sum_lanes_{}(acc);", type_);
                }
                w_.raw("return total;");
            }
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
        const auto place = [&](BufferId id, const Extent& offset) {
            return is_known_as(offset, 0) ? buffer(id) : buffer(id) + " + " + indexed(offset);
        };
        w_.line("{}[{}] = {}_dot({}, {}, {});", buffer(c_.out),
                indexed(batch_index() * c_.m * c_.n + symbol(2)), kernel_.name, place(c_.a, a),
                place(c_.b, b), text(c_.k));
    }
    if (row)
        finish("0", "1", "j0", "j1");
    else
        finish("j0", "j1", "0", "1");
}

void ContractText::write_piece(const Extent& n, int size) const
{
    const bool batched = !is_known_as(c_.batch, 1);
    if (n.is_known() && n.value() <= size) {
        w_.raw(batched ? "const i64 h = t;" : "(void)t;");
        w_.raw("const i64 j0 = 0;");
        return w_.line("const i64 j1 = {};", n.value());
    }
    if (batched) {
        w_.line("const i64 pieces = {};", ceiling(n, size, shared_));
        w_.raw("const i64 h = t / pieces;");
    }
    w_.line("const i64 j0 = t {}* {};", batched ? "% pieces " : "", size);
    w_.line("const i64 j1 = j0 + {0} < {1} ? j0 + {0} : {1};", size, factor(n));
}

void ContractText::write_row() const
{
    const int size = piece_bytes / bytes_;
    const auto scope = callback("tile");
    write_piece(c_.n, size);
    w_.line("const {}* CT_RESTRICT a = {};", type_, at_batch(c_.a, c_.a_batch));
    w_.line("const {}* CT_RESTRICT b = {} + j0;", type_, at_batch(c_.b, c_.b_batch));
    w_.line("{}* CT_RESTRICT out = {} + j0;", type_, at_batch(c_.out, c_.n));
    w_.raw("const i64 width = j1 - j0;");
    w_.raw("for (i64 c = 0; c < width; ++c)");
    w_.raw("    out[c] = 0;");
    const int depth = depth_bytes / bytes_;
    if (!is_float(dtype_) || (c_.k.is_known() && c_.k.value() <= depth))
        write_row_terms("out", "0", text(c_.k));
    else {
        const auto parts =
            w_.block("for (i64 first = 0; first < {}; first += {})", factor(c_.k), depth);
        w_.line("const i64 last = first + {0} < {1} ? first + {0} : {1};", depth, factor(c_.k));
        w_.line("{} sums[{}];", type_, size);
        w_.raw("for (i64 c = 0; c < width; ++c)");
        w_.raw("    sums[c] = 0;");
        write_row_terms("sums", "first", "last");
        w_.raw("for (i64 c = 0; c < width; ++c)");
        w_.raw("    out[c] += sums[c];");
    }
    finish("0", "1", "j0", "j1");
}

/// Adds terms first .. last of a row's sums.
void ContractText::write_row_terms(const char* sums,
                                   const char* first,
                                   const std::string& last) const
{
    w_.line("i64 p = {};", first);
    {
        const auto terms = w_.block("for (; p + 8 <= {}; p += 8)", last);
        const auto inner = w_.block("for (i64 c = 0; c < width; ++c)");
        w_.line("{} total = {}[c];", type_, sums);
        for (int r = 0; r < 8; ++r) {
            const std::string p = r ? fmt::format("(p + {})", r) : "p";
            const auto at = [&](const Extent& stride) {
                if (is_known_as(stride, 1)) return r ? fmt::format("p + {}", r) : p;
                return fmt::format("{} * {}", p, factor(stride));
            };
            w_.line("total = {};", multiply_add(fmt::format("a[{}]", at(c_.a_k)),
                                                fmt::format("b[{} + c]", at(c_.b_k)), "total"));
        }
        w_.line("{}[c] = total;", sums);
    }
    if (c_.k.is_known() && c_.k.value() % 8 == 0) return;
    const auto rest = w_.block("for (; p < {}; ++p)", last);
    w_.line("for (i64 c = 0; c < width; ++c)");
    w_.line("    {0}[c] = {1};", sums,
            multiply_add(fmt::format("a[{}]", indexed(symbol(3) * c_.a_k)),
                         fmt::format("b[{} + c]", indexed(symbol(3) * c_.b_k)),
                         fmt::format("{}[c]", sums)));
}

void emit_contract(Writer& writer,
                   const LoopNest& nest,
                   const EmittedKernel& kernel,
                   const SymbolNames& symbols,
                   const ContractCalls& calls)
{
    ContractText(writer, nest, kernel, symbols, calls).write();
}

} // namespace croton::inline v1::codegen
