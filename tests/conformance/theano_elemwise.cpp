// Evaluated cases of Theano's own tests of its ops, with gradients, and inputs that must be
// refused.
#include <croton/croton.hpp>
#include <croton/ir/ops.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <numbers>
#include <optional>
#include <vector>

#include "conformance/data.hpp"
#include "conformance/functions.hpp"
#include "conformance/json.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using namespace croton::test;

namespace {

struct Tensor {
    std::string dtype;
    ct::Array array; ///< empty for a dtype that Croton has no arrays of
};

struct Case {
    std::string op, kind, name;
    std::vector<Tensor> inputs;
    Tensor expected;
    std::vector<Tensor> gradients;
};

std::optional<ct::DType> dtype_of(const std::string& text)
{
    static const std::map<std::string, ct::DType> all{
        {"float32", ct::DType::f32}, {"float64", ct::DType::f64},  {"int8", ct::DType::i8},
        {"int16", ct::DType::i16},   {"int32", ct::DType::i32},    {"int64", ct::DType::i64},
        {"uint8", ct::DType::u8},    {"uint16", ct::DType::u16},   {"uint32", ct::DType::u32},
        {"uint64", ct::DType::u64},  {"bool", ct::DType::boolean}, {"float16", ct::DType::f16}};
    const auto found = all.find(text);
    return found == all.end() ? std::nullopt : std::optional(found->second);
}

Tensor read_tensor(const Json& json)
{
    Tensor t{child(json, "dtype").data(), {}};
    const auto dtype = dtype_of(t.dtype);
    if (!dtype) return t;
    std::vector<std::int64_t> shape;
    for (const auto& [name, extent] : child(json, "shape"))
        shape.push_back(std::stoll(extent.data()));
    t.array = ct::Array::empty(*dtype, shape);
    const bool exact = ct::is_float(*dtype);
    ct::Array wide = ct::Array::empty(exact ? ct::DType::f64 : ct::DType::i64, shape);
    std::int64_t i = 0;
    for (const auto& [name, value] : child(json, "data")) {
        if (exact)
            static_cast<double*>(wide.data())[i++] = std::strtod(value.data().c_str(), nullptr);
        else
            static_cast<std::int64_t*>(wide.data())[i++] =
                value.data() == "true" ? 1 : std::strtoll(value.data().c_str(), nullptr, 10);
    }
    t.array = wide.cast(*dtype);
    return t;
}

std::map<std::string, std::vector<Case>> read_cases(const std::filesystem::path& file)
{
    std::map<std::string, std::vector<Case>> all;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        const Json json = parse_json(line);
        Case c{child(json, "op").data(),
               child(json, "kind").data(),
               child(json, "case").data(),
               {},
               read_tensor(child(json, "expected")),
               {}};
        for (const auto& [name, input] : child(json, "inputs"))
            c.inputs.push_back(read_tensor(input));
        for (const auto& [name, gradient] : child(json, "grad_of_sum"))
            c.gradients.push_back(read_tensor(gradient));
        all[c.op].push_back(std::move(c));
    }
    return all;
}

/// A program that C++ itself refuses: a where of two operands, an array for an extent.
struct DoesNotCompile {};

/// What is a constant of the graph in Croton: Alloc's extents.
ct::Shape extents_of(std::span<const Tensor> inputs)
{
    ct::Shape shape;
    for (const Tensor& t : inputs.subspan(1)) {
        if (t.array.rank() != 0) throw DoesNotCompile{};
        shape.push_back(t.array.as_int(0));
    }
    return shape;
}

/// Theano's name where NumPy has another.
std::string numpy_name(const std::string& op)
{
    static const std::map<std::string, std::string> names{
        {"Sub", "subtract"},          {"True_div", "divide"}, {"Reciprocal", "reciprocal"},
        {"Mod", "remainder"},         {"Neg", "negative"},    {"Sqr", "square"},
        {"Roundhalftoeven", "round"}, {"Arcsin", "asin"},     {"Arccos", "acos"},
        {"Arctan", "atan"},           {"Arctan2", "atan2"},   {"Arcsinh", "asinh"},
        {"Arccosh", "acosh"},         {"Arctanh", "atanh"}};
    if (const auto found = names.find(op); found != names.end()) return found->second;
    std::string lower = op;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    return lower;
}

using Write = ct::Variable (*)(const ct::Variables& x, const Case& c);

