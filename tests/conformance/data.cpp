#include "conformance/data.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <unistd.h>

#include "support/catch.hpp"

namespace croton::test {

namespace fs = std::filesystem;

namespace {

fs::path archives()
{
    const char* folder = std::getenv("CROTON_CONFORMANCE_DIR");
    return folder && *folder ? folder : CROTON_CONFORMANCE_DEFAULT;
}

} // namespace

std::optional<fs::path> conformance_data(std::string_view archive)
{
    const fs::path packed = archives() / (std::string(archive) + ".tar.zst");
    if (!fs::exists(packed)) return std::nullopt;
    const fs::path folder = fs::path(CROTON_CONFORMANCE_UNPACKED) / archive;
    if (fs::exists(folder)) return folder;
    // Two tests may unpack at once: each into a folder of its own, the first to rename it wins.
    const fs::path own = folder.string() + "." + std::to_string(getpid());
    fs::create_directories(own);
    const std::string command =
        "tar -I zstd -xf '" + packed.string() + "' -C '" + own.string() + "' --strip-components=1";
    const int status = std::system(command.c_str());
    INFO(command);
    REQUIRE(status == 0);
    std::error_code raced;
    fs::rename(own, folder, raced);
    if (raced) fs::remove_all(own);
    return folder;
}

std::string absent(std::string_view archive)
{
    return "no " + std::string(archive) + ".tar.zst in " + archives().string() +
           " (CROTON_CONFORMANCE_DIR)";
}

std::vector<Row> read_table(const fs::path& file)
{
    std::ifstream in(file);
    INFO(file.string());
    REQUIRE(in.is_open());
    std::vector<Row> rows;
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line[0] == '#') continue;
        Row row(1);
        for (const char c : line)
            if (c == '\t')
                row.emplace_back();
            else
                row.back() += c;
        rows.push_back(std::move(row));
    }
    return rows;
}

void Tally::fail(const std::string& name, const std::string& why)
{
    ++counts_[name].failed;
    FAIL_CHECK(name << ": " << why);
}

Tally::~Tally()
{
    Counts all;
    std::string refused, failed, different;
    for (const auto& [name, c] : counts_) {
        all.passed += c.passed;
        all.failed += c.failed;
        all.refused += c.refused;
        all.different += c.different;
        if (c.refused > 0) refused += ' ' + name;
        if (c.failed > 0) failed += ' ' + name;
        if (c.different > 0) different += ' ' + name;
    }
    std::printf("%s: %d passed, %d failed, %d refused, %d different\n", title_.c_str(), all.passed,
                all.failed, all.refused, all.different);
    if (!failed.empty()) std::printf("  failed:%s\n", failed.c_str());
    if (!refused.empty()) std::printf("  refused:%s\n", refused.c_str());
    if (!different.empty()) std::printf("  different:%s\n", different.c_str());
}

} // namespace croton::test
