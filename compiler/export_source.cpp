#include <croton/codegen/export_text.hpp>
#include <croton/codegen/units.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/hash.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include "call_check.hpp"
#include "run_failure.hpp"
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

/// What a function computes and how it is called, wherever it was written and whatever its shared
/// variables hold. The header has its signature and the names of shared variables.
std::size_t identity_of(const detail::FunctionData& f, const codegen::ExportedText& text)
{
    std::size_t identity = hash_of(text.header, codegen::canonical_text(f.program.source).text);
    for (const Array& constant : f.program.constants)
        identity = hash_of(identity, hash_array(constant));
    return identity;
}

/// Writes a program's two files, unless the header beside `path` is still what this process wrote
/// there of another function. What another process wrote is replaced.
void write_files(const detail::FunctionData& f,
                 const std::filesystem::path& path,
                 const codegen::ExportedText& text)
{
    static std::mutex mutex;
    static std::map<std::string, std::size_t> written; // by header: which program
    std::error_code error;
    const std::filesystem::path header = std::filesystem::path(path).replace_extension(".h");
    const std::filesystem::path whole = std::filesystem::weakly_canonical(header, error);
    const std::string file = (error ? header : whole).string();
    const std::size_t identity = identity_of(f, text);
    const std::lock_guard lock(mutex);
    const auto before = written.find(file);
    if (before != written.end() && before->second != identity &&
        std::filesystem::exists(header, error))
        throw user_error(
            Code::domain, nullptr, "export_source",
            "{} is there already, of another function named '{}' of this program; give "
            "one of them another Options::name, or another folder",
            header.string(), text.name);
    write_text(header, text.header);
    write_text(path, text.source);
    written.insert_or_assign(file, identity);
}

/// The suffix of a file in that language. The text is both at once.
std::string suffix_of(std::string_view language)
{
    if (language == "c11") return ".c";
    if (language == "c++20") return ".cpp";
    throw user_error(Code::domain, nullptr, "export_source",
                     "'{}' is no language of exported text, which is 'c11' or 'c++20'", language);
}

void export_source(const detail::FunctionData& f,
                   std::string_view folder,
                   std::string_view language)
{
    const std::string suffix = suffix_of(language);
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
    names.column_major.resize(f.leaves.size() + f.outputs.size());
    for (std::size_t i = 0; i < f.arguments.size(); ++i)
        names.column_major[i < f.inputs.size() ? i : i + f.shared.size()] =
            f.arguments[i].layout == Layout::column_major;
    for (const Variable& v : f.program.finite)
        names.finite.push_back(detail::as_written(f, v));
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
    write_files(f, into / (text.name + suffix), text);
}

} // namespace

void Function::export_source(std::string_view folder, std::string_view language, Where where) const
{
    detail::at_place(where, [&] { croton::export_source(*data_, folder, language); });
}

} // namespace croton::inline v1
