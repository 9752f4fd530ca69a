#include "memory_file.hpp"

#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace croton::jit {

SystemFailure::SystemFailure(const char* what)
    : text_(std::string(what) + ": " + std::strerror(errno))
{}

Descriptor::Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}

void Descriptor::close()
{
    if (value_ >= 0) {
        ::close(std::exchange(value_, -1));
    }
}

Descriptor memory_file(const char* name, std::string_view bytes)
{
    Descriptor file(::memfd_create(name, MFD_CLOEXEC));
    if (file.value() < 0) {
        throw SystemFailure("memfd_create");
    }
    while (!bytes.empty()) {
        const ssize_t written = ::write(file.value(), bytes.data(), bytes.size());
        if (written > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR) {
            throw SystemFailure("writing a memory file");
        }
    }
    return file;
}

MemoryOutput::Pipe MemoryOutput::open_pipe()
{
    std::array<int, 2> ends = {};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw SystemFailure("pipe2");
    }
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

MemoryOutput::MemoryOutput() : MemoryOutput(open_pipe()) {}

MemoryOutput::MemoryOutput(Pipe pipe)
    : write_end_(std::move(pipe.write_end)),
      reader_([this, read_end = std::move(pipe.read_end)] { read_all(read_end); })
{}

void MemoryOutput::read_all(const Descriptor& read_end)
{
    std::array<char, 65536> block;
    for (;;) {
        const ssize_t count = ::read(read_end.value(), block.data(), block.size());
        if (count > 0) {
            bytes_.append(block.data(), static_cast<std::size_t>(count));
        } else if (count == 0 || errno != EINTR) {
            return;
        }
    }
}

std::string MemoryOutput::take()
{
    write_end_.close(); // the reader sees the end once nobody has the pipe open for writing
    reader_.join();
    return std::move(bytes_);
}

} // namespace croton::jit
