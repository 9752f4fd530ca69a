#include <croton/ir/format.hpp>
#include <croton/runtime/clang_jit.hpp>
#include <croton/runtime/thread_pool.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <exception>
#include <optional>
#include <thread>

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
                    {string_of(file), static_cast<int>(line), static_cast<int>(column),
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

void append(CompileReport& to, CompileReport&& from)
{
    to.frontend_ms += from.frontend_ms;
    to.backend_ms += from.backend_ms;
    to.link_ms += from.link_ms;
    std::move(from.missed_vectorisation.begin(), from.missed_vectorisation.end(),
              std::back_inserter(to.missed_vectorisation));
    to.log += from.log;
}

struct UnitResult {
    std::vector<std::byte> object;
    CompileReport report;
    std::exception_ptr error;
};

std::string unit_name(std::string_view name, std::size_t unit, std::size_t units)
{
    return units == 1 ? fmt::format("{}.cpp", name) : fmt::format("{}_{}.cpp", name, unit);
}

/// Compiles all units on up to `threads` threads; the first unit's error is thrown, whichever
/// thread met one first, so that the same program fails with the same text.
std::vector<UnitResult> compile_units(std::span<const std::string> units,
                                      std::string_view name,
                                      const CompileOptions& options)
{
    std::vector<UnitResult> results(units.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t i = next++; i < units.size(); i = next++) {
            try {
                results[i].object = compile_object(units[i], unit_name(name, i, units.size()),
                                                   options, &results[i].report);
            } catch (...) {
                results[i].error = std::current_exception();
            }
        }
    };
    const int threads = options.threads > 0 ? options.threads : available_cpus();
    const std::size_t helpers = std::min(static_cast<std::size_t>(threads), units.size()) - 1;
    {
        std::vector<std::jthread> others;
        for (std::size_t i = 0; i < helpers; ++i) {
            others.emplace_back(work);
        }
        work();
    }
    for (const UnitResult& result : results) {
        if (result.error) {
            std::rethrow_exception(result.error);
        }
    }
    return results;
}

} // namespace

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
    };
    croton_jit_times times = {.size = sizeof(croton_jit_times), .frontend_ms = 0, .backend_ms = 0};
    if (module.compile(&unit, &times, &sink) != 0) {
        throw backend_error("jit", "{} does not compile with {}: {}\n{}", name, jit_compiler(),
                            received.log, numbered(text));
    }
    if (report) {
        append(*report, {.frontend_ms = times.frontend_ms,
                         .backend_ms = times.backend_ms,
                         .link_ms = 0,
                         .missed_vectorisation = std::move(received.remarks),
                         .log = std::move(received.log)});
    }
    return std::move(received.bytes);
}

std::vector<std::byte> link_shared_object(std::span<const std::vector<std::byte>> objects,
                                          CompileReport* report)
{
    const auto start = std::chrono::steady_clock::now();
    const croton_jit_table& module = jit_module();
    std::vector<croton_jit_text> texts;
    for (const std::vector<std::byte>& object : objects) {
        texts.push_back({reinterpret_cast<const char*>(object.data()), object.size()});
    }
    Received received;
    const croton_jit_sink sink = sink_into(received);
    if (module.link(texts.data(), texts.size(), &sink) != 0) {
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
    std::vector<UnitResult> results = compile_units(units, name, options);
    std::vector<std::vector<std::byte>> objects;
    CompileReport total;
    for (UnitResult& result : results) {
        objects.push_back(std::move(result.object));
        append(total, std::move(result.report));
    }
    std::vector<std::byte> program = link_shared_object(objects, &total);
    if (report) {
        append(*report, std::move(total));
    }
    return program;
}

} // namespace croton::inline v1
