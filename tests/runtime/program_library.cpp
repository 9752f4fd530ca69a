#include <croton/ir/error.hpp>
#include <croton/runtime/clang_jit.hpp>
#include <croton/runtime/program_library.hpp>

#include <fstream>
#include <vector>

#include "process.hpp"
#include "support/catch.hpp"
#include "texts.hpp"

using namespace croton;
using namespace croton::test;

namespace {

std::vector<std::byte> answer(int value)
{
    const std::vector<std::string> units = {answer_text(value)};
    return compile_shared_object(units, "answer");
}

int ask(const ProgramLibrary& library)
{
    return reinterpret_cast<AnswerFunction>(library.symbol("answer"))();
}

} // namespace

TEST_CASE("programs that are open at once stay apart, whatever descriptors they came through")
{
    std::vector<ProgramLibrary> all;
    for (int i = 0; i < 5; ++i) {
        all.push_back(ProgramLibrary::open_bytes(answer(i)));
    }
    for (int i = 0; i < 5; ++i) {
        CHECK(ask(all[static_cast<std::size_t>(i)]) == i);
    }
}

TEST_CASE("opening and closing a thousand times leaves mappings and descriptors as they were")
{
    const std::vector<std::byte> program = answer(7);
    ProgramLibrary::open_bytes(program);
    const std::size_t mappings = count_mappings();
    const std::size_t descriptors = count_descriptors();
    for (int i = 0; i < 1000; ++i) {
        REQUIRE(ask(ProgramLibrary::open_bytes(program)) == 7);
    }
    CHECK(count_mappings() == mappings);
    CHECK(count_descriptors() == descriptors);
}

TEST_CASE("copies share a program and the last one closes it")
{
    ProgramLibrary first = ProgramLibrary::open_bytes(answer(3));
    const auto watch = first.watch();
    {
        const ProgramLibrary second = first;
        first = {};
        CHECK(ask(second) == 3);
        CHECK(ask(ProgramLibrary::watched(watch)) == 3);
    }
    CHECK(watch.expired());
    CHECK_FALSE(ProgramLibrary::watched(watch));
}

TEST_CASE("a program opens from a file that is removed afterwards")
{
    const TemporaryFolder folder;
    const std::vector<std::byte> program = answer(11);
    const std::string path = folder / "answer.so";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(program.data()),
               static_cast<std::streamsize>(program.size()));
    const ProgramLibrary library = ProgramLibrary::open_file(path);
    std::filesystem::remove(path);
    CHECK(ask(library) == 11);
}

TEST_CASE("what is no program is refused with the loader's text")
{
    const std::vector<std::byte> nonsense(100);
    CHECK_THROWS_WITH(ProgramLibrary::open_bytes(nonsense), contains("invalid ELF header"));
    CHECK_THROWS_WITH(ProgramLibrary::open_file("/nowhere/x.so"),
                      "program library: the program can't be opened: /nowhere/x.so: cannot open "
                      "shared object file: No such file or directory");
}

TEST_CASE("a symbol that is not there is an error that names it, or null when only looked for")
{
    const ProgramLibrary library = ProgramLibrary::open_bytes(answer(1));
    CHECK_THROWS_WITH(library.symbol("run"), "program library: the program has no symbol run");
    CHECK(library.find_symbol("run") == nullptr);
    CHECK(ProgramLibrary().find_symbol("run") == nullptr);
}
