#include "compile_unit.hpp"

#include <clang/Basic/DiagnosticIDs.h>
#include <clang/Basic/DiagnosticOptions.h>
#include <clang/Basic/SourceManager.h>
#include <clang/CodeGen/CodeGenAction.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/CompilerInvocation.h>
#include <clang/Frontend/MultiplexConsumer.h>
#include <clang/Frontend/TextDiagnosticPrinter.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/VirtualFileSystem.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/TargetParser/Host.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

#include "lane_variants.hpp"

namespace croton::jit {

namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start)
{
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// This machine's CPU as cc1 arguments. Features are listed one by one because a hypervisor may
/// hide some that the CPU's name implies.
struct HostCpu {
    std::string triple = llvm::sys::getProcessTriple();
    std::string name = llvm::sys::getHostCPUName().str();
    std::vector<std::string> features;

    HostCpu()
    {
        const auto found = llvm::sys::getHostCPUFeatures();
        for (const auto& feature : found) {
            features.push_back((feature.second ? "+" : "-") + feature.first().str());
        }
        std::sort(features.begin(), features.end());
    }
};

const HostCpu& host_cpu()
{
    static const HostCpu cpu;
    return cpu;
}

void initialize_target()
{
    static std::once_flag once;
    std::call_once(once, [] {
        llvm::InitializeNativeTarget();
        llvm::InitializeNativeTargetAsmPrinter();
    });
}

/// Bits of a vector register that code is written for.
unsigned register_bits(const Unit& unit)
{
    const auto& features = host_cpu().features;
    const bool wide = unit.cpu.empty() &&
                      std::find(features.begin(), features.end(), "+avx512f") != features.end();
    return wide ? 512 : 256;
}

/// The flags of "address,undefined". cc1 knows no groups: "undefined" is what it stands for in C++
/// without run-time types, and conversions of floats to integers that do not hold them.
std::vector<std::string> sanitizer_flags(std::string_view list)
{
    std::vector<std::string> flags;
    if (list.empty()) return flags;
    constexpr std::string_view group = "undefined";
    std::string kinds(list);
    if (const std::size_t at = kinds.find(group); at != kinds.npos)
        kinds.replace(at, group.size(),
                      "alignment,array-bounds,bool,builtin,enum,float-cast-overflow,"
                      "integer-divide-by-zero,nonnull-attribute,null,pointer-overflow,return,"
                      "returns-nonnull-attribute,shift-base,shift-exponent,"
                      "signed-integer-overflow,unreachable,vla-bound");
    flags.push_back("-fsanitize=" + kinds);
    return flags;
}

/// cc1's own arguments, not the driver's: spawning the driver's logic costs more than a small
/// kernel. -ffp-contract=off is a part of the language that programs are written in: with it a sum
/// of a product rounds twice on every CPU. No errno and no trapping mathematics are cc1's defaults.
std::vector<std::string> arguments(const Unit& unit, const std::string& path)
{
    const HostCpu& host = host_cpu();
    std::vector<std::string> args = {
        "-triple",
        host.triple,
        "-emit-obj",
        "-x",
        "c++",
        "-std=c++20",
        "-O" + std::to_string(unit.opt_level),
        "-ffp-contract=off",
        "-mrelocation-model",
        "pic",
        "-pic-level",
        "2",
        "-fvisibility=hidden",
        "-nostdsysteminc",
        "-nobuiltininc",
        "-nostdinc++",
        "-resource-dir",
        "/nonexistent",
        "-fno-rtti",
        "-funwind-tables=2",
        unit.sanitize.empty() ? "-mframe-pointer=none" : "-mframe-pointer=all",
        "-clear-ast-before-backend",
        "-disable-llvm-verifier",
        "-main-file-name",
        path,
    };
    if (unit.opt_level >= 2) {
        args.insert(args.end(), {"-vectorize-loops", "-vectorize-slp"});
    }
    if (unit.cpu.empty()) {
        args.insert(args.end(), {"-target-cpu", host.name});
        for (const std::string& feature : host.features) {
            args.insert(args.end(), {"-target-feature", feature});
        }
        // LLVM keeps to 256 bits on CPUs that once slowed down at 512; lanes are written for 512.
        if (register_bits(unit) == 512) {
            args.emplace_back("-mprefer-vector-width=512");
            // A scatter takes longer than its elements one by one: on Zen 4 rows of 28 columns that
            // were joined took 2.2 ms of 7 MB, and 0.5 without.
            args.insert(args.end(), {"-target-feature", "+prefer-no-scatter"});
        }
    } else {
        args.insert(args.end(), {"-target-cpu", std::string(unit.cpu)});
    }
    if (unit.debug_info) {
        // Debian 12's valgrind ends at the fifth version that clang writes.
        args.insert(args.end(), {"-debug-info-kind=line-tables-only", "-dwarf-version=4",
                                 "-debugger-tuning=gdb"});
        args.push_back("-fdebug-compilation-dir=" +
                       (unit.folder.empty() ? std::string("/") : std::string(unit.folder)));
    }
    if (unit.remarks) {
        args.insert(args.end(), {"-Rpass-missed=loop-vectorize", "-Rpass-analysis=loop-vectorize"});
    }
    for (std::string& flag : sanitizer_flags(unit.sanitize)) {
        args.push_back(std::move(flag));
    }
    args.push_back(path);
    return args;
}

/// Keeps remarks as data and prints the other diagnostics as clang does.
class Collector : public clang::TextDiagnosticPrinter {
public:
#if LLVM_VERSION_MAJOR >= 21
    Collector(llvm::raw_ostream& log, clang::DiagnosticOptions& options, Object& object)
        : TextDiagnosticPrinter(log, options), object_(object)
    {}
#else
    Collector(llvm::raw_ostream& log, clang::DiagnosticOptions& options, Object& object)
        : TextDiagnosticPrinter(log, &options), object_(object)
    {}
#endif

    void HandleDiagnostic(clang::DiagnosticsEngine::Level level,
                          const clang::Diagnostic& diagnostic) override
    {
        if (level != clang::DiagnosticsEngine::Remark) {
            TextDiagnosticPrinter::HandleDiagnostic(level, diagnostic);
            return;
        }
        Remark remark;
        llvm::SmallString<128> message;
        diagnostic.FormatDiagnostic(message);
        remark.message = message.str().str();
        if (diagnostic.hasSourceManager() && diagnostic.getLocation().isValid()) {
            const clang::PresumedLoc place =
                diagnostic.getSourceManager().getPresumedLoc(diagnostic.getLocation());
            if (place.isValid()) {
                remark.file = place.getFilename();
                remark.line = place.getLine();
                remark.column = place.getColumn();
            }
        }
        object_.remarks.push_back(std::move(remark));
    }

private:
    Object& object_;
};

/// Notes when parsing ends: it is called with the finished unit just before the back end is.
class EndOfParsing : public clang::ASTConsumer {
public:
    explicit EndOfParsing(Clock::time_point& end) : end_(end) {}
    void HandleTranslationUnit(clang::ASTContext&) override { end_ = Clock::now(); }

private:
    Clock::time_point& end_;
};

class EmitObject : public clang::EmitObjAction {
public:
    explicit EmitObject(Clock::time_point& end_of_parsing) : end_of_parsing_(end_of_parsing) {}

protected:
    std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance& compiler,
                                                          llvm::StringRef file) override
    {
        std::vector<std::unique_ptr<clang::ASTConsumer>> consumers;
        consumers.push_back(std::make_unique<EndOfParsing>(end_of_parsing_));
        consumers.push_back(EmitObjAction::CreateASTConsumer(compiler, file));
        return std::make_unique<clang::MultiplexConsumer>(std::move(consumers));
    }

private:
    Clock::time_point& end_of_parsing_;
};

