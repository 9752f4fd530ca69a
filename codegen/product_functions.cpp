#include "product_functions.hpp"

#include <croton/ir/format.hpp>

#include <array>
#include <map>
#include <mutex>

#include "contract_sizes.hpp"
#include "names.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

namespace {

class ProductText {
public:
    explicit ProductText(DType dtype)
        : dtype_(dtype), type_(scalar_type(dtype)), element_(type_), columns_(block_columns(dtype)),
          bytes_(static_cast<int>(size_bytes(dtype)))
    {
        if (!is_float(dtype)) element_.front() = 'u'; // which wraps
    }

    std::string rows()
    {
        write_block();
        write_rows();
        return w_.take();
    }

    std::string packing(const char* side, const std::string& width)
    {
        // Blocks of b are whole vectors wide.
        const bool turns = width == columns_ && bytes_ >= 4;
        write_copy(side, width);
        if (turns) write_turn(width);
        write_pack(side, turns);
        return w_.take();
    }

    const std::string& columns() const { return columns_; }

private:
    void write_block()
    {
        w_.line("typedef {0} row_{1} CT_ROW_OF({0});", element_, type_);
        w_.blank();
        w_.raw(
            "// A block of sums in registers: sums[r][c] += a[r][p] * b[p][c], p in sequence from "
            "0.");
        const auto scope = w_.function(parameter_list(
            fmt::format("CT_MATH void product_block_{}", type_),
            {"i64 rows", "i64 depth", "b8 begun", fmt::format("const {}* CT_RESTRICT a", type_),
             "i64 a_row", "i64 a_step", fmt::format("const {}* CT_RESTRICT b", type_), "i64 b_step",
             fmt::format("{}* CT_RESTRICT sums", type_), "i64 sums_row"}));
        const std::string rows = "for (i64 r = 0; r < rows; ++r)";
        w_.line("row_{} acc[CT_BLOCK_ROWS] = {{{{0}}}};", type_);
        w_.raw("CT_ROLLED");
        {
            const auto terms = w_.block("for (i64 p = 0; p < depth; ++p)");
            w_.line("const row_{0} row = *(const row_{0}*)b;", type_);
            w_.raw("CT_UNROLL");
            w_.raw(rows);
            if (is_float(dtype_))
                w_.line("    CT_FMA_ROW({0}, fma_{0}, a[r * a_row], row, acc[r]);", type_);
            else
                w_.line("    acc[r] += ({})a[r * a_row] * row;", element_);
            w_.raw("a += a_step;");
            w_.raw("b += b_step;");
        }
        {
            const auto branch = w_.block("if (begun)");
            w_.raw("CT_UNROLL");
            w_.raw(rows);
            w_.line("    acc[r] += *(const row_{}*)(sums + r * sums_row);", type_);
        }
        w_.raw("CT_UNROLL");
        w_.raw(rows);
        w_.line("    *(row_{}*)(sums + r * sums_row) = acc[r];", type_);
    }

    void write_rows()
    {
        w_.blank();
        w_.raw("// The same for up to CT_BLOCK_ROWS rows and a part of a block's columns.");
        const auto scope = w_.function(parameter_list(
            fmt::format("CT_KERNEL void product_rows_{}", type_),
            {"i64 rows", "i64 width", "i64 depth", "b8 begun", fmt::format("const {}* a", type_),
             "i64 a_row", "i64 a_step", fmt::format("const {}* b", type_), "i64 b_step",
             fmt::format("{}* sums", type_), "i64 sums_row"}));
        w_.line("{} edge[CT_BLOCK_ROWS * {}];", type_, columns_);
        w_.line("{}* const out = sums;", type_);
        w_.raw("const i64 out_row = sums_row;");
        {
            const auto narrow = w_.block("if (width < {})", columns_);
            {
                const auto each = w_.block("for (i64 r = 0; r < rows; ++r)");
                w_.raw("CT_ROLLED");
                w_.line("for (i64 c = 0; c < {0}; ++c)", columns_);
                w_.line("    edge[r * {} + c] = begun && c < width ? out[r * out_row + c] : 0;",
                        columns_);
            }
            w_.raw("sums = edge;");
            w_.line("sums_row = {};", columns_);
        }
        w_.raw("i64 r = 0;");
        {
            const auto whole = w_.block("if (rows == CT_BLOCK_ROWS)");
            w_.raw(block_call("CT_BLOCK_ROWS", ""));
            w_.raw("r = rows;");
        }
        for (const bool four : {true, false}) {
            const auto rest = four ? w_.block("for (; r + 4 <= rows; r += 4)")
                                   : w_.block("for (; r < rows; ++r)");
            w_.raw(block_call(four ? "4" : "1", "r"));
        }
        w_.line("if (width == {}) return;", columns_);
        const auto each = w_.block("for (r = 0; r < rows; ++r)");
        w_.raw("CT_ROLLED");
        w_.raw("for (i64 c = 0; c < width; ++c)");
        w_.line("    out[r * out_row + c] = edge[r * {} + c];", columns_);
    }

