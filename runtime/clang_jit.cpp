#include <croton/ir/format.hpp>
#include <croton/runtime/clang_jit.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "compile_units.hpp"
#include "jit_module.hpp"

namespace croton::inline v1 {

namespace {

croton_jit_text text_of(std::string_view text) { return {text.data(), text.size()}; }
std::string string_of(const croton_jit_text& text)
{
    return {text.data, static_cast<std::size_t>(text.size_bytes)};
}

/// What one call of the module gave.
struct Received {
    std::vector<std::byte> bytes;
    std::vector<Remark> remarks;
    std::string log;
};

croton_jit_sink sink_into(Received& received)
{
    return {
        .size = sizeof(croton_jit_sink),
        .context = &received,
        .bytes =
            [](void* context, const void* data, std::uint64_t size_bytes) {
                auto& bytes = static_cast<Received*>(context)->bytes;
                bytes.resize(static_cast<std::size_t>(size_bytes));
                std::memcpy(bytes.data(), data, bytes.size());
            },
        .remark =
            [](void* context, croton_jit_text file, std::uint32_t line, std::uint32_t column,
               croton_jit_text message) {
                static_cast<Received*>(context)->remarks.push_back(
                    {0, string_of(file), static_cast<int>(line), static_cast<int>(column),
                     string_of(message)});
            },
        .log =
            [](void* context, croton_jit_text text) {
                static_cast<Received*>(context)->log += string_of(text);
            },
    };
}

/// "   12 | text", so that a diagnostic's line can be found.
std::string numbered(std::string_view text)
{
    std::string lines;
    for (int number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines += fmt::format("{:5} | {}\n", number, text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

} // namespace

TextError::TextError(std::string_view name, std::string_view log, std::string_view text)
    : BackendError(backend_error("jit",
                                 "{} does not compile with {}: {}\n{}",
                                 name,
                                 jit_compiler(),
                                 log,
                                 numbered(text))),
      log_(std::make_shared<const std::string>(log)),
      text_(std::make_shared<const std::string>(text))
{}

std::vector<std::byte> compile_object(std::string_view text,
                                      std::string_view name,
                                      const CompileOptions& options,
                                      CompileReport* report)
{
    const croton_jit_table& module = jit_module();
    Received received;
    const croton_jit_sink sink = sink_into(received);
    const croton_jit_unit unit = {
        .size = sizeof(croton_jit_unit),
        .opt_level = options.opt_level,
        .debug_info = options.debug_info,
        .remarks = options.remarks,
        .text = text_of(text),
        .file = text_of(name),
        .folder = text_of(options.source_folder),
        .cpu = text_of(options.cpu),
        .sanitize = text_of(options.sanitize),
    };
    croton_jit_times times = {.size = sizeof(croton_jit_times), .frontend_ms = 0, .backend_ms = 0};
    if (module.compile(&unit, &times, &sink) != 0) {
        throw TextError(name, received.log, text);
    }
    if (report) {
        append(*report, {.frontend_ms = times.frontend_ms,
                         .backend_ms = times.backend_ms,
                         .units_compiled = 1,
                         .missed_vectorisation = std::move(received.remarks),
                         .log = std::move(received.log)});
    }
    return std::move(received.bytes);
}

std::vector<std::byte> link_shared_object(std::span<const std::vector<std::byte>> objects,
                                          CompileReport* report,
                                          const CompileOptions& options)
{
    const auto start = std::chrono::steady_clock::now();
    const croton_jit_table& module = jit_module();
    std::vector<croton_jit_text> texts;
    for (const std::vector<std::byte>& object : objects) {
        texts.push_back({reinterpret_cast<const char*>(object.data()), object.size()});
    }
    Received received;
    const croton_jit_sink sink = sink_into(received);
    const auto link = options.sanitize.empty() ? module.link : module.link_instrumented;
    if (link(texts.data(), texts.size(), &sink) != 0) {
        throw backend_error("jit", "the program does not link: {}", received.log);
    }
    if (report) {
        const std::chrono::duration<double, std::milli> time =
            std::chrono::steady_clock::now() - start;
        report->link_ms += time.count();
        report->log += received.log;
    }
    return std::move(received.bytes);
}

std::vector<std::byte> compile_shared_object(std::span<const std::string> units,
                                             std::string_view name,
                                             const CompileOptions& options,
                                             CompileReport* report)
{
    if (units.empty()) {
        throw internal_error("jit", "program {} has no unit", name);
    }
    std::vector<UnitJob> jobs;
    for (const std::string& unit : units) {
        jobs.push_back({unit, unit_file(name, jobs.size(), units.size())});
    }
    std::vector<std::vector<std::byte>> objects;
    CompileReport total;
    for (CompiledUnit& unit : compile_units(jobs, options)) {
        objects.push_back(std::move(unit.object));
        append(total, std::move(unit.report));
    }
    std::vector<std::byte> program = link_shared_object(objects, &total, options);
    if (report) {
        append(*report, std::move(total));
    }
    return program;
}

} // namespace croton::inline v1
