#include <croton/codegen/export_text.hpp>
#include <croton/ir/format.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "call_check.hpp"
#include "version.hpp"

namespace croton::inline v1 {

namespace {

void write_text(const std::filesystem::path& path, const std::string& text)
{
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file)
        throw user_error(Code::domain, nullptr, "export_source", "{}: cannot be written: {}",
                         path.string(), std::strerror(errno));
}

void export_source(const detail::FunctionData& f, std::string_view folder)
{
    if (f.options.reference)
        throw user_error(Code::domain, nullptr, "export_source",
                         "'{}' is in reference mode, which has no text", f.name);
    if (f.program.calls_library)
        throw user_error(Code::domain, nullptr, "export_source",
                         "'{}' has products that a library computes, and exported text calls "
                         "nothing; make it with Matmul::own",
                         f.name);
    for (const detail::ArgumentInfo& info : f.arguments)
        if (info.layout == Layout::any)
            throw user_error(Code::domain, nullptr, "export_source",
                             "'{}' has an argument of any strides; an exported one is row-major or "
                             "column-major",
                             f.name);
    codegen::ExportNames names;
    names.name = f.name;
    names.signature = Function::signature_of(f);
    names.version = library_version;
    names.outputs = f.output_names;
    names.shared = f.shared.size();
    for (const Variable& target : f.targets)
        names.updated.emplace_back(target.name());
    const codegen::ExportedText text =
        codegen::export_text(f.program, names, detail::read_shared(f.shared));
    std::error_code error;
    const std::filesystem::path into(folder);
    std::filesystem::create_directories(into, error);
    if (error)
        throw user_error(Code::domain, nullptr, "export_source", "{}: cannot be made: {}", folder,
                         error.message());
    write_text(into / (text.name + ".h"), text.header);
    write_text(into / (text.name + ".c"), text.source);
}

} // namespace

void Function::export_source(std::string_view folder, Where where) const
{
    detail::at_place(where, [&] { croton::export_source(*data_, folder); });
}

} // namespace croton::inline v1
