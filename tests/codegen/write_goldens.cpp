// The emitted texts that golden/ keeps, as files.
//
//   write_goldens FOLDER            writes each program's own text as FOLDER/<name>.cpp
//   write_goldens --check FOLDER    fails, showing the first line, where a file is not that text
//   write_goldens --whole FOLDER    writes them with the prelude in front: as they are compiled
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>

#include "codegen/golden_cases.hpp"

namespace ct = croton;

namespace {

std::string read(const std::filesystem::path& path)
{
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool write(const std::filesystem::path& path, const std::string& text)
{
    if (read(path) == text) return true;
    std::ofstream file(path);
    file << text;
    return static_cast<bool>(file.flush());
}

/// "" where they are the same.
std::string first_difference(const std::string& kept, const std::string& emitted)
{
    std::istringstream a(kept), b(emitted);
    std::string left, right;
    for (int number = 1;; ++number) {
        const bool more_left = static_cast<bool>(std::getline(a, left));
        const bool more_right = static_cast<bool>(std::getline(b, right));
        if (!more_left && !more_right) return {};
        if (more_left == more_right && left == right) continue;
        return "line " + std::to_string(number) + "\n  kept:    " + (more_left ? left : "") +
               "\n  emitted: " + (more_right ? right : "");
    }
}

int visit(std::string_view mode, const std::filesystem::path& folder)
{
    std::filesystem::create_directories(folder);
    int wrong = 0;
    for (const ct::test::Golden& golden : ct::test::all_goldens()) {
        const ct::Function f = ct::test::compile(golden);
        const std::filesystem::path path = folder / (std::string(golden.name) + ".cpp");
        const std::string text(mode == "--whole" ? f.full_source() : f.source());
        if (mode != "--check") {
            if (write(path, text)) continue;
            std::printf("%s: cannot be written\n", path.c_str());
            ++wrong;
        } else if (const std::string difference = first_difference(read(path), text);
                   !difference.empty()) {
            std::printf("%s: %s\n", path.c_str(), difference.c_str());
            ++wrong;
        }
    }
    return wrong;
}

} // namespace

int main(int argc, char** argv)
{
    const std::string_view mode = argc == 3 ? argv[1] : "";
    if (argc < 2 || argc > 3 || (argc == 3 && mode != "--check" && mode != "--whole")) {
        std::printf("usage: write_goldens [--check | --whole] FOLDER\n");
        return 2;
    }
    // A product by a library has the same text whatever the library: one that every machine has.
    ::setenv("CROTON_BLAS", CROTON_FAKE_BLAS, 0);
    return visit(mode, argv[argc - 1]) == 0 ? 0 : 1;
}
