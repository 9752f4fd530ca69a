#include <croton/ir/error.hpp>
#include <croton/runtime/kernel_cache.hpp>

#include <sys/mount.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sched.h>
#include <signal.h>
#include <thread>
#include <vector>

#include "process.hpp"
#include "support/catch.hpp"
#include "texts.hpp"

using namespace croton;
using namespace croton::test;

namespace fs = std::filesystem;

namespace {

int ask(const ProgramLibrary& library)
{
    return reinterpret_cast<AnswerFunction>(library.symbol("answer"))();
}

int load_answer(KernelCache& cache, int value)
{
    const std::vector<ProgramUnit> units = {{answer_text(value), {}}};
    return ask(cache.load(units, "answer"));
}

std::vector<fs::path> entries(const fs::path& folder, const std::string& extension)
{
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == extension) {
            found.push_back(entry.path());
        }
    }
    return found;
}

std::string read_file(const fs::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const fs::path& path, const std::string& bytes)
{
    fs::remove(path); // as everyone who writes to the folder: never into a file that is open
    std::ofstream(path, std::ios::binary) << bytes;
}

/// A disk of `size` at `folder` that this process alone sees; false where that is not allowed.
bool mount_small_disk(const std::string& folder, const char* size, unsigned long flags = 0)
{
    const uid_t user = ::geteuid();
    if (::unshare(CLONE_NEWNS | (user == 0 ? 0 : CLONE_NEWUSER)) != 0) {
        return false;
    }
    if (user != 0) {
        std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    }
    const std::string options = std::string("size=") + size;
    return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("none", folder.c_str(), "tmpfs", flags, options.c_str()) == 0;
}

/// Runs the hidden test case `name` of this program in a process of its own.
int run_alone(const std::string& name, const std::string& folder)
{
    ::setenv("CROTON_TEST_FOLDER", folder.c_str(), 1);
    const std::string self = fs::read_symlink("/proc/self/exe").string();
    return std::system((self + " \"" + name + "\" > /dev/null").c_str());
}

} // namespace

TEST_CASE("equal programs share their code while one is in use")
{
    KernelCache cache({});
    const std::vector<ProgramUnit> units = {{answer_text(5), {}}};
    {
        const ProgramLibrary first = cache.load(units, "first");
        const ProgramLibrary second = cache.load(units, "second");
        CHECK(first.symbol("answer") == second.symbol("answer"));
        CHECK(cache.counts().programs_linked == 1);
        CHECK(cache.counts().programs_in_memory == 1);
    }
    CHECK(ask(cache.load(units, "third")) == 5);
    CHECK(cache.counts().programs_linked == 2); // nobody held it and there is no disk
    CHECK(cache.status() == "no disk cache: no folder");
}

TEST_CASE("a program in the folder is opened without compiling, from its own file")
{
    const TemporaryFolder folder;
    const std::string path = folder / "made/on/demand";
    {
        KernelCache cache({.folder = path});
        CHECK(load_answer(cache, 6) == 6);
        CHECK(cache.counts().objects_compiled == 1);
        CHECK(cache.status() == "disk cache " + path);
    }
    CHECK(fs::status(path).permissions() == fs::perms::owner_all);
    KernelCache cache({.folder = path});
    const std::vector<ProgramUnit> units = {{answer_text(6), {}}};
    const ProgramLibrary library = cache.load(units, "other name");
    CHECK(ask(library) == 6);
    CHECK(cache.counts().programs_from_disk == 1);
    CHECK(cache.counts().objects_compiled == 0);
    CHECK(count_mappings(path) > 0);
}

TEST_CASE("options, text and canonical text decide whether two programs are the same")
{
    const TemporaryFolder folder;
    KernelCache cache({.folder = folder.path()});
    const auto load = [&](const ProgramUnit& unit, const CompileOptions& options) {
        return cache.load(std::vector{unit}, "p", options);
    };
    std::vector<ProgramLibrary> held;
    held.push_back(load({answer_text(1), {}}, {}));
    held.push_back(load({answer_text(1), {}}, {.opt_level = 1}));
    held.push_back(load({answer_text(1), {}}, {.debug_info = false}));
    held.push_back(load({answer_text(1), {}}, {.cpu = "x86-64-v3"}));
    held.push_back(load({answer_text(2), {}}, {}));
    CHECK(cache.counts().programs_linked == 5);
    held.push_back(load({answer_text(1), {}}, {.threads = 3}));
    CHECK(cache.counts().programs_linked == 5);
    held.push_back(load({answer_text(8), "canonical"}, {}));
    held.push_back(load({"// a comment\n" + answer_text(8), "canonical"}, {}));
    CHECK(cache.counts().programs_linked == 6);
}

