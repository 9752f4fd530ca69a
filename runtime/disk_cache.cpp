#include "disk_cache.hpp"

#include <croton/ir/format.hpp>

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace croton::inline v1 {

namespace {

namespace fs = std::filesystem;

constexpr std::array<char, 8> magic = {'c', 'r', 'o', 't', 'o', 'n', '0', '1'};
constexpr auto touch_after = std::chrono::minutes(10);
constexpr auto abandoned_after = std::chrono::hours(1);
constexpr std::uint64_t largest_entry = std::uint64_t{1}
                                        << 30; ///< read also where the bound is less

/// The end of every entry.
struct Footer {
    std::uint64_t payload_bytes = 0;
    std::uint64_t notes_bytes = 0;
    std::uint64_t checksum = 0; // of payload and notes
    std::array<std::uint8_t, 32> key = {};
    std::array<char, 8> magic = {};
};
static_assert(sizeof(Footer) == 64);

/// Finds damage, not malice (the folder is the user's own): 64 bits, gigabytes per second.
std::uint64_t checksum(std::string_view bytes, std::uint64_t hash)
{
    const auto mix = [&](std::uint64_t word) {
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    };
    mix(bytes.size());
    while (bytes.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), 8);
        mix(word);
        bytes.remove_prefix(8);
    }
    std::uint64_t word = 0;
    if (!bytes.empty()) std::memcpy(&word, bytes.data(), bytes.size());
    mix(word);
    return hash;
}