bool parse_arguments(clang::CompilerInvocation& invocation,
                     const std::vector<std::string>& args,
                     clang::DiagnosticsEngine& diagnostics)
{
    llvm::SmallVector<const char*, 256> pointers;
    for (const std::string& arg : args) {
        pointers.push_back(arg.c_str());
    }
    return clang::CompilerInvocation::CreateFromArgs(invocation, pointers, diagnostics);
}

/// Variants of functions for loops to call exist before the loops are vectorised, and of those only
/// the ones that are called stay.
void add_lane_passes(clang::CodeGenOptions& options, unsigned bits)
{
    options.PassBuilderCallbacks.push_back([bits](llvm::PassBuilder& b) {
        b.registerPipelineStartEPCallback(
            [bits](llvm::ModulePassManager& passes, llvm::OptimizationLevel) {
                passes.addPass(AddLaneVariants(bits));
            });
        b.registerOptimizerLastEPCallback([](llvm::ModulePassManager& passes, auto&&...) {
            passes.addPass(DropUnusedLaneVariants());
        });
    });
}

} // namespace

Object compile_unit(const Unit& unit)
{
    const Clock::time_point start = Clock::now();
    initialize_target();

    Object object;
    const std::string path = unit.folder.empty()
                                 ? std::string(unit.file)
                                 : std::string(unit.folder) + "/" + std::string(unit.file);
    auto files = llvm::makeIntrusiveRefCnt<llvm::vfs::InMemoryFileSystem>();
    files->addFile(
        path, 0,
        llvm::MemoryBuffer::getMemBuffer({unit.text.data(), unit.text.size()}, path, false));

    llvm::raw_string_ostream log(object.log);
#if LLVM_VERSION_MAJOR >= 21
    clang::DiagnosticOptions options;
    Collector collector(log, options, object);
    clang::DiagnosticsEngine diagnostics(clang::DiagnosticIDs::create(), options, &collector,
                                         false);
#else
    auto options = llvm::makeIntrusiveRefCnt<clang::DiagnosticOptions>();
    Collector collector(log, *options, object);
    clang::DiagnosticsEngine diagnostics(llvm::makeIntrusiveRefCnt<clang::DiagnosticIDs>(), options,
                                         &collector, false);
#endif
    auto invocation = std::make_shared<clang::CompilerInvocation>();
    if (!parse_arguments(*invocation, arguments(unit, path), diagnostics)) {
        return object;
    }

    llvm::SmallString<0> bytes;
    Clock::time_point end_of_parsing = start;
    {
#if LLVM_VERSION_MAJOR >= 21
        clang::CompilerInstance compiler(invocation);
        compiler.setVirtualFileSystem(files);
        compiler.createFileManager();
#else
        clang::CompilerInstance compiler;
        compiler.setInvocation(invocation);
        compiler.createFileManager(files);
#endif
        compiler.createDiagnostics(&collector, false);
        compiler.setOutputStream(std::make_unique<llvm::raw_svector_ostream>(bytes));
        compiler.setVerboseOutputStream(log); // where it counts errors; standard error by default
        add_lane_passes(compiler.getCodeGenOpts(), register_bits(unit));
        EmitObject action(end_of_parsing);
        object.ok = compiler.ExecuteAction(action);
    }
    object.bytes.assign(bytes.data(), bytes.size());
    object.frontend_ms = std::chrono::duration<double, std::milli>(end_of_parsing - start).count();
    object.backend_ms = ms_since(end_of_parsing);
    return object;
}

} // namespace croton::jit
