// From a user's expressions to their first result, in a new process each time: one JSON object a
// line.   first_call [W13 W13chain W13graph W14] [--threads N]
#include <croton/codegen/program.hpp>
#include <croton/ir/print.hpp>
#include <croton/passes/pipelines.hpp>

#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <link.h>
#include <numeric>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "models.hpp"
#include "workload.hpp"

namespace ct = croton;
namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start)
{
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double peak_mib()
{
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (word == "VmHWM:") {
            double kib = 0;
            status >> kib;
            return kib / 1024;
        }
    return 0;
}

// ---- what a new process does: prints numbers in the order in which its parent reads them

/// Prints milliseconds, check and peak memory.
void first_call(const std::string& name, int threads)
{
    const bench::Model model = bench::model_named(name);
    const std::vector<ct::Any> arguments(model.arrays.begin(), model.arrays.end());
    const auto start = Clock::now();
    bench::ModelGraph g = model.build();
    const ct::Function f = ct::function(
        g.inputs, g.outputs, {.name = name, .updates = std::move(g.updates), .threads = threads});
    const ct::Results outputs = f.call(arguments);
    const double ms = ms_since(start);
    std::printf("%.17g %.17g %.17g\n", ms, bench::check_of(model, outputs), peak_mib());
}

ct::Variable chain(ct::Variable x, const std::vector<double>& constants)
{
    for (std::size_t i = 0; i < constants.size(); ++i)
        switch (i % 4) {
        case 0:
            x = sin(x);
            break;
        case 1:
            x = x * constants[i];
            break;
        case 2:
            x = tanh(x);
            break;
        default:
            x = x + constants[i];
        }
    return ct::sum(x);
}

/// Prints the milliseconds of build, gradient, compile and first run, then the check.
void chain_phases(std::int64_t length, int threads)
{
    const ct::Array xs = bench::input({8}, 0, 1, 0, ct::DType::f64);
    const ct::Array c = bench::input({length}, 1, 2, 1, ct::DType::f64);
    const auto* p = static_cast<const double*>(c.data());
    const std::vector<double> constants(p, p + length);
    const auto x = ct::input("x", ct::DType::f64, {8});
    std::vector<double> ms;
    auto start = Clock::now();
    const auto mark = [&] {
        ms.push_back(ms_since(start));
        start = Clock::now();
    };
    const ct::Variable y = chain(x, constants);
    mark();
    const ct::Variable bar = ct::grad(y, x);
    mark();
    const ct::Function f = ct::function({x}, {y, bar}, {.name = "chain", .threads = threads});
    mark();
    const ct::Results outputs = f(xs);
    mark();
    for (const double phase : ms)
        std::printf("%.17g ", phase);
    std::printf("%.17g\n", bench::checksum({outputs[0]}));
}

/// Prints the microseconds an apply of each thing that is done to a chain until there is text,
/// then the applies of the chain's gradient and its own: by these all but the build are divided.
void graph_phases(std::int64_t length)
{
    const auto x = ct::scalar<double>("x");
    std::vector<double> ms;
    auto start = Clock::now();
    const auto mark = [&] {
        ms.push_back(ms_since(start));
        start = Clock::now();
    };
    std::size_t applies = 0;
    {
        ct::Variable y = x;
        for (std::int64_t i = 0; i < length; i += 2)
            y = sin(y * x);
        mark();
        const ct::Variable bar = ct::grad(y, x);
        ct::Graph graph({x}, {y, bar});
        applies = graph.size();
        mark();
        ct::cpu_pipeline().run(graph);
        mark();
        if (ct::to_text(graph, {.max_lines = 10}).empty()) std::exit(1);
        mark();
        if (ct::codegen::make_program(graph.inputs(), graph.outputs(), {}, {}).source.empty())
            std::exit(1);
        mark();
    }
    mark();
    std::printf("%.17g", 1000 * ms[0] / static_cast<double>(length));
    for (std::size_t i = 1; i < ms.size(); ++i)
        std::printf(" %.17g", 1000 * ms[i] / static_cast<double>(applies));
    std::printf(" %zu\n", applies);
}

// ---- the parent

/// A folder that ends with its object.
class Folder {
public:
    Folder() { path_ = ::mkdtemp(pattern_); }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::string& path() const { return path_; }

private:
    char pattern_[64] = "/tmp/croton_first_call_XXXXXX";
    std::string path_;
};

/// The numbers that `first_call --single ..` prints in a process of its own; none where it fails.
std::vector<double> fresh(const std::string& arguments, const std::string& cache, int threads)
{
    const std::string self = fs::read_symlink("/proc/self/exe").string();
    const std::string command = "CROTON_CACHE='" + cache + "' '" + self + "' --threads " +
                                std::to_string(threads) + " --single " + arguments;
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    if (!pipe) return {};
    std::vector<double> numbers;
    for (double number = 0; std::fscanf(pipe, "%lf", &number) == 1;)
        numbers.push_back(number);
    if (::pclose(pipe) != 0) {
        std::fprintf(stderr, "first_call: %s failed\n", command.c_str());
        return {};
    }
    return numbers;
}

void print_line(const char* workload,
                const std::string& name,
                const char* metric,
                double value,
                int threads,
                double check)
{
    std::printf("{\"peer\": \"croton\", \"workload\": \"%s\", \"case\": \"%s\", \"metric\": "
                "\"%s\", \"value\": %.5g, \"threads\": %d, \"check\": %.15g}\n",
                workload, name.c_str(), metric, value, threads, check);
    std::fflush(stdout);
}

/// Names of models, and what their rows are called: the last ones differ in size alone.
constexpr std::pair<const char*, const char*> models[] = {
    {"W1", "W1"},
    {"W3", "W3"},
    {"W7", "W7"},
    {"W9", "W9"},
    {"W10a", "W10a"},
    {"W10b", "W10b"},
    {"W12b:10", "W12b n=10"},
    {"W12b:100", "W12b n=100"},
    {"W12b:1000", "W12b n=1000"},
    {"W12b:100000", "W12b n=100000"},
};

/// The run with the median time: of three cold ones, each with an empty folder of its own, then of
/// three warm ones.
void w13(int threads)
{
    for (const auto& [model, name] : models) {
        const std::string call = std::string("call ") + model;
        std::vector<std::vector<double>> cold, warm;
        for (int i = 0; i < 3; ++i)
            cold.push_back(fresh(call, Folder().path(), threads));
        const Folder cache;
        for (int i = 0; i < 4; ++i)
            warm.push_back(fresh(call, cache.path(), threads));
        warm.erase(warm.begin()); // it fills the cache
        for (auto* runs : {&cold, &warm}) {
            std::ranges::sort(*runs);
            const std::vector<double>& median = (*runs)[1];
            if (median.size() < 3) continue;
            print_line("W13", name, runs == &cold ? "ms_first_call" : "ms_first_call_warm",
                       median[0], threads, median[1]);
        }
    }
}

void w13_chains(int threads)
{
    const char* const phases[] = {"build", "gradient", "compile", "first run"};
    for (const int length : {1000, 10'000, 100'000}) {
        const std::string name = "chain " + std::to_string(length);
        const std::vector<double> numbers = fresh(name, Folder().path(), threads);
        if (numbers.size() < 5) continue;
        double total = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            total += numbers[i];
            print_line("W13", name + " " + phases[i], "ms_first_call", numbers[i], threads,
                       numbers[4]);
        }
        print_line("W13", name, "ms_first_call", total, threads, numbers[4]);
    }
}

