// Expressions that Theano's and PyTensor's optimisers simplify: as few nodes are left here.
#include <croton/croton.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/traverse.hpp>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/data.hpp"
#include "conformance/json.hpp"
#include "function_data.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using namespace croton::test;
using ct::_;
using ct::Variable;

namespace {

/// What the expressions are made of: numbers, vectors, matrices, an index, a condition.
struct Leaves {
    ct::Extent n = ct::dim("n"), m = ct::dim("m");
    Variable a = ct::scalar<double>("a"), b = ct::scalar<double>("b");
    Variable x = ct::vector<double>("x", {n}), y = ct::vector<double>("y", {n});
    Variable z = ct::vector<double>("z", {n}), first = ct::vector<double>("first", {3});
    Variable six = ct::vector<double>("six", {6}), many = ct::vector<double>("many", {n + 9});
    Variable A = ct::matrix<double>("A", {n, m}), B = ct::matrix<double>("B", {m, n});
    Variable C = ct::matrix<double>("C", {n, n}), w = ct::vector<double>("w", {m});
    Variable r = ct::matrix<double>("r", {1, m});
    Variable i = ct::scalar<std::int64_t>("i"), iv = ct::vector<std::int64_t>("iv", {n});
    Variable yes = ct::scalar<bool>("yes");
};

using Make = std::function<Variable(const Leaves&)>;

std::map<std::string, Make> pointwise_expressions()
{
    using L = const Leaves&;
    return {
        {"(2x)/(4y)", [](L l) { return 2 * l.x / (4 * l.y); }},
        {"1-(1-x)", [](L l) { return 1 - (1 - l.x); }},
        {"1-erfc x", [](L l) { return 1 - erfc(l.x); }},
        {"1-sigmoid x", [](L l) { return 1 - sigmoid(l.x); }},
        {"1/(1+exp(-x))", [](L l) { return 1 / (1 + exp(-l.x)); }},
        {"1/x", [](L l) { return 1 / l.x; }},
        {"2+3", [](L) { return Variable(ct::Array::scalar(2.0)) + 3; }},
        {"eq(x,x)", [](L l) { return l.x == l.x; }},
        {"erf x-1", [](L l) { return erf(l.x) - 1; }},
        {"exp(x)*exp(y)", [](L l) { return exp(l.x) * exp(l.y); }},
        {"exp(x)/(1+exp x)", [](L l) { return exp(l.x) / (1 + exp(l.x)); }},
        {"fuse bcast", [](L l) { return exp(l.A + ct::expand_dims(l.w, 0)) * l.r; }},
        {"log erfc x", [](L l) { return log(erfc(l.x)); }},
        {"log(1+exp x)", [](L l) { return log(1 + exp(l.x)); }},
        {"log(1+x)", [](L l) { return log(1 + l.x); }},
        {"log(1-exp x)", [](L l) { return log(1 - exp(l.x)); }},
        {"log(1/x)", [](L l) { return log(1 / l.x); }},
        {"log(exp x+exp y)", [](L l) { return log(exp(l.x) + exp(l.y)); }},
        {"log(exp x-exp y)", [](L l) { return log(exp(l.x) - exp(l.y)); }},
        {"log(exp(x))", [](L l) { return log(exp(l.x)); }},
        {"log(sqrt x)", [](L l) { return log(sqrt(l.x)); }},
        {"log(x**2)", [](L l) { return log(pow(l.x, 2)); }},
        {"sigmoid(x)*exp(-x)", [](L l) { return sigmoid(l.x) * exp(-l.x); }},
        {"sqrt(x)**2", [](L l) { return pow(sqrt(l.x), 2); }},
        {"sqrt(x**2)", [](L l) { return sqrt(pow(l.x, 2)); }},
        {"switch same cond",
         [](L l) { return ct::where(l.yes, l.x, l.y) + ct::where(l.yes, l.y, l.z); }},
        {"switch(1,x,y)", [](L l) { return ct::where(ct::Array::scalar(true), l.x, l.y); }},
        {"switch(i,x,x)", [](L l) { return ct::where(l.yes, l.x, l.x); }},
        {"x**-0.5", [](L l) { return pow(l.x, -0.5); }},
        {"x**-2", [](L l) { return pow(l.x, -2.0); }},
        {"x**0", [](L l) { return pow(l.x, 0); }},
        {"x**1", [](L l) { return pow(l.x, 1); }},
        {"x**2", [](L l) { return pow(l.x, 2); }},
        {"x**3", [](L l) { return pow(l.x, 3); }},
        {"x*0", [](L l) { return l.x * 0; }},
        {"x*1", [](L l) { return l.x * 1; }},
        {"x*x", [](L l) { return l.x * l.x; }},
        {"x*y/x", [](L l) { return l.x * l.y / l.x; }},
        {"x+y-x", [](L l) { return l.x + l.y - l.x; }},
        {"x+zeros_like", [](L l) { return l.x + ct::zeros(ct::DType::f64, l.y.shape()); }},
        {"x-x", [](L l) { return l.x - l.x; }},
        {"x/(y/z)", [](L l) { return l.x / (l.y / l.z); }},
        {"x/abs(x)", [](L l) { return l.x / abs(l.x); }},
        {"x/x", [](L l) { return l.x / l.x; }},
        {"x<x", [](L l) { return l.x < l.x; }},
        {"y*switch(i,0,x)", [](L l) { return l.y * ct::where(l.yes, 0, l.x); }},
    };
}

std::map<std::string, Make> structured_expressions()
{
    using L = const Leaves&;
    const auto picked = [](L l) {
        return log(ct::take_along_axis(ct::softmax(l.A, 1), ct::expand_dims(l.iv, 1), 1));
    };
    return {
        {"(x+y)[1:3]", [](L l) { return (l.six + 2 * l.six)(ct::slice(1, 3)); }},
        {"A+outer(x,y)", [](L l) { return l.C + ct::outer(l.x, l.y); }},
        {"A.T.T", [](L l) { return l.A.T().T(); }},
        {"C+2*dot(A,B)", [](L l) { return l.C + 2 * ct::dot(l.A, l.B); }},
        {"c.reshape", [](L l) { return l.six.reshape({1, 6}); }},
        {"dot(A,B) shape", [](L l) { return ct::arange(ct::dot(l.A, l.B).shape()[0]); }},
        {"dot(A,B).T", [](L l) { return ct::dot(l.A, l.B).T(); }},
        {"dot(A,B)[:,i]", [](L l) { return ct::take(ct::dot(l.A, l.B).T(), l.i); }},
        {"dot(A,B)[i]", [](L l) { return ct::take(ct::dot(l.A, l.B), l.i); }},
        {"dot(x,y)", [](L l) { return ct::dot(l.x, l.y); }},
        {"exp(alloc)", [](L l) { return exp(ct::broadcast_to(l.a, {10})); }},
        {"exp(x).shape", [](L l) { return ct::arange(exp(l.x).shape()[0]); }},
        {"exp(x)[0]", [](L l) { return exp(l.six)(0); }},
        {"fuse reduce between", [](L l) { return l.x / ct::sum(exp(l.x)); }},
        {"grad log softmax",
         [picked](L l) { return ct::grad(-ct::sum(picked(l)), ct::Variables{l.A})[0]; }},
        {"grad tanh dot",
         [](L l) { return ct::grad(ct::sum(tanh(ct::dot(l.A, l.w))), ct::Variables{l.A})[0]; }},
        {"inc(zeros[:3],y)",
         [](L l) {
             return ct::zeros(ct::DType::f64, l.six.shape()).add({ct::slice(_, 3)}, l.first);
         }},
        {"join one", [](L l) { return ct::concatenate({l.x}, 0); }},
        {"log softmax[arange,iv]", picked},
        {"log(sum exp A,1)", [](L l) { return log(ct::sum(exp(l.A), ct::Axis{1})); }},
        {"logreg",
         [](L l) {
             return ct::grad(ct::sum(log(1 + exp(-l.y * ct::dot(l.A, l.w)))),
                             ct::Variables{l.w})[0];
         }},
        {"max(-x) neg", [](L l) { return -ct::max(-l.x); }},
        {"prod(-x)", [](L l) { return ct::prod(-l.x); }},
        {"reshape own shape", [](L l) { return l.A.reshape(l.A.shape()); }},
        {"set(x[:],y)", [](L l) { return l.x.set({_}, l.y); }},
        {"set(x[i],a)[i]", [](L l) { return l.six.set({2}, l.a)(2); }},
        {"stack[0]", [](L l) { return ct::stack({l.a, l.b})(0); }},
        {"sum(-x)", [](L l) { return ct::sum(-l.x); }},
        {"sum(2*x)", [](L l) { return ct::sum(2 * l.x); }},
        {"sum(A/x)", [](L l) { return ct::sum(l.A / ct::expand_dims(l.x, 1), ct::Axis{1}); }},
        {"sum(ones_like x)", [](L l) { return ct::sum(ct::ones(ct::DType::f64, l.x.shape())); }},
        {"sum(sum A)", [](L l) { return ct::sum(ct::sum(l.A, ct::Axis{0}), ct::Axis{0}); }},
        {"var x", [](L l) { return ct::var(l.x); }},
        {"x[0:x.shape[0]]", [](L l) { return l.x(ct::slice(0, l.x.shape()[0])); }},
        {"x[1:][2:5]", [](L l) { return l.many(ct::slice(1, _))(ct::slice(2, 5)); }},
        {"x[::-1][::-1]", [](L l) { return l.x(ct::slice(_, _, -1))(ct::slice(_, _, -1)); }},
        {"x[:]", [](L l) { return l.x(_); }},
        {"y+a*dot(A,x)", [](L l) { return l.x + l.a * ct::dot(l.A, l.w); }},
    };
}

/// What a compiled expression comes to.
struct Left {
    std::size_t kernels = 0;
    std::size_t applies = 0; ///< but for broadcasts, which Theano's elementwise nodes do inside
    std::string graph;
};

Left compiled(const Leaves& l, const Variable& v)
{
    const ct::Variables inputs{l.a, l.b, l.x, l.y, l.z, l.first, l.six, l.many,
                               l.A, l.B, l.C, l.w, l.r, l.i,     l.iv,  l.yes};
    const ct::Function f =
        ct::function(inputs, v, {.name = "rewritten", .allow_unused_inputs = true});
    std::size_t applies = 0;
    for (const ct::Apply& a : ct::applies_of(f.data().outputs))
        applies += a.op().name != "broadcast_to";
    return {f.data().program.kernels.size(), applies, ct::detail::compiled_text(f.data())};
}

/// Where more is left here, and why.
using Exceptions = std::map<std::string, std::string>;

const Exceptions more_kernels = {
    {"grad log softmax", "softmax has no gradient of its own that knows of the logarithm"},
    {"max(-x) neg", "a maximum of negatives is no minimum; long rows are taken in blocks"},
    {"sum(sum A)", "long sums are formed in blocks and then combined, by two kernels"},
};

const Exceptions more_ops = {
    {"(2x)/(4y)", "constants on both sides of a quotient do not meet"},
    {"1-(1-x)", "its rounding is kept"},
    {"x+y-x", "its rounding is kept"},
    {"x*y/x", "its rounding is kept, and x may be 0"},
    {"x/abs(x)", "sign(0) is 0, and this is NaN"},
    {"exp(x)*exp(y)", "exp(x + y) is further off where x is large"},
    {"log(x**2)", "log(abs(x)) * 2: square(x) overflows and underflows"},
    {"log(exp x+exp y)", "equal infinities are looked for; Theano makes NaN of them"},
    {"log(exp x-exp y)",
     "equal infinities are looked for; Theano leaves a difference that cancels"},
    {"log erfc x", "the data does not spell PyTensor's series, and counts it as one op"},
    {"log(sum exp A,1)", "a row whose maximum is infinite is looked for"},
    {"log softmax[arange,iv]", "Theano has one op for it"},
    {"grad log softmax", "Theano has one op for it"},
    {"A+outer(x,y)", "BLAS has one call for it; here it is several ops in one kernel"},
    {"C+2*dot(A,B)", "BLAS has one call for it"},
    {"y+a*dot(A,x)", "BLAS has one call for it"},
    {"max(-x) neg", "a maximum of negatives is no minimum"},
    {"sum(A/x)", "only a scalar divisor leaves a sum"},
    {"stack[0]", "the stack is formed"},
};

/// Nodes, and ops: what a fused node is made of counts, as far as the data spells it.
struct Size {
    std::size_t nodes = SIZE_MAX;
    std::size_t ops = SIZE_MAX;
};

/// The ops of a formula: each has one parenthesis, `exp((i0 + i1))`.
std::size_t ops_of_formula(std::string_view line)
{
    const std::size_t begin = line.find("Composite{") + std::string_view("Composite{").size();
    std::size_t ops = 0;
    int depth = 1;
    for (std::size_t i = begin; i < line.size() && depth > 0; ++i) {
        depth += (line[i] == '{') - (line[i] == '}');
        ops += line[i] == '(';
    }
    return std::max<std::size_t>(ops, 1); // `Composite{...}`: not spelled
}

Size size_of(const Json& result)
{
    const auto nodes = child(result, "nodes").get_value<std::size_t>();
    const auto text = child(result, "after").get_value<std::string>();
    const std::string graph = text.substr(0, text.find("Inner graphs:"));
    Size size{nodes, nodes};
    std::set<std::string> seen; // a node that is used twice is printed twice
    std::istringstream lines(graph);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t id = line.find("[id ");
        if (line.find("Composite{") == line.npos || id == line.npos) continue;
        if (seen.insert(line.substr(id, line.find(']', id) - id)).second)
            size.ops += ops_of_formula(line) - 1;
    }
    return size;
}

