#pragma once

#include <croton/runtime/kernel_cache.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1 {

/// A folder of checked entries: see KernelCache. Nothing here throws because of the file system.
///
/// An entry is its payload, then its notes, then a footer; so the file of a program is one that the
/// loader opens as it is.
class DiskCache {
public:
    struct Entry {
        std::vector<std::byte> payload;
        std::string notes;
        std::string path;
    };

    DiskCache(std::string folder, std::uint64_t limit_bytes);

    /// Empty if there is none, or none that is whole and of this key.
    std::optional<Entry> find(const CacheKey& key, std::string_view kind);

    /// Writes an entry, or gives up: the program is in memory anyway.
    void store(const CacheKey& key,
               std::string_view kind,
               std::span<const std::byte> payload,
               std::string_view notes);

    /// Writes a plain text for debuggers to find.
    void store_text(const std::string& file_name, std::string_view text);

    /// Empty where there is no usable folder.
    const std::string& folder() const noexcept { return folder_; }
    /// True if the loader may map files of the folder.
    bool can_execute() const noexcept { return can_execute_; }
    std::string status() const;
    std::uint64_t refused_entries() const noexcept { return refused_.load(); }

private:
    bool write_and_rename(const std::string& name, std::span<const std::string_view> parts);
    /// Opens a new file for writing; makes the folder again if it is gone.
    int open_new(const std::string& path) const;
    void note_problem(std::string problem);
    void evict_beyond_limit();
    std::string path_of(std::string_view name) const;

    std::string folder_;
    std::uint64_t limit_bytes_;
    bool can_execute_ = false;
    std::atomic<std::uint64_t> refused_ = 0;
    mutable std::mutex mutex_;
    std::string problem_;             // guarded by mutex_
    std::uint64_t written_bytes_ = 0; // since the last look at the folder; guarded by mutex_
    bool looked_ = false;             // guarded by mutex_
};

} // namespace croton::inline v1
