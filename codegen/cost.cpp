#include <croton/codegen/cost.hpp>

#include <string_view>
#include <variant>

namespace croton::inline v1::codegen {

int flops(const Op& op, DType dtype)
{
    const auto* pointwise = std::get_if<Pointwise>(&op.lowering);
    if (!pointwise) return 0;
    const bool integer = !is_float(dtype) && !pointwise->integer.empty();
    const std::string_view text = integer ? pointwise->integer : pointwise->real;
    int count = 0;
    for (std::size_t at = text.find("_{"); at != text.npos; at = text.find("_{", at + 1))
        count += is_float(dtype) ? 10 : 1;
    for (char c : text) {
        if (c == '/') count += 4;
        if (c == '+' || c == '-' || c == '*' || c == '<' || c == '>' || c == '?') ++count;
    }
    return count;
}

} // namespace croton::inline v1::codegen