/// What the better of the two leaves.
Size best_of(const Json& systems)
{
    Size best;
    for (const auto& [system, result] : systems) {
        const Size size = size_of(result);
        best = {std::min(best.nodes, size.nodes), std::min(best.ops, size.ops)};
    }
    return best;
}

/// As few are left, or it is a known exception: one that is none any more fails too.
void judge(Tally& tally,
           const std::string& name,
           std::size_t left,
           std::size_t best,
           const Exceptions& exceptions,
           const std::string& graph)
{
    const bool is_exception = exceptions.contains(name);
    if (left <= best && !is_exception)
        tally.pass(name);
    else if (left > best && is_exception)
        tally.differ(name);
    else
        tally.fail(name, fmt::format("{} left, {} are the best{}\n{}", left, best,
                                     is_exception ? ": no exception any more" : "", graph));
}

} // namespace

TEST_CASE("no more nodes are left of Theano's expressions than Theano or PyTensor leaves")
{
    const auto folder = conformance_data("theano_golden");
    if (!folder) SKIP(absent("theano_golden"));
    std::ifstream in(*folder / "rewrites.json");
    const Json cases = parse_json({std::istreambuf_iterator<char>(in), {}});
    std::map<std::string, Make> all = pointwise_expressions();
    all.merge(structured_expressions());
    Tally kernels("Theano's rewrites, kernels"), ops("Theano's rewrites, ops");
    for (const auto& [name, systems] : cases) {
        const auto found = all.find(name);
        if (found == all.end()) {
            kernels.refuse(name);
            continue;
        }
        const Leaves leaves;
        const Left left = compiled(leaves, found->second(leaves));
        const Size best = best_of(systems);
        judge(kernels, name, left.kernels, best.nodes, more_kernels, left.graph);
        judge(ops, name, left.applies, best.ops, more_ops, left.graph);
    }
}
