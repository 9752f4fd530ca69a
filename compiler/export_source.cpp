#include <croton/codegen/export_text.hpp>
#include <croton/ir/format.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>

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

/// Whether `path` still holds what this process wrote there of another function. One that has the
/// same text is no other, whatever values it was made with; what another process wrote is replaced.
void refuse_another(const detail::FunctionData& f,
                    const std::filesystem::path& path,
                    const std::string& name)
{
    static std::mutex mutex;
    static std::map<std::string, std::size_t> written; // by file: which program
    std::error_code error;
    const std::filesystem::path whole = std::filesystem::weakly_canonical(path, error);
    const std::string file = (error ? path : whole).string();
    const std::size_t program =
        std::hash<std::string>{}(Function::signature_of(f) + f.program.source);
    const std::lock_guard lock(mutex);
    const auto [at, fresh] = written.try_emplace(file, program);
    if (!fresh && at->second != program && std::filesystem::exists(path, error))
        throw user_error(
            Code::domain, nullptr, "export_source",
            "{} is there already, of another function named '{}' of this program; give "
            "one of them another Options::name, or another folder",
            path.string(), name);
    at->second = program;
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
    const std::filesystem::path path = into / (text.name + ".c");
    refuse_another(f, path, text.name);
    write_text(into / (text.name + ".h"), text.header);
    write_text(path, text.source);
}

} // namespace

void Function::export_source(std::string_view folder, Where where) const
{
    detail::at_place(where, [&] { croton::export_source(*data_, folder); });
}

} // namespace croton::inline v1
