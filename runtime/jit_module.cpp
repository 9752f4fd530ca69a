#include "jit_module.hpp"

#include <croton/ir/format.hpp>
#include <croton/runtime/clang_jit.hpp>

#include <atomic>
#include <cstddef>
#include <dlfcn.h>
#include <filesystem>
#include <link.h>
#include <memory>
#include <mutex>
#include <system_error>

namespace croton::inline v1 {

namespace {

namespace fs = std::filesystem;

struct State {
    std::mutex mutex;
    std::vector<std::string> added_folders;
    std::string only_folder;
    std::atomic<const croton_jit_table*> table = nullptr;
};

State& state()
{
    static State* const only = new State; // never destroyed: a thread may still be opening at exit
    return *only;
}

/// The folder of the program or shared library that this function was linked into.
fs::path own_folder()
{
    std::error_code none;
    Dl_info info = {};
    if (::dladdr(reinterpret_cast<const void*>(&own_folder), &info) != 0 && info.dli_fname) {
        const fs::path path = fs::canonical(info.dli_fname, none);
        if (!none) {
            return path.parent_path();
        }
    }
    // A program started by a bare name found in PATH is known to the loader by that name only.
    return fs::read_symlink("/proc/self/exe", none).parent_path();
}

/// Where the loader looks for the program's libraries: its run path first, then the system's
/// folders.
std::vector<std::string> loader_folders()
{
    const std::unique_ptr<void, int (*)(void*)> program(::dlopen(nullptr, RTLD_LAZY), ::dlclose);
    Dl_serinfo size = {};
    if (!program || ::dlinfo(program.get(), RTLD_DI_SERINFOSIZE, &size) != 0) {
        return {};
    }
    std::vector<std::max_align_t> memory(size.dls_size / sizeof(std::max_align_t) + 1);
    auto* const info = reinterpret_cast<Dl_serinfo*>(memory.data());
    *info = size;
    if (::dlinfo(program.get(), RTLD_DI_SERINFO, info) != 0) {
        return {};
    }
    std::vector<std::string> folders;
    for (unsigned i = 0; i < info->dls_cnt; ++i) {
        folders.emplace_back(info->dls_serpath[i].dls_name);
    }
    return folders;
}

void add_unless_listed(std::vector<std::string>& folders, const fs::path& folder)
{
    const std::string text = folder.lexically_normal().string();
    for (const std::string& have : folders) {
        if (have == text) {
            return;
        }
    }
    folders.push_back(text);
}

std::vector<std::string> folders_of(const State& s)
{
    if (!s.only_folder.empty()) {
        return {s.only_folder};
    }
    std::vector<std::string> folders;
    for (const std::string& folder : s.added_folders) {
        add_unless_listed(folders, folder);
    }
    const fs::path own = own_folder();
    add_unless_listed(folders, own);
    add_unless_listed(folders, own / "croton");
    add_unless_listed(folders, own.parent_path() / "lib" / "croton");
    for (const std::string& folder : loader_folders()) {
        add_unless_listed(folders, folder);
    }
    add_unless_listed(folders, CROTON_JIT_INSTALL_FOLDER);
    return folders;
}

/// Null with a reason in `why` if the file isn't this library's module.
const croton_jit_table* open_module(const fs::path& path, std::string& why)
{
    // RTLD_LOCAL keeps LLVM's names out of the way of another LLVM in this process; the other one
    // does not reach ours either, as LLVM's symbols carry its version.
    void* const handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        why = ::dlerror();
        return nullptr;
    }
    const auto entry = reinterpret_cast<croton_jit_entry>(::dlsym(handle, CROTON_JIT_ENTRY));
    const croton_jit_table* const table = entry ? entry() : nullptr;
    if (!table) {
        why = fmt::format("it has no {}", CROTON_JIT_ENTRY);
    } else if (table->version != CROTON_JIT_ABI_VERSION || table->size < sizeof(croton_jit_table)) {
        why = fmt::format("its interface is version {}, not {}", table->version,
                          CROTON_JIT_ABI_VERSION);
    } else if (table->compiler != jit_compiler()) {
        why = fmt::format("it holds {}, not {}", table->compiler, jit_compiler());
    } else {
        return table;
    }
    ::dlclose(handle);
    return nullptr;
}

const croton_jit_table& find_module(const State& s)
{
    std::string tried;
    for (const std::string& folder : folders_of(s)) {
        const fs::path path = fs::path(folder) / "croton_jit.so";
        std::error_code none;
        if (!fs::exists(path, none)) {
            tried += fmt::format("\n  {}: no such file", path.string());
            continue;
        }
        std::string why;
        if (const croton_jit_table* const table = open_module(path, why)) {
            return *table;
        }
        tried += fmt::format("\n  {}: {}", path.string(), why);
    }
    if (!s.only_folder.empty()) {
        throw backend_error(
            "jit",
            "the compiler module can't be opened in '{}', the only folder that is "
            "searched, as use_jit_folder() or CROTON_JIT in the environment says:{}",
            s.only_folder, tried);
    }
    throw backend_error("jit",
                        "the compiler module croton_jit.so can't be opened; CROTON_JIT in the "
                        "environment names its folder; tried:{}",
                        tried);
}

} // namespace

const croton_jit_table& jit_module()
{
    State& s = state();
    if (const croton_jit_table* const table = s.table.load(std::memory_order_acquire)) {
        return *table;
    }
    const std::lock_guard lock(s.mutex);
    if (!s.table.load(std::memory_order_relaxed)) {
        s.table.store(&find_module(s), std::memory_order_release);
    }
    return *s.table.load(std::memory_order_relaxed);
}

bool jit_is_open() noexcept { return state().table.load(std::memory_order_acquire) != nullptr; }

std::string_view jit_compiler() noexcept { return CROTON_JIT_COMPILER; }

std::vector<std::string> jit_folders()
{
    const std::lock_guard lock(state().mutex);
    return folders_of(state());
}

void add_jit_folder(std::string folder)
{
    const std::lock_guard lock(state().mutex);
    auto& added = state().added_folders;
    added.insert(added.begin(), std::move(folder));
}

void use_jit_folder(std::string folder)
{
    const std::lock_guard lock(state().mutex);
    state().only_folder = std::move(folder);
}

} // namespace croton::inline v1
