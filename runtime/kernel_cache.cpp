#include <croton/ir/format.hpp>
#include <croton/runtime/host_cpu.hpp>
#include <croton/runtime/kernel_cache.hpp>

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <optional>

#include "compile_units.hpp"
#include "disk_cache.hpp"
#include "sha256.hpp"

namespace croton::inline v1 {

namespace {

/// Raised when the format of entries or the meaning of keys changes.
constexpr std::string_view format_version = "croton cache 1";

void add_field(Sha256& hash, std::string_view field)
{
    hash.add(fmt::format("{}:", field.size())); // so that no two lists of fields read the same
    hash.add(field);
}

CacheKey unit_key(const ProgramUnit& unit, const CompileOptions& options)
{
    Sha256 hash;
    add_field(hash, format_version);
    add_field(hash, jit_compiler());
    add_field(hash, options.cpu.empty() ? host_cpu_identity() : options.cpu);
    add_field(hash, fmt::format("-O{} debug {:d} remarks {:d}", options.opt_level,
                                options.debug_info, options.remarks));
    add_field(hash, unit.canonical.empty() ? unit.text : unit.canonical);
    return {hash.finish()};
}

CacheKey program_key(std::span<const CacheKey> units)
{
    Sha256 hash;
    add_field(hash, format_version);
    for (const CacheKey& unit : units) {
        add_field(hash, {reinterpret_cast<const char*>(unit.digest.data()), unit.digest.size()});
    }
    return {hash.finish()};
}

/// A file name that a shell or a debugger takes as one word.
std::string plain_name(std::string_view name)
{
    std::string plain(name.substr(0, 64));
    for (char& c : plain) {
        const bool keep = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '_' || c == '-';
        c = keep ? c : '_';
    }
    return plain;
}

/// Remarks as an entry's notes, one a line: unit, line, column, message.
std::string notes_of(std::size_t unit, const std::vector<Remark>& remarks)
{
    std::string notes;
    for (const Remark& remark : remarks) {
        std::string message = remark.message;
        std::replace(message.begin(), message.end(), '\n', ' ');
        notes += fmt::format("{} {} {} {}\n", unit, remark.line, remark.column, message);
    }
    return notes;
}

template <class Integer>
bool take_number(std::string_view& text, Integer& number)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end == text.data() + text.size() || *end != ' ') {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(end + 1 - text.data()));
    return true;
}

/// Adds the remarks in `notes`, which name the files of this program's units.
void add_remarks(CompileReport& report,
                 std::string_view notes,
                 std::string_view program,
                 std::size_t units)
{
    while (!notes.empty()) {
        const std::size_t end = std::min(notes.find('\n'), notes.size());
        std::string_view line = notes.substr(0, end);
        notes.remove_prefix(std::min(end + 1, notes.size()));
        std::size_t unit = 0;
        Remark remark;
        if (take_number(line, unit) && take_number(line, remark.line) &&
            take_number(line, remark.column)) {
            remark.file = unit_file(program, unit, units);
            remark.message = line;
            report.missed_vectorisation.push_back(std::move(remark));
        }
    }
}

/// The notes of a unit's own entry, which calls itself unit 0, as those of unit `unit`.
std::string renumber(std::string_view notes, std::size_t unit)
{
    std::string renumbered;
    while (!notes.empty()) {
        const std::size_t end = std::min(notes.find('\n'), notes.size());
        const std::string_view line = notes.substr(0, end);
        notes.remove_prefix(std::min(end + 1, notes.size()));
        renumbered +=
            fmt::format("{}{}\n", unit, line.substr(std::min(line.find(' '), line.size())));
    }
    return renumbered;
}

} // namespace

std::string CacheKey::hex() const
{
    std::string text;
    for (const std::uint8_t byte : digest) {
        text += fmt::format("{:02x}", byte);
    }
    return text;
}

class KernelCache::State {
public:
    explicit State(Settings settings) : disk_(std::move(settings.folder), settings.limit_bytes) {}

    ProgramLibrary load(std::span<const ProgramUnit> units,
                        std::string_view name,
                        const CompileOptions& options,
                        CompileReport& report)
    {
        std::vector<CacheKey> keys;
        for (const ProgramUnit& unit : units) {
            keys.push_back(unit_key(unit, options));
        }
        const CacheKey key = program_key(keys);
        if (ProgramLibrary in_use = find_in_memory(key, name, units.size(), report)) {
            return in_use;
        }
        if (std::optional<DiskCache::Entry> entry = disk_.find(key, ".so")) {
            if (ProgramLibrary library = open(*entry)) {
                add_remarks(report, entry->notes, name, units.size());
                count(&Counts::programs_from_disk);
                return keep(key, std::move(library), std::move(entry->notes));
            }
        }
        std::string notes;
        const auto objects = objects_of(units, keys, name, options, report, notes);
        const std::vector<std::byte> program = link_shared_object(objects, &report);
        disk_.store(key, ".so", program, notes);
        add_remarks(report, notes, name, units.size());
        count(&Counts::programs_linked);
        return keep(key, open_stored(key, program), std::move(notes));
    }

    Counts counts() const
    {
        const std::lock_guard lock(mutex_);
        Counts all = counts_;
        all.refused_entries += disk_.refused_entries();
        return all;
    }

    std::string status() const { return disk_.status(); }

private:
    struct InUse {
        std::weak_ptr<void> program;
        std::string notes;
    };

