// croton_fuzz N [--seed S] [--first K] [--derivatives]: compiles N random programs and compares
// them with their reference evaluation; or compares their derivatives with differences, which needs
// no compiler. A program that fails is made small and printed as C++.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fuzz/derivatives.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/loops.hpp"

using namespace croton::test;

namespace {

int usage()
{
    std::fprintf(stderr, "usage: croton_fuzz N [--seed S] [--first K] [--derivatives]\n");
    return 2;
}

void print(const FuzzReport& report, unsigned long long seed, bool derivatives)
{
    for (const Failure& f : report.failures)
        std::printf("program %llu of seed %llu: %s\n\n%s\n",
                    static_cast<unsigned long long>(f.number), seed, f.why.c_str(),
                    (derivatives ? to_derivative_program(f.recipe) : to_program(f.recipe)).c_str());
    for (const BatchFailure& b : report.batches)
        std::printf("programs %llu to %llu of seed %llu as one function, none by itself: %s\n\n",
                    static_cast<unsigned long long>(b.first),
                    static_cast<unsigned long long>(b.first + b.count - 1), seed, b.why.c_str());
}

} // namespace

int main(int argc, char** argv)
{
    std::uint64_t count = 0, seed = 1, first = 0;
    bool derivatives = false;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--derivatives") == 0) {
            derivatives = true;
            continue;
        }
        const bool option = std::strncmp(argv[i], "--", 2) == 0;
        if (option && i + 1 == argc) return usage();
        const char* number = option ? argv[i + 1] : argv[i];
        char* end = nullptr;
        const std::uint64_t value = std::strtoull(number, &end, 10);
        if (end == number || *end != 0) return usage();
        if (!option)
            count = value;
        else if (std::strcmp(argv[i], "--seed") == 0)
            seed = value;
        else if (std::strcmp(argv[i], "--first") == 0)
            first = value;
        else
            return usage();
        i += option;
    }
    if (count == 0) return usage();

    const std::vector<Maker> loops = loop_makers();
    GenerateOptions options;
    Judges judges;
    DerivativeCounts counts;
    if (derivatives) {
        options = differentiable;
        options.extra = &loops;
        judges = derivative_judges(counts);
    }
    std::size_t failures = 0;
    std::uint64_t nodes = 0;
    constexpr std::uint64_t shown = 400;
    for (std::uint64_t done = 0; done < count; done += shown) {
        const FuzzReport report =
            fuzz(seed, first + done, std::min(shown, count - done), 5, options, judges);
        nodes += report.nodes;
        print(report, seed, derivatives);
        failures += report.failures.size() + report.batches.size();
        std::printf("%llu programs, %llu calls, %zu failures\n",
                    static_cast<unsigned long long>(std::min(done + shown, count)),
                    static_cast<unsigned long long>(nodes), failures);
        std::fflush(stdout);
        if (failures >= 5) break;
    }
    if (derivatives && failures == 0) {
        const std::string why = count < 100 ? "" : too_little(counts, count);
        std::printf("%s\n%s", to_string(counts).c_str(), why.empty() ? "" : (why + "\n").c_str());
        failures += !why.empty();
    }
    return failures == 0 ? 0 : 1;
}
