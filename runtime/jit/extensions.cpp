// Clang asks each pass plugin that LLVM was configured with for its passes. Debian's LLVM names
// Polly there without shipping its static library, so here every such plugin has none.
#include <llvm/Config/llvm-config.h>

#if LLVM_VERSION_MAJOR >= 22
#include <llvm/Plugins/PassPlugin.h>
#else
#include <llvm/Passes/PassPlugin.h>
#endif

#define HANDLE_EXTENSION(name)                                                                     \
    llvm::PassPluginLibraryInfo get##name##PluginInfo();                                           \
    llvm::PassPluginLibraryInfo get##name##PluginInfo()                                            \
    {                                                                                              \
        return {LLVM_PLUGIN_API_VERSION, #name, "none", [](llvm::PassBuilder&) {}};                \
    }
#include <llvm/Support/Extension.def>