/// A million applies without a compiler: the best of three.
void w13_graph()
{
    const char* const phases[] = {"build", "gradient", "passes", "print", "program", "destroy"};
    for (const int length : {10'000, 100'000, 1'000'000}) {
        const std::string name = "graph " + std::to_string(length);
        std::vector<std::vector<double>> runs;
        for (int i = 0; i < 3; ++i)
            if (auto numbers = fresh(name, Folder().path(), 1); numbers.size() == 7)
                runs.push_back(std::move(numbers));
        if (runs.empty()) continue;
        const auto total = [](const std::vector<double>& run) {
            return std::accumulate(run.begin(), run.end() - 1, 0.0);
        };
        const std::vector<double>& best = *std::ranges::min_element(runs, {}, total);
        for (std::size_t i = 0; i < 6; ++i)
            print_line("W13", name + " " + phases[i], "us_an_apply", best[i], 1, best[6]);
        print_line("W13", name, "us_an_apply", total(best), 1, best[6]);
    }
}

double mib(std::uintmax_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

/// What an application ships that finds every program in the cache: itself, Croton within, and fmt,
/// without what its user's system has (the C and C++ libraries) and without the compiler.
std::uintmax_t shipped_bytes()
{
    std::uintmax_t bytes = fs::file_size("/proc/self/exe");
    ::dl_iterate_phdr(
        [](::dl_phdr_info* library, std::size_t, void* sum) {
            const std::string path = library->dlpi_name;
            if (path.find("/libfmt.") != path.npos)
                *static_cast<std::uintmax_t*>(sum) += fs::file_size(path);
            return 0;
        },
        &bytes);
    return bytes;
}

std::uintmax_t folder_bytes(const std::string& folder)
{
    std::uintmax_t bytes = 0;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) bytes += entry.file_size();
    return bytes;
}

