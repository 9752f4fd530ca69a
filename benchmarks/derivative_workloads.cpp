// W11: ADBench's gradients and Jacobians, each by itself, as its tools are timed.
#include <cstdio>

#include "adbench.hpp"
#include "workload.hpp"

namespace ct = croton;
namespace fs = std::filesystem;

namespace bench {

namespace {

void time_derivatives(const char* name, const Problem& p, int threads)
{
    const auto f =
        ct::function(p.inputs, p.derivatives,
                     {.name = "adbench", .threads = threads, .allow_unused_inputs = true});
    run_case("W11", name, f, p.arrays, threads);
}

} // namespace

void w11(const std::string& adbench, int threads)
{
    const fs::path data = fs::path(adbench) / "data";
    if (!fs::exists(data)) {
        std::fprintf(stderr, "W11 is left out: --adbench names no folder of ADBench's data\n");
        return;
    }
    // GradBench's tools, which it is measured against, have the mended prior.
    time_derivatives("GMM d10 k25 n1000",
                     mixture(read_mixture(data / "gmm/1k/gmm_d10_K25.txt"), Prior::gradbench),
                     threads);
    time_derivatives("BA ba1", bundle(read_bundle(data / "ba/ba1_n49_m7776_p31843.txt")), threads);
    time_derivatives("LSTM l2 c1024", recurrent(read_recurrent(data / "lstm/lstm_l2_c1024.txt")),
                     threads);
    time_derivatives("HAND hand1 c100",
                     hand(read_hand(data / "hand/simple_small/hand1_t26_c100.txt", false)),
                     threads);
}

} // namespace bench
