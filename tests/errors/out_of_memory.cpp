// Calls that find no memory: they name the function and the bytes, lose nothing, and the next one
// works.
#include <croton/croton.hpp>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <malloc.h>
#include <source_location>
#include <string>
#include <vector>

#include "errors/expect.hpp"

namespace ct = croton;

namespace {

std::atomic<std::size_t> most_bytes = std::numeric_limits<std::size_t>::max();

} // namespace

/// Stands in front of the C library's: all elements of arrays and all workspaces come from it.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept
{
    if (bytes <= most_bytes) return ::memalign(alignment, bytes);
    errno = ENOMEM;
    return nullptr;
}

namespace {

class NoMemoryBeyond {
public:
    explicit NoMemoryBeyond(std::size_t bytes) { most_bytes = bytes; }
    ~NoMemoryBeyond() { most_bytes = std::numeric_limits<std::size_t>::max(); }
    NoMemoryBeyond(const NoMemoryBeyond&) = delete;
    NoMemoryBeyond& operator=(const NoMemoryBeyond&) = delete;
};

constexpr std::size_t kib = 1024;

/// `call` stands on the line of the check, which is the error's place.
template <class F>
void check_out_of_memory(const std::string& text,
                         F call,
                         std::source_location here = std::source_location::current())
{
    const NoMemoryBeyond limit(64 * kib);
    try {
        (void)call();
    } catch (const ct::BackendError& e) {
        CHECK(std::string(e.message()) == text);
        CHECK(name(e.code()) == "memory");
        CHECK(std::string(e.op()) == text.substr(0, text.find(':')));
        CHECK(e.where().line() == here.line());
        CHECK(std::string(e.where().file_name()) == here.file_name());
        return;
    }
    FAIL("there was memory; expected: " << text);
}

/// Its running sums along both axes stand in the workspace.
ct::Variable needs_workspace(const ct::Variable& x)
{
    return ct::sum(ct::cumsum(x, 0) * ct::cumsum(x, 1), 1);
}

/// What every element of the variable is, or NaN.
double value_everywhere(const ct::Shared& v)
{
    const ct::Array a = v.value();
    for (std::int64_t i = 0; i < a.size(); ++i)
        if (a.as_double(i) != a.as_double(0)) return std::numeric_limits<double>::quiet_NaN();
    return a.as_double(0);
}

} // namespace

TEST_CASE("no memory for an output: the function's error, and the next call works")
{
    const auto x = ct::vector<double>("x", {ct::dim("n")});
    const ct::Array ones = ct::Array::full<double>({200}, 1);
    for (const bool reference : {false, true}) {
        const auto f = ct::function({x}, {ct::expand_dims(x, 1) * x},
                                    {.name = "pairs", .reference = reference});
        const std::string text = "pairs: out of memory: 320000 bytes";
        check_out_of_memory(text, [&] { return f(ones); });
        check_out_of_memory(text, [&] { return f.call_named({{"x", ones}}); });
        CHECK(ct::identical(f(ones)[0], ct::Array::full<double>({200, 200}, 1)));
    }
    const std::string alone = "array: out of memory: 320000 bytes";
    check_out_of_memory(alone, [&] { return ct::Array::empty(ct::DType::f64, {200, 200}); });
}

TEST_CASE("more memory for an output than the system has: the function's error")
{
    const auto x = ct::vector<std::int8_t>("x", {ct::dim("n")});
    const auto f =
        ct::function({x}, {ct::expand_dims(x.as(ct::DType::f64), 1) * x}, {.name = "pairs"});
    const auto ones = ct::Array::full<std::int8_t>({std::int64_t{1} << 23}, 1);
    try {
        (void)f(ones);
        FAIL("there was memory");
    } catch (const ct::BackendError& e) {
        CHECK(std::string(e.message()) == "pairs: out of memory: 562949953421312 bytes");
        CHECK(e.code() == ct::Code::memory);
    }
}

