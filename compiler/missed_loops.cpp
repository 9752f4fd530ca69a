#include "missed_loops.hpp"

#include <string_view>

namespace croton::inline v1::detail {

namespace {

/// LLVM says that a loop was not vectorised, and in a remark of its own why.
constexpr std::string_view bare = "loop not vectorized";

void add_reason(std::string& reason, std::string_view message)
{
    std::string_view text = message.substr(0, message.find(" ["));
    if (text.starts_with(bare)) text.remove_prefix(bare.size());
    if (text.starts_with(": ")) text.remove_prefix(2);
    if (text.empty() || reason.find(text) != reason.npos) return;
    reason += (reason.empty() ? "" : "; ") + std::string(text);
}

} // namespace

std::vector<MissedLoop> missed_loops(const codegen::Program& program,
                                     std::span<const Remark> remarks)
{
    std::vector<MissedLoop> loops;
    for (const codegen::KernelInfo& kernel : program.kernels)
        for (int line : kernel.lane_loops) {
            MissedLoop loop{kernel.name, line, {}};
            bool missed = false;
            for (const Remark& r : remarks)
                if (r.line == line && r.message.find("vectoriz") != r.message.npos) {
                    missed = true;
                    add_reason(loop.reason, r.message);
                }
            if (missed) loops.push_back(std::move(loop));
        }
    return loops;
}

} // namespace croton::inline v1::detail
