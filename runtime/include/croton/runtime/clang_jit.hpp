#pragma once

#include <croton/ir/error.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1 {

struct CompileOptions {
    int opt_level = 2;
    /// Line tables: debuggers and profilers show the emitted text, which lies in the cache's
    /// folder.
    bool debug_info = true;
    /// Report loops that LLVM did not vectorise.
    bool remarks = true;
    /// An LLVM CPU name such as "x86-64-v3"; empty: this machine's CPU with all its features.
    std::string cpu = {};
    /// Sanitizers that the code calls, in the form of sanitizers(); empty: none. Its loops are then
    /// not vectorised, and the program runs only in a process that has their run-time library.
    std::string sanitize = {};
    /// Threads that compile units at once; 0: one for each CPU that this process may use.
    int threads = 0;
    /// Folder in which debuggers look for a text of the name it was compiled under; may be empty.
    std::string source_folder = {};
};

/// A loop that LLVM did not vectorise, and LLVM's reason.
struct Remark {
    std::size_t unit = 0; ///< of the program's units
    std::string file = {};
    int line = 0;
    int column = 0;
    std::string message = {};
};

/// Times are summed over units, so with several threads they exceed the time that passed.
struct CompileReport {
    double frontend_ms = 0;
    double backend_ms = 0;
    double link_ms = 0;
    std::vector<double> unit_ms = {}; ///< of each unit of the program; 0: it was not compiled
    int units = 0;                    ///< of the program
    int units_compiled = 0; ///< of those: the others came from the cache, or equal one of these
    std::vector<Remark> missed_vectorisation = {};
    /// Warnings of the compiler and the linker.
    std::string log = {};
};

/// A text does not compile. what() has all of it, with its lines numbered.
class TextError : public BackendError {
public:
    TextError(std::string_view name, std::string_view log, std::string_view text);
    const std::string& log() const noexcept { return *log_; } ///< what Clang says
    const std::string& text() const noexcept { return *text_; }

private:
    std::shared_ptr<const std::string> log_, text_; ///< so that copies do not throw
};

/// Compiles one C++ text to one relocatable object, in this process.
///
/// text     C++20 that includes nothing. Warnings are off; functions are hidden unless the text
///          gives them default visibility.
/// name     file name in debug information, diagnostics and remarks, such as "step.cpp".
/// report   what it adds up to stays what it was where the call throws.
/// throws   TextError if the text does not compile, BackendError if the module croton_jit can't be
///          opened.
/// cost     the module is opened at the first call: 20-30 ms; a small kernel takes about 10 ms.
/// threads  safe from several threads at once.
std::vector<std::byte> compile_object(std::string_view text,
                                      std::string_view name,
                                      const CompileOptions& options = {},
                                      CompileReport* report = nullptr);

/// Links relocatable objects into one ELF shared object that refers to nothing outside itself:
/// memset, memcpy and memmove, which LLVM calls, are linked in where needed.
/// options  those that the objects were compiled with: with `sanitize` the shared object refers to
///          symbols of the sanitizers' run-time library.
/// throws   BackendError on an undefined or doubly defined symbol (with the linker's text).
/// threads  safe; calls wait for one another, 1-2 ms each.
std::vector<std::byte> link_shared_object(std::span<const std::vector<std::byte>> objects,
                                          CompileReport* report = nullptr,
                                          const CompileOptions& options = {});

/// Both of the above: the units of one program, compiled on several threads, as one shared object.
/// A single unit is called `name`.cpp; of several, unit k is `name`_k.cpp.
std::vector<std::byte> compile_shared_object(std::span<const std::string> units,
                                             std::string_view name,
                                             const CompileOptions& options = {},
                                             CompileReport* report = nullptr);

/// True once the module is open in this process.
bool jit_is_open() noexcept;

/// The compiler that this library was built for, such as "clang 22.1.8": part of every cache key.
/// Known without opening the module.
std::string_view jit_compiler() noexcept;

/// Folders searched for croton_jit.so, in order: those added, the one of the program or library
/// that holds this code, beside it as croton/ and ../lib/croton/, where the loader looks for the
/// program's libraries (its run path first), the folder of the install. The one of use_jit_folder()
/// alone, where there is one.
std::vector<std::string> jit_folders();

/// Puts `folder` before all others. No effect once the module is open.
void add_jit_folder(std::string folder);

/// Searches `folder` and no other, as CROTON_JIT in the environment asks for: a wrong one is an
/// error, and not another module. No effect once the module is open.
void use_jit_folder(std::string folder);

} // namespace croton::inline v1