    std::string block_call(const char* rows, const std::string& first) const
    {
        const std::string a = first.empty() ? "a" : fmt::format("a + {} * a_row", first);
        const std::string sums =
            first.empty() ? "sums" : fmt::format("sums + {} * sums_row", first);
        return argument_list(
                   fmt::format("product_block_{}", type_),
                   {rows, "depth", "begun", a, "a_row", "a_step", "b", "b_step", sums, "sums_row"},
                   w_.indent()) +
               ";";
    }

    void write_copy(const char* side, const std::string& width)
    {
        w_.raw("// Rows first .. first + 32 of k x n elements, of which `from` is the first, in "
               "panels,");
        w_.line("// each in one piece and filled up with zeros, of {} columns.", width);
        const auto scope = w_.function(parameter_list(
            fmt::format("CT_MATH void product_panels_{}_{}", side, type_),
            {fmt::format("const {}* CT_RESTRICT from", type_), "i64 row", "i64 column", "i64 k",
             "i64 n", "i64 first", fmt::format("{}* CT_RESTRICT packed", type_)}));
        w_.line("const i64 last = first + {0} < k ? first + {0} : k;", pack_terms);
        const auto panels = w_.block("for (i64 j = 0; j < n; j += {})", width);
        const auto rows = w_.block("for (i64 p = first; p < last; ++p)");
        w_.line("const {}* x = from + (p - first) * row + j * column;", type_);
        w_.line("{}* to = packed + j * k + p * {};", type_, width);
        {
            const auto whole = w_.block("if (n - j >= {})", width);
            w_.line("for (i64 c = 0; c < {}; ++c)", width);
            w_.raw("    to[c] = x[c * column];");
        }
        const auto edge = w_.block_after("else");
        w_.raw("CT_ROLLED");
        w_.line("for (i64 c = 0; c < {}; ++c)", width);
        w_.raw("    to[c] = c < n - j ? x[c * column] : 0;");
    }

    /// Of two vectors the lanes that make the first (second: `high`) of a turned pair: lanes of the
    /// first vector stand where `bit` of the number is clear, lanes of the second where it is set.
    static std::string lanes(int count, int bit, bool high)
    {
        std::vector<std::string> list;
        for (int l = 0; l < count; ++l) {
            const bool from_second = (l & bit) != 0;
            const int lane = from_second == high ? l : high ? l + bit : l - bit;
            list.push_back(std::to_string(from_second ? count + lane : lane));
        }
        return fmt::format("{}", fmt::join(list, ", "));
    }

