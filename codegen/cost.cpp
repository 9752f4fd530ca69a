#include <croton/codegen/cost.hpp>
#include <croton/codegen/prelude.hpp>
#include <croton/ir/computed_dtype.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <variant>

namespace croton::inline v1::codegen {

namespace {

/// Operators in a template, and in the prelude functions that it calls.
int count_operators(std::string_view text, DType dtype)
{
    int count = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '/')
            count += 4;
        else if (c == '+' || c == '-' || c == '*' || c == '<' || c == '>' || c == '?')
            ++count;
        if (!text.substr(i).starts_with("_{")) continue;
        std::size_t first = i; // the function's name: letters before, a dtype for {t}
        while (first > 0 && (std::isalnum(static_cast<unsigned char>(text[first - 1])) ||
                             text[first - 1] == '_'))
            --first;
        const std::string function =
            fmt::format("{}_{}", text.substr(first, i - first), name(dtype));
        count += std::max(1, prelude_flops(function));
    }
    return count;
}

} // namespace

int flops(const Op& op, DType dtype)
{
    const auto* pointwise = std::get_if<Pointwise>(&op.lowering);
    if (!pointwise) return 0;
    if (pointwise->part_of) return (flops(*pointwise->part_of, dtype) + 1) / 2;
    const DType computed = computed_dtype(dtype);
    const bool integer = !is_float(computed) && !pointwise->integer.empty();
    return count_operators(integer ? pointwise->integer : pointwise->real, computed);
}

int flops(const Compute& computed, DType dtype)
{
    const auto* pointwise = std::get_if<Pointwise>(&computed.op->lowering);
    return pointwise && pointwise->part_of ? 0 : flops(*computed.op, dtype);
}

} // namespace croton::inline v1::codegen
