#include "compile_units.hpp"

#include <croton/ir/format.hpp>
#include <croton/runtime/thread_pool.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <iterator>
#include <numeric>
#include <system_error>
#include <thread>
#include <utility>

namespace croton::inline v1 {

std::string unit_file(std::string_view program, std::size_t unit, std::size_t units)
{
    return units == 1 ? fmt::format("{}.cpp", program) : fmt::format("{}_{}.cpp", program, unit);
}

std::vector<CompiledUnit> compile_units(std::span<const UnitJob> jobs,
                                        const CompileOptions& options)
{
    std::vector<CompiledUnit> results(jobs.size());
    std::vector<std::exception_ptr> errors(jobs.size());
    // The longest first, so that no thread is left with one at the end.
    std::vector<std::size_t> order(jobs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, std::greater(),
                      [&](std::size_t i) { return std::pair(jobs[i].text.size(), i); });
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t at = next++; at < jobs.size(); at = next++) {
            const std::size_t i = order[at];
            try {
                results[i].object =
                    compile_object(jobs[i].text, jobs[i].file, options, &results[i].report);
            } catch (...) {
                errors[i] = std::current_exception();
            }
        }
    };
    // Threads of its own and not the pool's: a compilation takes as long as thousands of regions,
    // and functions that run meanwhile keep their workers.
    const int threads = options.threads > 0 ? options.threads : available_cpus();
    {
        std::vector<std::jthread> others;
        try {
            for (std::size_t i = 1; i < std::min(static_cast<std::size_t>(threads), jobs.size());
                 ++i) {
                others.emplace_back(work);
            }
        } catch (const std::system_error&) {
            // No more threads: those there are, this one at least, do the work.
        }
        work();
    }
    for (const std::exception_ptr& error : errors) {
        if (error) {
            std::rethrow_exception(error);
        }
    }
    return results;
}

void append(CompileReport& to, CompileReport&& from)
{
    to.frontend_ms += from.frontend_ms;
    to.backend_ms += from.backend_ms;
    to.link_ms += from.link_ms;
    if (!from.unit_ms.empty()) to.unit_ms = std::move(from.unit_ms);
    to.units += from.units;
    to.units_compiled += from.units_compiled;
    std::move(from.missed_vectorisation.begin(), from.missed_vectorisation.end(),
              std::back_inserter(to.missed_vectorisation));
    to.log += from.log;
}

} // namespace croton::inline v1