TEST_CASE("an edit compiles the changed units only")
{
    const TemporaryFolder folder;
    const auto unit = [](char name, int value) {
        return ProgramUnit{
            prelude + "i32 part_" + name + "() { return " + std::to_string(value) + "; }\n", {}};
    };
    const ProgramUnit sum = {prelude + "i32 part_a(); i32 part_b();\n"
                                       "CT_EXPORT i32 answer() { return part_a() + part_b(); }\n",
                             {}};
    KernelCache cache({.folder = folder.path()});
    CHECK(ask(cache.load(std::vector{unit('a', 1), unit('b', 2), sum}, "p")) == 3);
    CHECK(cache.counts().objects_compiled == 3);
    CHECK(ask(cache.load(std::vector{unit('a', 1), unit('b', 40), sum}, "p")) == 41);
    CHECK(cache.counts().objects_compiled == 4);
    CHECK(cache.counts().objects_from_disk == 2);
}

TEST_CASE("remarks come back with a program from the folder, under the names of this program")
{
    const TemporaryFolder folder;
    const std::vector<ProgramUnit> units = {{prelude + R"(
CT_EXPORT void running_sum(i64 n, f32* x)
{
    for (i64 i = 1; i < n; ++i) { x[i] = x[i] * 0.5f + x[i - 1]; }
}
)",
                                             {}},
                                            {answer_text(1), {}}};
    CompileReport first;
    CompileReport again;
    KernelCache({.folder = folder.path()}).load(units, "one", {}, &first);
    KernelCache({.folder = folder.path()}).load(units, "two", {}, &again);
    REQUIRE(!first.missed_vectorisation.empty());
    REQUIRE(again.missed_vectorisation.size() == first.missed_vectorisation.size());
    CHECK(first.backend_ms > 0);
    CHECK(again.backend_ms == 0);
    CHECK(first.missed_vectorisation[0].file == "one_0.cpp");
    CHECK(again.missed_vectorisation[0].file == "two_0.cpp");
    CHECK(again.missed_vectorisation[0].line == first.missed_vectorisation[0].line);
    CHECK(again.missed_vectorisation[0].message == first.missed_vectorisation[0].message);
}

TEST_CASE("the text that debuggers show lies beside the program")
{
    const TemporaryFolder folder;
    KernelCache cache({.folder = folder.path()});
    load_answer(cache, 12);
    const std::vector<fs::path> texts = entries(folder.path(), ".cpp");
    REQUIRE(texts.size() == 1);
    CHECK(read_file(texts[0]) == answer_text(12));
    CHECK_THAT(read_file(entries(folder.path(), ".so").at(0)),
               contains(texts[0].filename().string()));
}

TEST_CASE("an entry that is damaged, cut short or empty is compiled again and replaced")
{
    const TemporaryFolder folder;
    {
        KernelCache cache({.folder = folder.path()});
        load_answer(cache, 9);
    }
    const fs::path path = entries(folder.path(), ".so").at(0);
    const std::string good = read_file(path);
    std::vector<std::string> bad = {
        "", "x", good.substr(0, 64), good.substr(0, good.size() - 1), good.substr(1), good + "x"};
    for (std::size_t at = 0; at < good.size(); at += good.size() / 10) {
        bad.push_back(good);
        bad.back()[at] = static_cast<char>(bad.back()[at] ^ 1);
    }
    bad.push_back(good);
    bad.back().back() ^= 1;
    for (const std::string& bytes : bad) {
        write_file(path, bytes);
        KernelCache cache({.folder = folder.path()});
        REQUIRE(load_answer(cache, 9) == 9);
        REQUIRE(cache.counts().refused_entries == 1);
        REQUIRE(cache.counts().programs_linked == 1);
        REQUIRE(read_file(path).size() == good.size());
    }
}

TEST_CASE("an entry under another program's name is not taken for it")
{
    const TemporaryFolder folder;
    KernelCache cache({.folder = folder.path()});
    load_answer(cache, 1);
    const fs::path one = entries(folder.path(), ".so").at(0);
    const std::string bytes = read_file(one);
    fs::remove(one);
    load_answer(cache, 2);
    const fs::path two = entries(folder.path(), ".so").at(0);
    write_file(two, bytes);
    CHECK(load_answer(cache, 2) == 2);
    CHECK(cache.counts().refused_entries == 1);
}

