#include "call_check.hpp"

#include <croton/ir/format.hpp>

namespace croton::inline v1::detail {

namespace {

std::string argument_name(const FunctionData& f, std::size_t i)
{
    const std::string_view name = f.inputs[i].name();
    return name.empty() ? fmt::format("input {}", i) : fmt::format("input {} '{}'", i, name);
}

} // namespace

void refuse(const FunctionData& f, Code code, const std::string& why)
{
    throw user_error(code, f.where, f.name, "{}", why);
}

void check_count(const FunctionData& f, std::size_t given)
{
    if (given != f.inputs.size())
        refuse(f, Code::shape,
               fmt::format("takes {} inputs, {} are given; it is {}", f.inputs.size(), given,
                           Function::signature_of(f)));
}

void check_type(const FunctionData& f, std::size_t i, DType dtype, int rank)
{
    const Variable& v = f.inputs[i];
    if (dtype != v.dtype())
        refuse(f, Code::dtype,
               fmt::format("{} is {}, given {}", argument_name(f, i), croton::name(v.dtype()),
                           croton::name(dtype)));
    if (rank != v.rank())
        refuse(f, Code::shape,
               fmt::format("{} has rank {} {}, given rank {}", argument_name(f, i), v.rank(),
                           to_string(v.shape()), rank));
}

std::string
failure_text(const FunctionData& f, std::int32_t code, std::int64_t found, std::int64_t expected)
{
    if (code == codegen::index_out_of_range)
        return fmt::format("{}: an index is out of range", f.name);
    const codegen::Guard& g = f.program.guards.at(static_cast<std::size_t>(code) - 1);
    return fmt::format("{}: {} is {}, it must be {}{}", f.name, g.text, found, expected,
                       g.expected.is_known() ? "" : fmt::format(" ({})", to_string(g.expected)));
}

void throw_failure(const FunctionData& f, std::int32_t code, const Report& report)
{
    const std::string text = failure_text(f, code, report.values[0], report.values[1]);
    if (code == codegen::index_out_of_range)
        throw UserError(Code::index, text, f.program.checked.at(report.apply), f.name);
    throw UserError(Code::shape, text,
                    f.program.guards.at(static_cast<std::size_t>(code) - 1).where, f.name);
}

} // namespace croton::inline v1::detail
