#include "report.hpp"

#include <croton/ir/bind_symbols.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/print.hpp>

#include <algorithm>
#include <map>

#include "compile_cache.hpp"
#include "missed_loops.hpp"

namespace croton::inline v1::detail {

namespace {

std::string computes(const codegen::KernelInfo& kernel)
{
    std::vector<std::string> ops, places;
    for (const Apply& a : kernel.applies) {
        ops.emplace_back(op_word(a));
        if (!a.location()) continue;
        std::string place = to_string(*a.location());
        if (std::ranges::find(places, place) == places.end()) places.push_back(std::move(place));
    }
    return fmt::format("{}  {}", fmt::join(ops, ", "), fmt::join(places, ", "));
}

/// The symbols' values in the latest measured call.
class LatestCall {
public:
    explicit LatestCall(const FunctionData& f)
    {
        const std::vector<std::int64_t> extents = f.profile.extents();
        known_ = !extents.empty() || f.extent_count == 0;
        if (known_) symbols_ = solve(f.program.bindings, extents);
    }
    /// Whether a call has left its extents: not if none could without waiting.
    bool known() const { return known_; }
    double operator()(const Extent& e) const
    {
        return static_cast<double>(std::max<std::int64_t>(0, evaluate(e, symbols_)));
    }

private:
    bool known_;
    SymbolValues symbols_;
};

std::string compiling(const FunctionData& f, std::size_t kernel)
{
    const std::size_t unit = f.unit_of_kernel.empty() ? 0 : f.unit_of_kernel[kernel];
    const auto before = f.unit_of_kernel.begin() + static_cast<std::ptrdiff_t>(kernel);
    if (!f.unit_of_kernel.empty() && std::find(f.unit_of_kernel.begin(), before, unit) != before)
        return fmt::format("unit {}", unit); // which stands at its first kernel
    const auto& times = f.compile.unit_ms;
    const double ms = unit < times.size() ? times[unit] : 0;
    return ms > 0 ? fmt::format("unit {}, {:.1f} ms", unit, ms)
                  : fmt::format("unit {}, not compiled again", unit);
}

} // namespace

std::vector<KernelRow> kernel_rows(const FunctionData& f)
{
    const LatestCall latest(f);
    std::vector<KernelRow> rows;
    for (std::size_t i = 0; i < f.program.kernels.size(); ++i) {
        const codegen::KernelInfo& k = f.program.kernels[i];
        KernelRow row{k.name,
                      std::string(codegen::name(k.kind)),
                      computes(k),
                      fmt::format("{}, {}", counted(to_string(k.flops), "flop"),
                                  counted(to_string(k.bytes), "byte")),
                      compiling(f, i),
                      k.note,
                      {},
                      0};
        const Profile::Time time = f.profile.of(i);
        if (time.calls > 0 && latest.known()) {
            const double ns = time.nanoseconds / static_cast<double>(time.calls);
            row.microseconds = ns / 1000;
            row.measured =
                fmt::format("{:.2f} us a call of {}, {:.2f} GF/s, {:.2f} GB/s", row.microseconds,
                            time.calls, latest(k.flops) / ns, latest(k.bytes) / ns);
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<std::string> missed_loops(const FunctionData& f)
{
    if (!f.sanitize.empty()) return {fmt::format("all: {} sanitizer", f.sanitize)};
    std::vector<std::string> lines;
    for (const MissedLoop& l : missed_loops(f.program, f.compile.missed_vectorisation))
        lines.push_back(fmt::format("{} line {}: {}", l.kernel, l.line,
                                    l.reason.empty() ? "no reason given" : l.reason));
    return lines;
}

std::string compile_times(const FunctionData& f)
{
    return fmt::format("{:.1f} ms building, {:.1f} ms until callable (front end {:.1f}, back end "
                       "{:.1f}, link {:.1f}); {} of {} units compiled",
                       f.build_ms, f.compile_ms, f.compile.frontend_ms, f.compile.backend_ms,
                       f.compile.link_ms, f.compile.units_compiled, f.compile.units);
}

std::string cache_text(const FunctionData& f)
{
    return f.options.cache ? kernel_cache(true).status() : "not kept: Options::cache";
}

} // namespace croton::inline v1::detail
