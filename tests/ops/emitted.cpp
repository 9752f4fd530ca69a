// Every op as emitted, compiled and run, against its reference.
#include <croton/croton.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/bind_symbols.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string_view>

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
    ct::Options options{.name = identifier(sample.name),
                        .fast_start = sample.fast_start,
                        .allow_unused_inputs = true};
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

/// How an op was called: its first operand, or the result of an op without one and of draws from a
/// key, had no axes; axes and one element; no element.
struct Forms {
    bool scalar = false;
    bool one = false;
    bool none = false;
};

void note_forms(const Sample& sample,
                const std::vector<ct::Array>& call,
                std::map<std::string_view, Forms>& forms)
{
    const ct::Substitution extents = ct::known_extents(sample.inputs, call);
    for (const ct::Apply& a : ct::applies_of(sample.outputs)) {
        // The first operand of these says nothing of what they compute.
        const bool of_result = a.inputs().empty() || a.op().name.starts_with("philox") ||
                               std::holds_alternative<ct::Switch>(a.op().lowering);
        const ct::Shape& shape = of_result ? a.output(0).shape() : a.inputs()[0].shape();
        const std::int64_t count = ct::substitute(ct::element_count(shape), extents).value();
        Forms& f = forms[a.op().name];
        f.scalar |= shape.empty();
        f.one |= !shape.empty() && count == 1;
        f.none |= count == 0;
    }
}

/// Ops whose first operand has axes, and why.
const std::map<std::string_view, std::string_view> has_no_scalar_form = {
    {"cumsum", "runs along an axis"},
    {"cumprod", "runs along an axis"},
    {"concatenate", "joins along an axis"},
    {"take_along_axis", "reads along an axis"},
    {"add_along_axis", "adds along an axis"},
    {"diagonal", "has two axes"},
    {"contract", "sums over an axis: without one dot and einsum multiply"},
    {"gather", "reads at positions of an axis"},
    {"scatter_add", "adds at positions of an axis"},
    {"scatter_set", "writes at positions of an axis"},
    {"delay", "its first axis is steps"},
    {"edge", "its first axis is steps"},
    {"squeeze", "what has no axis to lose is itself"},
    {"flip", "what has no axis to turn is itself"},
    {"slice", "what has no axis to cut is itself"},
};

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

TEST_CASE("an integer divided by a number in the text is what the reference says")
{
    // Of 8 and 16 bits all; of others the ends of the range, and what lies around them and 0.
    std::vector<std::int64_t> numbers;
    for (std::int64_t a = -40000; a <= 70000; ++a)
        numbers.push_back(a);
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t end_of_32 = std::int64_t{1} << 31;
    for (std::int64_t d = 0; d < 200; ++d)
        for (const std::int64_t a : {least + d, -(least + 1) - d, end_of_32 + d, end_of_32 - d,
                                     d - end_of_32, -d - end_of_32, 2 * end_of_32 - d})
            numbers.push_back(a);
    using enum ct::DType;
    for (const ct::DType t : {i8, i16, i32, i64, u8, u16, u32, u64}) {
        const auto x = ct::input("x", t, {ct::dim("n")});
        ct::Variables results;
        for (const std::int64_t divisor : {1, 2, 3, 7, 8, 10, 100, 127, 0, -1, -2, -7, -128}) {
            if (divisor < 0 && ct::is_unsigned(t)) continue;
            const ct::Variable d = ct::Array::scalar(divisor).cast(t);
            results.insert(results.end(), {ct::floor_div(x, d), x % d});
        }
        const auto xs = ct::Array::copy(numbers).cast(t);
        const ct::Results got = ct::function({x}, results, {.cache = false})(xs);
        const ct::Results expected = ct::function({x}, results, {.reference = true})(xs);
        for (std::size_t i = 0; i < results.size(); ++i) {
            CAPTURE(name(t), i);
            CHECK(ct::identical(got[i], expected[i]));
        }
    }
}

TEST_CASE("every op is called without axes, with one element and with none")
{
    std::map<std::string_view, Forms> forms;
    for (const auto& samples : {pointwise_samples(), structured_samples()})
        for (const Sample& s : samples)
            for (const auto& call : s.calls)
                note_forms(s, call, forms);
    for (const ct::Op* op : ct::all_ops()) {
        INFO(op->name);
        const Forms& f = forms[op->name];
        const bool is_number = op->name == "extent_value"; // it never has an axis
        CHECK(f.one != is_number);
        CHECK(f.none != is_number);
        CHECK(f.scalar != has_no_scalar_form.contains(op->name));
    }
}
