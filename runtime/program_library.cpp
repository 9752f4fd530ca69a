#include <croton/ir/format.hpp>
#include <croton/runtime/program_library.hpp>

#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <dlfcn.h>
#include <unistd.h>

namespace croton::inline v1 {

namespace {

/// Closes a descriptor at the end of a block.
struct Descriptor {
    int value;
    explicit Descriptor(int opened) : value(opened) {}
    ~Descriptor()
    {
        if (value >= 0) {
            ::close(value);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
};

void write_all(int descriptor, std::span<const std::byte> bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            throw backend_error("program library", "no memory file for {} bytes: {}", bytes.size(),
                                std::strerror(errno));
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written < 0 ? 0 : written));
    }
}

/// A path of `descriptor` that no other call gets. The loader takes two files opened under one
/// path for one library, and a closed descriptor's number comes back. So a serial number is
/// written into the path, in binary: "/." for a one, "/" for a zero, which name the same file. The
/// process is named, not "self", lest a debugger open a descriptor of its own.
std::string unique_path(int descriptor)
{
    static std::atomic<std::uint64_t> count = 0;
    std::string path = fmt::format("/proc/{}/fd/", ::getpid());
    for (std::uint64_t serial = ++count; serial != 0; serial /= 2) {
        path += serial % 2 == 1 ? "./" : "/";
    }
    return path + std::to_string(descriptor);
}

void* open_library(const std::string& path)
{
    void* const handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        throw backend_error("program library", "the program can't be opened: {}", ::dlerror());
    }
    return handle;
}

} // namespace

ProgramLibrary::ProgramLibrary(void* handle)
    : handle_(handle, [](void* opened) { ::dlclose(opened); })
{}

ProgramLibrary ProgramLibrary::open_bytes(std::span<const std::byte> shared_object)
{
    const Descriptor file(::memfd_create("croton program", MFD_CLOEXEC));
    if (file.value < 0) {
        throw backend_error("program library", "no memory file: {}", std::strerror(errno));
    }
    write_all(file.value, shared_object);
    return ProgramLibrary(open_library(unique_path(file.value)));
}

ProgramLibrary ProgramLibrary::open_file(const std::string& path)
{
    return ProgramLibrary(open_library(path));
}

ProgramLibrary ProgramLibrary::watched(const std::weak_ptr<void>& watch) noexcept
{
    ProgramLibrary library;
    library.handle_ = watch.lock();
    return library;
}

void* ProgramLibrary::find_symbol(const char* name) const noexcept
{
    return handle_ ? ::dlsym(handle_.get(), name) : nullptr;
}

void* ProgramLibrary::symbol(const char* name) const
{
    void* const address = find_symbol(name);
    if (!address) {
        throw backend_error("program library", "the program has no symbol {}", name);
    }
    return address;
}

} // namespace croton::inline v1
