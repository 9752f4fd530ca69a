// A leading axis changes nothing: every op applied to a batch gives the bits of the op applied to
// each member, whatever its lowering makes of one more loop.
#include <croton/croton.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/batch.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/traverse.hpp>

#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "ops/delay.hpp"
#include "ops/samples.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using namespace croton::test;
using ct::Axis;
using ct::Variable;

namespace {

constexpr std::int64_t members = 3;

/// Expressions of the same inputs, written so that they mean the same under further leading axes.
struct Batch {
    ct::Shape lead; ///< of the inputs: none, or the batch's
    ct::Variables inputs;
    ct::Variables outputs;
    std::vector<std::string> texts;

    Variable input(const std::string& name, ct::DType t, const ct::Shape& shape)
    {
        inputs.push_back(ct::input(name, t, with_lead(shape)));
        return inputs.back();
    }
    ct::Shape with_lead(const ct::Shape& shape) const
    {
        ct::Shape all = lead;
        all.insert(all.end(), shape.begin(), shape.end());
        return all;
    }
    void add(std::string text, const Variable& v)
    {
        texts.push_back(std::move(text));
        outputs.push_back(v);
    }
};

using Write = std::function<void(Batch&)>;

/// Floats in [0.5, 1.5), integers in 0 .. 2, and bools.
ct::Array draw(ct::DType t, const std::vector<std::int64_t>& shape, std::uint64_t key)
{
    const ct::Array u = ct::Array::uniform(key, shape, ct::DType::f64, 0, 1);
    ct::Array y = ct::Array::zeros(ct::DType::f64, shape);
    for (std::int64_t i = 0; i < y.size(); ++i) {
        const double x = u.as_double(i);
        static_cast<double*>(y.data())[i] = ct::is_float(t)           ? x + 0.5
                                            : t == ct::DType::boolean ? (x < 0.5 ? 0 : 1)
                                                                      : std::floor(3 * x);
    }
    return y.cast(t);
}

/// Member `k` of an array's first axis.
ct::Array member(const ct::Array& a, std::int64_t k)
{
    std::vector<std::int64_t> shape = a.extents();
    shape.erase(shape.begin());
    ct::Array part = ct::Array::zeros(a.dtype(), shape);
    const auto bytes = static_cast<std::size_t>(part.size()) * ct::size_bytes(a.dtype());
    std::memcpy(part.data(),
                static_cast<const char*>(a.data()) + static_cast<std::size_t>(k) * bytes, bytes);
    return part;
}

std::vector<std::int64_t> extents_of(const Variable& v)
{
    std::vector<std::int64_t> extents;
    for (const ct::Extent& e : v.shape())
        extents.push_back(e.is_known() ? e.value() : members);
    return extents;
}

/// Whether each member has its own of an input.
bool is_own(std::size_t input, std::uint64_t shared) { return (shared >> input & 1) == 0; }

/// Compiles functions of a batch, whose inputs are the batch's but for the `shared` ones (a bit for
/// each), and the one of a member, and compares every bit of each member's results.
void compare_outputs(const std::string& name,
                     const Batch& batch,
                     const ct::Variables& outputs,
                     const Batch& one,
                     std::uint64_t shared)
{
    const ct::Options options{.name = name, .fast_start = true, .allow_unused_inputs = true};
    ct::Variables inputs;
    std::vector<ct::Array> arrays;
    for (std::size_t i = 0; i < one.inputs.size(); ++i) {
        inputs.push_back(is_own(i, shared) ? batch.inputs[i] : one.inputs[i]);
        arrays.push_back(draw(inputs[i].dtype(), extents_of(inputs[i]), i + 1));
    }
    const ct::Results all = ct::function(inputs, outputs, options)
                                .call(std::vector<ct::Any>(arrays.begin(), arrays.end()));
    const ct::Function single = ct::function(one.inputs, one.outputs, options);
    for (std::int64_t k = 0; k < members; ++k) {
        std::vector<ct::Any> parts;
        for (std::size_t i = 0; i < arrays.size(); ++i)
            parts.emplace_back(is_own(i, shared) ? member(arrays[i], k) : arrays[i]);
        const ct::Results expected = single.call(parts);
        for (std::size_t i = 0; i < one.outputs.size(); ++i) {
            const std::string difference =
                first_difference(member(all[i], k), expected[i], Tolerance{});
            if (!difference.empty())
                FAIL_CHECK(name << ", member " << k << ": " << one.texts[i] << ": " << difference);
        }
    }
}

/// The expressions written for a batch; what batch() makes of those of a member, where all inputs
/// are the batch's, and where every other one is.
void compare(const std::string& name, const Write& write, bool known, std::set<std::string>& used)
{
    Batch batch, one;
    const ct::Extent count = known ? ct::Extent(members) : ct::dim("b");
    batch.lead = {count};
    write(batch);
    write(one);
    for (const ct::Apply& a : ct::applies_of(batch.outputs))
        used.emplace(a.op().name);
    compare_outputs(name, batch, batch.outputs, one, 0);
    for (const std::uint64_t shared : {0b0u, 0b01010101u, 0b10101010u}) {
        ct::Variables xs, all;
        for (std::size_t i = 0; i < one.inputs.size(); ++i) {
            if (!is_own(i, shared)) continue;
            xs.push_back(one.inputs[i]);
            all.push_back(batch.inputs[i]);
        }
        if (xs.empty()) continue;
        const ct::Variables outputs = ct::batch(one.outputs, xs, all, count, "batch", nullptr);
        compare_outputs(fmt::format("{}_batched_{}", name, shared), batch, outputs, one, shared);
    }
}

void pointwise(Batch& b, ct::DType t)
{
    const Variable x = b.input("x", t, {5, 7}), y = b.input("y", t, {5, 7});
    const Variable z = b.input("z", t, {5, 7}), c = b.input("c", ct::DType::boolean, {5, 7});
    const ct::Variables operands{x, y, z};
    for (const Family& family : pointwise_families())
        for (const ct::Op* op : family.ops) {
            ct::Variables in(operands.begin(),
                             operands.begin() + static_cast<std::ptrdiff_t>(op->arity));
            if (op->dtype == ct::select_dtypes) in[0] = c;
            try {
                b.add(std::string(op->name), ct::apply(*op, in, {}, nullptr));
            } catch (const ct::UserError& e) {
                if (e.code() != ct::Code::dtype) throw; // the op refuses this dtype
            }
        }
    b.add("cast", x.as(ct::DType::f32));
}

void reductions(Batch& b, ct::DType t)
{
    const Variable x = b.input("x", t, {5, 37});
    for (const Axis& axes : {Axis{-1}, Axis{-2}, Axis{-2, -1}}) {
        const std::string at = fmt::format(" over {}", fmt::join(axes.axes, ", "));
        b.add("sum" + at, ct::sum(x, axes));
        b.add("prod" + at, ct::prod(x, axes));
        b.add("max" + at, ct::max(x, axes));
        b.add("max_number" + at, ct::max_number(x, axes));
        b.add("min" + at, ct::min(x, axes));
        b.add("any" + at, ct::any(x, axes));
        b.add("all" + at, ct::all(x, axes));
        b.add("mean" + at, ct::mean(x, axes));
        b.add("var" + at, ct::var(x, axes));
        b.add("stddev" + at, ct::stddev(x, axes));
        b.add("logsumexp" + at, ct::logsumexp(x, axes));
    }
    for (const int axis : {-1, -2}) {
        const std::string at = fmt::format(" along {}", axis);
        b.add("argmax" + at, ct::argmax(x, Axis{axis}));
        b.add("argmin" + at, ct::argmin(x, Axis{axis}));
        b.add("softmax" + at, ct::softmax(x, axis));
        b.add("log_softmax" + at, ct::log_softmax(x, axis));
        b.add("cumsum" + at, ct::cumsum(x, axis));
        b.add("cumsum back" + at, ct::cumsum(x, axis, true));
        b.add("cumprod" + at, ct::cumprod(x, axis));
    }
}

void moves(Batch& b, ct::DType t)
{
    using ct::_;
    using ct::ellipsis;
    using ct::slice;
    const Variable x = b.input("x", t, {4, 6}), y = b.input("y", t, {2, 6});
    const Variable one = b.input("one", t, {1, 6});
    b.add("broadcast_to", ct::broadcast_to(one, b.with_lead({4, 6})));
    b.add("reshape", ct::reshape(x, b.with_lead({3, 8})));
    b.add("transpose", ct::swapaxes(x, -1, -2));
    b.add("expand_dims", ct::expand_dims(x, -2));
    b.add("squeeze", ct::squeeze(one, Axis{-2}));
    b.add("flip", ct::flip(x, Axis{-1}));
    b.add("concatenate", ct::concatenate({x, y}, -2));
    b.add("slice", x(ellipsis, slice(1, _), slice(_, _, -2)));
    b.add("set_slice", x.set({ellipsis, slice(1, 3), _}, y));
    b.add("position", x(ellipsis, 2));
    b.add("diagonal", ct::diagonal(x, 1, -2, -1));
    b.add("diagonal below", ct::diagonal(x, -1, -1, -2));
    b.add("diag of a product", ct::matmul(x, ct::swapaxes(x, -1, -2)) * ct::eye(t, 4));
}

void gathers(Batch& b, ct::DType t)
{
    const Variable x = b.input("x", t, {3, 6});
    const Variable rows = b.input("rows", ct::DType::i64, {4, 6});
    const Variable values = b.input("values", t, {4, 6});
    b.add("take_along_axis", ct::take_along_axis(x, rows, -2));
    b.add("one_hot", ct::one_hot(rows, 3, ct::DType::f32));
    if (ct::is_float(t))
        b.add("add_along_axis", ct::vjp({ct::take_along_axis(x, rows, -2)}, {x}, {values})[0]);
    const std::vector<std::int64_t> places{2, 0, 2, 1};
    const Variable index = ct::Array::copy(ct::View<const std::int64_t>(places));
    b.add("gather", ct::take(x, index, Axis{-2}));
    b.add("scatter_add", x.add({ct::ellipsis, index, ct::_}, values));
    b.add("scatter_set", x.set({ct::ellipsis, index, ct::_}, values));
}

/// Loops run along the first axis by definition: the batch's is made the second.
void loops(Batch& b, ct::DType t)
{
    const Variable x = b.input("x", t, {5, 7}), h = b.input("h", t, {7});
    const Variable steps = ct::moveaxis(x, -2, 0);
    const auto run = ct::scan([](const Variable& row, const Variable& s) { return row - s * 2; },
                              {.sequences = {steps}, .init = {h}});
    b.add("scan, last", run.last[0]);
    b.add("scan, history", ct::moveaxis(run.history[0], 0, -2));
    const auto branch = ct::cond(
        ct::all(x == x), [&] { return x - ct::expand_dims(h, -2); }, [&] { return x * 2; });
    b.add("cond", branch[0]);
    if (ct::is_float(t)) {
        b.add("clip_gradient", ct::clip_gradient(x, -1, 1));
        const auto cubed = ct::checkpoint([](const Variable& v) { return v * v * v; });
        b.add("recompute", ct::grad(ct::sum(cubed(x)), x));
    }
    for (const bool flag : {false, true}) {
        b.add("delay", ct::moveaxis(ct::detail::delay(steps, h, flag), 0, -2));
        b.add("edge", ct::detail::edge(steps, h, flag));
    }
}

void products(Batch& b, ct::DType t)
{
    const Variable x = b.input("x", t, {5, 7}), w = b.input("w", t, {7, 6});
    b.add("matmul", ct::matmul(x, w));
    b.add("einsum, transposed", ct::einsum("...ij,...kj->...ki", {x, ct::swapaxes(w, -1, -2)}));
    b.add("matmul and more", tanh(ct::matmul(x, w)) + ct::sum(x, Axis{-1}, true));
}

struct Group {
    std::string name;
    void (*write)(Batch&, ct::DType);
    std::vector<ct::DType> dtypes;
};

/// Ops that no batch has members of: of no operands; of a key, whose draws depend on where in the
/// whole array they lie.
const std::set<std::string_view> without_members = {"extent_value", "philox_uniform",
                                                    "philox_normal"};

} // namespace

TEST_CASE("a leading axis, known or not, changes no bit of any op")
{
    using enum ct::DType;
    std::set<std::string> used;
    for (const Group& g :
         {Group{"pointwise", pointwise, {f64, f32, i32, u8, boolean}},
          Group{"reductions", reductions, {f64, f32, i32, u8}}, Group{"moves", moves, {f64, i32}},
          Group{"gathers", gathers, {f64, i32, u8}}, Group{"products", products, {f64, f32, i32}},
          Group{"loops", loops, {f64, i32}}})
        for (const ct::DType t : g.dtypes)
            for (const bool known : {false, true})
                compare(
                    fmt::format("{}_{}_{}", g.name, name(t), known ? "known" : "any"),
                    [&](Batch& b) { g.write(b, t); }, known, used);
    for (const ct::Op* op : ct::all_ops()) {
        INFO(op->name);
        CHECK(used.contains(std::string(op->name)) != without_members.contains(op->name));
    }
}
