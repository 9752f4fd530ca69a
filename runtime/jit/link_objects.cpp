#include "link_objects.hpp"

#include <lld/Common/Driver.h>
#include <llvm/Support/raw_ostream.h>

#include <cstddef>
#include <mutex>
#include <vector>

#include "memory_file.hpp"

LLD_HAS_DRIVER(elf)

// The object of memory_routines.c, built with the module.
asm(R"(
    .section .rodata
    .balign 16
    .globl croton_memory_routines
    .hidden croton_memory_routines
    .globl croton_memory_routines_end
    .hidden croton_memory_routines_end
croton_memory_routines:
    .incbin ")" CROTON_MEMORY_ROUTINES R"("
croton_memory_routines_end:
    .previous
)");
extern "C" {
extern const char croton_memory_routines[];
extern const char croton_memory_routines_end[];
}

namespace croton::jit {

namespace {

std::string_view memory_routines()
{
    return {croton_memory_routines,
            static_cast<std::size_t>(croton_memory_routines_end - croton_memory_routines)};
}

} // namespace

Linked link_objects(std::span<const std::string_view> objects, Undefined undefined)
{
    static std::mutex one_at_a_time;
    Linked linked;

    MemoryOutput output;
    std::vector<Descriptor> inputs;
    for (const std::string_view object : objects) {
        inputs.push_back(memory_file("croton object", object));
    }
    const Descriptor routines = memory_file("croton memory routines", memory_routines());

    std::vector<std::string> args = {
        "ld.lld",
        "-shared",
        "-z",
        undefined == Undefined::error ? "defs" : "undefs",
        "-z",
        "noseparate-code",
        "-z",
        "now",
        "--hash-style=gnu",
        "-O1",
        "--gc-sections",
        "-Bsymbolic",
        "--build-id=none",
        "--threads=1",
        "-o",
        output.path(),
    };
    for (const Descriptor& input : inputs) {
        args.push_back(input.path());
    }
    args.insert(args.end(), {"--start-lib", routines.path(), "--end-lib"});

    std::vector<const char*> pointers;
    for (const std::string& arg : args) {
        pointers.push_back(arg.c_str());
    }
    llvm::raw_string_ostream log(linked.log);
    const lld::DriverDef drivers[] = {{lld::Gnu, &lld::elf::link}};
    {
        const std::lock_guard lock(one_at_a_time);
        linked.ok = lld::lldMain(pointers, log, log, drivers).retCode == 0;
    }
    if (linked.ok) {
        linked.bytes = output.take();
    }
    return linked;
}

} // namespace croton::jit
