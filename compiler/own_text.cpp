#include "own_text.hpp"

#include <croton/codegen/pointwise_text.hpp>
#include <croton/codegen/program.hpp>
#include <croton/codegen/units.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/ops/compare_logic.hpp>
#include <croton/ir/ops/structure.hpp>
#include <croton/ir/traverse.hpp>
#include <croton/runtime/clang_jit.hpp>

#include <algorithm>
#include <charconv>
#include <vector>

namespace croton::inline v1::detail {

namespace {

std::string_view line_of(std::string_view text, std::size_t number)
{
    for (; number > 1 && !text.empty(); --number)
        text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    return text.substr(0, text.find('\n'));
}

/// The first error in Clang's log, "name.cpp:12:7: error: use of undeclared identifier 'f'", and
/// the statement that it is in: "use of undeclared identifier 'f': y[i] = f(x[i])".
bool emitted_alike(const Apply& a, const Apply& b)
{
    const auto dtype = [](const Variable& v) { return v.dtype(); };
    return &a.op() == &b.op() && std::ranges::equal(a.inputs(), b.inputs(), {}, dtype, dtype) &&
           equal(a.params(), b.params());
}

/// The Applies of the user's own pointwise ops, of those that are emitted alike the first.
void find_own(std::span<const Variable> outputs, std::vector<Apply>& found)
{
    for (const Apply& a : applies_of(outputs)) {
        for (const Region& body : regions_of(a))
            find_own(body.outputs(), found);
        const bool own = is_pointwise(a.op()) && std::ranges::count(all_ops(), &a.op()) == 0;
        if (own && std::ranges::none_of(found, [&](const Apply& b) { return emitted_alike(a, b); }))
            found.push_back(a);
    }
}

/// What an op is compiled in: a statement of its own, or an operand of ==, which finds `{a};`.
enum class Alone { statement, operand };

/// Compiles a function of this op alone: a loop, so that the statement has a line of its own.
/// throws   TextError if its text does not compile.
void compile_alone(const Apply& a, Alone alone)
{
    constexpr std::string_view names[] = {"a", "b", "c"};
    const Shape shape{2};
    const OriginScope origin(a.location());
    Variables inputs;
    for (const Variable& v : a.inputs())
        inputs.push_back(input(names[inputs.size() % std::size(names)], v.dtype(), shape));
    const Type type(a.output(0).dtype(), shape);
    Variables outputs = rebuild(a.op(), inputs, a.params(), std::span(&type, 1), a.location());
    if (alone == Alone::operand) {
        inputs.push_back(input("other", type.dtype(), shape));
        outputs = {outputs[0] == inputs.back()};
    }
    const codegen::Program program = codegen::make_program(inputs, outputs, {}, {.threads = false});
    CompileOptions options;
    options.opt_level = 1;
    options.remarks = false;
    for (const codegen::SourceUnit& u : codegen::cut_units(program.source))
        (void)compile_object(u.text, "alone.cpp", options);
}

/// The op's text for its operands' dtypes.
std::string_view text_of(const Apply& a)
{
    const DType result = a.output(0).dtype();
    return codegen::text_of(std::get<Pointwise>(a.op().lowering), a.inputs().size(),
                            a.inputs().empty() ? result : a.input(0).dtype(), result);
}

} // namespace

std::string first_error(const TextError& error)
{
    const std::string_view log = error.log(), text = error.text();
    constexpr std::string_view mark = ": error: ";
    const std::size_t at = log.find(mark);
    if (at == log.npos) return std::string(log);
    const std::string_view rest = log.substr(at + mark.size());
    const std::string message(rest.substr(0, rest.find('\n')));
    const std::size_t column = log.rfind(':', at - 1);
    const std::size_t number = column == log.npos ? column : log.rfind(':', column - 1);
    std::size_t found = 0;
    if (number != log.npos) std::from_chars(log.data() + number + 1, log.data() + column, found);
    std::string_view line = line_of(text, found);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.ends_with(';')) line.remove_suffix(1);
    return found == 0 || line.empty() ? message : fmt::format("{}: {}", message, line);
}

void refuse_own_text(const FunctionData& f)
{
    std::vector<Apply> own;
    find_own(f.outputs, own);
    for (const Alone alone : {Alone::statement, Alone::operand})
        for (const Apply& a : own) {
            try {
                compile_alone(a, alone);
            } catch (const TextError& error) {
                throw user_error(
                    Code::domain, a.location(), a.op().name,
                    "its text '{}' does not compile: {}; CROTON_DUMP=FOLDER in the environment "
                    "writes the whole program there",
                    text_of(a), first_error(error));
            }
        }
}

} // namespace croton::inline v1::detail