std::string_view view_of(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct File {
    int descriptor;
    explicit File(int opened) : descriptor(opened) {}
    ~File()
    {
        if (descriptor >= 0) {
            ::close(descriptor);
        }
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
};

bool write_all(int descriptor, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
        if (count >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

bool read_all(int descriptor, std::vector<std::byte>& bytes)
{
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t count = ::read(descriptor, bytes.data() + done, bytes.size() - done);
        if (count > 0) {
            done += static_cast<std::size_t>(count);
        } else if (count == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

bool make_folders(const fs::path& folder)
{
    if (folder.has_parent_path() && folder.parent_path() != folder &&
        ::access(folder.parent_path().c_str(), F_OK) != 0 && !make_folders(folder.parent_path())) {
        return false;
    }
    return ::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST;
}

/// Why code must not be taken from `folder`; empty if it may.
std::string refusal(const std::string& folder)
{
    struct stat status = {};
    if (::stat(folder.c_str(), &status) != 0) {
        return std::strerror(errno);
    }
    if (!S_ISDIR(status.st_mode)) {
        return "not a folder";
    }
    if (status.st_uid != ::geteuid()) {
        return "it belongs to another user";
    }
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return "others may write to it";
    }
    return {};
}

bool is_hex(std::string_view text)
{
    return text.find_first_not_of("0123456789abcdef") == text.npos;
}

/// The folder may be one that holds other files too, as its user names it: only what has the form
/// of our own names is counted and removed.
bool is_entry(std::string_view file_name)
{
    const std::size_t dot = file_name.rfind('.');
    if (dot == file_name.npos) return false;
    const std::string_view stem = file_name.substr(0, dot);
    const std::string_view kind = file_name.substr(dot);
    if (kind == ".so" || kind == ".o") return stem.size() == 64 && is_hex(stem);
    const std::size_t dash = stem.rfind('-');
    return kind == ".cpp" && dash != stem.npos && stem.size() - dash == 17 &&
           is_hex(stem.substr(dash + 1));
}

/// ".<process>.<number>.tmp"
bool is_temporary(std::string_view file_name)
{
    return file_name.starts_with('.') && file_name.ends_with(".tmp") && file_name.size() > 5 &&
           file_name.substr(1, file_name.size() - 5).find_first_not_of("0123456789.") ==
               file_name.npos;
}

bool touched_long_ago(const struct stat& status)
{
    const auto now = std::chrono::system_clock::now();
    return now - std::chrono::system_clock::from_time_t(status.st_mtime) > touch_after;
}

} // namespace

DiskCache::DiskCache(std::string folder, std::uint64_t limit_bytes)
    : folder_(std::move(folder)), limit_bytes_(limit_bytes)
{
    if (folder_.empty()) {
        problem_ = "no folder";
        return;
    }
    std::string reason = make_folders(folder_) ? refusal(folder_) : std::strerror(errno);
    if (!reason.empty()) {
        problem_ = fmt::format("{}: {}", folder_, reason);
        folder_.clear();
        return;
    }
    struct statvfs system = {};
    can_execute_ = ::statvfs(folder_.c_str(), &system) == 0 && (system.f_flag & ST_NOEXEC) == 0;
}

std::string DiskCache::path_of(std::string_view name) const
{
    return fmt::format("{}/{}", folder_, name);
}

std::optional<DiskCache::Entry> DiskCache::find(const CacheKey& key, std::string_view kind)
{
    if (folder_.empty()) {
        return std::nullopt;
    }
    Entry entry;
    entry.path = path_of(key.hex() + std::string(kind));
    const File file(::open(entry.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat status = {};
    if (file.descriptor < 0 || ::fstat(file.descriptor, &status) != 0) {
        return std::nullopt;
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    Footer footer;
    // No entry is larger than the folder may be: a file that claims to be is not read.
    const bool is_likely = S_ISREG(status.st_mode) && status.st_uid == ::geteuid() &&
                           size >= sizeof footer && size <= std::max(limit_bytes_, largest_entry);
    entry.payload.resize(is_likely ? size : 0);
    if (!is_likely || !read_all(file.descriptor, entry.payload)) {
        ++refused_;
        return std::nullopt;
    }
    std::memcpy(&footer, entry.payload.data() + size - sizeof footer, sizeof footer);
    const std::size_t body = size - sizeof footer;
    if (footer.magic != magic || footer.key != key.digest || footer.payload_bytes > body ||
        footer.notes_bytes != body - footer.payload_bytes) {
        ++refused_;
        return std::nullopt;
    }
    const std::string_view text = view_of(entry.payload);
    const std::string_view payload = text.substr(0, footer.payload_bytes);
    const std::string_view notes = text.substr(footer.payload_bytes, footer.notes_bytes);
    if (checksum(notes, checksum(payload, 0)) != footer.checksum) {
        ++refused_;
        return std::nullopt;
    }
    entry.notes = notes;
    entry.payload.resize(footer.payload_bytes);
    if (touched_long_ago(status)) {
        // The time of last use: file systems don't keep access times, so it is the other one. On a
        // read-only folder it stays, and nothing is evicted there either.
        ::futimens(file.descriptor, nullptr);
    }
    return entry;
}

void DiskCache::store(const CacheKey& key,
                      std::string_view kind,
                      std::span<const std::byte> payload,
                      std::string_view notes)
{
    Footer footer;
    footer.payload_bytes = payload.size();
    footer.notes_bytes = notes.size();
    footer.checksum = checksum(notes, checksum(view_of(payload), 0));
    footer.key = key.digest;
    footer.magic = magic;
    const std::string_view parts[] = {
        view_of(payload), notes, {reinterpret_cast<const char*>(&footer), sizeof footer}};
    write_and_rename(key.hex() + std::string(kind), parts);
}

void DiskCache::store_text(const std::string& file_name, std::string_view text)
{
    const std::string_view parts[] = {text};
    write_and_rename(file_name, parts);
}

int DiskCache::open_new(const std::string& path) const
{
    const auto open = [&] {
        return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    };
    const int descriptor = open();
    if (descriptor >= 0 || errno != ENOENT) {
        return descriptor;
    }
    // Someone removed the folder: what stands there next may be another's.
    if (!make_folders(folder_)) {
        return -1;
    }
    if (!refusal(folder_).empty()) {
        errno = EACCES;
        return -1;
    }
    return open();
}

bool DiskCache::write_and_rename(const std::string& name, std::span<const std::string_view> parts)
{
    if (folder_.empty()) {
        return false;
    }
    static std::atomic<std::uint64_t> count = 0;
    const std::string temporary = path_of(fmt::format(".{}.{}.tmp", ::getpid(), ++count));
    const std::string path = path_of(name);
    std::uint64_t bytes = 0;
    {
        const File file(open_new(temporary));
        bool good = file.descriptor >= 0;
        for (const std::string_view part : parts) {
            good = good && write_all(file.descriptor, part);
            bytes += part.size();
        }
        // No fsync: after a power failure an entry may be empty, which its reader finds out.
        if (!good || ::rename(temporary.c_str(), path.c_str()) != 0) {
            const int error = errno;
            ::unlink(temporary.c_str());
            note_problem(fmt::format("{} can't be written: {}", folder_, std::strerror(error)));
            return false;
        }
    }
    const std::lock_guard lock(mutex_);
    written_bytes_ += bytes;
    if (!looked_ || written_bytes_ > limit_bytes_ / 16) {
        looked_ = true;
        written_bytes_ = 0;
        evict_beyond_limit();
    }
    return true;
}

void DiskCache::evict_beyond_limit()
{
    struct Found {
        fs::file_time_type used;
        std::uint64_t bytes;
        fs::path path;
    };
    std::vector<Found> all;
    std::uint64_t total = 0;
    std::error_code error;
    const auto now = fs::file_time_type::clock::now();
    for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().string();
        if (!is_entry(name) && !is_temporary(name)) {
            continue;
        }
        // Another process may remove an entry at any time: then it has no size any more.
        std::error_code gone;
        const std::uint64_t bytes = at->file_size(gone);
        const fs::file_time_type used = gone ? now : at->last_write_time(gone);
        if (gone) {
            continue;
        }
        if (is_temporary(name)) {
            if (now - used > abandoned_after) {
                fs::remove(at->path(), gone);
            }
            continue;
        }
        all.push_back({used, bytes, at->path()});
        total += bytes;
    }
    if (total <= limit_bytes_) {
        return;
    }
    std::sort(all.begin(), all.end(),
              [](const Found& a, const Found& b) { return a.used < b.used; });
    const std::uint64_t goal = limit_bytes_ - limit_bytes_ / 4; // so that not every store evicts
    for (const Found& found : all) {
        if (total <= goal) {
            return;
        }
        fs::remove(found.path, error);
        total -= found.bytes;
    }
}

void DiskCache::note_problem(std::string problem)
{
    const std::lock_guard lock(mutex_);
    if (problem_.empty()) {
        problem_ = std::move(problem);
    }
}

std::string DiskCache::status() const
{
    const std::lock_guard lock(mutex_);
    if (folder_.empty()) {
        return fmt::format("no disk cache: {}", problem_);
    }
    if (!problem_.empty()) {
        return fmt::format("disk cache {}: {}", folder_, problem_);
    }
    return fmt::format("disk cache {}", folder_);
}

} // namespace croton::inline v1
