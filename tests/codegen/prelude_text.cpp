// The prelude as text: what prelude_for() takes, that every compiler accepts it and makes the same
// bits of it, and that clang vectorises its functions.
#include <croton/codegen/prelude.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.hpp"

using croton::codegen::prelude_for;
using croton::codegen::prelude_functions;

namespace {

const std::vector<std::string> unary{
    "exp",     "expm1",     "exp2",     "log",      "log1p", "log2",  "log10",    "tanh",
    "sigmoid", "softplus",  "sin_fast", "cos_fast", "asin",  "acos",  "tan_fast", "atan",
    "sinh",    "cosh",      "asinh",    "acosh",    "atanh", "erf",   "erfc",     "norm_cdf",
    "gelu",    "gelu_tanh", "silu",     "log1mexp", "sqrt",  "rsqrt", "floor",    "ceil",
    "trunc",   "rint",      "sign",     "abs",      "square"};
const std::vector<std::string> binary{"pow",       "atan2",    "max",     "min",
                                      "floor_div", "mod_fast", "copysign"};
const std::string flags = " -ffp-contract=off -fno-math-errno -fno-trapping-math";

/// A new folder under the system's own for temporary files, removed with its scope.
class Folder {
public:
    Folder()
    {
        std::string name = (std::filesystem::temp_directory_path() / "prelude_XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("mkdtemp: no folder: " + name);
        path_ = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }

    std::string write(const std::string& name, const std::string& text) const
    {
        std::ofstream(path_ / name) << text;
        return (path_ / name).string();
    }

private:
    std::filesystem::path path_;
};

struct Outcome {
    int status;
    std::string output; ///< standard output and error
};

Outcome run(const std::string& command)
{
    Outcome outcome{-1, {}};
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return outcome;
    std::array<char, 4096> buffer;
    while (std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
        outcome.output.append(buffer.data(), n);
    outcome.status = pclose(pipe);
    return outcome;
}

bool have(const std::string& compiler) { return run(compiler + " --version").status == 0; }

/// The newest clang there is, or nothing.
std::string clang()
{
    for (const char* name : {"clang++-22", "clang++-19", "clang++"})
        if (have(name)) return name;
    return {};
}

bool host_has(const char* feature)
{
    std::ifstream file("/proc/cpuinfo");
    std::string word;
    while (file >> word)
        if (word == feature) return true;
    return false;
}

/// A program that prints a checksum of each function's results, those of a loop and of single
/// calls.
std::string checksum_program()
{
    std::ostringstream body;
    body << "CT_EXTERN_C int printf(const char*, ...);\n";
    for (std::string t : {"f32", "f64"}) {
        std::string u = t == "f32" ? "u32" : "u64";
        std::string high = t == "f32" ? "(u32)(state >> 32)" : "state";
        body << "static " << t << " x_" << t << "[8000], y_" << t << "[8000], z_" << t
             << "[8000];\n"
             << "static void fill_" << t << "(void)\n{\n    u64 state = 1;\n"
             << "    for (i64 i = 0; i < 8000; ++i) {\n"
             << "        state = state * 6364136223846793005u + 1442695040888963407u;\n"
             << "        " << t << " any = from_bits_" << t << "((" << u << ")" << high << ");\n"
             << "        " << t << " near = (" << t
             << ")((f64)(i64)(state >> 12) * 0x1p-48 - 8.0);\n"
             << "        x_" << t << "[i] = i % 2 == 0 ? any : near;\n"
             << "        y_" << t << "[7999 - i] = i % 3 == 0 ? any : near * (" << t << ")4;\n"
             << "    }\n}\n"
             << "static u64 hash_" << t << "(void)\n{\n    u64 h = 0;\n"
             << "    for (i64 i = 0; i < 8000; ++i) {\n        " << t << " z = z_" << t << "[i];\n"
             << "        h = h * 1099511628211u + (z == z ? (u64)bits_" << t << "(z) : 1u);\n"
             << "    }\n    return h;\n}\n";
        auto one = [&](const std::string& name, const std::string& arguments) {
            std::string call = name + "_" + t + arguments;
            body << "static void loop_" << name << "_" << t << "(void)\n{\n"
                 << "    for (i64 i = 0; i < 8000; ++i) z_" << t << "[i] = " << call << ";\n}\n"
                 << "static void alone_" << name << "_" << t << "(void)\n{\n"
                 << "    for (i64 i = 0; i < 8000; ++i) {\n        z_" << t << "[i] = " << call
                 << ";\n        __asm__ volatile(\"\" : : : \"memory\");\n    }\n}\n";
        };
        for (const std::string& name : unary)
            one(name, "(x_" + t + "[i])");
        for (const char* name : {"sin", "cos", "tan"})
            one(name, "(x_" + t + "[i])");
        for (const std::string& name : binary)
            one(name, "(x_" + t + "[i], y_" + t + "[i])");
        one("mod", "(x_" + t + "[i], y_" + t + "[i])");
    }
    body << "int main(void)\n{\n    fill_f32();\n    fill_f64();\n";
    std::string text = body.str();
    for (std::size_t at = text.find("static void loop_"); at != text.npos;
         at = text.find("static void loop_", at + 1)) {
        std::size_t first = at + 17;
        std::string name = text.substr(first, text.find('(', first) - first);
        std::string hash = "hash_" + name.substr(name.size() - 3) + "()";
        for (std::string form : {"loop_", "alone_"})
            body << "    " << form << name << "();\n    printf(\"" << name << " %llx\\n\", "
                 << "(unsigned long long)" << hash << ");\n";
    }
    body << "    return 0;\n}\n";
    return prelude_for(body.str()) + body.str();
}

} // namespace

TEST_CASE("the text holds what is mentioned, what that needs, and nothing else")
{
    std::string base = prelude_for("");
    CHECK(base.find("typedef float f32;") != base.npos);
    CHECK(base.find("CT_MATH f32") == base.npos);

    std::string text = prelude_for("y[i] = exp_f32(x[i]); /* not tanh_f32 */ // nor log_f32\n");
    CHECK(text.find("f32 exp_f32(") != text.npos);
    CHECK(text.find("f32 exp_poly_f32(") < text.find("f32 exp_f32("));
    CHECK(text.find("tanh_f32(") == text.npos);
    CHECK(text.find("log_f32(") == text.npos);
    CHECK(text.find("exp_f64(") == text.npos);

    CHECK(prelude_for("mul_i16(a, b)").find("CT_MATH i16 mul_i16(i16 a, i16 b)") != text.npos);
    CHECK(prelude_for("cast_u8_bool(a)").find("u8 cast_u8_bool(b8 x)") != text.npos);
    CHECK(prelude_for("exp_f32 log_f64") == prelude_for("log_f64 exp_f32 log_f64"));
}

TEST_CASE("every name is listed once and brings its own definition")
{
    std::set<std::string_view> seen;
    for (std::string_view name : prelude_functions()) {
        INFO(std::string(name));
        CHECK(seen.insert(name).second);
        std::string text = prelude_for(name);
        CHECK((text.find(std::string(name) + "(") != text.npos ||
               text.find("struct " + std::string(name) + " {") != text.npos ||
               text.find(std::string(name) + "[") != text.npos));
    }
    for (const std::string& name : unary) {
        CHECK(seen.contains(name + "_f32"));
        CHECK(seen.contains(name + "_f64"));
    }
}

TEST_CASE("C11 and C++20 compilers accept the whole prelude without a warning")
{
    Folder folder;
    std::string names;
    for (std::string_view name : prelude_functions())
        names.append(name).append(" ");
    std::string file = folder.write("all.h", prelude_for(names));
    std::vector<std::string> compilers{"gcc -std=c11 -x c -ffreestanding", "g++ -std=c++20 -x c++"};
    if (std::string c = clang(); !c.empty()) {
        compilers.push_back(c + " -std=c11 -x c -ffreestanding -nobuiltininc");
        compilers.push_back(c + " -std=c++20 -x c++ -nobuiltininc");
    }
    for (const std::string& compiler : compilers) {
        Outcome outcome =
            run(compiler + flags +
                " -march=x86-64-v3 -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror "
                "-fsyntax-only " +
                file);
        INFO(compiler << "\n" << outcome.output);
        CHECK(outcome.status == 0);
    }
}

TEST_CASE("CUDA compilers accept the whole prelude as code for a device")
{
    Folder folder;
    std::string names;
    for (std::string_view name : prelude_functions())
        names.append(name).append(" ");
    const std::string kernel =
        "extern \"C\" __global__ void kernel(f32* x, f64* y)\n"
        "{\n    *x = exp_f32(*x) + tan_f32(*x);\n    *y = sin_f64(*y) + pow_f64(*y, 0.3);\n}\n";
    const std::string text = prelude_for(names) + kernel;
    // Clang without NVIDIA's headers, whose words it needs as its own.
    const std::string words = "#define __device__ __attribute__((device))\n"
                              "#define __global__ __attribute__((global))\n"
                              "#define __constant__ __attribute__((constant))\n"
                              "#define __forceinline__ inline __attribute__((always_inline))\n";
    std::vector<std::string> commands;
    if (const std::string c = clang(); !c.empty())
        commands.push_back(
            c +
            " -x cuda --cuda-device-only -nocudainc -nocudalib -Wno-unknown-cuda-version "
            "--cuda-gpu-arch=sm_80 --cuda-feature=+ptx70 -O1 -ffp-contract=off -Werror -S -o "
            "/dev/null " +
            folder.write("clang.cu", words + text));
    for (const char* nvcc : {"nvcc", "/usr/local/cuda/bin/nvcc"})
        if (run(std::string(nvcc) + " --version").status == 0) {
            commands.push_back(std::string(nvcc) +
                               " -ptx -arch=sm_80 -fmad=false -Werror all-warnings -o /dev/null " +
                               folder.write("nvcc.cu", text));
            break;
        }
    if (commands.empty()) SKIP("neither clang nor nvcc is there");
    for (const std::string& command : commands) {
        const Outcome outcome = run(command);
        INFO(command << "\n" << outcome.output);
        CHECK(outcome.status == 0);
    }
}

TEST_CASE("the same bits from every compiler, optimisation level and vector width")
{
    Folder folder;
    std::string file = folder.write("checksum.c", checksum_program());
    std::vector<std::string> variants{"g++ -x c++ -std=c++20 -O0 -march=x86-64-v3",
                                      "g++ -x c++ -std=c++20 -O3 -march=x86-64-v3",
                                      "gcc -std=c11 -O2 -march=x86-64-v3"};
    if (std::string c = clang(); !c.empty()) {
        variants.push_back(c + " -x c++ -std=c++20 -O0 -march=x86-64-v3");
        variants.push_back(c + " -x c++ -std=c++20 -O2 -march=x86-64-v3");
        if (host_has("avx512f"))
            variants.push_back(c +
                               " -x c++ -std=c++20 -O2 -march=native -mprefer-vector-width=512");
    }
    std::string first;
    for (const std::string& variant : variants) {
        std::string program = folder.write("program", "");
        Outcome compiled = run(variant + flags + " -fno-builtin " + file + " -o " + program);
        INFO(variant << "\n" << compiled.output);
        REQUIRE(compiled.status == 0);
        Outcome ran = run(program);
        REQUIRE(ran.status == 0);
        std::map<std::string, std::string> of_loop; // and of single calls: the lines come in pairs
        std::istringstream lines(ran.output);
        for (std::string name, hash; lines >> name >> hash;) {
            INFO(name);
            CHECK(of_loop.emplace(name, hash).first->second == hash);
        }
        if (first.empty()) first = ran.output;
        CHECK(ran.output == first);
    }
}

TEST_CASE("clang vectorises a loop over each float function")
{
    std::string compiler = clang();
    if (compiler.empty()) SKIP("no clang++ to ask");
    Folder folder;
    std::string body;
    std::vector<std::string> names;
    auto one = [&](const std::string& name, const std::string& t, const std::string& call) {
        names.push_back(name + "_" + t);
        body += "CT_KERNEL void kernel_" + names.back() + "(const " + t +
                "* CT_RESTRICT x, const " + t + "* CT_RESTRICT y, " + t +
                "* CT_RESTRICT z, i64 n);\nCT_KERNEL void kernel_" + names.back() + "(const " + t +
                "* CT_RESTRICT x, const " + t + "* CT_RESTRICT y, " + t +
                "* CT_RESTRICT z, i64 n) { (void)y; for (i64 i = 0; i < n; ++i) z[i] = " + call +
                "; }\n";
    };
    for (std::string t : {"f32", "f64"}) {
        for (const std::string& name : unary)
            one(name, t, name + "_" + t + "(x[i])");
        for (const std::string& name : binary)
            one(name, t, name + "_" + t + "(x[i], y[i])");
    }
    std::string text = prelude_for(body);
    int line = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    std::string file = folder.write("kernels.cpp", text + body);
    for (std::string target : {"x86-64-v3", "x86-64-v4 -mprefer-vector-width=512"}) {
        Outcome outcome = run(compiler + " -std=c++20 -O2" + flags + " -march=" + target +
                              " -Rpass=loop-vectorize -c -o /dev/null " + file);
        INFO(target);
        REQUIRE(outcome.status == 0);
        for (std::size_t i = 0; i < names.size(); ++i) {
            std::string place =
                file + ":" + std::to_string(line + 2 * static_cast<int>(i) + 2) + ":";
            std::size_t at = outcome.output.find(place);
            INFO(names[i]);
            CHECK((at != outcome.output.npos &&
                   outcome.output.find("vectorized loop", at) < outcome.output.find('\n', at)));
        }
    }
}
