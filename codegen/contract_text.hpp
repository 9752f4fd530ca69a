#pragma once

#include <croton/ir/format.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contract_sizes.hpp"
#include "emit_contract.hpp"
#include "puller.hpp"

namespace croton::inline v1::codegen {

/// What the texts of all kinds of products share: words for extents and places, the struct of
/// their arguments and the kernel that calls their parts.
class ContractText {
protected:
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

    /// Elements of one batch in a packed array.
    std::string packed_size(const Extent& n, const std::string& width) const
    {
        return fmt::format("({0} + {1} - 1) / {1} * {1} * {2}", text(n), width, factor(c_.k));
    }
    /// 1 if the operand is the same for the whole batch; 0: not known, or one for each.
    int copies_of(const Extent& batch_stride) const
    {
        return is_known_as(c_.batch, 1) || is_known_as(batch_stride, 0) ? 1 : 0;
    }

    std::string packed_place(BufferId packed,
                             const Extent& batch,
                             const Extent& n,
                             const std::string& width) const
    {
        if (copies_of(batch) == 1) return buffer(packed);
        return fmt::format("{} + h * ({})", buffer(packed), packed_size(n, width));
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

/// Products in register blocks: packing, the block, tiles of blocks, the kernel.
void emit_contract_blocks(Writer& writer,
                          const LoopNest& nest,
                          const EmittedKernel& kernel,
                          const SymbolNames& symbols);

} // namespace croton::inline v1::codegen
