#include <croton/ir/apply.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/hash.hpp>
#include <croton/ir/region.hpp>
#include <croton/ir/traverse.hpp>

#include <atomic>
#include <unordered_map>

namespace croton::inline v1 {

namespace detail {
struct RegionData {
    Variables inputs;
    Variables outputs;
    std::size_t hash = 0;
    mutable std::atomic<std::uint32_t> count{1};
};
void retain(const RegionData* r) noexcept { r->count.fetch_add(1, std::memory_order_relaxed); }
void release(const RegionData* r) noexcept
{
    if (r->count.fetch_sub(1, std::memory_order_acq_rel) == 1) delete r;
}
} // namespace detail

Region::Region(std::span<const Variable> inputs, std::span<const Variable> outputs)
{
    auto* data =
        new detail::RegionData{{inputs.begin(), inputs.end()}, {outputs.begin(), outputs.end()}};
    data_ = detail::Ref<const detail::RegionData>::adopt(data);
    for (const Variable& leaf : leaves(outputs)) {
        if (leaf.leaf() == Leaf::constant) continue;
        bool found = false;
        for (const Variable& input : inputs)
            found |= same(input, leaf);
        if (!found)
            throw internal_error("region", "its outputs need '{}', which is not among its inputs",
                                 leaf.name());
    }
    data->hash = structural_hash(inputs, outputs);
}

std::span<const Variable> Region::inputs() const noexcept
{
    return data_ ? std::span<const Variable>(data_->inputs) : std::span<const Variable>();
}
std::span<const Variable> Region::outputs() const noexcept
{
    return data_ ? std::span<const Variable>(data_->outputs) : std::span<const Variable>();
}

std::size_t hash(const Region& region)
{
    return structural_hash(region.inputs(), region.outputs());
}

bool equal(const Region& a, const Region& b)
{
    if (a.identity() == b.identity()) return true;
    return structurally_equal(a.inputs(), a.outputs(), b.inputs(), b.outputs());
}

} // namespace croton::inline v1
