// main() of every test program: Catch2's own, and skipped tests as an exit status that ctest
// counts.
#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_RUNNER
#endif
#include <croton/ir/error.hpp>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/catch.hpp"

namespace croton::test {
namespace {

// Known to ctest as SKIP_RETURN_CODE.
constexpr int all_skipped_status = 77;

std::size_t cases_run = 0;
std::size_t cases_skipped = 0;

#if __has_include(<catch2/catch_all.hpp>)
using ListenerBase = Catch::EventListenerBase;
#else
using ListenerBase = Catch::TestEventListenerBase;
#endif

class CountCases : public ListenerBase {
public:
    using ListenerBase::ListenerBase;

    void testCaseStarting(const Catch::TestCaseInfo& info) override
    {
        ListenerBase::testCaseStarting(info);
        ++cases_run;
    }
};

CATCH_REGISTER_LISTENER(CountCases)

// What CHECK_THROWS_WITH compares: the sentence, whose place is another check's.
CATCH_TRANSLATE_EXCEPTION(const Error& error) { return std::string(error.message()); }

} // namespace

void note_skipped(const std::string& reason)
{
    ++cases_skipped;
    const std::string line = Catch::getResultCapture().getCurrentTestName() + ": " + reason + "\n";
    std::printf("skipped: %s", line.c_str());
    // ctest says Passed where only some cases of a file were skipped: `./dev test` prints this
    // file.
    const char* const list = std::getenv("CROTON_SKIPS");
    if (!list) return;
    if (std::FILE* const file = std::fopen(list, "a")) {
        std::fputs(line.c_str(), file);
        std::fclose(file);
    }
}

} // namespace croton::test

int main(int argc, char** argv)
{
    using namespace croton::test;
    Catch::Session session;
    const int wrong_usage = session.applyCommandLine(argc, argv);
    if (wrong_usage != 0) return wrong_usage;

    const int failed = session.run();
    if (cases_skipped > 0) std::printf("skipped %zu of %zu test cases\n", cases_skipped, cases_run);
    return failed == 0 && cases_run > 0 && cases_skipped == cases_run ? all_skipped_status : failed;
}
