#pragma once
// What the tests ask the operating system about this process, and about children they start.

#include <sys/wait.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdlib.h>
#include <string>
#include <unistd.h>

namespace croton::test {

/// Lines of /proc/self/maps that contain `text`.
inline std::size_t count_mappings(const std::string& text = {})
{
    std::ifstream maps("/proc/self/maps");
    std::size_t count = 0;
    for (std::string line; std::getline(maps, line);) {
        count += line.find(text) != std::string::npos;
    }
    return count;
}

inline std::size_t count_descriptors()
{
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator("/proc/self/fd")) {
        ++count;
    }
    return count;
}

/// Memory of this process that no other one shares, in KiB.
inline std::size_t private_kib()
{
    std::ifstream rollup("/proc/self/smaps_rollup");
    std::size_t total = 0;
    for (std::string word; rollup >> word;) {
        if (word == "Private_Dirty:") {
            rollup >> total;
        }
    }
    return total;
}

/// A child of fork() that ends with work()'s result as its status. No test framework runs in it.
inline pid_t start_child(const std::function<int()>& work)
{
    const pid_t child = ::fork();
    if (child == 0) {
        int status = 99;
        try {
            status = work();
        } catch (...) {
            status = 98;
        }
        ::_exit(status);
    }
    return child;
}

/// The child's status, or 128 and more if a signal ended it.
inline int wait_for(pid_t child)
{
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// A folder of its own, removed at the end of the test.
class TemporaryFolder {
public:
    TemporaryFolder()
    {
        std::string name = (std::filesystem::temp_directory_path() / "croton-test-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~TemporaryFolder()
    {
        std::error_code ignored;
        std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::string operator/(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

} // namespace croton::test
