#pragma once

#include <croton/runtime/clang_jit.hpp>
#include <croton/runtime/program_library.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1 {

/// Names a compilation: BLAKE2b of everything that its machine code depends on.
struct CacheKey {
    std::array<std::uint8_t, 32> digest = {};
    std::string hex() const;
    friend auto operator<=>(const CacheKey&, const CacheKey&) = default;
};

/// One translation unit of a program.
struct ProgramUnit {
    std::string text;
    /// The text without comments, lines and chosen names: equal ones are compiled once. Empty: the
    /// text itself.
    std::string canonical = {};
    /// With a canonical text: the names that it leaves out, in order. Symbols of an object that
    /// was compiled for another text get this text's names.
    std::vector<std::string> names = {};
    /// With a canonical text: the line of each token, from 1; remarks find their place by it.
    std::vector<int> token_lines = {};
};

/// Compiled programs and their objects: in memory while a program is in use, and in a folder that
/// processes share.
///
/// The folder holds, each named after its key: programs (.so), objects of single units (.o) and
/// the texts that debuggers show (.cpp). An entry is written under another name and renamed, so a
/// process may be killed at any instant; an entry carries its key and a checksum, so what is
/// corrupt, cut short or someone else's is compiled again. The least recently used entries go when
/// the folder exceeds its bound. Where the folder can't be made, read or written, or others may
/// write to it, programs live in memory only, and status() says why.
///
/// threads  safe from several threads at once.
class KernelCache {
public:
    struct Settings {
        /// Made with mode 0700, with its parents. Empty: no disk.
        std::string folder;
        std::uint64_t limit_bytes = std::uint64_t{256} << 20;
    };

    struct Counts {
        std::uint64_t programs_in_memory = 0; ///< requests met by a program in use
        std::uint64_t programs_from_disk = 0; ///< requests met by the folder
        std::uint64_t programs_linked = 0;    ///< requests that linked
        std::uint64_t objects_from_disk = 0;  ///< units met by the folder
        std::uint64_t objects_compiled = 0;   ///< units that were compiled
        std::uint64_t refused_entries = 0;    ///< corrupt or foreign entries met and replaced
    };

    explicit KernelCache(Settings settings);
    ~KernelCache();
    KernelCache(const KernelCache&) = delete;
    KernelCache& operator=(const KernelCache&) = delete;

    /// The program made of `units`: one that is in use, or the folder's, or compiled now.
    ///
    /// name     names files in diagnostics and debug information: `name`.cpp or `name`_k.cpp.
    /// report   gets what compiling took (nothing where nothing was compiled) and the remarks,
    ///          which the folder keeps too.
    /// throws   BackendError if it doesn't compile or link, or the compiler is missing. Never
    ///          because of the folder.
    /// cost     about 0.2 ms for a program in the folder.
    ProgramLibrary load(std::span<const ProgramUnit> units,
                        std::string_view name,
                        const CompileOptions& options = {},
                        CompileReport* report = nullptr);

    Counts counts() const;

    /// "disk cache /home/a/.cache/croton" or "no disk cache: .." with the reason.
    std::string status() const;

private:
    class State;
    std::unique_ptr<State> state_;
};

} // namespace croton::inline v1
