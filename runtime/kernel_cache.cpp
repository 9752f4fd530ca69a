#include <croton/ir/format.hpp>
#include <croton/runtime/host_cpu.hpp>
#include <croton/runtime/kernel_cache.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>

#include "blake2b.hpp"
#include "compile_units.hpp"
#include "disk_cache.hpp"
#include "remark_notes.hpp"
#include "rename_symbols.hpp"

namespace croton::inline v1 {

namespace {

/// Raised when the format of entries or the meaning of keys changes.
constexpr std::string_view format_version = "croton cache 6";

void add_field(Blake2b& hash, std::string_view field)
{
    hash.add(fmt::format("{}:", field.size())); // so that no two lists of fields read the same
    hash.add(field);
}

CacheKey unit_key(const ProgramUnit& unit, const CompileOptions& options)
{
    Blake2b hash;
    add_field(hash, format_version);
    add_field(hash, jit_compiler());
    add_field(hash, options.cpu.empty() ? host_cpu_identity() : options.cpu);
    add_field(hash, options.sanitize);
    add_field(hash, fmt::format("-O{} debug {:d} remarks {:d}", options.opt_level,
                                options.debug_info, options.remarks));
    add_field(hash, unit.canonical.empty() ? unit.text : unit.canonical);
    return {hash.finish()};
}

CacheKey program_key(std::span<const CacheKey> units)
{
    Blake2b hash;
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
        report.units = static_cast<int>(units.size());
        if (ProgramLibrary in_use = find_in_memory(key, name, units, report)) {
            return in_use;
        }
        if (std::optional<DiskCache::Entry> entry = disk_.find(key, ".so")) {
            if (ProgramLibrary library = open(*entry)) {
                add_remarks(report, entry->notes, name, units);
                count(&Counts::programs_from_disk);
                return keep(key, std::move(library), std::move(entry->notes));
            }
        }
        std::string notes;
        const auto objects = objects_of(units, keys, name, options, report, notes);
        const std::vector<std::byte> program = link_shared_object(objects, &report, options);
        disk_.store(key, ".so", program, notes);
        add_remarks(report, notes, name, units);
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
                                  std::span<const ProgramUnit> units,
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
        std::map<CacheKey, std::size_t> first; // equal units are compiled once
        for (std::size_t i = 0; i < units.size(); ++i) {
            if (!first.emplace(keys[i], i).second) {
                continue;
            }
            // A program of one unit is its only user: it keeps no object beside the program.
            if (units.size() == 1 || !from_disk(units[i], keys[i], objects[i], unit_notes[i])) {
                missing.push_back(i);
            }
        }
        compile(missing, units, keys, name, options, report, objects, unit_notes);
        for (std::size_t i = 0; i < units.size(); ++i) {
            if (const std::size_t same = first.at(keys[i]); same != i) {
                objects[i] = objects[same];
                rename_symbols(objects[i], units[same].names, units[i].names);
                unit_notes[i] = unit_notes[same];
            }
            notes += as_unit(i, unit_notes[i]);
        }
        return objects;
    }

    /// The object of a unit that was compiled before, perhaps under other names.
    bool from_disk(const ProgramUnit& unit,
                   const CacheKey& key,
                   std::vector<std::byte>& object,
                   std::string& notes)
    {
        auto entry = disk_.find(key, ".o");
        if (!entry) {
            return false;
        }
        const std::vector<std::string> names = take_names(entry->notes);
        if (!rename_symbols(entry->payload, names, unit.names)) {
            count(&Counts::refused_entries);
            return false;
        }
        object = std::move(entry->payload);
        notes = std::move(entry->notes);
        count(&Counts::objects_from_disk);
        return true;
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
            unit_notes[i] = notes_of(units[i], own.missed_vectorisation);
            if (units.size() > 1) {
                disk_.store(keys[i], ".o", objects[i], line_of(units[i].names) + unit_notes[i]);
            }
            if (options.debug_info) {
                disk_.store_text(jobs[k].file, units[i].text);
            }
            report.unit_ms.resize(units.size());
            report.unit_ms[i] = own.frontend_ms + own.backend_ms;
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
    require_baseline_cpu(); // also for programs from the folder: they would end the process
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