    void write_turn(const std::string& width)
    {
        const int count = 32 / bytes_; // lanes
        w_.blank();
        w_.line("typedef {} line_{} __attribute__((vector_size(32), aligned({}), may_alias));",
                element_, type_, bytes_);
        w_.blank();
        w_.line("// {0} columns of {0} elements, each in one piece, become rows.", count);
        const auto scope =
            w_.function(parameter_list(fmt::format("CT_MATH void product_turn_{}", type_),
                                       {fmt::format("const {}* CT_RESTRICT from", type_),
                                        "i64 column", fmt::format("{}* CT_RESTRICT to", type_)}));
        w_.line("line_{} v[{}];", type_, count);
        const std::string each = fmt::format("for (i64 i = 0; i < {}; ++i)", count);
        w_.raw("CT_UNROLL");
        w_.raw(each);
        w_.line("    v[i] = *(const line_{}*)(from + i * column);", type_);
        for (int bit = 1; bit < count; bit *= 2) {
            w_.raw("CT_UNROLL");
            const auto pairs = w_.block("for (i64 h = 0; h < {}; ++h)", count / 2);
            w_.line("const i64 i = 2 * h{};", bit == 1 ? "" : fmt::format(" - h % {}", bit));
            w_.line("const line_{} x = v[i];", type_);
            w_.line("v[i] = __builtin_shufflevector(x, v[i + {}], {});", bit,
                    lanes(count, bit, false));
            w_.line("v[i + {0}] = __builtin_shufflevector(x, v[i + {0}], {1});", bit,
                    lanes(count, bit, true));
        }
        w_.raw("CT_UNROLL");
        w_.raw(each);
        w_.line("    *(line_{}*)(to + i * {}) = v[i];", type_, width);
    }

    void write_pack(const char* side, bool turns)
    {
        w_.blank();
        const auto scope = w_.function(
            parameter_list(fmt::format("CT_KERNEL CT_APART void product_pack_{}_{}", side, type_),
                           {fmt::format("const {}* from", type_), "i64 row", "i64 column", "i64 k",
                            "i64 n", "i64 first", fmt::format("{}* packed", type_)}));
        const auto copy = [&](const char* column) {
            w_.line("product_panels_{}_{}(from, row, {}, k, n, first, packed);", side, type_,
                    column);
        };
        {
            const auto rows = w_.block("if (column == 1)");
            copy("1");
        }
        if (turns) write_turned_panels();
        const auto rest = w_.block_after("else");
        copy("column");
    }

    /// Whole panels of columns that each lie in one piece.
    void write_turned_panels()
    {
        const int count = 32 / bytes_;
        const auto turned =
            w_.block_after("else if (row == 1 && n % {} == 0 && k % {} == 0)", columns_, count);
        w_.line("const i64 count = first + {0} < k ? {0} : k - first;", pack_terms);
        const auto across = w_.block("for (i64 j = 0; j < n; j += {})", count);
        w_.line("const i64 within = j % {};", columns_);
        w_.line("{}* to = packed + (j - within) * k + within + first * {};", type_, columns_);
        w_.line("for (i64 p = 0; p < count; p += {})", count);
        w_.line("    product_turn_{}(from + p + j * column, column, to + p * {});", type_,
                columns_);
    }

    Writer w_;
    DType dtype_;
    std::string type_;
    std::string element_; ///< of rows
    std::string columns_;
    int bytes_; ///< of an element
};

} // namespace

std::string
multiply_add(DType dtype, const std::string& a, const std::string& b, const std::string& sum)
{
    const std::string_view type = scalar_type(dtype);
    if (is_float(dtype)) return fmt::format("fma_{}({}, {}, {})", type, a, b, sum);
    return fmt::format("add_{0}({3}, mul_{0}({1}, {2}))", type, a, b, sum);
}

std::string block_columns(DType dtype)
{
    return fmt::format("CT_BLOCK_COLUMNS({})", scalar_type(dtype));
}

std::vector<SharedFunction> product_functions(DType dtype, bool packs_a, bool packs_b)
{
    // Written once: a network has many products.
    static std::mutex mutex;
    static std::map<DType, std::array<SharedFunction, 3>> written;
    const std::lock_guard lock(mutex);
    std::array<SharedFunction, 3>& all = written[dtype];
    if (all[0].name.empty()) {
        const std::string_view type = scalar_type(dtype);
        ProductText text(dtype);
        all = {SharedFunction{fmt::format("product_rows_{}", type), text.rows()},
               SharedFunction{fmt::format("product_pack_a_{}", type),
                              text.packing("a", "CT_BLOCK_ROWS")},
               SharedFunction{fmt::format("product_pack_b_{}", type),
                              text.packing("b", text.columns())}};
    }
    std::vector<SharedFunction> list{all[0]};
    if (packs_a) list.push_back(all[1]);
    if (packs_b) list.push_back(all[2]);
    return list;
}

} // namespace croton::inline v1::codegen
