#include "dump.hpp"

#include <croton/compiler/environment.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>

namespace croton::inline v1 {

namespace {

std::string file_name(std::size_t number, const std::string& stage)
{
    std::string name = fmt::format("{:02}-", number);
    for (char c : stage)
        name += std::isalnum(static_cast<unsigned char>(c)) ? c : '-';
    return name + ".txt";
}

void write(const std::filesystem::path& path, std::string_view text)
{
    std::ofstream file(path);
    file << text;
    if (!file) throw backend_error("dump", "cannot write {}", path.string());
}

/// A function may be called as a path is.
std::string in_file_name(std::string name)
{
    std::ranges::replace(name, '/', '_');
    return name;
}

} // namespace

void dump(const detail::FunctionData& f)
{
    if (environment().dump_folder.empty()) return;
    static std::atomic<int> functions{0};
    const std::filesystem::path folder = std::filesystem::path(environment().dump_folder) /
                                         fmt::format("{:03}-{}", functions++, in_file_name(f.name));
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed)
        throw backend_error("dump", "cannot make {}: {}", folder.string(), failed.message());
    write(folder / "00-input.txt", detail::written_text(f));
    std::size_t number = 1;
    for (const Stage& s : f.passes.stages)
        if (s.changed == Changed::yes && !s.text.empty())
            write(folder / file_name(number++, s.name), s.text);
    write(folder / (in_file_name(f.name) + ".cpp"), f.whole_source());
}

} // namespace croton::inline v1
