#include <croton/ir/array.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "npy.hpp"

namespace croton::inline v1 {

namespace {

constexpr std::string_view local_magic = "PK\x03\x04";
constexpr std::string_view central_magic = "PK\x01\x02";
constexpr std::string_view end_magic = "PK\x05\x06";
constexpr std::size_t local_bytes = 30;
constexpr std::size_t central_bytes = 46;
constexpr std::size_t end_bytes = 22;
/// In a 32-bit field: the value is in a zip64 extra field.
constexpr std::uint64_t in_extra = 0xffffffff;

std::uint32_t crc32(std::string_view bytes)
{
    static const std::array<std::uint32_t, 256> table = [] {
        std::array<std::uint32_t, 256> t{};
        for (std::uint32_t i = 0; i < 256; ++i) {
            t[i] = i;
            for (int k = 0; k < 8; ++k)
                t[i] = t[i] >> 1 ^ (t[i] & 1 ? 0xedb88320u : 0);
        }
        return t;
    }();
    std::uint32_t crc = ~0u;
    for (char c : bytes)
        crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(c)) & 255];
    return ~crc;
}

/// One file of the archive, as the directory at its end describes it.
struct Entry {
    std::string name;
    std::uint64_t method = 0, crc = 0, stored = 0, size = 0, offset = 0;
};

class Archive {
public:
    Archive(std::string_view bytes, std::string_view file, std::string_view function)
        : bytes_(bytes), file_(file), function_(function)
    {}

    std::vector<Entry> entries()
    {
        const std::size_t end = find_end();
        std::uint64_t at = number(end + 16, 4);
        const std::uint64_t count = number(end + 10, 2);
        std::vector<Entry> all;
        for (std::uint64_t i = 0; i < count; ++i) {
            if (part(at, 4) != central_magic) refuse("the directory is damaged");
            Entry m;
            m.method = number(at + 10, 2);
            m.crc = number(at + 16, 4);
            m.stored = number(at + 20, 4);
            m.size = number(at + 24, 4);
            m.offset = number(at + 42, 4);
            const std::uint64_t name = number(at + 28, 2);
            const std::uint64_t extra = number(at + 30, 2);
            m.name = part(at + central_bytes, name);
            widen(m, at + central_bytes + name, extra);
            all.push_back(std::move(m));
            at += central_bytes + name + extra + number(at + 32, 2);
        }
        return all;
    }

    std::string_view content(const Entry& m) const
    {
        if (m.method != 0)
            refuse(fmt::format("'{}' is compressed: write it with np.savez", m.name));
        if (part(m.offset, 4) != local_magic) refuse(fmt::format("'{}' is damaged", m.name));
        const std::uint64_t start =
            m.offset + local_bytes + number(m.offset + 26, 2) + number(m.offset + 28, 2);
        const std::string_view bytes = part(start, m.size);
        if (m.stored != m.size || crc32(bytes) != m.crc)
            refuse(fmt::format("'{}' is damaged: its checksum differs", m.name));
        return bytes;
    }

private:
    [[noreturn]] void refuse(std::string_view why) const
    {
        throw user_error(Code::domain, nullptr, function_, "{}: {}", file_, why);
    }

    std::string_view part(std::uint64_t first, std::uint64_t count) const
    {
        if (first > bytes_.size() || count > bytes_.size() - first)
            refuse("the file ends inside an entry");
        return bytes_.substr(first, count);
    }

    std::uint64_t number(std::uint64_t first, std::uint64_t count) const
    {
        const std::string_view digits = part(first, count);
        std::uint64_t value = 0;
        for (std::size_t i = digits.size(); i-- > 0;)
            value = value << 8 | static_cast<unsigned char>(digits[i]);
        return value;
    }

    /// The record at the end; a comment of up to 65535 bytes may follow it.
    std::size_t find_end() const
    {
        const std::size_t at = bytes_.rfind(end_magic);
        if (bytes_.size() < end_bytes || at == bytes_.npos || bytes_.size() - at < end_bytes)
            refuse(bytes_.starts_with(local_magic) ? "the file's end is missing"
                                                   : "this is no .npz file");
        return at;
    }

