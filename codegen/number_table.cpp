#include "number_table.hpp"

#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "literals.hpp"
#include "names.hpp"

namespace croton::inline v1::codegen {

namespace {

/// A kernel of fewer scalars keeps its literals: it is read more easily, and compiles in little
/// time.
constexpr std::size_t scalars_of_a_long_kernel = 100;
constexpr std::size_t fewest_numbers = 16;
constexpr std::string_view table_name = "c";

bool is_users(const Scalar& s)
{
    const auto* l = std::get_if<Literal>(&s.expression);
    if (!l || (s.dtype != DType::f32 && s.dtype != DType::f64)) return false;
    const double magnitude = std::fabs(l->value.as_double(0));
    return magnitude != 0 && magnitude != 0.5 && magnitude != 1 && magnitude != 2;
}

void take_numbers_of(DType dtype, LoopNest& nest)
{
    const auto takes = [&](const Scalar& s) { return s.dtype == dtype && is_users(s); };
    const std::ptrdiff_t count = std::ranges::count_if(nest.scalars, takes);
    if (static_cast<std::size_t>(count) < fewest_numbers) return;
    Array table = Array::empty(dtype, {count});
    const std::size_t bytes = size_bytes(dtype);
    const auto buffer = static_cast<BufferId>(nest.buffers.size());
    std::size_t at = 0;
    for (Scalar& s : nest.scalars) {
        if (!takes(s)) continue;
        const Array value = std::get<Literal>(s.expression).value;
        std::memcpy(static_cast<char*>(table.data()) + at * bytes, value.data(), bytes);
        s.expression = TableEntry{buffer, at++};
    }
    nest.buffers.push_back({constant(table, nullptr).named(table_name), "", Buffer::Access::read});
}

} // namespace

void take_numbers(LoopNest& nest)
{
    if (nest.scalars.size() < scalars_of_a_long_kernel) return;
    for (const DType dtype : {DType::f32, DType::f64})
        take_numbers_of(dtype, nest);
}

std::vector<std::string> table_text(const std::string& name, const Array& table)
{
    constexpr std::size_t width = 90;
    std::vector<std::string> lines{
        fmt::format("static const {} {}[{}] = {{", memory_type(table.dtype()), name, table.size())};
    std::string line = "   ";
    for (std::int64_t i = 0; i < table.size(); ++i) {
        const std::string number = literal(table[i]);
        if (line.size() + number.size() > width) lines.push_back(std::exchange(line, "   "));
        line += " " + number + ",";
    }
    line.pop_back();
    lines.push_back(line + "};");
    return lines;
}

} // namespace croton::inline v1::codegen
