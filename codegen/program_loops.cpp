#include <croton/ir/format.hpp>
#include <croton/ir/ops/control.hpp>
#include <croton/ir/ops/params.hpp>

#include <algorithm>

#include "comment_text.hpp"
#include "program_writer.hpp"

namespace croton::inline v1::codegen {

/// `array + t * n`: the slice of step t.
std::string
ProgramWriter::slice(const std::string& array, const std::string& t, const Variable& element) const
{
    return fmt::format("{} + {} * {}", array, t,
                       c_factor(element_count(element.shape()), symbols_));
}

/// A scan: its body's steps inside a loop. States alternate between two buffers, or are written
/// straight into their history.
void ProgramWriter::write_loop(const PlannedStep& step)
{
    const Apply scan = step.cluster->roots[0].value.owner();
    const auto& p = scan.params_as<ScanParams>();
    const auto states = static_cast<std::size_t>(p.states);
    const auto sequences = static_cast<std::size_t>(p.sequences);
    const auto inner = p.body.inputs();
    const Variables results = step.body->outputs;
    if (scan.location())
        body_.line("// loop over steps        {}", comment_text(to_string(*scan.location())));
    Extent offset = 0;
    const std::string base = offsets_.at(step.workspace);
    std::vector<std::string> current(states), next(states), spare(states);
    const std::vector<Extent> buffers = state_buffers(scan);
    for (std::size_t k = 0; k < states; ++k) {
        const Variable& init = scan.input(sequences + k);
        const std::string_view type = memory_type(init.dtype());
        current[k] = names_.fresh(inner[sequences + k].name(), "state");
        body_.line("const {}* {} = {};", type, current[k], place_.at(init.value()));
        place_[inner[sequences + k].value()] = current[k];
        next[k] = names_.fresh({}, "next");
        if (history(scan, k) >= 0) continue;
        spare[k] = names_.fresh({}, "spare");
        body_.line("{0}* {1} = ({0}*)(work + {2} + {3});", type, next[k], base, text(offset));
        offset = offset + aligned(buffers[k]);
        body_.line("{0}* {1} = ({0}*)(work + {2} + {3});", type, spare[k], base, text(offset));
        offset = offset + aligned(buffers[k]);
    }
    for (std::size_t k = sequences + states; k < inner.size(); ++k)
        place_[inner[k].value()] = place_.at(scan.input(k).value());
    {
        const std::string t = names_.fresh({}, "t");
        const std::string n = text(p.steps);
        const auto loop = p.reverse ? body_.block("for (i64 {0} = {1}; {0}-- > 0;)", t, n)
                                    : body_.block("for (i64 {0} = 0; {0} < {1}; ++{0})", t, n);
        ++loops_;
        write_body(step, scan, t, next, fmt::format("{} + {}", base, text(offset)));
        --loops_;
        for (std::size_t k = 0; k < states; ++k) {
            body_.line("{} = {};", current[k], next[k]);
            if (history(scan, k) >= 0) continue;
            body_.line("{} = {};", next[k], spare[k]);
            body_.line("{} = ({}*){};", spare[k], memory_type(results[k].dtype()), current[k]);
        }
    }
    for (std::size_t k = 0; k < states; ++k)
        if (const int last = scan_output(p, k); last >= 0) {
            const Variable v = scan.output(static_cast<std::size_t>(last));
            copy(place_.at(v.value()), current[k], v);
        }
}

int ProgramWriter::history(const Apply& scan, std::size_t state)
{
    const auto& p = scan.params_as<ScanParams>();
    return scan_output(p, static_cast<std::size_t>(p.states) + state);
}

void ProgramWriter::write_body(const PlannedStep& step,
                               const Apply& scan,
                               const std::string& t,
                               const std::vector<std::string>& next,
                               const std::string& base)
{
    const auto& p = scan.params_as<ScanParams>();
    const auto inner = p.body.inputs();
    const auto states = static_cast<std::size_t>(p.states);
    for (std::size_t k = 0; k < static_cast<std::size_t>(p.sequences); ++k) {
        const std::string name = names_.fresh(inner[k].name(), "x");
        body_.line("const {}* {} = {};", memory_type(inner[k].dtype()), name,
                   slice(place_.at(scan.input(k).value()), t, inner[k]));
        place_[inner[k].value()] = name;
    }
    // Where each result of the body goes; the first place of a value is where it is computed.
    const Variables& results = step.body->outputs;
    std::vector<std::string> to(results.size());
    for (std::size_t k = 0; k < results.size(); ++k) {
        const int kept = k < states ? history(scan, k) : scan_output(p, states + k);
        if (k < states && kept < 0)
            to[k] = next[k];
        else if (kept >= 0) {
            to[k] = k < states ? next[k] : names_.fresh({}, "y");
            const std::string array =
                place_.at(scan.output(static_cast<std::size_t>(kept)).value());
            body_.line("{0}* {1} = {2};", memory_type(results[k].dtype()), to[k],
                       slice(array, t, results[k]));
        }
    }
    std::vector<bool> computed(results.size(), false);
    for (std::size_t k = 0; k < results.size(); ++k) {
        if (to[k].empty() || !results[k].owner()) continue;
        const bool first =
            std::none_of(results.begin(), results.begin() + static_cast<std::ptrdiff_t>(k),
                         [&](const Variable& v) { return same(v, results[k]); });
        if (!first && place_.contains(results[k].value())) continue;
        place_[results[k].value()] = to[k];
        computed[k] = true;
    }
    std::vector<std::string> offsets = inner_offsets(*step.body, base);
    for (std::size_t i = 0; i < step.body->lifetimes.size(); ++i)
        if (const Lifetime& l = step.body->lifetimes[i]; !l.value.is_empty())
            pointer(body_, l.value, "v", in_workspace(offsets[i]), true);
    place_shared(*step.body);
    const std::vector<std::string> outer = std::exchange(offsets_, std::move(offsets));
    write_each_step(*step.body, 0);
    offsets_ = outer;
    for (std::size_t k = 0; k < results.size(); ++k)
        if (!to[k].empty() && !computed[k]) copy(to[k], place_.at(results[k].value()), results[k]);
}

std::vector<std::string> ProgramWriter::inner_offsets(const GraphPlan& plan,
                                                      const std::string& base)
{
    std::vector<std::string> offsets;
    for (std::size_t i = 0; i < plan.lifetimes.size(); ++i)
        offsets.push_back(fmt::format("{} + {}", base, text(offset_of(plan.memory, i))));
    return offsets;
}

} // namespace croton::inline v1::codegen
