#include <croton/codegen/export_text.hpp>
#include <croton/ir/format.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "function_data.hpp"
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

} // namespace

void Function::export_source(std::string_view folder) const
{
    const detail::FunctionData& f = *data_;
    if (f.options.reference)
        throw user_error(Code::domain, f.where, "export_source",
                         "'{}' is in reference mode, which has no text", f.name);
    if (f.program.calls_library)
        throw user_error(Code::domain, f.where, "export_source",
                         "'{}' has products that a library computes, and exported text calls "
                         "nothing; make it with Matmul::own",
                         f.name);
    for (const detail::ArgumentInfo& info : f.arguments)
        if (info.layout == Layout::any)
            throw user_error(Code::domain, f.where, "export_source",
                             "'{}' has an argument of any strides; an exported one is row-major or "
                             "column-major",
                             f.name);
    codegen::ExportNames names;
    names.name = f.name;
    names.signature = signature();
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

} // namespace croton::inline v1
