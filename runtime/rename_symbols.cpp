#include "rename_symbols.hpp"

#include <cstring>
#include <elf.h>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace croton::inline v1 {

namespace {

/// An object's headers and tables, each read only where it lies inside the object.
class Object {
public:
    explicit Object(std::vector<std::byte>& bytes) : bytes_(bytes) {}

    template <class T>
    std::optional<T> read(std::uint64_t offset) const
    {
        if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return std::nullopt;
        T value;
        std::memcpy(&value, bytes_.data() + offset, sizeof(T));
        return value;
    }

    template <class T>
    void write(std::uint64_t offset, const T& value)
    {
        std::memcpy(bytes_.data() + offset, &value, sizeof(T));
    }

    std::optional<std::string_view> text(const Elf64_Shdr& table, std::uint64_t at) const
    {
        const bool inside = table.sh_offset <= bytes_.size() &&
                            table.sh_size <= bytes_.size() - table.sh_offset && at < table.sh_size;
        if (!inside) return std::nullopt;
        const std::string_view all(reinterpret_cast<const char*>(bytes_.data()) + table.sh_offset,
                                   table.sh_size);
        const std::size_t end = all.find('\0', at);
        if (end == all.npos) return std::nullopt;
        return all.substr(at, end - at);
    }

    /// Moves a table to the object's end with `more` behind it; the section's header says so.
    void extend(Elf64_Shdr table, std::uint64_t header_offset, std::string_view more)
    {
        const auto* old = reinterpret_cast<const char*>(bytes_.data()) + table.sh_offset;
        std::string all(old, table.sh_size);
        all += more;
        table.sh_offset = bytes_.size();
        table.sh_size = all.size();
        write(header_offset, table);
        const auto* begin = reinterpret_cast<const std::byte*>(all.data());
        bytes_.insert(bytes_.end(), begin, begin + all.size());
    }

private:
    std::vector<std::byte>& bytes_;
};

struct Section {
    Elf64_Shdr header;
    std::uint64_t offset; ///< of the header
};

std::optional<Section> section(const Object& object, const Elf64_Ehdr& elf, std::uint64_t index)
{
    const std::uint64_t offset = elf.e_shoff + index * sizeof(Elf64_Shdr);
    const auto header = object.read<Elf64_Shdr>(offset);
    if (index >= elf.e_shnum || !header) return std::nullopt;
    return Section{*header, offset};
}

std::optional<Section> symbol_table(const Object& object, const Elf64_Ehdr& elf)
{
    for (std::uint64_t i = 0; i < elf.e_shnum; ++i)
        if (const auto s = section(object, elf, i); s && s->header.sh_type == SHT_SYMTAB) return s;
    return std::nullopt;
}

} // namespace

bool rename_symbols(std::vector<std::byte>& object,
                    std::span<const std::string> from,
                    std::span<const std::string> to)
{
    if (from.size() != to.size()) return false;
    std::unordered_map<std::string_view, std::string_view> names; // looked up only
    for (std::size_t i = 0; i < from.size(); ++i)
        if (from[i] != to[i]) names.emplace(from[i], to[i]);
    if (names.empty()) return true;

    Object file(object);
    const auto elf = file.read<Elf64_Ehdr>(0);
    if (!elf || std::memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 || elf->e_type != ET_REL ||
        elf->e_ident[EI_CLASS] != ELFCLASS64)
        return false;
    const auto symbols = symbol_table(file, *elf);
    const auto strings = symbols ? section(file, *elf, symbols->header.sh_link) : std::nullopt;
    if (!strings) return false;

    std::string added;
    std::vector<std::pair<std::uint64_t, Elf64_Sym>> changed;
    for (std::uint64_t at = 0; at < symbols->header.sh_size; at += sizeof(Elf64_Sym)) {
        auto symbol = file.read<Elf64_Sym>(symbols->header.sh_offset + at);
        const auto name = symbol ? file.text(strings->header, symbol->st_name) : std::nullopt;
        if (!name) return false;
        const auto found = names.find(*name);
        if (found == names.end()) continue;
        symbol->st_name = static_cast<Elf64_Word>(strings->header.sh_size + added.size());
        added.append(found->second).push_back('\0');
        changed.emplace_back(symbols->header.sh_offset + at, *symbol);
    }
    for (const auto& [offset, symbol] : changed)
        file.write(offset, symbol);
    if (!added.empty()) file.extend(strings->header, strings->offset, added);
    return true;
}

} // namespace croton::inline v1
