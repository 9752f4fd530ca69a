// Loops of few elements run other copies of a kernel than long ones: the rest behind whole vectors,
// shorter vectors for it. All give the same bits.
#include <croton/croton.hpp>

#include <algorithm>
#include <cstring>

#include "ops/samples.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using namespace croton::test;

TEST_CASE("an element's bits do not depend on how many elements there are")
{
    for (const ct::DType t : {ct::DType::f16, ct::DType::bf16, ct::DType::f32, ct::DType::f64})
        for (const Family& family : pointwise_families())
            for (const ct::Op* op : family.ops) {
                const Sample sample = pointwise_sample({family.name, {&op, 1}}, t);
                if (sample.outputs.empty()) continue;
                const ct::Function f =
                    ct::function(sample.inputs, sample.outputs, {.name = std::string(op->name)});
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
