#include "emit_contract.hpp"

#include <croton/ir/format.hpp>

namespace croton::inline v1::codegen {

void emit_contract(Writer& writer, const LoopNest& nest, const SymbolNames& symbols)
{
    const ContractNest& c = nest.contract[0];
    const auto buffer = [&](BufferId id) -> const Buffer& {
        return nest.buffers[static_cast<std::size_t>(id)];
    };
    const DType t = buffer(c.out).dtype();
    const std::string type(scalar_type(t));
    const auto text = [&](const Extent& e) { return c_text(e, symbols); };
    const auto factor = [&](const Extent& e) { return c_factor(e, symbols); };
    const std::string fma = is_float(t) ? fmt::format("fma_{}(a, b, out[j])", name(t))
                                        : fmt::format("add_{0}(out[j], mul_{0}(a, b))", name(t));
    const auto batch = writer.block("for (i64 h = 0; h < {}; ++h)", text(c.batch));
    const auto rows = writer.block("for (i64 i = 0; i < {}; ++i)", text(c.m));
    writer.line("{}* out = {} + (h * {} + i) * {};", type, buffer(c.out).name, factor(c.m),
                factor(c.n));
    writer.line("for (i64 j = 0; j < {}; ++j) out[j] = 0;", text(c.n));
    const auto sum = writer.block("for (i64 k = 0; k < {}; ++k)", text(c.k));
    writer.line("const {} a = {}[h * {} + i * {} + k * {}];", type, buffer(c.a).name,
                factor(c.a_batch), factor(c.a_m), factor(c.a_k));
    const auto columns = writer.block("for (i64 j = 0; j < {}; ++j)", text(c.n));
    writer.line("const {} b = {}[h * {} + k * {} + j * {}];", type, buffer(c.b).name,
                factor(c.b_batch), factor(c.b_k), factor(c.b_n));
    writer.line("out[j] = {};", fma);
}

} // namespace croton::inline v1::codegen