TEST_CASE("an entry that is a link to elsewhere is not followed")
{
    const TemporaryFolder folder;
    KernelCache cache({.folder = folder.path()});
    load_answer(cache, 1);
    const fs::path path = entries(folder.path(), ".so").at(0);
    fs::rename(path, folder / "elsewhere");
    fs::create_symlink(folder / "elsewhere", path);
    CHECK(load_answer(cache, 1) == 1);
    CHECK(cache.counts().programs_from_disk == 0);
    CHECK(fs::is_regular_file(fs::symlink_status(path)));
}

TEST_CASE("processes that compile the same programs at once share one folder")
{
    const TemporaryFolder folder;
    std::vector<pid_t> children;
    for (int c = 0; c < 4; ++c) {
        children.push_back(start_child([&] {
            KernelCache cache({.folder = folder.path()});
            for (int i = 0; i < 5; ++i) {
                if (load_answer(cache, i) != i) {
                    return 1;
                }
            }
            return cache.counts().refused_entries == 0 ? 0 : 2;
        }));
    }
    for (const pid_t child : children) {
        CHECK(wait_for(child) == 0);
    }
    KernelCache cache({.folder = folder.path()});
    for (int i = 0; i < 5; ++i) {
        CHECK(load_answer(cache, i) == i);
    }
    CHECK(cache.counts().programs_from_disk == 5);
    CHECK(entries(folder.path(), ".tmp").empty());
}

TEST_CASE("a process killed at any instant leaves a folder that works")
{
    const TemporaryFolder folder;
    for (int i = 0; i < 12; ++i) {
        const pid_t child = start_child([&]() -> int {
            KernelCache cache({.folder = folder.path()});
            for (int k = 0;; ++k) {
                load_answer(cache, i * 1000 + k);
            }
        });
        std::this_thread::sleep_for(std::chrono::microseconds(15'000 + 2'713 * i));
        ::kill(child, SIGKILL);
        CHECK(wait_for(child) == 128 + SIGKILL);
    }
    KernelCache cache({.folder = folder.path()});
    for (int i = 0; i < 12; ++i) {
        CHECK(load_answer(cache, i * 1000) == i * 1000);
    }
    CHECK(cache.counts().refused_entries == 0);
}

TEST_CASE("a folder that can't be made or is unsafe is not used, and status says why")
{
    const TemporaryFolder folder;
    std::ofstream(folder / "file") << "x";
    KernelCache in_a_file({.folder = folder / "file/below"});
    CHECK(load_answer(in_a_file, 3) == 3);
    CHECK_THAT(in_a_file.status(), contains("no disk cache: " + (folder / "file/below: ")));

    KernelCache in_proc({.folder = "/proc/croton"});
    CHECK(load_answer(in_proc, 3) == 3);
    CHECK_THAT(in_proc.status(), contains("no disk cache: /proc/croton: "));

    fs::create_directory(folder / "shared");
    ::chmod((folder / "shared").c_str(), 0777);
    KernelCache shared({.folder = folder / "shared"});
    CHECK(load_answer(shared, 3) == 3);
    CHECK(shared.status() == "no disk cache: " + (folder / "shared") + ": others may write to it");
    CHECK(fs::is_empty(folder / "shared"));
}

TEST_CASE("a folder that can't be written to still gives what it holds")
{
    const TemporaryFolder folder;
    const std::string path = folder / "cache";
    {
        KernelCache cache({.folder = path});
        load_answer(cache, 1);
    }
    const int status = wait_for(start_child([&] {
        if (::geteuid() == 0) { // permissions don't bind root: be somebody else
            ::chmod(folder.path().c_str(), 0755);
            for (const auto& entry : fs::directory_iterator(path)) {
                if (::chown(entry.path().c_str(), 65534, 65534) != 0) {
                    return 77;
                }
            }
            if (::chown(path.c_str(), 65534, 65534) != 0 || ::seteuid(65534) != 0) {
                return 77;
            }
        }
        ::chmod(path.c_str(), 0500);
        KernelCache cache({.folder = path});
        if (load_answer(cache, 1) != 1 || cache.counts().programs_from_disk != 1) {
            return 1;
        }
        if (load_answer(cache, 2) != 2 || load_answer(cache, 3) != 3) {
            return 2;
        }
        return cache.status() ==
                       "disk cache " + path + ": " + path + " can't be written: Permission denied"
                   ? 0
                   : 3;
    }));
    if (status == 77) {
        SKIP("can't become another user");
    }
    CHECK(status == 0);
}

