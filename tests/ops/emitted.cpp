// Every op as emitted, compiled and run, against its reference.
#include <croton/croton.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/ops/params.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <cstring>
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
        FAIL_CHECK(sample.name << ": " << std::string(e.message()).substr(0, 600));
    }
}

} // namespace

TEST_CASE("emitted pointwise ops compute what their references say, in every dtype")
{
    for (const Sample& sample : pointwise_samples())
        check(sample);
}

/// Loops of few elements run other copies of a kernel than long ones: the rest behind whole
/// vectors, shorter vectors for it. All give the same bits.
TEST_CASE("an element's bits do not depend on how many elements there are")
{
    for (const ct::DType t : {ct::DType::f16, ct::DType::bf16, ct::DType::f32, ct::DType::f64})
        for (const Family& family : pointwise_families())
            for (const ct::Op* op : family.ops) {
                const Sample sample = pointwise_sample({family.name, {&op, 1}}, t);
                if (sample.outputs.empty()) continue;
                const ct::Function f = ct::function(sample.inputs, sample.outputs,
                                                    {.name = identifier(std::string(op->name))});
                const auto run = [&](std::int64_t first, std::int64_t count) {
                    std::vector<ct::Any> arguments;
                    for (const ct::Array& a : sample.calls.back())
                        arguments.emplace_back(ct::Array::borrow_strided(
                            a.dtype(),
                            const_cast<char*>(static_cast<const char*>(a.data())) +
                                first * static_cast<std::int64_t>(ct::size_bytes(a.dtype())),
                            {count}, {1}));
                    return f.call(arguments);
                };
                const std::int64_t n = sample.calls.back()[0].size();
                const ct::Results all = run(0, n);
                for (std::int64_t count = 1; count < std::min<std::int64_t>(n, 40); ++count) {
                    const std::int64_t first = count * 7 % (n - count);
                    const ct::Results some = run(first, count);
                    for (std::size_t k = 0; k < sample.outputs.size(); ++k) {
                        const std::size_t size = ct::size_bytes(all[k].dtype());
                        const char* whole = static_cast<const char*>(all[k].data()) +
                                            static_cast<std::size_t>(first) * size;
                        if (std::memcmp(whole, some[k].data(),
                                        static_cast<std::size_t>(count) * size) != 0)
                            FAIL_CHECK(op->name << " " << ct::name(t) << ": " << count
                                                << " elements from " << first);
                    }
                }
            }
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
