#include "disk_cache.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "process.hpp"
#include "support/catch.hpp"

using namespace croton;
using namespace croton::test;

namespace fs = std::filesystem;

namespace {

CacheKey key_of(int number)
{
    CacheKey key;
    key.digest[0] = static_cast<std::uint8_t>(number);
    key.digest[1] = static_cast<std::uint8_t>(number / 256);
    return key;
}

std::uint64_t size_of(const fs::path& folder)
{
    std::uint64_t bytes = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
        bytes += entry.file_size();
    }
    return bytes;
}

} // namespace

TEST_CASE("an entry gives back payload and notes, empty ones too")
{
    const TemporaryFolder folder;
    DiskCache cache(folder.path(), 1 << 20);
    const std::vector<std::byte> payload(1001, std::byte{7});
    cache.store(key_of(1), ".so", payload, "two\nlines\n");
    cache.store(key_of(2), ".so", {}, "");
    const auto first = cache.find(key_of(1), ".so");
    REQUIRE(first);
    CHECK(first->payload == payload);
    CHECK(first->notes == "two\nlines\n");
    REQUIRE(cache.find(key_of(2), ".so"));
    CHECK(cache.find(key_of(2), ".so")->payload.empty());
    CHECK_FALSE(cache.find(key_of(3), ".so"));
    CHECK_FALSE(cache.find(key_of(1), ".o"));
    CHECK(cache.refused_entries() == 0);
}

TEST_CASE("a folder stays within its bound and loses what was used longest ago")
{
    const TemporaryFolder folder;
    constexpr std::uint64_t limit = 100'000;
    DiskCache cache(folder.path(), limit);
    const std::vector<std::byte> payload(1000);
    for (int i = 0; i < 300; ++i) {
        cache.store(key_of(i), ".so", payload, "");
        // As if a minute had passed between two entries.
        fs::last_write_time(folder / (key_of(i).hex() + ".so"),
                            fs::file_time_type::clock::now() - std::chrono::minutes(1000 - i));
        cache.find(key_of(0), ".so"); // used again and again, so its time is now
        REQUIRE(size_of(folder.path()) <= limit + limit / 16 + 2000);
    }
    CHECK(cache.find(key_of(0), ".so"));
    CHECK_FALSE(cache.find(key_of(1), ".so"));
    CHECK(cache.find(key_of(299), ".so"));
}

TEST_CASE("a folder that is removed while it is used is made again, for its owner alone")
{
    const TemporaryFolder parent;
    const fs::path folder = fs::path(parent / "a") / "b";
    DiskCache cache(folder.string(), 1 << 20);
    cache.store(key_of(1), ".so", {}, "");
    REQUIRE(cache.find(key_of(1), ".so"));
    fs::remove_all(parent / "a");
    CHECK_FALSE(cache.find(key_of(1), ".so"));
    cache.store(key_of(2), ".so", {}, "");
    CHECK(cache.find(key_of(2), ".so"));
    CHECK(fs::status(folder).permissions() == fs::perms::owner_all);
    CHECK(cache.status() == "disk cache " + folder.string());
}

TEST_CASE("files of others in the folder stay")
{
    const TemporaryFolder folder;
    std::vector<std::string> names;
    for (const char* name :
         {"thesis.cpp", "data.npy", "notes-2024.cpp", "lib.so", ".x.tmp", "old.tmp"})
        names.emplace_back(name);
    names.emplace_back(64, 'g');
    names.back() += ".o";
    for (const std::string& name : names) {
        std::ofstream(folder / name) << std::string(100'000, 'x');
        fs::last_write_time(folder / name,
                            fs::file_time_type::clock::now() - std::chrono::hours(2000));
    }
    DiskCache cache(folder.path(), 10'000);
    for (int i = 0; i < 30; ++i)
        cache.store(key_of(i), ".so", std::vector<std::byte>(1000), "");
    for (const std::string& name : names)
        CHECK(fs::file_size(folder / name) == 100'000);
    CHECK(cache.find(key_of(29), ".so"));
    CHECK_FALSE(cache.find(key_of(0), ".so")); // its own are bounded
}

TEST_CASE("what a killed writer left is removed when it is old")
{
    const TemporaryFolder folder;
    {
        DiskCache cache(folder.path(), 1 << 20);
        cache.store_text("old.cpp", "text");
        fs::rename(folder / "old.cpp", folder / ".1.1.tmp");
        cache.store_text("new.cpp", "text");
        fs::rename(folder / "new.cpp", folder / ".1.2.tmp");
        fs::last_write_time(folder / ".1.1.tmp",
                            fs::file_time_type::clock::now() - std::chrono::hours(2));
    }
    DiskCache cache(folder.path(), 1 << 20);
    cache.store(key_of(1), ".so", {}, ""); // the first store looks at the folder
    CHECK_FALSE(fs::exists(folder / ".1.1.tmp"));
    CHECK(fs::exists(folder / ".1.2.tmp"));
}
