// More than 2^31 elements: extents, offsets, counts and positions are 64 bits wide everywhere. The
// arrays are pages that were never written, which take no memory, and views of stride 0.
#include <croton/croton.hpp>

#include <sys/mman.h>

#include <cstdint>

#include "support/catch.hpp"

namespace ct = croton;

namespace {

constexpr std::int64_t many = (std::int64_t{1} << 31) + 5;

/// Zeros: the system keeps one page of them for all that are only read.
class UntouchedPages {
public:
    explicit UntouchedPages(std::int64_t bytes)
        : bytes_(static_cast<std::size_t>(bytes)),
          memory_(::mmap(nullptr,
                         bytes_,
                         PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                         -1,
                         0))
    {
        if (*this) ::madvise(memory_, bytes_, MADV_NOHUGEPAGE); // one byte is to take one page
    }
    ~UntouchedPages()
    {
        if (*this) ::munmap(memory_, bytes_);
    }
    UntouchedPages(const UntouchedPages&) = delete;
    UntouchedPages& operator=(const UntouchedPages&) = delete;
    explicit operator bool() const { return memory_ != MAP_FAILED; }
    std::uint8_t* data() const { return static_cast<std::uint8_t*>(memory_); }

private:
    std::size_t bytes_;
    void* memory_;
};

} // namespace

TEST_CASE("sums, positions, maps and gathers reach elements beyond 2^31")
{
    const UntouchedPages pages(many);
    if (!pages) SKIP("there is no address space for 2 GiB");
    pages.data()[3] = 1;
    pages.data()[many - 2] = 200;
    pages.data()[many - 1] = 100;
    const auto x = ct::vector<std::uint8_t>("x", {ct::dim("n")});
    const auto i = ct::vector<std::int64_t>("i", {ct::dim("k")});
    const auto f = ct::function(
        {x, i},
        {ct::sum(x), ct::argmax(x, 0), ct::sum((x * 2 + 1).as(ct::DType::i64)), ct::take(x, i, 0)},
        {.name = "f"});
    const ct::View<const std::uint8_t> view(pages.data(), {many});
    const std::vector<std::int64_t> at{3, many - 1, -2};
    const auto r = f(view, at);
    CHECK(r[0].as_int(0) == 301);
    CHECK(r[1].as_int(0) == many - 2);
    // The elements are 8 bits wide: of 200 * 2 remains 144.
    CHECK(r[2].as_int(0) == many + 2 + 200 + (400 - 256));
    CHECK(r[3].as_int(0) == 1);
    CHECK(r[3].as_int(1) == 100);
    CHECK(r[3].as_int(2) == 200);
    try {
        (void)f(view, std::vector<std::int64_t>{many});
        FAIL("nothing was refused");
    } catch (const ct::UserError& e) {
        CHECK(std::string(e.message())
                  .find("index 2147483653 is out of range for axis 0 of extent "
                        "2147483653") != std::string::npos);
    }
}

TEST_CASE("rows and columns of more than 2^31 elements together")
{
    constexpr std::int64_t rows = 65537, columns = 32769;
    static_assert(rows * columns > std::int64_t{1} << 31);
    const UntouchedPages pages(rows * columns);
    if (!pages) SKIP("there is no address space for 2 GiB");
    pages.data()[rows * columns - 1] = 7;
    const auto x = ct::matrix<std::uint8_t>("x", {ct::dim("n"), ct::dim("m")});
    const auto f = ct::function({x}, {ct::sum(x, ct::Axis{0}), ct::max(x, ct::Axis{1})});
    const auto r = f(ct::View<const std::uint8_t, 2>(pages.data(), {rows, columns}));
    CHECK(r[0].as_int(columns - 1) == 7);
    CHECK(r[0].as_int(columns - 2) == 0);
    CHECK(r[1].as_int(rows - 1) == 7);
    CHECK(r[1].as_int(0) == 0);
}

TEST_CASE("a view of stride 0 has more than 2^31 elements in one byte")
{
    const auto x = ct::vector<std::uint8_t>("x", {ct::dim("n")});
    const auto f = ct::function({{x, ct::Layout::any}}, {ct::sum(x)}, {.name = "f"});
    const std::uint8_t three = 3;
    ct::View<const std::uint8_t> view(&three, {many});
    view.strides[0] = 0;
    std::uint64_t total = 0;
    const auto call = f.typed<void(ct::View<const std::uint8_t>, std::uint64_t&)>();
    auto workspace = f.workspace({{"n", many}});
    REQUIRE(call(workspace, view, total));
    CHECK(total == 3 * static_cast<std::uint64_t>(many));
}

TEST_CASE("numbers that are counted and not stored pass 2^31 as well")
{
    const auto n = ct::scalar<std::int64_t>("n");
    const auto x = ct::vector<std::uint8_t>("x", {ct::dim("m")});
    const auto k = ct::arange(x.shape()[0]);
    const auto f =
        ct::function({x, n}, {ct::sum((k >= n).as(ct::DType::i64)), ct::max(k)}, {.name = "f"});
    const UntouchedPages pages(many);
    if (!pages) SKIP("there is no address space for 2 GiB");
    const auto r = f(ct::View<const std::uint8_t>(pages.data(), {many}), many - 5);
    CHECK(r[0].as_int(0) == 5);
    CHECK(r[1].as_int(0) == many - 1);
}
