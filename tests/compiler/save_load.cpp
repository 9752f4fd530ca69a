#include <croton/croton.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/op.hpp>
#include <croton/runtime/clang_jit.hpp>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/process.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using croton::test::contains;
using croton::test::TemporaryFolder;
using ct::Variable;

namespace {

std::string read(const std::string& path)
{
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void write(const std::string& path, const std::string& bytes)
{
    std::ofstream(path, std::ios::binary) << bytes;
}

/// A step that has a bit of everything: symbols, constants large and small, a loop, updates.
ct::Function make_step()
{
    const auto n = ct::dim("n");
    const auto x = ct::matrix<float>("x", {n, 6});
    const auto W = ct::shared("W", ct::Array::normal(1, {6, 12}));
    const auto steps = ct::shared("steps", ct::zeros<std::int64_t>({}));
    const ct::Array shift = ct::Array::normal(2, {12}).cast(ct::DType::bf16);
    Variable h;
    {
        const ct::Scope scope("layer \"one\"\n");
        h = tanh(ct::dot(x, W) + Variable(shift).as(ct::DType::f32)).named("hidden \\ layer");
    }
    const auto run = ct::scan(
        [&](const Variable& row, const Variable& s) { return 0.5 * s + row * ct::mean(h); },
        {.sequences = {h}, .init = {ct::zeros<float>({12})}});
    const auto loss = ct::sum(square(run.last[0])) / n;
    const auto [W_bar] = ct::grad(loss, {W});
    return ct::function({x}, {ct::Output("loss", loss), ct::Output("h", ct::cumsum(h, 0))},
                        {.name = "step",
                         .updates = {{W, W - 0.01 * W_bar}, {steps, steps + 1}},
                         .threads = 1,
                         .strict = true,
                         .rules_off = {"log(exp(x)) -> x"}});
}

const ct::Array& example()
{
    static const ct::Array x = ct::Array::normal(3, {5, 6});
    return x;
}

void check_refused(const std::string& path, const std::string& text)
{
    try {
        (void)ct::Function::load(path);
        FAIL("nothing was refused; expected: " << text);
    } catch (const ct::UserError& e) {
        CHECK(std::string(e.message()) == "load: " + path + ": " + text);
        CHECK(e.op() == "load");
    }
}

} // namespace

TEST_CASE("a stored function gives the same bits, updates and text")
{
    const TemporaryFolder folder;
    const auto f = make_step();
    (void)f(example()); // what is stored is the value now, not the first one
    const ct::Array W = f.shared("W").value();
    f.save(folder / "step.croton");
    const auto g = ct::Function::load(folder / "step.croton");
    CHECK(g.signature() == f.signature());
    CHECK(g.source() == f.source());
    CHECK(identical(g.shared("W").value(), W));
    CHECK(g.shared("steps").value().item<std::int64_t>() == 1);
    const auto a = f(example()), b = g(example());
    CHECK(identical(a["loss"], b["loss"]));
    CHECK(identical(a["h"], b["h"]));
    CHECK(identical(f.shared("W").value(), g.shared("W").value()));
    CHECK_FALSE(identical(W, g.shared("W").value()));
    CHECK_THROWS_WITH(g(ct::zeros<float>({5, 7})), "step: axis 1 of input 'x' is 7, it must be 6");
    CHECK_THROWS_WITH(g.shared("V"), contains("step: has no shared variable 'V'; it has 'W'"));
    // Stored again, it is the same file.
    const auto once = ct::Function::load(folder / "step.croton");
    once.save(folder / "again.croton");
    CHECK(read(folder / "again.croton") == read(folder / "step.croton"));
}

TEST_CASE("what a stored function requires of extents is told as before, with the place")
{
    const TemporaryFolder folder;
    const auto n = ct::dim("n"), m = ct::dim("m");
    const auto x = ct::vector<double>("x", {n}), y = ct::vector<double>("y", {m});
    const auto f = ct::function(
        {x, y}, ct::sum(x(3)) + ct::sum(x(ct::slice(2, ct::_)) * y(ct::slice(3, ct::_))),
        {.name = "f"});
    f.save(folder / "f.croton");
    const auto g = ct::Function::load(folder / "f.croton");
    const auto error_of = [](const ct::Function& h, std::int64_t a, std::int64_t b) {
        try {
            (void)h(ct::zeros<double>({a}), ct::zeros<double>({b}));
        } catch (const ct::UserError& e) {
            return std::string(e.message()) + " " + to_string(e.where());
        }
        return std::string("no error");
    };
    CHECK_THAT(
        error_of(f, 3, 4),
        contains(
            "f: index on axis 0 of (n) needs n >= 4, n is 3, where n is axis 0 of input 'x', at "));
    CHECK_THAT(
        error_of(f, 5, 4),
        contains(
            "f: mul: axis -1 of shapes (n - 2) and (m - 3) is 3, it "
            "must be 1 (m - 3), where n is axis 0 of input 'x' and m is axis 0 of input 'y', at "));
    for (const auto& [a, b] : {std::pair{3, 4}, {5, 4}, {5, 2}, {5, 6}})
        CHECK(error_of(g, a, b) == error_of(f, a, b));
    const int line = __LINE__ + 1;
    ct::function({x, y}, x + y, {.name = "add"}).save(folder / "add.croton");
    CHECK_THROWS_WITH(
        ct::Function::load(folder / "add.croton")(ct::zeros<double>({3}), ct::zeros<double>({4})),
        "add: axis 0 of input 'y' is 4, it must be 3 (n) as axis 0 of input 'x' is, for add at "
        "save_load.cpp:" +
            std::to_string(line));
}

TEST_CASE("a stored function's errors name what the user called, as before")
{
    const TemporaryFolder folder;
    const auto x = ct::vector<double>("x", {3}), i = ct::vector<std::int64_t>("i", {1});
    const int line = __LINE__ + 1;
    ct::function({x, i}, ct::take(x, i, 0), {.name = "f"}).save(folder / "f.croton");
    const auto f = ct::Function::load(folder / "f.croton");
    try {
        (void)f(ct::zeros<double>({3}), std::vector<std::int64_t>{3});
        FAIL("nothing was refused");
    } catch (const ct::UserError& e) {
        CHECK(e.op() == "take");
        CHECK(e.where().line() == static_cast<unsigned>(line));
    }
}

TEST_CASE("functions that are loaded together share variables, and reference mode is kept")
{
    const TemporaryFolder folder;
    const auto x = ct::vector<double>("x", {3});
    const auto w = ct::shared("w", ct::Array::full<double>({3}, 2));
    ct::function({x}, ct::sum(x * w), {.name = "score"}).save(folder / "score");
    ct::function({x}, ct::sum(x), {.updates = {{w, w + x}}, .reference = true})
        .save(folder / "train");
    const auto score = ct::Function::load(folder / "score");
    const auto v = score.shared("w");
    const auto train = ct::Function::load(folder / "train", {.shared = {v}});
    CHECK(train.source().empty());
    const ct::Array ones = ct::Array::full<double>({3}, 1);
    CHECK(score(ones)[0].item<double>() == 6);
    (void)train(ones);
    CHECK(score(ones)[0].item<double>() == 9);
    CHECK(w.value().as_double(0) == 2);
    const auto other = ct::shared("w", ct::zeros<float>({3}));
    CHECK_THROWS_WITH(ct::Function::load(folder / "train", {.shared = {other}}),
                      contains("shared 'w' is f64 (3), the one given for it f32 (3)"));
}

TEST_CASE("a name stands for one shared variable of a function, and is one of the file's")
{
    const TemporaryFolder folder;
    const std::string file = folder / "f";
    const auto x = ct::vector<double>("x", {3});
    const auto w = ct::shared("w", ct::Array::full<double>({3}, 2));
    const auto b = ct::shared("b", ct::Array::full<double>({3}, 1));
    const auto other = ct::shared("w", ct::Array::full<double>({3}, 5));
    const auto load = [&](const std::vector<ct::Shared>& shared) {
        return ct::Function::load(file, {.shared = shared});
    };
    ct::function({x}, x * w + b, {.name = "f"}).save(file);
    const auto wide = ct::shared("W", ct::Array::full<double>({3}, 2));
    CHECK_THROWS_WITH(load({w, wide}),
                      "load: " + file + ": it has no shared variable 'W'; it has 'w', 'b'");
    CHECK_THROWS_WITH(load({w, other}),
                      "load: " + file + ": two are given for shared variable 'w'");
    CHECK(same(load({w, w}).shared("w"), w));
    ct::function({x}, x, {.name = "f"}).save(file);
    CHECK_THROWS_WITH(load({w}), "load: " + file + ": it has no shared variable 'w'; it has none");

    const auto f = ct::function({x}, x * w, {.name = "f", .updates = {{other, x + b}, {b, x}}});
    CHECK_THROWS_WITH(f.shared("w"), "f: 2 shared variables are named 'w'");
    CHECK(same(f.shared("b"), b));
    f.save(file);
    CHECK_THROWS_WITH(load({w}), "load: " + file + ": 2 shared variables are named 'w'");
    const auto g = load({b}); // each of them is its own
    CHECK(g(std::vector<double>{1, 2, 3})[0].as_double(2) == 6);
    CHECK_THROWS_WITH(g.shared("w"), "f: 2 shared variables are named 'w'");
}

namespace {

struct ScaleParams {
    double by = 1;
    std::string label;
    static constexpr auto fields =
        std::tuple{ct::field("by", &ScaleParams::by), ct::field("label", &ScaleParams::label)};
};
constexpr ct::Op scaled_op{
    .name = "scaled",
    .doc = "by * x.",
    .dtype = ct::promote_to_float,
    .shape = ct::same_shape,
    .lowering = ct::Pointwise{"({p:by} * {a})"},
    .reference =
        ct::ArrayReference([](const ct::ReferenceArgs& args) { return args.x[0].clone(); }),
    .grad = ct::not_differentiable("it is for a test"),
    .params = ct::create_params<ScaleParams>,
};

} // namespace

TEST_CASE("a user's own op is given to load by its record")
{
    const TemporaryFolder folder;
    const auto x = ct::vector<double>("x", {2});
    const auto y = ct::apply(scaled_op, {x}, ct::make_params(ScaleParams{0.1, "a b=\"c\""}));
    ct::function({x}, y).save(folder / "own");
    check_refused(folder / "own",
                  "line 6: op 'scaled' is not known here; if it is your own, give its record to "
                  "load: Function::load(path, {.ops = {&scaled_op}})");
    const auto f = ct::Function::load(folder / "own", {.ops = {&scaled_op}});
    CHECK(f(ct::Array::full<double>({2}, 3))[0].as_double(1) == 0.1 * 3);
}

TEST_CASE("ops of one name are not stored, and not taken for one another")
{
    const TemporaryFolder folder;
    const auto x = ct::vector<double>("x", {2});
    static constexpr auto named_as = [](std::string_view name) {
        ct::Op op = scaled_op;
        op.name = name;
        return op;
    };
    static constexpr ct::Op other = named_as("scaled"), sine = named_as("sin");
    const auto scaled = [&](const ct::Op& op, double by) {
        return ct::apply(op, {x}, ct::make_params(ScaleParams{by, ""}));
    };
    const std::string advice = ", and a file tells ops apart by their names";
    const auto save = [&](const ct::Variable& y) { ct::function({x}, y).save(folder / "two"); };
    CHECK_THROWS_WITH(save(scaled(scaled_op, 2.0) + scaled(other, 3.0)),
                      "save: two ops are named 'scaled'" + advice + ": give yours another one");
    CHECK_THROWS_WITH(save(scaled(sine, 2.0)),
                      "save: two ops are named 'sin'" + advice + ": give yours another one");
    save(scaled(scaled_op, 2.0));
    const auto load = [&](const std::vector<const ct::Op*>& ops) {
        return ct::Function::load(folder / "two", {.ops = ops});
    };
    CHECK_THROWS_WITH(load({&scaled_op, &other}), "load: two ops are named 'scaled'" + advice);
    CHECK_THROWS_WITH(load({&scaled_op, &sine}), "load: two ops are named 'sin'" + advice);
    CHECK_NOTHROW(load({&scaled_op, &scaled_op}));
}

TEST_CASE("files that are no stored function are refused by what is wrong")
{
    const TemporaryFolder folder;
    const std::string path = folder / "f";
    check_refused(path, "cannot be opened: No such file or directory");
    write(path, "");
    check_refused(path, "this is no stored function");
    write(path, "\x93NUMPY");
    check_refused(path, "this is no stored function");
    check_refused("/dev/zero", "this is no stored function"); // without reading on
    ct::save_npz(path, {{"W", ct::zeros<float>({3})}});
    check_refused(path, "this is an archive, but no stored function");
    const auto x = ct::vector<double>("x", {2});
    ct::function({x}, x + 1, {.name = "inc"}).save(path);
    const std::string good = read(path);
    write(path, good.substr(0, good.size() - 30));
    check_refused(path, "the file's end is missing");
    std::string bad = good;
    bad[good.find("option")] = 'O';
    write(path, bad);
    check_refused(path, "'graph.txt' is damaged: its checksum differs");
}

TEST_CASE("no prefix and no flipped byte of a stored function is taken for one")
{
    const TemporaryFolder folder;
    const auto x = ct::vector<float>("x");
    const auto w = ct::shared("w", ct::Array::normal(1, {16}));
    ct::function({x}, sigmoid(ct::sum(w) * x), {.updates = {{w, 2 * w}}}).save(folder / "good");
    const std::string good = read(folder / "good");
    const std::string path = folder / "bad";
    const auto is_refused = [&](const std::string& bytes) {
        write(path, bytes);
        try {
            (void)ct::Function::load(path);
        } catch (const ct::UserError& e) {
            return std::string(e.message()).starts_with("load: " + path + ": ");
        }
        return false;
    };
    for (std::size_t length = 0; length < good.size(); ++length)
        if (!is_refused(good.substr(0, length))) FAIL("the first " << length << " bytes");
    for (std::size_t at = 0; at < good.size(); ++at) {
        constexpr char flips[] = {'\x01', '\x80', '\xff'};
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ flips[at % 3]);
        if (!is_refused(bad)) FAIL("byte " << at << " of " << good.size());
    }
}

// ---- another process: the first two run in processes that the third starts

TEST_CASE("writes a function for another process", "[.writer]")
{
    const char* file = std::getenv("CROTON_TEST_FILE");
    if (!file) return;
    make_step().save(file);
    CHECK(ct::jit_is_open());
}

TEST_CASE("reads a function in another process", "[.reader]")
{
    const char* file = std::getenv("CROTON_TEST_FILE");
    if (!file) return;
    const auto f = ct::Function::load(file);
    (void)f(example());
    CHECK_FALSE(ct::jit_is_open()); // nothing was compiled: the compiler is not even there
}

TEST_CASE("another process loads a function without compiling where the cache has it")
{
    const TemporaryFolder folder;
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    const auto run = [&](const std::string& which) {
        return std::system(("CROTON_CACHE=" + (folder / "cache") +
                            " CROTON_TEST_FILE=" + (folder / "step.croton") + " " + self + " '[." +
                            which + "]' > " + (folder / "log") + " 2>&1")
                               .c_str());
    };
    const int written = run("writer");
    INFO(read(folder / "log"));
    REQUIRE(written == 0);
    const int loaded = run("reader");
    INFO(read(folder / "log"));
    CHECK(loaded == 0);
}
