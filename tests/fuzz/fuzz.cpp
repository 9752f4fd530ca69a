#include "fuzz/fuzz.hpp"

#include <croton/ir/error.hpp>

#include <algorithm>
#include <optional>

#include "fuzz/shrink.hpp"

namespace croton::test {

namespace {

constexpr std::uint64_t batch_size = 40;

/// One batch in eight at the optimisation that users get, one in eight with strict rules, every
/// other one with gaps around its values, one in four with updates.
JudgeOptions options_of(std::uint64_t batch)
{
    return {batch % 8 != 0, batch % 8 == 1, batch % 2 == 1, batch % 4 == 2};
}

class Batch {
public:
    Batch(std::uint64_t seed,
          std::uint64_t first,
          std::uint64_t count,
          const GenerateOptions& options,
          const Judges& judges)
        : first_(first), options_(options_of(first / batch_size)), judges_(judges)
    {
        for (std::uint64_t i = 0; i < count; ++i)
            recipes_.push_back(generate(seed, first + i, options));
    }

    void run(FuzzReport& report, std::size_t most) const
    {
        report.programs += recipes_.size();
        for (const Recipe& r : recipes_)
            report.nodes += r.nodes.size();
        std::vector<std::string> wrong(recipes_.size());
        std::optional<Error> together;
        try {
            wrong = judges_.many(recipes_, options_);
        } catch (const Error& e) {
            together = e; // some program is at fault: each by itself
        }
        const std::size_t before = report.failures.size();
        for (std::size_t i = 0; i < recipes_.size() && report.failures.size() < most; ++i) {
            if (together) wrong[i] = judges_.one(recipes_[i], options_);
            if (!wrong[i].empty()) report.failures.push_back(smallest(i, wrong[i]));
        }
        if (together && report.failures.size() == before && !is_excused(*together))
            report.batches.push_back({first_, recipes_.size(), together->what()});
    }

private:
    /// One program may be right to refuse, and others with it then.
    bool is_excused(const Error& e) const
    {
        return std::ranges::any_of(recipes_,
                                   [&](const Recipe& r) { return may_throw(r, e.code()); });
    }

    Failure smallest(std::size_t i, const std::string& why) const
    {
        Failure failure{first_ + i, why, recipes_[i]};
        failure.recipe = shrink(recipes_[i], [&](const Recipe& r) {
            const std::string now = judges_.one(r, options_);
            if (!now.empty()) failure.why = now;
            return !now.empty();
        });
        return failure;
    }

    std::uint64_t first_;
    JudgeOptions options_;
    const Judges& judges_;
    std::vector<Recipe> recipes_;
};

} // namespace

FuzzReport fuzz(std::uint64_t seed,
                std::uint64_t first,
                std::uint64_t count,
                std::size_t most,
                const GenerateOptions& options,
                const Judges& judges)
{
    FuzzReport report;
    const std::uint64_t end = first + count;
    for (std::uint64_t at = first; at < end && report.failures.size() < most;) {
        const std::uint64_t size = std::min(batch_size - at % batch_size, end - at);
        Batch(seed, at, size, options, judges).run(report, most);
        at += size;
    }
    return report;
}

} // namespace croton::test