TEST_CASE("no memory for a copy that is packed: the function's error, and the next call works")
{
    const auto x = ct::matrix<double>("x");
    const auto f = ct::function({x}, {ct::sum(x, 1)}, {.name = "rows"});
    const ct::Array turned = ct::Array::full<double>({200, 100}, 1).transposed();
    check_out_of_memory("rows: out of memory: 160000 bytes", [&] { return f(turned); });
    CHECK(ct::identical(f(turned)[0], ct::Array::full<double>({100}, 200)));
}

TEST_CASE("no memory for the workspace: the function's error, and the next call works")
{
    const auto n = ct::dim("n");
    const auto x = ct::matrix<double>("x", {n, n});
    const auto f = ct::function({x}, {needs_workspace(x)}, {.name = "sums"});
    const ct::Array few = ct::Array::full<double>({4, 4}, 1);
    const ct::Array many = ct::Array::full<double>({200, 200}, 1);
    const auto bytes = f.workspace_bytes({{"n", 200}});
    REQUIRE(bytes > 64 * kib);
    const std::string text = "sums: out of memory: " + std::to_string(bytes) + " bytes";
    f(few); // its workspace is kept, and too small for the next
    check_out_of_memory(text, [&] { return f(many); });
    check_out_of_memory(text, [&] { return f.workspace({{"n", 200}}); });
    using Call = void(ct::View<const double, 2>, ct::View<double>);
    const auto typed = f.typed<Call>();
    std::vector<double> out(200);
    const ct::View<const double, 2> view(static_cast<const double*>(many.data()), {200, 200});
    check_out_of_memory(text, [&] { typed(view, out); });
    CHECK(f(few)[0].as_double(3) == 40);
    CHECK(f(many)[0].as_double(0) == 200 * 201 / 2);
    typed(view, out);
    CHECK(out[1] == 200 * 201);
}

namespace {

/// Steps of two variables, of which only the second needs more memory than there is in the tests.
struct Steps {
    ct::Shared small = ct::shared("small", ct::Array::full<double>({100}, 5));
    ct::Shared large = ct::shared("large", ct::Array::full<double>({200, 200}, 5));
    ct::Function step = ct::function({},
                                     {},
                                     {.name = "step",
                                      .updates = {{small, small + 1}, {large, large + 2}},
                                      .publish = ct::Publish::swap});

    void check_after(int steps) const
    {
        CHECK(value_everywhere(small) == 5 + steps);
        CHECK(value_everywhere(large) == 5 + 2 * steps);
    }
};

} // namespace

TEST_CASE("no memory for next values of shared variables: none changes, and the next call works")
{
    const Steps s;
    check_out_of_memory("step: out of memory: 320000 bytes", [&] { return s.step(); });
    s.check_after(0);
    s.step();
    s.check_after(1);
    // A reader that holds a value, and the value of before: the next one needs memory again.
    const ct::Array held = s.large.value();
    s.step();
    const ct::Array also_held = s.large.value();
    check_out_of_memory("step: out of memory: 320000 bytes", [&] { return s.step(); });
    s.check_after(2);
    s.step();
    s.check_after(3);
    CHECK(held.as_double(0) == 7);
    CHECK(also_held.as_double(0) == 9);
}

TEST_CASE("no memory in a call that does not throw: a Status, no variable changes")
{
    const Steps s;
    const auto typed = s.step.typed<void()>();
    auto workspace = s.step.workspace();
    {
        const NoMemoryBeyond limit(64 * kib);
        const ct::Status status = typed(workspace);
        CHECK(name(status.code) == "memory");
        CHECK(status.text() == "step: out of memory");
    }
    s.check_after(0);
    CHECK(typed(workspace));
    s.check_after(1);
}

TEST_CASE("a call by references that finds no memory changes no shared variable")
{
    const auto large = ct::shared("large", ct::zeros<double>({200, 200}));
    const auto f =
        ct::function({}, {}, {.name = "step", .updates = {{large, large + 2}}, .reference = true});
    check_out_of_memory("step: out of memory: 320000 bytes", [&] { return f(); });
    CHECK(value_everywhere(large) == 0);
    f();
    CHECK(value_everywhere(large) == 2);
}