TEST_CASE("a folder on a full disk is gone without")
{
    const TemporaryFolder folder;
    const int status = wait_for(start_child([&] {
        if (!mount_small_disk(folder.path().string(), "16k")) {
            return 77;
        }
        std::ofstream(folder / "filler") << std::string(64 << 10, 'x');
        KernelCache cache({.folder = folder / "cache"});
        for (int i = 1; i <= 3; ++i) {
            if (load_answer(cache, i) != i) {
                return 1;
            }
        }
        if (!cache.status().ends_with("can't be written: No space left on device")) {
            return 2;
        }
        if (!fs::is_empty(folder / "cache")) {
            return 3; // half an entry
        }
        fs::remove(folder / "filler");
        KernelCache again({.folder = folder / "cache"});
        return load_answer(again, 1) == 1 && again.counts().programs_from_disk == 0 ? 0 : 4;
    }));
    if (status == 77) {
        SKIP("can't mount a small disk");
    }
    CHECK(status == 0);
}

TEST_CASE("a folder from which nothing may be executed keeps programs, which run from memory")
{
    const TemporaryFolder folder;
    const int status = wait_for(start_child([&] {
        const std::string path = folder / "cache";
        if (!mount_small_disk(folder.path().string(), "1m", MS_NOEXEC)) {
            return 77;
        }
        for (const bool warm : {false, true}) {
            KernelCache cache({.folder = path});
            const std::vector<ProgramUnit> units = {{answer_text(7), {}}};
            const ProgramLibrary library = cache.load(units, "answer");
            if (ask(library) != 7 || cache.counts().programs_from_disk != (warm ? 1u : 0u)) {
                return 1;
            }
            if (cache.status() != "disk cache " + path || cache.counts().refused_entries != 0) {
                return 2;
            }
            if (count_mappings("memfd:croton program") == 0 || count_mappings(path) != 0) {
                return 3;
            }
        }
        try {
            (void)ProgramLibrary::open_file(entries(path, ".so").at(0));
        } catch (const BackendError& e) {
            return std::string(e.message()).ends_with("failed to map segment from shared object")
                       ? 0
                       : 4;
        }
        return 5; // it could be executed, so nothing was tested
    }));
    if (status == 77) {
        SKIP("can't mount a small disk");
    }
    CHECK(status == 0);
}

TEST_CASE("a cache whose programs are taken away under it goes on")
{
    const TemporaryFolder folder;
    KernelCache cache({.folder = folder / "cache"});
    const std::vector<ProgramUnit> units = {{answer_text(4), {}}};
    const ProgramLibrary library = cache.load(units, "p");
    fs::remove_all(folder / "cache");
    CHECK(ask(library) == 4);
    CHECK(load_answer(cache, 5) == 5);
    // The folder is made again, and keeps the next one.
    REQUIRE(fs::exists(folder / "cache"));
    CHECK_FALSE(fs::is_empty(folder / "cache"));
}

TEST_CASE("errors of a text are errors of load and leave nothing behind")
{
    const TemporaryFolder folder;
    KernelCache cache({.folder = folder.path()});
    const std::vector<ProgramUnit> units = {{"broken", {}}};
    CHECK_THROWS_AS(cache.load(units, "p"), BackendError);
    CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("threads that ask for one program get one program")
{
    const TemporaryFolder folder;
    KernelCache cache({.folder = folder.path()});
    const std::vector<ProgramUnit> units = {{answer_text(77), {}}};
    std::vector<ProgramLibrary> libraries(6);
    {
        std::vector<std::jthread> threads;
        for (ProgramLibrary& library : libraries) {
            threads.emplace_back([&] { library = cache.load(units, "p"); });
        }
    }
    for (const ProgramLibrary& library : libraries) {
        CHECK(library.symbol("answer") == libraries[0].symbol("answer"));
    }
}

TEST_CASE("warm start in a process of its own", "[.]")
{
    const char* const folder = std::getenv("CROTON_TEST_FOLDER");
    if (!folder) {
        return; // selected by its file's tag and not by the test below, which starts it
    }
    KernelCache cache({.folder = folder});
    REQUIRE(load_answer(cache, 21) == 21);
    REQUIRE(cache.counts().programs_from_disk == 1);
    REQUIRE_FALSE(jit_is_open());
    REQUIRE(count_mappings("croton_jit") == 0);
    REQUIRE(count_mappings("LLVM") == 0);
}

TEST_CASE("a program in the folder runs without the compiler being opened")
{
    const TemporaryFolder folder;
    {
        KernelCache cache({.folder = folder.path()});
        load_answer(cache, 21);
    }
    CHECK(run_alone("warm start in a process of its own", folder.path()) == 0);
}
