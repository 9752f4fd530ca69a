#include "planted/edited_program.hpp"

#include <croton/ir/format.hpp>
#include <croton/runtime/clang_jit.hpp>

#include "run_failure.hpp"

namespace croton::test {

EditedProgram::EditedProgram(const Function& function)
    : function_(function), text_(function.full_source())
{}

EditedProgram& EditedProgram::replace(std::string_view from, std::string_view to)
{
    const std::size_t at = text_.find(from);
    if (at == text_.npos || text_.find(from, at + 1) != text_.npos)
        throw internal_error("edited program", "'{}' does not stand in it once:\n{}", from,
                             function_.source());
    text_.replace(at, from.size(), to);
    return *this;
}

EditedProgram::Result EditedProgram::call(const std::vector<Array>& inputs) const
{
    const std::vector<std::string> units{text_};
    const auto library =
        ProgramLibrary::open_bytes(compile_shared_object(units, "edited", {.opt_level = 1}));
    std::vector<const void*> in;
    std::vector<std::int64_t> extents;
    const auto give = [&](const Array& a) {
        in.push_back(a.data());
        extents.insert(extents.end(), a.shape().begin(), a.shape().end());
    };
    for (const Array& a : inputs)
        give(a);
    for (const Array& v : detail::read_shared(data().shared))
        give(v);
    for (const Array& a : data().program.constants)
        in.push_back(a.data());
    Result result;
    std::vector<void*> out;
    for (const Variable& v : data().outputs) {
        std::vector<std::int64_t> shape;
        for (const Extent& e : v.shape())
            shape.push_back(e.value());
        result.outputs.push_back(Array::zeros(v.dtype(), shape));
        out.push_back(result.outputs.back().data());
        extents.insert(extents.end(), shape.begin(), shape.end());
    }
    const auto bytes = reinterpret_cast<WorkspaceFunction>(library.symbol("workspace_bytes"));
    void* workspace =
        detail::allocate_workspace(static_cast<std::size_t>(bytes(extents.data())), data().name);
    Report report;
    const auto run = reinterpret_cast<RunFunction>(library.symbol("run"));
    result.code =
        run(&data().serial_runtime, in.data(), out.data(), extents.data(), workspace, &report);
    detail::free_workspace(workspace);
    if (result.code != 0) result.failure = detail::failure_text(data(), result.code, report);
    return result;
}

} // namespace croton::test
