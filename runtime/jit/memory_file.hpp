#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <thread>

namespace croton::jit {

/// The operating system refused. It ends at the module's edge, where it becomes a line of the log.
class SystemFailure : public std::exception {
public:
    /// Reads errno.
    explicit SystemFailure(const char* what);
    const char* what() const noexcept override { return text_.c_str(); }

private:
    std::string text_;
};

/// A file descriptor, closed at the end of its life.
class Descriptor {
public:
    explicit Descriptor(int value = -1) : value_(value) {}
    ~Descriptor() { close(); }
    Descriptor(Descriptor&& other) noexcept;
    Descriptor& operator=(Descriptor&&) = delete;

    int value() const { return value_; }
    /// Its path in this process.
    std::string path() const { return "/proc/self/fd/" + std::to_string(value_); }
    void close();

private:
    int value_;
};

/// An anonymous file in memory that holds `bytes`.
Descriptor memory_file(const char* name, std::string_view bytes);

/// Takes what is written to a path into memory. It is a pipe and not a memory file because LLD
/// makes a temporary file beside an output that is a regular one, which /proc does not allow.
class MemoryOutput {
public:
    MemoryOutput();
    ~MemoryOutput() { write_end_.close(); } // before the reader is joined: it waits for the end

    std::string path() const { return write_end_.path(); }
    /// What was written. Ends the object's use; every writer must have closed its path.
    std::string take();

private:
    struct Pipe {
        Descriptor read_end;
        Descriptor write_end;
    };
    static Pipe open_pipe();
    explicit MemoryOutput(Pipe pipe);
    void read_all(const Descriptor& read_end);

    Descriptor write_end_;
    std::string bytes_;
    std::jthread reader_; // a pipe holds 64 KiB; a program may be larger
};

} // namespace croton::jit