/// Ops that a user writes with several functions, or with another number of operands.
const std::map<std::string_view, Write>& written()
{
    constexpr double degree = std::numbers::pi / 180;
    static const auto fold = [](const ct::Variables& x, auto combine) {
        ct::Variable y = x[0];
        for (std::size_t i = 1; i < x.size(); ++i)
            y = combine(y, x[i]);
        return y;
    };
    // The second operand, in the shape that both have together.
    static const auto second = [](const ct::Variables& x, const Case&) {
        return where(x[0] == x[0], x[1], x[1]);
    };
    static const auto grad_of_alloc = [](const ct::Variables& x, const Case& c) {
        const auto shape = c.expected.array.shape();
        return ct::broadcast_to(x[0], ct::Shape(shape.begin(), shape.end()));
    };
    using V = const ct::Variables&;
    using C = const Case&;
    static const std::map<std::string_view, Write> all{
        {"Add", [](V x, C) { return fold(x, [](auto a, auto b) { return a + b; }); }},
        {"Mul", [](V x, C) { return fold(x, [](auto a, auto b) { return a * b; }); }},
        {"CeilIntDiv",
         [](V x, C) {
             return floor_div(x[0], x[1]) + ct::cast(x[0] % x[1] != 0, (x[0] + x[1]).dtype());
         }},
        {"Clip", [](V x, C) { return clip(x[0], x[1], x[2]); }},
        {"BackwardsClip", [](V x, C) { return clip(x[0], x[1], x[2]); }},
        {"Switch", [](V x, C) { return where(x.at(0) != 0, x.at(1), x.at(2)); }},
        {"Deg2rad", [](V x, C) { return x[0] * degree; }},
        {"Rad2deg", [](V x, C) { return x[0] / degree; }},
        {"Sigmoid", [](V x, C) { return sigmoid(x[0]); }},
        {"Softplus", [](V x, C) { return softplus(x[0]); }},
        {"Scalar_softplus", [](V x, C) { return softplus(x[0]); }},
        {"Log1mexp", [](V x, C) { return log(1 - exp(x[0])); }},
        {"Scalar_log1mexp", [](V x, C) { return log(1 - exp(x[0])); }},
        {"DenseDot", [](V x, C) { return dot(x[0], x[1]); }},
        {"ZerosLike", [](V x, C) { return ct::zeros(x[0].dtype(), x[0].shape()); }},
        {"OnesLike", [](V x, C) { return ct::ones(x[0].dtype(), x[0].shape()); }},
        {"SecondSameRank", second},
        {"SecondBroadcast", second},
        {"Alloc", [](V x, C c) { return ct::broadcast_to(x[0], extents_of(c.inputs)); }},
        {"Alloc13Grad", grad_of_alloc},
        {"Allocb1Grad", grad_of_alloc},
        {"Allocb2Grad", grad_of_alloc},
        {"Allocb3Grad", grad_of_alloc},
        {"Allocb4Grad", grad_of_alloc},
    };
    return all;
}

std::optional<ct::Variable> write(const Case& c, const ct::Variables& x)
{
    if (const auto f = written().find(c.op); f != written().end()) {
        if (c.op == "Switch" && x.size() != 3) throw DoesNotCompile{};
        return f->second(x, c);
    }
    return apply_function(numpy_name(c.op), x);
}

bool has_arrays(const Case& c)
{
    return std::ranges::all_of(c.inputs, [](const Tensor& t) { return bool(t.array); });
}

ct::Variables inputs_of(const Case& c, bool known, std::size_t number)
{
    ct::Variables x;
    for (std::size_t k = 0; k < c.inputs.size(); ++k) {
        ct::Shape shape;
        for (const std::int64_t n : c.inputs[k].array.shape())
            shape.push_back(known || n == 1 ? ct::Extent(n) : ct::dim("n"));
        const std::string name = "x" + std::to_string(number) + "_" + std::to_string(k);
        x.push_back(ct::input(name, c.inputs[k].array.dtype(), shape));
    }
    return x;
}

std::string difference(const ct::Array& got, const Tensor& expected)
{
    const ct::Array& e = expected.array;
    if (got.extents() != e.extents()) return "another shape";
    const bool narrow = got.dtype() == ct::DType::f32 || e.dtype() == ct::DType::f32;
    const double tolerance = !ct::is_float(e.dtype()) ? 0 : narrow ? 1e-6 : 1e-10;
    for (std::int64_t i = 0; i < e.size(); ++i) {
        const double a = got.as_double(i), b = e.as_double(i);
        if (a == b || (std::isnan(a) && std::isnan(b))) continue;
        if (std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b))) continue;
        return "element " + std::to_string(i) + " is " + std::to_string(a) + ", not " +
               std::to_string(b);
    }
    return "";
}

