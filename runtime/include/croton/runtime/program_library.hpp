#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace croton::inline v1 {

/// A compiled program, opened by the system's loader. Copies share it; the last one closes it, so
/// whoever holds an address from symbol() holds a ProgramLibrary too.
///
/// cost     30-130 us to open; about 4 mappings while open.
/// threads  safe from several threads at once.
class ProgramLibrary {
public:
    ProgramLibrary() = default;

    /// Opens a shared object that is only in memory, through an anonymous file. Debuggers and
    /// profilers can't read the file afterwards; where they matter use open_file.
    /// throws   BackendError with the loader's text.
    static ProgramLibrary open_bytes(std::span<const std::byte> shared_object);

    /// Opens a shared object from disk. The file must not be written to afterwards; it may be
    /// unlinked. A path that is open already gives the library that was opened under it.
    /// throws   BackendError with the loader's text.
    static ProgramLibrary open_file(const std::string& path);

    explicit operator bool() const noexcept { return handle_ != nullptr; }

    /// Address of a function or object.
    /// throws   BackendError if the program has no such symbol, or nothing is open.
    void* symbol(const char* name) const;

    /// Null if there is no such symbol.
    void* find_symbol(const char* name) const noexcept;

    /// Expires when the program is closed.
    std::weak_ptr<void> watch() const noexcept { return handle_; }
    /// The program that a watch has seen; nothing is open if it was closed.
    static ProgramLibrary watched(const std::weak_ptr<void>& watch) noexcept;

private:
    explicit ProgramLibrary(void* handle);
    std::shared_ptr<void> handle_;
};

} // namespace croton::inline v1
