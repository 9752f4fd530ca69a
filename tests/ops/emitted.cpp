// Every op as emitted, compiled and run, against its reference.
#include <croton/croton.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <set>

#include "ops/samples.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using namespace croton::test;

namespace {

std::string identifier(std::string name)
{
    std::ranges::replace(name, ' ', '_');
    return name;
}

/// Compiles the sample, calls it, and compares each output of each call.
void compare(const Sample& sample)
{
    ct::Options options{.name = identifier(sample.name), .allow_unused_inputs = true};
    const ct::Function emitted = ct::function(sample.inputs, sample.outputs, options);
    options.reference = true;
    const ct::Function reference = ct::function(sample.inputs, sample.outputs, options);
    for (const auto& call : sample.calls) {
        const std::vector<ct::Any> arguments(call.begin(), call.end());
        const ct::Results got = emitted.call(arguments), expected = reference.call(arguments);
        for (std::size_t i = 0; i < sample.outputs.size(); ++i) {
            const std::string difference =
                first_difference(got[i], expected[i], sample.tolerances[i]);
            if (difference.empty()) continue;
            FAIL_CHECK(sample.name << ": " << sample.texts[i] << ": " << difference);
        }
    }
}

/// One failure does not hide those of other samples.
void check(const Sample& sample)
{
    try {
        compare(sample);
    } catch (const ct::Error& e) {
        FAIL_CHECK(sample.name << ": " << std::string(e.what()).substr(0, 600));
    }
}

} // namespace

TEST_CASE("emitted pointwise ops compute what their references say, in every dtype")
{
    for (const Sample& sample : pointwise_samples())
        check(sample);
}

TEST_CASE("emitted structured ops compute what their references say")
{
    for (const Sample& sample : structured_samples())
        check(sample);
}

TEST_CASE("every op is in a sample")
{
    std::set<std::string_view> used;
    const auto note = [&](const auto& self, std::span<const ct::Variable> outputs) -> void {
        for (const ct::Apply& a : ct::applies_of(outputs)) {
            used.insert(a.op().name);
            if (std::holds_alternative<ct::Scan>(a.op().lowering))
                self(self, a.params_as<ct::ScanParams>().body.outputs());
        }
    };
    for (const auto& samples : {pointwise_samples(), structured_samples()})
        for (const Sample& s : samples)
            note(note, s.outputs);
    for (const ct::Op* op : ct::all_ops()) {
        INFO(op->name);
        CHECK(used.contains(op->name));
    }
}