    /// Sizes that 32 bits do not hold: NumPy writes every member so.
    void widen(Entry& m, std::uint64_t at, std::uint64_t bytes) const
    {
        const std::uint64_t end = at + bytes;
        while (at + 4 <= end) {
            const std::uint64_t kind = number(at, 2);
            const std::uint64_t length = number(at + 2, 2);
            std::uint64_t next = at + 4;
            for (std::uint64_t* field : {&m.size, &m.stored, &m.offset})
                if (kind == 1 && *field == in_extra && next + 8 <= at + 4 + length) {
                    *field = number(next, 8);
                    next += 8;
                }
            at += 4 + length;
        }
    }

    std::string_view bytes_;
    std::string_view file_;
    std::string_view function_;
};

void append(std::string& out, std::uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; ++i)
        out += static_cast<char>(value >> (8 * i) & 0xff);
}

/// What the entry before a member and its line in the directory have in common.
void append_entry(std::string& out, const Entry& m)
{
    append(out, 20, 2);      // needs version 2.0
    append(out, 1 << 11, 2); // names are UTF-8
    append(out, 0, 2);       // stored
    append(out, 0, 2);       // midnight
    append(out, 0x21, 2); // of the first day that zip knows, so that equal arrays give equal files
    append(out, m.crc, 4);
    append(out, m.size, 4);
    append(out, m.size, 4);
    append(out, m.name.size(), 2);
    append(out, 0, 2); // no extra field
}

} // namespace

namespace npy {

std::vector<Member>
read_archive(std::string_view bytes, std::string_view file, std::string_view function)
{
    Archive archive(bytes, file, function);
    std::vector<Member> members;
    for (const Entry& e : archive.entries())
        members.push_back({e.name, std::string(archive.content(e))});
    return members;
}

std::string
write_archive(const std::vector<Member>& members, std::string_view file, std::string_view function)
{
    std::string out;
    std::string directory;
    for (const auto& [name, bytes] : members) {
        const Entry m{name, 0, crc32(bytes), bytes.size(), bytes.size(), out.size()};
        if (out.size() + bytes.size() >= in_extra || name.size() > 0xffff ||
            members.size() >= 0xffff)
            throw user_error(Code::domain, nullptr, function,
                             "{}: 4 GiB, 65534 arrays or a name of 65535 bytes are exceeded", file);
        out += local_magic;
        append_entry(out, m);
        out += name + bytes;
        directory += central_magic;
        append(directory, 20, 2);
        append_entry(directory, m);
        append(directory, 0, 2); // no comment
        append(directory, 0, 2); // first disk
        append(directory, 0, 2); // binary
        append(directory, 0, 4); // no attributes
        append(directory, m.offset, 4);
        directory += name;
    }
    const std::size_t start = out.size();
    out += directory;
    out += end_magic;
    append(out, 0, 4); // one disk
    append(out, members.size(), 2);
    append(out, members.size(), 2);
    append(out, directory.size(), 4);
    append(out, start, 4);
    append(out, 0, 2); // no comment
    return out;
}

} // namespace npy

namespace {

using NamedArrays = std::vector<std::pair<std::string, Array>>;

NamedArrays load(std::string_view path)
{
    const std::string bytes = npy::read_file(path, "load_npz", npy::zip_magic);
    NamedArrays arrays;
    for (const npy::Member& m : npy::read_archive(bytes, path, "load_npz")) {
        const std::string where = fmt::format("{}: '{}'", path, m.name);
        std::string name = m.name;
        if (name.ends_with(".npy")) name.resize(name.size() - 4);
        arrays.emplace_back(name, npy::read(m.bytes, where, "load_npz"));
    }
    return arrays;
}

void save(std::string_view path, const NamedArrays& arrays)
{
    std::vector<npy::Member> members;
    for (const auto& [name, array] : arrays) {
        const std::string file = name + ".npy";
        if (std::ranges::any_of(members, [&](const npy::Member& m) { return m.name == file; }))
            throw user_error(Code::domain, nullptr, "save_npz", "two arrays are named '{}'", name);
        members.push_back({file, npy::write(array, "save_npz")});
    }
    npy::write_file(path, npy::write_archive(members, path, "save_npz"), "save_npz");
}

} // namespace

NamedArrays load_npz(std::string_view path, Where where)
{
    return detail::at_place(where, [&] { return load(path); });
}

void save_npz(std::string_view path, const NamedArrays& arrays, Where where)
{
    detail::at_place(where, [&] { save(path, arrays); });
}

} // namespace croton::inline v1