/// Peak memory of a warm start, whole and over that of a process that does nothing; then what is on
/// disk: the program, and what the cache holds for both models.
void w14(int threads)
{
    const Folder cache;
    const double empty = fresh("nothing", cache.path(), threads).at(0);
    for (const char* name : {"W7", "W9"}) {
        const std::string call = std::string("call ") + name;
        fresh(call, cache.path(), threads);
        const std::vector<double> work = fresh(call, cache.path(), threads);
        if (work.size() < 3) continue;
        const std::string stem(name);
        print_line("W14", stem + " whole process", "peak_mib", work[2], threads, work[1]);
        print_line("W14", stem + " over import", "peak_mib", work[2] - empty, threads, work[1]);
    }
    const std::uintmax_t cached = folder_bytes(cache.path());
    print_line("W14", "shipped: program", "disk_mib", mib(shipped_bytes()), threads, 0);
    print_line("W14", "shipped: its cache", "disk_mib", mib(cached), threads, 0);
}

int single(const std::vector<std::string>& words, int threads)
{
    if (words.size() == 2 && words[0] == "call")
        first_call(words[1], threads);
    else if (words.size() == 2 && words[0] == "chain")
        chain_phases(std::stoll(words[1]), threads);
    else if (words.size() == 2 && words[0] == "graph")
        graph_phases(std::stoll(words[1]));
    else if (words.size() == 1 && words[0] == "nothing")
        std::printf("%.17g\n", peak_mib());
    else
        return 2;
    return 0;
}

} // namespace

int main(int argc, char** argv)
{
    int threads = 1;
    bool alone = false;
    std::vector<std::string> words;
    for (int i = 1; i < argc; ++i)
        if (std::strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            threads = std::atoi(argv[++i]);
        else if (std::strcmp(argv[i], "--single") == 0)
            alone = true;
        else
            words.emplace_back(argv[i]);
    if (alone) return single(words, threads);
    const auto wanted = [&](const char* part) {
        return words.empty() || std::ranges::count(words, part) > 0;
    };
    if (wanted("W13")) w13(threads);
    if (wanted("W13chain")) w13_chains(threads);
    if (wanted("W13graph")) w13_graph();
    if (wanted("W14")) w14(threads);
}
