// From an expression to what is shipped: options, the kernel and why it looks so, errors, a C file,
// a stored function. The model turns a classifier's scores into probabilities and odds.
#include <croton/croton.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

namespace ct = croton;

// [library]
/// The square of a matrix, by a library where there is one.
ct::Function make_square()
{
    const auto m = ct::matrix<double>("m");
    try {
        return ct::function({m}, ct::dot(m, m), {.matmul = ct::Matmul::library});
    } catch (const ct::BackendError&) {
        return ct::function({m}, ct::dot(m, m));
    }
}
// [/library]

int main(int argc, char** argv)
{
    const std::string caller = argc > 1 ? argv[1] : CROTON_GUIDE_CALLER;
    const auto score = ct::vector<double>("score", {ct::dim("n")});
    const auto a = ct::shared("a", ct::Array::scalar(1.5));
    const auto b = ct::shared("b", ct::Array::scalar(-0.5));
    const auto p = sigmoid(a * score + b).named("p");
    const auto odds = (p / (1 - p)).named("odds");
    const std::vector<double> scores{-1, 0, 40};

    // [options]
    const auto compile = [&](const ct::Options& options) {
        return ct::function({score}, {p, odds}, options);
    };
    const auto f = compile({.name = "calibrate", .threads = 1});
    const auto plain = compile({.name = "plain", .reference = true});
    const auto strict = compile({.name = "strict", .strict = true});
    const auto checked = compile({.name = "checked", .finite_checks = true});
    const auto timed = compile({.name = "timed", .profile = true, .cache = false});

    for (const ct::Function& g : {f, plain, strict, checked, timed})
        std::printf("%s\n", to_string(g(scores)["odds"]).c_str());
    // [/options]
    std::printf("%s\n\n", to_string(make_square()(ct::Array::full<double>({2, 2}, 3))[0]).c_str());

    // [reading]
    const std::string text = f.explain();
    const std::size_t fired = text.find("rules that fired");
    std::printf("%s\n\n", text.substr(fired, text.find("\n\n", fired) - fired).c_str());

    const std::string source(f.source());
    std::printf("%s\n", source.substr(0, source.find("\n}\n") + 3).c_str());
    // [/reading]

    // [errors]
    try {
        checked(std::vector<double>{1, 500});
    } catch (const ct::UserError& e) {
        if (e.code() != ct::Code::not_finite) throw;
        std::printf("%s\n    made by %s\n\n", e.what(), std::string(e.op()).c_str());
    }
    // [/errors]

    const auto folder =
        std::filesystem::temp_directory_path() / ("guide" + std::to_string(getpid()));
    std::filesystem::create_directory(folder);
    std::filesystem::copy_file(caller, folder / "caller.c");
    std::filesystem::current_path(folder);
    std::fflush(stdout);
    // [export]
    f.export_source(".");
    const int failed = std::system("cc -O2 -ffp-contract=off -fno-math-errno -fno-trapping-math "
                                   "-march=x86-64-v3 caller.c calibrate.c -o caller && ./caller");
    // [/export]
    if (failed != 0) return 1;

    // [save]
    f.save("calibrate.croton");
    const auto loaded = ct::Function::load("calibrate.croton");
    std::printf("%s\n", loaded.signature().c_str());

    loaded.shared("b").set(ct::Array::scalar(0.5));
    std::printf("loaded  %s\nhere    %s\n", to_string(loaded(scores)["p"]).c_str(),
                to_string(f(scores)["p"]).c_str());
    // [/save]
    std::filesystem::remove_all(folder);
}
