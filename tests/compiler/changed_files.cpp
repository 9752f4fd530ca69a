// Stored functions that somebody changed: whatever number stands in the graph, loading it gives a
// graph that holds together or is refused, and nothing is read beyond an array.
#include <croton/croton.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/ops/params.hpp>

#include <cctype>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "npy.hpp"
#include "runtime/process.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using croton::test::contains;
using croton::test::TemporaryFolder;
using ct::Variable;
using ct::Variables;

namespace {

/// Every op that has parameters, each on symbols and on numbers. By the references: a thousand
/// changed ones need no compiler.
ct::Function all_parameters()
{
    const auto n = ct::dim("n");
    const auto x = ct::matrix<double>("x", {n, 4}), y = ct::matrix<double>("y", {n, 4});
    const auto i = ct::vector<std::int64_t>("i", {3});
    const auto t = ct::tensor<double>("t", {2, 3, 4});
    Variables all{ct::prod(x, 1),
                  ct::max(x, ct::Axis(1)),
                  ct::max_number(t, ct::Axis{1, 2}),
                  ct::min(t, ct::Axis{0, 2}),
                  ct::any(x > 0, 1),
                  ct::all(t > 0, {0, 1}),
                  ct::argmax(t, 1),
                  ct::argmin(t, 2),
                  ct::mean(x, 1),
                  ct::var(t, {0, 1}),
                  ct::stddev(t, 2),
                  ct::logsumexp(x, 1),
                  ct::softmax(x, 1),
                  ct::log_softmax(t, 2),
                  ct::cumsum(t, 1),
                  ct::cumprod(x, 0),
                  ct::transpose(t, std::vector<int>{2, 0, 1}),
                  t.reshape({6, 4}),
                  ct::expand_dims(t, {0, 3}),
                  ct::squeeze(ct::expand_dims(t, 1) + 1, 1),
                  ct::flip(t, {0, 2}),
                  t[1] * 2,
                  ct::set_slice(t, ct::zeros(ct::DType::f64, {2, 3}),
                                ct::SliceParams{{0, 0, 1}, {2, 3, 2}, {1, 1, 1}, {2}}),
                  ct::concatenate({x, y}, 1),
                  ct::take(t, i % 2, 1),
                  ct::gather(t, {i % 2, i % 3}),
                  ct::scatter_set(t, {i % 2}, 3.0),
                  ct::diagonal(t, 1, 1, 2),
                  ct::arange(n) + 1,
                  ct::dot(x, t[0].T()),
                  ct::matmul(t, ct::transpose(t, {0, 2, 1})),
                  ct::cast(x, ct::DType::f32),
                  ct::uniform(ct::DType::f64, i[0], {2, 3}),
                  ct::normal(ct::DType::f32, i[1], {4}),
                  ct::clip_gradient(x, -1, 1),
                  ct::grad(ct::sum(ct::checkpoint([](const Variable& v) { return v * v; })(x)), x),
                  x / n};
    const Variable index = ct::expand_dims(ct::arange(n) % 4, 1);
    const auto run =
        ct::scan([](const Variable& row, const Variable& s) { return ct::tanh(s * row); },
                 {.sequences = {x}, .init = {ct::mean(x, 0)}});
    const auto short_run = ct::scan(
        [&](const Variable& before, const Variable& row, const Variable& s) {
            const Variable next =
                ct::cond(ct::any(s > 0.5), [&] { return s * row; }, [&] { return s - before; })[0];
            return ct::Step{.state = {next}, .until = ct::any(next > 100.0)};
        },
        {.sequences = {{x, {-1, 0}}}, .init = {ct::mean(x, 0)}});
    all.push_back(short_run.last[0]);
    const Variable loss = ct::sum(run.history[0] * y) + ct::sum(run.last[0]) +
                          ct::sum(ct::take_along_axis(x, index, 1)) +
                          ct::sum(ct::square(ct::take(x, i % 2)));
    all.push_back(loss);
    all.push_back(ct::grad(loss, x));
    all.push_back(ct::grad(ct::sum(ct::square(all.back())), x));
    return ct::function({x, y, i, t}, all, {.name = "f", .reference = true});
}

struct Change {
    std::string text;
    bool small; ///< nothing becomes larger than it was by much
};

/// The texts in which one integer is another: each of a parameter, and every third of the rest.
std::vector<Change> changes_of(const std::string& text)
{
    std::vector<Change> all;
    const auto is_digit = [&](std::size_t at) {
        return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0;
    };
    std::size_t others = 0;
    bool quoted = false;
    for (std::size_t at = text.find('\n'); at < text.size(); ++at) {
        quoted ^= text[at] == '"';
        if (quoted || !is_digit(at) || is_digit(at - 1)) continue;
        std::size_t end = at;
        while (is_digit(end))
            ++end;
        const std::size_t word = text.find_last_of(" \n", at) + 1;
        const bool parameter = text.substr(word, at - word).find('=') != std::string::npos;
        if (!parameter && ++others % 3 != 0) continue;
        for (const char* number : {"-1", "0", "7", "1000000"})
            all.push_back({text.substr(0, at) + number + text.substr(end),
                           std::string_view(number) != "1000000"});
    }
    return all;
}

} // namespace

TEST_CASE("a stored graph with another number in it holds together or is refused")
{
    const TemporaryFolder folder;
    const std::string path = folder / "f";
    const ct::Function f = all_parameters();
    f.save(path);
    auto members =
        ct::npy::read_archive(ct::npy::read_file(path, "test", ct::npy::zip_magic), path, "test");
    const std::string good = members[0].bytes;
    for (const ct::Op* op : ct::all_ops())
        if (op->params && good.find(fmt::format(" apply {} ", op->name)) == std::string::npos)
            FAIL("no " << op->name << " in it");
    const auto normal = [](std::uint64_t seed, std::vector<std::int64_t> shape) {
        return ct::Array::normal(seed, shape).cast(ct::DType::f64);
    };
    const std::vector<ct::Any> given{normal(1, {5, 4}), normal(2, {5, 4}),
                                     ct::Array::full<std::int64_t>({3}, 1), normal(3, {2, 3, 4})};
    CHECK(f.call(given).size() > 30);
    std::size_t refused = 0, ran = 0, loaded = 0;
    for (const Change& change : changes_of(good)) {
        members[0].bytes = change.text;
        ct::npy::write_file(path, ct::npy::write_archive(members, path, "test"), "test");
        try {
            const ct::Function g = ct::Function::load(path);
            ++loaded;
            if (!change.small) continue;
            (void)g.call(given);
            ++ran;
        } catch (const ct::UserError&) {
            ++refused;
        } catch (const ct::InternalError& e) {
            FAIL(e.what() << " of " << change.text);
        }
    }
    INFO(refused << " refused, " << loaded << " loaded, " << ran << " ran");
    CHECK(refused > 1000);
    CHECK(ran > 100);
}
