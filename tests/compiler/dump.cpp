// CROTON_DUMP. A process reads it once, so each case runs in a process of its own.
#include <croton/croton.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/process.hpp"
#include "support/catch.hpp"

namespace ct = croton;
namespace fs = std::filesystem;
using croton::test::contains;
using croton::test::TemporaryFolder;
using ct::Variable;

namespace {

bool is_child() { return std::getenv("CROTON_TEST_CHILD") != nullptr; }

std::string read(const fs::path& path)
{
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

/// Runs the hidden test case `name` of this program with CROTON_DUMP=folder.
void check_alone(const std::string& name, const std::string& folder)
{
    const TemporaryFolder logs;
    const std::string self = fs::read_symlink("/proc/self/exe").string();
    const std::string log = logs / "log";
    const int status = std::system(("CROTON_TEST_CHILD=1 CROTON_CACHE=off CROTON_DUMP=\"" + folder +
                                    "\" " + self + " \"" + name + "\" > " + log + " 2>&1")
                                       .c_str());
    INFO(read(log));
    CHECK(status == 0);
}

ct::Function compiled(const std::string& name)
{
    const Variable x = ct::vector<float>("x");
    return ct::function({x}, {ct::sum(log(1 + exp(x)) * softmax(x))}, {.name = name});
}

/// The files of one function, in order.
std::vector<std::string> files(const fs::path& folder)
{
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder))
        names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
}

std::string error_of_compiling()
{
    try {
        compiled("soft");
    } catch (const ct::BackendError& e) {
        return std::string(e.message());
    }
    return "";
}

} // namespace

TEST_CASE("child: a function is dumped", "[.]")
{
    if (!is_child()) return;
    const fs::path folder = std::getenv("CROTON_DUMP");
    const ct::Function f = compiled("soft/plus");
    compiled("soft");
    CHECK(files(folder) == std::vector<std::string>{"000-soft_plus", "001-soft"});

    const fs::path first = folder / "000-soft_plus";
    std::vector<std::string> names = files(first);
    REQUIRE(names.size() >= 4);
    CHECK(names.back() == "soft_plus.cpp");
    CHECK(read(first / names.back()) == f.full_source());
    names.pop_back();

    CHECK(names[0] == "00-input.txt");
    CHECK_THAT(read(first / names[0]), contains("log") && contains("exp") && contains("sum"));
    std::string before;
    for (std::size_t i = 0; i < names.size(); ++i) {
        INFO(names[i]);
        CHECK(names[i].starts_with((i < 10 ? "0" : "") + std::to_string(i) + "-"));
        const std::string now = read(first / names[i]);
        CHECK(now != "");
        CHECK(now != before); // a pass that changed nothing has no file
        before = now;
    }
    CHECK_THAT(before, contains("softplus"));
}

TEST_CASE("CROTON_DUMP: the graph as written and after each pass that changed it, and the source")
{
    const TemporaryFolder folder;
    check_alone("child: a function is dumped", folder.path().string());
}

TEST_CASE("child: the dump's folder cannot be made", "[.]")
{
    if (!is_child()) return;
    const std::string folder = std::getenv("CROTON_DUMP");
    CHECK_THAT(error_of_compiling(),
               contains("dump: cannot make " + folder + "/000-soft: Not a directory"));
}

TEST_CASE("child: a file of the dump cannot be written", "[.]")
{
    if (!is_child()) return;
    const std::string file = std::string(std::getenv("CROTON_DUMP")) + "/000-soft/00-input.txt";
    fs::create_directories(file); // a folder stands in its place
    CHECK_THAT(error_of_compiling(), contains("dump: cannot write " + file));
}

TEST_CASE("CROTON_DUMP: what cannot be written is named")
{
    const TemporaryFolder folder;
    std::ofstream(folder / "file") << "no folder";
    check_alone("child: the dump's folder cannot be made", folder / "file");
    check_alone("child: a file of the dump cannot be written", folder.path().string());
}
