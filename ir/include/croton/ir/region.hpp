#pragma once

#include <croton/ir/ref.hpp>

#include <span>

namespace croton::inline v1 {

class Variable;

namespace detail {
struct RegionData;
void retain(const RegionData*) noexcept;
void release(const RegionData*) noexcept;
[[noreturn]] void wrong_params();
} // namespace detail

/// An inner graph in an op's parameters: the body of a scan, a branch of a cond. Closed: everything
/// that `outputs` need comes from `inputs`, from constants, or is computed inside. Immutable,
/// shared.
class Region {
public:
    Region() noexcept = default;
    /// InternalError if outputs depend on an input leaf that is not among `inputs`.
    Region(std::span<const Variable> inputs, std::span<const Variable> outputs);
    std::span<const Variable> inputs() const noexcept;
    std::span<const Variable> outputs() const noexcept;
    explicit operator bool() const noexcept { return static_cast<bool>(data_); }
    const void* identity() const noexcept { return data_.get(); }

private:
    detail::Ref<const detail::RegionData> data_;
};

} // namespace croton::inline v1
