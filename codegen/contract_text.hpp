#pragma once

#include <croton/ir/format.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "c_precedence.hpp"
#include "contract_sizes.hpp"
#include "emit_contract.hpp"
#include "known_extent.hpp"
#include "product_functions.hpp"
#include "puller.hpp"

namespace croton::inline v1::codegen {

/// Writes the functions of one matrix product.
class ContractText {
public:
    ContractText(Writer& writer,
                 const LoopNest& nest,
                 const EmittedKernel& kernel,
                 const SymbolNames& symbols,
                 const ContractCalls& calls)
        : w_(writer), nest_(nest), c_(nest.contract[0]), kernel_(kernel), symbols_(symbols),
          calls_(calls), dtype_(nest.buffers[static_cast<std::size_t>(c_.out)].dtype()),
          type_(scalar_type(dtype_)), bytes_(static_cast<int>(size_bytes(dtype_)))
    {
        for (std::size_t i = 0; i < kernel.extents.size(); ++i) {
            const Extent& e = kernel.extents[i];
            const detail::Atom* symbol = as_symbol(e);
            (symbol ? shared_[symbol] : shared_.sums[e.polynomial()]) =
                "s->" + kernel.extent_names[i];
        }
    }

    void write()
    {
        if (c_.kind != ContractKind::library) write_parts();
        switch (c_.kind) {
        case ContractKind::library:
            return write_library();
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
            write_packing();
            write_tile();
            return write_kernel(
                product({text(c_.batch, symbols_), c_.m.is_known() ? known_down() : "down",
                         ceiling(c_.n, tile_columns(), symbols_)}));
        }
    }

private:
    // ---- words

    /// Factors multiplied, without those that are 1.
    static std::string product(std::vector<std::string> factors)
    {
        std::erase(factors, "1");
        if (factors.empty()) return "1";
        if (factors.size() == 1) return factors[0];
        for (std::string& f : factors)
            f = right_operand(f, "*");
        return fmt::format("{}", fmt::join(factors, " * "));
    }

    /// `tall` and `down`: rows of a tile, and how many tiles lie one under the other.
    void write_row_tiles(const SymbolNames& names) const
    {
        w_.line("const i64 tall = {};", tile_rows(names));
        if (c_.m.is_known()) return w_.line("const i64 down = {};", known_down());
        w_.line("const i64 down = ({} + tall - 1) / tall;", text(c_.m, names));
    }

    std::string known_down() const
    {
        const std::int64_t tall = std::stoll(tile_rows(symbols_));
        return std::to_string((c_.m.value() + tall - 1) / tall);
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
        return product({text(c_.batch, symbols_), ceiling(n, size, symbols_)});
    }
    /// Rows that a thread takes at a time, multiples of every CPU's blocks: many reuse what is
    /// cached of b, few keep all threads busy.
    std::string tile_rows(const SymbolNames& names) const
    {
        if (!c_.m.is_known() && !c_.prologue_a)
            return fmt::format("{0} >= 768 ? 192 : {0} >= 384 ? 96 : 48", c_factor(c_.m, names));
        return most_tile_rows();
    }
    std::string most_tile_rows() const
    {
        if (c_.prologue_a) return std::to_string(strip_rows);
        return !c_.m.is_known() || c_.m.value() >= 768 ? "192" : c_.m.value() >= 384 ? "96" : "48";
    }
    int tile_columns() const
    {
        return (c_.prologue_a ? strip_tile_bytes : tile_row_bytes) / bytes_;
    }
    std::string columns() const { return block_columns(dtype_); }
    const std::string& name_of(BufferId id) const
    {
        return nest_.buffers[static_cast<std::size_t>(id)].name;
    }
    std::string buffer(BufferId id) const { return "s->" + name_of(id); }

    /// Whether an operand is known to be the same for the whole batch.
    bool is_same_in_batch(const Extent& batch_stride) const
    {
        return is_known_as(copies_of(c_.batch, batch_stride), 1);
    }
    /// `base + h * stride`, without what is 0.
    std::string at_batch(BufferId id, const Extent& stride) const
    {
        const Extent offset = as_extent(loop_symbol(0)) * stride;
        if (is_same_in_batch(stride)) return buffer(id);
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
        return codegen::multiply_add(dtype_, a, b, sum);
    }

    Writer::Scope callback(const char* part) const
    {
        // Of blocks no copy goes into the loop that runs on one thread: it would be a long one.
        const bool called = c_.kind == ContractKind::blocks;
        auto scope = w_.function(fmt::format("{} void {}_{}(void* context, i64 t)",
                                             called ? "CT_CALLED" : "static", kernel_.name, part));
        w_.line("const struct {0}_parts* s = (const struct {0}_parts*)context;", kernel_.name);
        return scope;
    }

