#include "contract_text.hpp"

namespace croton::inline v1::codegen {

namespace {

class SmallText : ContractText {
public:
    SmallText(Writer& w,
              const LoopNest& nest,
              const EmittedKernel& kernel,
              const SymbolNames& names)
        : ContractText(w, nest, kernel, names)
    {}

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
            break;
        }
    }

private:
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
};

} // namespace

void emit_contract(Writer& writer,
                   const LoopNest& nest,
                   const EmittedKernel& kernel,
                   const SymbolNames& symbols)
{
    if (nest.contract[0].kind == ContractKind::blocks)
        return emit_contract_blocks(writer, nest, kernel, symbols);
    SmallText(writer, nest, kernel, symbols).write();
}

} // namespace croton::inline v1::codegen
