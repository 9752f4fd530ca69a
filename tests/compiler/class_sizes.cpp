// Handles are one pointer to what they name: what is behind it can change without a new ABI.
#include <croton/croton.hpp>
#include <croton/ir/apply.hpp>
#include <croton/ir/region.hpp>

#include <cstddef>

#include "support/catch.hpp"

namespace ct = croton;

namespace {

template <class T>
constexpr bool is_one_pointer = sizeof(T) == sizeof(void*) && alignof(T) == alignof(void*);

static_assert(is_one_pointer<ct::Variable>);
static_assert(is_one_pointer<ct::Shared>);
static_assert(is_one_pointer<ct::Apply>);
static_assert(is_one_pointer<ct::Type>);
static_assert(is_one_pointer<ct::Region>);
static_assert(is_one_pointer<ct::Params>);
static_assert(is_one_pointer<ct::Array>);
static_assert(is_one_pointer<ct::Function>);
static_assert(is_one_pointer<ct::Scope>);
// A small number, or a pointer to a polynomial.
static_assert(sizeof(ct::Extent) == 2 * sizeof(void*));

} // namespace

TEST_CASE("a copy of a handle names the same thing")
{
    const ct::Variable x = ct::vector<float>("x");
    const ct::Variable also_x = x;
    CHECK(ct::same(x, also_x));
    const auto f = ct::function({x}, x * 2);
    const ct::Function also_f = f;
    CHECK(f.source().data() == also_f.source().data());
}