    ProgramLibrary find_in_memory(const CacheKey& key,
                                  std::string_view name,
                                  std::size_t units,
                                  CompileReport& report)
    {
        const std::lock_guard lock(mutex_);
        const auto found = in_use_.find(key);
        if (found == in_use_.end()) {
            return {};
        }
        ProgramLibrary library = ProgramLibrary::watched(found->second.program);
        if (library) {
            ++counts_.programs_in_memory;
            add_remarks(report, found->second.notes, name, units);
        }
        return library;
    }

    /// Makes `library` the program of this key, unless another thread was first: then that one is.
    ProgramLibrary keep(const CacheKey& key, ProgramLibrary library, std::string notes)
    {
        const std::lock_guard lock(mutex_);
        InUse& slot = in_use_[key];
        if (ProgramLibrary first = ProgramLibrary::watched(slot.program)) {
            return first;
        }
        slot = {library.watch(), std::move(notes)};
        if (in_use_.size() > 2 * alive_at_last_sweep_ + 64) {
            std::erase_if(in_use_,
                          [](const auto& entry) { return entry.second.program.expired(); });
            alive_at_last_sweep_ = in_use_.size();
        }
        return library;
    }

    /// Opens an entry that was found whole. Nothing is open if the loader refuses it.
    ProgramLibrary open(const DiskCache::Entry& entry)
    {
        if (disk_.can_execute()) {
            try {
                return ProgramLibrary::open_file(entry.path);
            } catch (const BackendError&) {
                // Evicted since it was read, or its file system forbids mapping: from memory then.
            }
        }
        try {
            return ProgramLibrary::open_bytes(entry.payload);
        } catch (const BackendError&) {
            count(&Counts::refused_entries);
            return {}; // written by another system's linker: compiled again and replaced
        }
    }

    /// Opens a program just linked: from its entry, which debuggers and profilers can read, if it
    /// could be stored; else from memory, and there an error is the caller's.
    ProgramLibrary open_stored(const CacheKey& key, std::span<const std::byte> program)
    {
        if (disk_.can_execute()) {
            if (const auto entry = disk_.find(key, ".so")) {
                if (ProgramLibrary library = open(*entry)) {
                    return library;
                }
            }
        }
        return ProgramLibrary::open_bytes(program);
    }

    std::vector<std::vector<std::byte>> objects_of(std::span<const ProgramUnit> units,
                                                   std::span<const CacheKey> keys,
                                                   std::string_view name,
                                                   const CompileOptions& options,
                                                   CompileReport& report,
                                                   std::string& notes)
    {
        std::vector<std::vector<std::byte>> objects(units.size());
        std::vector<std::string> unit_notes(units.size());
        std::vector<std::size_t> missing;
        for (std::size_t i = 0; i < units.size(); ++i) {
            // A program of one unit is its only user: it keeps no object beside the program.
            auto entry = units.size() > 1 ? disk_.find(keys[i], ".o") : std::nullopt;
            if (entry) {
                objects[i] = std::move(entry->payload);
                unit_notes[i] = renumber(entry->notes, i);
                count(&Counts::objects_from_disk);
            } else {
                missing.push_back(i);
            }
        }
        compile(missing, units, keys, name, options, report, objects, unit_notes);
        for (const std::string& one : unit_notes) {
            notes += one;
        }
        return objects;
    }

    void compile(std::span<const std::size_t> missing,
                 std::span<const ProgramUnit> units,
                 std::span<const CacheKey> keys,
                 std::string_view name,
                 const CompileOptions& options,
                 CompileReport& report,
                 std::vector<std::vector<std::byte>>& objects,
                 std::vector<std::string>& unit_notes)
    {
        CompileOptions with_folder = options;
        if (with_folder.source_folder.empty()) {
            with_folder.source_folder = disk_.folder();
        }
        std::vector<UnitJob> jobs;
        for (const std::size_t i : missing) {
            jobs.push_back({units[i].text, fmt::format("{}-{}.cpp", plain_name(name),
                                                       keys[i].hex().substr(0, 16))});
        }
        std::vector<CompiledUnit> compiled = compile_units(jobs, with_folder);
        for (std::size_t k = 0; k < missing.size(); ++k) {
            const std::size_t i = missing[k];
            CompileReport& own = compiled[k].report;
            objects[i] = std::move(compiled[k].object);
            unit_notes[i] = notes_of(i, own.missed_vectorisation);
            if (units.size() > 1) {
                disk_.store(keys[i], ".o", objects[i], notes_of(0, own.missed_vectorisation));
            }
            if (options.debug_info) {
                disk_.store_text(jobs[k].file, units[i].text);
            }
            own.missed_vectorisation.clear(); // they come back with the program's notes
            append(report, std::move(own));
            count(&Counts::objects_compiled);
        }
    }

    void count(std::uint64_t Counts::* counter)
    {
        const std::lock_guard lock(mutex_);
        ++(counts_.*counter);
    }

    DiskCache disk_;
    mutable std::mutex mutex_;
    std::map<CacheKey, InUse> in_use_; // guarded by mutex_, as all below
    std::size_t alive_at_last_sweep_ = 0;
    Counts counts_;
};

KernelCache::KernelCache(Settings settings) : state_(std::make_unique<State>(std::move(settings)))
{}

KernelCache::~KernelCache() = default;

ProgramLibrary KernelCache::load(std::span<const ProgramUnit> units,
                                 std::string_view name,
                                 const CompileOptions& options,
                                 CompileReport* report)
{
    if (units.empty()) {
        throw internal_error("jit", "program {} has no unit", name);
    }
    CompileReport own;
    ProgramLibrary library = state_->load(units, name, options, own);
    if (report) {
        append(*report, std::move(own));
    }
    return library;
}

KernelCache::Counts KernelCache::counts() const { return state_->counts(); }

std::string KernelCache::status() const { return state_->status(); }

} // namespace croton::inline v1