/// All of an op's cases as one program.
class Batch {
public:
    explicit Batch(Tally& tally) : tally_(tally) {}

    void add(const Case& c, bool known)
    {
        const std::size_t before = outputs_.size();
        const ct::Variables x = inputs_of(c, known, inputs_.size());
        try {
            const auto y = write(c, x);
            if (!y) return tally_.refuse(c.op);
            outputs_.push_back(*y);
            expected_.push_back({&c, &c.expected, ""});
            if (c.gradients.empty()) return keep(c, x);
            const auto all = ct::grad(ct::sum(*y), x, {.disconnected_zero = true});
            for (std::size_t k = 0; k < c.gradients.size(); ++k) {
                outputs_.push_back(all[k]);
                expected_.push_back({&c, &c.gradients[k], "gradient " + std::to_string(k) + ": "});
            }
            keep(c, x);
        } catch (const ct::UserError& e) {
            outputs_.resize(before);
            expected_.resize(before);
            const bool declared = e.code() == ct::Code::domain || e.code() == ct::Code::dtype;
            if (declared)
                tally_.differ(c.op);
            else
                tally_.fail(c.op, c.name + ": " + std::string(e.message()));
        }
    }

    void run()
    {
        if (outputs_.empty()) return;
        const auto f =
            ct::function(inputs_, outputs_, {.name = "elementwise", .allow_unused_inputs = true});
        const ct::Results got = f.call(values_);
        for (std::size_t i = 0; i < outputs_.size(); ++i) {
            const auto& [c, expected, what] = expected_[i];
            const bool truncated =
                ct::is_float(got[i].dtype()) && !ct::is_float(expected->array.dtype());
            const std::string why = truncated ? "" : difference(got[i], *expected);
            if (why.empty() && what.empty() && got[i].dtype() != expected->array.dtype())
                tally_.differ(c->op + "(" + std::string(ct::name(got[i].dtype())) + " instead of " +
                              expected->dtype + ")");
            else if (why.empty())
                tally_.pass(c->op);
            else if (c->op == "BackwardsClip") // of bounds in the wrong order NumPy takes the upper
                tally_.differ(c->op);
            else
                tally_.fail(c->op, c->name + ": " + what + why);
        }
    }

private:
    void keep(const Case& c, const ct::Variables& x)
    {
        inputs_.insert(inputs_.end(), x.begin(), x.end());
        for (const Tensor& t : c.inputs)
            values_.emplace_back(t.array);
    }

    struct Expected {
        const Case* c;
        const Tensor* tensor;
        std::string what;
    };
    Tally& tally_;
    ct::Variables inputs_, outputs_;
    std::vector<ct::Any> values_;
    std::vector<Expected> expected_;
};

/// Refused when the expression is written, compiled or called; by name.
void check_refusal(const Case& c, bool known, Tally& tally)
{
    try {
        const ct::Variables x = inputs_of(c, known, 0);
        const auto y = write(c, x);
        if (!y) return tally.refuse(c.op);
        std::vector<ct::Any> values;
        for (const Tensor& t : c.inputs)
            values.emplace_back(t.array);
        const auto f = ct::function(
            x, *y, {.name = "refused", .reference = known, .allow_unused_inputs = true});
        const ct::Results got = f.call(values);
        // Division by zero is what IEEE says in Croton.
        if (c.op == "Reciprocal" && std::isinf(got[0].as_double(0))) return tally.differ(c.op);
        tally.fail(c.op, c.name + " is not refused");
    } catch (const ct::UserError&) {
        tally.pass(c.op);
    } catch (const DoesNotCompile&) {
        tally.pass(c.op);
    }
}

} // namespace

TEST_CASE("elementwise ops are what Theano's tests expect")
{
    const auto folder = conformance_data("theano_golden");
    if (!folder) SKIP(absent("theano_golden"));
    const auto all = read_cases(*folder / "elemwise_cases.jsonl");
    for (const bool known : {true, false}) {
        Tally tally(known ? "Theano elementwise, known extents"
                          : "Theano elementwise, symbolic extents");
        for (const auto& [op, cases] : all) {
            Batch batch(tally);
            for (const Case& c : cases) {
                if (!has_arrays(c))
                    tally.refuse(c.op + "(complex)");
                else if (c.kind.starts_with("bad"))
                    check_refusal(c, known, tally);
                else
                    batch.add(c, known);
            }
            batch.run();
        }
    }
}