    /// A call of `<kernel>_<part>`, `deeper` than the block: names of `own` as it says, what the
    /// parts share from their struct.
    std::string call(const char* part,
                     const std::vector<std::string>& names,
                     const std::map<std::string, std::string>& own,
                     std::size_t deeper = 0) const
    {
        std::vector<std::string> arguments;
        for (const std::string& name : names) {
            const auto at = own.find(name);
            arguments.push_back(at == own.end() ? "s->" + name : at->second);
        }
        return argument_list(fmt::format("{}_{}", kernel_.name, part), arguments,
                             w_.indent() + deeper) +
               ";";
    }
    /// The call of the epilogue for rows i0 .. i1 and columns j0 .. j1.
    std::string finish_call(const char* i0,
                            const char* i1,
                            const char* j0,
                            const char* j1,
                            std::size_t deeper) const
    {
        if (c_.turned) std::swap(i0, j0), std::swap(i1, j1);
        return call("finish", calls_.finish,
                    {{"h", "h"}, {"i0", i0}, {"i1", i1}, {"j0", j0}, {"j1", j1}, {"sums", "sums"}},
                    deeper);
    }
    void finish(const char* i0, const char* i1, const char* j0, const char* j1) const
    {
        if (!nest_.body.empty()) w_.raw(finish_call(i0, i1, j0, j1, 0));
    }

    // ---- what the functions share

    std::vector<std::string> parameters() const;
    void write_parts() const;
    /// The kernel: fills the struct, packs, and calls the tiles.
    void write_kernel(const std::string& tiles) const;
    void write_library() const;
    void write_small() const;
    void write_small_row(std::int64_t n) const;
    void write_small_rows(const char* row, std::int64_t rows, std::int64_t n) const;
    /// `x[h * batch + row * row_stride + column * column_stride]`, without what is 0.
    std::string small_element(BufferId id,
                              const Extent& batch,
                              const std::string& row,
                              const Extent& row_stride,
                              const std::string& column,
                              const Extent& column_stride) const;
    void write_dots() const;
    /// h, j0 and j1 of piece t of rows of n.
    void write_piece(const Extent& n, int size) const;
    void write_row() const;
    void write_row_terms(const char* sums, const char* first, const std::string& last) const;

    // ---- register blocks

    /// Whether all rows of blocks are whole, on every CPU.
    bool no_edge() const { return c_.n.is_known() && c_.n.value() % (128 / bytes_) == 0; }
    /// An operand as packing sees it: k rows of n columns, which go into panels of some columns.
    struct Packed {
        const char* side; ///< "a" or "b"
        BufferId packed, from;
        const Extent &batch, &row, &column, &n; ///< strides where it lies, and its columns
        std::string width;
        bool kept; ///< from a loop's first step on
    };
    Packed packed_operand_a() const;
    Packed packed_operand_b() const;
    void write_packing() const;
    void write_pack(const Packed& operand) const;
    void write_copied(const Packed& operand) const;
    void write_computed(const Packed& operand) const;
    void write_pack_call(const Packed& operand, const std::string& when) const;
    void write_pack_calls() const;
    /// Rows whose starts fight for the same lines of the cache are copied, and so are columns.
    std::string packs_a() const;
    std::string packs_b() const;
    void write_tile() const;
    void write_tile_place() const;
    /// Blocks of rows begin at a + i * a_first, of columns at b + j * b_first: packed or not.
    void write_operand_places() const;
    std::string packed_place(BufferId packed,
                             const Extent& batch,
                             const Extent& n,
                             const std::string& width) const;
    /// A panel of b stays in the first cache while the rows go by: blocks with `depth` terms, from
    /// term p on.
    void write_block_rows(const std::string& depth,
                          const std::string& begun,
                          const std::string& sums,
                          const std::string& sums_row) const;
    /// Terms p .. p + depth of a's rows, where those are computed.
    void write_strip(const std::string& p, const std::string& depth) const;
    void write_kept_sums() const;
    void write_blocks_of_tile() const;

    Writer& w_;
    const LoopNest& nest_;
    const ContractNest& c_;
    const EmittedKernel& kernel_;
    const SymbolNames& symbols_;
    const ContractCalls& calls_;
    DType dtype_;
    std::string type_;
    int bytes_;
    SymbolNames shared_;
};

} // namespace croton::inline v1::codegen
